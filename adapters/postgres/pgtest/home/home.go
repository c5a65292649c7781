// Package home gives tests databases that have our tables, with the products where TEST_DISTRIBUTE says: hash:8,
// hash:64 and the like are so many partitions, citus is the cluster whose coordinator TEST_CITUS_URL names, and without
// it they are in one table. So every test that takes its database from here holds for all of them:
//
//	TEST_DISTRIBUTE=hash:64 go test ./adapters/postgres
//
// A package whose tests use it has pgtest.Main for TestMain.
package home

import (
	"database/sql"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

// distribute is the name of the environment variable. Servers and workers don't know it.
const distribute = "TEST_DISTRIBUTE"

// Distribution is what TEST_DISTRIBUTE asks for, OneTable without it.
func Distribution(t testing.TB) (d postgres.Distribution) {
	t.Helper()
	if err := d.UnmarshalText([]byte(os.Getenv(distribute))); err != nil {
		t.Fatalf("%s: %v", distribute, err)
	}
	if d == (postgres.Distribution{}) {
		return postgres.OneTable()
	}
	return d
}

// OneTable skips a test that says something of products in one table alone, where they are to be distributed.
func OneTable(t testing.TB, because string) {
	t.Helper()
	if d := Distribution(t); d != postgres.OneTable() {
		t.Skipf("not tested with %s=%s: %s", distribute, d, because)
	}
}

// URL returns the URL of a database with our tables and nothing in them, not even a key rule. Nobody else uses it, and
// it goes when the test ends. It is safe for concurrent use.
func URL(t testing.TB) string {
	t.Helper()
	return In(t, Distribution(t))
}

// Empty returns the URL of an empty database in which the products can be where TEST_DISTRIBUTE says.
func Empty(t testing.TB) string {
	t.Helper()
	if Distribution(t) == postgres.Citus() {
		return pgtest.CitusURL(t)
	}
	return pgtest.URL(t)
}

// In is URL for a test that says itself where the products are, whatever TEST_DISTRIBUTE says.
func In(t testing.TB, d postgres.Distribution) string {
	t.Helper()
	return copied(t, d, "home", func(string) {})
}

// Copy returns the URL of a database as URL has them, that setUp has filled. What is of one kind is set up once, and
// copied from then on, but on Citus, where databases can't be copied. setUp leaves no connection open.
func Copy(t testing.TB, kind string, setUp func(url string)) string {
	t.Helper()
	return copied(t, Distribution(t), kind, setUp)
}

func copied(t testing.TB, d postgres.Distribution, kind string, setUp func(url string)) string {
	t.Helper()
	if d == postgres.Citus() {
		url := pgtest.CitusURL(t)
		makeTables(t, url, d)
		setUp(url)
		return url
	}
	return pgtest.Copy(t, kind+" "+d.String(), func(url string) {
		makeTables(t, url, d)
		setUp(url)
	})
}

// Own is pgtest.Own, with a database as URL has them. On Citus the test is skipped: a cluster of a test's own is
// pgtest.OwnCitus.
func Own(t testing.TB) *pgtest.Server {
	t.Helper()
	d := Distribution(t)
	if d == postgres.Citus() {
		t.Skipf("not tested with %s=%s: it stops a server that has the products alone", distribute, d)
	}
	server := pgtest.Own(t)
	makeTables(t, server.URL(), d)
	return server
}

func makeTables(t testing.TB, url string, d postgres.Distribution) {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{Distribution: d})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.ExecContext(t.Context(), `DELETE FROM products_importer_settings WHERE name <> 'distribution';
		DELETE FROM products_importer_commits`)
	require.NoError(t, err)
}
