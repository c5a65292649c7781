package httpapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// TestAllThatIsWrong: a client that mends what it was told need not come back for the next fault.
func TestAllThatIsWrong(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	p := problem(t, f.call("POST", "/products/",
		`{"name":" ","sku":7,"status":"perhaps","nme":"Lamp","attributes":{"a":"\u0000"}}`), 422)
	codes := map[string]string{}
	for _, e := range p.Errors {
		codes[e.Field] = e.Code
	}
	require.Equal(t, map[string]string{"sku": "wrong_type", "status": "wrong_type", "nme": "unknown",
		"name": products.CodeEmpty, "attributes[a]": products.CodeBadCharacter}, codes)
	require.Len(t, p.Errors, len(codes), "each field once")

	p = problem(t, f.call("POST", "/products/", `{"sku":" "}`), 422)
	require.Len(t, p.Errors, 2)
	require.Equal(t, []string{"name", "sku"}, []string{p.Errors[0].Field, p.Errors[1].Field})
}

func TestWrongQueryNamesItsParameter(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for _, name := range []string{"ordering", "cursor", "search"} {
		p := problem(t, f.call("GET", "/products/?"+name+"=x%00", ""), 400)
		require.Len(t, p.Errors, 1, name)
		require.Equal(t, name, p.Errors[0].Field)
		require.Equal(t, p.Detail, p.Errors[0].Message)
	}
}

func TestExportKnowsItsAttributes(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	require.Equal(t, 201, f.call("POST", "/products/",
		`{"name":"Lamp","sku":"a","attributes":{"color":"-1"}}`).Code)
	p := problem(t, f.call("GET", "/products/export.csv?attributes=color,weight", ""), 400)
	require.Contains(t, p.Detail, `"weight"`)
	require.Equal(t, "attributes", p.Errors[0].Field)

	w := f.call("GET", "/products/export.csv?attributes=color&sku=none", "")
	require.Equal(t, 200, w.Code, "an attribute that only products have which a filter leaves out")
}

// stricter is a store of which the rules are younger than its products.
type stricter struct {
	*memory.Products
	schema *products.Schema
}

func (s stricter) Schema() *products.Schema { return s.schema }

// TestPutTakesWhatGetGives although a product breaks a rule that is younger than it is.
func TestPutTakesWhatGetGives(t *testing.T) {
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	lenient, err := products.NewSchema(price)
	require.NoError(t, err)
	price.Rules = "required"
	strict, err := products.NewSchema(price)
	require.NoError(t, err)
	store := memory.New(memory.Options{Fields: lenient}).Products()
	f := newFixtureOver(t, stricter{store, strict}, httpapi.Options{})
	created, err := store.Create(t.Context(), products.Product{Name: "Lamp", SKU: "A"})
	require.NoError(t, err)
	one := fmt.Sprintf("/products/%d", created.ID)
	require.Equal(t, 200, f.call("PATCH", one, `{"attributes":{"a":"","b":"x"},"description":""}`).Code)
	body := f.call("GET", one, "").Body.String()
	w := f.call("PUT", one, body)
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Equal(t, body, w.Body.String())
}
