package storeflags_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// What BenchmarkSize does.
const (
	sizeImports    = 1_000
	sizeRecords    = 100 // of each import
	sizeDeliveries = 100_000
)

// BenchmarkSize makes 1,000 imports, of 100 records each, and 100,000 deliveries of single changes, twice. MB-kept is
// what they take beside the products while all of it is kept, MB-pruned what is left once housekeeping has removed it,
// and MB-again what it is after the second time, which uses the same room.
func BenchmarkSize(b *testing.B) {
	if testing.Short() {
		b.Skip("it takes minutes, and bounds nothing")
	}
	for _, c := range []struct {
		name string
		url  func(b *testing.B) string
		size func(b *testing.B, url string) int64
	}{
		{"SQLite", func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "products.db") }, fileSize},
		{"PostgreSQL", func(b *testing.B) string { return pgtest.URL(b) }, databaseSize},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				url := c.url(b)
				u, err := storeflags.ParseURL(url)
				require.NoError(b, err)
				db, err := storeflags.Open(b.Context(), u, storeflags.Options{})
				require.NoError(b, err)
				s := newSizes(b, db)
				s.submit("first", 1)
				empty := c.size(b, url)
				report := func(metric string) {
					b.ReportMetric(float64(c.size(b, url)-empty)/1e6, metric)
				}
				s.fill("a")
				report("MB-kept")
				s.prune()
				report("MB-pruned")
				s.fill("b")
				report("MB-again")
				require.NoError(b, db.Close())
			}
		})
	}
}

// fileSize is that of a SQLite file once all that was written is in it; beside it is one of 64 MB at most.
func fileSize(b *testing.B, url string) int64 {
	path := strings.TrimPrefix(url, "sqlite:")
	db, err := sql.Open("sqlite", path)
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	_, err = db.ExecContext(b.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	require.NoError(b, err)
	info, err := os.Stat(path)
	require.NoError(b, err)
	return info.Size()
}

// databaseSize is that of a database once it was vacuumed, as it is before long.
func databaseSize(b *testing.B, url string) (all int64) {
	db, err := sql.Open("postgres", url)
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	_, err = db.ExecContext(b.Context(), `VACUUM`)
	require.NoError(b, err)
	require.NoError(b, db.QueryRowContext(b.Context(), `SELECT pg_database_size(current_database())`).Scan(&all))
	return all
}

// sizes are stores that are filled.
type sizes struct {
	*testing.B
	db      *storeflags.Stores
	service *job.Service
	runner  *job.Runner
}

func newSizes(b *testing.B, db *storeflags.Stores) *sizes {
	s := &sizes{B: b, db: db}
	events, err := outbox.New(db.Webhooks)
	require.NoError(b, err)
	db.Jobs.OnEnd(events.JobEnded)
	s.service, err = job.NewService(db.Jobs, db.Uploads, job.ServiceOptions{})
	require.NoError(b, err)
	s.runner, err = job.NewRunner(db.Jobs, db.Uploads, db.Products, job.RunnerOptions{Notifier: events.Import})
	require.NoError(b, err)
	_, err = db.Webhooks.CreateEndpoint(b.Context(), webhooks.Endpoint{URL: "https://shop.example.invalid/",
		Events: []string{webhooks.ProductUpdated}, Concurrency: 8, Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}})
	require.NoError(b, err)
	return s
}

// submit imports a file in which every product is another one than it was, and one record is rejected, which is read.
func (s *sizes) submit(round string, n int) {
	var file strings.Builder
	file.WriteString("sku,name,description\nbad,,\n")
	for i := range sizeRecords - 1 {
		fmt.Fprintf(&file, "sku-%d,Product %d of %s %d,What there is to say of the product %d in a sentence or two.\n", i, i,
			round, n, i)
	}
	_, _, err := s.service.Submit(s.Context(), job.Request{FileName: "catalogue.csv",
		Settings: job.Settings{Mode: products.Update}}, strings.NewReader(file.String()))
	require.NoError(s, err)
	claim, err := s.runner.Claim(s.Context(), "worker")
	require.NoError(s, err)
	ended, err := s.runner.Run(s.Context(), claim, nil)
	require.NoError(s, err)
	require.Equal(s, job.Success, ended.State, ended.Error)
	require.NoError(s, s.service.Rejects(s.Context(), ended.ID, &strings.Builder{}))
}

// fill makes the imports and the deliveries.
func (s *sizes) fill(round string) {
	for n := range sizeImports {
		s.submit(round, n)
	}
	at := time.Now().UTC()
	var events []webhooks.Event
	for n := range sizeDeliveries {
		data, err := json.Marshal(map[string]any{"products": []products.Product{{ID: int64(n),
			Name: fmt.Sprint("Product ", n), SKU: fmt.Sprint("sku-", n), CreatedAt: at, UpdatedAt: at,
			Description: "What there is to say of it, in a sentence or two; most have no more than that.", Version: 1}}})
		require.NoError(s, err)
		events = append(events, webhooks.Event{Type: webhooks.ProductUpdated, Data: data})
		if len(events) == 500 {
			stored, err := s.db.Webhooks.Append(s.Context(), events)
			require.NoError(s, err)
			require.Equal(s, len(events), stored)
			events = events[:0]
		}
	}
	s.deliver()
}

// deliver has all deliveries arrive.
func (s *sizes) deliver() {
	for {
		claims, err := s.db.Webhooks.Claim(s.Context(), webhooks.ClaimRequest{Worker: "worker", Limit: 64, Bulk: 48,
			Depth: 100})
		require.NoError(s, err)
		var results []webhooks.Result
		for _, c := range claims {
			for _, w := range c.Work {
				results = append(results, webhooks.Result{ClaimID: c.ID, DeliveryID: w.Delivery.ID,
					State: webhooks.Delivered, Attempt: &webhooks.Attempt{Number: 1, Worker: "worker", At: time.Now(),
						Duration: time.Millisecond, Status: 204}})
			}
		}
		if len(results) == 0 {
			return
		}
		_, err = s.db.Webhooks.Finish(s.Context(), results)
		require.NoError(s, err)
	}
}

// prune removes all that housekeeping removes some day.
func (s *sizes) prune() {
	_, err := s.service.Prune(s.Context(), time.Nanosecond)
	require.NoError(s, err)
	const most = 2_000
	later := time.Now().Add(24 * time.Hour)
	for removed := most; removed == most; {
		removed, err = s.db.Webhooks.Prune(s.Context(), webhooks.PruneRequest{DeliveredBefore: later, OthersBefore: later,
			Limit: most})
		require.NoError(s, err)
	}
	deliveries, err := s.db.Webhooks.ListDeliveries(s.Context(), webhooks.DeliveryQuery{Limit: 1})
	require.NoError(s, err)
	require.Empty(s, deliveries, "nothing is left")
	_, jobs, err := s.db.Jobs.List(s.Context(), job.Query{Limit: 1})
	require.NoError(s, err)
	require.Zero(s, jobs, "nothing is left")
}
