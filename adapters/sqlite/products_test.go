package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

func TestProducts(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, c storetest.Case) products.Store {
		return open(t, sqlite.Migrated(t), sqlite.Options{KeyRule: &c.Rule, Fields: c.Fields}).Products()
	})
}

func TestBatches(t *testing.T) {
	t.Parallel()
	storetest.RunBatchWriter(t, func(t *testing.T, fields *products.Schema) (products.BatchWriter, storetest.Find) {
		o := sqlite.Options{KeyRule: ruled(products.FoldedKeys), Fields: fields}
		store := open(t, sqlite.Migrated(t), o).Products()
		return store, storetest.FindIn(store)
	})
}

// TestFieldsFewer: a process with fewer fields leaves those of others alone, whatever it does to a product.
func TestFieldsFewer(t *testing.T) {
	path := newPath(t)
	schema := schemaWith(t, price, stock, brand)
	more := open(t, path, sqlite.Options{Fields: schema}).Products()
	exec(t, path, `ALTER TABLE products ADD COLUMN "of Others" INTEGER`)
	fewer := open(t, path, sqlite.Options{Fields: schemaWith(t, stock)}).Products()
	fields := map[string]products.Value{"price": schema.Find("price").Value("12.50"),
		"stock": schema.Find("stock").Value("3"), "brand": schema.Find("brand").Value("Lamp & Co")}
	p, err := more.Create(t.Context(), products.Product{SKU: "a", Name: "A", Fields: fields})
	require.NoError(t, err)
	exec(t, path, `UPDATE products SET "of Others" = 7`)
	check := func(what, stock string) {
		t.Helper()
		fields["stock"] = schema.Find("stock").Value(stock)
		got, err := more.Get(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, fields, got.Fields, what)
		require.Equal(t, 7, scan[int](t, path, `SELECT "of Others" FROM products`), what)
	}
	few, err := fewer.Get(t.Context(), p.ID)
	require.NoError(t, err)
	require.Equal(t, map[string]products.Value{"stock": fields["stock"]}, few.Fields)
	name, sku := "B", "b"
	_, err = fewer.Update(t.Context(), p.ID, 0, products.Patch{Name: &name, SKU: &sku, ReplaceFields: true,
		Fields: map[string]products.Value{"stock": schema.Find("stock").Value("4")}})
	require.NoError(t, err)
	check("a patch", "4")
	for _, mode := range []products.Mode{products.Update, products.Existing} {
		result, err := fewer.WriteBatch(t.Context(), &products.Batch{Mode: mode,
			Columns: columnsOf(fewer.Schema(), "name", "stock"),
			Records: []products.Record{{Key: "b", SKU: "b", Values: []string{mode.String(), "5"}}}})
		require.NoError(t, err)
		require.Equal(t, []products.Outcome{products.Updated}, result.Outcomes)
		check("a batch", "5")
	}
	_, err = fewer.Create(t.Context(), products.Product{SKU: "c", Name: "C", Fields: fields})
	require.ErrorIs(t, err, products.ErrInvalid, "a field that the process doesn't know is refused")
}

func columnsOf(schema *products.Schema, names ...string) (c products.Columns) {
	for _, name := range names {
		c.Fields = append(c.Fields, schema.Find(name))
	}
	return c
}

func batchOf(schema *products.Schema, skus ...string) *products.Batch {
	b := &products.Batch{Columns: columnsOf(schema, "name")}
	for _, sku := range skus {
		b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{"name of " + sku}})
	}
	return b
}

// TestBatchJoins: a batch in a transaction is part of it, and one that fails takes back itself alone.
func TestBatchJoins(t *testing.T) {
	db := open(t, sqlite.Migrated(t), sqlite.Options{})
	store := db.Products()
	own := errors.New("an error of the caller")
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := store.WriteBatch(ctx, batchOf(store.Schema(), "a", "b"))
		require.NoError(t, err)
		failing := batchOf(store.Schema(), "c")
		failing.BeforeCommit = func(context.Context, *products.BatchResult) error { return own }
		_, err = store.WriteBatch(ctx, failing)
		require.ErrorIs(t, err, own)
		dry := batchOf(store.Schema(), "a", "d")
		dry.DryRun = true
		result, err := store.WriteBatch(ctx, dry)
		require.NoError(t, err)
		require.Equal(t, []products.Outcome{products.Skipped, products.Created}, result.Outcomes,
			"it sees what the transaction has written")
		page, err := store.List(ctx, products.Query{Limit: 1})
		require.NoError(t, err)
		require.EqualValues(t, 2, page.Count)
		return nil
	}))
	require.ErrorIs(t, db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := store.WriteBatch(ctx, batchOf(store.Schema(), "e"))
		return errors.Join(err, own)
	}), own)
	page, err := store.List(t.Context(), products.Query{Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, 2, page.Count)
}

// TestBatchHints: what a batch expects changes nothing but the way.
func TestBatchHints(t *testing.T) {
	for _, mode := range []products.Mode{products.Ignore, products.Update, products.Existing} {
		var outcomes [2][]products.Outcome
		for i, expectNew := range []bool{false, true} {
			store := open(t, sqlite.Migrated(t), sqlite.Options{}).Products()
			var before, skus []string
			for n := range 333 {
				sku := strconv.Itoa(n * 7919 % 1000)
				skus = append(skus, sku)
				if n%3 == 0 {
					before = append(before, sku)
				}
			}
			_, err := store.WriteBatch(t.Context(), batchOf(store.Schema(), before...))
			require.NoError(t, err)
			b := batchOf(store.Schema(), skus...)
			b.Mode, b.ExpectNew = mode, expectNew
			for n := range b.Records {
				if n%2 == 0 {
					b.Records[n].Values = []string{"another name"}
				}
			}
			told := map[string]bool{}
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				for _, p := range append(created, updated...) {
					stored, err := store.Get(ctx, p.ID)
					require.NoError(t, err)
					require.Equal(t, stored, p, "they are as stored")
					told[p.SKU] = true
				}
				return nil
			}
			result, err := store.WriteBatch(t.Context(), b)
			require.NoError(t, err)
			for n, outcome := range result.Outcomes {
				require.Equal(t, outcome == products.Created || outcome == products.Updated, told[skus[n]])
			}
			outcomes[i] = result.Outcomes
		}
		require.Equal(t, outcomes[0], outcomes[1], mode)
		require.Contains(t, outcomes[0], map[products.Mode]products.Outcome{products.Ignore: products.Skipped,
			products.Update: products.Unchanged, products.Existing: products.Updated}[mode])
	}
}

// TestCount: the number of products is remembered, and never out of date.
func TestCount(t *testing.T) {
	path := newPath(t)
	here, there := open(t, path, sqlite.Options{}).Products(), open(t, path, sqlite.Options{MaxReaders: 1}).Products()
	for i := range 5 {
		writer := here
		if i%2 == 1 {
			writer = there
		}
		_, err := writer.Create(t.Context(), products.Product{SKU: fmt.Sprint(i), Name: "name"})
		require.NoError(t, err)
		for _, store := range []*sqlite.Products{here, there, here} {
			page, err := store.List(t.Context(), products.Query{Limit: 1, Offset: 0, Order: "-id"})
			require.NoError(t, err)
			require.EqualValues(t, i+1, page.Count)
		}
	}
	n, err := there.DeleteAll(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, n)
	p, err := here.Create(t.Context(), products.Product{SKU: "new", Name: "name"})
	require.NoError(t, err)
	require.EqualValues(t, 6, p.ID, "no ID is given twice")
}
