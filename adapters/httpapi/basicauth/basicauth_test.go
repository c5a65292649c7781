package basicauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

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
			f := newStaticFixture(t, map[string]string{user: cheapHash(t, password)})
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", test.authorization)
			w := f.send(r)
			require.Equal(t, 401, w.Code)
			require.Equal(t, `Basic realm="restricted", charset="UTF-8"`, w.Header().Get("WWW-Authenticate"))
		})
	}
}

func TestVerifiedLogInsAreRemembered(t *testing.T) {
	began := time.Now()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost-1)
	require.NoError(t, err)
	one := time.Since(began)
	f := newFixture(t, costly{hash: string(hash)}, basicauth.Options{})
	require.Equal(t, 200, f.attempt("192.0.2.1:1", user, password).Code)
	began = time.Now()
	for range 300 {
		require.Equal(t, 200, f.attempt("192.0.2.1:1", user, password).Code)
	}
	require.Less(t, time.Since(began), 150*one, "300 hashes take longer")
}

func TestErrorsOfUsers(t *testing.T) {
	f := newFixture(t, costly{err: os.ErrPermission}, basicauth.Options{})
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	_, err := f.auth.Authenticate(r)
	require.ErrorIs(t, err, os.ErrPermission)
	w := f.attempt("192.0.2.1:1", user, password)
	require.Equal(t, 500, w.Code)
	require.NotContains(t, w.Body.String(), "permission", "that is nobody's business")

	f = newFixture(t, costly{hash: "nonsense"}, basicauth.Options{})
	_, err = f.auth.Authenticate(r)
	require.ErrorContains(t, err, `user "admin"`)
	require.NotContains(t, err.Error(), "nonsense")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f = newStaticFixture(t, map[string]string{user: cheapHash(t, password)})
	_, err = f.auth.Authenticate(r.WithContext(ctx))
	if err != nil { // the hash may have been quicker
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestError(t *testing.T) {
	f := newStaticFixture(t, map[string]string{user: cheapHash(t, password)})
	refused := f.refused("192.0.2.1:1", user, "wrong")
	require.Equal(t, &basicauth.Error{Status: 401, Challenge: `Basic realm="restricted", charset="UTF-8"`,
		Reason: "the name or the password is wrong"}, refused)
	require.ErrorContains(t, refused, "basicauth: the name")
	h := http.Header{}
	(&basicauth.Error{Status: 429, RetryAfter: 1500 * time.Millisecond}).SetHeader(h)
	require.Equal(t, http.Header{"Retry-After": {"2"}}, h)
}

func TestOptions(t *testing.T) {
	users, err := basicauth.NewStaticUsers(nil)
	require.NoError(t, err)
	_, err = basicauth.New(nil, basicauth.Options{})
	require.ErrorContains(t, err, "users")
	for _, realm := range []string{`a"b`, `a\b`, "a\nb"} {
		_, err = basicauth.New(users, basicauth.Options{Realm: realm})
		require.ErrorContains(t, err, "Options.Realm")
	}
	var got error
	var client string
	f := newFixture(t, users, basicauth.Options{
		Realm:         "shop é",
		ClientAddress: func(r *http.Request) string { client = r.Host; return client },
		Refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
			got = err
			w.WriteHeader(http.StatusTeapot)
		},
	})
	require.Equal(t, http.StatusTeapot, f.attempt("192.0.2.1:1", user, password).Code)
	var refused *basicauth.Error
	require.ErrorAs(t, got, &refused)
	require.Equal(t, `Basic realm="shop é", charset="UTF-8"`, refused.Challenge)
	require.Equal(t, "example.com", client)
	require.Empty(t, basicauth.User(t.Context()))
}
