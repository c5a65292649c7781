package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// numbering is a sequence and the table that its numbers are for.
type numbering struct {
	sequence, table string
	block           int64  // how many numbers each value stands for
	noted           string // what says which number the table had once, empty for none
}

var (
	productNumbers = numbering{"product_ids", "products", idBlock, ""}
	numberings     = []numbering{productNumbers, {"webhook_delivery_ids", "webhook_deliveries", 1, ""},
		{"webhook_feed_ids", "webhook_feed", 1, "SELECT removed FROM webhook_feed_keeping"}}
)

// of returns the numbering where the products are distributed so.
func (n numbering) of(d Distribution) numbering {
	if n.table == "products" {
		n.table = d.withID()
	}
	return n
}

// given returns the greatest number that the sequence has given out, and the greatest that the table has, or had.
func (n numbering) given(ctx context.Context, q sqlx.QueryerContext) (given, used int64, err error) {
	err = q.QueryRowxContext(ctx,
		fmt.Sprintf(
			`SELECT coalesce(pg_sequence_last_value('%s'::regclass) + %d, 0),
			greatest((SELECT max(id) FROM %s), (%s), 0)`,
			n.sequence, n.block-1, n.table, cmp.Or(n.noted, "SELECT 0"))).Scan(&given, &used)
	return given, used, err
}

// hold returns what given does, and keeps the sequence as it is for others until the transaction ends: it waits for
// those that have taken numbers, and others wait for it.
func (n numbering) hold(ctx context.Context, t *transaction) (given, used int64, err error) {
	if _, err := t.ExecContext(ctx, fmt.Sprintf(`ALTER SEQUENCE %s INCREMENT BY %d`, n.sequence,
		n.block)); err != nil {
		return 0, 0, err
	}
	return n.given(ctx, t)
}

// moveTo moves the sequence, which is held, behind a number that is in use.
func (n numbering) moveTo(ctx context.Context, t *transaction, used int64) error {
	if _, err := t.ExecContext(ctx, fmt.Sprintf(`ALTER SEQUENCE %s RESTART WITH %d`, n.sequence, used+1)); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, fmt.Sprintf(`SELECT nextval('%s')`, n.sequence)) // it says where it is
	return err
}

// settleSequences advances sequences that are behind their tables, as after a restore of the data alone, or a copy by
// logical replication: they would give out numbers that are in use. It reports whether there were any.
func (db *DB) settleSequences(ctx context.Context) (moved bool, err error) {
	for _, n := range numberings {
		var given, used int64
		err := db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
			distribution, err := db.readDistribution(ctx, q)
			if err != nil {
				return err
			}
			n = n.of(distribution)
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
			nowGiven, nowUsed, err := n.hold(ctx, t)
			if err != nil {
				return err
			}
			if given, used = nowGiven, nowUsed; used <= given { // others have moved it
				return nil
			}
			return n.moveTo(ctx, t, used)
		})
		if pq.As(err, insufficientPrivilege) != nil {
			return moved,
				&UnfitError{Kind: "sequence",
					Problem: fmt.Sprintf(
						"the sequence %s is behind the table %s, at %d instead of %d, so that numbers would be "+
							"given twice", n.sequence, n.table, given, used),
					Remedy: fmt.Sprintf("as its owner run SELECT setval(%s, %d)",
						pq.QuoteLiteral(db.space.of(n.sequence)), used), cause: err}
		}
		if err != nil {
			return moved, translate(err)
		}
		moved = true
		db.options.Logger.WarnContext(ctx, "moved a sequence on that was behind its table", "sequence", n.sequence,
			"from", given, "to", used)
	}
	return moved, nil
}
