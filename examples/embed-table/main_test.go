package main

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestImportItems: the second time there is nothing to do, and the search is told of each change once.
func TestImportItems(t *testing.T) {
	pool, err := sql.Open("postgres", pgtest.URL(t))
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Close()) }()
	shop, err := os.ReadFile("shop.sql")
	require.NoError(t, err)
	_, err = pool.ExecContext(t.Context(), string(shop))
	require.NoError(t, err)
	for _, want := range []string{"1 created, 1 updated, 1 unchanged, 1 rejected\n",
		"0 created, 0 updated, 3 unchanged, 1 rejected\n"} {
		file, err := importer.OpenFile("items.csv")
		require.NoError(t, err)
		var out strings.Builder
		require.NoError(t, importItems(t.Context(), pool, file, &out))
		require.Contains(t, out.String(), "line 5: ")
		require.True(t, strings.HasSuffix(out.String(), want), out.String())
		var queued, items string
		require.NoError(t, pool.QueryRowContext(t.Context(), `SELECT
			(SELECT string_agg(code, ' ' ORDER BY code) FROM shop.to_index),
			(SELECT string_agg(concat_ws(' ', code, price, stock), ', ' ORDER BY code) FROM shop.items)`).
			Scan(&queued, &items))
		require.Equal(t, "lamp-1 table-1", queued)
		require.Equal(t, "chair-1 49.00 0, lamp-1 19.90 12, table-1 199.00 3", items)
	}
}
