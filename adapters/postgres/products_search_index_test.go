package postgres_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

func TestSearchIndex(t *testing.T) {
	t.Run("one table", func(t *testing.T) { testSearchIndex(t, migrated(t)) })
	t.Run("partitions", func(t *testing.T) {
		url := migrated(t)
		partition(t, url)
		testSearchIndex(t, url)
		require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_class WHERE relname LIKE 'products%search'`))
	})
}

func testSearchIndex(t *testing.T, url string) {
	db := open(t, url, postgres.Options{})
	var file strings.Builder
	require.NoError(t, catalogtest.Write(&file, 5_000))
	_, err := importer.Run(t.Context(), importer.Bytes(file.String()), db.Products(), importer.Options{})
	require.NoError(t, err)
	query := products.Query{Search: "LAMP FLAME", Limit: 5}
	want, err := db.Products().List(t.Context(), query)
	require.NoError(t, err)
	require.NotEmpty(t, want.Products)

	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.NoError(t, db.BuildSearchIndex(t.Context()), "again")
	got, err := db.Products().List(t.Context(), query)
	require.NoError(t, err)
	require.Equal(t, want, got)

	admin, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	admin.SetMaxOpenConns(1)
	_, err = admin.ExecContext(t.Context(), `SET enable_seqscan = off`) // of few rows
	require.NoError(t, err)
	rows, err := admin.QueryContext(t.Context(),
		`EXPLAIN SELECT count(*) FROM products WHERE sku ~ '[lL][aA][mM][pP] [fF][lL]' OR name ~ '[lL][aA][mM][pP] [fF][lL]'`)
	require.NoError(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		plan.WriteString(line + "\n")
	}
	require.NoError(t, rows.Err())
	require.Regexp(t, "products(_0)?_search", plan.String(), "patterns like those of Query.Search use the index")

	// A process with a field that is searched builds it anew, one without the field leaves it.
	schema, err := products.NewSchema(products.Field{Name: "brand", Type: products.Text, Search: true})
	require.NoError(t, err)
	more := open(t, url, postgres.Options{Fields: schema})
	definition := func() string {
		return scan[string](t, url, `SELECT pg_get_indexdef('products_search'::regclass)`)
	}
	require.NotContains(t, definition(), "brand")
	require.NoError(t, more.BuildSearchIndex(t.Context()))
	require.Contains(t, definition(), "brand gin_trgm_ops")
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.Contains(t, definition(), "brand gin_trgm_ops")

	require.NoError(t, db.DropSearchIndex(t.Context()))
	require.NoError(t, db.DropSearchIndex(t.Context()), "again")
}
