package postgres

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// differ calls Batch.Differences in the order of the keys: new products are inserted before others are updated. Nil is
// one that does nothing.
type differ struct {
	w     *batchWriter
	parts *products.DifferenceParts
	rank  int // of the first record that wasn't looked at
	// before and after are what is told of a product, which the parts copy.
	before, after products.Product
}

// newDiffer begins an attempt.
func newDiffer(w *batchWriter) *differ {
	parts := products.NewDifferenceParts(w.batch.Differences)
	if parts == nil {
		return nil
	}
	return &differ{w: w, parts: parts}
}

// updated tells of rows that were changed, which ascend, and of what was created before them.
func (d *differ) updated(ctx context.Context, changes []rowChange) error {
	if d == nil {
		return nil
	}
	for i := range changes {
		c := &changes[i]
		if err := d.createdBefore(ctx, int(c.match.rank)); err != nil {
			return err
		}
		one := products.Difference{Key: d.w.record(c.match).Key, Before: &c.before, After: &c.product}
		if err := d.parts.Add(ctx, one); err != nil {
			return callbackError{err}
		}
	}
	return nil
}

// createdBefore tells of what was created of the records up to a rank.
func (d *differ) createdBefore(ctx context.Context, rank int) error {
	for ; d.rank < rank; d.rank++ {
		at := d.w.sorted[d.rank]
		if d.w.result.Outcomes[at] != products.Created {
			continue
		}
		r := &d.w.batch.Records[at]
		d.after = d.w.columns.Create(r)
		p := &d.after
		if d.w.layout.own == nil {
			p.Version = 1
		}
		if !d.w.batch.DryRun && d.w.layout.own == nil {
			p.ID, p.CreatedAt, p.UpdatedAt = d.w.ids[at], d.w.now, d.w.now
		}
		if err := d.parts.Add(ctx, products.Difference{Key: r.Key, After: p}); err != nil {
			return callbackError{err}
		}
	}
	return nil
}

// flush tells of the rest.
func (d *differ) flush(ctx context.Context) error {
	if d == nil {
		return nil
	}
	if err := d.createdBefore(ctx, len(d.w.sorted)); err != nil {
		return err
	}
	if err := d.parts.Flush(ctx); err != nil {
		return callbackError{err}
	}
	return nil
}

// wouldUpdate reads what a dry run would change, finds the outcomes and tells of them.
func (w *batchWriter) wouldUpdate(ctx context.Context, t *transaction, different []match) error {
	for len(different) > 0 {
		chunk := w.chunk(different)
		different = different[len(chunk):]
		for _, f := range chunk { // until it turns out that it is still there
			w.result.Outcomes[w.sorted[f.rank]] = w.freshOutcome()
		}
		changes, _, err := w.read(ctx, t, chunk, readOptions{whole: w.anyMayOutgrow(chunk), takeAsIs: true,
			mayBeGone: true})
		if err != nil {
			return err
		}
		if err := w.differ.updated(ctx, changes); err != nil {
			return err
		}
	}
	return w.differ.flush(ctx)
}
