package storetest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

var updateCases = []Case{
	{Name: "update/changes the fields of the patch alone", run: func(c *check) {
		other := c.create(products.Product{Name: "Other", SKU: "O-1"})
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Description: "d", Status: true,
			Attributes: map[string]string{"a": "1", "b": "2"}})
		got, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("Torch"),
			Attributes: map[string]*string{"a": nil, "c": ptr("3"), "x": nil}})
		require.NoError(c, err, "a valid patch is applied")
		c.requireContent(products.Product{Name: "Torch", SKU: "L-1", Description: "d", Status: true,
			Attributes: map[string]string{"b": "2", "c": "3"}}, got,
			"a patch changes its fields, merges attributes and removes those that are nil")
		c.requireSame(got, c.get(p.ID), "Get returns what Update returned")
		c.requireSame(other, c.get(other.ID), "an update changes no other product")

		got, err = c.store.Update(c.Context(), p.ID, 0, products.Patch{SKU: ptr(" L-9\t"), Description: ptr(""),
			Status: ptr(false), ReplaceAttributes: true, Attributes: map[string]*string{"z": ptr("")}})
		require.NoError(c, err, "a valid patch is applied")
		c.requireContent(products.Product{Name: "Torch", SKU: "L-9", Attributes: map[string]string{"z": ""}}, got,
			"ReplaceAttributes drops those there were; a SKU is trimmed")
		require.Equal(c, p.ID, c.only("L-9").ID, "a product is found by its new SKU")
		require.Empty(c, c.list(products.Query{SKU: "L-1"}).Products, "a product is not found by its old SKU")
		c.create(products.Product{Name: "New", SKU: "L-1"})
	}},
	{Name: "update/versions and times", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		for i, name := range []string{"a", "b", "c"} {
			got, err := c.store.Update(c.Context(), p.ID, int64(i+1), products.Patch{Name: &name})
			require.NoError(c, err, "an update that names the product's version is done")
			require.EqualValues(c, i+2, got.Version, "the version grows by one at every change")
			require.True(c, got.CreatedAt.Equal(p.CreatedAt), "created_at stays")
			require.False(c, got.UpdatedAt.Before(p.UpdatedAt), "updated_at doesn't go back")
		}
	}},
	{Name: "update/another version", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		for _, version := range []int64{2, -1} {
			_, err := c.store.Update(c.Context(), p.ID, version, products.Patch{Name: ptr("x")})
			require.ErrorIs(c, err, products.ErrVersion, "an update that names another version gives ErrVersion")
		}
		_, err := c.store.Update(c.Context(), p.ID, 2, products.Patch{})
		require.ErrorIs(c, err, products.ErrVersion, "so does one that would change nothing")
		c.requireSame(p, c.get(p.ID), "an update that names another version changes nothing")
	}},
	{Name: "update/nothing to change", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Attributes: map[string]string{"a": "1"}})
		for _, patch := range []products.Patch{
			{},
			{Name: ptr("Lamp"), SKU: ptr(" L-1 "), Status: ptr(false), Attributes: map[string]*string{"a": ptr("1"),
				"b": nil}},
		} {
			got, err := c.store.Update(c.Context(), p.ID, p.Version, patch)
			require.NoError(c, err, "a patch that changes nothing is no error")
			c.requireSame(p, got, "a patch that changes nothing writes nothing: version and times stay")
			c.requireSame(p, c.get(p.ID), "a patch that changes nothing writes nothing: version and times stay")
		}
	}},
	{Name: "update/a SKU that another product has", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		c.create(products.Product{Name: "Torch", SKU: "L-2"})
		_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{SKU: ptr("L-2"), Name: ptr("x")})
		require.ErrorIs(c, err, products.ErrExists, "a patch with another product's SKU gives ErrExists")
		c.requireSame(p, c.get(p.ID), "what is refused changes nothing")
	}},
	{Name: "update/refuses what is invalid", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		for field, patch := range map[string]products.Patch{
			"name":        {Name: ptr("")},
			"sku":         {SKU: ptr(" \u200b")},
			"description": {Description: ptr("\x00")},
			"attributes[a]": {Attributes: map[string]*string{"a": ptr(strings.Repeat("x",
				products.MaxAttributeValue+1))}},
		} {
			_, err := c.store.Update(c.Context(), p.ID, 0, patch)
			c.requireInvalid(err, field)
		}
		c.requireSame(p, c.get(p.ID), "what is refused changes nothing")
	}},
	{Name: "update/not found", run: func(c *check) {
		_, err := c.store.Update(c.Context(), 1, 1, products.Patch{Name: ptr("x")})
		require.ErrorIs(c, err, products.ErrNotFound, "an update of an unknown ID gives ErrNotFound")
	}},
}

