package postgres

import (
	"context"
	"errors"
	"iter"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// ErrUsed is returned by Products.Restore where there are products, or have been.
var ErrUsed = errors.New("postgres: the database has products, or had some before: what is restored wants a new one")

// Restore stores products as they are, with their IDs, versions and times, and returns how many there were. Products
// that are created later get greater IDs than these. The products are those of another store, valid by the schema and
// with different keys and IDs, in any order: all is called again from the top when the transaction is tried again, and
// must not call this DB. An error of all is returned.
//
// ErrUsed where the database has ever given an ID to a product: what has that ID would be two products. Restore joins
// the transaction of the context, if it belongs to one; until that has ended nobody else creates a product.
func (p *Products) Restore(ctx context.Context, all iter.Seq2[products.Product, error]) (n int64, err error) {
	err = p.db.joinFor(ctx, forBulk, func(ctx context.Context, t *transaction) error {
		distribution, err := p.db.readDistribution(ctx, t)
		if err != nil {
			return err
		}
		given, used, err := productNumbers.of(distribution).hold(ctx, t)
		switch {
		case err != nil:
			return err
		case given > 0 || used > 0:
			return callbackError{ErrUsed}
		}
		var last int64
		if n, last, err = p.copyAll(ctx, t, all); err != nil || n == 0 {
			return err
		}
		return productNumbers.moveTo(ctx, t, last)
	})
	if err != nil {
		return 0, fail(ctx, err, products.ErrNotFound)
	}
	return n, nil
}

// copyAll inserts the products by COPY, and returns how many they are and the greatest ID.
func (p *Products) copyAll(ctx context.Context, t *transaction,
	all iter.Seq2[products.Product, error]) (n, last int64, err error) {
	into := []string{"id", "version", "created_at", "updated_at", "sku_key", "sku", "attributes"}
	for _, f := range p.layout.fields {
		into = append(into, f.Name)
	}
	//nolint:staticcheck // deprecated is the builder, not COPY; the project wants it by name
	rows, err := t.PrepareContext(ctx, pq.CopyIn("products", into...))
	if err != nil {
		return 0, 0, err
	}
	values := make([]any, 0, len(into))
	for product, err := range all {
		if err != nil {
			return 0, 0, errors.Join(callbackError{err}, rows.Close())
		}
		values = append(values[:0], product.ID, product.Version, product.CreatedAt, product.UpdatedAt,
			p.rule.Key(product.SKU), product.SKU, string(appendJSON(nil, product.Attributes)))
		values = p.layout.appendValues(values, &product)
		if _, err := rows.ExecContext(ctx, values...); err != nil {
			return 0, 0, errors.Join(err, rows.Close())
		}
		n, last = n+1, max(last, product.ID)
	}
	if _, err := rows.ExecContext(ctx); err != nil { // the rest of them
		return 0, 0, errors.Join(err, rows.Close())
	}
	return n, last, rows.Close()
}
