package postgres

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// prepared knows whether nodes of Citus may have prepared parts of transactions that are committed. Citus commits what
// was written on several nodes in two phases: all prepare their parts, the coordinator commits, and all are told to
// commit. A node that is lost in between doesn't hear that. The coordinator tells it later, by default each minute, and
// until then nobody sees that part: an undo would take new products for deleted ones.
type prepared struct {
	doubts atomic.Int64 // how often there was a reason to look

	mu      sync.Mutex
	settled atomic.Int64 // the doubts that were there when a look last found everything committed
}

// How long settle waits for the coordinator where the user may not call recover_prepared_transactions, longer than a
// minute, and how long between two looks.
const (
	recoveryMost  = 2 * time.Minute
	recoveryPause = time.Second
)

// doubt has the next settle look.
func (db *DB) doubt() {
	if db.citus {
		db.prepared.doubts.Add(1)
	}
}

// settle returns once nodes have nothing prepared that was there when it was called, if there was a doubt of that.
// ErrUnavailable where a node can't be asked.
func (db *DB) settle(ctx context.Context) error {
	p := &db.prepared
	if p.settled.Load() == p.doubts.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	doubts := p.doubts.Load()
	if p.settled.Load() == doubts {
		return nil
	}
	outside := context.WithValue(ctx, transactionKey{db}, (*transaction)(nil))
	if err := db.read(outside, forWriting, db.settleNodes); err != nil {
		return err
	}
	p.settled.Store(doubts)
	return nil
}

// settleNodes is one look, and what it takes to settle what it finds.
func (db *DB) settleNodes(ctx context.Context, q querier) error {
	is, err := db.currentDistribution(ctx, q)
	if err != nil || is != Citus() {
		return err
	}
	left, err := preparedOnNodes(ctx, q)
	for began := time.Now(); err == nil && len(left) > 0; {
		_, err = q.ExecContext(ctx, `SELECT recover_prepared_transactions()`)
		forbidden := pq.As(err, insufficientPrivilege) != nil
		if err != nil && !forbidden {
			return err
		}
		var now []string
		if now, err = preparedOnNodes(ctx, q); err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(name string) bool { return !slices.Contains(now, name) })
		switch {
		case len(left) == 0:
		case !forbidden:
			return fmt.Errorf("%w: a node has not committed yet what was committed: %s", products.ErrUnavailable, left[0])
		case time.Since(began) > recoveryMost:
			return fmt.Errorf("%w: a node has not committed yet what was committed: %s; allow it to be told so: GRANT "+
				"EXECUTE ON FUNCTION recover_prepared_transactions() TO this user", products.ErrUnavailable, left[0])
		default:
			err = sleep(ctx, recoveryPause)
		}
	}
	return err
}

// preparedOnNodes returns the names of transactions of this coordinator that nodes have prepared. That of one that is
// being committed is among them for some milliseconds.
func preparedOnNodes(ctx context.Context, q querier) (names []string, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT nodename || ':' || nodeport, success, result
		FROM run_command_on_workers($$SELECT coalesce(string_agg(gid, ' '), '') FROM pg_prepared_xacts
			WHERE database = current_database() AND starts_with(gid, 'citus_0_')$$)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var node, result string
		var success bool
		if err := rows.Scan(&node, &success, &result); err != nil {
			return nil, err
		}
		if !success {
			return nil, fmt.Errorf("%w: the node %s can't be reached: %s", products.ErrUnavailable, node, result)
		}
		for _, name := range strings.Fields(result) {
			names = append(names, name+" on "+node)
		}
	}
	return names, rows.Err()
}

// commit commits, and reports whether the server said something meanwhile, as Citus does where a node was lost.
func (t *transaction) commit() (warned bool, err error) {
	if t.citus {
		restore := t.conn.notices(func(*pq.Error) { warned = true })
		defer restore()
	}
	err = t.tx.Commit()
	return warned, err
}

// notices calls f with what the server says besides its answers, until restore is called. A pool of somebody else's may
// have a driver around ours, of which it isn't heard.
func (c *conn) notices(f func(notice *pq.Error)) (restore func()) {
	var before func(*pq.Error)
	c.ours(func(raw driver.Conn) {
		before = pq.NoticeHandler(raw)
		pq.SetNoticeHandler(raw, func(notice *pq.Error) {
			f(notice)
			if before != nil {
				before(notice)
			}
		})
	})
	return func() { c.ours(func(raw driver.Conn) { pq.SetNoticeHandler(raw, before) }) }
}

// ours calls f with the driver's connection where that is lib/pq's own.
func (c *conn) ours(f func(raw driver.Conn)) {
	_ = c.Raw(func(raw any) error {
		if own, ok := raw.(driver.Conn); ok && fmt.Sprintf("%T", raw) == "*pq.conn" {
			f(own)
		}
		return nil
	})
}
