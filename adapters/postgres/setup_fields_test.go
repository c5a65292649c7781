package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

func schemaWith(t testing.TB, own ...products.Field) *products.Schema {
	t.Helper()
	schema, err := products.NewSchema(own...)
	require.NoError(t, err)
	return schema
}

var (
	price = products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	stock = products.Field{Name: "stock", Type: products.Integer}
	brand = products.Field{Name: "brand", Type: products.Text}
)

const recordedFields = `SELECT coalesce(string_agg(name || '=' || value, ' ' ORDER BY name), '') FROM products_importer_settings
	WHERE name LIKE 'field:%'`

// TestFieldsRefused: a column of another type is refused by name, and nothing is changed.
func TestFieldsRefused(t *testing.T) {
	for _, c := range []struct {
		name, before string
		want         string
	}{
		{"another type", `ALTER TABLE products ADD COLUMN price text COLLATE "C"`, `text COLLATE "C"`},
		{"another scale", `ALTER TABLE products ADD COLUMN price numeric(38,3)`, `numeric(38,3)`},
		{"any number", `ALTER TABLE products ADD COLUMN price numeric`, `numeric`},
		{"not null", `ALTER TABLE products ADD COLUMN price numeric(38,2) NOT NULL`, `numeric(38,2) NOT NULL`},
		{"generated", `ALTER TABLE products ADD COLUMN price numeric(38,2) GENERATED ALWAYS AS (id) STORED`,
			`numeric(38,2) GENERATED`},
		{"on record alone", `INSERT INTO products_importer_settings VALUES ('field:price', '{"type":"text","scale":0}')`,
			`text with the scale 0 on record`},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := migrated(t)
			require.NoError(t, open(t, url, postgres.Options{}).Close())
			query(t, url, c.before)
			before, recorded := schemaOf(t, url), scan[string](t, url, recordedFields)
			_, err := postgres.Open(t.Context(), url, postgres.Options{Fields: schemaWith(t, stock, price)})
			var refused *postgres.FieldTypeError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, &postgres.FieldTypeError{Field: "price", Database: c.want, Asked: "numeric(38,2)"}, refused)
			require.ErrorContains(t, err, `the field "price" needs a column with the type numeric(38,2), but the database has it as `+c.want+": ")
			require.Equal(t, before, schemaOf(t, url), "nothing is changed")
			require.Equal(t, recorded, scan[string](t, url, recordedFields))
		})
	}
	t.Run("another order of text", func(t *testing.T) {
		url := migrated(t)
		require.NoError(t, open(t, url, postgres.Options{}).Close())
		query(t, url, `ALTER TABLE products ADD COLUMN brand text`)
		_, err := postgres.Open(t.Context(), url, postgres.Options{Fields: schemaWith(t, brand)})
		var refused *postgres.FieldTypeError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, `text COLLATE "default"`, refused.Database)
		query(t, url, `ALTER TABLE products ALTER COLUMN brand TYPE `+refused.Asked)
		open(t, url, postgres.Options{Fields: schemaWith(t, brand)})
	})
}

// TestFieldsTaken: a column that fits is taken, whoever made it, with what is in it.
func TestFieldsTaken(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	p, err := db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A"})
	require.NoError(t, err)
	query(t, url, `ALTER TABLE products ADD COLUMN price numeric(38,2); UPDATE products SET price = 12.5`)
	schema := schemaWith(t, price)
	got, err := open(t, url, postgres.Options{Fields: schema, NoMigrate: true}).Products().Get(t.Context(), p.ID)
	require.NoError(t, err)
	require.Equal(t, map[string]products.Value{"price": schema.Find("price").Value("12.50")}, got.Fields)
	require.Empty(t, scan[string](t, url, recordedFields), "NoMigrate leaves the database alone")
	open(t, url, postgres.Options{Fields: schema})
	require.Equal(t, `field:price={"type":"decimal","scale":2}`, scan[string](t, url, recordedFields))
}

