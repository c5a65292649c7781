package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// errMovedBack can pass: the products were in partitions until a moment ago.
var errMovedBack = fmt.Errorf("%w: the products were brought back into one table", products.ErrUnavailable)

// readByID is read for what reads products by their IDs, where these are. They are found by product_keys where they are
// in partitions, see ofIDs.
func (db *DB) readByID(ctx context.Context, p purpose,
	f func(ctx context.Context, q querier, is Distribution) error) error {
	return db.read(ctx, p, func(ctx context.Context, q querier) error {
		is, err := db.currentDistribution(ctx, q)
		if err != nil {
			return err
		}
		if is == Citus() && p == forReading {
			return db.readNodes(ctx, q, func(q querier) error { return f(ctx, q, is) })
		}
		if err = f(ctx, q, is); is.byKeys() && missing(err) {
			db.forgetDistribution()
			return errMovedBack
		}
		return err
	})
}

// ofIDs is what stands behind FROM for products that are found by product_keys. Rest is what stands behind that name:
// which, and where they are many in which order, and how many.
func (db *DB) ofIDs(rest string) string {
	return db.ofKeys(`(SELECT array_agg(sku_key) FROM (SELECT sku_key FROM product_keys`+rest+`) AS wanted)`) +
		` AS found`
}

// allKeys is product_keys, where the products are in partitions: else a statement with it fails as one with ofIDs does.
func (db *DB) allKeys() string {
	return `product_keys WHERE ` + pq.QuoteLiteral(db.space.of(keysFunction)) + `::regproc IS NOT NULL`
}

// ofKeys are the products that have keys of an array.
func (db *DB) ofKeys(array string) string { return db.space.of(keysFunction) + `(` + array + `)` }

// byKeys reports whether products are found by product_keys.
func (d Distribution) byKeys() bool { return d.kind == byHash }

// withID is the name of a table that has a row for each product, with its ID and key, and an index on the ID.
func (d Distribution) withID() string {
	if d.byKeys() {
		return "product_keys"
	}
	return "products"
}
