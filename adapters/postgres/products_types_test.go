package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

// ownFields has a field of every type.
func ownFields(t testing.TB) *products.Schema {
	t.Helper()
	schema, err := products.NewSchema(
		products.Field{Name: "brand", Type: products.Text},
		products.Field{Name: "stock", Type: products.Integer},
		products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "weight", Type: products.Decimal},
		products.Field{Name: "fragile", Type: products.Boolean},
		products.Field{Name: "since", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "order", Type: products.List}, // a word of SQL
	)
	require.NoError(t, err)
	return schema
}

// values are canonical texts of each field of ownFields.
var values = map[string][]string{
	"brand": {"Lamp & Co", `\N`, "NULL", "null", "\t\r\n\\", `"quoted", {braces}`, " x ", "ß日本語😀", "\u0001a\u007f",
		strings.Repeat("x", 10_000)},
	"stock":   {"0", "-1", "12", "9223372036854775807", "-9223372036854775808"},
	"price":   {"0.00", "1.50", "-0.01", strings.Repeat("9", 36) + ".99", "-" + strings.Repeat("9", 36) + ".99"},
	"weight":  {"0", "7", strings.Repeat("9", 38)},
	"fragile": {"true", "false"},
	"since":   {"0001-01-01", "9999-12-31", "1582-10-10", "1999-12-31", "2000-01-01", "2024-02-29"},
	"seen_at": {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-11-28T12:00:00Z",
		"1969-12-31T23:59:59.5Z", "1999-12-31T23:59:59.999999Z", "2026-03-29T01:30:00.000001Z"},
	"order": {`["a"]`, `["a","b"]`, `["NULL","null"]`, `["{}","{a,b}","a,b"," a ","\"","\\","\\\"","'"]`,
		`["a\t\r\n","ß","x\u0001"]`, `["[0:1]={x}"]`},
}

// typedBatch has a product for each of the values, beginning with the one at shift, and one with none. Its records have
// no description.
func typedBatch(schema *products.Schema, shift int) *products.Batch {
	b := &products.Batch{Mode: products.Update, Columns: columnsOf(schema, "name")}
	most := 0
	for i := range schema.Len() {
		if f := schema.At(i); !f.Builtin() {
			b.Columns.Fields = append(b.Columns.Fields, f)
			most = max(most, len(values[f.Name]))
		}
	}
	for n := range most + 1 {
		sku := fmt.Sprintf("t-%02d", n)
		r := products.Record{Key: sku, SKU: sku, Values: []string{sku}}
		for _, f := range b.Columns.Fields[1:] {
			all := append(values[f.Name], "")
			r.Values = append(r.Values, all[(min(n, len(all)-1)+shift)%len(all)])
		}
		b.Records = append(b.Records, r)
	}
	return b
}

// requireStored requires that the store has what the batch wants.
func requireStored(t *testing.T, store products.Store, b *products.Batch) {
	t.Helper()
	for i := range b.Records {
		page, err := store.List(t.Context(), products.Query{SKU: b.Records[i].SKU, MaxBytes: products.MaxBytes})
		require.NoError(t, err)
		require.Len(t, page.Products, 1)
		got, err := store.Get(t.Context(), page.Products[0].ID)
		require.NoError(t, err)
		require.Equal(t, got, page.Products[0])
		want := b.Columns.Apply(&b.Records[i], products.Product{})
		require.Equal(t, want.Fields, got.Fields)
	}
}

