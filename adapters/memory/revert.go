package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/products-importer/products-importer/products"
)

var _ products.Reverter = (*Products)(nil)

// RevertBatch takes changes back.
func (p *Products) RevertBatch(ctx context.Context, batch *products.RevertBatch) (*products.BatchResult, error) {
	w := &reverter{products: p, batch: batch,
		result: &products.BatchResult{Outcomes: make([]products.Outcome, len(batch.Reverts))}}
	err := p.db.do(ctx, func(ctx context.Context, t *tx) error {
		w.changes.Changed = batch.Changed
		if err := w.run(ctx, t); err != nil || batch.DryRun {
			return err
		}
		if batch.BeforeCommit != nil {
			if err := batch.BeforeCommit(ctx, w.result); err != nil {
				return err
			}
		}
		for _, one := range w.done {
			if err := w.changes.Add(ctx, one.outcome, one.product.Owned()); err != nil {
				return err
			}
		}
		return w.changes.Flush(ctx)
	})
	if err != nil {
		return nil, err
	}
	return w.result, nil
}

// reverter takes back one batch.
type reverter struct {
	products *Products
	batch    *products.RevertBatch
	result   *products.BatchResult
	changes  products.RevertParts
	done     []reverted
	back     []*row // what is brought back
}

// reverted is what was written.
type reverted struct {
	outcome products.Outcome
	product products.Product
}

// run takes back what it can, in the order of the keys.
func (w *reverter) run(ctx context.Context, t *tx) error {
	parts := products.NewDifferenceParts(w.batch.Differences)
	reverts := w.batch.Reverts
	for _, i := range w.batch.Order() {
		r := &reverts[i]
		d := products.Difference{Key: r.Key}
		found := w.products.byKey.get(hashKey(r.Key), r.Key)
		if found != nil {
			before := found.Product
			d.Before = &before
		}
		var outcome products.Outcome
		var restored products.Restored
		if found != nil {
			restored = found.restored
		}
		before := restored
		outcome, d.After, restored, d.Kept = r.Outcome(d.Before, restored)
		if outcome == products.Created && w.taken(r.ID) {
			outcome, d.After, d.Kept = products.Kept, nil, products.KeptExists
		}
		w.result.Outcomes[i] = outcome
		switch outcome {
		case products.Unchanged:
			continue
		case products.Kept:
			d.After = d.Before
		default:
			if outcome == products.Deleted {
				d.Restored = before
			}
			if !w.batch.DryRun {
				w.write(t, outcome, r, found, &d, restored)
			}
		}
		if err := parts.Add(ctx, d); err != nil {
			return err
		}
	}
	w.products.bringBack(t, w.back)
	return parts.Flush(ctx)
}

// taken reports whether a product has the ID.
func (w *reverter) taken(id int64) bool {
	_, err := w.products.find(id)
	return err == nil
}

// write does what was decided.
func (w *reverter) write(t *tx, outcome products.Outcome, r *products.Revert, found *row, d *products.Difference,
	restored products.Restored) {
	p := w.products
	if outcome == products.Deleted {
		p.removeRow(t, found)
		w.done = append(w.done, reverted{outcome, *d.Before})
		return
	}
	d.After.UpdatedAt = now()
	next := row{Product: *d.After, restored: restored}
	next.setKey(r.Key)
	next.dropEmpty()
	if outcome == products.Updated {
		was := *found
		p.setRow(found, next)
		t.onRollback(func() { p.setRow(found, was) })
	} else {
		w.back = append(w.back, &next)
	}
	w.done = append(w.done, reverted{outcome, *d.After})
}

// bringBack takes in rows whose IDs were given before, in any order.
func (p *Products) bringBack(t *tx, back []*row) {
	if len(back) == 0 {
		return
	}
	rows := p.rows
	was, last, dead := p.rows, p.lastID, p.dead
	t.onRollback(func() {
		for _, r := range back {
			p.byKey.remove(r)
		}
		p.rows, p.lastID, p.dead = was, last, dead
	})
	slices.SortFunc(back, func(a, b *row) int { return cmp.Compare(a.ID, b.ID) })
	merged := make([]*row, 0, len(rows)+len(back))
	for _, r := range back {
		for len(rows) > 0 && rows[0].ID < r.ID {
			merged, rows = append(merged, rows[0]), rows[1:]
		}
		if len(rows) > 0 && rows[0].ID == r.ID { // what is left of it
			rows = rows[1:]
			p.dead--
		}
		merged = append(merged, r)
		p.lastID = max(p.lastID, r.ID)
		p.byKey.put(r)
	}
	p.rows = append(merged, rows...)
}
