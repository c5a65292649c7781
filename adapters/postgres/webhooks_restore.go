package postgres

import (
	"context"
	"fmt"

	"github.com/products-importer/products-importer/webhooks"
)

// RestoreEndpoint stores an endpoint of another store as it is, with its ID, version, times, health and credentials,
// which the Options' Sealer encrypts. An endpoint that has the ID already is an error.
func (w *Webhooks) RestoreEndpoint(ctx context.Context, e webhooks.Endpoint) error {
	id, ok := parseUUID(endpointPrefix, e.ID)
	if !ok {
		return fmt.Errorf("postgres: %q is no ID of an endpoint", e.ID)
	}
	err := w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		r := endpointRow{Endpoint: e.Clone(), id: id}
		if err := r.clean(w.db.options.Sealer); err != nil {
			return err
		}
		if err := r.insert(ctx, t); err != nil {
			return err
		}
		return r.save(ctx, t)
	})
	if err != nil {
		return fail(ctx, err, webhooks.ErrNotFound)
	}
	return nil
}
