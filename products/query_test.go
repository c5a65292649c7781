package products_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/products-importer/products-importer/products"
)

// listSchema has a field of each type.
var listSchema = sync.OnceValue(func() *products.Schema {
	schema, err := products.NewSchema(
		products.Field{Name: "brand", Type: products.Text},
		products.Field{Name: "stock", Type: products.Integer},
		products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "fragile", Type: products.Boolean},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "tags", Type: products.List},
	)
	if err != nil {
		panic(err)
	}
	return schema
})

// orders lists every Query.Order.
func orders() (all []string) {
	for _, name := range products.OrderBy(listSchema()) {
		all = append(all, name, "-"+name)
	}
	return all
}

func TestQueryCheckDefaults(t *testing.T) {
	q, order, at, err := products.Query{Name: "n"}.Check(listSchema())
	require.NoError(t, err)
	require.Equal(t, products.Query{Name: "n", Limit: products.DefaultLimit}, q)
	require.Equal(t, "id", order.String())
	require.Nil(t, order.Own())
	require.Nil(t, at)
	for _, name := range orders() {
		_, order, _, err := products.Query{Order: name, Limit: products.MaxLimit, Offset: 5}.Check(listSchema())
		require.NoError(t, err)
		require.Equal(t, name, order.String())
	}
}

// where returns a query with one condition.
func where(field string, op products.Operator, value string) products.Query {
	return products.Query{Where: []products.Condition{{Field: field, Op: op, Value: value}}}
}

func TestQueryCheckRefuses(t *testing.T) {
	encode := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	for _, test := range []struct {
		query products.Query
		says  string
	}{
		{products.Query{Limit: -1}, "limit must be between 1 and 1000, not -1"},
		{products.Query{Limit: 1001}, "limit must be between 1 and 1000, not 1001"},
		{products.Query{Offset: -1}, "offset must not be negative"},
		{products.Query{Offset: 1, Cursor: "x"}, "offset and cursor"},
		{products.Query{Order: "color"}, `not "color"`},
		{products.Query{Order: "tags"}, `not "tags"`},
		{products.Query{Order: "description"}, `not "description"`},
		{products.Query{Order: "--id"}, `not "--id"`},
		{products.Query{Order: "-"}, `not "-"`},
		{products.Query{Name: "a\x00"}, "name must be valid UTF-8"},
		{products.Query{SKU: "\xff"}, "sku must be valid UTF-8"},
		{products.Query{Search: "\x00"}, "search must be valid UTF-8"},
		{products.Query{Cursor: "%"}, "cursor"},
		{products.Query{Cursor: encode("no JSON")}, "cursor"},
		{products.Query{Cursor: encode(`{"o":"-id","i":1}`)}, `cursor belongs to the ordering "-id", not "id"`},
		{products.Query{Order: "created_at", Cursor: encode(`{"o":"created_at","v":"today","i":1}`)}, "cursor"},
		{products.Query{Order: "-updated_at", Cursor: encode(`{"o":"-updated_at","v":"","i":1}`)}, "cursor"},
		{products.Query{Order: "status", Cursor: encode(`{"o":"status","v":"yes","i":1}`)}, "cursor"},
		{products.Query{Order: "name", Cursor: encode(`{"o":"name","v":"\u0000","i":1}`)}, "cursor"},
		{products.Query{Order: "created_at",
			Cursor: encode(`{"o":"created_at","v":"2026-01-02T03:04:05+23:59","i":1}`)}, "cursor"},
		{products.Query{Order: "created_at",
			Cursor: encode(`{"o":"created_at","v":"0000-01-01T00:00:00+23:59","i":1}`)}, "cursor"},
		{products.Query{Cursor: encode(`{"o":"id","v":"","i":1,"x":2}`)}, "cursor"},
		{products.Query{Order: "price", Cursor: encode(`{"o":"price","v":"1.5","i":1}`)}, "cursor"},
		{products.Query{Order: "price", Cursor: encode(`{"o":"price","v":"x","i":1}`)}, "cursor"},
		{products.Query{Order: "seen_at", Cursor: encode(`{"o":"seen_at","v":"2026-01-02T03:04:05+01:00","i":1}`)},
			"cursor"},
		{products.Query{Where: make([]products.Condition, products.MaxConditions+1)}, "no more than 100 conditions"},
		{where("color", products.OpEqual, "red"), `there is no field "color" to filter by: want one of brand, stock,`},
		{where("name", products.OpEqual, "red"), `there is no field "name" to filter by`},
		{where("price", products.OpContains, "1"), "there is no filter price__contains, since price is a field of the " +
			"type decimal: want one of price, price__gt,"},
		{where("tags", products.OpEqual, `["a"]`), "want one of tags__contains, tags__isnull"},
		{where("fragile", products.OpLess, "true"), "want one of fragile, fragile__isnull"},
		{where("price", "like", "1"), "there is no filter price__like"},
		{where("price", products.OpAtLeast, "cheap"), `price__gte must be a number, such as 12.5, not "cheap"`},
		{where("price", products.OpEqual, "1,50"), `price must be a number`},
		{where("price", products.OpLess, "1.005"), "price__lt must have no more than 2 digits behind the point"},
		{where("stock", products.OpAtMost, "1.5"), "stock__lte must be a whole number"},
		{where("stock", products.OpAtMost, "99999999999999999999"), "stock__lte must lie between"},
		{where("available_from", products.OpGreater, "yesterday"), "available_from__gt must be a day"},
		{where("price", products.OpIsNull, "1"), `price__isnull must be true or false, not "1"`},
		{where("price", products.OpAtLeast, " "), "price__gte must not be empty: price__isnull finds what has no value"},
		{where("tags", products.OpContains, " "), "tags__contains must be a text that is not blank"},
		{where("tags", products.OpContains, "a\x00"), "tags__contains must be a text"},
		{where("brand", products.OpEqual, "\xff"), "brand must be valid UTF-8"},
	} {
		_, _, _, err := test.query.Check(listSchema())
		require.ErrorIs(t, err, products.ErrQuery, "%+v", test.query)
		require.ErrorContains(t, err, test.says, "%+v", test.query)
	}
}

