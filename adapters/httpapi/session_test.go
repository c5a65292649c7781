package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// browser keeps cookies as a browser does.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func newBrowser(t *testing.T, server *httptest.Server, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := *server.Client()
	client.Jar = jar
	return &browser{t, server.URL + base, &client}
}

// reply is a response that was read.
type reply struct {
	StatusCode int
	Header     http.Header
	cookies    []*http.Cookie
}

// send sends a request, whose body is JSON, and returns the answer with its body. Headers are "Name: value".
func (b *browser) send(method, path, body string, headers ...string) (*reply, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	require.NoError(b.t, err)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w, err := b.client.Do(r)
	require.NoError(b.t, err)
	var text bytes.Buffer
	_, err = text.ReadFrom(w.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, w.Body.Close())
	return &reply{w.StatusCode, w.Header, w.Cookies()}, text.String()
}

// logIn logs in by the form, and returns the answer and the only cookie that it sets, nil for none.
func (b *browser) logIn(user, password string) (*reply, *http.Cookie) {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"user": user, "password": password})
	require.NoError(b.t, err)
	w, _ := b.send("POST", "/session", string(body))
	if len(w.cookies) == 0 {
		return w, nil
	}
	require.Len(b.t, w.cookies, 1)
	return w, w.cookies[0]
}

func (b *browser) status(method, path string, headers ...string) int {
	b.t.Helper()
	w, _ := b.send(method, path, "", headers...)
	return w.StatusCode
}

func TestSessions(t *testing.T) {
	var log bytes.Buffer
	f := newFixture(t, httpapi.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	f.withUsers(staff(t))
	server := httptest.NewServer(f.api)
	t.Cleanup(server.Close)
	b := newBrowser(t, server, "")

	w, body := b.send("GET", "/session", "")
	require.Equal(t, 401, w.StatusCode)
	require.Contains(t, body, `"code":"unauthorized"`)
	require.Equal(t, `Session realm="products importer"`, w.Header.Get("WWW-Authenticate"), "the browser must not ask")
	w, cookie := b.logIn("viewer", "wrong")
	require.Nil(t, cookie)
	require.Equal(t, 401, w.StatusCode)
	require.Equal(t, `Session realm="products importer"`, w.Header.Get("WWW-Authenticate"))
	require.Equal(t, 401, b.status("GET", "/products/"))

	w, cookie = b.logIn("viewer", password)
	require.Equal(t, 200, w.StatusCode)
	require.Equal(t, "no-store", w.Header.Get("Cache-Control"))
	require.True(t, cookie.HttpOnly)
	require.False(t, cookie.Secure, "there is no TLS")
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
	require.Equal(t, 12*60*60, cookie.MaxAge)
	_, body = b.send("GET", "/session", "")
	require.JSONEq(t, `{"user":"viewer","role":"viewer"}`, body)
	require.Equal(t, 200, b.status("GET", "/products/"))
	require.Contains(t, log.String(), "path=/session status=200")
	require.Contains(t, log.String(), "user=viewer")
	require.NotContains(t, log.String(), password)
	require.NotContains(t, log.String(), cookie.Value)
	require.Equal(t, 403, b.status("DELETE", "/delete_all/"), "a session has its user's role")
	require.Equal(t, 204, b.status("DELETE", "/session"))
	require.Equal(t, 401, b.status("GET", "/products/"), "the browser has forgotten it")

	_, cookie = b.logIn("editor", password)
	require.Equal(t, 403, b.status("DELETE", "/delete_all/", "Sec-Fetch-Site: cross-site"))
	require.Equal(t, 403, b.status("DELETE", "/delete_all/", "Origin: https://evil.example"))
	require.Equal(t, 403, b.status("DELETE", "/session", "Origin: https://evil.example"), "nobody else logs one out")
	w, _ = b.send("POST", "/session", `{"user":"viewer","password":"`+password+`"}`, "Sec-Fetch-Site: same-site")
	require.Equal(t, 403, w.StatusCode, "nobody else logs one in")
	require.Empty(t, w.cookies)
	require.Equal(t, 204, b.status("DELETE", "/delete_all/", "Sec-Fetch-Site: same-origin"))

	other := newBrowser(t, server, "")
	for _, value := range []string{"", "x", cookie.Value + "A", cookie.Value[1:], strings.Repeat("A", 10_000),
		strings.Repeat("A", 80)} {
		require.Equal(t, 401, other.status("GET", "/products/", "Cookie: importer_session="+value), value)
	}
	require.Equal(t, 200, other.status("GET", "/products/", "Cookie: importer_session="+cookie.Value))
	require.Equal(t, 200, other.status("GET", "/products/", "Cookie: importer_session=x; importer_session="+cookie.Value),
		"a browser sends those of other paths too")
	require.Equal(t, 401, other.status("GET", "/products/", "Cookie: importer_session="+cookie.Value,
		"Authorization: "+basic("viewer", "wrong")), "what is said in so many words counts")
	require.Equal(t, 401, other.status("GET", "/products/", "Cookie: importer_session="+cookie.Value,
		"Authorization: Bearer x"))
}

// TestSessionsAtOtherServers: those that have the same users take it, and one where the password differs does not.
func TestSessionsAtOtherServers(t *testing.T) {
	hash, err := basicauth.HashPassword(password)
	require.NoError(t, err)
	serve := func(role basicauth.Role, hash string) *browser {
		f := newFixture(t, httpapi.Options{})
		users, err := basicauth.NewStaticAccounts(map[string]basicauth.Account{"ann": {PasswordHash: hash, Role: role}})
		require.NoError(t, err)
		f.withUsers(users)
		server := httptest.NewServer(f.api)
		t.Cleanup(server.Close)
		return newBrowser(t, server, "")
	}
	_, cookie := serve(basicauth.Admin, hash).logIn("ann", password)
	sent := "Cookie: importer_session=" + cookie.Value
	require.Equal(t, 204, serve(basicauth.Admin, hash).status("DELETE", "/delete_all/", sent))
	require.Equal(t, 403, serve(basicauth.Viewer, hash).status("DELETE", "/delete_all/", sent), "her role has changed")
	again, err := basicauth.HashPassword(password)
	require.NoError(t, err)
	require.Equal(t, 401, serve(basicauth.Admin, again).status("GET", "/products/", sent), "her password was set anew")
}

// TestSessionsAreBounded: a form is no way around the bounds of failures.
func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		_, _, stop := f.serve()
		logIn := func(password string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "/session",
				strings.NewReader(fmt.Sprintf(`{"user":%q,"password":%q}`, user, password)))
			r.RemoteAddr = "192.0.2.1:1"
			return f.send(r)
		}
		for n := range 5 {
			problem(t, logIn(fmt.Sprint("wrong", n)), 401)
			problem(t, f.attempt("192.0.2.1:1", user, fmt.Sprint("basic", n)), 401)
		}
		waiting := make(chan *httptest.ResponseRecorder, 4)
		for n := range cap(waiting) {
			go func() { waiting <- logIn(fmt.Sprint("again", n)) }()
			synctest.Wait()
		}
		w := logIn("more")
		require.Equal(t, "too_many_failures", problem(t, w, 429).Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		stop()
		for range cap(waiting) {
			require.Contains(t, []int{401, 503}, (<-waiting).Code)
		}
	})
}

