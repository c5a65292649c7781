package sqlite

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
)

// counter remembers how many products there are in all, for as long as nobody has changed the file. Counting looks at a
// page of the index for every hundred products.
type counter struct {
	mu      sync.Mutex
	conn    *sqlx.Conn // nil until somebody counts
	version int64      // of the file, as this connection sees it
	known   bool
	n       int64
}

// count returns how many products are selected.
func (p *Products) count(ctx context.Context, s *selection) (n int64, err error) {
	t, err := p.db.current(ctx)
	if err == nil && t == nil && len(s.conditions) == 0 {
		n, err = p.counts.count(ctx, p.db.readers)
		return n, p.db.fail(ctx, err, nil)
	}
	err = p.db.read(ctx, func(ctx context.Context, q querier) error {
		return sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM products`+s.where(), s.args...)
	})
	return n, err
}

func (c *counter) count(ctx context.Context, readers *sqlx.DB) (n int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		if err != nil {
			c.drop()
		}
	}()
	if c.conn == nil {
		if c.conn, err = readers.Connx(ctx); err != nil {
			return 0, err
		}
	}
	var version int64
	if err := c.conn.GetContext(ctx, &version, `PRAGMA data_version`); err != nil {
		return 0, err
	}
	if !c.known || version != c.version {
		if err := c.conn.GetContext(ctx, &c.n, `SELECT count(*) FROM products`); err != nil {
			return 0, err
		}
		// What was committed between the two is counted, and counted again the next time.
		c.known, c.version = true, version
	}
	return c.n, nil
}

// drop gives the connection back, on which alone the version means something.
func (c *counter) drop() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	c.conn, c.known = nil, false
}

// close ends it.
func (c *counter) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}
