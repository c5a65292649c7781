package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// listed has fields of every type, of which some are indexed, and some searched.
var listed = schema(
	products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true},
	products.Field{Name: "stock", Type: products.Integer},
	products.Field{Name: "brand", Type: products.Text, Rules: "max=500", Search: true, Index: true},
	products.Field{Name: "fragile", Type: products.Boolean},
	products.Field{Name: "available_from", Type: products.Date, Index: true},
	products.Field{Name: "seen_at", Type: products.Timestamp},
	products.Field{Name: "tags", Type: products.List},
)

// ascending are canonical texts of the fields of listed that can be compared, in their order; null is behind them.
var ascending = map[string][]string{
	"price":          {"-" + strings.Repeat("9", 36) + ".99", "-0.50", "0.00", "9.00", "10.00", "9007199254740993.01"},
	"stock":          {"-9223372036854775808", "-2", "9", "10", "9007199254740993", "9223372036854775807"},
	"brand":          {" b", "B", "a", "ab", "b", "É", "é", "\uffff", "😀"},
	"fragile":        {"false", "true"},
	"available_from": {"0001-01-01", "0999-12-31", "2026-11-28", "9999-12-31"},
	"seen_at": {"0001-01-01T00:00:00Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05.5Z",
		"9999-12-31T23:59:59.999999Z"},
}

// spread stores n products whose values of each field come in another order than their IDs, with ties and nulls.
func (c *check) spread(n int) (all []products.Product) {
	for i := range n {
		p := products.Product{SKU: fmt.Sprintf("%03d", i*7%n), Name: fmt.Sprint("name ", i%3)}
		for _, f := range c.store.Schema().Own() {
			texts := append(slices.Clone(ascending[f.Name]), "", "")
			if f.Type == products.List {
				texts = []string{`["a"]`, `["a","b"]`, "", `["B"]`}
			}
			p.Set(&f, texts[(i*5+i/7)%len(texts)])
		}
		all = append(all, c.create(p))
	}
	return all
}

// matching are the SKUs of those that meet the conditions.
func matching(all []products.Product, schema *products.Schema, where ...products.Condition) []string {
	found := []string{}
	for i := range all {
		if !slices.ContainsFunc(where, func(w products.Condition) bool {
			f := schema.Find(w.Field)
			return !w.Matches(f, all[i].Text(f))
		}) {
			found = append(found, all[i].SKU)
		}
	}
	return found
}