// TestSessionsWhereTheAPIIs: the cookie is for the place of the API, and only for TLS where there is TLS.
func TestSessionsWhereTheAPIIs(t *testing.T) {
	for _, test := range []struct {
		name, public, base, path string
		tls, secure              bool
	}{
		{"below a path", "", "/shop/api", "/shop/api", false, false},
		{"behind a proxy with TLS", "https://shop.example/catalog/", "", "/catalog", false, true},
		{"behind a proxy at the root", "http://shop.example", "", "/", false, false},
		{"with TLS", "", "", "/", true, true},
		{"below a path that is no cookie's", "", "/a;b", "/", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{PublicURL: test.public})
			mux := http.NewServeMux()
			mux.Handle(test.base+"/", http.StripPrefix(test.base, f.api))
			start := httptest.NewServer
			if test.tls {
				start = httptest.NewTLSServer
			}
			server := start(mux)
			t.Cleanup(server.Close)
			b := newBrowser(t, server, test.base)
			_, cookie := b.logIn(user, password)
			require.Equal(t, test.path, cookie.Path)
			require.Equal(t, test.secure, cookie.Secure)
			if test.public == "" {
				require.Equal(t, 200, b.status("GET", "/products/"))
				require.Equal(t, 204, b.status("DELETE", "/session"))
				require.Equal(t, 401, b.status("GET", "/products/"))
			}
		})
	}
}

// TestNoDialogForAPage: the browser asks by itself only those who come without a page.
func TestNoDialogForAPage(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for header, scheme := range map[string]string{"Accept: */*": "Basic", "X-Requested-With: fetch": "Session",
		"Sec-Fetch-Dest: empty": "Session", "Sec-Fetch-Dest: document": "Basic",
		"Cookie: importer_session=old": "Session", "Cookie: other=1": "Basic"} {
		r := httptest.NewRequest("GET", "/products/", nil)
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
		w := f.send(r)
		problem(t, w, 401)
		require.True(t, strings.HasPrefix(w.Header().Get("WWW-Authenticate"), scheme+" realm="), header)
	}
}

// TestSessionsOfAnApplication: who has a log-in of their own gets no other one.
func TestSessionsOfAnApplication(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	var err error
	api, failed := httpapi.New(f.store, f.board, f.board, nil, httpapi.Options{
		Authenticate: func(*http.Request) (string, error) { return "ann", err }})
	require.NoError(t, failed)
	f.api = api
	require.JSONEq(t, `{"user":"ann","role":"admin"}`, f.call("GET", "/session", "").Body.String())
	require.Equal(t, 405, f.call("POST", "/session", `{"user":"a","password":"b"}`).Code)
	require.Equal(t, []string{"GET"}, openAPI(t, f).paths()["/session"])
	require.NotContains(t, openAPI(t, f).root, "security")
	err = httpapi.Unauthorized("Bearer", "sign in")
	require.Equal(t, "Bearer", f.call("GET", "/session", "").Header().Get("WWW-Authenticate"))
}
