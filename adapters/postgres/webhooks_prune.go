package postgres

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Backlog counts what waits.
func (w *Webhooks) Backlog(ctx context.Context) (webhooks.Backlog, error) {
	b := webhooks.Backlog{Endpoints: map[webhooks.EndpointState]int64{}}
	const due = `FILTER (WHERE d.not_before <= statement_timestamp())` // the same time for all, unlike clock_timestamp()
	err := w.each(ctx,
		`SELECT d.lane, count(*) `+due+`, count(*) FILTER (WHERE d.not_before > statement_timestamp()),
			coalesce(extract(epoch FROM statement_timestamp() - min(d.not_before) `+due+`) * 1000000, 0)::bigint
		FROM webhook_deliveries_pending d JOIN webhook_endpoints e ON e.id = d.endpoint
		WHERE e.state = 'active' GROUP BY d.lane`, func(scan func(...any) error) error {
			var lane webhooks.Lane
			var due, later, oldest int64
			err := scan(&lane, &due, &later, &oldest)
			if err == nil {
				b.Due[lane], b.Later[lane], b.Oldest[lane] = due, later, time.Duration(oldest)*time.Microsecond
			}
			return err
		})
	if err != nil {
		return webhooks.Backlog{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	err = w.each(ctx, `SELECT state, count(*), count(*) FILTER (WHERE state = 'active' AND paused_until IS NOT NULL)
		FROM webhook_endpoints GROUP BY state`, func(scan func(...any) error) error {
		var state webhooks.EndpointState
		var n, failing int64
		err := scan(&state, &n, &failing)
		b.Endpoints[state] = n
		if state == webhooks.Active {
			b.Failing = failing
		}
		return err
	})
	if err != nil {
		return webhooks.Backlog{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	return b, nil
}

// each calls f for each row.
func (w *Webhooks) each(ctx context.Context, statement string, f func(scan func(...any) error) error,
	args ...any) error {
	return w.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		rows, err := q.QueryxContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := f(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// Prune removes what is not kept any longer.
func (w *Webhooks) Prune(ctx context.Context, expiry webhooks.PruneRequest) (removed int, err error) {
	if err := driver.CheckPrune(&expiry); err != nil {
		return 0, err
	}
	err = w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		x := pruner{t: t, left: expiry.Limit}
		if err := x.run(ctx, &expiry); err != nil {
			return err
		}
		removed = expiry.Limit - x.left
		return nil
	})
	if err != nil {
		return 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	return removed, nil
}

// pruner does one Prune.
type pruner struct {
	t          *transaction
	left       int     // how many deliveries and places in the feed may still be removed
	deliveries []int64 // those that were removed
	events     []uuid  // of these deliveries and places
}

// run is the transaction.
func (x *pruner) run(ctx context.Context, expiry *webhooks.PruneRequest) error {
	if err := x.remove(ctx, `state = 'delivered' AND finished_at < $1`, expiry.DeliveredBefore); err != nil {
		return err
	}
	if err := x.remove(ctx, `state IN ('failed', 'skipped') AND finished_at < $1`, expiry.OthersBefore); err != nil {
		return err
	}
	// Nobody claims for those endpoints any more, so that claims may be left whose lease has run out.
	const gone = `endpoint IN (SELECT id FROM webhook_endpoints WHERE state NOT IN ('active', 'paused'))`
	if _, err := x.t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE id = ANY (ARRAY (
			SELECT id FROM webhook_claims WHERE lease_until < least($1, clock_timestamp()) AND `+gone+
		` FOR UPDATE SKIP LOCKED))`, expiry.OthersBefore); err != nil {
		return err
	}
	if err := x.remove(ctx, `state = 'pending' AND created_at < $1 AND `+gone+`
		AND NOT EXISTS (SELECT FROM webhook_claims c WHERE c.endpoint = d.endpoint AND d.id = ANY (c.deliveries))`,
		expiry.OthersBefore); err != nil {
		return err
	}
	for _, table := range []string{"webhook_deliveries_ended", "webhook_deliveries_pending"} {
		if err := x.removeOrphans(ctx, table); err != nil {
			return err
		}
	}
	if err := x.removeFeed(ctx); err != nil {
		return err
	}
	if err := x.removeRest(ctx); err != nil {
		return err
	}
	_, err := x.t.ExecContext(ctx, `DELETE FROM webhook_numbers WHERE (import_id, type) IN (
			SELECT import_id, type FROM webhook_numbers WHERE given_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
		expiry.OthersBefore, expiry.Limit)
	return err
}

// remove removes deliveries, as many as it may.
func (x *pruner) remove(ctx context.Context, where string, arg any) error {
	if x.left == 0 {
		return nil
	}
	rows, err := x.t.QueryContext(ctx, `DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY (
			SELECT id FROM webhook_deliveries d WHERE `+where+` LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING id, event`,
		arg, x.left)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var event uuid
		if err := rows.Scan(&id, &event); err != nil {
			return err
		}
		x.deliveries, x.events = append(x.deliveries, id), append(x.events, event)
		x.left--
	}
	return rows.Err()
}

// removeOrphans removes deliveries whose endpoint was deleted. It steps through the index from one endpoint to the
// next.
func (x *pruner) removeOrphans(ctx context.Context, table string) error {
	var orphans []uuid
	err := x.t.SelectContext(ctx, &orphans, `WITH RECURSIVE known AS (
			(SELECT endpoint FROM `+table+` ORDER BY endpoint LIMIT 1)
			UNION ALL
			SELECT n.endpoint FROM known k CROSS JOIN LATERAL (
				SELECT endpoint FROM `+table+` WHERE endpoint > k.endpoint ORDER BY endpoint LIMIT 1) n
		)
		SELECT endpoint FROM known WHERE endpoint NOT IN (SELECT id FROM webhook_endpoints)`)
	if err != nil || len(orphans) == 0 {
		return err
	}
	return x.remove(ctx, `endpoint = ANY ($1::uuid[])`, uuidArray(orphans))
}

// removeRest removes what belonged to the deliveries and the places. Events are locked before it is asked whether they
// have others, so that of two who remove their last ones the second sees what the first did.
func (x *pruner) removeRest(ctx context.Context) error {
	if len(x.events) == 0 {
		return nil
	}
	if _, err := x.t.ExecContext(ctx, `DELETE FROM webhook_attempts WHERE delivery = ANY ($1::bigint[])`,
		intArray(x.deliveries)); err != nil {
		return err
	}
	events := uuidArray(x.events)
	if _, err := x.t.ExecContext(ctx, `SELECT FROM webhook_events WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
		events); err != nil {
		return err
	}
	_, err := x.t.ExecContext(ctx, `DELETE FROM webhook_events e WHERE id = ANY ($1::uuid[])
		AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event = e.id)
		AND NOT EXISTS (SELECT FROM webhook_feed f WHERE f.event = e.id)`, events)
	return err
}
