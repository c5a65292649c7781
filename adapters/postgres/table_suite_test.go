package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// pool opens a pool of connections as somebody else has it, and closes it at the end of the test.
func pool(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	db.SetMaxIdleConns(10) // opening connections again and again takes longer than what they are for
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// sqlTypes are types of columns for the types of fields.
var sqlTypes = map[products.Type]string{products.Text: "text", products.Integer: "bigint", products.Boolean: "boolean",
	products.Date: "date", products.Timestamp: "timestamptz", products.List: "text[]"}

// fieldColumns are columns for the fields of the schema that aren't standard.
func fieldColumns(schema *products.Schema) string {
	var b strings.Builder
	for _, f := range schema.Own() {
		kind := sqlTypes[f.Type]
		if f.Type == products.Decimal {
			kind = fmt.Sprintf("numeric(38,%d)", f.Scale)
		}
		fmt.Fprintf(&b, ", %q %s", f.Name, kind)
	}
	return b.String()
}

// standardColumns are those of the standard schema.
const standardColumns = `name text NOT NULL DEFAULT '', description text NOT NULL DEFAULT '',
	status boolean NOT NULL DEFAULT false`

// TestTable runs the suite over tables of many shapes.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, table string // %s is where the columns of fields stand
		options     postgres.TableOptions
	}{
		{name: "plain", table: `CREATE TABLE items (code text PRIMARY KEY, ` + standardColumns + `%s)`},
		{name: "with a sequence, a trigger and a time", table: `CREATE TABLE items (id bigserial PRIMARY KEY,
			code varchar(255) NOT NULL UNIQUE, ` + standardColumns + `%s, updated timestamptz NOT NULL DEFAULT now(),
			doubled text GENERATED ALWAYS AS (code || code) STORED);
			CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
			CREATE TRIGGER same BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION same()`,
			options: postgres.TableOptions{Touch: []string{"updated"}}},
		{name: "of a tenant, in partitions", table: `CREATE TABLE items (tenant int NOT NULL, code text NOT NULL, ` +
			standardColumns + `%s, UNIQUE (tenant, code)) PARTITION BY HASH (code);
			CREATE TABLE items_0 PARTITION OF items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE items_1 PARTITION OF items FOR VALUES WITH (MODULUS 2, REMAINDER 1)`,
			options: postgres.TableOptions{Constants: map[string]string{"tenant": "7"}}},
		{name: "citext", table: `CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE items (code citext PRIMARY KEY, ` +
			standardColumns + `%s)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lend := pgtest.NewPool(t, pgtest.URL, func(string) bool { return true }, func(string) {})
			storetest.RunBatchWriter(t, func(t *testing.T, fields *products.Schema) (products.BatchWriter, storetest.Find) {
				url := lend.URL(t)
				query(t, url, "DROP TABLE IF EXISTS items; DROP FUNCTION IF EXISTS same; "+
					fmt.Sprintf(c.table, fieldColumns(fields)))
				o := c.options
				o.Name, o.Key = "items", "code"
				table, err := postgres.OpenTable(t.Context(), pool(t, url), o)
				require.NoError(t, err)
				return table, func(ctx context.Context, key string) (products.Product, error) {
					return postgres.FindRow(ctx, table, key)
				}
			})
		})
	}
}