func TestOrderingAndCursorAgree(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.FixedZone("", 3600))
	var all []products.Product
	// The canonical texts of the fields, "" for null; -1 and 10.00 come elsewhere as texts.
	values := map[string][]string{
		"brand": {"b", "", "B", "é"}, "stock": {"-1", "10", "", "2"}, "price": {"9.00", "10.00", "-0.50", ""},
		"fragile": {"true", "false", ""}, "available_from": {"", "2026-11-28", "0001-01-01"},
		"seen_at": {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5Z", ""}, "tags": {`["a"]`, ""},
	}
	for i, name := range []string{"b", "a", "é", "b", "<&>\u2028\"", "B", "😀", "\uffff", "a"} {
		all = append(all, products.Product{
			ID: int64(i + 1), Name: name, SKU: name + "-sku", Status: i%2 == 0,
			CreatedAt: at.Add(time.Duration(i%3) * time.Microsecond),
			UpdatedAt: at.Add(time.Duration(-i%4) * time.Hour),
		})
		for _, f := range listSchema().Own() {
			all[i].Set(&f, values[f.Name][i%len(values[f.Name])])
		}
	}
	for _, name := range orders() {
		_, order, _, err := products.Query{Order: name}.Check(listSchema())
		require.NoError(t, err)
		for i := range all {
			_, _, position, err := products.Query{Order: name, Cursor: order.Cursor(&all[i])}.Check(listSchema())
			require.NoError(t, err, "%s takes its own cursor", name)
			want := products.Position{Order: name, Value: order.Value(&all[i]), ID: all[i].ID, SKU: all[i].SKU}
			if order.Field == "sku" {
				want.SKU = ""
			}
			require.Equal(t, want, *position)
			edge := order.Edge(position)
			for j := range all {
				require.Equal(t, order.Compare(&all[j], &all[i]), order.Compare(&all[j], &edge),
					"%s: the cursor is exactly at its product", name)
				require.Equal(t, order.Compare(&all[j], &all[i]), -order.Compare(&all[i], &all[j]), "%s: antisymmetric",
					name)
				require.Equal(t, i == j, order.Compare(&all[j], &all[i]) == 0, "%s: no two products are equal", name)
			}
		}
	}
}

