package products_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// orders lists every Query.Order.
func orders() (all []string) {
	for _, name := range products.OrderBy {
		all = append(all, name, "-"+name)
	}
	return all
}

func TestQueryCheckDefaults(t *testing.T) {
	q, order, at, err := products.Query{Name: "n"}.Check()
	require.NoError(t, err)
	require.Equal(t, products.Query{Name: "n", Limit: products.DefaultLimit}, q)
	require.Equal(t, products.Ordering{Field: "id"}, order)
	require.Nil(t, at)
	for _, name := range orders() {
		_, order, _, err := products.Query{Order: name, Limit: products.MaxLimit, Offset: 5}.Check()
		require.NoError(t, err)
		require.Equal(t, name, order.String())
	}
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
		{products.Query{Order: "price"}, `not "price"`},
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
		{products.Query{Order: "created_at", Cursor: encode(`{"o":"created_at","v":"2026-01-02T03:04:05+23:59","i":1}`)}, "cursor"},
		{products.Query{Order: "created_at", Cursor: encode(`{"o":"created_at","v":"0000-01-01T00:00:00+23:59","i":1}`)}, "cursor"},
		{products.Query{Cursor: encode(`{"o":"id","v":"","i":1,"x":2}`)}, "cursor"},
	} {
		_, _, _, err := test.query.Check()
		require.ErrorIs(t, err, products.ErrQuery, "%+v", test.query)
		require.ErrorContains(t, err, test.says, "%+v", test.query)
	}
}

func TestOrderingAndCursorAgree(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.FixedZone("", 3600))
	var all []products.Product
	for i, name := range []string{"b", "a", "é", "b", "<&>\u2028\"", "B", "😀", "\uffff", "a"} {
		all = append(all, products.Product{
			ID: int64(i + 1), Name: name, SKU: name + "-sku", Status: i%2 == 0,
			CreatedAt: at.Add(time.Duration(i%3) * time.Microsecond), UpdatedAt: at.Add(time.Duration(-i%4) * time.Hour),
		})
	}
	for _, name := range orders() {
		_, order, _, err := products.Query{Order: name}.Check()
		require.NoError(t, err)
		for i := range all {
			_, _, position, err := products.Query{Order: name, Cursor: order.Cursor(&all[i])}.Check()
			require.NoError(t, err, "%s takes its own cursor", name)
			want := products.Position{Order: name, Value: order.Value(&all[i]), ID: all[i].ID, SKU: all[i].SKU}
			if order.Field == "sku" {
				want.SKU = ""
			}
			require.Equal(t, want, *position)
			edge := order.Edge(position)
			for j := range all {
				require.Equal(t, order.Compare(&all[j], &all[i]), order.Compare(&all[j], &edge), "%s: the cursor is exactly at its product", name)
				require.Equal(t, order.Compare(&all[j], &all[i]), -order.Compare(&all[i], &all[j]), "%s: antisymmetric", name)
				require.Equal(t, i == j, order.Compare(&all[j], &all[i]) == 0, "%s: no two products are equal", name)
			}
		}
	}
}

func TestOrderingCompare(t *testing.T) {
	all := []products.Product{{ID: 1, Name: "b", Status: true}, {ID: 2, Name: "a"}, {ID: 3, Name: "b"}}
	for order, want := range map[string][]int64{
		"id": {1, 2, 3}, "-id": {3, 2, 1}, "name": {2, 1, 3}, "-name": {3, 1, 2}, "status": {2, 3, 1}, "-status": {1, 3, 2}, "created_at": {1, 2, 3}, "-created_at": {3, 2, 1},
	} {
		_, parsed, _, err := products.Query{Order: order}.Check()
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
	for q, want := range map[products.Query]bool{
		{}: false,
		{Name: strings.Repeat("é", products.MaxName)}:       false,
		{Name: strings.Repeat("é", products.MaxName+1)}:     true,
		{Search: strings.Repeat("é", products.MaxName)}:     false,
		{Search: strings.Repeat("e", products.MaxName+1)}:   true,
		{SKU: strings.Repeat(" ", 100_000) + "a"}:           false,
		{SKU: strings.Repeat("a", 100_000)}:                 true,
		{Name: "a", Search: strings.Repeat("\u0301", 1000)}: true,
	} {
		require.Equal(t, want, q.MatchesNothing(), "%.60v", q)
	}
}

// FuzzCursor: whatever somebody sends for a cursor, one that is taken is one that a store gives out, and leads to a place in
// the list.
func FuzzCursor(f *testing.F) {
	for _, order := range append(orders(), "", "x") {
		for _, position := range []string{`{"o":"` + order + `","v":"","i":1}`, `{"o":"` + order + `","v":"2026-01-02T03:04:05+23:59","i":-1}`, `{"o":"` + order + `","v":"true"}`, "{", "null", `{"v":"\u0000\ud800"}`} {
			f.Add(order, position)
		}
	}
	f.Fuzz(func(t *testing.T, order, position string) {
		q := products.Query{Order: order, Cursor: base64.RawURLEncoding.EncodeToString([]byte(position))}
		_, ordering, at, err := q.Check()
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
