package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkListByFields asks a catalogue of 500,000 products for pages of 20 by a field with an index, of which a tenth
// have none. median-ms is the middle of the times.
func BenchmarkListByFields(b *testing.B) {
	url := migrated(b)
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100"})
	require.NoError(b, err)
	p := open(b, url, postgres.Options{Fields: schema}).Products()
	query(b, url, `INSERT INTO products (id, version, created_at, updated_at, sku_key, sku, name, description, status,
			attributes, price, brand)
		SELECT n, 1, now(), now(), 'SKU-' || n, 'SKU-' || n, 'Name of ' || n, repeat('It shines. ', 10), n % 2 = 0,
			'{"color": "red"}', CASE WHEN n % 10 > 0 THEN (n * 7919 % 100000) / 100.0 END, 'Brand ' || n % 100
		FROM generate_series(1::bigint, 500000) AS n`)
	query(b, url, `VACUUM ANALYZE products`)
	at := products.Condition{Field: "price", Op: products.OpAtLeast, Value: "500"}
	for _, test := range []struct {
		name string
		products.Query
	}{
		{"from", products.Query{Where: []products.Condition{at}, Order: "price"}},
		{"from-descending", products.Query{Where: []products.Condition{at}, Order: "-price"}},
		{"all", products.Query{Order: "price"}},
		{"all-descending", products.Query{Order: "-price"}},
		{"equal", products.Query{Where: []products.Condition{{Field: "price", Op: products.OpEqual, Value: "700.01"}}}},
	} {
		test.SkipCount = true
		first, err := p.List(b.Context(), test.Query)
		require.NoError(b, err)
		_, order, _, err := test.Query.Check(schema)
		require.NoError(b, err)
		next := test.Query
		next.Cursor = order.Cursor(&first.Products[len(first.Products)-1])
		inside := test.Query
		edge := products.Product{ID: 250_000, SKU: "SKU-250000"}
		edge.Set(schema.Find("price"), "700.00")
		inside.Cursor = order.Cursor(&edge)
		for name, q := range map[string]products.Query{test.name + "/first": test.Query, test.name + "/next": next,
			test.name + "/inside": inside} {
			for _, bytes := range []int{0, products.MaxBytes} {
				q.MaxBytes = bytes
				if bytes > 0 {
					name += "/bounded"
				}
				b.Run(name, func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						began := time.Now()
						_, err := p.List(b.Context(), q)
						took = append(took, time.Since(began))
						require.NoError(b, err)
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
				})
			}
		}
	}
}
