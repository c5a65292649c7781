package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// TestAttributeNamesOfManyProducts: those of more products than one statement looks at are found too.
func TestAttributeNamesOfManyProducts(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	p := open(t, url, postgres.Options{}).Products()
	query(t, url, `INSERT INTO products (id, version, created_at, updated_at, sku_key, sku, name, description, status,
			attributes)
		SELECT n, 1, now(), now(), 'SKU-' || n, 'SKU-' || n, 'Name', '', n % 2 = 0,
			jsonb_build_object('a' || n / 40000, 'x')
		FROM generate_series(1::bigint, 120000) AS n`)
	names, err := p.AttributeNames(t.Context(), products.Query{}, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"a0", "a1", "a2", "a3"}, names)
	odd := false
	names, err = p.AttributeNames(t.Context(), products.Query{Status: &odd}, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"a0", "a1", "a2"}, names)
}
