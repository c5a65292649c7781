package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// awkward is a schema whose name has to be quoted everywhere.
const awkward = `we"ird Sch'ema.\x`

// within is the URL with a search_path that leads into the schema, the URL itself for none.
func within(t testing.TB, databaseURL, schema string) string {
	t.Helper()
	if schema == "" {
		return databaseURL
	}
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", `"`+strings.ReplaceAll(schema, `"`, `""`)+`"`)
	u.RawQuery = q.Encode()
	return u.String()
}

// inSchema opens databases over pools that exist, in an awkward schema, beside tables of others with the names of ours,
// by way of a pooler in transaction mode, with the products of the suites that have some in partitions by the hash of
// the key. Those forbid nearly all that a table distributed over several servers forbids: other unique columns, changing
// a row's place, system columns.
func inSchema(t *testing.T) way {
	t.Helper()
	var mu sync.Mutex
	poolers := map[string]string{}
	return way{
		open: func(inner testing.TB, databaseURL string, o postgres.Options) *postgres.DB {
			mu.Lock()
			defer mu.Unlock()
			if poolers[databaseURL] == "" {
				query(inner, databaseURL, foreignTables)
				poolers[databaseURL] = pgtest.Pooler(t, databaseURL)
			}
			o.Schema = awkward
			return overPool(0).open(inner, poolers[databaseURL], o)
		},
		side:         func(databaseURL string) string { return within(t, databaseURL, awkward) },
		make:         pgtest.URL,
		distribution: postgres.HashPartitions(8),
		fields:       indexedFields(t),
	}
}

// foreignTables have names of ours, and what is in them is of no use to us.
const foreignTables = `CREATE TABLE products (article text); CREATE TABLE import_jobs (salary text);
	CREATE VIEW webhook_events AS SELECT 1 AS x; CREATE SEQUENCE product_ids`

// TestSchemaSuites runs the suites with all that may be otherwise at once, since each costs a minute: statements name a
// schema, products are in partitions, parameters are sent as text, in transactions of their own where they read, and a
// session is nobody's. Without TEST_THOROUGH=1 the suites run once, directly and in one table.
func TestSchemaSuites(t *testing.T) {
	t.Parallel()
	if !casetest.Thorough() {
		t.Skip("the suites take two minutes once more: set TEST_THOROUGH=1")
	}
	w := inSchema(t)
	for name, run := range map[string]func(t *testing.T, w way){"products": runProducts, "batches": runBatches,
		"jobs": runJobs, "shared files": runSharedFiles, "uploads": runUploads, "webhooks": runWebhooks,
		"tokens": runTokens} {
		t.Run(name, func(t *testing.T) { run(t, w) })
	}
}

// TestSchemas: two schemas of a database are two catalogues, and the tables of others are left alone.
func TestSchemas(t *testing.T) {
	url := pgtest.URL(t)
	query(t, url, foreignTables)
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true}
	schema, err := products.NewSchema(price, products.Field{Name: "brand", Type: products.Text, Search: true})
	require.NoError(t, err)
	folded := products.FoldedKeys
	a := open(t, url, postgres.Options{Schema: awkward, Fields: schema})
	b := open(t, url, postgres.Options{Schema: "b", KeyRule: &folded})
	for i, db := range []*postgres.DB{a, b} {
		result, err := importer.Run(t.Context(), importer.Bytes("sku,name\na,A\nA,B\n"), db.Products(),
			importer.Options{})
		require.NoError(t, err)
		require.EqualValues(t, 2-i, result.Created, "each has a key rule of its own")
		require.NoError(t, db.BuildIndexes(t.Context()))
		require.NoError(t, db.BuildSearchIndex(t.Context()))
		require.NoError(t, db.BuildSearchIndex(t.Context()), "again")
	}
	require.Equal(t, []string{"A|B|", "a|A|"}, content(t, within(t, url, awkward)))
	require.Equal(t, []string{"a|A|"}, content(t, within(t, url, "b")))
	const indexes = `SELECT string_agg(regexp_replace(indexname, '\d{20}', 'TIME'), ' ' ORDER BY indexname)
		FROM pg_indexes
		WHERE schemaname = current_schema() AND tablename = 'products'`
	require.Equal(t, "products_by_price products_changed_TIME products_id products_pkey products_search_TIME",
		scan[string](t, within(t, url, awkward), indexes))
	require.Equal(t, "products_changed_TIME products_id products_pkey products_search_TIME",
		scan[string](t, within(t, url, "b"), indexes))

	_, err = a.Products().DeleteAll(t.Context())
	require.NoError(t, err)
	require.Len(t, content(t, within(t, url, "b")), 1)
	require.NoError(t, a.DropSearchIndex(t.Context()))
	require.Equal(t, "products_changed_TIME products_id products_pkey products_search_TIME",
		scan[string](t, within(t, url, "b"), indexes))
	require.Zero(t, scan[int](t, url, `SELECT (SELECT count(*) FROM products) + (SELECT count(*) FROM import_jobs)`))
	require.Equal(t, 4, scan[int](t, url, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`))
	reopened := open(t, url, postgres.Options{Schema: "b", NoMigrate: true})
	require.Equal(t, products.FoldedKeys, reopened.Products().KeyRule())
}

