package job

import (
	"context"
	"sync"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// dropAtOnce is how many chunks are deleted in one transaction.
const dropAtOnce = 500

// keepChanges makes an import keep what it changes, if its job wants that.
func (a *attempt) keepChanges(ctx context.Context, o *importer.Options) error {
	settings := &a.claim.Job.Settings
	if settings.Changes != ChangesAll {
		return nil
	}
	if o.DryRun {
		if err := a.dropChanges(ctx); err != nil {
			return err
		}
	}
	schema := settings.schema()
	// Writers call it side by side, each for a batch.
	encoders := sync.Pool{New: func() any { return newChangeEncoder(schema, 0) }}
	o.Differences = func(ctx context.Context, batch int64, part []products.Difference) error {
		e := encoders.Get().(*changeEncoder)
		defer encoders.Put(e)
		e.reset(batch)
		for i := range part {
			e.add(&part[i])
		}
		return a.runner.store.KeepChanges(ctx, a.claim, e.chunks())
	}
	return nil
}

// dropChanges removes what earlier attempts of a dry run have kept.
func (a *attempt) dropChanges(ctx context.Context) error {
	for {
		n, err := a.runner.store.DropChanges(ctx, a.claim, dropAtOnce)
		if err != nil || n < dropAtOnce {
			return err
		}
	}
}
