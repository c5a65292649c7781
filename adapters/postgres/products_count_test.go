package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestEstimatedCount: what the server knows of the table is the count where it may be an estimate, and never less than
// what was counted.
func TestEstimatedCount(t *testing.T) {
	t.Run("one table", func(t *testing.T) { testEstimatedCount(t, home.In(t, postgres.OneTable())) })
	t.Run("partitions", func(t *testing.T) {
		testEstimatedCount(t, home.In(t, postgres.HashPartitions(8)))
	})
}

func testEstimatedCount(t *testing.T, url string) {
	p := open(t, url, postgres.Options{}).Products()
	query(t, url, `INSERT INTO products (id, sku_key, sku, name, status) SELECT n, n, n, 'Lamp', n % 4 = 0
		FROM generate_series(1, 4000) AS n`)
	query(t, url, `ANALYZE products`)
	status := true
	for _, test := range []struct {
		query     products.Query
		count     int
		estimated bool
	}{
		{products.Query{}, 4_000, false}, {products.Query{CountUpTo: 4_000}, 4_000, false},
		{products.Query{CountUpTo: 3_999}, 4_000, true},
		{products.Query{CountUpTo: 100}, 4_000, true},
		{products.Query{CountUpTo: 100, MaxBytes: 1_000_000}, 4_000, true},
		{products.Query{CountUpTo: 100, Status: &status}, 1_000, true},
		{products.Query{CountUpTo: 1_000, Status: &status}, 1_000, false},
		{products.Query{CountUpTo: 100, Name: "Lamp", Search: "lamp", Order: "-name"}, 4_000, true},
		{products.Query{CountUpTo: 100, SKU: "7"}, 1, false},
	} {
		test.query.Limit = 5
		page, err := p.List(t.Context(), test.query)
		require.NoError(t, err)
		require.Equal(t, test.estimated, page.CountEstimated, "%+v", test.query)
		if test.estimated {
			require.InEpsilon(t, test.count, page.Count, 0.3, "%+v", test.query)
		} else {
			require.EqualValues(t, test.count, page.Count, "%+v", test.query)
		}
	}

	// It knows nothing of what came since, or thinks that a piece of text is in few products.
	query(t, url, `UPDATE products SET name = name || ' with a shade'`)
	page, err := p.List(t.Context(), products.Query{Search: "shade", Limit: 5, CountUpTo: 3_000})
	require.NoError(t, err)
	require.True(t, page.CountEstimated)
	require.Greater(t, page.Count, int64(3_000))
}