func TestTypes(t *testing.T) {
	for _, direct := range []bool{true, false} {
		t.Run(fmt.Sprintf("direct=%v", direct), func(t *testing.T) {
			url := migrated(t)
			// Neither changes what a value is.
			query(t, url, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Kolkata''', current_database());
				EXECUTE format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database()); END $$`)
			if !direct {
				url = pgtest.Pooler(t, url)
			}
			schema := ownFields(t)
			store := open(t, url, postgres.Options{Fields: schema}).Products()
			require.Same(t, schema, store.Schema())
			for shift, want := range []products.Outcome{products.Created, products.Updated, products.Updated} {
				b := typedBatch(schema, shift)
				result, told := tellAlike(t, store, b)
				require.EqualValues(t, len(b.Records), result.Count(want), "%v of %v", want, result.Outcomes)
				require.Len(t, told, len(b.Records))
				requireStored(t, store, b)
				result, err := store.WriteBatch(t.Context(), b)
				require.NoError(t, err)
				require.EqualValues(t, len(b.Records), result.Count(products.Unchanged), result.Outcomes)
			}

			// One at a time.
			b := typedBatch(schema, 1)
			for i := range b.Records {
				want := b.Columns.Apply(&b.Records[i], products.Product{})
				created := want
				created.SKU = "single-" + want.SKU
				for _, f := range b.Columns.Fields[1:] {
					if _, has := created.Fields[f.Name]; !has {
						created.Fields[f.Name] = products.Value{} // a null is dropped
						defer delete(created.Fields, f.Name)
					}
				}
				got, err := store.Create(t.Context(), created)
				require.NoError(t, err)
				next := b.Columns.Apply(&b.Records[(i+1)%len(b.Records)], products.Product{})
				for _, step := range []products.Patch{{}, {Fields: next.Fields, ReplaceFields: true}, {SKU: new(string)}} {
					if step.SKU != nil {
						*step.SKU = "renamed-" + want.SKU
					}
					expected := step.Apply(got)
					stored, err := store.Update(t.Context(), got.ID, 0, step)
					require.NoError(t, err)
					require.Equal(t, expected.Fields, stored.Fields)
					got, err = store.Get(t.Context(), got.ID)
					require.NoError(t, err)
					require.Equal(t, got, stored)
				}
			}
		})
	}
}

// TestForeignValues: what others put into the columns and is no value of the type is shown, and can be replaced.
func TestForeignValues(t *testing.T) {
	url := migrated(t)
	schema := ownFields(t)
	store := open(t, url, postgres.Options{Fields: schema}).Products()
	b := typedBatch(schema, 0)
	_, err := store.WriteBatch(t.Context(), b)
	require.NoError(t, err)
	query(t, url, `UPDATE products SET brand = '', price = 'NaN', since = 'infinity', seen_at = '-infinity',
		"order" = '[0:3]={a,NULL,""," "}'`)
	page, err := store.List(t.Context(), products.Query{Limit: 1})
	require.NoError(t, err)
	got := page.Products[0].Fields
	require.NotContains(t, got, "brand")
	require.Equal(t, "NaN", got["price"].Text())
	require.Equal(t, "infinity", got["since"].Text())
	require.Equal(t, "-infinity", got["seen_at"].Text())
	require.Equal(t, `["a"]`, got["order"].Text())
	result, told := tellAlike(t, store, b)
	require.EqualValues(t, len(b.Records), result.Count(products.Updated))
	all := strings.Join(told, "\n")
	require.Contains(t, all, `{"name":"seen_at","before":"-infinity","after":"0001-01-01T00:00:00Z"}`)
	require.Contains(t, all, `{"name":"price","before":"NaN","after":"0.00"}`)
	requireStored(t, store, b)
}

// TestOwnFieldsCount: text of fields of one's own counts for the size of a product, and for that of a page.
func TestOwnFieldsCount(t *testing.T) {
	var own []products.Field
	for i := range 20 {
		own = append(own, products.Field{Name: fmt.Sprintf("text%d", i), Type: products.Text})
	}
	schema, err := products.NewSchema(own...)
	require.NoError(t, err)
	store := open(t, migrated(t), postgres.Options{Fields: schema}).Products()
	b := &products.Batch{Mode: products.Update, Columns: columnsOf(schema, "name"), Records: []products.Record{
		{Key: "a", SKU: "a", Values: []string{"A"}}}}
	for i := range 15 {
		b.Columns.Fields = append(b.Columns.Fields, schema.Find(own[i].Name))
		b.Records[0].Values = append(b.Records[0].Values, strings.Repeat("x", products.MaxDescription))
	}
	result, err := store.WriteBatch(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, []products.Outcome{products.Created}, result.Outcomes)
	more := &products.Batch{Mode: products.Existing, Columns: columnsOf(schema, "text15", "text16"), Records: []products.Record{
		{Key: "a", SKU: "a", Values: []string{strings.Repeat("y", products.MaxDescription), strings.Repeat("z", 20)}}, {Key: "b", SKU: "b", Values: []string{"y", ""}}}}
	for _, dry := range []bool{true, false} {
		more.DryRun = dry
		result, err = store.WriteBatch(t.Context(), more)
		require.NoError(t, err)
		require.Equal(t, []products.Outcome{products.Refused, products.Skipped}, result.Outcomes)
	}
	b.Records[0].Key, b.Records[0].SKU = "b", "b"
	_, err = store.WriteBatch(t.Context(), b)
	require.NoError(t, err)
	page, err := store.List(t.Context(), products.Query{MaxBytes: products.MaxBytes})
	require.NoError(t, err)
	require.Len(t, page.Products, 1, "there is room for one")
	require.NotEmpty(t, page.Next)
	require.Len(t, page.Products[0].Fields, 15)
}
