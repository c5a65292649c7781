package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
	"github.com/products-importer/products-importer/webhooks/storetest"
)

func TestWebhooks(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Stores {
		db, setBack := openClocked(t)
		return storetest.Stores{Webhooks: db.Webhooks(), InTx: db.InTx, SetBack: setBack}
	})
}

// endpoint is one for everything.
func endpoint(url string) webhooks.Endpoint {
	return webhooks.Endpoint{URL: url, Events: []string{"*"}, Concurrency: 8, Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}}
}

// changed makes an event of one product.
func changed(n int) webhooks.Event {
	return webhooks.Event{Type: webhooks.ProductUpdated, Data: fmt.Appendf(nil, `{"products": [{"id": %d,
		"sku": "sku-%[1]d", "name": "Product %[1]d",
		"description": "What there is to say of it, in a sentence or two; most have no more."}]}`, n)}
}

// fill appends n events.
func fill(t testing.TB, w *Webhooks, n int) {
	t.Helper()
	for from := 0; from < n; from += 500 {
		var events []webhooks.Event
		for i := from; i < min(from+500, n); i++ {
			events = append(events, changed(i))
		}
		_, err := w.Append(t.Context(), events)
		require.NoError(t, err)
	}
}

func delivered(claims []webhooks.Claim) (results []webhooks.Result) {
	for _, c := range claims {
		for _, work := range c.Work {
			results = append(results, webhooks.Result{ClaimID: c.ID, DeliveryID: work.Delivery.ID,
				State:   webhooks.Delivered,
				Attempt: &webhooks.Attempt{Worker: "w", At: time.Now(), Duration: time.Millisecond, Status: 204}})
		}
	}
	return results
}

// TestWebhooksWorkers lets 6 workers over two DBs, as two processes would, deliver 3 x 200 events while settings
// change: none is in two claims, each is delivered once, nobody is told that the file is busy, and no claim is left.
func TestWebhooksWorkers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	dbs := []*DB{openFile(t, path, Options{}), openFile(t, path, Options{})}
	const endpoints, events = 3, 200
	var last webhooks.Endpoint
	for range endpoints {
		var err error
		last, err = dbs[0].Webhooks().CreateEndpoint(t.Context(), endpoint("https://example.com"))
		require.NoError(t, err)
	}
	fill(t, dbs[0].Webhooks(), events)
	var mu sync.Mutex
	done := map[int64]int{}
	var workers sync.WaitGroup
	for i := range 6 {
		w := dbs[i%2].Webhooks()
		workers.Go(func() {
			for n := 0; n < endpoints*events && !t.Failed(); {
				claims, err := w.Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 3, Bulk: 1, Depth: 10})
				results := delivered(claims)
				counted := 0
				if err == nil && i == 0 {
					_, err = w.UpdateEndpoint(t.Context(), last.ID, 0, func(e *webhooks.Endpoint) error {
						e.ClientName += "x"
						return nil
					})
				}
				if err == nil {
					counted, err = w.Finish(t.Context(), results)
				}
				if err != nil || counted != len(results) {
					t.Error(counted, len(results), err)
				}
				mu.Lock()
				for _, r := range results {
					done[r.DeliveryID]++
				}
				n = len(done)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	require.Len(t, done, endpoints*events)
	for id, n := range done {
		require.Equal(t, 1, n, id)
	}
	require.Zero(t, count(t, dbs[0], "webhook_claims"))
	require.Equal(t, endpoints*events, count(t, dbs[1], "webhook_attempts"))
	require.Equal(t, endpoints*events, count(t, dbs[1], "webhook_deliveries WHERE state = 'delivered'"))
}

// TestWebhooksAreWoken: a dispatcher in another process learns of an event within half a second.
func TestWebhooksAreWoken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	here, there := openFile(t, path, Options{}), openFile(t, path, Options{})
	_, err := here.Webhooks().CreateEndpoint(t.Context(), endpoint("https://example.com"))
	require.NoError(t, err)
	own, others := here.Webhooks().Wake(t.Context()), there.Webhooks().Wake(t.Context())
	<-own
	<-others // something may have happened before
	require.NoError(t, here.InTx(t.Context(), func(ctx context.Context) error {
		_, err := here.Webhooks().Append(ctx, []webhooks.Event{changed(1)})
		require.Empty(t, own, "it is not committed")
		return err
	}))
	began := time.Now()
	<-own
	<-others
	t.Logf("woken after %v", time.Since(began))
	require.Less(t, time.Since(began), 500*time.Millisecond)
}

