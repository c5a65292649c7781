package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkWriteBatch writes batches as importer.Run makes them: 20,000 records, with SKUs in no order.
func BenchmarkWriteBatch(b *testing.B) {
	const n = 20_000
	for _, c := range []struct {
		name  string
		mode  products.Mode
		exist int // so many exist, just so
		hint  bool
		want  products.Outcome
	}{
		{"fresh", products.Ignore, 0, true, products.Created},
		{"unchanged/ignore", products.Ignore, n, false, products.Skipped},
		{"unchanged/update", products.Update, n, false, products.Unchanged},
		{"half/ignore", products.Ignore, n / 2, false, products.Created},
		{"half/update", products.Update, n / 2, false, products.Updated},
	} {
		b.Run(c.name, func(b *testing.B) {
			url := pgtest.URL(b)
			store := open(b, url, postgres.Options{}).Products()
			columns := products.Columns{Description: true}
			before := &products.Batch{Columns: columns, Records: records(n, "sku", "Plain name")[:c.exist]}
			batch := &products.Batch{Mode: c.mode, Columns: columns, ExpectNew: c.hint, Records: records(n, "sku", "Plain name")}
			if c.want == products.Updated {
				for i := range batch.Records {
					batch.Records[i].Name = "Other name"
				}
			}
			want := n
			if c.exist > 0 && c.exist < n {
				want = n / 2
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				query(b, url, `TRUNCATE products`)
				_, err := store.WriteBatch(b.Context(), before)
				require.NoError(b, err)
				query(b, url, `ANALYZE products`)
				b.StartTimer()
				result, err := store.WriteBatch(b.Context(), batch)
				require.NoError(b, err)
				require.EqualValues(b, want, result.Count(c.want), fmt.Sprint(c.want))
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
