package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/webhooks"
)

// described holds responses against the OpenAPI document. It is made once, since that takes long.
var described struct {
	sync.Once
	sync.Mutex // of the validator, which makes schemas as they are asked for
	validator.Validator
}

// describe makes described of the document that has everything. The fields of a catalogue, which each test has others
// of, are open in it: package openapitest holds these against documents of their own.
func describe(t testing.TB) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	var root object
	require.NoError(t, json.Unmarshal(newRecorder(f.api, request("GET", "/openapi.json", "")).Body.Bytes(), &root))
	product := root["components"].(object)["schemas"].(object)["Product"].(object)
	product["properties"].(object)["fields"] = object{"type": "object"}
	text, err := json.Marshal(root)
	require.NoError(t, err)
	document, err := libopenapi.NewDocument(text)
	require.NoError(t, err)
	v, errs := validator.NewValidator(document, config.WithFormatAssertions())
	require.Empty(t, errs)
	described.Validator = v
}

// checkDescribed checks that the response to the request is as the document says. The bodies of streams, of CSV and of
// metrics have no schema: of these it is the status, the type and the headers.
func checkDescribed(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if _, is := t.(*testing.B); is || r.Method == http.MethodOptions || isLeftOut(w) {
		return
	}
	described.Do(func() { describe(t) })
	described.Lock()
	defer described.Unlock()
	for _, end := range []string{"", "/"} { // every path is served with and without one
		asked := &http.Request{Method: r.Method, Header: r.Header,
			URL: &url.URL{Path: strings.TrimSuffix(r.URL.Path, "/") + end}}
		if r.URL.RawPath != "" {
			asked.URL.RawPath = strings.TrimSuffix(r.URL.RawPath, "/") + end
		}
		if r.Method == http.MethodHead { // which is answered as GET is; the body goes no further than net/http
			asked.Method = http.MethodGet
		}
		valid, wrong := described.ValidateHttpResponse(asked, &http.Response{StatusCode: w.Code, Header: w.Header(),
			Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Request: asked})
		if valid {
			return
		}
		if !wrong[0].IsPathMissingError() && !wrong[0].IsOperationMissingError() {
			assert.Fail(t, "the response isn't as the document says", "%s %s: %d %.2000s: %v", r.Method, r.URL, w.Code,
				w.Body, wrong)
			return
		}
	}
	// Without a log-in, or with a role that may not, nobody learns what there is.
	assert.Contains(t, []int{401, 403}, w.Code, "%s %s isn't in the document: %s", r.Method, r.URL, w.Body)
}

// isLeftOut reports whether a response says that the API has no such route, none of products, or no such method, which
// its own document leaves out then (see TestOpenAPIHasTheRoutes and TestOpenAPIWithoutProducts), or where the path is
// that //path means.
func isLeftOut(w *httptest.ResponseRecorder) bool {
	switch w.Code {
	case http.StatusTemporaryRedirect, http.StatusMethodNotAllowed:
		return true
	case http.StatusNotFound:
		var p httpapi.Problem
		return json.Unmarshal(w.Body.Bytes(), &p) == nil &&
			(p.Code == "no_products" || strings.HasPrefix(p.Detail, "there is nothing at "))
	}
	return false
}

// failures is a test that counts its failures and goes on.
type failures struct {
	testing.TB
	count int
}

func (f *failures) Helper() {}

func (f *failures) Errorf(string, ...any) { f.count++ }

// TestResponsesAreChecked: what differs from the document is seen.
func TestResponsesAreChecked(t *testing.T) {
	tokens := func(created string) string {
		return `{"results":[{"name":"ci","role":"admin","created_at":"` + created + `"}]}`
	}
	for _, test := range []struct {
		method, target, contentType, body string
		status, failures                  int
	}{
		{"GET", "/livez", "application/json", `{"status":"ok"}`, 200, 0},
		{"HEAD", "/livez/", "application/json", `{"status":"ok"}`, 200, 0},
		{"GET", "/livez", "application/json", `{"status":7}`, 200, 1},
		{"GET", "/livez", "application/json", `{"status":"ok","more":1}`, 200, 1},
		{"GET", "/livez/", "application/json", `{}`, 200, 1},
		{"GET", "/livez", "application/json", `{`, 200, 1},
		{"GET", "/livez", "text/plain", `{"status":"ok"}`, 200, 1},
		{"GET", "/livez", "application/json", `{"status":"ok"}`, 201, 1},
		{"GET", "/products/export.csv", "application/json", `{}`, 200, 1},
		{"GET", "/tokens/", "application/json", tokens("today"), 200, 1},
		{"GET", "/tokens/", "application/json", tokens("2026-11-28T10:00:00Z"), 200, 0},
		{"GET", "/nowhere", "application/json", `{}`, 200, 1},
		{"DELETE", "/livez", "application/json", `{}`, 200, 1},
	} {
		w := httptest.NewRecorder()
		w.Code = test.status
		w.Header().Set("Content-Type", test.contentType)
		w.Body.WriteString(test.body)
		seen := &failures{TB: t}
		checkDescribed(seen, httptest.NewRequest(test.method, test.target, nil), w)
		require.Equal(t, test.failures, seen.count, "%+v", test)
	}
}
