package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// TestReadsCut loses the connection on which something is read, by an end of the stream or a reset, before the server
// gets the statement or in the middle of one of its answers: what comes of it is as if nothing had happened.
func TestReadsCut(t *testing.T) {
	t.Parallel()
	for _, reset := range []bool{false, true} {
		p, url := newProxy(t, migrated(t))
		if reset {
			p.cutByReset()
		}
		db := open(t, url, postgres.Options{MaxConns: 2, RetryFor: -1})
		store, jobs, hooks := db.Products(), db.Jobs(), db.Webhooks()
		for i := range 3 {
			createIn(t, t.Context(), db, fmt.Sprint("sku-", i))
		}
		page, err := store.List(t.Context(), products.Query{Limit: 3})
		require.NoError(t, err)
		created, err := jobs.Create(t.Context(), job.Job{Upload: "upload"})
		require.NoError(t, err)
		_, err = jobs.CreateUpload(t.Context(), job.Upload{ID: "stands"})
		require.NoError(t, err)
		_, err = jobs.PutProfile(t.Context(), job.Profile{Name: "kept"})
		require.NoError(t, err)
		claim, err := jobs.Claim(t.Context(), "worker", time.Hour, 5)
		require.NoError(t, err)
		require.NotNil(t, claim)
		endpoint := listen(t, hooks)
		_, err = hooks.Append(t.Context(), numbered(webhooks.ProductCreated, 3))
		require.NoError(t, err)
		deliveries, err := hooks.ListDeliveries(t.Context(), webhooks.DeliveryQuery{Limit: 3})
		require.NoError(t, err)
		require.Len(t, deliveries, 3)

		for name, read := range map[string]func(ctx context.Context) (any, error){
			"Ping": func(ctx context.Context) (any, error) { return nil, db.Ping(ctx) },
			"Get":  func(ctx context.Context) (any, error) { return store.Get(ctx, page.Products[0].ID) },
			"Get, nothing there": func(ctx context.Context) (any, error) {
				_, err := store.Get(ctx, 1<<40)
				require.ErrorIs(t, err, products.ErrNotFound)
				return nil, nil //nolint:nilnil // it was found that there is nothing
			},
			"List": func(ctx context.Context) (any, error) { return store.List(ctx, products.Query{Limit: 2}) },
			"List, bytes": func(ctx context.Context) (any, error) {
				return store.List(ctx, products.Query{Limit: 2, MaxBytes: 1 << 20})
			},
			"a job":       func(ctx context.Context) (any, error) { return jobs.Get(ctx, created.ID) },
			"jobs":        func(ctx context.Context) (any, error) { return jobs.GetMany(ctx, []string{created.ID}) },
			"checkpoints": func(ctx context.Context) (any, error) { return jobs.Checkpoints(ctx, claim) },
			"uploads":     func(ctx context.Context) (any, error) { return jobs.UploadsInUse(ctx, []string{"upload"}) },
			"an upload":   func(ctx context.Context) (any, error) { return jobs.GetUpload(ctx, "stands") },
			"a profile":   func(ctx context.Context) (any, error) { return jobs.GetProfile(ctx, "kept") },
			"profiles":    func(ctx context.Context) (any, error) { return jobs.ListProfiles(ctx) },
			"a heartbeat": func(ctx context.Context) (any, error) { return jobs.Renew(ctx, claim, time.Hour, nil) },
			"endpoint":    func(ctx context.Context) (any, error) { return hooks.Endpoint(ctx, endpoint.ID) },
			"listening": func(ctx context.Context) (any, error) {
				return hooks.Listening(ctx, false, webhooks.ProductCreated)
			},
			"numbers":  func(ctx context.Context) (any, error) { return hooks.Numbers(ctx, "import") },
			"delivery": func(ctx context.Context) (any, error) { return hooks.Delivery(ctx, deliveries[0].ID) },
			"deliveries": func(ctx context.Context) (any, error) {
				return hooks.ListDeliveries(ctx, webhooks.DeliveryQuery{Limit: 3, EndpointID: endpoint.ID})
			},
		} {
			t.Run(fmt.Sprint(name, ", reset ", reset), func(t *testing.T) {
				want, err := read(t.Context())
				require.NoError(t, err)
				p.cutNext(atStatement, false)
				got, err := read(t.Context())
				require.NoError(t, err)
				require.Equal(t, want, got)
				for skip := range 4 {
					require.NoError(t, db.Ping(t.Context())) // so that a connection is open
					p.cutLater(skip, inAnswer)
					got, err := read(t.Context())
					require.NoError(t, err)
					require.Equal(t, want, got, "cut in answer %d", skip)
				}
				p.cutNext(0, false)
			})
		}
	}
}
