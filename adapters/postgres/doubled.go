package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// DoubledIDError says that several products have one ID, as they had in a database that was put together of others, or was
// written by hand. None of them can be reached by it until the others have got new ones:
//
//	UPDATE products SET id = nextval('product_ids') WHERE sku_key = ..
type DoubledIDError struct {
	ID int64
	// SKUs are those of two of the products.
	SKUs [2]string
}

func (e *DoubledIDError) Error() string {
	return fmt.Sprintf("postgres: the products %q and %q have the same ID, %d: give one a new one with "+
		"UPDATE products SET id = nextval('product_ids') WHERE sku_key = ..", e.SKUs[0], e.SKUs[1], e.ID)
}

// doubledShown is how many doubled IDs are told of one by one.
const doubledShown = 20

// findDoubled tells the log of the IDs that several products have. It reads the whole index.
func (db *DB) findDoubled(ctx context.Context) error {
	var found []struct {
		ID   int64  `db:"id"`
		SKUs string `db:"skus"`
		All  int64  `db:"all"`
	}
	err := db.read(ctx, forBulk, func(ctx context.Context, q querier) error {
		found = nil
		return sqlx.SelectContext(ctx, q, &found, `SELECT id, string_agg(sku, ', ' ORDER BY sku) AS skus, d.all
			FROM (SELECT id, count(*) OVER () AS all FROM products GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT $1) d JOIN products USING (id)
			GROUP BY id, d.all ORDER BY id`, doubledShown)
	})
	if err != nil {
		return translate(err)
	}
	for _, d := range found {
		db.options.Logger.ErrorContext(ctx, "several products have one ID: give them new ones with UPDATE products SET id = nextval('product_ids') WHERE sku_key = ..",
			"id", d.ID, "skus", d.SKUs, "ids", d.All)
	}
	return nil
}

// numbering is a sequence and the table that its numbers are for.
type numbering struct {
	sequence, table string
	block           int64 // how many numbers each value stands for
}

var numberings = []numbering{{"product_ids", "products", idBlock}, {"webhook_delivery_ids", "webhook_deliveries", 1}}

// given returns the greatest number that the sequence has given out, and the greatest that the table has.
func (n numbering) given(ctx context.Context, q sqlx.QueryerContext) (given, used int64, err error) {
	err = q.QueryRowxContext(ctx, fmt.Sprintf(`SELECT coalesce(pg_sequence_last_value('%s'::regclass) + %d, 0), coalesce((SELECT max(id) FROM %s), 0)`,
		n.sequence, n.block-1, n.table)).Scan(&given, &used)
	return given, used, err
}

// settleSequences moves sequences on that are behind their tables, as after the restore of the data alone, or a copy by
// logical replication: they would give out numbers that are in use. It tells whether there were any.
func (db *DB) settleSequences(ctx context.Context) (moved bool, err error) {
	for _, n := range numberings {
		var given, used int64
		err := db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
			given, used, err = n.given(ctx, q)
			return err
		})
		if err != nil {
			return moved, translate(err)
		}
		if used <= given {
			continue
		}
		err = db.transact(ctx, func(ctx context.Context, t *transaction) error {
			// Whoever has taken numbers is waited for, and who wants some waits: it is neither moved twice, nor back.
			_, err := t.ExecContext(ctx, fmt.Sprintf(`ALTER SEQUENCE %s INCREMENT BY %d`, n.sequence, n.block))
			if err != nil {
				return err
			}
			if given, used, err = n.given(ctx, t); err != nil || used <= given {
				return err
			}
			if _, err := t.ExecContext(ctx, fmt.Sprintf(`ALTER SEQUENCE %s RESTART WITH %d`, n.sequence, used+1)); err != nil {
				return err
			}
			_, err = t.ExecContext(ctx, `SELECT nextval($1::text::regclass)`, n.sequence) // it says where it is
			return err
		})
		if pq.As(err, insufficientPrivilege) != nil {
			return moved, &UnfitError{Kind: "sequence", Problem: fmt.Sprintf("the sequence %s is behind the table %s, at %d instead of %d, so that numbers would be given twice", n.sequence, n.table, given, used),
				Remedy: fmt.Sprintf("as its owner run SELECT setval('%s', %d)", n.sequence, used), cause: err}
		}
		if err != nil {
			return moved, translate(err)
		}
		moved = true
		db.options.Logger.WarnContext(ctx, "moved a sequence on that was behind its table", "sequence", n.sequence, "from", given, "to", used)
	}
	return moved, nil
}