// TestSchemaWakes: who waits for work is woken by those of his own schema.
func TestSchemaWakes(t *testing.T) {
	url := pgtest.URL(t)
	first := open(t, url, postgres.Options{Schema: awkward})
	same, other := open(t, url, postgres.Options{Schema: awkward}), open(t, url, postgres.Options{Schema: "other"})
	woken, left := same.Jobs().Wake(t.Context()), other.Jobs().Wake(t.Context())
	require.Eventually(t, func() bool {
		return scan[int](t, url,
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`) == 2
	}, time.Minute, 20*time.Millisecond)
	for { // both were woken when they began to listen, perhaps
		select {
		case <-woken:
			continue
		case <-left:
			continue
		case <-time.After(100 * time.Millisecond):
		}
		break
	}
	_, err := first.Jobs().Create(t.Context(), job.Job{})
	require.NoError(t, err)
	select {
	case <-woken:
	case <-time.After(time.Minute):
		t.Fatal("not woken")
	}
	select {
	case <-left:
		t.Fatal("woken by another schema")
	default:
	}
}

func TestSchemaRefused(t *testing.T) {
	url := pgtest.URL(t)
	for name, sentence := range map[string]string{
		strings.Repeat("x", 64): "it has 64 bytes, and PostgreSQL keeps 63",
		"pg_mine":               "it is the server's own",
		"information_schema":    "it is the server's own",
		"a\x00b":                "it isn't text in UTF-8",
		"a\xff":                 "it isn't text in UTF-8",
	} {
		_, err := postgres.Open(t.Context(), url, postgres.Options{Schema: name})
		require.ErrorContains(t, err, "postgres: Options.Schema can't be ")
		require.ErrorContains(t, err, sentence)
	}
	_, err := postgres.Open(t.Context(), url, postgres.Options{Schema: "none", NoMigrate: true})
	var missing *postgres.SchemaError
	require.ErrorAs(t, err, &missing)
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_namespace WHERE nspname = 'none'`))
}

// TestOccupied: where others have the names of our tables, nothing is made, and it says what to do.
func TestOccupied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, made, taken string }{
		{"a table", `CREATE TABLE products (article text)`, "products"},
		{"others", foreignTables, "import_jobs, product_ids, products, webhook_events"},
		{"a type", `CREATE TYPE api_tokens AS ENUM ('a')`, "api_tokens"},
		{"an index", `CREATE TABLE own (id int); CREATE INDEX products_id ON own (id)`, "products_id"},
		{"in another schema of the search_path", `CREATE SCHEMA first; CREATE TABLE products (article text);
			DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = first, public', current_database()); END $$`,
			"products"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := pgtest.URL(t)
			query(t, url, c.made)
			const all = `SELECT count(*) FROM pg_class WHERE oid > 16383`
			before := scan[int](t, url, all)
			_, err := postgres.Open(t.Context(), url, postgres.Options{})
			require.EqualError(t, err, "postgres: the database can't be used: it has something else under names that the "+
				"importer needs: "+c.taken+"; give the importer a schema of its own, with Options.Schema or the flag "+
				"-schema; it is made where it is missing")
			require.Equal(t, before, scan[int](t, url, all), "nothing is made")
			open(t, url, postgres.Options{Schema: "importer"})
		})
	}
	t.Run("several at once, in a new database", func(t *testing.T) {
		url := pgtest.URL(t)
		var opening sync.WaitGroup
		for range 8 {
			opening.Go(func() {
				db, err := postgres.Open(context.WithoutCancel(t.Context()), url, postgres.Options{Schema: "all of us"})
				if err == nil {
					err = db.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		opening.Wait()
	})
}

// TestSchemaRights: what a user may not do is said at the start.
func TestSchemaRights(t *testing.T) {
	owner := pgtest.URL(t)
	name := scan[string](t, owner, `SELECT 'user_' || current_database()`)
	query(t, owner, `CREATE ROLE `+name+` LOGIN PASSWORD 'secret'`)
	t.Cleanup(func() { cleanUp(t, owner, `DROP OWNED BY `+name+`; DROP ROLE `+name) })
	u, err := url.Parse(owner)
	require.NoError(t, err)
	u.User = url.UserPassword(name, "secret")
	user := u.String()
	_, err = postgres.Open(t.Context(), user, postgres.Options{Schema: awkward})
	var unfit *postgres.UnfitError
	require.ErrorAs(t, err, &unfit)
	require.Equal(t, "privileges", unfit.Kind)
	require.Contains(t, unfit.Problem, `, for the schema "we""ird Sch'ema.\x"`)
	query(t, owner, `CREATE SCHEMA "we""ird Sch'ema.\x"`)
	_, err = postgres.Open(t.Context(), user, postgres.Options{Schema: awkward})
	require.ErrorAs(t, err, &unfit)
	require.Equal(t, "privileges", unfit.Kind)
	require.Equal(t, `the user "`+name+`" may not use the schema "we\"ird Sch'ema.\\x"`, unfit.Problem)
	query(t, owner, `GRANT USAGE ON SCHEMA "we""ird Sch'ema.\x" TO `+name)
	_, err = postgres.Open(t.Context(), user, postgres.Options{Schema: awkward})
	require.ErrorAs(t, err, &unfit)
	require.Contains(t, unfit.Problem, `CREATE on the schema "we""ird Sch'ema.\x"`)
	query(t, owner, `GRANT USAGE, CREATE ON SCHEMA "we""ird Sch'ema.\x" TO `+name)
	db := open(t, user, postgres.Options{Schema: awkward})
	create(t, db, "a")
	require.NoError(t, db.Close()) // before its role goes
}
