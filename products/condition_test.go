package products_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestConditionCanonical(t *testing.T) {
	for _, test := range []struct {
		field     string
		op        products.Operator
		value     string
		canonical string
		name      string
	}{
		{"price", products.OpEqual, " 1.5", "1.50", "price"},
		{"price", products.OpAtLeast, "+01.500", "1.50", "price__gte"},
		{"price", products.OpLess, "-0", "0.00", "price__lt"},
		{"stock", products.OpGreater, "007", "7", "stock__gt"},
		{"available_from", products.OpAtMost, "2026-11-28", "2026-11-28", "available_from__lte"},
		{"seen_at", products.OpEqual, "2026-11-28T01:00:00+01:00", "2026-11-28T00:00:00Z", "seen_at"},
		{"fragile", products.OpEqual, "true", "true", "fragile"},
		{"brand", products.OpEqual, " x ", " x ", "brand"},
		{"tags", products.OpContains, " x ", " x ", "tags__contains"},
		{"tags", products.OpIsNull, "false", "false", "tags__isnull"},
	} {
		given := products.Condition{Field: test.field, Op: test.op, Value: test.value}
		require.Equal(t, test.name, given.Name())
		checked, wrong := given.Check(listSchema())
		require.Nil(t, wrong)
		require.Equal(t, products.Condition{Field: test.field, Op: test.op, Value: test.canonical}, checked)
		q := products.Query{Where: []products.Condition{given}}
		checkedQuery, _, _, err := q.Check(listSchema())
		require.NoError(t, err)
		require.Equal(t, checked, checkedQuery.Where[0])
		require.Equal(t, test.value, q.Where[0].Value, "the caller's own conditions stay")
	}
}

func TestConditionMatches(t *testing.T) {
	values := map[string][]string{ // in their order; "" is null
		"price": {"-1.00", "0.00", "9.00", "10.00", ""}, "stock": {"-2", "9", "10", ""}, "brand": {"B", "a", "é", ""},
		"available_from": {"0001-01-01", "2026-11-28", ""},
		"seen_at":        {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5Z", ""},
		"fragile":        {"false", "true", ""},
	}
	for _, f := range listSchema().Own() {
		for i, text := range values[f.Name] {
			for j, bound := range values[f.Name] {
				if bound == "" {
					continue
				}
				for op, want := range map[products.Operator]bool{
					products.OpEqual: i == j, products.OpGreater: i > j, products.OpAtLeast: i >= j,
					products.OpLess: i < j, products.OpAtMost: i <= j,
				} {
					c := products.Condition{Field: f.Name, Op: op, Value: bound}
					require.Equal(t, want && text != "", c.Matches(&f, text), "%v: %q", c, text)
				}
			}
			c := products.Condition{Field: f.Name, Op: products.OpIsNull, Value: "true"}
			require.Equal(t, text == "", c.Matches(&f, text))
			c.Value = "false"
			require.Equal(t, text != "", c.Matches(&f, text))
		}
	}
	tags := listSchema().Find("tags")
	c := products.Condition{Field: "tags", Op: products.OpContains, Value: `a"b`}
	require.True(t, c.Matches(tags, products.ListText([]string{"x", `a"b`})))
	require.False(t, c.Matches(tags, products.ListText([]string{"a", "b"})))
	require.False(t, c.Matches(tags, ""))
}
