//go:build !nopage

package page_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// BenchmarkWatchedImport is how much longer an import takes while clients follow its events, or a tab shows it, than by
// itself: medians, in turns. The tab's browser has the same processors as the import.
func BenchmarkWatchedImport(b *testing.B) {
	var file strings.Builder
	file.WriteString("sku,name,price\n")
	for i := range 100_000 {
		fmt.Fprintf(&file, "LX-%06d,Lamp %d,%d.50\n", i, i, i%1000)
	}
	seconds := func(watch func(s *shop, id string)) float64 {
		s := openShop(b, true)
		defer s.stop()
		id := s.submit("lamps.csv", file.String(), job.Settings{})
		watch(s, id)
		s.work()
		done := s.ended(id)
		require.EqualValues(b, 100_000, done.Event.Created)
		return done.FinishedAt.Sub(done.StartedAt).Seconds()
	}
	tab := openTab(b)
	var alone, clients, shown []float64
	for b.Loop() {
		alone = append(alone, seconds(func(*shop, string) {}))
		clients = append(clients, seconds(func(s *shop, id string) {
			for range 10 {
				follow(b, s.url+"imports/"+id+"/events")
			}
		}))
		shown = append(shown, seconds(func(s *shop, id string) {
			tab.visit("about:blank")
			tab.visit(s.url + "#/import/jobs/" + id)
			tab.sees("Waiting its turn")
		}))
	}
	b.ReportMetric(median(alone), "alone-s")
	b.ReportMetric(median(clients)/median(alone), "with-10-clients/alone")
	b.ReportMetric(median(shown)/median(alone), "with-a-tab/alone")
}

// follow reads a stream of events to its end, and returns once it has begun.
func follow(b *testing.B, url string) {
	b.Helper()
	begun := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
		if err != nil {
			begun <- err
			return
		}
		answer, err := http.DefaultClient.Do(request)
		begun <- err
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}()
	require.NoError(b, <-begun)
}
