package storetest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// skus lists the SKUs of products as they come.
func skus(all []products.Product) []string {
	got := make([]string, len(all))
	for i := range all {
		got[i] = all[i].SKU
	}
	return got
}

// requireFound wants the query to match the SKUs, which are in the order of their IDs.
func (c *check) requireFound(q products.Query, want []string, promise string) {
	c.Helper()
	page := c.list(q)
	require.Equal(c, want, skus(page.Products), "%s: %+v", promise, q)
	require.EqualValues(c, len(want), page.Count, "the count is that of the matches: %+v", q)
	require.Empty(c, page.Next, "the last page has no cursor: %+v", q)
}

var filterCases = []Case{
	{Name: "list/empty", run: func(c *check) {
		page := c.list(products.Query{})
		require.Equal(c, products.Page{Products: []products.Product{}}, page,
			"without matches there are no products, but no nil, a count of 0 and no cursor")
		page = c.list(products.Query{Search: "x", SkipCount: true})
		require.Equal(c, products.Page{Products: []products.Product{}, Count: -1}, page,
			"without matches there are no products, but no nil, and with SkipCount a count of -1")
	}},
	{Name: "list/filters", run: func(c *check) {
		for _, p := range []products.Product{
			{Name: "Lamp", SKU: "a"}, {Name: "lamp", SKU: "b", Status: true}, {Name: "Lamp", SKU: "c", Status: true},
			{Name: "Lamp shade", SKU: "A"},
		} {
			c.create(p)
		}
		c.requireFound(products.Query{}, []string{"a", "b", "c", "A"}, "the zero query lists all by ID")
		c.requireFound(products.Query{Name: "Lamp"}, []string{"a", "c"}, "a name matches as a whole, and by case")
		c.requireFound(products.Query{SKU: " a "}, []string{"a"}, "a SKU matches by its key")
		c.requireFound(products.Query{SKU: "x"}, []string{}, "an unknown SKU matches nothing")
		c.requireFound(products.Query{Status: ptr(true)}, []string{"b", "c"}, "a status of true")
		c.requireFound(products.Query{Status: ptr(false)}, []string{"a", "A"}, "a status of false")
		c.requireFound(products.Query{Name: "Lamp", Status: ptr(true)}, []string{"c"}, "filters add up")
		c.requireFound(products.Query{SKU: "a", Status: ptr(true)}, []string{}, "filters add up")
		c.requireFound(products.Query{SKU: "a", Search: "shade"}, []string{}, "filters add up")
		c.requireFound(products.Query{SKU: "A", Search: "shade", Name: "Lamp shade", Status: ptr(false)}, []string{"A"},
			"filters add up")
	}},
	{Name: "list/search", run: func(c *check) {
		for i, name := range []string{"100% cotton", "snake_case", `back\slash`, "Élan Ж", "plain"} {
			c.create(products.Product{Name: name, SKU: fmt.Sprint("SKU-", i), Description: "hidden"})
		}
		c.requireFound(products.Query{Search: "sku-1"}, []string{"SKU-1"}, "a search looks into the SKU, ignoring case")
		c.requireFound(products.Query{Search: "LAIN"}, []string{"SKU-4"}, "a search looks into the name, ignoring case")
		c.requireFound(products.Query{Search: "hidden"}, []string{}, "a search looks into nothing else")
		for _, text := range []string{"élan", "ÉLAN", "ж", "Ж"} {
			c.requireFound(products.Query{Search: text}, []string{"SKU-3"}, "a search ignores the case of every letter")
		}
		for text, sku := range map[string]string{"%": "SKU-0", "0% ": "SKU-0", "_": "SKU-1", "e_c": "SKU-1",
			`\`: "SKU-2", `k\s`: "SKU-2"} {
			c.requireFound(products.Query{Search: text}, []string{sku}, "wildcards are plain text in a search")
		}
		for _, text := range []string{"p%n", "pl_in", ".*", "[a-z]", `\\`, "plain%", "^plain", "'"} {
			c.requireFound(products.Query{Search: text}, []string{}, "wildcards are plain text in a search")
		}
	}},
	{Name: "list/composed and decomposed", run: func(c *check) {
		for sku, name := range map[string]string{"1": "Caf\u00e9 Zo\u00eb", "2": "Cafe\u0301 Zoe\u0308", "3": "Cafe Zoe"} {
			c.create(products.Product{Name: name, SKU: sku})
		}
		want := []string{"1", "2"}
		for _, q := range []products.Query{
			{Name: "Caf\u00e9 Zo\u00eb"}, {Name: "Cafe\u0301 Zoe\u0308"}, {Search: "caf\u00e9"}, {Search: "CAFE\u0301"},
			{Search: "\u00e9 zo\u00cb"}, {Search: "\u00eb"}, {Search: "e\u0308"},
		} {
			q.Order = "sku"
			c.requireFound(q, want, "letters are found composed and decomposed alike")
		}
		long := strings.Repeat("\u00e9", products.MaxName)
		c.create(products.Product{Name: long, SKU: "4"})
		decomposed := strings.Repeat("e\u0301", products.MaxName)
		c.requireFound(products.Query{Name: decomposed}, []string{"4"}, "a name is found by a longer spelling of it")
		c.requireFound(products.Query{Search: decomposed}, []string{"4"}, "a name is found by a longer spelling of it")
	}},
	{Name: "list/filters longer than a field", run: func(c *check) {
		name, sku := strings.Repeat("é", products.MaxName), strings.Repeat("ж", products.MaxSKU)
		c.create(products.Product{Name: name, SKU: sku})
		c.requireFound(products.Query{Name: name}, []string{sku},
			"a name of as many characters as one may have, more bytes, is found")
		for _, text := range []string{name, strings.ToUpper(name), sku} {
			c.requireFound(products.Query{Search: text}, []string{sku},
				"a search for as many characters as a field may have, more bytes, finds")
		}
		// What is stored composed may be asked for decomposed: in two characters for each, here.
		composed, decomposed := strings.Repeat("\u00e9", products.MaxSKU), strings.Repeat("e\u0301", products.MaxSKU)
		c.create(products.Product{Name: "Composed", SKU: composed})
		c.requireFound(products.Query{SKU: decomposed}, []string{composed},
			"a SKU is found by its key, whose spelling may be longer than a SKU")
		c.requireFound(products.Query{SKU: "\u00a0 " + decomposed + strings.Repeat(" ", 9_000)}, []string{composed},
			"a SKU is found by its key, without white space around it")
		const long = 60_000
		for _, q := range []products.Query{
			{Name: name + "é"}, {Name: strings.Repeat("é", long)}, {Search: name + "é"},
			{Search: strings.Repeat("é", long)}, {Search: strings.Repeat("e\u0301", long)},
			{SKU: sku + "ж"}, {SKU: strings.Repeat("ж", long)}, {SKU: strings.Repeat("e\u0301", long)},
		} {
			c.requireFound(q, []string{}, "a filter that is longer than the field can be matches nothing")
			q.SkipCount = true
			require.Equal(c, products.Page{Products: []products.Product{}, Count: -1}, c.list(q),
				"with SkipCount a filter that is longer than the field can be matches nothing")
			q.Limit = -1
			_, err := c.store.List(c.Context(), q)
			require.ErrorIs(c, err, products.ErrQuery, "a bad query gives ErrQuery whatever its filters match")
		}
	}},
	{Name: "list/bad queries", run: func(c *check) {
		c.create(products.Product{Name: "Lamp", SKU: "a"})
		c.create(products.Product{Name: "Lamp", SKU: "b"})
		cursor := c.list(products.Query{Limit: 1}).Next
		require.NotEmpty(c, cursor, "a page that isn't the last has a cursor")
		for _, q := range []products.Query{
			{Limit: -1}, {Limit: products.MaxLimit + 1}, {Offset: -1}, {Order: "color"}, {Order: "--id"}, {Order: "-"},
			{Order: "ID"}, {Cursor: "x"},
			{Cursor: cursor, Order: "name"}, {Cursor: cursor, Order: "-id"}, {Cursor: cursor, Offset: 1},
			{Search: "\x00"}, {Name: "\xff"},
			{Order: "created_at",
				Cursor: base64.RawURLEncoding.EncodeToString(
					[]byte(`{"o":"created_at","v":"2026-01-02T03:04:05+23:59","i":1}`))},
		} {
			_, err := c.store.List(c.Context(), q)
			require.ErrorIs(c, err, products.ErrQuery, "a bad query gives ErrQuery: %+v", q)
		}
	}},
}

var orderCases = []Case{
	{Name: "list/every ordering", run: func(c *check) {
		// Names, SKUs and statuses in no order, with ties; text that a collation would order otherwise.
		for i, name := range []string{"b", "B", "a", "é", "b", "_", "a b", "ab", "é", "Z", "😀", "\uffff"} {
			c.create(products.Product{Name: name, SKU: string([]rune("zXé_aB")[i%6]) + name + fmt.Sprint(i),
				Status: i%3 == 0})
		}
		c.write(products.Batch{Columns: c.columns("name"), Records: c.records(8, "tie-", "b")})
		all := c.all()
		for _, p := range all[3:6] {
			_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Description: ptr("updated")})
			require.NoError(c, err, "Update")
		}
		all = c.all()
		for _, name := range orderNames(c.store.Schema()) {
			_, order, _, err := products.Query{Order: name}.Check(c.store.Schema())
			require.NoError(c, err)
			want := slices.Clone(all)
			slices.SortFunc(want, func(a, b products.Product) int { return order.Compare(&a, &b) })
			page := c.list(products.Query{Order: name, Limit: 100})
			require.Equal(c, skus(want), skus(page.Products),
				"the list is in the order %s, text byte by byte, and ties by ID in the same direction", name)
			for i := range want {
				c.requireSame(want[i], page.Products[i], "products are whole in the order %s", name)
			}
		}
	}},
}

// orderNames lists every Query.Order.
func orderNames(schema *products.Schema) (all []string) {
	for _, name := range products.OrderBy(schema) {
		all = append(all, name, "-"+name)
	}
	return all
}

var pagingCases = []Case{
	{Name: "paging/limit and offset", run: func(c *check) {
		c.write(products.Batch{Columns: c.columns("name"), Records: c.records(25, "p-", "p")})
		all := c.all()
		require.Len(c, all, 25, "every product of a batch is listed")
		require.Len(c, c.list(products.Query{}).Products, products.DefaultLimit, "the default limit")
		require.Len(c, c.list(products.Query{Limit: products.MaxLimit}).Products, 25, "the greatest limit")
		for _, order := range []string{"", "-id", "name"} {
			whole := c.list(products.Query{Order: order, Limit: 100}).Products
			for offset := 0; offset <= 27; offset += 3 {
				page := c.list(products.Query{Order: order, Limit: 7, Offset: offset})
				want := whole[min(offset, 25):min(offset+7, 25)]
				require.Equal(c, skus(want), skus(page.Products), "offset %d skips so many products in the order %q",
					offset, order)
				require.NotNil(c, page.Products, "an offset beyond the end gives an empty list, no nil")
				require.EqualValues(c, 25, page.Count, "the count is that of all matches, whatever the offset")
				require.Equal(c, offset+7 < 25, page.Next != "", "there is a cursor if and only if something follows")
			}
		}
		require.Empty(c, c.list(products.Query{Offset: 1<<31 - 1}).Products,
			"an offset beyond the end gives an empty list")
	}},
	{Name: "paging/count", run: func(c *check) {
		c.write(products.Batch{Columns: c.columns("name"),
			Records: append(c.records(7, "p-", "p"), c.records(5, "q-", "q")...)})
		page := c.list(products.Query{Name: "p", Limit: 3})
		require.EqualValues(c, 7, page.Count, "the count is that of all matches, whatever the limit")
		require.EqualValues(c, 7, c.list(products.Query{Name: "p", Limit: 3, Cursor: page.Next}).Count,
			"the count is that of all matches, whatever the cursor")
		page = c.list(products.Query{Name: "p", Limit: 3, SkipCount: true})
		require.EqualValues(c, -1, page.Count, "SkipCount leaves out the count")
		require.Len(c, page.Products, 3, "SkipCount leaves out nothing else")
		require.NotEmpty(c, page.Next, "SkipCount leaves out nothing else")
		require.Empty(c, c.list(products.Query{Name: "p", Limit: 7}).Next,
			"a page that ends with the last match has no cursor")
		for _, most := range []int{1, 7, 8} {
			page = c.list(products.Query{Name: "p", Limit: 3, CountUpTo: most})
			if page.CountEstimated {
				require.Greater(c, int(page.Count), most, "a count is estimated where it is above CountUpTo")
				require.Less(c, most, 7, "a count is estimated where it is above CountUpTo")
			} else {
				require.EqualValues(c, 7, page.Count, "a count that isn't said to be estimated is exact")
			}
			require.NotEmpty(c, page.Next, "an estimated count leaves out nothing else")
		}
		require.False(c, c.list(products.Query{Name: "p", Limit: 3, CountUpTo: 1, SkipCount: true}).CountEstimated,
			"SkipCount leaves out an estimate, too")
	}},
	{Name: "paging/cursors hold while others come and go", run: func(c *check) {
		for _, order := range orderNames(c.store.Schema()) {
			c.clear()
			c.walk(order)
		}
	}},
	{Name: "paging/cursors keep the filters", run: func(c *check) {
		c.write(products.Batch{Columns: c.columns("name"),
			Records: append(c.records(9, "p-", "Élan"), c.records(9, "q-", "q")...)})
		q := products.Query{Search: "éLAN", Order: "sku", Limit: 2}
		var got []string
		for {
			page := c.list(q)
			got = append(got, skus(page.Products)...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		want := skus(slices.DeleteFunc(c.all(), func(p products.Product) bool { return p.Name != "Élan" }))
		slices.Sort(want)
		require.Equal(c, want, got, "a cursor goes on with the same filters")
	}},
}

// walk pages through an ordering while products are created and deleted everywhere in it.
func (c *check) walk(order string) {
	batch := products.Batch{Columns: c.columns("name", "status")}
	for i := range 42 {
		// The digits come in another order than the IDs.
		sku := fmt.Sprintf("%02d-%s", i*5%42, []string{"stays", "goes"}[i%2])
		batch.Records = append(batch.Records, c.record(sku, fmt.Sprint("name ", i%5), strconv.FormatBool(i%3 == 0)))
	}
	c.write(batch)
	stays := func(p products.Product) bool { return strings.HasSuffix(p.SKU, "stays") }
	seen := map[string]int{}
	var listed []products.Product
	q := products.Query{Order: order, Limit: 7, SkipCount: true}
	for n := 0; ; n++ {
		page := c.list(q)
		listed = append(listed, page.Products...)
		for _, p := range page.Products {
			seen[p.SKU]++
			require.Equal(c, 1, seen[p.SKU], "no product is listed twice by %s because others come and go: %s", order,
				p.SKU)
			if !stays(p) {
				// The very product that the cursor may be at goes.
				require.NoError(c, c.store.Delete(c.Context(), p.ID, 0), "a listed product can be deleted")
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
		require.LessOrEqual(c, len(listed), 300, "paging by %s comes to an end", order)
		if n < 10 {
			c.create(products.Product{SKU: fmt.Sprintf("%02d-%d-new", n*4, n), Name: fmt.Sprint("name ", n%5),
				Status: n%2 == 0})
		}
	}
	_, parsed, _, err := products.Query{Order: order}.Check(c.store.Schema())
	require.NoError(c, err)
	for i := 1; i < len(listed); i++ {
		require.Negative(c, parsed.Compare(&listed[i-1], &listed[i]), "pages follow each other in the order %s", order)
	}
	for _, r := range batch.Records {
		require.Equal(c, 1, seen[r.SKU], "no product is left out by %s because others come and go: %s", order, r.SKU)
	}
}