func TestOrderingCompare(t *testing.T) {
	all := []products.Product{{ID: 1, Name: "b", Status: true}, {ID: 2, Name: "a"}, {ID: 3, Name: "b"}}
	for order, want := range map[string][]int64{
		"id": {1, 2, 3}, "-id": {3, 2, 1}, "name": {2, 1, 3}, "-name": {3, 1, 2}, "status": {2, 3, 1},
		"-status": {1, 3, 2}, "created_at": {1, 2, 3}, "-created_at": {3, 2, 1},
	} {
		_, parsed, _, err := products.Query{Order: order}.Check(listSchema())
		require.NoError(t, err)
		sorted := slices.Clone(all)
		slices.SortFunc(sorted, func(a, b products.Product) int { return parsed.Compare(&a, &b) })
		var ids []int64
		for _, p := range sorted {
			ids = append(ids, p.ID)
		}
		require.Equal(t, want, ids, order)
	}
}

// TestMatchesNothing holds the bound of a SKU's spellings against every character: the longest spelling of a key is its
// decomposition.
func TestMatchesNothing(t *testing.T) {
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
		for r := rune(1); r <= unicode.MaxRune; r++ {
			if !utf8.ValidRune(r) || unicode.IsSpace(r) {
				continue
			}
			spelling := norm.NFD.String(rule.Key(string(r)))
			q := products.Query{SKU: strings.Repeat(spelling, products.MaxSKU)}
			if q.MatchesNothing() {
				t.Fatalf("a SKU of %q, spelled %q, is not looked for", r, spelling)
			}
		}
	}
	long := strings.Repeat("é", products.MaxDescription)
	for _, test := range []struct {
		query products.Query
		want  bool
	}{
		{products.Query{}, false},
		{products.Query{Name: strings.Repeat("é", products.MaxName)}, false},
		{products.Query{Name: strings.Repeat("é", products.MaxName+1)}, true},
		{products.Query{Search: strings.Repeat("é", products.MaxName)}, false},
		{products.Query{Search: strings.Repeat("e", products.MaxName+1)}, true},
		{products.Query{SKU: strings.Repeat(" ", 100_000) + "a"}, false},
		{products.Query{SKU: strings.Repeat("a", 100_000)}, true},
		{products.Query{Name: "a", Search: strings.Repeat("\u0301", 1000)}, true},
		{where("brand", products.OpEqual, long), false},
		{where("brand", products.OpEqual, long+"é"), true},
		{where("brand", products.OpLess, long+"é"), false},
		{where("tags", products.OpContains, long), false},
		{where("tags", products.OpContains, long+"é"), true},
	} {
		require.Equal(t, test.want, test.query.MatchesNothing(), "%.60v", test.query)
	}
}

// FuzzCursor: whatever somebody sends for a cursor, one that is taken is one that a store gives out, and leads to a
// place in the list.
func FuzzCursor(f *testing.F) {
	for _, order := range append(orders(), "", "x") {
		for _, position := range []string{`{"o":"` + order + `","v":"","i":1}`, `{"o":"` + order +
			`","v":"2026-01-02T03:04:05+23:59","i":-1}`, `{"o":"` + order + `","v":"true"}`, "{", "null",
			`{"o":"` + order + `","v":"1.50","i":7,"s":"a"}`, `{"o":"` + order + `","v":"-0","i":7,"s":"a"}`,
			`{"o":"` + order + `","v":"2026-11-28","i":7,"s":"a"}`,
			`{"v":"\u0000\ud800"}`} {
			f.Add(order, position)
		}
	}
	f.Fuzz(func(t *testing.T, order, position string) {
		q := products.Query{Order: order, Cursor: base64.RawURLEncoding.EncodeToString([]byte(position))}
		_, ordering, at, err := q.Check(listSchema())
		if err != nil {
			require.ErrorIs(t, err, products.ErrQuery)
			return
		}
		if at != nil {
			edge := ordering.Edge(at)
			require.Equal(t, q.Cursor, ordering.Cursor(&edge))
			require.Zero(t, ordering.Compare(&edge, &edge))
		}
	})
}
