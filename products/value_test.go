package products_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestValues(t *testing.T) {
	evening := time.Date(2026, 11, 28, 23, 30, 0, 500_000_999, time.FixedZone("", -3600))
	for _, test := range []struct {
		value      products.Value
		typ        products.Type
		text, json string
	}{
		{products.Value{}, 0, "", "null"},
		{products.TextValue(""), 0, "", "null"},
		{products.TextValue("a\n\"<é"), products.Text, "a\n\"<é", `"a\n\"<é"`},
		{products.IntegerValue(math.MinInt64), products.Integer, "-9223372036854775808", "-9223372036854775808"},
		{products.DecimalValue(1250, 2), products.Decimal, "12.50", `"12.50"`},
		{products.DecimalValue(-5, 2), products.Decimal, "-0.05", `"-0.05"`},
		{products.DecimalValue(5, 0), products.Decimal, "5", `"5"`},
		{products.DecimalValue(math.MinInt64, 18), products.Decimal, "-9.223372036854775808", `"-9.223372036854775808"`},
		{products.BooleanValue(false), products.Boolean, "false", "false"},
		{products.DateValue(evening), products.Date, "2026-11-28", `"2026-11-28"`},
		{products.TimestampValue(evening), products.Timestamp, "2026-11-29T00:30:00.5Z", `"2026-11-29T00:30:00.5Z"`},
		{products.ListValue("a", "b\t\\"), products.List, `["a","b\t\\"]`, `["a","b\t\\"]`},
		{products.ListValue(), 0, "", "null"},
	} {
		require.Equal(t, test.typ, test.value.Type())
		require.Equal(t, test.text, test.value.Text())
		require.Equal(t, test.typ == 0, test.value.IsNull())
		require.Equal(t, test.json, string(test.value.AppendJSON(nil)))
		// As encoding/json has it, which escapes what HTML would read.
		require.JSONEq(t, test.json, mustJSON(t, test.value))

		f := products.Field{Name: "field", Type: max(test.typ, products.Text), Scale: 0}
		if _, fraction, found := strings.Cut(test.text, "."); found && f.Type == products.Decimal {
			f.Scale = len(fraction)
		}
		require.Equal(t, test.value, f.Value(test.text))
		var read products.Value
		require.NoError(t, json.Unmarshal([]byte(test.json), &read))
		text, err := f.Canonical(read)
		require.Nil(t, err)
		require.Equal(t, test.text, text)
	}
	require.Equal(t, "null", products.Value{}.String())
	require.Equal(t, "12.50", products.DecimalValue(1250, 2).String())
	require.EqualValues(t, -5, products.IntegerValue(-5).Int64())
	require.Zero(t, products.TextValue("5").Int64())
	require.True(t, products.BooleanValue(true).Bool())
	require.False(t, products.TextValue("true").Bool())
	require.Equal(t, evening.UTC().Truncate(time.Microsecond), products.TimestampValue(evening).Time())
	require.Equal(t, time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), products.DateValue(evening).Time())
	require.Zero(t, products.Value{}.Time())
	require.Equal(t, []string{"a", "b\t\\"}, products.ListValue("a", "b\t\\").Texts())
	require.Nil(t, products.TextValue("a").Texts())
}

func TestValuesFromJSON(t *testing.T) {
	for raw, want := range map[string]products.Value{
		"5":                    products.IntegerValue(5),
		"5.0":                  products.IntegerValue(5),
		"1e2":                  products.IntegerValue(100),
		"1.50":                 products.DecimalValue(15, 1),
		"null":                 {},
		`""`:                   {},
		"[]":                   {},
		"true":                 products.BooleanValue(true),
		`"2026-11-28"`:         products.TextValue("2026-11-28"),
		`["a"]`:                products.ListValue("a"),
		"12345678901234567890": (&products.Field{Type: products.Decimal}).Value("12345678901234567890"),
	} {
		var got products.Value
		require.NoError(t, json.Unmarshal([]byte(raw), &got), raw)
		require.Equal(t, want, got, raw)
	}
	for raw, want := range map[string]string{
		`{"a":1}`: "must not be an object", "[1]": "a value must be a list of texts", "1e-19": "no more than 18 digits",
		"1e999": "whole number", `"a\u0000"`: "character NUL", "1e50": "no more than 38 digits",
	} {
		got := products.TextValue("untouched")
		require.ErrorContains(t, json.Unmarshal([]byte(raw), &got), want, raw)
		require.Equal(t, products.TextValue("untouched"), got)
	}
}

func TestCanonicalFitsValuesIntoFields(t *testing.T) {
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	stock := products.Field{Name: "stock", Type: products.Integer}
	fragile := products.Field{Name: "fragile", Type: products.Boolean}
	for _, test := range []struct {
		field products.Field
		value products.Value
		want  string
		code  string
	}{
		{price, products.DecimalValue(15, 1), "1.50", ""},
		{price, products.TextValue("1.5"), "1.50", ""},
		{price, products.IntegerValue(7), "7.00", ""},
		{price, products.Value{}, "", ""},
		{price, products.DecimalValue(1505, 3), "", products.CodeTooPrecise},
		{price, products.BooleanValue(true), "", products.CodeBadDecimal},
		{stock, products.DecimalValue(50, 1), "5", ""},
		{stock, products.DecimalValue(55, 1), "", products.CodeBadInteger},
		{fragile, products.IntegerValue(1), "", products.CodeBadBoolean},
		{products.Field{Name: "a", Type: products.Text}, products.IntegerValue(1), "", products.CodeBadText},
		{products.Field{Name: "a", Type: products.Date}, products.DateValue(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), "",
			products.CodeBadDate},
		{products.Field{Name: "a", Type: products.List}, products.ListValue("a", ""), "", products.CodeBadList},
	} {
		got, err := test.field.Canonical(test.value)
		require.Equal(t, test.want, got)
		if test.code == "" {
			require.Nil(t, err)
		} else {
			require.NotNil(t, err)
			require.Equal(t, test.code, err.Code)
		}
	}
}
