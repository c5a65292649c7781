package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/products"
)

func TestCreateProduct(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	w := f.call("POST", "/products/",
		`{"name":"Lamp","sku":" L-1 ","description":"It <shines>","status":true,"attributes":{"color":"red"},"id":99,"version":7,"created_at":null,"updated_at":"x"}`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	p := decode[products.Product](t, w)
	require.Equal(t, fmt.Sprintf("/products/%d", p.ID), w.Header().Get("Location"))
	require.Equal(t, `"1"`, w.Header().Get("ETag"))
	require.Contains(t, w.Body.String(), "<shines>", "no escapes that are for HTML")
	stored, err := f.store.Get(t.Context(), p.ID)
	require.NoError(t, err)
	require.Equal(t, products.Product{ID: p.ID, Version: 1, Name: "Lamp", SKU: "L-1", Description: "It <shines>",
		Status: true, Fields: map[string]products.Value{}, Attributes: map[string]string{"color": "red"},
		CreatedAt: stored.CreatedAt, UpdatedAt: stored.UpdatedAt}, stored, "what is the server's is ignored")

	w = f.call("POST", "/products", `{"name":"Torch","sku":"T-1","description":null,"status":null,"attributes":null}`)
	require.Equal(t, http.StatusCreated, w.Code, "null is empty, and the slash may be left out: %s", w.Body)
	require.Empty(t, decode[products.Product](t, w).Description)
}

func TestBadProducts(t *testing.T) {
	f := newFixture(t, httpapi.Options{MaxBodyBytes: 2_000})
	p := f.add("A", "B")[1]
	one := fmt.Sprintf("/products/%d", p.ID)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		field, code              string
	}{
		{"empty", "POST", "/products/", "", 400, "", ""},
		{"no JSON", "POST", "/products/", "name=x", 400, "", ""},
		{"cut off", "POST", "/products/", `{"name":"x`, 400, "", ""},
		{"not closed", "POST", "/products/", `{"name":"x","sku":"y"`, 400, "", ""},
		{"a list", "POST", "/products/", `[]`, 400, "", ""},
		{"two objects", "POST", "/products/", `{"name":"x","sku":"y"}{}`, 400, "", ""},
		{"not UTF-8", "POST", "/products/", "{\"name\":\"\xff\",\"sku\":\"y\"}", 400, "", ""},
		{"too long", "POST", "/products/", `{"name":"` + strings.Repeat("x", 2_000) + `"}`, 413, "", ""},
		{"no name", "POST", "/products/", `{"sku":"y"}`, 422, "name", "missing"},
		{"no sku", "POST", "/products/", `{"name":"x"}`, 422, "sku", "missing"},
		{"empty name", "POST", "/products/", `{"name":" ","sku":"y"}`, 422, "name", "empty"},
		{"a name that nobody sees", "POST", "/products/", `{"name":"\u00ad","sku":"y"}`, 422, "name", "empty"},
		{"a SKU that nobody sees", "POST", "/products/", `{"name":"x","sku":" \u200b\ufeff"}`, 422, "sku", "empty"},
		{"null name", "POST", "/products/", `{"name":null,"sku":"y"}`, 422, "name", "wrong_type"},
		{"number for a name", "POST", "/products/", `{"name":1,"sku":"y"}`, 422, "name", "wrong_type"},
		{"text for a status", "POST", "/products/", `{"name":"x","sku":"y","status":"true"}`, 422, "status",
			"wrong_type"},
		{"number for a description", "POST", "/products/", `{"name":"x","sku":"y","description":0}`, 422, "description",
			"wrong_type"},
		{"list of attributes", "POST", "/products/", `{"name":"x","sku":"y","attributes":[]}`, 422, "attributes",
			"wrong_type"},
		{"number for an attribute", "POST", "/products/", `{"name":"x","sku":"y","attributes":{"a":"","b":1}}`, 422,
			"attributes[b]", "wrong_type"},
		{"unknown", "POST", "/products/", `{"name":"x","sku":"y","price":1}`, 422, "price", "unknown"},
		{"other case", "POST", "/products/", `{"Name":"x","sku":"y"}`, 422, "Name", "unknown"},
		{"twice", "POST", "/products/", `{"name":"x","name":"z","sku":"y"}`, 422, "name", "duplicate"},
		{"long sku", "POST", "/products/", `{"name":"x","sku":"` + strings.Repeat("y", 256) + `"}`, 422, "sku",
			"too_long"},
		{"NUL", "POST", "/products/", `{"name":"x\u0000","sku":"y"}`, 422, "name", "bad_character"},
		{"taken", "POST", "/products/", `{"name":"x","sku":"A"}`, 409, "sku", "exists"},
		{"put taken", "PUT", one, `{"name":"x","sku":"A"}`, 409, "sku", "exists"},
		{"put without a name", "PUT", one, `{"sku":"B"}`, 422, "name", "missing"},
		{"put to nothing", "PUT", "/products/999999", `{"name":"x","sku":"y"}`, 404, "", ""},
		{"patch taken", "PATCH", one, `{"sku":"A"}`, 409, "sku", "exists"},
		{"patch to nothing", "PATCH", "/products/999999", `{}`, 404, "", ""},
		{"patch away the name", "PATCH", one, `{"name":null}`, 422, "name", "wrong_type"},
		{"patch to empty", "PATCH", one, `{"sku":""}`, 422, "sku", "empty"},
		{"patch to what nobody sees", "PATCH", one, `{"sku":"\u200b"}`, 422, "sku", "empty"},
		{"patch unknown", "PATCH", one, `{"colour":"red"}`, 422, "colour", "unknown"},
		{"patch malformed", "PATCH", one, `{"name"}`, 400, "", ""},
		{"get nothing", "GET", "/products/999999", "", 404, "", ""},
		{"get a word", "GET", "/products/lamp", "", 404, "", ""},
		{"get zero", "GET", "/products/0", "", 404, "", ""},
		{"get a negative", "GET", "/products/-1", "", 404, "", ""},
		{"get another spelling", "GET", "/products/01", "", 404, "", ""},
		{"get too much", "GET", "/products/99999999999999999999", "", 404, "", ""},
		{"delete nothing", "DELETE", "/products/999999/", "", 404, "", ""},
		{"post to one", "POST", one, `{}`, 405, "", ""},
		{"put the list", "PUT", "/products/", `{}`, 405, "", ""},
		{"get what deletes", "GET", "/delete_all/", "", 405, "", ""},
		{"delete all with a parameter", "DELETE", "/delete_all/?sku=A", "", 400, "sku", "unknown"},
		{"nowhere", "GET", "/nowhere", "", 404, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problem(t, f.call(test.method, test.path, test.body), test.status)
			if test.field != "" {
				require.NotEmpty(t, got.Errors, "it names the field")
				require.Equal(t, test.field, got.Errors[0].Field)
				require.Equal(t, test.code, got.Errors[0].Code)
				require.Contains(t, got.Detail, strings.Split(test.field, "[")[0])
			} else {
				require.Empty(t, got.Errors)
			}
			page, err := f.store.List(t.Context(), products.Query{})
			require.NoError(t, err)
			require.EqualValues(t, 2, page.Count)
			require.Equal(t, p, page.Products[1], "nothing has changed")
		})
	}
}

