package postgres_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/webhooks"
)

// open claims, by delivery and by endpoint.
type openClaims struct {
	mu         sync.Mutex
	deliveries map[int64]bool
	endpoints  map[string]int
	done       map[int64]int
}

// TestWebhooksWorkers lets 8 workers over two DBs deliver 3 x 300 events, while settings change: none is ever in two
// claims, no endpoint has more claims than it may, and every delivery is delivered, once.
func TestWebhooksWorkers(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	deliverAll(t, url, url, 300)
}

// TestWebhooksPooler does the same by way of a pooler in transaction mode, that has fewer connections than there are
// workers.
func TestWebhooksPooler(t *testing.T) {
	url := migrated(t)
	deliverAll(t, url, pgtest.Pooler(t, url), 100)
}

func deliverAll(t *testing.T, direct, url string, events int) {
	dbs := []*postgres.DB{open(t, url, postgres.Options{RetryFor: time.Minute}),
		open(t, url, postgres.Options{RetryFor: time.Minute})}
	w := dbs[0].Webhooks()
	const endpoints, concurrency = 3, 4
	var ids []string
	for range endpoints {
		e := endpointAt("https://example.com")
		e.Concurrency = concurrency
		e, err := w.CreateEndpoint(t.Context(), e)
		require.NoError(t, err)
		ids = append(ids, e.ID)
	}
	fill(t, w, events)
	o := openClaims{deliveries: map[int64]bool{}, endpoints: map[string]int{}, done: map[int64]int{}}
	var workers sync.WaitGroup
	for i := range 8 {
		workers.Go(func() {
			for o.work(t, dbs[i%2].Webhooks(), concurrency) < endpoints*events {
				if i == 0 { // somebody changes settings, and sends again what waits
					_, err := w.UpdateEndpoint(t.Context(), ids[rand.IntN(endpoints)], 0,
						func(e *webhooks.Endpoint) error {
							e.ClientName += "x"
							return nil
						})
					if err != nil {
						t.Error(err)
					}
				}
				if t.Failed() {
					return
				}
			}
		})
	}
	workers.Wait()
	require.Len(t, o.done, endpoints*events)
	for id, n := range o.done {
		require.Equal(t, 1, n, id)
	}
	require.Equal(t, endpoints*events,
		scan[int](t, direct, `SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'`))
	require.Equal(t, endpoints*events, scan[int](t, direct, `SELECT count(*) FROM webhook_attempts WHERE kind = ''`))
	require.Zero(t, scan[int](t, direct, `SELECT count(*) FROM webhook_claims`))
}

// work claims and finishes once, and returns how many deliveries are delivered. Of the results some are failures, some
// are missing until the next call.
func (o *openClaims) work(t *testing.T, w *postgres.Webhooks, concurrency int) int {
	claims, err := w.Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 1 + rand.IntN(5), Bulk: 1,
		Depth: 1 + rand.IntN(12)})
	if err != nil {
		t.Error(err)
		return 0
	}
	o.mu.Lock()
	for _, c := range claims {
		if o.endpoints[c.Endpoint.ID]++; o.endpoints[c.Endpoint.ID] > concurrency {
			t.Errorf("%d claims of an endpoint", o.endpoints[c.Endpoint.ID])
		}
		for _, work := range c.Work {
			if o.deliveries[work.Delivery.ID] {
				t.Errorf("delivery %d is in two claims", work.Delivery.ID)
			}
			o.deliveries[work.Delivery.ID] = true
		}
	}
	o.mu.Unlock()
	for _, c := range claims { // outside of a transaction
		id := c.Work[0].Delivery.ID
		if record, err := w.Delivery(t.Context(), id); err != nil || record.Delivery.ID != id {
			t.Error(record.Delivery.ID, err)
		}
	}
	// A claim is finished in two halves: while the first is stored others may claim, but not what is in the second.
	for i := range claims {
		results := delivered(claims[i : i+1])
		for j := range results {
			if rand.IntN(20) == 0 { // nothing was tried
				results[j].Attempt = nil
			}
		}
		half := len(results) / 2
		o.finish(t, w, results[:half])
		o.mu.Lock()
		o.endpoints[claims[i].Endpoint.ID]-- // it ends while the rest is stored
		o.mu.Unlock()
		o.finish(t, w, results[half:])
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.done)
}

func (o *openClaims) finish(t *testing.T, w *postgres.Webhooks, results []webhooks.Result) {
	o.mu.Lock()
	for _, r := range results {
		delete(o.deliveries, r.DeliveryID)
		if r.Attempt != nil {
			o.done[r.DeliveryID]++
		}
	}
	o.mu.Unlock()
	n, err := w.Finish(t.Context(), results)
	if err != nil || n != len(results) {
		t.Error(n, err)
	}
}

// lose ends the leases of all claims.
func lose(t *testing.T, url string) {
	t.Helper()
	_, err := admin(t, url).ExecContext(t.Context(), `UPDATE webhook_claims SET lease_until = clock_timestamp()`)
	require.NoError(t, err)
}

// TestWebhooksTakeover: a worker whose lease is over and whose deliveries somebody else has changes nothing any more.
func TestWebhooksTakeover(t *testing.T) {
	url := migrated(t)
	w := open(t, url, postgres.Options{}).Webhooks()
	e := endpointAt("https://example.com")
	e.Concurrency = 1
	_, err := w.CreateEndpoint(t.Context(), e)
	require.NoError(t, err)
	fill(t, w, 4)
	slow, err := w.Claim(t.Context(), whole)
	require.NoError(t, err)
	require.Len(t, slow[0].Work, 4)
	lose(t, url)
	next, err := w.Claim(t.Context(), webhooks.ClaimRequest{Worker: "next", Limit: 1, Depth: 3})
	require.NoError(t, err)
	require.Len(t, next[0].Work, 3)
	require.Equal(t, "1 3",
		scan[string](t, url,
			`SELECT string_agg(cardinality(deliveries)::text, ' ' ORDER BY cardinality(deliveries)) FROM webhook_claims`))
	n, err := w.Finish(t.Context(), delivered(slow))
	require.NoError(t, err)
	require.Equal(t, 1, n, "the one that nobody took over")
	n, err = w.Finish(t.Context(), delivered(next))
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, 4, scan[int](t, url, `SELECT count(*) FROM webhook_attempts`))
}
