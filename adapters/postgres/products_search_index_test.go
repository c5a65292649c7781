package postgres_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

func TestSearchIndex(t *testing.T) {
	t.Parallel()
	t.Run("one table", func(t *testing.T) { testSearchIndex(t, home.In(t, postgres.OneTable())) })
	t.Run("partitions", func(t *testing.T) {
		testSearchIndex(t, home.In(t, postgres.HashPartitions(8)))
	})
	t.Run("Citus", func(t *testing.T) { testSearchIndex(t, home.In(t, postgres.Citus())) })
}

// searchIndexes are the definitions of the parts of the index, of all partitions.
const searchIndexes = `SELECT coalesce(string_agg(pg_get_indexdef(indexrelid), E'\n' ORDER BY relname), '')
	FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relname ~ '_(search|changed)'`

func testSearchIndex(t *testing.T, url string) {
	db := open(t, url, postgres.Options{})
	importFile(t, db, 0, 6_000)
	flame := products.Query{Search: "LAMP", Limit: 5}
	search := func() products.Page {
		page, err := db.Products().List(t.Context(), flame)
		require.NoError(t, err)
		return page
	}
	before := search()
	require.NotEmpty(t, before.Products)

	query(t, url, `CREATE EXTENSION pg_trgm`)
	query(t, url, `CREATE INDEX products_search ON products USING gin (sku gin_trgm_ops)`)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	first := scan[string](t, url, searchIndexes)
	require.NotContains(t, first, "products_search ON", "the index that there was once goes")
	require.NoError(t, db.BuildSearchIndex(t.Context()), "again")
	require.Equal(t, first, scan[string](t, url, searchIndexes))
	require.Equal(t, before, search())

	// What is new, or changed, is in no part, and found.
	result := importFile(t, db, 6_000, 12_000)
	require.Greater(t, result.Created, int64(5_000))
	found := search()
	require.Greater(t, found.Count, before.Count)
	require.Equal(t, first, scan[string](t, url, searchIndexes))
	require.NoError(t, postgres.SearchIndexOnce(t.Context(), db, time.Hour))
	require.Equal(t, first, scan[string](t, url, searchIndexes), "somebody is still writing")
	require.NoError(t, postgres.SearchIndexOnce(t.Context(), db, 0))
	second := scan[string](t, url, searchIndexes)
	require.NotEqual(t, first, second)
	require.Equal(t, found, search())
	require.NoError(t, postgres.SearchIndexOnce(t.Context(), db, 0))
	require.Equal(t, second, scan[string](t, url, searchIndexes), "there is nothing to do")
	renamed := found.Products[0]
	name := "Lamp frame, renamed"
	_, err := db.Products().Update(t.Context(), renamed.ID, 0, products.Patch{Name: &name})
	require.NoError(t, err)
	require.Equal(t, name, search().Products[0].Name)
	requireIndexesUsed(t, url, db, flame)
	require.Len(t, searchCuts(t, url), 1, "what is nearly as large as the part before is made one with it")

	add := func(from, to int) {
		query(t, url, fmt.Sprintf(`INSERT INTO products (id, sku_key, sku, name)
			SELECT 1000000000 + n, n, n, 'Lamp ' || n FROM generate_series(%d, %d) AS n`, from, to))
		require.NoError(t, db.BuildSearchIndex(t.Context()))
	}
	add(1, 60_000)
	require.Len(t, searchCuts(t, url), 1)
	add(60_001, 66_000)
	cuts := searchCuts(t, url)
	require.Len(t, cuts, 2, "a large part stays")
	add(66_001, 72_000)
	again := searchCuts(t, url)
	require.Len(t, again, 2)
	require.Equal(t, cuts[0], again[0])
	require.NotEqual(t, cuts[1], again[1])
	require.Equal(t, found.Count+72_000, search().Count)
	requireIndexesUsed(t, url, db, flame)

	// A process with a field that is searched builds it anew, one without the field leaves it.
	schema, err := products.NewSchema(products.Field{Name: "brand", Type: products.Text, Search: true})
	require.NoError(t, err)
	more := open(t, url, postgres.Options{Fields: schema})
	require.NotContains(t, second, "brand")
	require.NoError(t, more.BuildSearchIndex(t.Context()))
	require.Contains(t, scan[string](t, url, searchIndexes), "brand gin_trgm_ops")
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.Contains(t, scan[string](t, url, searchIndexes), "brand gin_trgm_ops")
	requireIndexesUsed(t, url, more, flame)
	requireIndexesUsed(t, url, db, flame)

	require.NoError(t, db.DropSearchIndex(t.Context()))
	require.NoError(t, db.DropSearchIndex(t.Context()), "again")
	require.Empty(t, scan[string](t, url, searchIndexes))
	require.NoError(t, postgres.SearchIndexOnce(t.Context(), db, 0), "nobody builds it again")
	require.Empty(t, scan[string](t, url, searchIndexes))
	require.Equal(t, name, search().Products[0].Name)
}

// searchCuts are the times up to which the parts go.
func searchCuts(t *testing.T, url string) []string {
	t.Helper()
	return strings.Fields(scan[string](t, url, `SELECT string_agg(cut, ' ') FROM products_importer_settings,
		jsonb_array_elements_text(value::jsonb -> 'cuts') AS cut WHERE name = 'search_index'`))
}

