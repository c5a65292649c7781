package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// conn is a connection for one purpose, with its place.
type conn struct {
	statements
	pooled *sqlx.Conn
	line   *line // nil for one that is cut already, and for one of a foreign pool
	place  place
	closed bool
}

// take returns a connection for the purpose, for the caller to close. All statements but those of migrations go over
// one of them.
func (db *DB) take(ctx context.Context, p purpose) (*conn, error) {
	terms := &db.terms[p]
	place, err := db.places.acquire(ctx, p, terms.wait)
	if err != nil {
		return nil, err
	}
	c := &conn{place: place}
	if c.pooled, err = db.open(ctx, terms.wait); err != nil {
		place.release()
		return nil, err
	}
	c.statements = statements{c.pooled, db.space}
	if c.line = db.connector.line(c.pooled); c.line != nil {
		c.line.bound(terms.silence)
	}
	return c, nil
}

// fullPause is how long to wait between two tries of a server that has no connection left.
const fullPause = 50 * time.Millisecond

// open returns a connection of the pool. Where the server has none left for us, one of our own may come free, or
// somebody else's: so it is tried again for as long as one is waited for.
func (db *DB) open(ctx context.Context, wait time.Duration) (c *sqlx.Conn, err error) {
	limited := ctx
	if db.foreign {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	for began := time.Now(); ; {
		c, err = db.openShared(ctx, limited)
		if pq.As(err, tooManyConnections) == nil || time.Since(began) >= wait {
			return c, err
		}
		if err := sleep(ctx, fullPause); err != nil {
			return nil, err
		}
	}
}

// close gives the connection back, and its place. It may be called twice, by one goroutine.
func (c *conn) close() {
	if c.closed {
		return
	}
	c.closed = true
	if c.line != nil && c.line.isBroken() {
		_ = c.Raw(func(any) error { return driver.ErrBadConn }) // the pool closes it
	}
	_ = c.pooled.Close() // it says so where the pool has closed it already, since it was lost
	c.place.release()
}

// Raw calls f with the driver's connection.
func (c *conn) Raw(f func(raw any) error) error { return c.pooled.Raw(f) }

// cutAfter cuts the connection if release isn't called within the wait after the end of the context: the driver waits
// for the server's answer, which may never come. Who has set a deadline wants to know by then, and waits for
// cancelGrace at most.
func (c *conn) cutAfter(ctx context.Context, wait time.Duration) (release func()) {
	if c.line == nil || ctx.Done() == nil {
		return func() {}
	}
	watch := c.line.beginWatch()
	stop := context.AfterFunc(ctx, func() {
		if late(ctx) {
			wait = min(wait, cancelGrace)
		}
		c.line.cutIn(watch, wait)
	})
	return func() {
		stop()
		c.line.endWatch()
	}
}

// late reports whether the context has ended because the time was over.
func late(ctx context.Context) bool { return errors.Is(context.Cause(ctx), context.DeadlineExceeded) }

// errTooSlow is returned for a read that took too long.
func errTooSlow(limit time.Duration) error {
	return fmt.Errorf("%w: a search, a count or an order that no index has may take %v; ask for less, or later",
		products.ErrBusy, limit)
}

// querier is what statements are given to: a connection or a transaction.
type querier interface {
	sqlx.QueryerContext
	sqlx.ExecerContext
}

// restarts is how often a read is begun again because the products were moved, or the server ended it to resolve a
// deadlock.
const restarts = 3

// read calls f with what reads: the context's transaction if it has one, else a connection for the purpose. f is called
// again from the top where the connection turns out to be lost, the products were moved meanwhile, or the server ended
// it to resolve a deadlock with who alters tables.
func (db *DB) read(ctx context.Context, p purpose, f func(ctx context.Context, q querier) error) error {
	if t := db.current(ctx); t != nil {
		return f(ctx, t)
	}
	most := max(db.options.MaxConns, db.sql.Stats().OpenConnections)
	for stale, restarted := 0, 0; ; {
		c, err := db.take(ctx, p)
		if err != nil {
			return err
		}
		err = db.readOver(ctx, c, p, f)
		switch {
		case ctx.Err() != nil:
			return err
		case lostUnasked(err) && stale < most: // all that the pool holds may be lost, as after a restart of the server
			stale++
		case (vanished(err) || errors.Is(err, errMovedBack) || pq.As(err, deadlock) != nil) && restarted < restarts:
			restarted++
		default:
			return err
		}
	}
}

// readOver calls f once, and closes the connection.
func (db *DB) readOver(ctx context.Context, c *conn, p purpose, f func(ctx context.Context, q querier) error) error {
	defer c.close()
	limited := ctx
	limit := db.terms[p].limit
	if db.foreign && limit == 0 {
		limit = db.terms[p].silence // a server that answers ends the read
	}
	if limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	defer c.cutAfter(limited, cancelGrace)()
	err := db.over(limited, c, p, f)
	switch {
	case err == nil || ended(limited) == nil || ended(ctx) != nil:
		return err
	case db.terms[p].limit > 0:
		return errTooSlow(limit)
	}
	return fmt.Errorf("%w: PostgreSQL did not answer within %v", products.ErrUnavailable, limit)
}

// Ping reports whether the database answers, and where Citus distributes the products each node that has some of them,
// within some 10 seconds whatever happens. A connection is kept for such questions, so that nothing else makes them
// wait. ErrUnavailable where it doesn't.
func (db *DB) Ping(ctx context.Context) error {
	err := db.read(ctx, forUrgent, func(ctx context.Context, q querier) error {
		if db.citus {
			is, err := db.currentDistribution(ctx, q)
			if err != nil {
				return err
			}
			if is == Citus() {
				return db.readNodes(ctx, q, func(q querier) error { return ping(ctx, q, ` FROM products WHERE id = 0`) })
			}
		}
		return ping(ctx, q, "")
	})
	return fail(ctx, err, err)
}

// ping counts rows, so that there is always an answer.
func ping(ctx context.Context, q querier, from string) (err error) {
	var n int64
	return q.QueryRowxContext(ctx, `SELECT count(*)`+from).Scan(&n)
}
