package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/products"
)

func TestEverythingButTheProbesWantsALogIn(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for _, path := range []string{"/", "/products/", "/products/1", "/products/export.csv", "/imports/", "/imports/" +
		id(1), "/imports/" + id(1) + "/events",
		"/imports/" + id(1) + "/rejects.csv", "/metrics", "/openapi.json", "/nowhere", "/livez/more"} {
		r := httptest.NewRequest("GET", path, nil)
		w := f.send(r)
		problem(t, w, 401)
		require.Equal(t, `Basic realm="products importer", charset="UTF-8"`, w.Header().Get("WWW-Authenticate"))
	}
	for _, path := range []string{"/upload_csv/", "/status/", "/products/", "/imports/" + id(1) + "/cancel"} {
		problem(t, f.send(httptest.NewRequest("POST", path, strings.NewReader("x"))), 401)
	}
	problem(t, f.send(httptest.NewRequest("DELETE", "/delete_all/", nil)), 401)
	for _, path := range []string{"/livez", "/readyz", "/livez/"} {
		require.Equal(t, 200, f.send(httptest.NewRequest("GET", path, nil)).Code)
	}
}

func basic(user, password string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// attempt logs in from an address and returns the response.
func (f *fixture) attempt(address, user, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/products/", nil)
	r.RemoteAddr = address
	r.SetBasicAuth(user, password)
	return f.send(r)
}

// TestLogIns wants what package basicauth finds out as problems.
func TestLogIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		_, _, stop := f.serve()
		require.Equal(t, "unauthorized", problem(t, f.send(httptest.NewRequest("GET", "/products/", nil)), 401).Code)
		for n := range 10 {
			w := f.attempt("192.0.2.1:1", user, fmt.Sprint("wrong", n))
			require.Equal(t, "unauthorized", problem(t, w, 401).Code)
			require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
		}
		var late []chan *httptest.ResponseRecorder
		for n := range 5 {
			waiting := make(chan *httptest.ResponseRecorder, 1)
			late = append(late, waiting)
			go func() { waiting <- f.attempt("192.0.2.1:1", user, fmt.Sprint("again", n)) }()
			synctest.Wait()
		}
		w := <-late[4]
		require.Equal(t, "too_many_failures", problem(t, w, 429).Code)
		require.Equal(t, "6", w.Header().Get("Retry-After"))
		began := time.Now()
		stop()
		w = <-late[0]
		require.Equal(t, "unavailable", problem(t, w, 503).Code)
		require.Equal(t, "5", w.Header().Get("Retry-After"))
		require.Less(t, time.Since(began), time.Second, "nobody has to wait for those who wait")
	})
}

// failing are users that can't be found.
type failing struct{ err error }

func (u failing) PasswordHash(context.Context, string) (string, error) { return "", u.err }

func TestUsersThatCannotBeFound(t *testing.T) {
	for err, status := range map[error]int{os.ErrPermission: 500, products.ErrUnavailable: 503} {
		f := newFixture(t, httpapi.Options{})
		var failed error
		f.api, failed = httpapi.New(f.store, f.board, f.board, failing{err}, httpapi.Options{})
		require.NoError(t, failed)
		problem(t, f.attempt("192.0.2.1:1", user, password), status)
	}
}

// TestAuthenticate has an application find out who makes a request.
func TestAuthenticate(t *testing.T) {
	var log bytes.Buffer
	var user string
	var err error
	f := newFixture(t, httpapi.Options{})
	options := httpapi.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Authenticate: func(*http.Request) (string, error) { return user, err }}
	api, failed := httpapi.New(f.store, f.board, f.board, nil, options)
	require.NoError(t, failed)
	f.api = api
	get := func() *httptest.ResponseRecorder { return f.send(httptest.NewRequest("GET", "/products/", nil)) }

	user = "ann"
	require.Equal(t, 200, get().Code)
	require.Contains(t, log.String(), "user=ann")
	user = ""
	require.Equal(t, "internal", problem(t, get(), 500).Code, "nobody is let in by mistake")
	require.Contains(t, log.String(), "neither a name nor an error")

	for _, test := range []struct {
		err                     error
		status                  int
		code, challenge, detail string
	}{
		{httpapi.Unauthorized(`Bearer realm="shop"`, "sign in first"), 401, "unauthorized", `Bearer realm="shop"`,
			"sign in first"},
		{fmt.Errorf("wrapped: %w", &httpapi.Problem{Status: 403, Code: "forbidden", Detail: "only for clerks",
			Header: http.Header{"www-authenticate": {"Bearer"}}}), 403, "forbidden", "Bearer", "only for clerks"},
		{&httpapi.Problem{Code: "x", Detail: "without a status"}, 500, "internal", "", ""},
		{&basicauth.Error{Status: 401, Challenge: "Basic", Reason: "no"}, 401, "unauthorized", "Basic", "no"},
		{fmt.Errorf("%w: the users are elsewhere", products.ErrUnavailable), 503, "unavailable", "", ""},
		{errors.New("secret"), 500, "internal", "", ""},
	} {
		user, err = "ann", test.err
		w := get()
		p := problem(t, w, test.status)
		require.Equal(t, test.code, p.Code)
		require.Equal(t, test.challenge, w.Header().Get("WWW-Authenticate"))
		if test.detail != "" {
			require.Equal(t, test.detail, p.Detail)
		}
		require.NotContains(t, w.Body.String(), "secret")
	}
	require.Equal(t, 200, f.send(httptest.NewRequest("GET", "/livez", nil)).Code, "the probes ask nobody")

	_, failed = httpapi.New(f.store, f.board, f.board, newUsers(t), options)
	require.ErrorContains(t, failed, "both users and Options.Authenticate")
}

