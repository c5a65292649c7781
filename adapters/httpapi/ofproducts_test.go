package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// newTableFixture is an API over imports into a table that it can't read.
func newTableFixture(t *testing.T, key products.Field, fields ...products.Field) *fixture {
	schema, err := products.TableSchema(false, key, fields...)
	require.NoError(t, err)
	options := newHookFixture(t, webhooks.SenderOptions{}).options
	options.Fields = schema
	f := newFixture(t, options)
	f.api, err = httpapi.New(nil, f.board, f.board, newUsers(t), options)
	require.NoError(t, err)
	return f
}

func TestWithoutProducts(t *testing.T) {
	f := newTableFixture(t, products.Field{Name: "code", Type: products.Integer},
		products.Field{Name: "title", Type: products.Text, Rules: "required"},
		products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	require.Equal(t, "title,code,price\n", strings.SplitAfter(f.call("GET", "/template.csv", "").Body.String(), "\n")[0])
	require.Equal(t, 4, strings.Count(f.call("GET", "/template.csv", "").Body.String(), "\n"), "with three examples")
	for _, route := range []string{"GET /products/", "POST /products/", "GET /products/1", "PUT /products/1",
		"PATCH /products/1", "DELETE /products/1", "GET /products/1/history", "GET /products/export.csv",
		"DELETE /delete_all/", "POST /imports/" + id(1) + "/undo"} {
		method, path, _ := strings.Cut(route, " ")
		p := problem(t, f.call(method, path, ""), 404)
		require.Equal(t, "no_products", p.Code, route)
		require.Contains(t, p.Detail, "imports into a table of its owner's")
	}
	hook := func(events string) string {
		return `{"callback_url":"https://shop.example/","events":[` + events + `]}`
	}
	for _, events := range []string{`"product.*"`, `"import.*","products.deleted_all"`} {
		p := problem(t, f.call("POST", "/webhooks/", hook(events)), 422)
		require.Contains(t, p.Detail, "here no events of products are sent", events)
	}
	require.Equal(t, 201, f.call("POST", "/webhooks/", hook(`"*"`)).Code)
	require.Equal(t, 200, f.call("GET", "/readyz", "").Code)
	require.Equal(t, 200, f.call("GET", "/imports/", "").Code)
}

func TestOpenAPIWithoutProducts(t *testing.T) {
	f := newTableFixture(t, products.Field{Name: "code", Type: products.Text})
	require.Equal(t, "code\n", strings.SplitAfter(f.call("GET", "/template.csv", "").Body.String(), "\n")[0])
	d := openAPI(t, f)
	for path := range d.paths() {
		require.NotContains(t, path, "product")
		require.NotContains(t, []string{"/delete_all/", "/imports/{id}/undo"}, path)
	}
	require.Contains(t, d.paths(), "/imports/{id}/changes")
	require.Contains(t, d.paths(), "/webhooks/")
	d.resolveAll()
	types := d.resolve(object{"$ref": "#/components/schemas/WebhookEventType"})["enum"]
	require.NotContains(t, types, webhooks.ProductCreated)
	require.NotContains(t, types, webhooks.ProductsDeletedAll)
	require.Contains(t, types, webhooks.ImportCompleted)
}

func TestNeitherProductsNorFields(t *testing.T) {
	db := memory.New(memory.Options{})
	_, err := httpapi.New(nil, &board{}, db.Jobs(), newUsers(t), httpapi.Options{})
	require.ErrorContains(t, err, "the products are missing, and Options.Fields too")
}
