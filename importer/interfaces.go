package importer

import (
	"context"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// Store is what an import writes to; every [products.Store] is one. It writes a batch and reports what became of each
// record. Run calls WriteBatch from Options.Writers goroutines at a time. The suite storetest.RunBatchWriter checks a
// store of one's own.
type Store interface {
	// KeyRule says which SKUs are the same.
	KeyRule() products.KeyRule
	// Schema says which fields products have.
	Schema() *products.Schema
	// WriteBatch writes all of the batch or nothing; see [products.BatchWriter]. Run fails with [ErrStoreContract] if
	// the store does not call the batch's functions as [products.Batch] asks for.
	WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error)
}

// BatchSizer is a [Store] that says which batches suit it, where [Options] leave that to it. Run asks once. A resumed
// import has the batches that it had if the answer is what it was: it must not depend on anything that changes.
type BatchSizer interface {
	Store
	BatchSize() BatchSize
}

// BatchSize are defaults for the [Options] of the same names; 0 leaves the usual one.
type BatchSize struct {
	Writers, BatchRecords, BatchBytes int
}

// ProgressReporter receives how far an import is; every [progress.Reporter] is one. Run calls it from one goroutine at
// a time and waits for it, several times a second at most; the last event is a terminal one, whatever happens.
type ProgressReporter interface {
	Report(ctx context.Context, event progress.Event)
}

// WebhookNotifier receives what a batch changed, inside the batch's transaction: what it records through the context is
// committed if and only if the batch is; it is the last thing that is written. It is called once or more for a batch,
// each time with another part of what it changed: [products.PartBytes] bounds one. It is not called for a batch that
// changed nothing, or in a dry run. An error rolls the batch back and ends the import. Run calls it from
// Options.Writers goroutines at a time, and again for the same batch where the store tries again.
type WebhookNotifier interface {
	NotifyBatch(ctx context.Context, changes Changes) error
}

// WebhookListener is a [WebhookNotifier] that does not always need to be called. Run calls Wants before every batch,
// outside of the batch's transaction and from Options.Writers goroutines at a time; where it returns false, NotifyBatch
// isn't called, and the store need not find out what the batch changed. An error ends the import.
type WebhookListener interface {
	WebhookNotifier
	Wants(ctx context.Context) (bool, error)
}

// Listening returns the notifier if it has to be told what the next batch changes, or nil: where it is nil itself, and
// where it is a [WebhookListener] that wants to know nothing now. An error is the listener's. Who writes batches
// without [Run] asks before each of them, outside of the batch's transaction.
func Listening(ctx context.Context, notifier WebhookNotifier) (WebhookNotifier, error) {
	if l, listens := notifier.(WebhookListener); listens {
		if wants, err := l.Wants(ctx); err != nil || !wants {
			return nil, err
		}
	}
	return notifier, nil
}

// Changes is what one batch changed, or a part of it.
type Changes struct {
	// Batch is the batch's number in its import, from 1.
	Batch int64
	// Created and Updated are the products as they are stored now.
	Created, Updated []products.Product
	// Deleted are products as they were, where files lack them or an import is undone.
	Deleted []products.Product
}
