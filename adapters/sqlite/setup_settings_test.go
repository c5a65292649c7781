package sqlite_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/products"
)

func schemaWith(t testing.TB, own ...products.Field) *products.Schema {
	t.Helper()
	schema, err := products.NewSchema(own...)
	require.NoError(t, err)
	return schema
}

var (
	price = products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true}
	stock = products.Field{Name: "stock", Type: products.Integer}
	brand = products.Field{Name: "brand", Type: products.Text}
)

const (
	recordedFields = `SELECT coalesce(group_concat(name || '=' || value, ' '), '') FROM (
		SELECT * FROM products_importer_settings WHERE name LIKE 'field:%' ORDER BY name)`
	tableOfProducts = `SELECT sql FROM sqlite_schema WHERE name = 'products'`
)

// TestFieldsRefused: a column of another type is refused by name, and nothing is changed.
func TestFieldsRefused(t *testing.T) {
	for _, c := range []struct{ name, before, database, asked string }{
		{"another column", `ALTER TABLE products ADD COLUMN price INTEGER`, "a column of the type INTEGER",
			"decimal with the scale 2, a column of the type TEXT"},
		{"not null", `ALTER TABLE products ADD COLUMN price TEXT NOT NULL DEFAULT ''`,
			"a column of the type TEXT NOT NULL",
			"decimal with the scale 2, a column of the type TEXT"},
		{"generated", `ALTER TABLE products ADD COLUMN price TEXT AS (name)`, "a column of the type TEXT GENERATED",
			"decimal with the scale 2, a column of the type TEXT"},
		{"another scale", `ALTER TABLE products ADD COLUMN price TEXT;
			INSERT INTO products_importer_settings VALUES ('field:price', '{"type":"decimal","scale":3}')`,
			"decimal with the scale 3", "decimal with the scale 2"},
		{"another type", `ALTER TABLE products ADD COLUMN price TEXT;
			INSERT INTO products_importer_settings VALUES ('field:price', '{"type":"text","scale":0}')`,
			"text", "decimal with the scale 2"},
		{"on record alone",
			`INSERT INTO products_importer_settings VALUES ('field:price', '{"type":"text","scale":0}')`,
			"text", "decimal with the scale 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			require.NoError(t, open(t, path, sqlite.Options{}).Close())
			exec(t, path, c.before)
			before, recorded := scan[string](t, path, tableOfProducts), scan[string](t, path, recordedFields)
			_, err := sqlite.Open(t.Context(), path, sqlite.Options{Fields: schemaWith(t, stock, price)})
			var refused *sqlite.FieldTypeError
			require.ErrorAs(t, err, &refused)
			want := &sqlite.FieldTypeError{Path: path, Field: "price", Database: c.database, Asked: c.asked}
			require.Equal(t, want, refused)
			require.Equal(t, before, scan[string](t, path, tableOfProducts), "nothing is changed")
			require.Equal(t, recorded, scan[string](t, path, recordedFields))
		})
	}
}

func TestFieldsNoMigrate(t *testing.T) {
	path := newPath(t)
	require.NoError(t, open(t, path, sqlite.Options{Fields: schemaWith(t, price)}).Close())
	_, err := sqlite.Open(t.Context(), path,
		sqlite.Options{NoMigrate: true, Fields: schemaWith(t, stock, price, brand)})
	var missing *sqlite.MissingFieldsError
	require.ErrorAs(t, err, &missing)
	require.EqualError(t, err, "sqlite: "+path+
		" has no columns for the fields stock, brand: migrate it with these fields")
	open(t, path, sqlite.Options{NoMigrate: true, Fields: schemaWith(t, price)})
}

// TestFieldsConcurrently opens a file in several processes at once, with different fields.
func TestFieldsConcurrently(t *testing.T) {
	path := newPath(t)
	schemas := []*products.Schema{schemaWith(t, price), schemaWith(t, price, stock), schemaWith(t, brand, price, stock),
		products.Standard(), schemaWith(t, brand)}
	var opening sync.WaitGroup
	dbs, errs := make([]*sqlite.DB, len(schemas)), make([]error, len(schemas))
	for i := range schemas {
		opening.Go(func() { dbs[i], errs[i] = sqlite.Open(t.Context(), path, sqlite.Options{Fields: schemas[i]}) })
	}
	opening.Wait()
	require.NoError(t, errors.Join(errs...))
	for _, db := range dbs {
		require.NoError(t, db.Close())
	}
	require.Equal(t, `field:brand={"type":"text","scale":0} field:price={"type":"decimal","scale":2} `+
		`field:stock={"type":"integer","scale":0}`, scan[string](t, path, recordedFields))
	require.Equal(t, 14, scan[int](t, path, `SELECT count(*) FROM pragma_table_info('products')`))
	require.Equal(t, 1, scan[int](t, path, `SELECT count(*) FROM sqlite_schema WHERE name = 'products_by_price'`))
}