var fieldListCases = []Case{
	{Name: "list/filters by fields", Fields: listed, run: func(c *check) {
		all := c.spread(24)
		for _, f := range listed.Own() {
			for _, op := range f.Operators() {
				values := ascending[f.Name]
				switch op {
				case products.OpIsNull:
					values = []string{"true", "false"}
				case products.OpContains:
					values = []string{"a", "b", "B", "A", "%", `{a}`, `"a"`, "NULL"}
				}
				for _, value := range values {
					w := products.Condition{Field: f.Name, Op: op, Value: value}
					c.requireFound(products.Query{Where: []products.Condition{w}, Limit: 100}, matching(all, listed, w),
						"a condition matches the values, and nothing that is null: "+w.Name()+"="+value)
				}
			}
		}
		both := []products.Condition{{Field: "price", Op: products.OpAtLeast, Value: "0"},
			{Field: "price", Op: products.OpLess, Value: "+10.0"}, {Field: "brand", Op: products.OpIsNull, Value: "false"}}
		canonical := slices.Clone(both)
		canonical[0].Value, canonical[1].Value = "0.00", "10.00"
		want := matching(all, listed, canonical...)
		require.NotEmpty(c, want)
		c.requireFound(products.Query{Where: both}, want, "conditions add up, and are read as values of their field are")
		want = slices.DeleteFunc(want, func(sku string) bool { return sku != want[0] })
		c.requireFound(products.Query{Where: both, SKU: want[0]}, want, "conditions and other filters add up")
		c.requireFound(products.Query{Where: both, SKU: "x"}, []string{}, "conditions and other filters add up")
		long := strings.Repeat("é", products.MaxDescription)
		for _, w := range []products.Condition{{Field: "brand", Op: products.OpEqual, Value: long + "é"},
			{Field: "tags", Op: products.OpContains, Value: long + "é"}} {
			c.requireFound(products.Query{Where: []products.Condition{w}}, []string{},
				"a text that is longer than a value can be matches nothing")
		}
	}},
	{Name: "list/orders by fields", Fields: listed, run: func(c *check) {
		all := c.spread(24)
		for _, name := range orderNames(listed) {
			_, order, _, err := products.Query{Order: name}.Check(listed)
			require.NoError(c, err)
			want := slices.Clone(all)
			slices.SortFunc(want, func(a, b products.Product) int { return order.Compare(&a, &b) })
			require.Equal(c, skus(want), skus(c.list(products.Query{Order: name, Limit: 100}).Products),
				"the list is in the order %s: null is the greatest, and ties come by ID in the same direction", name)
			for _, q := range []products.Query{
				{Order: name, Limit: 3}, {Order: name, Limit: 1, SkipCount: true},
				{Order: name, Limit: 7, MaxBytes: 200, SkipCount: true},
			} {
				require.Equal(c, skus(want), c.pages(q), "pages by %s have each product once", name)
			}
			if order.Own() == nil {
				continue
			}
			for _, w := range []products.Condition{
				{Field: order.Field, Op: products.OpIsNull, Value: "true"},
				{Field: order.Field, Op: products.OpIsNull, Value: "false"},
				{Field: order.Field, Op: products.OpEqual, Value: ascending[order.Field][1]},
				{Field: "price", Op: products.OpAtLeast, Value: "9.00"},
			} {
				found := matching(want, listed, w)
				require.NotEmpty(c, found)
				require.Equal(c, found, c.pages(products.Query{Order: name, Limit: 2, Where: []products.Condition{w}}),
					"pages by %s have each product once where %s=%s", name, w.Name(), w.Value)
			}
		}
	}},
	{Name: "list/cursors by fields hold while others come and go", Fields: listed, run: func(c *check) {
		for _, order := range orderNames(listed) {
			c.clear()
			c.walkFields(order)
		}
	}},
	{Name: "list/searches fields", Fields: listed, run: func(c *check) {
		for sku, brand := range map[string]string{"a": "Élan 100%", "b": "Acme", "c": ""} {
			p := products.Product{SKU: sku, Name: "Lamp"}
			p.Set(listed.Find("brand"), brand)
			p.Set(listed.Find("tags"), `["acme"]`)
			c.create(p)
		}
		c.requireFound(products.Query{Search: "éLAN"}, []string{"a"}, "a search looks into fields that are searched")
		c.requireFound(products.Query{Search: "0%"}, []string{"a"}, "a search looks into fields that are searched")
		c.requireFound(products.Query{Search: "acme"}, []string{"b"}, "a search looks into no other fields")
		require.Len(c, c.list(products.Query{Search: "lamp"}).Products, 3, "a search looks into the name too")
	}},
	{Name: "list/bad conditions", Fields: listed, run: func(c *check) {
		c.create(products.Product{Name: "Lamp", SKU: "a"})
		for _, w := range []products.Condition{
			{}, {Field: "color", Op: products.OpEqual, Value: "red"}, {Field: "name", Op: products.OpEqual, Value: "Lamp"},
			{Field: "price", Op: products.OpEqual, Value: "cheap"}, {Field: "price", Op: products.OpEqual, Value: "1.005"},
			{Field: "price", Op: products.OpContains, Value: "1"}, {Field: "tags", Op: products.OpEqual, Value: `["a"]`},
			{Field: "fragile", Op: products.OpLess, Value: "true"}, {Field: "price", Op: "like", Value: "1"},
			{Field: "price", Op: products.OpIsNull, Value: "1"}, {Field: "brand", Op: products.OpEqual, Value: "\x00"},
			{Field: "tags", Op: products.OpContains, Value: "\xff"}, {Field: "brand", Op: products.OpEqual},
		} {
			q := products.Query{Where: []products.Condition{w}}
			_, err := c.store.List(c.Context(), q)
			require.ErrorIs(c, err, products.ErrQuery, "a bad condition gives ErrQuery: %+v", w)
			_, err = c.store.AttributeNames(c.Context(), q, 10)
			require.ErrorIs(c, err, products.ErrQuery, "a bad condition gives ErrQuery: %+v", w)
		}
		for _, order := range []string{"tags", "description", "color"} {
			_, err := c.store.List(c.Context(), products.Query{Order: order})
			require.ErrorIs(c, err, products.ErrQuery, "products can't be ordered by %s", order)
		}
	}},
	{Name: "list/names of attributes", Fields: listed, run: func(c *check) {
		names := func(q products.Query, most int) []string {
			found, err := c.store.AttributeNames(c.Context(), q, most)
			require.NoError(c, err, "AttributeNames")
			return found
		}
		require.Empty(c, names(products.Query{}, 10), "without products there are no attributes")
		for i, attributes := range []map[string]string{{"color": "red", "Color": ""}, nil, {"é": "x", "a,b": "y"},
			{"color": "blue", "price": "1"}} {
			p := products.Product{SKU: fmt.Sprint(i), Name: "Lamp", Status: i > 1, Attributes: attributes}
			p.Set(listed.Find("stock"), fmt.Sprint(i))
			c.create(p)
		}
		require.Equal(c, []string{"Color", "a,b", "color", "price", "é"},
			names(products.Query{Limit: 1, Offset: 2}, 10),
			"each name is found once, in the order of their bytes, whatever the page")
		require.Len(c, names(products.Query{}, 3), 3, "there are at most so many names as asked for")
		require.Equal(c, []string{"a,b", "color", "price", "é"}, names(products.Query{Status: ptr(true)}, 4),
			"the names are those of the products that match")
		require.Equal(c, []string{"color", "price"}, names(products.Query{Where: []products.Condition{
			{Field: "stock", Op: products.OpAtLeast, Value: "3"}}}, 10), "the names are those of the products that match")
		require.Equal(c, []string{"Color", "color"}, names(products.Query{SKU: "0"}, 10),
			"the names are those of the products that match")
		require.Empty(c, names(products.Query{SKU: "1"}, 10), "a product without attributes has no names")
		require.Empty(c, names(products.Query{Name: strings.Repeat("x", 1_000)}, 10), "nothing matches")
	}},
}

