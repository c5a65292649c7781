package worker_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestExamplePostgres runs the worker of the example: it does an import and makes the events of it.
func TestExamplePostgres(t *testing.T) {
	url := home.URL(t)
	db, err := postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	endpoint, err := db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{URL: "https://shop.example.invalid/",
		Events: []string{"*"}, Concurrency: 1, Timeout: time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}})
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	submitted, _, err := service.Submit(t.Context(), job.Request{}, strings.NewReader("sku,name\nA-1,Apple\n"))
	require.NoError(t, err)

	var log casetest.Buffer
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- importAndDeliver(ctx, url, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	require.Eventually(t, func() bool {
		j, err := service.Get(t.Context(), submitted.ID)
		return err == nil && j.State == job.Success
	}, time.Minute, 20*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.NotContains(t, log.String(), "not_set", "nothing is missing")
	deliveries, err := db.Webhooks().ListDeliveries(t.Context(), webhooks.DeliveryQuery{EndpointID: endpoint.ID,
		Limit: 100})
	require.NoError(t, err)
	var types []string
	for _, d := range deliveries {
		types = append(types, d.EventType)
	}
	require.ElementsMatch(t, []string{webhooks.ProductCreated, webhooks.ImportCompleted}, types)
}
