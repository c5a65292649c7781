package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func TestRestoreEndpoint(t *testing.T) {
	sealer, err := webhooks.NewSealer(make([]byte, 32))
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), migrated(t), postgres.Options{Sealer: sealer})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	e, err := memory.New(memory.Options{}).Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{
		URL: "https://shop.example/hook", ClientName: "shop", Events: []string{"product.*"}, Concurrency: 3,
		RateLimit: 7, Timeout: 9 * time.Second, State: webhooks.Paused, Credentials: webhooks.Credentials{
			Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()},
				{Secret: receive.NewSecret(), Until: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}},
			Token: "let-me-in", Headers: webhooks.Headers{"X-Shop": "1"}}})
	require.NoError(t, err)
	e.Version, e.DisabledReason = 9, "none"
	e.CreatedAt = e.CreatedAt.Add(-time.Hour)
	e.Health = webhooks.Health{Failures: 4, FailingSince: e.CreatedAt, LastSuccess: e.CreatedAt.Add(time.Minute),
		PausedUntil: e.CreatedAt.Add(2 * time.Hour), Pauses: 2, Spent: e.CreatedAt.Add(time.Second)}

	require.NoError(t, db.Webhooks().RestoreEndpoint(t.Context(), e))
	got, err := db.Webhooks().Endpoint(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, e, got)
	require.Error(t, db.Webhooks().RestoreEndpoint(t.Context(), e), "twice")
	e.ID = "ep_none"
	require.ErrorContains(t, db.Webhooks().RestoreEndpoint(t.Context(), e), "no ID")
}
