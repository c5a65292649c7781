package httpapi_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
	"github.com/products-importer/products-importer/progress"
)

func TestExportHasFields(t *testing.T) {
	f := newFieldFixture(t)
	for sku, fields := range map[string]string{
		"A": `{"price":"5","weight":"1.234","stock":-5,"brand":"=1+1","currency":"not known","tags":["new","big sale"],
			"available_from":"2026-11-28","seen_at":"2026-11-28T10:00:00.5Z","fragile":true}`,
		"B": `{"weight":"-0.5","brand":"'=","tags":["a|b","=c"]}`,
	} {
		require.Equal(t, 201, f.call("POST", "/products/", withFields(sku, fields)).Code)
	}
	rows := map[string][]string{}
	records := exported(t, f, "")
	for _, record := range records[1:] {
		rows[record[1]] = record
	}
	require.Equal(t, []string{"name", "sku", "description", "status", "price", "weight", "stock", "brand", "currency",
		"tags", "available_from", "seen_at", "fragile"}, records[0])
	require.Equal(t, []string{"Lamp", "A", "", "false", "5.00", "1.2340", "-5", "'=1+1", "not known", "new|big sale",
		"2026-11-28", "2026-11-28T10:00:00.5Z", "true"}, rows["A"], "numbers are no formulas")
	require.Equal(t, []string{"Lamp", "B", "", "false", "", "-0.500", "", "''=", "", `["a|b","=c"]`, "", "", ""},
		rows["B"])
}

// TestExportMovesACatalogue: whatever the fields and the products, the export of one server imports into another, where
// nothing is left to change, and whose export is the same; and so it does again into one whose products were deleted.
func TestExportMovesACatalogue(t *testing.T) {
	names := []string{"color", "Color", " size", "name", "sku", "_line", "=x", "a,b", "x\"y", "é", "price", "attributes.a",
		"Handle", "1", "none", "a\nb"}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		schema := storetest.RandomSchema(rng)
		open := func() *fixture {
			return newFixtureOver(t, memory.New(memory.Options{Fields: schema}).Products(), httpapi.Options{})
		}
		from, to := open(), open()
		const n = 25
		for i := range n {
			p := products.Product{SKU: fmt.Sprint("S", i), Attributes: map[string]string{}}
			for _, f := range schema.All() {
				p.Set(f, storetest.RandomValue(rng, f))
			}
			for _, name := range names {
				if rng.IntN(4) == 0 {
					p.Attributes[name] = nasty[rng.IntN(len(nasty))]
				}
			}
			_, err := from.store.Create(t.Context(), p)
			require.NoError(t, err)
		}
		file := from.call("GET", "/products/export.csv", "").Body.Bytes()
		load := func(f *fixture) progress.Counts {
			result, err := importer.Run(t.Context(), importer.Bytes(file), f.store, importer.Options{Mode: products.Update})
			require.NoError(t, err, "seed %d: %s", seed, file)
			return result.Counts
		}
		require.EqualValues(t, n, load(from).Unchanged, "seed %d: %s", seed, file)
		require.EqualValues(t, n, load(to).Created, "seed %d: %s", seed, file)
		require.EqualValues(t, n, load(to).Unchanged, "seed %d: %s", seed, file)
		require.Equal(t, string(file), to.call("GET", "/products/export.csv", "").Body.String(), "seed %d", seed)
		for i := range n {
			q := products.Query{SKU: fmt.Sprint("S", i)}
			want, err := from.store.List(t.Context(), q)
			require.NoError(t, err)
			got, err := to.store.List(t.Context(), q)
			require.NoError(t, err)
			require.True(t, products.SameContent(want.Products[0], got.Products[0]), "seed %d: %+v, %+v", seed,
				want.Products[0], got.Products[0])
		}

		require.Equal(t, 204, from.call("DELETE", "/delete_all/", "").Code)
		require.EqualValues(t, n, load(from).Created, "seed %d: %s", seed, file)
		require.Equal(t, string(file), from.call("GET", "/products/export.csv", "").Body.String(), "seed %d", seed)
	}
}

// growing is a catalogue in which a product gets an attribute once the names were asked for.
type growing struct {
	products.Store
	add func()
}

func (g growing) AttributeNames(ctx context.Context, q products.Query, most int) ([]string, error) {
	names, err := g.Store.AttributeNames(ctx, q, most)
	g.add()
	return names, err
}

func TestExportLosesNoAttribute(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	create := func(sku string, attributes map[string]string) {
		_, err := store.Create(t.Context(), products.Product{Name: "Lamp", SKU: sku, Attributes: attributes})
		require.NoError(t, err)
	}
	last := 0
	f := newFixtureOver(t, growing{store, func() {
		create(fmt.Sprint("late", last), map[string]string{fmt.Sprint("late", last): "x"})
		last++
	}}, httpapi.Options{})
	p := problem(t, f.call("GET", "/products/export.csv", ""), 503)
	require.Contains(t, p.Detail, "attribute", "nothing was sent yet")
	for i := range 8_000 {
		create(fmt.Sprint("S", i), nil)
	}
	for _, q := range []string{"?attributes=none", "?attributes=late0"} {
		require.Equal(t, 200, f.call("GET", "/products/export.csv"+q, "").Code, "it isn't asked for")
	}
	func() {
		defer func() {
			err, _ := recover().(error)
			require.ErrorIs(t, err, http.ErrAbortHandler, "the client sees that something is missing")
		}()
		f.call("GET", "/products/export.csv", "")
		t.Error("the file is whole, but lacks an attribute")
	}()
}

func TestExportOfManyAttributes(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for i := range 2 {
		attributes := map[string]string{}
		for j := range products.MaxAttributes/2 + i {
			attributes[fmt.Sprint(i, "-", j)] = "x"
		}
		_, err := f.store.Create(t.Context(), products.Product{Name: "Lamp", SKU: fmt.Sprint(i), Attributes: attributes})
		require.NoError(t, err)
	}
	p := problem(t, f.call("GET", "/products/export.csv", ""), 400)
	require.Equal(t, "attributes", p.Errors[0].Field)
	require.Contains(t, p.Detail, "more than 2000")
	records, err := csv.NewReader(strings.NewReader(f.call("GET", "/products/export.csv?sku=1", "").Body.String())).ReadAll()
	require.NoError(t, err)
	require.Len(t, records[0], 4+products.MaxAttributes/2+1, "the filters count for the attributes too")

	g := newFixture(t, httpapi.Options{})
	_, err = g.store.Create(t.Context(), products.Product{Name: "Lamp", SKU: "A",
		Attributes: map[string]string{"x ": "y"}})
	require.NoError(t, err)
	p = problem(t, g.call("GET", "/products/export.csv", ""), 400)
	require.Contains(t, p.Detail, `the products have "x ", which an import would not take`)
	require.Equal(t, 200, g.call("GET", "/products/export.csv?attributes=none", "").Code)
	h := newFixtureOver(t, broken{err: errors.New("secret")}, httpapi.Options{})
	problem(t, h.call("GET", "/products/export.csv", ""), 500)
}
