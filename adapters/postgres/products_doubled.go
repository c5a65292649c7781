package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// DoubledIDError says that several products have one ID, as they had in a database that was put together of others, or
// was written by hand. None of them can be reached by it until the others have got new ones:
//
//	UPDATE products SET id = (SELECT nextval('product_ids')) WHERE sku_key = ..
type DoubledIDError struct {
	ID int64
	// SKUs are those of two of the products.
	SKUs [2]string

	space space
}

func (e *DoubledIDError) Error() string {
	return fmt.Sprintf("postgres: the products %q and %q have the same ID, %d: give one a new one with %s", e.SKUs[0],
		e.SKUs[1], e.ID, e.space.qualify(giveID))
}

// giveID is what gives a product a new ID. Citus takes nextval in an UPDATE no other way.
const giveID = `UPDATE products SET id = (SELECT nextval('product_ids')) WHERE sku_key = ..`

// doubledShown is how many doubled IDs are logged.
const doubledShown = 20

// findDoubled logs IDs that several products have. It reads the whole index.
func (db *DB) findDoubled(ctx context.Context) error {
	var found []struct {
		ID   int64  `db:"id"`
		SKUs string `db:"skus"`
		All  int64  `db:"all"`
	}
	err := db.read(ctx, forBulk, func(ctx context.Context, q querier) error {
		found = nil
		distribution, err := db.readDistribution(ctx, q)
		if err != nil {
			return err
		}
		return sqlx.SelectContext(ctx, q, &found, `SELECT id, string_agg(sku, ', ' ORDER BY sku) AS skus, d.all
			FROM (SELECT id, count(*) OVER () AS all FROM `+distribution.withID()+` GROUP BY id HAVING count(*) > 1
				ORDER BY id LIMIT $1) d JOIN products USING (id)
			GROUP BY id, d.all ORDER BY id`, doubledShown)
	})
	if err != nil {
		return translate(err)
	}
	for _, d := range found {
		db.options.Logger.ErrorContext(ctx,
			"several products have one ID: give them new ones with "+db.space.qualify(giveID),
			"id", d.ID, "skus", d.SKUs, "ids", d.All)
	}
	return nil
}
