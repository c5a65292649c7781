package storetest

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// odd is text that has a meaning to some database, protocol or format.
var odd = []string{
	`\.`, `\N`, `\\N`, `\`, `\t`, `\x41`, `a\`, "tab\tin", "line\nbreak", "line\r\nbreak", "\ttab first", "cr\rin",
	`"quoted"`, `'single'`,
	`it''s; DROP TABLE products; --`, `{"a":1}`, `{a,b}`, `NULL`, `null`, `$1`, `%s %d`, `(a)`, `a,b;c|d`,
	"\u0001\u0002\u001f\u007f", "😀👩‍👩‍👧", "e\u0301",
	"\u200b\ufeff", "\ufffd", "\U0010ffff", "\u2028", "日本語", "עברית", "  two  spaces  ",
}

var textCases = []Case{
	{Name: "text/comes back as it went in, one by one", run: func(c *check) {
		for i, text := range odd {
			sku := fmt.Sprint("x", text, i)
			want := products.Product{Name: "x" + text, SKU: sku, Description: text,
				Attributes: map[string]string{"x" + text: text}}
			p := c.create(want)
			c.requireContent(want, c.get(p.ID), "text comes back as it went in: %q", text)
			require.Equal(c, p.ID, c.only(sku).ID, "a SKU with %q is found", text)
			page := c.list(products.Query{Name: "x" + text})
			require.Len(c, page.Products, 1, "a name with %q is found", text)
		}
	}},
	{Name: "text/comes back as it went in, by batches", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			b := products.Batch{Mode: products.Update, ExpectNew: expectNew,
				Columns: keep(c.columns("name", "description"), "plain")}
			for _, text := range odd {
				b.Columns.Attributes = append(b.Columns.Attributes, "x"+text)
			}
			for i, text := range odd {
				values := append([]string{"x" + text, text, text}, make([]string, len(odd))...)
				r := c.record(fmt.Sprint("x", text, i), values...)
				r.Values[3+i] = text
				b.Records = append(b.Records, r)
			}
			for _, round := range []string{"created", "updated"} {
				c.write(b)
				for i, text := range odd {
					r := &b.Records[i]
					want := products.Product{Name: r.Values[0], SKU: r.SKU, Description: r.Values[1],
						Attributes: map[string]string{"plain": text, "x" + text: text}}
					c.requireContent(want, c.only(r.SKU), "text of a %s product comes back as it went in: %q",
						round, text)
					r.Values[0], r.Values[1] = text+"x", text+text
				}
			}
		})
	}},
	{Name: "text/as long as it may be", run: func(c *check) {
		long := func(n int) string { return strings.Repeat("😀é", n/2) + strings.Repeat("x", n%2) }
		attributes := map[string]string{long(products.MaxAttributeName): long(products.MaxAttributeValue)}
		for i := range products.MaxAttributes - 1 {
			attributes[fmt.Sprint("attribute ", i)] = fmt.Sprint("value ", i)
		}
		want := products.Product{Name: long(products.MaxName), SKU: long(products.MaxSKU),
			Description: long(products.MaxDescription), Attributes: attributes}
		p := c.create(want)
		c.requireContent(want, c.get(p.ID), "the longest text is stored by Create")
		c.eitherWay(func(expectNew bool) {
			r := c.record(want.SKU, want.Name, want.Description)
			b := products.Batch{ExpectNew: expectNew, Columns: c.columns("name", "description")}
			for name, value := range attributes {
				b.Columns.Attributes = append(b.Columns.Attributes, name)
				r.Values = append(r.Values, value)
			}
			b.Records = []products.Record{r}
			c.write(b)
			c.requireContent(want, c.only(want.SKU), "the longest text is stored by a batch")
		})
	}},
}
