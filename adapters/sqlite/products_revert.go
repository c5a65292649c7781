package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

var _ products.Reverter = (*Products)(nil)

// RevertBatch takes changes back.
func (p *Products) RevertBatch(ctx context.Context, batch *products.RevertBatch) (*products.BatchResult, error) {
	w := &reverter{products: p, batch: batch}
	err := p.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		*w = reverter{products: p, batch: batch, t: t, now: stamp(),
			result: &products.BatchResult{Outcomes: make([]products.Outcome, len(batch.Reverts))},
			parts:  products.NewDifferenceParts(batch.Differences)}
		w.prepare()
		if err := w.run(ctx); err != nil || batch.DryRun {
			return err
		}
		return w.finish(ctx)
	})
	if err != nil {
		return nil, err
	}
	return w.result, nil
}

// reverter takes back one batch. Nobody else writes meanwhile.
type reverter struct {
	products *Products
	batch    *products.RevertBatch
	t        *transaction
	now      time.Time
	result   *products.BatchResult
	parts    *products.DifferenceParts
	done     []reverted
	bytes    int   // of the updated products in done
	gone     []any // the IDs of what is to be deleted of a chunk
	// taken finds out whether a product has an ID.
	found, remove, restore, bringBack, taken *prepared
}

func (w *reverter) prepare() {
	l := w.products.layout
	of := func(text func(n int) string) *prepared { return newPrepared(w.t, text) }
	one := func(text string) *prepared { return of(func(int) string { return text }) }
	w.found = of(func(n int) string {
		return `SELECT sku_key, coalesce(restored_versions, ''), ` + l.columns + ` FROM products WHERE sku_key IN (` +
			parameters(n) + `)`
	})
	w.remove = of(func(n int) string { return `DELETE FROM products WHERE id IN (` + parameters(n) + `)` })
	w.restore, w.bringBack = one(l.restore), one(l.bringBack)
	w.taken = one(`SELECT EXISTS (SELECT 1 FROM products WHERE id = ?)`)
}

// exec executes one of the statements.
func (w *reverter) exec(ctx context.Context, p *prepared, n int, args ...any) error {
	statement, err := p.of(ctx, n) //nolint:sqlclosecheck // it ends with its transaction
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(context.WithoutCancel(ctx), args...)
	return err
}

// reverted is what was written. Of what was updated there is no product once those before it are large.
type reverted struct {
	outcome products.Outcome
	id      int64
	product *products.Product
}

// run takes back what it can, in the order of the keys.
func (w *reverter) run(ctx context.Context) error {
	for chunk := range slices.Chunk(w.batch.Order(), chunkRecords) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.chunk(ctx, chunk); err != nil {
			return err
		}
	}
	if err := w.parts.Flush(ctx); err != nil {
		return callbackError{err}
	}
	return nil
}

// chunk takes back some.
func (w *reverter) chunk(ctx context.Context, places []int) error {
	found, err := w.find(ctx, places)
	if err != nil {
		return err
	}
	for _, at := range places {
		r := &w.batch.Reverts[at]
		is := found[r.Key]
		d := products.Difference{Key: r.Key, Before: is.product}
		var outcome products.Outcome
		var restored products.Restored
		outcome, d.After, restored, d.Kept = r.Outcome(is.product, is.restored)
		if outcome == products.Created {
			taken, err := w.has(ctx, r.ID)
			if err != nil {
				return err
			}
			if taken {
				outcome, d.After, d.Kept = products.Kept, nil, products.KeptExists
			}
		}
		w.result.Outcomes[at] = outcome
		switch outcome {
		case products.Unchanged:
			continue
		case products.Kept:
			d.After = d.Before
		default:
			if outcome == products.Deleted {
				d.Restored = is.restored
			}
			if err := w.write(ctx, outcome, &d, restored); err != nil {
				return err
			}
		}
		if err := w.parts.Add(ctx, d); err != nil {
			return callbackError{err}
		}
	}
	if len(w.gone) == 0 {
		return nil
	}
	err = w.exec(ctx, w.remove, len(w.gone), w.gone...)
	w.gone = w.gone[:0]
	return err
}

// has reports whether a product has the ID.
func (w *reverter) has(ctx context.Context, id int64) (is bool, err error) {
	statement, err := w.taken.of(ctx, 1) //nolint:sqlclosecheck // it ends with its transaction
	if err == nil {
		err = statement.QueryRowContext(context.WithoutCancel(ctx), id).Scan(&is)
	}
	return is, err
}

// there is a product, nil for none, and what is kept beside it.
type there struct {
	product  *products.Product
	restored products.Restored
}

// find returns those of the products that are there, by their keys.
func (w *reverter) find(ctx context.Context, places []int) (map[string]there, error) {
	args := make([]any, len(places))
	for i, at := range places {
		args[i] = w.batch.Reverts[at].Key
	}
	statement, err := w.found.of(ctx, len(args)) //nolint:sqlclosecheck // it ends with its transaction
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(context.WithoutCancel(ctx), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]there, len(places))
	key, restored := "", ""
	reader := w.products.layout.newReader(&key, &restored)
	for rows.Next() {
		p, err := reader.read(rows)
		if err != nil {
			return nil, err
		}
		found[key] = there{&p, products.Restored(restored)}
	}
	return found, rows.Err()
}

// write does what was decided, unless it is a dry run.
func (w *reverter) write(ctx context.Context, outcome products.Outcome, d *products.Difference,
	restored products.Restored) error {
	if w.batch.DryRun {
		return nil
	}
	one := reverted{outcome: outcome, product: d.Before}
	if outcome == products.Deleted {
		w.gone = append(w.gone, d.Before.ID)
	} else {
		d.After.UpdatedAt = w.now
		one.product = d.After
		values, err := w.products.layout.values(d.After, d.Key)
		if err != nil {
			return err
		}
		statement := w.bringBack
		if outcome == products.Updated {
			statement = w.restore
			values = slices.Delete(slices.Delete(values, 3, 4), 1, 2) // the key, and the time of its creation
		}
		if err := w.exec(ctx, statement, 1, append(values, string(restored), d.After.ID)...); err != nil {
			return err
		}
	}
	one.id = one.product.ID
	if w.batch.Changed != nil {
		if outcome == products.Updated {
			if w.bytes += one.product.Bytes(); w.bytes > products.PartBytes {
				one.product = nil
			}
		}
		w.done = append(w.done, one)
	}
	return nil
}

// finish calls the batch's functions.
func (w *reverter) finish(ctx context.Context) error {
	if w.batch.BeforeCommit != nil {
		if err := w.batch.BeforeCommit(ctx, w.result); err != nil {
			return callbackError{err}
		}
	}
	if w.batch.Changed == nil {
		return nil
	}
	parts := products.RevertParts{Changed: func(ctx context.Context, created, updated,
		deleted []products.Product) error {
		if err := w.batch.Changed(ctx, created, updated, deleted); err != nil {
			return callbackError{err}
		}
		return nil
	}}
	for _, one := range w.done {
		if one.product == nil {
			p, err := w.products.get(ctx, w.t, one.id)
			if err != nil {
				return err
			}
			one.product = &p
		}
		if err := parts.Add(ctx, one.outcome, one.product.Owned()); err != nil {
			return err
		}
	}
	return parts.Flush(ctx)
}