// importFile imports the records of the catalogue from one to another.
func importFile(t *testing.T, db *postgres.DB, from, to int) *importer.Result {
	t.Helper()
	var file strings.Builder
	require.NoError(t, catalogtest.Write(&file, to))
	lines := strings.SplitAfter(file.String(), "\n")
	result, err := importer.Run(t.Context(), importer.Bytes(lines[0]+strings.Join(lines[1+from:], "")), db.Products(),
		importer.Options{})
	require.NoError(t, err)
	return result
}

// requireIndexesUsed: the statement of a search finds its products by the parts, and by the index of what has changed.
func requireIndexesUsed(t *testing.T, url string, db *postgres.DB, q products.Query) {
	t.Helper()
	admin, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	tx, err := admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.ExecContext(t.Context(), `SET LOCAL citus.propagate_set_commands = local`) // to the nodes, if it has some
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), `SET LOCAL enable_seqscan = off`) // of few rows
	require.NoError(t, err)
	condition, args := postgres.SearchCondition(t.Context(), db, q)
	rows, err := tx.QueryContext(t.Context(), `EXPLAIN SELECT count(*) FROM products`+condition, args...)
	require.NoError(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		plan.WriteString(line + "\n")
	}
	require.NoError(t, rows.Err())
	require.Regexp(t, `products(_0)?_search_\d+`, plan.String())
	require.Regexp(t, `products(_0)?_changed_\d+`, plan.String())
	require.NotContains(t, plan.String(), "Seq Scan")
}

// TestSearchIndexGoesOn: a process that is killed while it builds leaves something behind. The next one goes on.
func TestSearchIndexGoesOn(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	importFile(t, db, 0, 6_000)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	whole := scan[string](t, url, searchIndexes)
	const setting = `SELECT value FROM products_importer_settings WHERE name = 'search_index'`
	settled := scan[string](t, url, setting)

	// As it stands behind the first of its statements, of which one was interrupted.
	query(t, url, `UPDATE products_importer_settings SET value = '{"next": ' || value || '}'
			WHERE name = 'search_index';
		UPDATE pg_index SET indisvalid = false
			WHERE indexrelid IN (SELECT oid FROM pg_class WHERE relname ~ '_search_')`)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.Equal(t, whole, scan[string](t, url, searchIndexes), "no other one is begun")
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`))
	require.Equal(t, settled, scan[string](t, url, setting))

	// It was killed before it had dropped what is old, which is dropped by the next that has something to do.
	query(t, url, `UPDATE products_importer_settings
		SET value = '{"old": [{"fields": ["sku"], "cuts": ["2020-01-01T00:00:00.000000Z"]}], ' || substr(value, 2)
		WHERE name = 'search_index'`)
	query(t, url, `CREATE INDEX products_search_20200101000000000000 ON products USING gin (sku gin_trgm_ops)`)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.Equal(t, whole, scan[string](t, url, searchIndexes))
	require.Equal(t, settled, scan[string](t, url, setting))
}

// TestSearchIndexIsKept: a DB that was opened before there was an index keeps it up to date too.
func TestSearchIndexIsKept(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	open(t, url, postgres.Options{})
	builder := open(t, url, postgres.Options{})
	require.NoError(t, builder.BuildSearchIndex(t.Context()))
	require.NoError(t, builder.Close())
	first := searchCuts(t, url)
	query(t, url, `UPDATE products_importer_settings SET value = replace(value, '`+first[0]+`',
			'2020-01-01T00:00:00.000000Z') WHERE name = 'search_index';
		INSERT INTO products (id, sku_key, sku, name, updated_at) SELECT n, n, n, n, '2021-01-01'
			FROM generate_series(1, 6000) AS n`)
	require.Eventually(t, func() bool { return searchCuts(t, url)[0] > first[0] }, time.Minute, 200*time.Millisecond)
}

// TestBuildIsAwaited: where the process that asked for an index was killed the server builds it all the same.
func TestBuildIsAwaited(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	require.NoError(t, open(t, url, postgres.Options{Fields: schemaWith(t, price)}).Close())
	admin, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	// A transaction that has written holds the build up.
	writer, err := admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = writer.ExecContext(t.Context(), `INSERT INTO products (id, sku_key, sku, name) VALUES (1, 'a', 'a', 'A')`)
	require.NoError(t, err)
	built := make(chan error, 2)
	go func() {
		_, err := admin.ExecContext(t.Context(), `CREATE INDEX CONCURRENTLY products_by_price ON products (price, id)`)
		built <- err
	}()
	begun := func(query string) func() bool {
		return func() bool {
			var n int
			require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE $1`, query).Scan(&n))
			return n > 0
		}
	}
	index := func() (oid sql.NullInt64) {
		require.NoError(t, admin.QueryRowContext(t.Context(),
			`SELECT to_regclass('products_by_price')::oid`).Scan(&oid))
		return oid
	}
	require.Eventually(t, func() bool { return index().Valid }, time.Minute, 10*time.Millisecond)
	of := index()
	price.Index = true
	db := open(t, url, postgres.Options{Fields: schemaWith(t, price)})
	go func() { built <- db.BuildIndexes(t.Context()) }()
	require.Eventually(t, begun(`%pg_stat_progress_create_index%index_relid%`), time.Minute, 10*time.Millisecond)
	require.NoError(t, writer.Rollback())
	require.NoError(t, <-built)
	require.NoError(t, <-built)
	require.Equal(t, of, index(), "it was built once")
}