// TestWebhooksSealed: with a key nothing of an endpoint's secrets can be read in the file, and one that can't be opened
// holds up no other.
func TestWebhooksSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	key, err := webhooks.NewSealer(noise(32))
	require.NoError(t, err)
	sealed := openFile(t, path, Options{Sealer: key})
	e := endpoint("https://example.com")
	e.Token = "a-token-that-nobody-may-read"
	e, err = sealed.Webhooks().CreateEndpoint(t.Context(), e)
	require.NoError(t, err)
	got, err := sealed.Webhooks().Endpoint(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, e, got)
	for _, name := range []string{path, path + "-wal"} {
		written, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(written), string(e.Token))
	}
	var log bytes.Buffer
	open := openFile(t, path, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	got, err = open.Webhooks().Endpoint(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, webhooks.Credentials{Unreadable: true}, got.Credentials)
	require.Equal(t, e.URL, got.URL, "the rest can be read")
	_, err = open.Webhooks().UpdateEndpoint(t.Context(), e.ID, 0,
		func(e *webhooks.Endpoint) error { e.Pause(); return nil })
	require.ErrorIs(t, err, webhooks.ErrUnreadable)
	require.ErrorContains(t, err, "no key")
	readable, err := open.Webhooks().CreateEndpoint(t.Context(), endpoint("https://example.org"))
	require.NoError(t, err)
	fill(t, open.Webhooks(), 1)
	claims, err := open.Webhooks().Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 10, Depth: 1})
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, readable.ID, claims[0].Endpoint.ID)
	all, n, err := open.Webhooks().ListEndpoints(t.Context(), 10, 0)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, []bool{true, false}, []bool{all[0].Unreadable, all[1].Unreadable})
	fill(t, open.Webhooks(), 1)
	_, err = open.Webhooks().Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 10, Depth: 1})
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(log.String(), "can't deliver to an endpoint"), "the log says so once")
	require.NoError(t, open.Webhooks().DeleteEndpoint(t.Context(), e.ID, 0))
}

// TestWebhooksClockBefore: what was stored while the clock was ahead doesn't wait after a restart either.
func TestWebhooksClockBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	ahead, err := Open(t.Context(), path, Options{Now: func() time.Time { return time.Now().Add(24 * time.Hour) }})
	require.NoError(t, err)
	_, err = ahead.Webhooks().CreateEndpoint(t.Context(), endpoint("https://example.com"))
	require.NoError(t, err)
	fill(t, ahead.Webhooks(), 3)
	require.NoError(t, ahead.Close())
	claims, err := openFile(t, path, Options{}).Webhooks().Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 10,
		Depth: 10})
	require.NoError(t, err)
	require.Len(t, delivered(claims), 3)
}

// TestWebhooksPlans: what a claim does doesn't grow with how much is stored: it scans no table but those of endpoints
// and claims.
func TestWebhooksPlans(t *testing.T) {
	db := openNew(t)
	for _, statement := range []string{
		deliveryColumns + fromDeliveries + ` WHERE d.id IN (SELECT value FROM json_each('[1]'))`,
		`SELECT ` + waits + `0` + lostWaits + `0) FROM webhook_endpoints e`,
		countDue,
	} {
		var steps []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		require.NoError(t, db.readers.Select(&steps, `EXPLAIN QUERY PLAN `+statement, 0, 0, 0, 0))
		require.NotEmpty(t, steps)
		for _, step := range steps {
			require.NotRegexp(t, `^SCAN (d|webhook_deliveries|webhook_events)\b`, step.Detail, statement)
		}
	}
}

// BenchmarkWebhooksDelivery sends events of one product each to a receiver in this process.
func BenchmarkWebhooksDelivery(b *testing.B) {
	for _, c := range []struct{ endpoints, total int }{{1, 10_000}, {10, 10_000}} {
		b.Run(fmt.Sprintf("endpoints=%d/total=%d", c.endpoints, c.total), func(b *testing.B) {
			w := openNew(b).Webhooks()
			var received atomic.Int64
			r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusNoContent)
				received.Add(1)
			}))
			defer r.Close()
			for range c.endpoints {
				_, err := w.CreateEndpoint(b.Context(), endpoint(r.URL))
				require.NoError(b, err)
			}
			sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true,
				AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}})
			require.NoError(b, err)
			for b.Loop() {
				b.StopTimer()
				fill(b, w, c.total/c.endpoints)
				received.Store(0)
				d, err := webhooks.NewDispatcher(w, sender, webhooks.DispatcherOptions{})
				require.NoError(b, err)
				ctx, end := context.WithCancel(b.Context())
				var running sync.WaitGroup
				b.StartTimer()
				running.Go(func() {
					if err := d.Run(ctx); err != nil {
						b.Error(err)
					}
				})
				for received.Load() < int64(c.total) {
					time.Sleep(time.Millisecond)
				}
				end()
				running.Wait()
			}
			b.ReportMetric(float64(c.total*b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
