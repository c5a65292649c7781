// Package openapitest holds what the API serves against its OpenAPI document by an independent validator. It is a package
// of its own, since that takes long to compile.
package openapitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// server is an API with the validator of its document.
type server struct {
	*httpapi.API
	validator.Validator
	worker *job.Runner
}

// open returns an API over an empty catalogue.
func open(t *testing.T, schema *products.Schema) *server {
	db := memory.New(memory.Options{Fields: schema})
	jobs, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)
	worker, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(db.Products(), jobs, db.Jobs(), nil,
		httpapi.Options{Authenticate: func(*http.Request) (string, error) { return "admin", nil }})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	document, err := libopenapi.NewDocument(w.Body.Bytes())
	require.NoError(t, err)
	v, errs := validator.NewValidator(document)
	require.Empty(t, errs)
	valid, wrong := v.ValidateDocument()
	require.True(t, valid, "%v", wrong)
	return &server{api, v, worker}
}

// call sends a request, and checks it and the response by the document.
func (s *server) call(t *testing.T, method, target, body string, status int) (location string) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.SetBasicAuth("admin", "secret") // which the document wants
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, status, w.Code, "%s %s %s: %s", method, target, body, w.Body)
	r.Body = io.NopCloser(strings.NewReader(body))
	valid, wrong := s.ValidateHttpRequest(r)
	require.Equal(t, status < 400, valid, "%s %s %s: %v", method, target, body, wrong)
	valid, wrong = s.ValidateHttpResponse(r, &http.Response{StatusCode: w.Code, Header: w.Header(),
		Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Request: r})
	require.True(t, valid, "%s %s %s: %s: %v", method, target, body, w.Body, wrong)
	return w.Header().Get("Location")
}

// withFields is a body of a product with fields.
func withFields(sku, fields string) string {
	return fmt.Sprintf(`{"name":"Lamp","sku":%q,"fields":%s}`, sku, fields)
}

func TestOpenAPIDescribesFields(t *testing.T) {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "weight", Type: products.Decimal, Scale: 3},
		products.Field{Name: "stock", Type: products.Integer},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Search: true},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD 'not known'"},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "fragile", Type: products.Boolean},
		products.Field{Name: "vendor", Type: products.Text, Rules: "required,min=2"},
		products.Field{Name: "pieces", Type: products.Integer, Rules: "gt=0,lte=9999999999"},
		products.Field{Name: "codes", Type: products.List, Rules: "max=3,unique,dive,len=2"},
		products.Field{Name: "contact", Type: products.Text, Rules: "email"},
		products.Field{Name: "whole", Type: products.Decimal})
	require.NoError(t, err)
	s := open(t, schema)
	const whole = `{"price":12.5,"weight":"-1.2","stock":-5,"brand":"Acme","currency":"not known","tags":["new","sale"],
		"available_from":"2026-11-28","seen_at":"2026-11-28T10:00:00.5+01:00","fragile":true,"vendor":"We","pieces":1,
		"codes":["ab","cd"],"contact":"info@example.com","whole":"7"}`
	const nulls = `{"price":null,"weight":null,"stock":null,"brand":"","currency":"","tags":[],"available_from":null,
		"seen_at":null,"fragile":null,"vendor":"We","pieces":null,"codes":null,"contact":"","whole":null}`
	one := s.call(t, "POST", "/products/", withFields("A", whole), 201)
	s.call(t, "POST", "/products/", withFields("B", nulls), 201)
	for _, target := range []string{one, "/products/", "/products/?cursor=&limit=1", "/products/?price__gte=1.5",
		"/products/?price=12.50", "/products/?stock__lt=0&fragile=true", "/products/?tags__contains=new",
		"/products/?available_from__lte=2026-11-28&brand=Acme", "/products/?price__isnull=true",
		"/products/?ordering=-price", "/products/?ordering=available_from",
		"/products/?seen_at__gt=2026-11-28T08:00:00Z"} {
		s.call(t, "GET", target, "", 200)
	}
	for _, body := range []string{`{"fields":{"price":"1.5"}}`, `{"fields":{"tags":null,"brand":""}}`, `{"fields":{}}`,
		`{"name":"x"}`} {
		s.call(t, "PATCH", one, body, 200)
	}
	s.call(t, "PUT", one, withFields("A", nulls), 200)
	for _, target := range []string{"/products/?ordering=tags", "/products/?stock=x", "/products/?fragile=maybe"} {
		s.call(t, "GET", target, "", 400)
	}
	// What the document refuses the API refuses too.
	for i, fields := range []string{`{"vendor":"We","price":true}`, `{"vendor":"We","stock":1.5}`, `{"vendor":"W"}`, `{}`,
		`{"vendor":"We","currency":"XXX"}`, `{"vendor":"We","pieces":0}`, `{"vendor":"We","pieces":10000000000}`,
		`{"vendor":"We","codes":["a"]}`, `{"vendor":"We","codes":["ab","ab"]}`, `{"vendor":"We","tags":"x"}`,
		`{"vendor":"We","codes":["ab","cd","ef","gh"]}`, `{"vendor":"We","color":"red"}`,
		`{"vendor":"We","brand":"` + strings.Repeat("x", 101) + `"}`} {
		s.call(t, "POST", "/products/", withFields(fmt.Sprint("X", i), fields), 422)
	}
	s.call(t, "POST", "/products/", `{"name":"Lamp","sku":"Y"}`, 422)
}

// TestOpenAPIDescribesImports: how a file was read has the catalogue's own fields, and their formats, in it.
func TestOpenAPIDescribesImports(t *testing.T) {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "fragile", Type: products.Boolean},
		products.Field{Name: "warehouse", Type: products.Text})
	require.NoError(t, err)
	s := open(t, schema)
	for _, c := range []struct {
		file string
		sent []string
	}{
		{"sku;name;price;available_from;seen_at;status;fragile;warehous\n" +
			"A;Lamp;1.234,50 €;28.11.2026;28.11.2026 14:30;S;yellow;Hamburg\n" +
			"B;Desk;2,00 €;29.11.2026;29.11.2026 14:30;N;blue;Bremen\n",
			[]string{`"decimal_sign":","`, `"date":"dmy"`, `"zone":"UTC"`, `"yes":"S"`, `"field":"price"`,
				`"field":"warehouse","column":"warehous"`, `"field":"fragile","column":"none"`}},
		{"sku,name\n", []string{`"field":"","column":"","text":"the file has no record below its header`}},
	} {
		r := httptest.NewRequest("POST", "/upload_csv/", strings.NewReader(c.file))
		r.Header.Set("Content-Type", "text/csv")
		uploaded := httptest.NewRecorder()
		s.ServeHTTP(uploaded, r)
		require.Equal(t, http.StatusAccepted, uploaded.Code, uploaded.Body)
		claim, err := s.worker.Claim(t.Context(), "test")
		require.NoError(t, err)
		done, err := s.worker.Run(t.Context(), claim, nil)
		require.NoError(t, err)
		require.Equal(t, job.Success, done.State, done.Error)
		target := "/imports/" + done.ID
		s.call(t, "GET", target, "", http.StatusOK)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		for _, text := range c.sent {
			require.Contains(t, w.Body.String(), text)
		}
	}
}
