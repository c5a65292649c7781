package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// endpointAt is an endpoint for everything.
func endpointAt(url string) webhooks.Endpoint {
	return webhooks.Endpoint{URL: url, Events: []string{"*"}, Concurrency: 8, Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}}
}

// changed makes an event of one product.
func changed(n int) webhooks.Event {
	data, err := json.Marshal(map[string]any{"products": []products.Product{{ID: int64(n),
		Name: fmt.Sprint("Product ", n), SKU: fmt.Sprint("sku-", n),
		Description: "What there is to say of it, in a sentence or two; most have no more than that.", Version: 1,
		CreatedAt: time.Now(), UpdatedAt: time.Now()}}})
	if err != nil {
		panic(err)
	}
	return webhooks.Event{Type: webhooks.ProductUpdated, Data: data}
}

// fill appends n events, 500 at a time.
func fill(tb testing.TB, store *postgres.Webhooks, n int) {
	events := make([]webhooks.Event, 0, 500)
	for i := range n {
		if events = append(events, changed(i)); len(events) == cap(events) || i == n-1 {
			_, err := store.Append(tb.Context(), events)
			require.NoError(tb, err)
			events = events[:0]
		}
	}
}

// BenchmarkWebhooksQueue claims and finishes deliveries, as a dispatcher does whose receivers take no time.
func BenchmarkWebhooksQueue(b *testing.B) {
	for _, c := range []struct{ endpoints, workers int }{{1, 1}, {1, 4}, {20, 1}, {20, 4}} {
		b.Run(fmt.Sprintf("endpoints=%d/workers=%d", c.endpoints, c.workers), func(b *testing.B) {
			store := open(b, migrated(b), postgres.Options{}).Webhooks()
			for range c.endpoints {
				_, err := store.CreateEndpoint(b.Context(), endpointAt("https://example.com"))
				require.NoError(b, err)
			}
			const total = 20_000
			for b.Loop() {
				b.StopTimer()
				fill(b, store, total/c.endpoints)
				b.StartTimer()
				var done atomic.Int64
				var workers sync.WaitGroup
				for range c.workers {
					workers.Go(func() {
						for done.Load() < total {
							claims, err := store.Claim(b.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 64,
								Bulk: 48, Depth: 16})
							if err != nil {
								b.Error(err)
								return
							}
							if len(claims) == 0 { // others have it all
								time.Sleep(5 * time.Millisecond)
								continue
							}
							var results []webhooks.Result
							for _, c := range claims {
								for _, w := range c.Work {
									results = append(results, webhooks.Result{ClaimID: c.ID, DeliveryID: w.Delivery.ID,
										State: webhooks.Delivered,
										Attempt: &webhooks.Attempt{Number: 1, Worker: "w", At: time.Now(),
											Duration: time.Millisecond, Status: 204}})
								}
							}
							n, err := store.Finish(b.Context(), results)
							if err != nil || n != len(results) {
								b.Error(n, err)
								return
							}
							done.Add(int64(n))
						}
					})
				}
				workers.Wait()
			}
			b.ReportMetric(total*float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// receiver counts what it is sent.
type receiver struct {
	*httptest.Server
	count atomic.Int64
	seen  func(id string)
}

func newReceiver(tb testing.TB) *receiver {
	r := &receiver{seen: func(string) {}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.seen(request.Header.Get("webhook-id"))
		_, _ = io.Copy(io.Discard, request.Body)
		w.WriteHeader(http.StatusNoContent)
		r.count.Add(1)
	}))
	tb.Cleanup(r.Close)
	return r
}

// dispatchTo runs a dispatcher until the returned function is called.
func dispatchTo(tb testing.TB, store webhooks.Store) (stop func()) {
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true,
		AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}})
	require.NoError(tb, err)
	d, err := webhooks.NewDispatcher(store, sender, webhooks.DispatcherOptions{})
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			tb.Error(err)
		}
	})
	return func() { cancel(); running.Wait() }
}

// BenchmarkWebhooksDelivery sends events of one product each to a receiver in this process, without a vacuum in
// between.
func BenchmarkWebhooksDelivery(b *testing.B) {
	for _, c := range []struct{ endpoints, total int }{{1, 10_000}, {10, 10_000}, {10, 100_000}} {
		if testing.Short() && c.total > 10_000 {
			continue
		}
		b.Run(fmt.Sprintf("endpoints=%d/total=%d", c.endpoints, c.total), func(b *testing.B) {
			url := migrated(b)
			store := open(b, url, postgres.Options{}).Webhooks()
			query(b, url,
				`ALTER TABLE webhook_deliveries_pending SET (autovacuum_enabled = off); ALTER TABLE webhook_claims SET (autovacuum_enabled = off)`)
			r := newReceiver(b)
			for range c.endpoints {
				_, err := store.CreateEndpoint(b.Context(), endpointAt(r.URL))
				require.NoError(b, err)
			}
			for b.Loop() {
				b.StopTimer()
				fill(b, store, c.total/c.endpoints)
				r.count.Store(0)
				b.StartTimer()
				stop := dispatchTo(b, store)
				for r.count.Load() < int64(c.total) {
					time.Sleep(time.Millisecond)
				}
				stop()
			}
			b.ReportMetric(float64(c.total*b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// BenchmarkWebhooksLatency measures the time from an event's commit to the arrival of the request at the receiver, of
// one event after the other, each committed a little later.
func BenchmarkWebhooksLatency(b *testing.B) {
	store := open(b, migrated(b), postgres.Options{}).Webhooks()
	r := newReceiver(b)
	_, err := store.CreateEndpoint(b.Context(), endpointAt(r.URL))
	require.NoError(b, err)
	arrived := make(chan time.Time, 1)
	r.seen = func(string) { arrived <- time.Now() }
	defer dispatchTo(b, store)()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		time.Sleep(20 * time.Millisecond)
		_, err := store.Append(b.Context(), []webhooks.Event{changed(i)})
		require.NoError(b, err)
		committed := time.Now()
		took = append(took, (<-arrived).Sub(committed))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
}
