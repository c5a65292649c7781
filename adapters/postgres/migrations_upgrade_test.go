package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// migrationsOf gives the migrations of a database by hand.
func migrationsOf(t *testing.T, url string) *goose.Provider {
	t.Helper()
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	by, err := goose.NewProvider(goose.DialectPostgres, raw, os.DirFS("migrations"),
		goose.WithTableName("products_importer_migrations"), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	return by
}

// TestMigrateFromProducts: a database from before there were jobs keeps its products.
func TestMigrateFromProducts(t *testing.T) {
	url := pgtest.URL(t)
	old := migrationsOf(t, url)
	_, err := old.UpTo(t.Context(), 1)
	require.NoError(t, err)
	query(t, url, `INSERT INTO products (id, sku_key, sku, name, description) VALUES (1, 'a', 'a', 'A', 'first')`)

	_, err = postgres.Open(t.Context(), url, postgres.Options{NoMigrate: true})
	var schema *postgres.SchemaError
	require.ErrorAs(t, err, &schema)
	require.EqualValues(t, 1, schema.Database)

	db := open(t, url, postgres.Options{})
	require.Equal(t, []string{line("a", "A", "first")}, content(t, url))
	_, err = db.Jobs().Create(t.Context(), job.Job{Upload: "u"})
	require.NoError(t, err)
	_, err = old.DownTo(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []string{line("a", "A", "first")}, content(t, url))
}

// schemaOf is all there is in a database.
func schemaOf(t *testing.T, url string) string {
	t.Helper()
	return scan[string](t, url, `SELECT string_agg(x, E'\n' ORDER BY x) FROM (
		SELECT concat_ws(' ', c.relkind, c.relname, c.reloptions::text, a.attname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), a.attcollation,
				a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid), pg_get_indexdef(i.indexrelid)) AS x
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
			LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_index i ON i.indexrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '%migrations_lock%') x`)
}

// rowsOf are all rows of the tables, and which transactions wrote them, but for columns that later migrations add.
func rowsOf(t *testing.T, url string, tables ...string) (all []string) {
	t.Helper()
	for _, table := range tables {
		rows := scan[string](t, url, `SELECT coalesce(string_agg(r.xmin || ' ' || r.is, E'\n' ORDER BY r.is), '') FROM (
			SELECT xmin::text, (to_jsonb(t) - '{lease_length,wait_length,waited,waiting_since,refused,skipped_records,asked_by,file,deleted,kept,missing,deactivated,kept_at,restored_versions}'::text[])::text AS is FROM `+table+` t) r`)
		require.NotEmpty(t, rows, table)
		all = append(all, rows)
	}
	return all
}

// TestMigrateFromJobs: a database from before there were webhooks keeps its products, its imports, waiting, under way
// and ended, and their files; and once it is up to date nothing is done to it.
func TestMigrateFromJobs(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), pgtest.URL(t)
	tables := []string{"products", "products_importer_settings", "import_jobs", "import_checkpoints", "import_uploads",
		"import_upload_chunks"}
	// The data is this version's, the schema the old one.
	db := open(t, url, postgres.Options{KeyRule: rule(products.FoldedKeys)})
	product, err := db.Products().Create(ctx, products.Product{SKU: "Lamp-1", Name: "Lamp",
		Attributes: map[string]string{"colour": "red"}})
	require.NoError(t, err)
	file := noise(mib + 17)
	_, err = db.Uploads().Put(ctx, "file", bytes.NewReader(file))
	require.NoError(t, err)
	underWay := claimed(t, db.Jobs(), time.Hour)
	require.NoError(t,
		db.InTx(ctx, func(ctx context.Context) error { return db.Jobs().Checkpoint(ctx, underWay, commit(1, 5)) }))
	ended := claimed(t, db.Jobs(), time.Hour)
	_, err = db.Jobs().Finish(ctx, ended, job.Failure, "no header", nil)
	require.NoError(t, err)
	waiting, err := db.Jobs().Create(ctx, job.Job{Upload: "file", FileName: "a.csv", IdempotencyKey: "k"})
	require.NoError(t, err)
	list, _, err := db.Jobs().List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 3)
	now := schemaOf(t, url)
	_, err = migrationsOf(t, url).DownTo(ctx, 2)
	require.NoError(t, err)
	fresh := pgtest.URL(t)
	_, err = migrationsOf(t, fresh).UpTo(ctx, 2)
	require.NoError(t, err)
	require.Equal(t, schemaOf(t, fresh), schemaOf(t, url))
	before := rowsOf(t, url, tables...)

	_, err = postgres.Open(ctx, url, postgres.Options{NoMigrate: true})
	var schema *postgres.SchemaError
	require.ErrorAs(t, err, &schema)
	require.EqualValues(t, 2, schema.Database)

	db = open(t, url, postgres.Options{})
	require.Equal(t, now, schemaOf(t, url))
	require.Equal(t, before, rowsOf(t, url, tables...), "no row was written")
	require.Equal(t, products.FoldedKeys, db.Products().KeyRule())
	got, err := db.Products().Get(ctx, product.ID)
	require.NoError(t, err)
	require.Equal(t, product, got)
	kept, _, err := db.Jobs().List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, list, kept)
	require.Equal(t, file, read(t, db.Uploads(), "file", 0, int64(len(file))))

	// Opening again does nothing.
	tables = append(tables, "products_importer_migrations")
	before = rowsOf(t, url, tables...)
	var log strings.Builder
	again := open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Empty(t, log.String())
	require.Equal(t, now, schemaOf(t, url))
	require.Equal(t, before, rowsOf(t, url, tables...))

	// The old and the new work on: a worker with its import, the next one, and what is told of them.
	require.NoError(t,
		again.InTx(ctx, func(ctx context.Context) error {
			return again.Jobs().Checkpoint(ctx, underWay,
				commit(2, 5))
		}))
	claim, err := again.Jobs().Claim(ctx, "second", time.Minute, 5)
	require.NoError(t, err)
	require.Equal(t, waiting.ID, claim.Job.ID)
	endpoint := listen(t, again.Webhooks())
	stored, err := again.Webhooks().Append(ctx, []webhooks.Event{{Type: webhooks.ImportFailed, Data: []byte(`{}`)}})
	require.NoError(t, err)
	require.Equal(t, 1, stored)
	deliveries, err := again.Webhooks().ListDeliveries(ctx, webhooks.DeliveryQuery{EndpointID: endpoint.ID})
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
}
