package httpapi_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/products-importer/products-importer/adapters/httpapi"
)

func TestEverythingButTheProbesWantsALogIn(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for _, path := range []string{"/", "/products/", "/products/1", "/products/export.csv", "/imports/", "/imports/" + id(1), "/imports/" + id(1) + "/events",
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

func TestWrongLogIns(t *testing.T) {
	for _, test := range []struct{ name, authorization string }{
		{"unknown user", basic("root", password)},
		{"wrong password", basic(user, "wrong")},
		{"empty password", basic(user, "")},
		{"password cut at the colon", basic(user, "pass")},
		{"no user", basic("", password)},
		{"another case", basic("Admin", password)},
		{"a long password", basic(user, strings.Repeat("x", 5_000))},
		{"another scheme", "Bearer abc"},
		{"no base64", "Basic !!!"},
		{"no colon", "Basic YWJj"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{})
			r := httptest.NewRequest("GET", "/products/", nil)
			r.Header.Set("Authorization", test.authorization)
			w := f.send(r)
			problem(t, w, 401)
			require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
		})
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

func TestHtpasswd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "htpasswd")
		write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
		write("# people\n\nann:" + strings.Replace(cheapHash(t, "one"), "$2a$", "$2y$", 1) + "\r\n")
		users, err := httpapi.OpenHtpasswd(path)
		require.NoError(t, err)
		b := &board{}
		f := newFixture(t, httpapi.Options{})
		f.api, err = httpapi.New(f.store, b, b, users, httpapi.Options{})
		require.NoError(t, err)
		code := func(user, password string) int {
			time.Sleep(time.Minute)
			return f.attempt("192.0.2.1:1", user, password).Code
		}
		require.Equal(t, 200, code("ann", "one"))
		write("ann:" + cheapHash(t, "two") + "\nbob:" + cheapHash(t, "three") + "\n# longer\n")
		require.Equal(t, 401, code("ann", "one"), "the log-in that is remembered is worthless")
		require.Equal(t, 200, code("ann", "two"))
		require.Equal(t, 200, code("bob", "three"))
		write("nonsense")
		require.Equal(t, 200, code("bob", "three"), "the users stay as they were")
		require.ErrorContains(t, users.Err(), "line 1")
		require.NoError(t, os.Remove(path))
		require.Equal(t, 200, code("bob", "three"))
		require.ErrorIs(t, users.Err(), os.ErrNotExist)
		write("bob:" + cheapHash(t, "three") + "\n")
		require.Equal(t, 401, code("ann", "two"), "gone")
		require.NoError(t, users.Err())
	})
}

