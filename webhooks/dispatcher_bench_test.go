package webhooks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
)

// BenchmarkDispatch delivers from the store in memory to a receiver on this machine.
func BenchmarkDispatch(b *testing.B) {
	for _, endpoints := range []int{1, 8} {
		b.Run(fmt.Sprint("endpoints=", endpoints), func(b *testing.B) {
			const events = 4_000
			var got atomic.Int64
			all := make(chan struct{}, 1)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if got.Add(1) == events {
					all <- struct{}{}
				}
			}))
			defer receiver.Close()
			for b.Loop() {
				b.StopTimer()
				store := memory.New(memory.Options{}).Webhooks()
				for range endpoints {
					_, err := store.CreateEndpoint(b.Context(), endpoint(receiver.URL))
					require.NoError(b, err)
				}
				told := make([]webhooks.Event, events/endpoints)
				for i := range told {
					told[i] = webhooks.Event{Type: webhooks.ProductCreated,
						Data: fmt.Appendf(nil, `{"products":[{"id":%d}]}`, i)}
				}
				_, err := store.Append(b.Context(), told)
				require.NoError(b, err)
				s, err := webhooks.NewSender(webhooks.SenderOptions{Policy: local})
				require.NoError(b, err)
				d, err := webhooks.NewDispatcher(store, s, webhooks.DispatcherOptions{})
				require.NoError(b, err)
				ctx, cancel := context.WithCancel(b.Context())
				got.Store(0)
				ended := make(chan error, 1)
				b.StartTimer()
				go func() { ended <- d.Run(ctx) }()
				<-all
				b.StopTimer()
				cancel()
				require.NoError(b, <-ended)
				b.StartTimer()
			}
			b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
