package importer

import (
	"context"
	"fmt"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// differing is what an attempt to write a batch gave to the function that Batch.Differences returned for it.
type differing struct {
	created, updated int64
	last             string // the key that came last
	unsorted         bool
	err              error // the first that Options.Differences returned
}

// hookDifferences gives the batch its Differences.
func (w *writer) hookDifferences(b *batch) {
	tell := w.run.options.Differences
	if b.differing = nil; tell == nil {
		return
	}
	b.given.Differences = func() func(ctx context.Context, part []products.Difference) error {
		d := &differing{}
		b.differing = d
		return func(ctx context.Context, part []products.Difference) error {
			d.count(part)
			err := tell(ctx, b.given.Number, part)
			if d.err == nil {
				d.err = err
			}
			return err
		}
	}
}

// count notes a part.
func (d *differing) count(part []products.Difference) {
	for i := range part {
		if part[i].Before == nil {
			d.created++
		} else {
			d.updated++
		}
		d.unsorted = d.unsorted || d.created+d.updated > 1 && part[i].Key <= d.last
		d.last = part[i].Key
	}
}

// differs says what is wrong with what the store told of the differences of a batch with these counts, "" for nothing.
func (b *batch) differs(counts progress.Counts) string {
	d := b.differing
	switch {
	case b.given.Differences == nil:
		return ""
	case d == nil && counts.Created+counts.Updated == 0:
		return ""
	case d == nil:
		return "and did not ask for its Differences, so that nobody knows what changed"
	case d.unsorted:
		return "and told of its differences in another order than that of their keys"
	case d.created != counts.Created || d.updated != counts.Updated:
		return fmt.Sprintf("and told of %d created and %d updated products by its Differences, not of %d and %d, so that "+
			"changes are missing or wrong", d.created, d.updated, counts.Created, counts.Updated)
	}
	return ""
}
