package storetest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

var createCases = []Case{
	{Name: "create/stores every field", run: func(c *check) {
		want := products.Product{Name: "Lamp", SKU: "L-1", Description: "It\nshines.", Status: true,
			Attributes: map[string]string{"color": "red", "empty": ""}}
		p := c.create(want)
		c.requireContent(want, p, "Create returns the product as stored")
		c.requireSame(p, c.get(p.ID), "Get returns what Create returned")
	}},
	{Name: "create/sets ID, version and times itself", run: func(c *check) {
		sent := products.Product{ID: 77, Version: 9, Name: "Lamp", SKU: "L-1"}
		sent.CreatedAt = sent.CreatedAt.AddDate(1999, 0, 0)
		sent.UpdatedAt = sent.CreatedAt
		p, other := c.create(sent), c.create(products.Product{ID: 77, Name: "Lamp", SKU: "L-2"})
		require.Positive(c, p.ID, "an ID is positive")
		require.NotEqual(c, p.ID, other.ID, "every product has an ID of its own")
		require.EqualValues(c, 1, p.Version, "a new product has version 1")
		require.True(c, p.CreatedAt.Equal(p.UpdatedAt), "both times of a new product are the same")
		require.Greater(c, p.CreatedAt.Year(), 2000, "the store sets the times")
	}},
	{Name: "create/attributes and fields are never nil", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		c.requireMaps(p, "Create")
		c.requireMaps(c.get(p.ID), "Get")
		c.requireMaps(c.only("L-1"), "List")
		p, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("Torch")})
		require.NoError(c, err, "a valid patch is applied")
		c.requireMaps(p, "Update")
		_, sent := c.writeChanges(products.Batch{Columns: c.columns("name"),
			Records: []products.Record{c.record("L-2", "Lamp")}})
		c.requireMaps(sent.created[0], "Changed")
	}},
	{Name: "create/trims the SKU", run: func(c *check) {
		p := c.create(products.Product{Name: " Lamp ", SKU: " \tL 1\u00a0\n"})
		require.Equal(c, "L 1", p.SKU, "a SKU is stored without white space around it")
		require.Equal(c, " Lamp ", p.Name, "a name is stored as it is")
		c.create(products.Product{Name: "Lamp", SKU: strings.Repeat(" ", products.MaxSKU) + "L-2"})
		require.Equal(c, "Lamp", c.only("L-2").Name, "white space around a SKU doesn't count for its length")
	}},
	{Name: "create/a SKU is taken once", run: func(c *check) {
		first := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		_, err := c.store.Create(c.Context(), products.Product{Name: "Another", SKU: " L-1 "})
		require.ErrorIs(c, err, products.ErrExists, "a SKU that is taken gives ErrExists")
		c.requireAll([]products.Product{first}, "what is refused changes nothing")
	}},
	{Name: "create/refuses what is invalid", run: func(c *check) {
		for _, bad := range []struct {
			field   string
			product products.Product
		}{
			{"name", products.Product{SKU: "L-1"}},
			{"name", products.Product{SKU: "L-1", Name: " \t"}},
			{"name", products.Product{SKU: "L-1", Name: "\u200b"}},
			{"name", products.Product{SKU: "L-1", Name: strings.Repeat("é", products.MaxName+1)}},
			{"name", products.Product{SKU: "L-1", Name: "a\x00b"}},
			{"sku", products.Product{Name: "Lamp", SKU: "  "}},
			{"sku", products.Product{Name: "Lamp", SKU: "\ufeff\u00ad"}},
			{"sku", products.Product{Name: "Lamp", SKU: strings.Repeat("é", products.MaxSKU+1)}},
			{"sku", products.Product{Name: "Lamp", SKU: "a\xffb"}},
			{"description", products.Product{Name: "Lamp", SKU: "L-1",
				Description: strings.Repeat("é", products.MaxDescription+1)}},
			{"attributes[color]", products.Product{Name: "Lamp", SKU: "L-1",
				Attributes: map[string]string{"color": "\x00"}}},
		} {
			_, err := c.store.Create(c.Context(), bad.product)
			c.requireInvalid(err, bad.field)
		}
		c.requireAll(nil, "what is invalid is not stored")
	}},
	{Name: "create/products belong to the caller", run: func(c *check) {
		sent := products.Product{Name: "Lamp", SKU: "L-1", Attributes: map[string]string{"color": "red"}}
		p := c.create(sent)
		sent.Attributes["color"] = "changed after Create"
		p.Attributes["color"] = "changed in Create's result"
		c.get(p.ID).Attributes["color"] = "changed in Get's result"
		c.list(products.Query{}).Products[0].Attributes["color"] = "changed in List's result"
		require.Equal(c, "red", c.get(p.ID).Attributes["color"],
			"changing a product that went in or came out doesn't change the store")
	}},
	{Name: "get/not found", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		for _, id := range []int64{p.ID + 1, 0, -1, 1<<63 - 1} {
			_, err := c.store.Get(c.Context(), id)
			require.ErrorIs(c, err, products.ErrNotFound, "Get of the unknown ID %d gives ErrNotFound", id)
		}
	}},
}

// requireMaps wants maps in a product without attributes and fields of one's own.
func (c *check) requireMaps(p products.Product, returns string) {
	c.Helper()
	require.NotNil(c, p.Attributes, "%s returns an empty map rather than nil", returns)
	require.NotNil(c, p.Fields, "%s returns an empty map of fields rather than nil", returns)
}

// requireInvalid wants an error that names the field.
func (c *check) requireInvalid(err error, field string) {
	c.Helper()
	require.ErrorIs(c, err, products.ErrInvalid, "an invalid %s gives ErrInvalid", field)
	var invalid *products.ValidationError
	require.ErrorAs(c, err, &invalid, "an invalid %s gives a *ValidationError", field)
	require.Equal(c, field, invalid.Fields[0].Field, "a *ValidationError names the field")
}
