package postgres_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// way is how the databases of suites are opened.
type way struct {
	open func(t testing.TB, url string, o postgres.Options) *postgres.DB
	// side is the URL for statements outside of the adapter.
	side func(url string) string
	// make makes a database.
	make func(t testing.TB) (url string)
	// distribution is where the products are, the zero value for where TEST_DISTRIBUTE says.
	distribution postgres.Distribution
	// fields are those of cases that need none, and nobody uses them.
	fields *products.Schema
}

// directly opens them by their URLs.
var directly = way{open: open, side: func(url string) string { return url }, make: home.URL}

// distributed opens databases in which the products are distributed, whatever TEST_DISTRIBUTE says.
func distributed(d postgres.Distribution) way {
	w := directly
	w.distribution, w.make = d, func(t testing.TB) string { return home.In(t, d) }
	return w
}

// lender lends the cases of a suite databases of their key rules, with the tables in place.
func (w way) lender(t *testing.T) func(t *testing.T, rule products.KeyRule) (url string) {
	t.Helper()
	d := cmp.Or(w.distribution, home.Distribution(t))
	pools := map[products.KeyRule]*pgtest.Pool{}
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
		keep := func(table string) bool { return strings.HasPrefix(table, "products_importer_") }
		pools[rule] = pgtest.NewPool(t, w.make, keep, func(url string) {
			require.NoError(t, w.open(t, url, postgres.Options{KeyRule: &rule, Distribution: d}).Close())
		})
	}
	return func(t *testing.T, rule products.KeyRule) string { return pools[rule].URL(t) }
}

// migrated returns the URL of a database of the test's own, with the tables in place and nothing recorded.
func migrated(t testing.TB) string {
	t.Helper()
	return home.URL(t)
}

// scan runs a query with one value outside of the adapter, and closes its connection before it returns.
func scan[V any](t testing.TB, url, statement string) (value V) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), statement).Scan(&value))
	return value
}

// allButEmpty is a statement that has the statistics of the tables whose names are like that say that each has a page and
// no row, as an ANALYZE in the middle of the first import says. It needs a superuser.
func allButEmpty(names string) string {
	return `UPDATE pg_class SET relpages = 1, reltuples = 0 WHERE relkind = 'r' AND relname LIKE '` + names + `'`
}

// setBack returns a function that runs a statement whose parameter is an interval: moving what is stored into the
// future is as good as setting the server's clock back.
func setBack(url, statement string) func(ctx context.Context, d time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		db, err := sql.Open("postgres", url)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, statement, strconv.FormatInt(d.Microseconds(), 10)+" microseconds")
		return err
	}
}

// content is what the table has of every product, in the order of the keys.
func content(t testing.TB, url string) (lines []string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT sku, name, description FROM products ORDER BY sku_key`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var sku, name, description string
		require.NoError(t, rows.Scan(&sku, &name, &description))
		lines = append(lines, line(sku, name, description))
	}
	require.NoError(t, rows.Err())
	return lines
}

func line(sku, name, description string) string { return sku + "|" + name + "|" + description }

// columns are those that set the fields of these names, of the standard schema.
func columns(names ...string) (c products.Columns) { return columnsOf(products.Standard(), names...) }

func columnsOf(schema *products.Schema, names ...string) (c products.Columns) {
	for _, name := range names {
		c.Fields = append(c.Fields, schema.Find(name))
	}
	return c
}

// described are the columns of records.
var described = columns("name", "description")

// records makes records with the SKUs prefix-0 to prefix-(n-1), in no order.
func records(n int, prefix, name string) []products.Record {
	rs := make([]products.Record, n)
	for i := range rs {
		// 7919 is a prime, so it goes through all of them.
		sku := fmt.Sprintf("%s-%d", prefix, i*7919%n)
		rs[i] = products.Record{Key: sku, SKU: sku, Values: []string{name, "description of " + sku}}
	}
	return rs
}
