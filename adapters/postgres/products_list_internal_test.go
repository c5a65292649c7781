package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// TestListPurpose: what an index finds isn't heavy, and all else is.
func TestListPurpose(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Index: true},
		products.Field{Name: "stock", Type: products.Integer})
	require.NoError(t, err)
	where := func(field string, op products.Operator, value string) products.Condition {
		return products.Condition{Field: field, Op: op, Value: value}
	}
	atLeast, equal := where("price", products.OpAtLeast, "1"), where("price", products.OpEqual, "1")
	null, other := where("price", products.OpIsNull, "true"), where("stock", products.OpEqual, "1")
	for _, test := range []struct {
		query products.Query
		want  purpose
	}{
		{products.Query{}, forReading}, {products.Query{Order: "-id"}, forReading}, {products.Query{Order: "name"}, forHeavy},
		{products.Query{Search: "x"}, forHeavy}, {products.Query{SKU: "x", Order: "name"}, forReading},
		{products.Query{Offset: farOffset + 1}, forHeavy},
		{products.Query{Order: "price"}, forReading}, {products.Query{Order: "-price"}, forReading},
		{products.Query{Order: "stock"}, forHeavy}, {products.Query{Order: "price", Offset: farOffset + 1}, forHeavy},
		{products.Query{Order: "price", Where: []products.Condition{atLeast}}, forReading},
		{products.Query{Order: "-price", Where: []products.Condition{atLeast, null}}, forReading},
		{products.Query{Order: "price", Where: []products.Condition{atLeast, other}}, forHeavy},
		{products.Query{Order: "price", Search: "x"}, forHeavy},
		{products.Query{Where: []products.Condition{atLeast}}, forHeavy},
		{products.Query{Where: []products.Condition{equal}}, forReading},
		{products.Query{Where: []products.Condition{null}}, forReading},
		{products.Query{Where: []products.Condition{other}}, forHeavy},
		{products.Query{Order: "stock", Where: []products.Condition{equal}}, forHeavy},
		{products.Query{SKU: "x", Where: []products.Condition{other}}, forReading},
	} {
		_, order, _, err := test.query.Check(schema)
		require.NoError(t, err)
		require.Equal(t, test.want, listPurpose(&test.query, order, schema), "%+v", test.query)
	}
}
