package sqlite

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Backlog counts what waits.
func (w *Webhooks) Backlog(ctx context.Context) (b webhooks.Backlog, err error) {
	now := w.db.now()
	err = w.db.snapshot(ctx, func(ctx context.Context, q querier) error {
		b = webhooks.Backlog{Endpoints: map[webhooks.EndpointState]int64{}}
		err := each(ctx, q, `SELECT d.lane, count(*) FILTER (WHERE d.not_before <= ?1),
				count(*) FILTER (WHERE d.not_before > ?1),
				coalesce(?1 - min(d.not_before) FILTER (WHERE d.not_before <= ?1), 0)
			FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint
			WHERE d.state = 'pending' AND e.state = 'active' GROUP BY d.lane`, func(scan func(...any) error) error {
			var lane webhooks.Lane
			var due, later, oldest int64
			if err := scan(&lane, &due, &later, &oldest); err != nil {
				return err
			}
			b.Due[lane], b.Later[lane], b.Oldest[lane] = due, later, time.Duration(oldest)*time.Microsecond
			return nil
		}, now.UnixMicro())
		if err != nil {
			return err
		}
		return each(ctx, q, `SELECT state, count(*), count(paused_until) FROM webhook_endpoints GROUP BY state`,
			func(scan func(...any) error) error {
				var state webhooks.EndpointState
				var n, failing int64
				err := scan(&state, &n, &failing)
				b.Endpoints[state] = n
				if state == webhooks.Active {
					b.Failing = failing
				}
				return err
			})
	})
	if err != nil {
		return webhooks.Backlog{}, w.db.fail(ctx, err, nil)
	}
	return b, nil
}

// Prune removes what is not kept any longer.
func (w *Webhooks) Prune(ctx context.Context, expiry webhooks.PruneRequest) (removed int, err error) {
	if err := driver.CheckPrune(&expiry); err != nil {
		return 0, err
	}
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		x := pruner{t: t, left: expiry.Limit}
		if err := x.run(ctx, &expiry, w.db.now()); err != nil {
			return err
		}
		removed = expiry.Limit - x.left
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// pruner does one Prune.
type pruner struct {
	t          *transaction
	left       int      // how many deliveries and places in the feed may still be removed
	deliveries []int64  // those that were removed
	events     []string // of these deliveries and places
}

// run is the transaction.
func (x *pruner) run(ctx context.Context, expiry *webhooks.PruneRequest, now time.Time) error {
	others := micros(expiry.OthersBefore)
	for _, old := range []struct {
		where string
		args  []any
	}{
		{`state = 'delivered' AND state <> 'pending' AND finished_at < ?`, []any{micros(expiry.DeliveredBefore)}},
		{`state IN ('failed', 'skipped') AND state <> 'pending' AND finished_at < ?`, []any{others}},
		{`state = 'pending' AND created_at < ? AND endpoint IN (
			SELECT id FROM webhook_endpoints WHERE state NOT IN ('active', 'paused')) AND (claim IS NULL
			OR claim NOT IN (SELECT id FROM webhook_claims WHERE lease_until > ?))`, []any{others, now.UnixMicro()}},
		{`endpoint NOT IN (SELECT id FROM webhook_endpoints)`, nil},
	} {
		if err := x.remove(ctx, old.where, old.args...); err != nil {
			return err
		}
	}
	if err := x.removeFeed(ctx, now); err != nil {
		return err
	}
	if err := x.removeRest(ctx); err != nil {
		return err
	}
	if err := removeEmptyClaims(ctx, x.t, `lease_until <= ?`, now.UnixMicro()); err != nil {
		return err
	}
	_, err := x.t.ExecContext(ctx, `DELETE FROM webhook_numbers WHERE (import_id, type) IN (
		SELECT import_id, type FROM webhook_numbers WHERE given_at < ? LIMIT ?)`, others, expiry.Limit)
	return err
}

// remove removes deliveries, as many as it may.
func (x *pruner) remove(ctx context.Context, where string, args ...any) error {
	if x.left == 0 {
		return nil
	}
	return each(ctx, x.t, `DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE `+where+
		` LIMIT ?) RETURNING id, event`, func(scan func(...any) error) error {
		var id int64
		var event string
		if err := scan(&id, &event); err != nil {
			return err
		}
		x.deliveries, x.events = append(x.deliveries, id), append(x.events, event)
		x.left--
		return nil
	}, append(args, x.left)...)
}

// removeRest removes what belonged to the deliveries and the places.
func (x *pruner) removeRest(ctx context.Context) error {
	deliveries, err := list(x.deliveries)
	if err != nil {
		return err
	}
	if _, err := x.t.ExecContext(ctx, `DELETE FROM webhook_attempts WHERE delivery IN (
		SELECT value FROM json_each(?))`, deliveries); err != nil {
		return err
	}
	events, err := list(x.events)
	if err != nil {
		return err
	}
	_, err = x.t.ExecContext(ctx, `DELETE FROM webhook_events WHERE id IN (SELECT value FROM json_each(?))
		AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event = webhook_events.id)
		AND NOT EXISTS (SELECT 1 FROM webhook_feed f WHERE f.event = webhook_events.id)`, events)
	return err
}
