package postgres_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer/job"
)

// TestMigrateFromProducts: a database from before there were jobs keeps its products.
func TestMigrateFromProducts(t *testing.T) {
	url := pgtest.URL(t)
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer raw.Close()
	old, err := goose.NewProvider(goose.DialectPostgres, raw, os.DirFS("migrations"),
		goose.WithTableName("products_importer_migrations"), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = old.UpTo(t.Context(), 1)
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
