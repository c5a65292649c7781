package sqlite

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks/driver"
)

// What lies too far ahead at the time that is parameter 1, as driver.RewindEndpoint and driver.RewindDelivery say, or
// beyond the time that is parameter 2 of claims. Deliveries are in one index or another.
const (
	endpointsAhead  = `paused_until > ?1 OR spent > ?1`
	claimsAhead     = `lease_until > ?2`
	deliveriesAhead = `state = 'pending' AND not_before > ?1 AND (attempts = earlier OR last_attempt > ?1) AND claim IS `
)

// watchClock puts right what is stored where the clock was set back, so that nothing waits until it has caught up. The
// first call, when the file is opened, does so for what was stored before.
func (w *Webhooks) watchClock(ctx context.Context) error {
	w.mu.Lock()
	now := w.db.now() // behind the lock, which may take its time
	back := w.latest.IsZero() || now.Before(w.latest.Add(-time.Second))
	if !back && now.After(w.latest) {
		w.latest = now
	}
	w.mu.Unlock()
	if !back {
		return nil
	}
	end := now.Add(driver.MaxLease)
	ahead := false
	err := w.db.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT EXISTS (SELECT 1 FROM webhook_endpoints WHERE `+endpointsAhead+`)
			OR EXISTS (SELECT 1 FROM webhook_claims WHERE `+claimsAhead+`)
			OR EXISTS (SELECT 1 FROM webhook_deliveries WHERE `+deliveriesAhead+`NULL)
			OR EXISTS (SELECT 1 FROM webhook_deliveries WHERE `+deliveriesAhead+`NOT NULL)`, now.UnixMicro(),
			end.UnixMicro()).Scan(&ahead)
	})
	if err == nil && ahead {
		err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error { return w.rewind(ctx, t, now, end) })
	}
	if err == nil {
		w.mu.Lock()
		w.latest = now
		w.mu.Unlock()
	}
	return err
}

// rewind corrects the times that are stored. A claim holds until the end.
func (w *Webhooks) rewind(ctx context.Context, t *transaction, now, end time.Time) error {
	rows, err := w.endpoints(ctx, t, `WHERE `+endpointsAhead, now.UnixMicro())
	if err != nil {
		return err
	}
	for _, r := range rows {
		if driver.RewindEndpoint(&r.Endpoint, now) {
			if err := r.saveHealth(ctx, t); err != nil {
				return err
			}
		}
	}
	for _, statement := range []string{
		`UPDATE webhook_claims SET lease_until = ?2 WHERE ` + claimsAhead,
		`UPDATE webhook_deliveries SET not_before = ?1 WHERE ` + deliveriesAhead + `NULL`,
		`UPDATE webhook_deliveries SET not_before = ?1 WHERE ` + deliveriesAhead + `NOT NULL`,
	} {
		if _, err := t.ExecContext(ctx, statement, now.UnixMicro(), end.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}