// pages lists the SKUs of all pages of a query.
func (c *check) pages(q products.Query) (all []string) {
	c.Helper()
	for {
		page := c.list(q)
		all = append(all, skus(page.Products)...)
		require.LessOrEqual(c, len(all), 1_000, "paging comes to an end")
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// walkFields pages through an ordering by a field while products come and go, the one at the cursor among them.
func (c *check) walkFields(order string) {
	c.Helper()
	_, parsed, _, err := products.Query{Order: order}.Check(listed)
	require.NoError(c, err)
	stays := map[string]int{}
	for i, p := range c.spread(30) {
		if i%2 == 0 {
			stays[p.SKU] = 0
		}
	}
	var listing []products.Product
	q := products.Query{Order: order, Limit: 4, SkipCount: true}
	for n := 0; ; n++ {
		page := c.list(q)
		listing = append(listing, page.Products...)
		for _, p := range page.Products {
			if _, is := stays[p.SKU]; is {
				stays[p.SKU]++
			} else {
				require.NoError(c, c.store.Delete(c.Context(), p.ID, 0), "a listed product can be deleted")
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
		require.LessOrEqual(c, n, 100, "paging by %s comes to an end", order)
		if n < 8 {
			p := products.Product{SKU: fmt.Sprint("new ", n), Name: fmt.Sprint("name ", n%3)}
			for _, f := range listed.Own() {
				if texts := append(slices.Clone(ascending[f.Name]), ""); f.Type != products.List {
					p.Set(&f, texts[n%len(texts)])
				}
			}
			c.create(p)
		}
	}
	for i := 1; i < len(listing); i++ {
		require.Negative(c, parsed.Compare(&listing[i-1], &listing[i]), "pages follow each other in the order %s",
			order)
	}
	for sku, times := range stays {
		require.Equal(c, 1, times, "%s is listed once by %s, whatever comes and goes", sku, order)
	}
}
