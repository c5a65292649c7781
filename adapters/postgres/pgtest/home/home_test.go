package home

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const partitions = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'products'::regclass`

func scan(t *testing.T, url, statement string) (n int) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), statement).Scan(&n))
	return n
}

func TestURL(t *testing.T) {
	for asked, parts := range map[string]int{"": 0, "hash:3": 3, "hash:8": 8} {
		t.Setenv(distribute, asked)
		url := URL(t)
		require.Equal(t, parts, scan(t, url, partitions), asked)
		require.Equal(t, min(parts, 1), scan(t, url, `SELECT count(*) FROM products_importer_settings`),
			"what the products are in is recorded, and nothing else")
		require.Equal(t, parts, scan(t, Copy(t, "with one", func(url string) {
			require.Equal(t, 0, scan(t, url, `WITH made AS (INSERT INTO products (id, sku_key, sku, name)
				VALUES (1, 'a', 'a', 'A')) SELECT count(*) FROM products`))
		}), `SELECT count(*) * (`+partitions+`) FROM products`), asked)
		require.Equal(t, 2, scan(t, In(t, postgres.HashPartitions(2)), partitions), "whatever is asked for")
	}
}

func TestURLOnCitus(t *testing.T) {
	pgtest.NeedCitus(t)
	t.Setenv(distribute, "citus")
	require.Equal(t, pgtest.CitusShards, scan(t, URL(t), `SELECT count(*) FROM pg_dist_shard`))
}

func TestOneTable(t *testing.T) {
	for asked, skipped := range map[string]bool{"": false, "none": false, "hash:64": true, "citus": true} {
		t.Setenv(distribute, asked)
		ended := false
		t.Run("subtest", func(t *testing.T) {
			t.Cleanup(func() { ended = t.Skipped() })
			OneTable(t, "it is about one table")
		})
		require.Equal(t, skipped, ended, asked)
	}
}