func TestFieldsNoMigrate(t *testing.T) {
	url := migrated(t)
	require.NoError(t, open(t, url, postgres.Options{Fields: schemaWith(t, price)}).Close())
	_, err := postgres.Open(t.Context(), url, postgres.Options{NoMigrate: true, Fields: schemaWith(t, stock, price, brand)})
	var missing *postgres.MissingFieldsError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, []string{"stock", "brand"}, missing.Fields)
	require.ErrorContains(t, err, "no columns for the fields stock, brand")
}

// TestFieldsFewer: a process with fewer fields leaves those of others alone, whatever it does to a product.
func TestFieldsFewer(t *testing.T) {
	url := migrated(t)
	schema := schemaWith(t, price, stock, brand)
	more := open(t, url, postgres.Options{Fields: schema}).Products()
	query(t, url, `ALTER TABLE products ADD COLUMN "of Others" integer, ADD COLUMN doubled numeric GENERATED ALWAYS AS (price * 2) STORED`)
	fewer := open(t, url, postgres.Options{Fields: schemaWith(t, stock)}).Products()
	fields := map[string]products.Value{"price": schema.Find("price").Value("12.50"), "stock": schema.Find("stock").Value("3"),
		"brand": schema.Find("brand").Value("Lamp & Co")}
	p, err := more.Create(t.Context(), products.Product{SKU: "a", Name: "A", Fields: fields})
	require.NoError(t, err)
	query(t, url, `UPDATE products SET "of Others" = 7`)
	check := func(what, stock string) {
		t.Helper()
		fields["stock"] = schema.Find("stock").Value(stock)
		got, err := more.Get(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, fields, got.Fields, what)
		require.Equal(t, "7 25.00", scan[string](t, url, `SELECT "of Others" || ' ' || doubled FROM products`), what)
	}
	few, err := fewer.Get(t.Context(), p.ID)
	require.NoError(t, err)
	require.Equal(t, map[string]products.Value{"stock": fields["stock"]}, few.Fields)
	name, sku, taken := "B", "b", "taken"
	_, err = fewer.Update(t.Context(), p.ID, 0, products.Patch{Name: &name, ReplaceFields: true,
		Fields: map[string]products.Value{"stock": schema.Find("stock").Value("4")}})
	require.NoError(t, err)
	check("a patch", "4")
	_, err = fewer.Create(t.Context(), products.Product{SKU: taken, Name: "T"})
	require.NoError(t, err)
	_, err = fewer.Update(t.Context(), p.ID, 0, products.Patch{SKU: &taken})
	require.ErrorIs(t, err, products.ErrExists)
	query(t, url, `DELETE FROM products WHERE sku = 'taken'`)
	renamed, err := fewer.Update(t.Context(), p.ID, 0, products.Patch{SKU: &sku})
	require.NoError(t, err)
	require.Equal(t, p.CreatedAt, renamed.CreatedAt)
	check("a new SKU", "4")
	for _, mode := range []products.Mode{products.Update, products.Existing} {
		result, err := fewer.WriteBatch(t.Context(), &products.Batch{Mode: mode, Columns: columnsOf(fewer.Schema(), "name", "stock"),
			Records: []products.Record{{Key: "b", SKU: "b", Values: []string{mode.String(), "5"}}}})
		require.NoError(t, err)
		require.Equal(t, []products.Outcome{products.Updated}, result.Outcomes)
		check("a batch", "5")
	}
	_, err = fewer.Create(t.Context(), products.Product{SKU: "c", Name: "C", Fields: fields})
	var invalid *products.ValidationError
	require.ErrorAs(t, err, &invalid, "a field that the process doesn't know is refused")
}

