package storetest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// brokenReplacer is a store whose results as a Replacer are changed by spoil.
type brokenReplacer struct {
	*memory.Products
	spoil func(before, after *products.Product)
}

func (b brokenReplacer) Replace(ctx context.Context, id, version int64,
	patch products.Patch) (before, after products.Product, err error) {
	before, after, err = b.Products.Replace(ctx, id, version, patch)
	b.spoil(&before, &after)
	return before, after, err
}

func (b brokenReplacer) Remove(ctx context.Context, id, version int64) (products.Product, error) {
	removed, err := b.Products.Remove(ctx, id, version)
	b.spoil(&removed, &removed)
	return removed, err
}

func TestCasesFindBrokenReplacers(t *testing.T) {
	for _, test := range []struct {
		name        string
		spoil       func(before, after *products.Product)
		found, says string
	}{
		{"returns what it stored as what was before", func(before, after *products.Product) { *before = *after },
			"replace/returns the product before and after", "as it was"},
		{"returns what was before as what it stored", func(before, after *products.Product) { *after = *before },
			"replace/returns the product before and after", "as it is stored now"},
		{"returns fields as they are now", func(before, after *products.Product) { before.Fields = after.Fields },
			"fields/a replacer returns them", "as they were"},
		{"returns nothing", func(before, after *products.Product) { *before, *after = products.Product{}, products.Product{} },
			"replace/returns what it removed", "as it was"},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := slices.IndexFunc(storetest.Cases(), func(c storetest.Case) bool { return c.Name == test.found })
			require.GreaterOrEqual(t, at, 0, "there is a case %q", test.found)
			c := storetest.Cases()[at]
			sound := memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields}).Products()
			require.NoError(t, c.Check(t.Context(), sound))
			broken := brokenReplacer{memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields}).Products(), test.spoil}
			require.ErrorContains(t, c.Check(t.Context(), broken), test.says)
		})
	}
}