func TestBadUsers(t *testing.T) {
	_, err := httpapi.OpenHtpasswd(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	good := cheapHash(t, "x")
	argon, err := httpapi.HashPassword("x")
	require.NoError(t, err)
	for _, test := range []struct{ user, hash, want string }{
		{"", good, "name"}, {"a\n", good, "name"}, {"a", "", "bcrypt or argon2id"}, {"a", "x", "bcrypt or argon2id"},
		{"a", "{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=", "bcrypt or argon2id"}, {"a", "$apr1$x$y", "bcrypt or argon2id"},
		{"a", good[:20], "bcrypt"}, {"a", "$2a$31" + good[6:], "cost"},
		{"a", strings.Replace(argon, "v=19", "v=18", 1), "version"}, {"a", strings.Replace(argon, "m=19456", "m=99999999", 1), "bounds"},
		{"a", strings.Replace(argon, "t=2", "t=0", 1), "bounds"}, {"a", strings.Replace(argon, "m=19456,", "", 1), "parameters"},
		{"a", argon[:strings.LastIndexByte(argon, '$')], "parts"}, {"a", argon[:strings.LastIndexByte(argon, '$')+5], "key"},
		{"a", "$argon2id$v=19$m=8,t=1,p=1$!$AAAA", "salt"},
	} {
		_, err := httpapi.NewStaticUsers(map[string]string{test.user: test.hash})
		require.ErrorContains(t, err, test.want, test.hash)
		path := filepath.Join(t.TempDir(), "htpasswd")
		require.NoError(t, os.WriteFile(path, []byte("b:"+good+"\n"+test.user+":"+test.hash+"\n"), 0o600))
		_, err = httpapi.OpenHtpasswd(path)
		require.ErrorContains(t, err, "line 2")
	}
	path := filepath.Join(t.TempDir(), "htpasswd")
	require.NoError(t, os.WriteFile(path, []byte("a:"+good+"\na:"+good), 0o600))
	_, err = httpapi.OpenHtpasswd(path)
	require.ErrorContains(t, err, "twice")
}

func TestHashPassword(t *testing.T) {
	for _, password := range []string{"", strings.Repeat("x", 1_025)} {
		_, err := httpapi.HashPassword(password)
		require.Error(t, err)
	}
	long := strings.Repeat("é", 100)
	hash, err := httpapi.HashPassword(long)
	require.NoError(t, err)
	users, err := httpapi.NewStaticUsers(map[string]string{"ann": hash, "bob": cheapHash(t, strings.Repeat("y", bcryptMax))})
	require.NoError(t, err)
	b := &board{}
	f := newFixture(t, httpapi.Options{})
	f.api, err = httpapi.New(f.store, b, b, users, httpapi.Options{})
	require.NoError(t, err)
	require.Equal(t, 200, f.attempt("192.0.2.1:1", "ann", long).Code)
	require.Equal(t, 401, f.attempt("192.0.2.1:1", "ann", long[:198]).Code)
	require.Equal(t, 200, f.attempt("192.0.2.1:1", "bob", strings.Repeat("y", bcryptMax)).Code)
	require.Equal(t, 401, f.attempt("192.0.2.1:1", "bob", strings.Repeat("y", bcryptMax+1)).Code, "bcrypt would look at the beginning alone")
}

const bcryptMax = 72

// costly has one hash for everybody, which takes long.
type costly struct {
	hash string
	err  error
}

func (c costly) PasswordHash(context.Context, string) (string, error) { return c.hash, c.err }

func TestVerifiedLogInsAreRemembered(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost-1)
	require.NoError(t, err)
	b := &board{}
	f := newFixture(t, httpapi.Options{})
	f.api, err = httpapi.New(f.store, b, b, costly{hash: string(hash)}, httpapi.Options{})
	require.NoError(t, err)
	require.Equal(t, 200, f.attempt("192.0.2.1:1", user, password).Code)
	began := time.Now()
	for range 300 {
		require.Equal(t, 200, f.attempt("192.0.2.1:1", user, password).Code)
	}
	require.Less(t, time.Since(began), 5*time.Second, "300 hashes take much longer")

	f.api, err = httpapi.New(f.store, b, b, costly{err: os.ErrPermission}, httpapi.Options{})
	require.NoError(t, err)
	problem(t, f.attempt("192.0.2.1:1", user, password), 500)
}

func TestCrossOriginWritesAreRefused(t *testing.T) {
	f := newFixture(t, httpapi.Options{TrustedOrigins: []string{"https://shop.example"}})
	for _, test := range []struct {
		header string
		status int
	}{
		{"Sec-Fetch-Site: cross-site", 403}, {"Sec-Fetch-Site: same-site", 403}, {"Sec-Fetch-Site: same-origin", 204}, {"Sec-Fetch-Site: none", 204},
		{"Origin: https://evil.example", 403}, {"Origin: http://example.com", 204}, {"Origin: https://shop.example", 204}, {"Accept: */*", 204},
	} {
		require.Equal(t, test.status, f.call("DELETE", "/delete_all/", "", test.header).Code, test.header)
	}
	problem(t, f.call("POST", "/products/", "{}", "Sec-Fetch-Site: cross-site"), 403)
	require.Equal(t, 200, f.call("GET", "/products/", "", "Sec-Fetch-Site: cross-site").Code)
}

func TestRequestLog(t *testing.T) {
	var out bytes.Buffer
	f := newFixture(t, httpapi.Options{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	w := f.call("GET", "/products/1", "", "X-Request-Id: from-the-proxy.1")
	require.Equal(t, "from-the-proxy.1", w.Header().Get("X-Request-Id"))
	for _, part := range []string{"level=INFO", "method=GET", "path=/products/1", "status=404", "user=admin", "client=192.0.2.1", "request_id=from-the-proxy.1", "took="} {
		require.Contains(t, out.String(), part)
	}
	require.NotContains(t, out.String(), password)
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
