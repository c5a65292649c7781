package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkWriteBatch writes batches as importer.Run makes them: 20,000 records, with SKUs in no order.
func BenchmarkWriteBatch(b *testing.B) { benchmarkWriteBatch(b, products.Standard()) }

// BenchmarkWriteBatchFields is the same with five fields more.
func BenchmarkWriteBatchFields(b *testing.B) {
	benchmarkWriteBatch(b, schemaWith(b, price, stock, brand, products.Field{Name: "category", Type: products.Text},
		products.Field{Name: "since", Type: products.Date}))
}

// batchOf makes a batch of records that have a value of each field of the schema but status.
func batchOf(schema *products.Schema, mode products.Mode, n int) *products.Batch {
	batch := &products.Batch{Mode: mode, Columns: columnsOf(schema, "name", "description"),
		Records: records(n, "sku", "Plain name")}
	for i := range schema.Len() {
		f := schema.At(i)
		if f.Builtin() {
			continue
		}
		batch.Columns.Fields = append(batch.Columns.Fields, f)
		for n := range batch.Records {
			value := fmt.Sprintf("%s %d", f.Name, n%1000)
			switch f.Type {
			case products.Decimal:
				value = fmt.Sprintf("%d.%02d", n%1000, n%100)
			case products.Integer:
				value = fmt.Sprint(n % 1000)
			case products.Date:
				value = fmt.Sprintf("2026-%02d-%02d", n%12+1, n%28+1)
			}
			batch.Records[n].Values = append(batch.Records[n].Values, value)
		}
	}
	return batch
}

func benchmarkWriteBatch(b *testing.B, schema *products.Schema) {
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
			url := migrated(b)
			store := open(b, url, postgres.Options{Fields: schema}).Products()
			before := batchOf(schema, products.Ignore, n)
			before.Records = before.Records[:c.exist]
			batch := batchOf(schema, c.mode, n)
			batch.ExpectNew = c.hint
			if c.want == products.Updated {
				for i := range batch.Records {
					batch.Records[i].Values[0] = "Other name"
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
