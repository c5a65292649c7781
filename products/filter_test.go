package products_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestFilter(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "supplier", Type: products.Text})
	require.NoError(t, err)
	yes := true
	q := products.Query{}
	for _, text := range []string{"supplier=a=b", "price__gte=10", "price__lt=20", "status=true", "name=n", "sku=s",
		"search=x"} {
		q, err = q.Filter(schema, text)
		require.NoError(t, err, text)
	}
	require.Equal(t, products.Query{Name: "n", SKU: "s", Search: "x", Status: &yes, Where: []products.Condition{
		{Field: "supplier", Op: products.OpEqual, Value: "a=b"}, {Field: "price", Op: products.OpAtLeast, Value: "10"},
		{Field: "price", Op: products.OpLess, Value: "20"}}}, q)

	for text, want := range map[string]string{
		"supplier":        "want FIELD=VALUE",
		"":                "want FIELD=VALUE",
		"vendor=a":        `there is no field "vendor" to filter by: want one of price, supplier`,
		"price__has=1":    "there is no filter price__has",
		"price=much":      "price must be a number",
		"supplier=":       "supplier must not be empty",
		"status=yes":      `status must be true or false, not "yes"`,
		"name= ":          "name must not be empty",
		"supplier=a\x00b": "NUL",
	} {
		_, err := products.Query{}.Filter(schema, text)
		require.ErrorIs(t, err, products.ErrQuery, text)
		require.ErrorContains(t, err, want, text)
	}
	for _, text := range []string{"status=false", "name=m"} {
		_, err := q.Filter(schema, text)
		require.ErrorContains(t, err, "is given twice", text)
	}
}