func TestBadFieldsAreAllNamed(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	got := problem(t, f.call("POST", "/products/", `{"name":1,"sku":2,"x":3}`), 422)
	require.Len(t, got.Errors, 3)
	var many strings.Builder
	for i := range 1_000 {
		fmt.Fprintf(&many, `"f%d":1,`, i)
	}
	got = problem(t, f.call("POST", "/products/", `{`+many.String()+`"name":"x"}`), 422)
	require.Len(t, got.Errors, 20)
}

func TestContentTypes(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	one := fmt.Sprintf("/products/%d", f.add("A")[0].ID)
	body := `{"name":"x","sku":"A"}`
	for _, test := range []struct {
		method, contentType string
		status              int
	}{
		{"PUT", "application/json", 200},
		{"PUT", "application/json; charset=UTF-8", 200},
		{"PUT", "application/json; charset=latin1", 415},
		{"PUT", "application/merge-patch+json", 415},
		{"PUT", "text/plain", 415},
		{"PUT", "application/x-www-form-urlencoded", 415},
		{"PUT", ";", 415},
		{"PATCH", "application/json", 200},
		{"PATCH", "application/merge-patch+json", 200},
		{"PATCH", "application/json-patch+json", 415},
	} {
		require.Equal(t, test.status, f.call(test.method, one, body, "Content-Type: "+test.contentType).Code, "%s %s",
			test.method, test.contentType)
	}
	r := request("PUT", one, body)
	require.Equal(t, 200, f.send(r).Code, "without a Content-Type")
	w := f.call("PUT", one, body, "Content-Encoding: gzip")
	problem(t, w, 415)
	require.Equal(t, "identity", w.Header().Get("Accept-Encoding"))
}

