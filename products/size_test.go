package products_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// sized has so many bytes beside those of its n attributes' names and of its SKU.
func sized(n, bytes int) *products.Product {
	p := &products.Product{SKU: "s", Name: "n", Attributes: map[string]string{}}
	for i := range n {
		part := min(bytes, products.MaxAttributeValue)
		bytes -= part
		p.Attributes[fmt.Sprint(i)] = strings.Repeat("x", part)
	}
	return p
}

func TestBoundOfAProduct(t *testing.T) {
	large, larger := sized(20, products.MaxBytes+1), sized(20, products.MaxBytes+2)
	many, more := sized(products.MaxAttributes+1, 0), sized(products.MaxAttributes+2, 0)
	whole := sized(20, products.MaxBytes-32) // 2 for SKU and name, 30 for the names of attributes
	require.Equal(t, products.MaxBytes, whole.Bytes())
	for _, test := range []struct {
		name          string
		before, after *products.Product
		code          string
	}{
		{"it fits", sized(1, 1), whole, ""},
		{"it is too large", whole, large, products.CodeTooLarge},
		{"it was too large", large, large, ""},
		{"it was larger", larger, large, ""},
		{"it grows", large, larger, products.CodeTooLarge},
		{"it has too many", sized(1, 1), many, products.CodeTooMany},
		{"it had too many", many, many, ""},
		{"it had more", more, many, ""},
		{"it gets more", many, more, products.CodeTooMany},
		{"larger by fewer", many, large, products.CodeTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := products.Standard().ValidateChange(test.after, test.before)
			require.Equal(t, err != nil, test.after.Outgrows(test.before))
			if test.code == "" {
				require.NoError(t, err)
				return
			}
			var invalid *products.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Fields, 1)
			require.Equal(t, "attributes", invalid.Fields[0].Field)
			require.Equal(t, test.code, invalid.Fields[0].Code)
		})
	}
	large.Name = ""
	var invalid *products.ValidationError
	require.ErrorAs(t, products.Standard().ValidateChange(large, large), &invalid, "other rules hold all the same")
	require.Equal(t, "name", invalid.Fields[0].Field)
	require.NoError(t, products.Standard().Validate(whole))
}

func TestMayOutgrow(t *testing.T) {
	c := columns("name", "description")
	c.Attributes = []string{"color"}
	r := &products.Record{SKU: "s", Values: []string{"n", "d", "red"}}
	require.Equal(t, 11, c.Bytes(r))
	require.False(t, c.MayOutgrow(r, products.MaxAttributes-1, products.MaxBytes-11))
	require.True(t, c.MayOutgrow(r, 0, products.MaxBytes-10))
	require.True(t, c.MayOutgrow(r, products.MaxAttributes, 0))
	r.Values[2] = ""
	require.Equal(t, 3, c.Bytes(r), "an attribute that is empty is none: its name doesn't count")
	c, r.Values = columns("name"), []string{"n"}
	require.Equal(t, 2, c.Bytes(r))
	require.False(t, c.MayOutgrow(r, products.MaxAttributes+1, 0))
}
