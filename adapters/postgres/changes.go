package postgres

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// noteUpdated notes what was updated for Batch.Changed: the products, or only where they are.
func (w *batchWrite) noteUpdated(changes []changed, keep bool) {
	for i := range changes {
		if keep {
			w.updated = append(w.updated, changes[i].product)
			w.updatedBytes += changes[i].product.Bytes()
			continue
		}
		f := changes[i].found
		f.size += int32(w.columns.Bytes(w.record(f)))
		w.reread = append(w.reread, f)
	}
}

// tell tells Batch.Changed of what was written. Nothing of it changes any more: every row is locked.
func (w *batchWrite) tell(ctx context.Context, t *transaction) error {
	parts := products.Parts{Tell: func(ctx context.Context, created, updated []products.Product) error {
		if err := w.batch.Changed(ctx, created, updated); err != nil {
			return callbackError{err}
		}
		return nil
	}}
	for at, outcome := range w.result.Outcomes {
		if outcome != products.Created {
			continue
		}
		if err := parts.Created(ctx, w.created(at)); err != nil {
			return err
		}
	}
	for i := range w.updated {
		if err := parts.Updated(ctx, w.updated[i]); err != nil {
			return err
		}
	}
	w.updated = nil
	for rest := w.reread; len(rest) > 0; {
		chunk := w.chunk(rest)
		rest = rest[len(chunk):]
		all, err := w.again(ctx, t, chunk)
		if err != nil {
			return err
		}
		for i := range all {
			if err := parts.Updated(ctx, all[i]); err != nil {
				return err
			}
		}
	}
	return parts.Flush(ctx)
}

// again reads products that this batch updated.
func (w *batchWrite) again(ctx context.Context, t *transaction, chunk []found) ([]products.Product, error) {
	keys := w.scratch.key()
	keys.reset()
	for _, f := range chunk {
		keys.add(w.record(f).Key)
	}
	rows := make([]row, 0, len(chunk))
	if err := t.SelectContext(ctx, &rows, `SELECT `+columns+` FROM products WHERE sku_key = ANY ($1::text[])`, keys.bytes()); err != nil {
		return nil, err
	}
	all := make([]products.Product, len(rows))
	for i := range rows {
		all[i] = rows[i].product()
	}
	return all, nil
}
