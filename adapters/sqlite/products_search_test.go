package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

var errBack = errors.New("back to what was")

// withIndex opens a file with the index.
func withIndex(t testing.TB, o sqlite.Options) *sqlite.DB {
	db := open(t, sqlite.Migrated(t), o)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	return db
}

// TestProductsSearchIndex: with the index all is as without.
func TestProductsSearchIndex(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, c storetest.Case) products.Store {
		return withIndex(t, sqlite.Options{KeyRule: &c.Rule, Fields: c.Fields}).Products()
	})
}

// found returns the SKUs that a search finds.
func found(t *testing.T, store *sqlite.Products, search string) (skus []string) {
	t.Helper()
	page, err := store.List(t.Context(), products.Query{Search: search, Limit: products.MaxLimit})
	require.NoError(t, err)
	for _, p := range page.Products {
		skus = append(skus, p.SKU)
	}
	return skus
}

// TestSearchIndexCases: of every letter the index finds what strings.ToLower takes for the same, in each spelling.
func TestSearchIndexCases(t *testing.T) {
	store := withIndex(t, sqlite.Options{}).Products()
	b := &products.Batch{Columns: columnsOf(store.Schema(), "name")}
	searches := map[string][]string{}
	for r := range unicode.MaxRune + 1 {
		if len(products.LowerTo(unicode.ToLower(r))) == 1 {
			continue
		}
		sku := fmt.Sprintf("%U", r)
		search := "x" + string(unicode.ToLower(r)) + "y"
		searches[search] = append(searches[search], sku)
		b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{"wx" + string(r) + "yz"}})
	}
	require.Greater(t, len(b.Records), 2_000)
	_, err := store.WriteBatch(t.Context(), b)
	require.NoError(t, err)
	for search := range searches {
		var want []string
		for _, spelling := range products.Spellings(search) {
			want = append(want, searches[strings.ToLower(spelling)]...)
		}
		require.ElementsMatch(t, want, found(t, store, search), search)
	}
}

// TestSearchIndexKeepsUp: whatever is done to products, the index finds what is found without it.
func TestSearchIndexKeepsUp(t *testing.T) {
	brand := products.Field{Name: "rank", Type: products.Text, Search: true}
	o := sqlite.Options{Fields: schemaWith(t, brand, stock)}
	path := newPath(t)
	db := open(t, path, o)
	store := db.Products()
	words := strings.Fields(
		"lamp LAMP chair ta_ble 100% a\"b \"\"\" [x] *y? İstanbul straße STRASSE K12 k12 日本語 ab")
	random := rand.New(rand.NewPCG(1, 2))
	name := func() string {
		return words[random.IntN(len(words))] + " " + words[random.IntN(len(words))]
	}
	batch := func(from, to int, mode products.Mode) {
		b := &products.Batch{Mode: mode, Columns: columnsOf(o.Fields, "name", "rank", "stock")}
		for i := from; i < to; i++ {
			sku := fmt.Sprintf("sku-%d", i)
			b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{name(), name(), "1"}})
		}
		_, err := store.WriteBatch(t.Context(), b)
		require.NoError(t, err)
	}
	check := func(what string) {
		t.Helper()
		var with [][]string
		searches := append(slices.Clone(words), "sku-1", "KU-1", "lamp c", "mp", "m", "nothing", "LAMP LAMP")
		for _, search := range searches {
			with = append(with, found(t, store, search))
		}
		require.ErrorIs(t, db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, db.DropSearchIndex(ctx))
			for i, search := range searches {
				page, err := store.List(ctx, products.Query{Search: search, Limit: products.MaxLimit})
				require.NoError(t, err)
				var skus []string
				for _, p := range page.Products {
					skus = append(skus, p.SKU)
				}
				require.Equal(t, skus, with[i], "%s: %s", what, search)
			}
			return errBack
		}), errBack)
		exec(t, path, `INSERT INTO products_search (products_search, rank) VALUES ('integrity-check', 1)`)
	}
	batch(0, 100, products.Ignore)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.NoError(t, db.BuildSearchIndex(t.Context()), "again")
	check("built")
	batch(50, 200, products.Update)
	check("a batch")
	page, err := store.List(t.Context(), products.Query{Limit: 10})
	require.NoError(t, err)
	for i, p := range page.Products {
		if i%2 == 0 {
			require.NoError(t, store.Delete(t.Context(), p.ID, 0))
			continue
		}
		text := name()
		_, err := store.Update(t.Context(), p.ID, 0, products.Patch{Name: &text})
		require.NoError(t, err)
	}
	check("single changes")
	n, err := store.DeleteAll(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 195, n)
	check("all deleted")
	batch(0, 20, products.Ignore)
	check("a batch again")
	require.NoError(t, db.DropSearchIndex(t.Context()))
	require.NoError(t, db.DropSearchIndex(t.Context()), "again")
	require.Equal(t, 0, scan[int](t, path, `SELECT count(*) FROM sqlite_schema WHERE name LIKE 'products_search%'`))
	batch(0, 20, products.Update)
	require.NotEmpty(t, found(t, store, "sku-1"))
}

// TestSearchIndexGrows: an index that lacks a field isn't used, and is built anew.
func TestSearchIndexGrows(t *testing.T) {
	path := newPath(t)
	require.NoError(t, open(t, path, sqlite.Options{}).BuildSearchIndex(t.Context()))
	searched := brand
	searched.Search = true
	db := open(t, path, sqlite.Options{Fields: schemaWith(t, searched)})
	fields := map[string]products.Value{"brand": products.TextValue("Lamps & Co")}
	_, err := db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A", Fields: fields})
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, found(t, db.Products(), "lamps"))
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.Equal(t, 3, scan[int](t, path, `SELECT count(*) FROM pragma_table_info('products_search')
		WHERE name LIKE 'in_%'`))
	require.Equal(t, []string{"a"}, found(t, db.Products(), "lamps"))
}
