package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks/driver"
)

const (
	// clockEvery is how often the server's clock is looked at, at most.
	clockEvery = 5 * time.Second
	// clockBack is how far it must have been set back since to count.
	clockBack = time.Second
)

// clockWatch notices that the server's clock was set back, by this process's time that passes.
type clockWatch struct {
	mu sync.Mutex
	// Of the last look, zero before the first: the server's clock, and when it was known here.
	local, server time.Time
}

// back is by how much at least the server's clock was set back since the last look, where it was asked for after the
// local time. What asking takes doesn't count, which may be long where one of the two is frozen.
func (c *clockWatch) back(asked, server time.Time) time.Duration {
	return c.server.Add(asked.Sub(c.local)).Sub(server)
}

// watchClock reads the server's clock every few seconds. Where it was set back, or may have been before this process
// began, the times that are stored are corrected, so that nothing waits until the clock has caught up.
func (w *Webhooks) watchClock(ctx context.Context) error {
	c := &w.clock
	if w.db.current(ctx) != nil || !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	asked, first := time.Now(), c.local.IsZero()
	if !first && asked.Sub(c.local) < clockEvery {
		return nil
	}
	var server time.Time
	err := w.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return sqlx.GetContext(ctx, q, &server, `SELECT clock_timestamp()`)
	})
	if err != nil {
		return err
	}
	local := time.Now()
	if back := c.back(asked, server); first || back >= clockBack {
		if !first {
			w.db.options.Logger.WarnContext(ctx, "the database's clock was set back", "by", back)
		}
		if err := w.setBack(ctx); err != nil {
			return err
		}
	}
	c.local, c.server = local, server
	return nil
}

// setBack corrects the times that are stored, for a clock that was set back. Several processes may call it at the same
// time.
func (w *Webhooks) setBack(ctx context.Context) error {
	return w.joinFast(ctx, func(ctx context.Context, t *transaction) error {
		now, err := w.now(ctx, t)
		if err != nil {
			return err
		}
		rows, err := w.endpoints(ctx, t, `WHERE e.paused_until > $1 OR e.spent > $1 ORDER BY e.id FOR UPDATE`, now)
		if err != nil {
			return err
		}
		var changed []*endpointRow
		for i := range rows {
			if driver.RewindEndpoint(&rows[i].Endpoint, now) {
				changed = append(changed, &rows[i])
			}
		}
		if err := saveHealth(ctx, t, changed); err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, `UPDATE webhook_claims SET lease_until = $1 WHERE id = ANY (ARRAY (
			SELECT id FROM webhook_claims WHERE lease_until > $1 ORDER BY id FOR UPDATE))`, now.Add(driver.MaxLease))
		if err != nil {
			return err
		}
		// This is driver.RewindDelivery. What is locked is being written anew.
		_, err = t.ExecContext(ctx, `UPDATE webhook_deliveries_pending SET not_before = $1 WHERE id = ANY (ARRAY (
			SELECT id FROM webhook_deliveries_pending WHERE not_before > $1 AND (attempts = earlier
			OR last_attempt > $1) FOR UPDATE SKIP LOCKED))`, now)
		return err
	})
}
