package basicauth_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

func newSessions(t testing.TB, users basicauth.Users, cookie string) *basicauth.Authenticator {
	t.Helper()
	auth, err := basicauth.New(users, basicauth.Options{SessionCookie: cookie})
	require.NoError(t, err)
	return auth
}

// with returns who makes a request that has the header Cookie.
func with(auth *basicauth.Authenticator, cookies string) (basicauth.Identity, error) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookies)
	return auth.Identify(r)
}

func TestSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users, err := basicauth.NewStaticUsers(map[string]string{user: cheapHash(t, password)})
		require.NoError(t, err)
		auth := newSessions(t, users, "sid")
		cookie, identity, err := auth.NewSession(httptest.NewRequest("POST", "/", nil), user, password)
		require.NoError(t, err)
		require.Equal(t, basicauth.Identity{User: user, Role: basicauth.Admin}, identity)
		require.Equal(t, "sid", cookie.Name)
		time.Sleep(basicauth.SessionTime - time.Minute)
		identity, err = with(auth, "sid="+cookie.Value)
		require.NoError(t, err)
		require.Equal(t, user, identity.User)
		time.Sleep(time.Minute)
		_, err = with(auth, "sid="+cookie.Value)
		require.Error(t, err)
		require.Negative(t, auth.NoSession().MaxAge)
	})
}

func TestSessionsOfOthers(t *testing.T) {
	users, err := basicauth.NewStaticUsers(map[string]string{user: cheapHash(t, password), "bob": cheapHash(t, "bob")})
	require.NoError(t, err)
	auth := newSessions(t, users, "sid")
	cookie, _, err := auth.NewSession(httptest.NewRequest("POST", "/", nil), user, password)
	require.NoError(t, err)
	_, err = with(newSessions(t, users, "other"), "other="+cookie.Value)
	require.Error(t, err, "it is of another application with the same users")
	_, err = with(newAuth(t, users), "sid="+cookie.Value)
	require.Error(t, err, "without Options.SessionCookie there are none")
	_, _, err = newAuth(t, users).NewSession(httptest.NewRequest("POST", "/", nil), user, password)
	require.ErrorContains(t, err, "SessionCookie")

	value, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	require.NoError(t, err)
	for i := range value {
		changed := append([]byte{}, value...)
		changed[i] ^= 1
		_, err := with(auth, "sid="+base64.RawURLEncoding.EncodeToString(changed))
		require.Error(t, err, "byte %d was changed", i)
	}
	for n := range value {
		_, err := with(auth, "sid="+base64.RawURLEncoding.EncodeToString(value[:n]))
		require.Error(t, err, n)
	}
	_, err = with(auth, "sid="+base64.RawURLEncoding.EncodeToString(append(value[:40:40], "bob"...)))
	require.Error(t, err, "bob has another password")
	_, err = with(auth, "sid="+base64.RawURLEncoding.EncodeToString(append(value[:40:40], "nobody"...)))
	require.Error(t, err)

	var refused *basicauth.Error
	_, _, err = auth.NewSession(httptest.NewRequest("POST", "/", nil), user, "wrong")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusUnauthorized, refused.Status)
	require.Equal(t, `Session realm="restricted"`, refused.Challenge)
	_, err = with(newSessions(t, odd{err: os.ErrPermission}, "sid"), "sid="+cookie.Value)
	require.ErrorIs(t, err, os.ErrPermission)
	_, err = basicauth.New(users, basicauth.Options{SessionCookie: "a b"})
	require.ErrorContains(t, err, "SessionCookie")
}

// TestStablePasswordHash: servers that are given the same password take each other's sessions, and only those.
func TestStablePasswordHash(t *testing.T) {
	hash := func(user, password string) string {
		h, err := basicauth.StablePasswordHash(user, password)
		require.NoError(t, err)
		return h
	}
	first, again := hash("ann", "one"), hash("ann", "one")
	require.Equal(t, first, again)
	require.NotEqual(t, hash("ann", "one"), hash("bob", "one"))
	require.NotEqual(t, hash("ann", "one"), hash("ann", "two"))
	users, err := basicauth.NewStaticUsers(map[string]string{"ann": hash("ann", "one")})
	require.NoError(t, err)
	_, err = identify(t, newAuth(t, users), "ann", "one")
	require.NoError(t, err)
	for _, password := range []string{"", strings.Repeat("x", 1_025)} {
		_, err = basicauth.StablePasswordHash("ann", password)
		require.Error(t, err)
	}
}

// FuzzCookies: whatever a stranger sends as cookies, it is nobody's session.
func FuzzCookies(f *testing.F) {
	users, err := basicauth.NewStaticUsers(map[string]string{user: cheapHash(f, password)})
	require.NoError(f, err)
	auth := newSessions(f, users, "sid")
	// The session of a user with another password has all but the right MAC.
	others, err := basicauth.NewStaticUsers(map[string]string{user: cheapHash(f, "other")})
	require.NoError(f, err)
	cookie, _, err := newSessions(f, others, "sid").NewSession(httptest.NewRequest("POST", "/", nil), user, "other")
	require.NoError(f, err)
	for _, seed := range []string{"", "sid", "sid=", "sid=x", "sid=" + cookie.Value, `sid="` + cookie.Value + `"`,
		"sid=a; sid=b;;", "sid=" + strings.Repeat("A", 54), "\x00=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cookies string) {
		_, err := with(auth, cookies)
		var refused *basicauth.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, http.StatusUnauthorized, refused.Status)
	})
}
