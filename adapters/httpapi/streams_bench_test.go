package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer/job"
)

// arrival is a frame that a client got.
type arrival struct {
	id string
	at time.Time
}

// listen connects a client to the stream of the first import, and sends every frame that arrives to arrivals.
func listen(b *testing.B, address string, arrivals chan<- arrival) {
	c, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", address)
	require.NoError(b, err)
	_, err = fmt.Fprintf(c, "GET /imports/%s/events HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n", id(1),
		basic(user, password))
	require.NoError(b, err)
	go func() {
		defer func() { _ = c.Close() }()
		for lines := bufio.NewScanner(c); lines.Scan(); {
			if id, is := strings.CutPrefix(lines.Text(), "id: "); is {
				arrivals <- arrival{id, time.Now()}
			}
		}
	}()
}

// BenchmarkStreams measures an operation as the time from a change of an import, at the earliest moment after the last
// one was seen by all, until all of so many clients have its frame.
func BenchmarkStreams(b *testing.B) {
	for _, clients := range []int{1, 1_000, 5_000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			f := newFixture(b, httpapi.Options{})
			l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
			require.NoError(b, err)
			server := httpapi.NewHTTPServer(f.api, nil)
			ctx, cancel := context.WithCancel(context.Background())
			var group sync.WaitGroup
			group.Go(func() { _ = server.Serve(l) })
			group.Go(func() { _ = f.api.Run(ctx) })
			arrivals := make(chan arrival, clients)
			var took []time.Duration
			// await waits until every client has the revision.
			await := func(j job.Job, since time.Time) {
				for n := 0; n < clients; {
					if a := <-arrivals; a.id == fmt.Sprint(j.Revision) {
						took = append(took, a.at.Sub(since))
						n++
					}
				}
			}
			j := f.board.put(running(1, 0))
			for range clients {
				listen(b, l.Addr().String(), arrivals)
			}
			await(j, time.Now())
			took = took[:0]
			for i := int64(1); b.Loop(); i++ {
				since := time.Now()
				await(f.board.put(running(1, i)), since)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
			took = took[:0]
			since := time.Now()
			await(f.board.put(ended(1, job.Success)), since)
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-end-ms")
			cancel()
			_ = server.Close()
			group.Wait()
		})
	}
}
