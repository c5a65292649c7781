package storetest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// sized returns a product of so many bytes, MaxBytes at most, in few attributes.
func sized(sku string, bytes int) products.Product {
	p := products.Product{Name: "Lamp", SKU: sku, Attributes: map[string]string{}}
	for i := 0; p.Bytes() < bytes; i++ {
		name := fmt.Sprint("a", i)
		p.Attributes[name] = strings.Repeat("x", min(products.MaxAttributeValue, max(bytes-p.Bytes()-len(name), 0)))
	}
	return p
}

var sizeCases = []Case{
	{Name: "size/as large as a product may be", run: func(c *check) {
		want := sized("L-1", products.MaxBytes)
		require.Equal(c, products.MaxBytes, want.Bytes())
		p := c.create(want)
		c.requireContent(want, c.get(p.ID), "a product of MaxBytes is stored")
		c.requireContent(want, c.only("L-1"), "a product of MaxBytes is listed")
		larger := sized("L-2", products.MaxBytes)
		larger.Description = "x"
		_, err := c.store.Create(c.Context(), larger)
		c.requireInvalid(err, "attributes")
		for _, patch := range []products.Patch{
			{Description: ptr("x")}, {Name: ptr("Lamps")}, {SKU: ptr("L-11")},
			{Attributes: map[string]*string{"more": ptr("")}},
		} {
			_, err := c.store.Update(c.Context(), p.ID, 0, patch)
			c.requireInvalid(err, "attributes")
		}
		c.requireAll([]products.Product{p}, "what would be too large is not stored")
		p, err = c.store.Update(c.Context(), p.ID, 0, products.Patch{Description: ptr("x"),
			Attributes: map[string]*string{"a0": nil}})
		require.NoError(c, err, "what goes makes room")
		c.requireSame(p, c.get(p.ID), "Get returns what Update returned")
	}},
	{Name: "size/a record that would make a product too large", run: func(c *check) {
		large := c.create(sized("large", products.MaxBytes-100))
		whole := c.create(sized("whole", products.MaxBytes))
		attributes := map[string]string{}
		for i := range products.MaxAttributes {
			attributes[fmt.Sprint("m", i)] = "v"
		}
		many := c.create(products.Product{Name: "Lamp", SKU: "many", Attributes: attributes})
		c.create(products.Product{Name: "Lamp", SKU: "small"})

		b := products.Batch{Mode: products.Update, Columns: c.columns("name", "description")}
		for _, sku := range []string{"large", "whole", "small", "new"} {
			b.Records = append(b.Records, c.record(sku, "Lamp", strings.Repeat("d", 101)))
		}
		c.refuses(b, refused, refused, updated, created)
		for i := range b.Records {
			b.Records[i].Values[1] = strings.Repeat("d", 100)
		}
		c.refuses(b, updated, refused, updated, updated)

		b = products.Batch{Mode: products.Update, Columns: keep(c.columns("name"), "b", "m0")}
		for _, sku := range []string{"many", "whole", "small"} {
			b.Records = append(b.Records, c.record(sku, "Lamp", "1", "v"))
		}
		c.refuses(b, refused, refused, updated)
		b.Records[0].Values = []string{"Lamp", "1", ""}
		c.refuses(b, updated, refused, unchanged)
		maps.DeleteFunc(attributes, func(name, _ string) bool { return name == "m0" })
		attributes["b"] = "1"
		require.Equal(c, attributes, c.get(many.ID).Attributes, "an attribute that goes makes room for another one")
		c.requireSame(whole, c.get(whole.ID), "a record that is refused leaves the product as it is")
		require.EqualValues(c, 2, c.get(large.ID).Version, "a record that is refused leaves the product as it is")
		b.Mode = products.Ignore
		require.EqualValues(c, 3, c.write(b).Count(skipped), "mode ignore skips whatever exists")
	}},
	{Name: "size/pages of so many bytes", run: func(c *check) {
		for i := range 8 {
			c.create(sized(fmt.Sprint("p-", i), []int{100, 900_000, 40_000, 3_000}[i%4]))
		}
		for _, order := range []string{"id", "-updated_at"} {
			want := c.list(products.Query{Order: order}).Products
			for _, most := range []int{1, 50_000, products.MaxBytes, 4_000_000} {
				for _, limit := range []int{2, 1_000} {
					var got []products.Product
					q := products.Query{Order: order, Limit: limit, MaxBytes: most}
					for first := true; first || q.Cursor != ""; first = false {
						page := c.list(q)
						bytes := 0
						for i := range page.Products {
							bytes += page.Products[i].Bytes()
						}
						require.LessOrEqual(c, len(page.Products), limit, "MaxBytes doesn't lift Limit")
						require.True(c, bytes <= most || len(page.Products) == 1,
							"a page has at most MaxBytes, %d, or one product, not %d in %d", most, bytes,
							len(page.Products))
						require.Equal(c, first, page.Count >= 0, "the count is that of all matches")
						got = append(got, page.Products...)
						require.LessOrEqual(c, len(got), len(want), "pages of so many bytes come to an end")
						q.Cursor, q.SkipCount = page.Next, true
					}
					require.Len(c, got, len(want), "pages of so many bytes leave nothing out: %d by %s", most, order)
					for i := range want {
						c.requireSame(want[i], got[i], "pages of so many bytes have whole products in the list's order")
					}
				}
			}
		}
		_, err := c.store.List(c.Context(), products.Query{MaxBytes: -1})
		require.ErrorIs(c, err, products.ErrQuery, "a bad query gives ErrQuery")
	}},
	{Name: "size/Changed is called in parts", run: func(c *check) {
		const n, bytes = 11, 900_000
		b := products.Batch{Mode: products.Update, Columns: c.columns("name")}
		want := sized("", bytes)
		for name := range want.Attributes {
			b.Columns.Attributes = append(b.Columns.Attributes, name)
		}
		for i := range n {
			r := c.record(fmt.Sprint("p-", i), "before")
			for _, name := range b.Columns.Attributes {
				r.Values = append(r.Values, want.Attributes[name])
			}
			b.Records = append(b.Records, r)
		}
		_, first := c.writeChanges(b)
		require.Len(c, first.created, n, "Changed is called with every product that was created")
		c.requireChanges(first.created)
		// The records are small now, and the products are not.
		_, second := c.writeChanges(products.Batch{Mode: products.Update, Columns: c.columns("name"),
			Records: append(c.records(n, "p-", "after"),
				c.record("new", "new"))})
		require.Equal(c, []string{"new"}, skus(second.created), "Changed is called with every product that was created")
		require.Len(c, second.updated, n, "Changed is called with every product that was updated, once")
		seen := map[int64]bool{}
		for _, p := range second.updated {
			seen[p.ID] = true
			require.Equal(c, "after", p.Name, "Changed is called with products as they are stored")
		}
		require.Len(c, seen, n, "Changed is called with every product that was updated, once")
		c.requireChanges(second.updated)
	}},
}

// refuses wants the outcomes of a batch, first of a dry run.
func (c *check) refuses(b products.Batch, want ...products.Outcome) {
	c.Helper()
	before := c.all()
	b.DryRun = true
	require.Equal(c, want, c.write(b).Outcomes, "a dry run refuses what the real one does")
	c.requireAll(before, "a dry run writes nothing")
	b.DryRun = false
	result, sent := c.writeChanges(b)
	require.Equal(c, want, result.Outcomes,
		"a record is refused that would make a product larger than MaxBytes, or give it more than MaxAttributes; "+
			"others are written")
	require.Len(c, sent.updated, int(result.Count(updated)), "Changed isn't called with what is refused")
}
