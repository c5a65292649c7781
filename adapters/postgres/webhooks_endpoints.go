package postgres

import (
	"context"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// CreateEndpoint stores a new endpoint.
func (w *Webhooks) CreateEndpoint(ctx context.Context, e webhooks.Endpoint) (webhooks.Endpoint, error) {
	var r endpointRow
	err := w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		now, err := w.now(ctx, t)
		if err != nil {
			return err
		}
		r = endpointRow{Endpoint: e.Clone()}
		driver.InitEndpoint(&r.Endpoint, now)
		r.id = mustUUID(endpointPrefix, r.ID)
		if err := r.clean(w.db.options.Sealer); err != nil {
			return err
		}
		return r.insert(ctx, t)
	})
	if err != nil {
		return webhooks.Endpoint{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	return r.Endpoint, nil
}

// Endpoint returns the endpoint.
func (w *Webhooks) Endpoint(ctx context.Context, id string) (webhooks.Endpoint, error) {
	var r *endpointRow
	err := w.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		r, err = w.endpoint(ctx, q, id, ``)
		return err
	})
	if err != nil {
		return webhooks.Endpoint{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	_ = r.unpack(w.db.options.Sealer) // the Credentials say so
	return r.Endpoint, nil
}

// ListEndpoints returns endpoints, oldest first.
func (w *Webhooks) ListEndpoints(ctx context.Context, limit,
	offset int) (list []webhooks.Endpoint, count int64, err error) {
	if err := driver.CheckPage(limit, offset); err != nil {
		return nil, 0, err
	}
	var rows []endpointRow
	err = w.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		if err := q.QueryRowxContext(ctx, `SELECT count(*) FROM webhook_endpoints`).Scan(&count); err != nil {
			return err
		}
		rows, err = w.endpoints(ctx, q, `ORDER BY e.created_at, e.id LIMIT $1 OFFSET $2`, limit, offset)
		return err
	})
	if err != nil {
		return nil, 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	for i := range rows {
		_ = rows[i].unpack(w.db.options.Sealer) // as above
		list = append(list, rows[i].Endpoint)
	}
	return list, count, nil
}

// UpdateEndpoint changes the endpoint.
func (w *Webhooks) UpdateEndpoint(ctx context.Context, id string, version int64,
	change func(*webhooks.Endpoint) error) (webhooks.Endpoint, error) {
	var r *endpointRow
	err := w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) (err error) {
		if r, err = w.lockEndpoint(ctx, t, id, version); err != nil {
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
		if !driver.UpdateEndpoint(&before, &r.Endpoint, r.now) {
			return nil
		}
		if err := r.clean(w.db.options.Sealer); err != nil {
			return err
		}
		if err := r.save(ctx, t); err != nil {
			return err
		}
		if before.State.Receives() && !r.State.Receives() {
			return w.skipPending(ctx, t, r)
		}
		if r.State == webhooks.Active {
			w.db.onCommit(ctx, w.db.notifier.webhooks.notify)
		}
		return nil
	})
	if err != nil {
		return webhooks.Endpoint{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	return r.Endpoint, nil
}

// lockEndpoint reads the endpoint and keeps it until the transaction ends. It returns ErrNotFound, or ErrVersion where
// the version isn't 0 and not the endpoint's.
func (w *Webhooks) lockEndpoint(ctx context.Context, t *transaction, id string, version int64) (*endpointRow, error) {
	r, err := w.endpoint(ctx, t, id, `FOR UPDATE`)
	if err == nil && version != 0 && version != r.Version {
		err = webhooks.ErrVersion
	}
	return r, err
}

// skipPending does what driver.SkipDelivery does to all deliveries of the endpoint that wait and that no claim holds.
// The endpoint is locked.
func (w *Webhooks) skipPending(ctx context.Context, t *transaction, r *endpointRow) error {
	if _, err := t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE endpoint = $1 AND lease_until <= $2`, r.id,
		r.now); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, `UPDATE webhook_deliveries SET state = 'skipped', finished_at = $2
		WHERE state = 'pending' AND endpoint = $1 AND id NOT IN (SELECT unnest(deliveries) FROM webhook_claims
		WHERE endpoint = $1)`, r.id, r.now)
	return err
}

// DeleteEndpoint removes the endpoint. Its deliveries are left to Prune.
func (w *Webhooks) DeleteEndpoint(ctx context.Context, id string, version int64) error {
	err := w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		r, err := w.lockEndpoint(ctx, t, id, version)
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM webhook_endpoints WHERE id = $1`, r.id); err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE endpoint = $1`, r.id)
		return err
	})
	if err != nil {
		return fail(ctx, err, webhooks.ErrNotFound)
	}
	return nil
}
