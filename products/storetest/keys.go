package storetest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// café, composed and decomposed.
const composed, decomposed = "caf\u00e9", "cafe\u0301"

var keyCases = []Case{
	{Name: "keys/the rule is the one asked for", Rule: products.FoldedKeys, run: func(c *check) {
		require.Equal(c, products.FoldedKeys, c.store.KeyRule(), "KeyRule is the store's rule")
	}},
	{Name: "keys/exact", run: func(c *check) {
		require.Equal(c, products.ExactKeys, c.store.KeyRule(), "KeyRule is the store's rule")
		p := c.create(products.Product{Name: "Coffee", SKU: composed})
		_, err := c.store.Create(c.Context(), products.Product{Name: "Again", SKU: decomposed})
		require.ErrorIs(c, err, products.ErrExists, "two ways to write one character are one SKU")
		require.Equal(c, p.ID, c.only(decomposed).ID, "a SKU is found however its characters are written")
		got, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{SKU: ptr(decomposed)})
		require.NoError(c, err, "a product's own SKU can be written otherwise")
		require.Equal(c, decomposed, got.SKU, "a SKU is stored as it was sent")
		result := c.write(products.Batch{Columns: c.columns("name"), Records: []products.Record{c.record(composed, "Third")}})
		require.Equal(c, skipped, result.Outcomes[0], "batches compare SKUs by key")

		c.create(products.Product{Name: "Upper", SKU: strings.ToUpper(composed)})
		require.EqualValues(c, 2, c.list(products.Query{}).Count, "exact keys tell upper from lower case")
	}},
	{Name: "keys/folded", Rule: products.FoldedKeys, run: func(c *check) {
		p := c.create(products.Product{Name: "Street", SKU: "Straße-É"})
		for _, same := range []string{"STRASSE-É", "straße-é", "strasse-E\u0301"} {
			_, err := c.store.Create(c.Context(), products.Product{Name: "Again", SKU: same})
			require.ErrorIs(c, err, products.ErrExists, "folded keys ignore case: %q is taken", same)
			require.Equal(c, p.ID, c.only(same).ID, "folded keys ignore case: %q is found", same)
		}
		require.Equal(c, "Straße-É", c.only("strasse-é").SKU, "a SKU is stored as it was sent")
		result := c.write(products.Batch{Mode: products.Update, Columns: c.columns("name"),
			Records: []products.Record{c.record("STRASSE-É", "Street"), c.record("b", "first"), c.record("B", "last")}})
		require.Equal(c, []products.Outcome{updated, superseded, created}, result.Outcomes,
			"batches compare SKUs by key")
		require.Equal(c, "STRASSE-É", c.get(p.ID).SKU, "mode update takes over how the SKU is written")
		result = c.write(products.Batch{Mode: products.Update, Columns: c.columns("name"),
			Records: []products.Record{c.record("STRASSE-É", "Street")}})
		require.Equal(c, unchanged, result.Outcomes[0], "the same record again changes nothing")
	}},
}
