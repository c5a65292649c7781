package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// historyPage is a page of a product's history.
type historyPage struct {
	Next    *string
	Results []struct {
		ID        int64
		Kind      string
		At        time.Time
		User, SKU *string
		Version   *int64
		Import    *struct {
			ID       string
			FileName string `json:"file_name"`
			Undo     *string
			URL      string
		}
		Fields     map[string]struct{ Before, After any }
		Attributes map[string]struct{ Before, After any }
	}
}

// keeping is an API whose store keeps the history of products, and has a product that an import has made.
func keeping(t *testing.T) (f *fixture, imported int64) {
	t.Helper()
	schema := fieldSchema(t)
	db := memory.New(memory.Options{Fields: schema})
	before, err := db.Products().Create(t.Context(), products.Product{SKU: "imported", Name: "n"})
	require.NoError(t, err)
	historian, err := products.NewHistorian(db.History(), schema, nil)
	require.NoError(t, err)
	store, err := products.NewNotifyingStore(db.Products(), db.InTx, historian)
	require.NoError(t, err)
	return newFixtureOver(t, store, httpapi.Options{History: db.History()}), before.ID
}

func TestProductHistory(t *testing.T) {
	f, imported := keeping(t)
	f.withUsers(staff(t))
	d := openAPI(t, f.as("admin"))
	get := func(id int64, query string) historyPage {
		w := f.call("GET", fmt.Sprintf("/products/%d/history%s", id, query), "")
		require.Equal(t, 200, w.Code, w.Body.String())
		d.checkResponse("/products/{id}/history", "GET", w)
		return decode[historyPage](t, w)
	}
	w := f.as("editor").call("POST", "/products/", `{"sku":"a","name":"one","fields":{"price":"1.50"},"attributes":{"k":"v"}}`)
	require.Equal(t, 201, w.Code, w.Body.String())
	id := decode[struct{ ID int64 }](t, w).ID
	one := fmt.Sprint("/products/", id)
	require.Equal(t, 200, f.as("admin").call("PATCH", one, `{"name":"two","fields":{"price":null},"attributes":{"k":null}}`).Code)
	require.Equal(t, 200, f.call("PATCH", one, `{"name":"two"}`).Code, "which changes nothing")
	require.Equal(t, 412, f.call("PATCH", one, `{"name":"three"}`, `If-Match: "9"`).Code)
	all := get(id, "").Results
	require.Len(t, all, 2)
	require.Equal(t, "updated", all[0].Kind)
	require.Equal(t, "admin", *all[0].User)
	require.EqualValues(t, 2, *all[0].Version)
	require.Equal(t, map[string]struct{ Before, After any }{"name": {"one", "two"}, "price": {"1.50", nil}}, all[0].Fields)
	require.Equal(t, map[string]struct{ Before, After any }{"k": {"v", nil}}, all[0].Attributes)
	require.Equal(t, "created", all[1].Kind)
	require.Equal(t, "editor", *all[1].User)
	require.Equal(t, struct{ Before, After any }{nil, "1.50"}, all[1].Fields["price"])

	page := get(id, "?limit=1")
	require.Len(t, page.Results, 1)
	last := get(id, strings.TrimPrefix(*page.Next, one+"/history"))
	require.Equal(t, "created", last.Results[0].Kind)
	require.Nil(t, last.Next)
	require.Empty(t, get(imported, "").Results, "nobody has changed it alone")

	require.Equal(t, 204, f.call("DELETE", one, "").Code)
	require.Equal(t, "deleted", get(id, "").Results[0].Kind, "it is there once the product has gone")
	w = f.call("POST", "/products/", `{"sku":"b","name":"n"}`)
	other := decode[struct{ ID int64 }](t, w).ID
	require.Equal(t, 204, f.call("DELETE", "/delete_all/", "").Code)
	w = f.call("POST", "/products/", `{"sku":"c","name":"n"}`)
	later := decode[struct{ ID int64 }](t, w).ID
	require.Equal(t, 204, f.as("admin").call("DELETE", "/delete_all/", "").Code)
	all = get(other, "").Results
	require.Len(t, all, 2, "it went with all others, once")
	require.Equal(t, "deleted", all[0].Kind)
	require.Nil(t, all[0].Version)
	require.Less(t, all[0].ID, get(later, "").Results[1].ID, "it was the first of the two times")
	require.Len(t, get(id, "").Results, 3, "it was deleted before")
	d.checkResponse("/products/{id}/history", "GET", f.call("GET", fmt.Sprintf("/products/%d/history", imported), ""))
	for path, status := range map[string]int{"/products/99/history": 404, "/products/x/history": 404,
		one + "/history?limit=0": 400, one + "/history?limit=101": 400, one + "/history?cursor=x": 400, one + "/history?cursor=e30": 400} {
		w := f.call("GET", path, "")
		problem(t, w, status)
		d.checkResponse("/products/{id}/history", "GET", w)
	}
	bare := newFixture(t, httpapi.Options{})
	require.Equal(t, "no_history", problem(t, bare.call("GET", "/products/1/history", ""), 404).Code)
}
