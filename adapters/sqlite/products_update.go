package sqlite

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// updater updates products that records change.
type updater struct {
	w        *batchWriter
	t        *transaction
	prepared *prepared
	fields   []*products.Field
	args     []any
	// What was written, for Batch.Changed: products as long as they take little memory together, else their IDs.
	done  []products.Product
	bytes int
	more  []int64
}

func newUpdater(w *batchWriter, t *transaction) *updater {
	u := &updater{w: w, t: t, fields: w.columns.Fields}
	u.prepared = newPrepared(t, func(int) string {
		statement := `UPDATE products SET version = ?, updated_at = ?, sku = ?`
		if len(w.columns.Attributes) > 0 {
			statement += `, attributes = ?`
		}
		for _, f := range u.fields {
			statement += `, ` + columnOf(f) + ` = ?`
		}
		return statement + ` WHERE id = ?`
	})
	return u
}

// run writes what the batch may have changed of a product.
func (u *updater) run(ctx context.Context, after *products.Product) error {
	u.args = append(u.args[:0], after.Version, after.UpdatedAt.UnixMicro(), after.SKU)
	if len(u.w.columns.Attributes) > 0 {
		attributes, err := attributesText(after.Attributes)
		if err != nil {
			return err
		}
		u.args = append(u.args, attributes)
	}
	for _, f := range u.fields {
		value, err := stored(f, after.Text(f))
		if err != nil {
			return err
		}
		u.args = append(u.args, value)
	}
	statement, err := u.prepared.of(ctx, 1) //nolint:sqlclosecheck // it ends with its transaction
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(context.WithoutCancel(ctx), append(u.args, after.ID)...)
	return err
}

// note notes what was updated.
func (u *updater) note(after products.Product) {
	switch {
	case u.w.batch.Changed == nil:
	case u.bytes < products.PartBytes:
		u.bytes += after.Bytes()
		u.done = append(u.done, after)
	default:
		u.more = append(u.more, after.ID)
	}
}
