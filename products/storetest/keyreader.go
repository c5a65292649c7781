package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// keyReader returns the store as a KeyReader; a case about that passes where it is none.
func (c *check) keyReader() products.KeyReader {
	r, _ := c.store.(products.KeyReader)
	return r
}

// eachKey returns what EachKey gives for a query that must be answered, ascending by key.
func (c *check) eachKey(q products.Query) []products.KeyVersion {
	c.Helper()
	found := []products.KeyVersion{}
	err := c.keyReader().EachKey(c.Context(), q, func(k products.KeyVersion) error {
		found = append(found, k)
		return nil
	})
	require.NoError(c, err, "the query %+v is answered", q)
	slices.SortFunc(found, func(a, b products.KeyVersion) int { return strings.Compare(a.Key, b.Key) })
	return found
}

// keysOf are the keys of products, ascending.
func keysOf(c *check, all []products.Product) []products.KeyVersion {
	found := []products.KeyVersion{}
	for _, p := range all {
		found = append(found, products.KeyVersion{Key: c.store.KeyRule().Key(p.SKU), ID: p.ID, Version: p.Version})
	}
	slices.SortFunc(found, func(a, b products.KeyVersion) int { return strings.Compare(a.Key, b.Key) })
	return found
}

var keyReaderCases = []Case{
	{Name: "each key/of what there is", Rule: products.FoldedKeys, run: func(c *check) {
		if c.keyReader() == nil {
			return
		}
		require.Empty(c, c.eachKey(products.Query{}), "an empty store has no keys")
		a := c.create(products.Product{Name: "ä", SKU: "Ä-1"})
		b := c.create(products.Product{Name: "b", SKU: "b", Status: true})
		gone := c.create(products.Product{Name: "gone", SKU: "c"})
		require.NoError(c, c.store.Delete(c.Context(), gone.ID, 0))
		b, err := c.store.Update(c.Context(), b.ID, 0, products.Patch{Name: ptr("changed")})
		require.NoError(c, err)
		all := []products.Product{a, b}
		require.Equal(c, keysOf(c, all), c.eachKey(products.Query{}), "each product is told of with its key, ID and version")
		for name, q := range map[string]products.Query{"name": {Name: "changed"}, "sku": {SKU: "B"},
			"status": {Status: ptr(true)}, "search": {Search: "CHANGE"}} {
			require.Equal(c, keysOf(c, all[1:]), c.eachKey(q), "the filter by %s is heeded", name)
		}
		require.Equal(c, keysOf(c, all), c.eachKey(products.Query{Order: "-name", Limit: 1, Offset: 1}),
			"order, limit and offset don't count")
		require.Empty(c, c.eachKey(products.Query{Name: strings.Repeat("x", products.MaxName+1)}),
			"what nothing can match is answered")
		err = c.keyReader().EachKey(c.Context(), products.Query{Where: []products.Condition{{Field: "none",
			Op: products.OpEqual, Value: "1"}}}, func(products.KeyVersion) error { return nil })
		require.ErrorIs(c, err, products.ErrQuery, "a filter by a field that isn't there is refused")
	}},
	{Name: "each key/by fields", Fields: listed, run: func(c *check) {
		if c.keyReader() == nil {
			return
		}
		all := c.spread(60)
		for _, where := range [][]products.Condition{
			{{Field: "brand", Op: products.OpEqual, Value: "b"}},
			{{Field: "price", Op: products.OpAtLeast, Value: "9"}, {Field: "price", Op: products.OpLess, Value: "10"}},
			{{Field: "tags", Op: products.OpContains, Value: "b"}},
			{{Field: "available_from", Op: products.OpIsNull, Value: "true"}},
		} {
			var want []products.Product
			for i, w := range where { // the canonical forms
				checked, wrong := w.Check(c.store.Schema())
				require.Nil(c, wrong)
				where[i] = checked
			}
			skus := matching(all, c.store.Schema(), where...)
			for _, p := range all {
				if slices.Contains(skus, p.SKU) {
					want = append(want, p)
				}
			}
			require.NotEmpty(c, want)
			require.Equal(c, keysOf(c, want), c.eachKey(products.Query{Where: where}), "the conditions %v are heeded",
				where)
		}
	}},
	{Name: "each key/at one moment", run: func(c *check) {
		if c.keyReader() == nil {
			return
		}
		const n = 3_000
		c.write(products.Batch{Columns: c.columns("name"), Records: c.records(n, "p-", "name")})
		all := c.all()
		var found []products.KeyVersion
		err := c.keyReader().EachKey(c.Context(), products.Query{}, func(k products.KeyVersion) error {
			found = append(found, k)
			if len(found) > 1 {
				return nil
			}
			// Others don't wait, and what they do doesn't show.
			done := make(chan error, 1)
			go func() {
				_, err := c.store.Create(c.Context(), products.Product{Name: "new", SKU: "p-new"})
				for _, p := range []products.Product{all[0], all[n-1]} {
					if err == nil {
						_, err = c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("changed")})
					}
				}
				if err == nil {
					err = c.store.Delete(c.Context(), all[n-2].ID, 0)
				}
				done <- err
			}()
			return <-done
		})
		require.NoError(c, err, "others write while keys are read")
		slices.SortFunc(found, func(a, b products.KeyVersion) int { return strings.Compare(a.Key, b.Key) })
		require.Equal(c, keysOf(c, all), found, "all products are as they were at one moment")
	}},
	{Name: "each key/ends with an error", run: func(c *check) {
		if c.keyReader() == nil {
			return
		}
		const n = 3_000
		c.write(products.Batch{Columns: c.columns("name"), Records: c.records(n, "p-", "name")})
		fails, told := errors.New("it fails"), 0
		err := c.keyReader().EachKey(c.Context(), products.Query{}, func(products.KeyVersion) error {
			told++
			return fmt.Errorf("each: %w", fails)
		})
		require.ErrorIs(c, err, fails, "an error is returned")
		require.Equal(c, 1, told, "an error ends it")
		ctx, cancel := context.WithCancel(c.Context())
		told = 0
		err = c.keyReader().EachKey(ctx, products.Query{}, func(products.KeyVersion) error {
			told++
			cancel()
			return nil
		})
		require.ErrorIs(c, err, context.Canceled, "the end of the context ends it")
		require.Less(c, told, n, "the end of the context ends it")
	}},
}
