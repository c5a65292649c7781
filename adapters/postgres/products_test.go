package postgres_test

import (
	"cmp"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// open opens the database, and closes it at the end of the test.
func open(t testing.TB, url string, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// query runs statements outside of the adapter, and closes its connection before it returns.
func query(t testing.TB, url, statements string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statements)
	require.NoError(t, err)
}

func TestProducts(t *testing.T) {
	t.Parallel()
	runProducts(t, directly)
}

func runProducts(t *testing.T, w way) {
	t.Helper()
	lend := w.lender(t)
	storetest.Run(t, func(t *testing.T, c storetest.Case) products.Store {
		return w.open(t, lend(t, c.Rule), postgres.Options{Fields: cmp.Or(c.Fields, w.fields)}).Products()
	})
}

func TestBatches(t *testing.T) {
	t.Parallel()
	runBatches(t, directly)
}

func runBatches(t *testing.T, w way) {
	t.Helper()
	lend := w.lender(t)
	storetest.RunBatchWriter(t, func(t *testing.T, fields *products.Schema) (products.BatchWriter, storetest.Find) {
		store := w.open(t, lend(t, products.FoldedKeys), postgres.Options{Fields: fields}).Products()
		return store, storetest.FindIn(store)
	})
}