func TestReplaceAndChangeProduct(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	created := decode[products.Product](t,
		f.call("POST", "/products/",
			`{"name":"Lamp","sku":"L","description":"d","status":true,"attributes":{"a":"1","b":"2"}}`))
	one := fmt.Sprintf("/products/%d/", created.ID)

	w := f.call("PATCH", one, `{"description":null,"attributes":{"a":null,"c":"3"}}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Equal(t, `"2"`, w.Header().Get("ETag"))
	p := decode[products.Product](t, w)
	require.Empty(t, p.Description)
	require.Equal(t, map[string]string{"b": "2", "c": "3"}, p.Attributes)
	require.True(t, p.Status, "what a patch leaves out stays")

	p = decode[products.Product](t, f.call("PATCH", one, `{"attributes":null,"status":null}`))
	require.Empty(t, p.Attributes)
	require.False(t, p.Status)

	w = f.call("GET", one, "")
	again := f.call("PUT", one, w.Body.String())
	require.Equal(t, w.Body.String(), again.Body.String(), "a client can send back what it got, which changes nothing")

	require.Equal(t, 200, f.call("PATCH", one, `{"status":true,"description":"x","attributes":{"z":"1"}}`).Code)
	p = decode[products.Product](t, f.call("PUT", one, `{"name":"Torch","sku":"L"}`))
	require.Equal(t, "Torch", p.Name)
	require.Empty(t, p.Description, "what PUT leaves out becomes empty")
	require.False(t, p.Status)
	require.Empty(t, p.Attributes)

	w = f.call("DELETE", one, "")
	require.Equal(t, 204, w.Code)
	require.Empty(t, w.Body.String())
	problem(t, f.call("DELETE", one, ""), 404)
}

func TestDeleteAll(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.add("A", "B", "C")
	require.Equal(t, 204, f.call("DELETE", "/delete_all/", "").Code)
	require.EqualValues(t, 0, decode[list](t, f.call("GET", "/products/", "")).Count)
	require.Equal(t, 204, f.call("DELETE", "/delete_all", "").Code)
}

func TestPreconditions(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	p := f.add("A")[0]
	one := fmt.Sprintf("/products/%d", p.ID)
	require.Equal(t, 200, f.call("PATCH", one, `{"name":"second"}`).Code) // version 2
	for _, test := range []struct {
		name, method, header string
		status               int
	}{
		{"match", "PATCH", `If-Match: "2"`, 200},
		{"stale", "PATCH", `If-Match: "1"`, 412},
		{"as a proxy that compresses makes it", "PATCH", `If-Match: W/"2"`, 200},
		{"as another one does", "PATCH", `If-Match: "2-gzip"`, 200},
		{"stale, by a proxy", "PATCH", `If-Match: W/"1"`, 412},
		{"stale, by another one", "PATCH", `If-Match: "1-gzip"`, 412},
		{"any", "PATCH", `If-Match: *`, 200},
		{"list", "PATCH", `If-Match: "7", "2"`, 200},
		{"list of stale ones", "PATCH", `If-Match: "7" , W/"3","1"`, 412},
		{"foreign", "PATCH", `If-Match: "abc"`, 412},
		{"zero", "PATCH", `If-Match: "0"`, 412},
		{"another spelling", "PATCH", `If-Match: "02"`, 412},
		{"without quotes", "PATCH", `If-Match: 2`, 412},
		{"open quote", "PATCH", `If-Match: "2`, 412},
		{"empty", "PATCH", `If-Match: `, 412},
		{"none match", "PATCH", `If-None-Match: "1"`, 200},
		{"none match but one does", "PATCH", `If-None-Match: "1", W/"2"`, 412},
		{"nothing there", "PATCH", `If-None-Match: *`, 412},
		{"put stale", "PUT", `If-Match: "1"`, 412},
		{"delete stale", "DELETE", `If-Match: "1"`, 412},
		{"get", "GET", `If-None-Match: "1"`, 200},
		{"get the same", "GET", `If-None-Match: "2"`, 304},
		{"get the same weakly", "GET", `If-None-Match: "1", W/"2"`, 304},
		{"get any", "GET", `If-None-Match: *`, 304},
		{"get if match", "GET", `If-Match: "1"`, 412},
		{"head the same", "HEAD", `If-None-Match: "2"`, 304},
		{"delete", "DELETE", `If-Match: "2"`, 204},
		{"gone", "PATCH", `If-Match: *`, 404},
		{"gone as well", "PATCH", `If-Match: "2"`, 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := ""
			switch test.method {
			case "PATCH":
				body = `{"name":"second"}`
			case "PUT":
				body = `{"name":"third","sku":"A"}`
			}
			w := f.call(test.method, one, body, test.header)
			require.Equal(t, test.status, w.Code, w.Body.String())
			switch test.status {
			case 304:
				require.Equal(t, `"2"`, w.Header().Get("ETag"))
				require.Empty(t, w.Body.String())
			case 412, 404:
				problem(t, w, test.status)
				require.Empty(t, w.Header().Get("ETag"))
			}
		})
	}
}

