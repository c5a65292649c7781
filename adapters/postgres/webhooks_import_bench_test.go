package postgres_test

import (
	"bytes"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

// BenchmarkImportWebhooks imports 500,000 records with an outbox. x-unheard, x-one and x-feed are how many times as long
// it takes where no endpoint listens to what it changes, where one does, and where the feed is kept and no endpoint
// listens, as without an outbox, in the same run and in turn.
func BenchmarkImportWebhooks(b *testing.B) {
	url := migrated(b)
	db := open(b, url, postgres.Options{})
	admin, err := sql.Open("postgres", url)
	require.NoError(b, err)
	defer func() { require.NoError(b, admin.Close()) }()
	out, err := outbox.New(db.Webhooks())
	require.NoError(b, err)
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	notifier := out.Import(job.Job{ID: "import"})
	variants := []struct {
		name     string
		notifier importer.WebhookNotifier
		events   string // that the endpoint listens to
		feed     time.Duration
		stored   int64
	}{
		{"none", nil, "*", 0, 0},
		{"unheard", notifier, "import.*", 0, 0},
		{"one", notifier, "*", 0, int64(catalogtest.Distinct(catalogtest.BenchRecords())+99) / 100},
		{"feed", notifier, "import.*", time.Hour, int64(catalogtest.Distinct(catalogtest.BenchRecords())+99) / 100},
	}
	took := make([]time.Duration, len(variants))
	for range b.N {
		for i, v := range variants {
			exec(b, admin, `TRUNCATE webhook_endpoints, webhook_events, webhook_deliveries, webhook_numbers, webhook_feed`)
			empty(b, admin)
			e := endpointAt("https://example.com")
			e.Events = []string{v.events}
			_, err := db.Webhooks().CreateEndpoint(b.Context(), e)
			require.NoError(b, err)
			_, err = db.Webhooks().KeepFeed(b.Context(), v.feed)
			require.NoError(b, err)
			result, err := importer.Run(b.Context(), importer.Bytes(file.Bytes()), db.Products(),
				importer.Options{Notifier: v.notifier})
			require.NoError(b, err)
			took[i] += result.Elapsed
			numbers, err := db.Webhooks().Numbers(b.Context(), "import")
			require.NoError(b, err)
			require.InDelta(b, v.stored, numbers[webhooks.ProductCreated], 30, "each batch ends with a shorter list")
		}
	}
	for i, v := range variants {
		b.ReportMetric(took[i].Seconds()/took[0].Seconds(), "x-"+v.name)
	}
	b.ReportMetric(took[0].Seconds()/float64(b.N), "s/import")
	b.ReportMetric(0, "ns/op") // holds all of them
}
