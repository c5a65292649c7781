package outbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

// BenchmarkImport imports 100,000 products into memory, without an outbox, with one that nobody listens to, and with one endpoint.
func BenchmarkImport(b *testing.B) {
	const n = 100_000
	file := importer.Bytes(lines(n, "a name of some length with the number"))
	for _, v := range []struct {
		name   string
		events []string // nil: there is no outbox
	}{{"no outbox", nil}, {"nobody listens", []string{webhooks.ImportFailed}}, {"one endpoint", []string{"*"}}} {
		b.Run(v.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := memory.New(memory.Options{})
				o := importer.Options{}
				if v.events != nil {
					_, err := db.Webhooks().CreateEndpoint(b.Context(), webhooks.Endpoint{URL: "https://example.com",
						Events: v.events, Concurrency: 8})
					require.NoError(b, err)
					out, err := outbox.New(db.Webhooks())
					require.NoError(b, err)
					o.Notifier = out.Import(job.Job{ID: "i"})
				}
				b.StartTimer()
				result, err := importer.Run(b.Context(), file, db.Products(), o)
				require.NoError(b, err)
				require.EqualValues(b, n, result.Created)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/product")
		})
	}
}