func TestHeadAndOptions(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	one := fmt.Sprintf("/products/%d", f.add("A")[0].ID)
	w := f.call("HEAD", one, "")
	require.Equal(t, 200, w.Code)
	require.Equal(t, `"1"`, w.Header().Get("ETag"))
	w = f.call("OPTIONS", one, "")
	require.Equal(t, 204, w.Code)
	require.Equal(t, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS", w.Header().Get("Allow"))
	w = f.call("BREW", "/products/", "")
	problem(t, w, 405)
	require.Equal(t, "GET, HEAD, POST, OPTIONS", w.Header().Get("Allow"))
}

// broken is a catalogue whose every method fails, or panics.
type broken struct {
	products.Store
	err error
}

func (b broken) Get(context.Context, int64) (products.Product, error) {
	if b.err == nil {
		panic("secret")
	}
	return products.Product{}, b.err
}

func (b broken) Schema() *products.Schema { return products.Standard() }

func (b broken) AttributeNames(context.Context, products.Query, int) ([]string, error) {
	return nil, b.err
}

func (b broken) List(context.Context, products.Query) (products.Page, error) {
	return products.Page{}, b.err
}

func TestBrokenStore(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		retry  string
	}{
		{errors.New("secret: connection string"), 500, ""},
		{nil, 500, ""},
		{fmt.Errorf("postgres: %w: secret", products.ErrUnavailable), 503, "5"},
		{fmt.Errorf("postgres: %w: secret", products.ErrCommitUnknown), 503, "5"},
		{fmt.Errorf("secret: %w", context.DeadlineExceeded), 503, "5"},
	} {
		f := newFixtureOver(t, broken{err: test.err}, httpapi.Options{})
		w := f.call("GET", "/products/1", "")
		problem(t, w, test.status)
		require.NotContains(t, w.Body.String(), "secret", "what went wrong inside is for the log")
		require.Equal(t, test.retry, w.Header().Get("Retry-After"))
	}
}