func TestCrossOriginWritesAreRefused(t *testing.T) {
	f := newFixture(t, httpapi.Options{TrustedOrigins: []string{"https://shop.example"}})
	for _, test := range []struct {
		header string
		status int
	}{
		{"Sec-Fetch-Site: cross-site", 403}, {"Sec-Fetch-Site: same-site", 403}, {"Sec-Fetch-Site: same-origin", 204},
		{"Sec-Fetch-Site: none", 204},
		{"Origin: https://evil.example", 403}, {"Origin: http://example.com", 204},
		{"Origin: https://shop.example", 204}, {"Accept: */*", 204},
	} {
		require.Equal(t, test.status, f.call("DELETE", "/delete_all/", "", test.header).Code, test.header)
	}
	problem(t, f.call("POST", "/products/", "{}", "Sec-Fetch-Site: cross-site"), 403)
	require.Equal(t, 200, f.call("GET", "/products/", "", "Sec-Fetch-Site: cross-site").Code)
}

// TestPageBehindAProxy: a page's own server is the one that the browser has asked, by what a proxy that is trusted says.
func TestPageBehindAProxy(t *testing.T) {
	for _, test := range []struct {
		proxies, header string // which header the proxy sends
		status          int
		secure          bool
	}{
		{"192.0.2.0/24", "X-Forwarded-Host: shop.example", 204, false},
		{"192.0.2.0/24", "X-Forwarded-Host: shop.example:8443", 403, false},
		{"192.0.2.0/24", "Forwarded: host=shop.example;proto=https", 204, true},
		{"192.0.2.0/24", "X-Forwarded-Proto: https", 403, true},
		{"198.51.100.0/24", "Forwarded: host=shop.example;proto=https", 403, false},
	} {
		f := newFixture(t, httpapi.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(test.proxies)}})
		require.Equal(t, test.status, f.call("DELETE", "/delete_all/", "", "Origin: http://shop.example",
			test.header).Code, test)
		w := f.call("POST", "/session", `{"user":"`+user+`","password":"`+password+`"}`, test.header)
		require.Equal(t, 200, w.Code)
		require.Equal(t, test.secure, w.Result().Cookies()[0].Secure, test)
		require.Equal(t, 204, f.call("DELETE", "/delete_all/", "", "Origin: http://example.com",
			"X-Other: "+test.header).Code, "the Host counts where nothing else is said")
	}
}

func TestRequestLog(t *testing.T) {
	var out bytes.Buffer
	f := newFixture(t, httpapi.Options{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	w := f.call("GET", "/products/1", "", "X-Request-Id: from-the-proxy.1")
	require.Equal(t, "from-the-proxy.1", w.Header().Get("X-Request-Id"))
	for _, part := range []string{"level=INFO", "method=GET", "path=/products/1", "status=404", "user=admin",
		"client=192.0.2.1", "request_id=from-the-proxy.1", "took="} {
		require.Contains(t, out.String(), part)
	}
	require.NotContains(t, out.String(), password)
	require.NotContains(t, out.String(), "job=")
	out.Reset()
	var accepted struct {
		ID string `json:"task_id"`
	}
	w = f.call("POST", "/upload_csv/", "sku,name\na,Lamp\n", "Content-Type: text/csv", "X-Request-Id: upload.1")
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &accepted))
	require.Contains(t, out.String(), "user=admin cut_off=false request_id=upload.1 job="+accepted.ID,
		"the worker's lines have the import's ID and the user too")
	out.Reset()
	f.call("GET", "/livez", "")
	require.Empty(t, out.String(), "probes are for level debug")
	for _, bad := range []string{"a b", "a\"b", strings.Repeat("x", 129), "é"} {
		got := f.call("GET", "/livez", "", "X-Request-Id: "+bad).Header().Get("X-Request-Id")
		require.Regexp(t, `^[A-Z2-7]{26}$`, got, "one that isn't fit for a log is replaced")
	}
	first, second := f.call("GET", "/livez", ""), f.call("GET", "/livez", "")
	require.NotEqual(t, first.Header().Get("X-Request-Id"), second.Header().Get("X-Request-Id"))

	broken := newFixtureOver(t, broken{}, httpapi.Options{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	out.Reset()
	problem(t, broken.call("GET", "/products/1", ""), 500)
	require.Contains(t, out.String(), "secret", "the log knows what happened")
	require.Contains(t, out.String(), "goroutine")
}
