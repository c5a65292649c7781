package sqlite

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// differKeeps is about how much text of updated products is kept until the products before them are inserted.
const differKeeps = 1 << 20

// differ calls Batch.Differences in the order of the keys: products are inserted some time after the probe has shown
// that they are new. Nil is one that does nothing.
type differ struct {
	w     *batchWriter
	parts *products.DifferenceParts
	at    int     // in w.sorted, of the first record that wasn't told
	ids   []int64 // of what was inserted, by the records' places
	queue []products.Difference
	bytes int
}

func newDiffer(w *batchWriter) *differ {
	parts := products.NewDifferenceParts(w.batch.Differences)
	if parts == nil {
		return nil
	}
	return &differ{w: w, parts: parts, ids: make([]int64, len(w.batch.Records))}
}

// inserted notes the ID of a record.
func (d *differ) inserted(at int32, id int64) {
	if d != nil {
		d.ids[at] = id
	}
}

// updated tells of a product that was updated, sooner or later: they come in the order of their keys.
func (d *differ) updated(at int32, before, after *products.Product) {
	if d != nil {
		d.queue = append(d.queue, products.Difference{Key: d.w.record(at).Key, Before: before, After: after})
		d.bytes += before.Bytes() + after.Bytes()
	}
}

// tell tells of what can be told, once a chunk is done.
func (d *differ) tell(ctx context.Context) error {
	if d == nil {
		return nil
	}
	if err := d.advance(ctx); err != nil || d.bytes < differKeeps || d.w.batch.DryRun {
		return err
	}
	if err := d.w.insert.flush(ctx); err != nil {
		return err
	}
	return d.advance(ctx)
}

// advance tells of the records up to the first whose outcome, or whose product's ID, isn't known yet.
func (d *differ) advance(ctx context.Context) error {
	for ; d.at < len(d.w.sorted); d.at++ {
		at := d.w.sorted[d.at]
		switch d.w.result.Outcomes[at] {
		case 0:
			return nil
		case products.Created:
			if d.ids[at] == 0 && !d.w.batch.DryRun {
				return nil
			}
			if err := d.parts.Add(ctx, d.created(at)); err != nil {
				return callbackError{err}
			}
		case products.Updated:
			one := d.queue[0]
			d.queue[0] = products.Difference{}
			d.queue, d.bytes = d.queue[1:], d.bytes-one.Before.Bytes()-one.After.Bytes()
			if err := d.parts.Add(ctx, one); err != nil {
				return callbackError{err}
			}
		}
	}
	return nil
}

func (d *differ) created(at int32) products.Difference {
	r := d.w.record(at)
	p := d.w.columns.Create(r)
	p.ID, p.Version = d.ids[at], 1
	if !d.w.batch.DryRun {
		p.CreatedAt, p.UpdatedAt = d.w.now, d.w.now
	}
	return products.Difference{Key: r.Key, After: &p}
}

// flush tells of the rest.
func (d *differ) flush(ctx context.Context) error {
	if d == nil {
		return nil
	}
	if err := d.advance(ctx); err != nil {
		return err
	}
	if err := d.parts.Flush(ctx); err != nil {
		return callbackError{err}
	}
	return nil
}
