package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// newTokenFixture is an API with users of every role, and tokens.
func newTokenFixture(t *testing.T, options httpapi.Options) (*fixture, *memory.Tokens) {
	store := memory.New(memory.Options{}).Tokens()
	options.Tokens = store
	f := newFixture(t, options)
	f.withUsers(staff(t))
	return f.as("admin"), store
}

// newToken makes a token by the API, and returns its text.
func (f *fixture) newToken(name string, role basicauth.Role) string {
	f.t.Helper()
	w := f.call("POST", "/tokens/", fmt.Sprintf(`{"name":%q,"role":%q}`, name, role))
	require.Equal(f.t, 201, w.Code, w.Body.String())
	return decode[struct{ Token string }](f.t, w).Token
}

// by sends a request of a program to an API.
func by(api http.Handler, token, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return newRecorder(api, r)
}

func TestTokens(t *testing.T) {
	var log bytes.Buffer
	f, store := newTokenFixture(t, httpapi.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.JSONEq(t, `{"results":[]}`, f.call("GET", "/tokens/", "").Body.String())
	w := f.call("POST", "/tokens/", `{"name":"shop.ci-1","role":"importer"}`)
	require.Equal(t, 201, w.Code)
	require.Equal(t, "/tokens/shop.ci-1", w.Header().Get("Location"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	made := decode[map[string]any](t, w)
	token := made["token"].(string)
	require.Regexp(t, `^pit_[A-Za-z0-9_-]{43}$`, token)
	require.Equal(t, "importer", made["role"])

	require.Equal(t, 200, by(f.api, token, "GET", "/imports/").Code)
	require.Contains(t, log.String(), "user=token:shop.ci-1")
	require.Equal(t, "wrong_role", problem(t, by(f.api, token, "GET", "/products/"), 403).Code)
	problem(t, by(f.api, token, "GET", "/tokens/"), 403)
	require.JSONEq(t, `{"user":"token:shop.ci-1","role":"importer"}`, by(f.api, token, "GET", "/session").Body.String())
	admin := f.newToken("Admin", basicauth.Admin)
	list := f.call("GET", "/tokens/", "")
	require.Equal(t, 200, by(f.api, admin, "GET", "/tokens/").Code)
	require.Less(t, strings.Index(list.Body.String(), `"Admin"`), strings.Index(list.Body.String(), `"shop.ci-1"`))

	require.NoError(t, store.EachToken(t.Context(), func(_ string, hash []byte, _ string, _ time.Time) error {
		require.NotContains(t, string(hash), token)
		require.Len(t, hash, 32, "a hash is all that is stored")
		return nil
	}))
	for _, text := range []string{token, admin} {
		require.NotContains(t, list.Body.String(), text, "it is shown once")
		require.NotContains(t, log.String(), text)
	}

	require.Equal(t, 204, f.call("DELETE", "/tokens/shop.ci-1", "").Code)
	w = by(f.api, token, "GET", "/imports/")
	problem(t, w, 401)
	require.Equal(t, `Bearer realm="products importer", error="invalid_token"`, w.Header().Get("WWW-Authenticate"))
	require.Equal(t, 200, by(f.api, admin, "GET", "/tokens/").Code)
	problem(t, f.call("DELETE", "/tokens/shop.ci-1", ""), 404)
}

func TestTokensThatAreNone(t *testing.T) {
	f, _ := newTokenFixture(t, httpapi.Options{})
	token := f.newToken("ci", basicauth.Admin)
	for _, text := range []string{"", "x", token[:len(token)-1], token + "A", strings.ToLower(token),
		"pit_" + strings.Repeat("A", 43), strings.Repeat("pit_", 1_000)} {
		problem(t, by(f.api, text, "GET", "/products/"), 401)
	}
	for header, status := range map[string]int{"bearer " + token: 200, "BEARER  " + token: 200, "Bearer": 401,
		"Basic " + token: 401, token: 401, "Bearer " + token + " x": 401} {
		r := httptest.NewRequest("GET", "/products/", nil)
		r.Header.Set("Authorization", header)
		require.Equal(t, status, f.send(r).Code, header)
	}

	for body, field := range map[string]string{`{"role":"viewer"}`: "name", `{"name":"a"}`: "role",
		`{"name":"a","role":"boss"}`: "role", `{"name":"","role":"viewer"}`: "name", `{"name":"a/b","role":"viewer"}`: "name",
		`{"name":"..","role":"viewer"}`: "name", `{"name":"ö","role":"viewer"}`: "name",
		`{"name":"` + strings.Repeat("x", 65) + `","role":"viewer"}`: "name"} {
		p := problem(t, f.call("POST", "/tokens/", body), 422)
		require.Equal(t, field, p.Errors[0].Field, body)
	}
	require.Equal(t, "token_exists", problem(t, f.call("POST", "/tokens/", `{"name":"ci","role":"viewer"}`), 409).Code)
	require.Equal(t, 200, by(f.api, token, "GET", "/tokens/").Code, "the old one stays")
	problem(t, f.call("GET", "/tokens/?x=1", ""), 400)

	plain := newFixture(t, httpapi.Options{})
	problem(t, plain.call("GET", "/tokens/", ""), 404)
	problem(t, by(plain.api, token, "GET", "/products/"), 401)
	require.Equal(t, 404, newRecorder(plain.api.Tokens(), httptest.NewRequest("GET", "/tokens/", nil)).Code)
	_, err := httpapi.New(f.store, f.board, f.board, nil, httpapi.Options{Tokens: memory.New(memory.Options{}).Tokens(),
		Authenticate: func(*http.Request) (string, error) { return "ann", nil }})
	require.ErrorContains(t, err, "Options.Tokens")
}

// brokenTokens is a store that can't be reached.
type brokenTokens struct{ *memory.Tokens }

func (brokenTokens) EachToken(context.Context, func(string, []byte, string, time.Time) error) error {
	return fmt.Errorf("%w: secret", products.ErrUnavailable)
}

func TestTokensThatCannotBeRead(t *testing.T) {
	f := newFixture(t, httpapi.Options{Tokens: brokenTokens{memory.New(memory.Options{}).Tokens()}})
	p := problem(t, by(f.api, "pit_"+strings.Repeat("A", 43), "GET", "/products/"), 503)
	require.NotContains(t, p.Detail, "secret")
	problem(t, f.call("GET", "/tokens/", ""), 503)
	problem(t, f.call("POST", "/tokens/", `{"name":"ci","role":"viewer"}`), 503)
	require.Equal(t, 200, f.call("GET", "/products/", "").Code, "people log in all the same")
}

func TestOpenAPIDescribesTokens(t *testing.T) {
	f, _ := newTokenFixture(t, httpapi.Options{})
	d := openAPI(t, f)
	for _, test := range []struct {
		path, method, target, body string
		status                     int
		headers                    []string
	}{
		{"/tokens/", "POST", "/tokens/", `{"name":"ci","role":"viewer"}`, 201, nil},
		{"/tokens/", "GET", "/tokens/", "", 200, nil}, {"/tokens/", "GET", "/tokens/?x=1", "", 400, nil},
		{"/tokens/", "POST", "/tokens/", `{"name":"ci","role":"viewer"}`, 409, nil},
		{"/tokens/", "POST", "/tokens/", `{`, 400, nil}, {"/tokens/", "POST", "/tokens/", `{}`, 422, nil},
		{"/tokens/", "POST", "/tokens/", `{}`, 415, []string{"Content-Type: text/plain"}},
		{"/tokens/", "POST", "/tokens/", `{}`, 403, []string{"Origin: https://evil.example"}},
		{"/tokens/{id}", "DELETE", "/tokens/ci", "", 204, nil}, {"/tokens/{id}", "DELETE", "/tokens/ci", "", 404, nil},
	} {
		w := f.call(test.method, test.target, test.body, test.headers...)
		require.Equal(t, test.status, w.Code, "%s %s %s", test.method, test.target, w.Body)
		d.checkResponse(test.path, test.method, w)
	}
	d.checkResponse("/tokens/", "GET", f.as("viewer").call("GET", "/tokens/", ""))
	text := openAPI(t, newFixture(t, httpapi.Options{}))
	require.NotContains(t, fmt.Sprint(text.root["security"]), "bearer")
}
