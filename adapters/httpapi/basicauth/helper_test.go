package basicauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

const (
	user     = "admin"
	password = "pass:word"
)

// cheapHash is a hash that takes no time.
func cheapHash(t testing.TB, password string) string {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	return string(hash)
}

// fixture is a handler behind a log-in. It answers with the user's name.
type fixture struct {
	t       testing.TB
	auth    *basicauth.Authenticator
	handler http.Handler
}

func newFixture(t testing.TB, users basicauth.Users, options basicauth.Options) *fixture {
	auth, err := basicauth.New(users, options)
	require.NoError(t, err)
	return &fixture{t: t, auth: auth, handler: auth.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(basicauth.User(r.Context())))
		}))}
}

// newStaticFixture has users with the hashes.
func newStaticFixture(t testing.TB, hashes map[string]string) *fixture {
	users, err := basicauth.NewStaticUsers(hashes)
	require.NoError(t, err)
	return newFixture(t, users, basicauth.Options{})
}

func (f *fixture) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// attempt logs in from an address and returns the response.
func (f *fixture) attempt(address, user, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = address
	r.SetBasicAuth(user, password)
	return f.send(r)
}

// took returns how long the log-in takes until it is let in.
func (f *fixture) took(address, name string) time.Duration {
	f.t.Helper()
	began := time.Now()
	w := f.attempt(address, name, password)
	require.Equal(f.t, 200, w.Code, "%s from %s: %s", name, address, w.Body)
	require.Equal(f.t, name, w.Body.String())
	return time.Since(began)
}

func basic(user, password string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// costly has one hash for everybody.
type costly struct {
	hash string
	err  error
}

func (c costly) PasswordHash(context.Context, string) (string, error) { return c.hash, c.err }

// refused returns why the log-in from the address is refused.
func (f *fixture) refused(address, user, password string) *basicauth.Error {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = address
	r.SetBasicAuth(user, password)
	_, err := f.auth.Authenticate(r)
	var refused *basicauth.Error
	require.ErrorAs(f.t, err, &refused)
	return refused
}