// TestFieldsConcurrently opens a database in several processes at once, with different fields.
func TestFieldsConcurrently(t *testing.T) {
	url := migrated(t)
	schemas := []*products.Schema{schemaWith(t, price), schemaWith(t, price, stock), schemaWith(t, brand, price, stock),
		products.Standard(), schemaWith(t, brand)}
	var opening sync.WaitGroup
	dbs, errs := make([]*postgres.DB, len(schemas)), make([]error, len(schemas))
	for i := range schemas {
		opening.Go(func() { dbs[i], errs[i] = postgres.Open(t.Context(), url, postgres.Options{Fields: schemas[i]}) })
	}
	opening.Wait()
	require.NoError(t, errors.Join(errs...))
	for i, db := range dbs {
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		p := products.Product{SKU: fmt.Sprint(i), Name: "name", Fields: map[string]products.Value{}}
		for j := range schemas[i].Len() {
			if f := schemas[i].At(j); !f.Builtin() {
				p.Fields[f.Name] = f.Value(values[f.Name][1])
			}
		}
		created, err := db.Products().Create(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, p.Fields, created.Fields)
	}
	require.Equal(t, `field:brand={"type":"text","scale":0} field:price={"type":"decimal","scale":2} field:stock={"type":"integer","scale":0}`,
		scan[string](t, url, recordedFields))
	require.Equal(t, 3, scan[int](t, url, `SELECT count(*) FROM pg_attribute WHERE attrelid = 'products'::regclass AND attnum > 11`))
}

// TestFieldsWait: columns are added once imports leave the table for a moment, and meanwhile others get their turn.
func TestFieldsWait(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	other := open(t, url, postgres.Options{})
	holder := newRivalOf(t, url, `LOCK TABLE products IN ROW EXCLUSIVE MODE`).tx
	schema := schemaWith(t, price)
	tried := make(chan struct{}, 100)
	opened := make(chan error, 1)
	go func() {
		db, err := postgres.Open(t.Context(), url, postgres.Options{Fields: schema, RetryFor: -1,
			Logger: slog.New(warnings{slog.DiscardHandler, func() { tried <- struct{}{} }})})
		if err == nil {
			err = db.Close()
		}
		opened <- err
	}()
	<-tried
	create(t, other, "a")
	<-tried
	create(t, other, "b")
	require.NoError(t, holder.Rollback())
	require.NoError(t, <-opened)
	require.Equal(t, `field:price={"type":"decimal","scale":2}`, scan[string](t, url, recordedFields))
}

// warnings calls a function at each warning.
type warnings struct {
	slog.Handler
	warned func()
}

func (w warnings) Enabled(context.Context, slog.Level) bool { return true }

func (w warnings) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		w.warned()
	}
	return nil
}

// TestFieldsOldest: a database of the oldest schema, with data, gets fields.
func TestFieldsOldest(t *testing.T) {
	url := migrated(t)
	_, err := migrationsOf(t, url).UpTo(t.Context(), 1)
	require.NoError(t, err)
	query(t, url, `INSERT INTO products (id, sku_key, sku, name, description) VALUES (1, 'a', 'a', 'A', 'first')`)
	before := scan[string](t, url, `SELECT xmin FROM products`)
	schema := ownFields(t)
	store := open(t, url, postgres.Options{Fields: schema}).Products()
	require.Equal(t, before, scan[string](t, url, `SELECT xmin FROM products`), "no row was written")
	got, err := store.Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, map[string]products.Value{}, got.Fields)
	result, err := store.WriteBatch(t.Context(), &products.Batch{Mode: products.Existing, Columns: columnsOf(schema, "price"),
		Records: []products.Record{{Key: "a", SKU: "a", Values: []string{"1.50"}}, {Key: "b", SKU: "b", Values: []string{"2.00"}}}})
	require.NoError(t, err)
	require.Equal(t, []products.Outcome{products.Updated, products.Skipped}, result.Outcomes)
	got, err = store.Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "1.50", got.Fields["price"].Text())
	require.Equal(t, "first", got.Description)

	// Opening again does nothing, and so does a program without these fields.
	schemaNow := schemaOf(t, url)
	open(t, url, postgres.Options{Fields: schema})
	open(t, url, postgres.Options{})
	require.Equal(t, schemaNow, schemaOf(t, url))
}
