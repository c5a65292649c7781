package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// open opens the test's database beside the program.
func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// count returns what a query for one number finds.
func count(t *testing.T, db *sql.DB, query string) (n int64) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// catalog makes a file with a catalogue.
func catalog(t testing.TB, records int, variant catalogtest.Variant) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.csv")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, catalogtest.WriteVariant(file, records, variant))
	require.NoError(t, file.Close())
	return path
}

// importAgain imports the file of small into what the environment names, again and again in several ways, and looks at
// the counts and at how many products there are then.
func importAgain(t *testing.T, env map[string]string, path string, open func(t *testing.T) *sql.DB) {
	t.Helper()
	for _, c := range []struct {
		name  string
		args  []string
		wants map[string]float64
		rows  int64
	}{
		{"a dry run writes nothing", []string{"-dry-run"}, map[string]float64{"created": 2, "superseded": 1,
			"rejected": 2}, 0},
		{"a first import", nil, map[string]float64{"created": 2, "superseded": 1, "rejected": 2}, 2},
		{"again", nil, map[string]float64{"created": 0, "skipped": 2}, 2},
		{"with the last record of each SKU", []string{"-mode", "update"},
			map[string]float64{"updated": 1, "unchanged": 1}, 2},
		{"again", []string{"-mode", "update", "-writers", "4"}, map[string]float64{"updated": 0, "unchanged": 2}, 2},
		{"with the other columns", []string{"-mode", "update", "-extra", "keep"}, map[string]float64{"updated": 2}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := importcsv(t, env, "", append(c.args, "-json", path)...)
			require.Equal(t, 0, s.status, s.stderr)
			object := s.decode(t)
			for key, want := range c.wants {
				require.InDelta(t, want, object[key], 0, key)
			}
			require.Equal(t, c.rows, count(t, open(t), "SELECT count(*) FROM products"))
		})
	}
}

func TestPostgres(t *testing.T) {
	url := pgtest.URL(t)
	db := open(t, url)
	env := map[string]string{"DATABASE_URL": url}
	path := write(t, "small.csv", small)
	importAgain(t, env, path, func(t *testing.T) *sql.DB { return db })
	var name, price string
	require.NoError(t,
		db.QueryRowContext(t.Context(), "SELECT name, attributes->>'Price' FROM products WHERE sku = 'a-1'").Scan(&name,
			&price))
	require.Equal(t, "Lamp again", name)
	require.Equal(t, "11", price)

	s := importcsv(t, env, "", path)
	require.Contains(t, s.stdout, "imported "+path+" into PostgreSQL, mode ignore: 5 records in ")
}

// A database that has a table products of its own takes the catalogue into a schema beside it.
func TestPostgresSchema(t *testing.T) {
	url := pgtest.URL(t)
	db := open(t, url)
	_, err := db.ExecContext(t.Context(), `CREATE TABLE products (article text)`)
	require.NoError(t, err)
	path := write(t, "small.csv", small)
	s := importcsv(t, map[string]string{"DATABASE_URL": url}, "", path)
	require.Equal(t, 1, s.status)
	require.Contains(t, s.stderr, "something else under names that the importer needs: products; give the importer a "+
		"schema of its own, with Options.Schema or the flag -schema")
	for i, env := range []map[string]string{{"SCHEMA": "the shop's"}, nil} { // by the environment, then by the flag
		args := []string{"-database-url", url, "-json"}
		if env == nil {
			args = append(args, "-schema", "the shop's")
		}
		s = importcsv(t, env, "", append(args, path)...)
		require.Equal(t, 0, s.status, s.stderr)
		require.InDelta(t, 2-2*i, s.decode(t)["created"], 0)
	}
	require.EqualValues(t, 2, count(t, db, `SELECT count(*) FROM "the shop's".products`))
	require.Zero(t, count(t, db, `SELECT count(*) FROM products`))
	s = importcsv(t, nil, "", "-schema", "shop", path)
	require.Equal(t, 2, s.status)
	require.Contains(t, s.stderr, "-schema \"shop\" is for PostgreSQL alone")
}

// The catalogue's counts and winners are the same in both modes with any number of writers.
func TestPostgresCatalogue(t *testing.T) {
	const records = 30_000
	path := catalog(t, records, catalogtest.Base)
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		var clean strings.Builder
		require.NoError(t, catalogtest.WriteClean(&clean, records, catalogtest.Base, mode))
		for _, writers := range []string{"1", "2", "4"} {
			t.Run(mode.String()+" with "+writers, func(t *testing.T) {
				url := home.URL(t)
				s := importcsv(t, nil, "", "-json", "-database-url", url, "-mode", mode.String(), "-writers", writers,
					path)
				require.Equal(t, 0, s.status, s.stderr)
				object := s.decode(t)
				require.InDelta(t, catalogtest.Distinct(records), object["created"], 0)
				require.InDelta(t, records-catalogtest.Distinct(records), object["superseded"], 0)

				// Importing what should be there finds it there.
				s = importcsv(t, nil, clean.String(), "-json", "-database-url", url, "-mode", "update", "-")
				require.Equal(t, 0, s.status, s.stderr)
				require.InDelta(t, catalogtest.Distinct(records), s.decode(t)["unchanged"], 0)
			})
		}
	}
}
