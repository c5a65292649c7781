package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job/driver"
)

// What a transaction has locked stays locked until it ends, even where its client is frozen or gone. So PostgreSQL ends
// one that has waited for its client for too long: for the lease of the job that it is part of, since the next worker
// comes then, but for no less than minIdle, which a busy machine may take between two statements, and for no longer
// than maxIdle.
const (
	maxIdle = 30 * time.Second
	minIdle = time.Second
)

// idleLimit is how long a transaction with the context may wait for its client, in milliseconds.
func (db *DB) idleLimit(ctx context.Context) string {
	limit := db.maxIdle
	if lease := driver.Lease(ctx); lease > 0 {
		limit = min(limit, max(lease, minIdle))
	}
	return strconv.FormatInt(limit.Milliseconds(), 10)
}

// limitIdle sets that limit for the transaction.
func (db *DB) limitIdle(ctx context.Context, t *transaction) error {
	_, err := t.ExecContext(ctx, db.limitingIdle(ctx))
	return err
}

// limitingIdle is the statement of limitIdle. It can be sent with others that have no parameters.
func (db *DB) limitingIdle(ctx context.Context) string {
	return `SET LOCAL idle_in_transaction_session_timeout = ` + db.idleLimit(ctx)
}

// joinLimited calls f in the context's transaction, or in a new one, after limitIdle.
func (db *DB) joinLimited(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	return db.join(ctx, func(ctx context.Context, t *transaction) error {
		if err := db.limitIdle(ctx, t); err != nil {
			return err
		}
		return f(ctx, t)
	})
}

// indexJoins makes the planner look keys up in the index, one after the other. It knows nothing about the arrays but
// their length, and would read the whole table for a hash join. Keys come in order, so neighbours share pages. What
// there is no index for seems very expensive then, also to statements behind the probe: nothing is to be compiled for
// that.
const indexJoins = `SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
	` + uncompiled

// keyJoins are indexJoins for products, which may be in partitions. The planner doesn't know that a key is looked up in
// one of them alone, and counts all: of 60,000 products in 64 partitions it would rather compare each with each record
// of the batch, which takes minutes, and locks rows in no order.
const keyJoins = indexJoins + `; SET LOCAL random_page_cost = 0; SET LOCAL cpu_operator_cost = 0`

// lookedUp is the condition that a column of a table is what another one has, for a join that looks each of the others
// up in an index of the column. An equality could be for both: where the statistics say that next to nothing is in the
// table, as after an ANALYZE in the middle of its first import, or once most was deleted, the planner would as soon
// read all of the index for each of the others. Of this form it only does so where the index has all that is asked for,
// see lookingUp.
func lookedUp(column, other string) string { return column + " = ANY (ARRAY[" + other + "])" }

// lookingUp goes before keyJoins. It has indexes alone answer nothing where the statistics say that a table with pages
// has few rows. See lookedUp.
func lookingUp(table tableName) string {
	name := pq.QuoteLiteral(table.String())
	return `SELECT set_config('enable_indexonlyscan', 'off', true)
		WHERE EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND relpages > 0 AND reltuples BETWEEN 0 AND 100
			AND oid IN (SELECT to_regclass(` + name + `)
				UNION ALL SELECT relid FROM pg_partition_tree(to_regclass(` + name + `))))`
}

// joinByIndex sets keyJoins, or shardJoins, for statements of the transaction that join records with the table.
func (t *transaction) joinByIndex(ctx context.Context, table tableName) error {
	t.byIndex = true
	settings := lookingUp(table) + `; ` + keyJoins
	if t.sharded {
		settings = propagate + `local; ` + shardJoins
	}
	_, err := t.raw.ExecContext(ctx, settings)
	return err
}

// shardJoins are keyJoins for statements that name the keys of one shard, which the node that has it plans: it looks
// all of them up in the index at once, in their order, and joins what it finds by a hash.
const shardJoins = `SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; ` + uncompiled

// uncompiled keeps the server from compiling a statement: of a search over millions of products it expects that they
// match, and takes half a second for what then looks at a few hundred.
const uncompiled = `SET LOCAL jit = off`

// propagate is SET LOCAL of whether Citus sends further ones to the other nodes.
const propagate = `SET LOCAL citus.propagate_set_commands = `

// oneToEachNode has Citus use one connection to each node in the transaction. It would else open more: for a COPY one
// for each shard, with a transaction to be prepared and committed on each, and for what reads for longer than 10 ms. Of
// these it keeps only the first for the next transaction; beside a page of products opening them takes several times as
// long as all the rest.
const oneToEachNode = `SET LOCAL citus.max_adaptive_executor_pool_size = 1`

// planFreely ends joinByIndex, for statements that others have written.
func (t *transaction) planFreely(ctx context.Context) error {
	if !t.byIndex {
		return nil
	}
	t.byIndex = false
	settings := strings.NewReplacer("= off", "= DEFAULT", "= 0", "= DEFAULT").Replace(keyJoins +
		`; SET LOCAL enable_indexonlyscan = off`)
	if t.sharded {
		settings += `; ` + propagate + `DEFAULT`
	}
	_, err := t.ExecContext(ctx, settings)
	return err
}
