package postgres_test

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
)

// newHole listens, and lets every connection wait for ever. It returns its URL.
func newHole(tb testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		var held []net.Conn // not to be closed for being forgotten
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			held = append(held, conn)
		}
		for _, conn := range held {
			_ = conn.Close()
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
	})
	return "http://" + listener.Addr().String()
}

// steady appends n events, each in a transaction of its own, so many a second, and returns how long each took from its
// commit to its arrival at the receiver.
func steady(b *testing.B, store *postgres.Webhooks, r *receiver, n, perSecond int) []time.Duration {
	var mu sync.Mutex
	arrived := make(map[string]time.Time, n)
	all := make(chan struct{})
	r.seen = func(id string) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		if _, again := arrived[id]; !again {
			if arrived[id] = now; len(arrived) == n {
				close(all)
			}
		}
	}
	type commit struct {
		id string
		at time.Time
	}
	committed := make([]commit, n)
	// Whoever commits late because the last commit took long would lower the rate: several take turns.
	const tellers = 4
	began := time.Now()
	var telling sync.WaitGroup
	for first := range tellers {
		telling.Go(func() {
			for i := first; i < n; i += tellers {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
				events := []webhooks.Event{changed(i)}
				if _, err := store.Append(b.Context(), events); err != nil {
					b.Error(err)
					return
				}
				committed[i] = commit{events[0].ID, time.Now()}
			}
		})
	}
	telling.Wait()
	<-all
	took := make([]time.Duration, n)
	for i, c := range committed {
		took[i] = arrived[c.id].Sub(c.at)
	}
	return took
}

// BenchmarkWebhooksBlackHole measures the time from an event's commit to the arrival of the request at a receiver,
// which gets 200 events a second: alone, and beside others that get the same events and never answer. They take turns,
// a thousand events each time.
func BenchmarkWebhooksBlackHole(b *testing.B) {
	for _, holes := range []int{1, 10} {
		b.Run(fmt.Sprintf("holes=%d", holes), func(b *testing.B) {
			begin := func() (*postgres.Webhooks, *receiver) {
				store := open(b, migrated(b), postgres.Options{}).Webhooks()
				r := newReceiver(b)
				_, err := store.CreateEndpoint(b.Context(), endpointAt(r.URL))
				require.NoError(b, err)
				b.Cleanup(dispatchTo(b, store))
				steady(b, store, r, 200, 200) // until all is warm
				return store, r
			}
			quiet, alone := begin()
			dark, beside := begin()
			for range holes {
				_, err := dark.CreateEndpoint(b.Context(), endpointAt(newHole(b)))
				require.NoError(b, err)
			}
			var waits, waitsBeside []time.Duration
			for b.Loop() {
				waits = append(waits, steady(b, quiet, alone, 1_000, 200)...)
				waitsBeside = append(waitsBeside, steady(b, dark, beside, 1_000, 200)...)
			}
			ms := func(waits []time.Duration, percent int) float64 {
				slices.Sort(waits)
				return float64(waits[len(waits)*percent/100].Microseconds()) / 1e3
			}
			b.ReportMetric(ms(waits, 50), "p50-alone-ms")
			b.ReportMetric(ms(waitsBeside, 50), "p50-beside-ms")
			b.ReportMetric(ms(waits, 99), "p99-alone-ms")
			b.ReportMetric(ms(waitsBeside, 99), "p99-beside-ms")
			b.ReportMetric(ms(waitsBeside, 99)/ms(waits, 99), "x-beside")
			b.ReportMetric(0, "ns/op") // what it takes is decided by the rate
		})
	}
}