// A store that isn't a products.Replacer passes these.
var replaceCases = []Case{
	{Name: "replace/returns the product before and after", run: func(c *check) {
		r, ok := c.store.(products.Replacer)
		if !ok {
			return
		}
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Attributes: map[string]string{"a": "1"}})
		before, after, err := r.Replace(c.Context(), p.ID, 0, products.Patch{Name: ptr("Torch"), SKU: ptr("L-2")})
		require.NoError(c, err, "a valid patch is applied")
		c.requireSame(p, before, "Replace returns the product as it was")
		c.requireSame(c.get(p.ID), after, "Replace returns the product as it is stored now")
		before, unchanged, err := r.Replace(c.Context(), p.ID, after.Version, products.Patch{Name: ptr("Torch")})
		require.NoError(c, err, "a patch that changes nothing is applied")
		c.requireSame(after, before, "Replace returns the product as it was, where nothing changes")
		c.requireSame(after, unchanged, "what changes nothing keeps its version and times")
		before.Attributes["a"], unchanged.Attributes["b"] = "x", "x"
		c.requireSame(after, c.get(p.ID), "both are the caller's to change")
		_, _, err = r.Replace(c.Context(), p.ID, 1, products.Patch{Name: ptr("x")})
		require.ErrorIs(c, err, products.ErrVersion, "another version gives ErrVersion")
		_, _, err = r.Replace(c.Context(), p.ID+1, 0, products.Patch{Name: ptr("x")})
		require.ErrorIs(c, err, products.ErrNotFound, "a product that isn't there gives ErrNotFound")
	}},
	{Name: "replace/returns what it removed", run: func(c *check) {
		r, ok := c.store.(products.Replacer)
		if !ok {
			return
		}
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Attributes: map[string]string{"a": "1"}})
		_, err := r.Remove(c.Context(), p.ID, 2)
		require.ErrorIs(c, err, products.ErrVersion, "another version gives ErrVersion")
		removed, err := r.Remove(c.Context(), p.ID, 1)
		require.NoError(c, err, "a product can be removed")
		c.requireSame(p, removed, "Remove returns the product as it was")
		_, err = r.Remove(c.Context(), p.ID, 0)
		require.ErrorIs(c, err, products.ErrNotFound, "removing it again gives ErrNotFound")
	}},
}

var deleteCases = []Case{
	{Name: "delete/removes one product", run: func(c *check) {
		p, other := c.create(products.Product{Name: "Lamp", SKU: "L-1"}),
			c.create(products.Product{Name: "Torch", SKU: "L-2"})
		require.NoError(c, c.store.Delete(c.Context(), p.ID, 0), "a product can be deleted")
		_, err := c.store.Get(c.Context(), p.ID)
		require.ErrorIs(c, err, products.ErrNotFound, "a deleted product is not found")
		require.ErrorIs(c, c.store.Delete(c.Context(), p.ID, 0), products.ErrNotFound,
			"deleting it again gives ErrNotFound")
		_, err = c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("x")})
		require.ErrorIs(c, err, products.ErrNotFound, "updating it gives ErrNotFound")
		c.requireAll([]products.Product{other}, "no other product is deleted")
		require.EqualValues(c, 1, c.list(products.Query{}).Count, "a deleted product is not counted")
		again := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		require.NotEqual(c, p.ID, again.ID, "an ID is never used twice")
	}},
	{Name: "delete/another version", run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		require.ErrorIs(c, c.store.Delete(c.Context(), p.ID, 2), products.ErrVersion,
			"deleting another version gives ErrVersion")
		c.requireSame(p, c.get(p.ID), "what is refused changes nothing")
		require.NoError(c, c.store.Delete(c.Context(), p.ID, 1), "deleting the version that there is")
	}},
	{Name: "delete/all", run: func(c *check) {
		n, err := c.store.DeleteAll(c.Context())
		require.NoError(c, err, "DeleteAll of an empty store")
		require.Zero(c, n, "DeleteAll counts what it removes")
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1"})
		c.write(products.Batch{Columns: c.columns("name"), Records: c.records(20, "B-", "b")})
		n, err = c.store.DeleteAll(c.Context())
		require.NoError(c, err, "DeleteAll")
		require.EqualValues(c, 21, n, "DeleteAll counts what it removes")
		c.requireAll(nil, "DeleteAll removes every product")
		require.Zero(c, c.list(products.Query{}).Count, "nothing is left to count")
		require.NotEqual(c, p.ID, c.create(products.Product{Name: "Lamp", SKU: "L-1"}).ID,
			"an ID is never used twice, DeleteAll or not")
	}},
}
