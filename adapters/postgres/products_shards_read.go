package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
)

// readNodes calls f with what reads by an index of each shard, over one connection to each node; see readWith.
func (db *DB) readNodes(ctx context.Context, q querier, f func(q querier) error) error {
	return db.readWith(ctx, q, oneToEachNode, f)
}

// readWith calls f with what reads in a transaction with the setting. One that is open already keeps its settings.
func (db *DB) readWith(ctx context.Context, q querier, setting string, f func(q querier) error) error {
	c, outside := q.(*conn)
	if !outside {
		return f(q)
	}
	tx, err := c.pooled.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after the commit it does nothing
	if _, err := tx.ExecContext(ctx, setting); err != nil {
		return err
	}
	if err := f(statements{tx, db.space}); err != nil {
		return err
	}
	return tx.Commit()
}

// readSearch calls f with what reads uncompiled, where it reads by the index for searches; see readWith.
func (db *DB) readSearch(ctx context.Context, q querier, byIndex bool, f func(q querier) error) error {
	if !byIndex {
		return f(q)
	}
	return db.readWith(ctx, q, uncompiled, f)
}

// longOnShards is from how many rows on a page is read within bounds.
const longOnShards = 100

// isLongOnShards reports whether the page is one of many products by ID, of all that are on shards.
func (r *pageReader) isLongOnShards() bool {
	return r.sharded && r.byID != "" && len(r.s.conditions) == 0 && r.query.Offset+r.query.Limit >= longOnShards
}

// density is how far apart the IDs of products were on the page that was read last, in thousandths.
type density struct{ thousandths atomic.Int64 }

// readBounded reads a page that is ordered by ID, of which each shard would else give as many rows as it has. The ID of
// the last is guessed by that of the page before, or else looked for, for which shards give IDs alone. It returns nil
// where the page is to be read without a bound: since there are no more products than it has, or somebody has deleted
// some of them meanwhile.
func (r *pageReader) readBounded(ctx context.Context, q querier) (*pageRows, error) {
	wanted := r.lead + r.query.Limit + 1
	if apart := r.apart.thousandths.Load(); apart > 0 && r.from != nil && r.query.Offset == 0 {
		to := r.from.ID + int64(wanted)*apart/800
		if r.order.Desc {
			to = r.from.ID - int64(wanted)*apart/800
		}
		rows, err := r.readTo(ctx, q, to)
		if err != nil || len(rows.rows) == wanted {
			return rows, err
		}
	}
	var to int64
	err := sqlx.GetContext(ctx, q, &to, `SELECT id FROM products`+r.where(`id, sku_key`)+` ORDER BY `+r.byID+r.last,
		r.s.args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := r.readTo(ctx, q, to)
	if err != nil || len(rows.rows) < wanted {
		return nil, err
	}
	span := rows.rows[wanted-1].ID - rows.rows[0].ID
	r.apart.thousandths.Store(1_000 * min(max(span, -span), 1<<40) / int64(wanted))
	return rows, nil
}

// readTo reads the page up to an ID.
func (r *pageReader) readTo(ctx context.Context, q querier, to int64) (*pageRows, error) {
	operator := "<="
	if r.order.Desc {
		operator = ">="
	}
	bounded := *r
	bounded.s = &selection{args: slices.Clone(r.s.args)}
	bounded.s.add("id %s %s", operator, bounded.s.arg(to, "bigint"))
	return bounded.readBy(ctx, q, r.byID)
}

// plan is what EXPLAIN says of a statement.
type plan struct {
	Plan struct {
		Rows        float64 `json:"Plan Rows"`
		Distributed struct {
			Job struct {
				Count int `json:"Task Count"`
				Tasks []struct {
					Plans [][]plan `json:"Remote Plan"`
				}
			}
		} `json:"Distributed Query"`
	}
}

// rows is how many rows are planned for. Of the tasks of Citus, which are alike, one is shown.
func (p *plan) rows() (n int64) {
	job := &p.Plan.Distributed.Job
	if len(job.Tasks) == 0 {
		return int64(p.Plan.Rows)
	}
	for _, task := range job.Tasks {
		for _, plans := range task.Plans {
			for i := range plans {
				n += plans[i].rows()
			}
		}
	}
	return n * int64(job.Count) / int64(len(job.Tasks))
}

// plannedRows is how many rows the server expects of a statement, by its EXPLAIN as JSON.
func plannedRows(explained []byte) (n int64, err error) {
	var plans []plan
	if err := json.Unmarshal(explained, &plans); err != nil {
		return 0, fmt.Errorf("the plan of a statement: %w", err)
	}
	for i := range plans { // there is one
		n += plans[i].rows()
	}
	return n, nil
}
