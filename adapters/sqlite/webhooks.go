package sqlite

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Webhooks keeps endpoints, events and deliveries, in the tables whose names begin with webhook_. It is a
// webhooks.Store; the methods join the transaction of a context that has one, and so events are committed with the
// changes that they are about.
type Webhooks struct {
	db *DB

	mu     sync.Mutex
	latest time.Time // by the DB's clock, see watchClock

	unreadable sync.Map // IDs of endpoints of which the log says that they are
}

var _ webhooks.Store = (*Webhooks)(nil)

// Webhooks returns the store of webhooks.
func (db *DB) Webhooks() *Webhooks { return &db.webhooks }

// CreateEndpoint stores a new endpoint.
func (w *Webhooks) CreateEndpoint(ctx context.Context, e webhooks.Endpoint) (webhooks.Endpoint, error) {
	r := endpointRow{Endpoint: e.Clone()}
	err := w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		driver.InitEndpoint(&r.Endpoint, w.db.now())
		return r.insert(ctx, t, w.db.options.Sealer)
	})
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	return r.Endpoint, nil
}

// Endpoint returns the endpoint.
func (w *Webhooks) Endpoint(ctx context.Context, id string) (found webhooks.Endpoint, err error) {
	err = w.db.read(ctx, func(ctx context.Context, q querier) error {
		r, err := w.endpoint(ctx, q, id, 0)
		if err != nil {
			return err
		}
		found = r.Endpoint
		return nil
	})
	return found, err
}

// endpoint reads the endpoint, or returns ErrNotFound, or ErrVersion where the version isn't 0 and not the endpoint's.
func (w *Webhooks) endpoint(ctx context.Context, q querier, id string, version int64) (*endpointRow, error) {
	rows, err := w.endpoints(ctx, q, `WHERE e.id = ?`, id)
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, fmt.Errorf("%w: endpoint %.100q", webhooks.ErrNotFound, id)
	case version != 0 && version != rows[0].Version:
		return nil, fmt.Errorf("%w: %s is at version %d, not %d", webhooks.ErrVersion, id, rows[0].Version, version)
	}
	_ = rows[0].unpack(w.db.options.Sealer) // the Credentials say so
	return rows[0], nil
}

// ListEndpoints returns endpoints, oldest first.
func (w *Webhooks) ListEndpoints(ctx context.Context, limit,
	offset int) (list []webhooks.Endpoint, count int64, err error) {
	if err := driver.CheckPage(limit, offset); err != nil {
		return nil, 0, err
	}
	err = w.db.read(ctx, func(ctx context.Context, q querier) error {
		if err := q.QueryRowxContext(ctx, `SELECT count(*) FROM webhook_endpoints`).Scan(&count); err != nil {
			return err
		}
		rows, err := w.endpoints(ctx, q, `ORDER BY e.created_at, e.id LIMIT ? OFFSET ?`, limit, offset)
		for _, r := range rows {
			_ = r.unpack(w.db.options.Sealer) // as above
			list = append(list, r.Endpoint)
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return list, count, nil
}

// UpdateEndpoint changes the endpoint.
func (w *Webhooks) UpdateEndpoint(ctx context.Context, id string, version int64,
	change func(*webhooks.Endpoint) error) (webhooks.Endpoint, error) {
	var r *endpointRow
	err := w.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		if r, err = w.endpoint(ctx, t, id, version); err != nil {
			return err
		}
		if err := r.unpack(w.db.options.Sealer); err != nil {
			return err
		}
		before := r.Clone()
		if err := change(&r.Endpoint); err != nil {
			return callbackError{err}
		}
		r.Endpoint = r.Clone() // what the caller put in stays the caller's
		now := w.db.now()
		if !driver.UpdateEndpoint(&before, &r.Endpoint, now) {
			return nil
		}
		if err := r.save(ctx, t, w.db.options.Sealer); err != nil {
			return err
		}
		if before.State.Receives() && !r.State.Receives() {
			return skipPending(ctx, t, id, now)
		}
		w.db.onCommit(ctx, w.db.wakes.webhooks.wake) // it may have been Paused
		return nil
	})
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	return r.Endpoint, nil
}

// skipPending does what driver.SkipDelivery does to all deliveries of the endpoint that wait and that no claim holds.
func skipPending(ctx context.Context, t *transaction, endpoint string, now time.Time) error {
	if _, err := t.ExecContext(ctx, `UPDATE webhook_deliveries SET state = 'skipped', finished_at = ?2, claim = NULL
		WHERE endpoint = ?1 AND state = 'pending' AND (claim IS NULL OR claim NOT IN (
			SELECT id FROM webhook_claims WHERE endpoint = ?1 AND lease_until > ?2))`, endpoint, now.UnixMicro()); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE endpoint = ? AND lease_until <= ?`, endpoint,
		now.UnixMicro())
	return err
}

// DeleteEndpoint removes the endpoint. Its deliveries are left to Prune.
func (w *Webhooks) DeleteEndpoint(ctx context.Context, id string, version int64) error {
	return w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if _, err := w.endpoint(ctx, t, id, version); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM webhook_endpoints WHERE id = ?`, id); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE endpoint = ?`, id)
		return err
	})
}

// Wake returns a channel that has a value soon after a delivery became due.
func (w *Webhooks) Wake(ctx context.Context) <-chan struct{} { return w.db.wakes.webhooks.listen(ctx) }
