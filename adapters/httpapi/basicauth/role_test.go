package basicauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// identify returns who makes a request with the log-in.
func identify(t *testing.T, auth *basicauth.Authenticator, user, password string) (basicauth.Identity, error) {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	return auth.Identify(r)
}

func newAuth(t *testing.T, users basicauth.Users) *basicauth.Authenticator {
	t.Helper()
	auth, err := basicauth.New(users, basicauth.Options{})
	require.NoError(t, err)
	return auth
}

// TestRolesInHtpasswd: a line may have a role, which counts at once when it changes; the password stays as it was.
func TestRolesInHtpasswd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "htpasswd")
		one, argon := cheapHash(t, "one"), "$argon2id$v=19$m=8,t=1,p=1$bm9ib2R5IGhhcw$AAAAAAAAAAAAAAAAAAAAAA"
		write := func(text string) {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			time.Sleep(time.Minute)
		}
		write("ann:" + one + "\nbob:" + one + ":viewer\neve:" + argon + ":importer\n")
		users, err := basicauth.OpenHtpasswd(path)
		require.NoError(t, err)
		auth := newAuth(t, users)
		role := func(user string) basicauth.Role {
			identity, err := identify(t, auth, user, "one")
			require.NoError(t, err)
			require.Equal(t, user, identity.User)
			return identity.Role
		}
		require.Equal(t, basicauth.Admin, role("ann"), "as every user of a file of htpasswd's")
		require.Equal(t, basicauth.Viewer, role("bob"))
		write("ann:" + one + ":importer\nbob:" + one + ":editor\n")
		require.Equal(t, basicauth.Importer, role("ann"))
		require.Equal(t, basicauth.Editor, role("bob"))
		for line, want := range map[string]string{"bob:" + one + ":boss": `line 1: "boss" is no role: want admin, editor`,
			"bob:" + one + ":": "no role", "bob:" + one + ":viewer:x": "no role", "bob:" + one + ": viewer": "no role",
			"bob::viewer": "bcrypt"} {
			write(line)
			require.Equal(t, basicauth.Editor, role("bob"), "the users stay as they were")
			require.ErrorContains(t, users.Err(), want)
		}
	})
}

// odd are users of whom something is wrong.
type odd struct {
	account basicauth.Account
	err     error
}

func (o odd) PasswordHash(context.Context, string) (string, error) { panic("accounts are asked for") }

func (o odd) Account(context.Context, string) (basicauth.Account, error) { return o.account, o.err }

func TestAccountsThatAreWrong(t *testing.T) {
	_, err := identify(t, newAuth(t, odd{err: os.ErrPermission}), "ann", "one")
	require.ErrorIs(t, err, os.ErrPermission)
	_, err = identify(t, newAuth(t, odd{account: basicauth.Account{PasswordHash: cheapHash(t, "one"), Role: "boss"}}),
		"ann", "one")
	require.ErrorContains(t, err, `user "ann": "boss" is no role`)
	var refused *basicauth.Error
	require.NotErrorAs(t, err, &refused, "it is not the client's fault")
	_, err = basicauth.NewStaticAccounts(map[string]basicauth.Account{"ann": {PasswordHash: cheapHash(t, "one"),
		Role: "boss"}})
	require.ErrorContains(t, err, "no role")
}

func TestJoinedUsers(t *testing.T) {
	first, err := basicauth.NewStaticAccounts(map[string]basicauth.Account{
		"ann": {PasswordHash: cheapHash(t, "one"), Role: basicauth.Viewer}})
	require.NoError(t, err)
	second, err := basicauth.NewStaticUsers(map[string]string{"ann": cheapHash(t, "two"), "bob": cheapHash(t, "two")})
	require.NoError(t, err)
	users, err := basicauth.JoinUsers(first, second)
	require.NoError(t, err)
	auth := newAuth(t, users)
	identity, err := identify(t, auth, "ann", "one")
	require.NoError(t, err)
	require.Equal(t, basicauth.Viewer, identity.Role)
	_, err = identify(t, auth, "ann", "two")
	require.Error(t, err, "the first account counts")
	identity, err = identify(t, auth, "bob", "two")
	require.NoError(t, err)
	require.Equal(t, basicauth.Admin, identity.Role)
	_, err = identify(t, auth, "eve", "two")
	require.Error(t, err)
	hash, err := users.PasswordHash(t.Context(), "bob")
	require.NoError(t, err)
	require.NotEmpty(t, hash)
	users, err = basicauth.JoinUsers(odd{err: os.ErrPermission}, second)
	require.NoError(t, err)
	_, err = identify(t, newAuth(t, users), "bob", "two")
	require.ErrorIs(t, err, os.ErrPermission, "whoever the first one knows isn't known")
	_, err = basicauth.JoinUsers(second, nil)
	require.Error(t, err)
}

func TestIdentityInAContext(t *testing.T) {
	_, known := basicauth.FromContext(t.Context())
	require.False(t, known)
	require.Empty(t, basicauth.User(t.Context()))
	identity, known := basicauth.FromContext(basicauth.NewContext(t.Context(), basicauth.Identity{User: "ann"}))
	require.True(t, known)
	require.Equal(t, basicauth.Identity{User: "ann", Role: basicauth.Admin}, identity)

	users, err := basicauth.NewStaticAccounts(map[string]basicauth.Account{
		"ann": {PasswordHash: cheapHash(t, "one"), Role: basicauth.Viewer}})
	require.NoError(t, err)
	newAuth(t, users).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		identity, known = basicauth.FromContext(r.Context())
	})).ServeHTTP(httptest.NewRecorder(), func() *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth("ann", "one")
		return r
	}())
	require.Equal(t, basicauth.Identity{User: "ann", Role: basicauth.Viewer}, identity)
}

func TestNamesOfRoles(t *testing.T) {
	for _, role := range basicauth.Roles() {
		var read basicauth.Role
		text, err := role.MarshalText()
		require.NoError(t, err)
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, role, read)
	}
	for _, text := range []string{"", "Admin", "admin ", strings.Repeat("x", 1_000)} {
		_, err := basicauth.ParseRole(text)
		require.ErrorContains(t, err, "want admin, editor, importer, viewer")
		require.Less(t, len(err.Error()), 200)
	}
}

func TestLinesOfHtpasswd(t *testing.T) {
	hash := cheapHash(t, "one")
	for user, want := range map[string]string{"ann": "ann:" + hash + ":viewer", "#ann": "", " ann": "", "a:b": "", "": "",
		"a\nb": "", "名": "名:" + hash + ":viewer", "\u00a0ann": "", "a b": "a b:" + hash + ":viewer"} {
		line, err := basicauth.FormatHtpasswdLine(user, basicauth.Account{PasswordHash: hash, Role: basicauth.Viewer})
		require.Equal(t, want, line)
		require.Equal(t, want == "", err != nil, user)
	}
	_, err := basicauth.FormatHtpasswdLine("ann", basicauth.Account{Role: basicauth.Viewer})
	require.Error(t, err, "without a hash anybody could be let in")
}

// FuzzHtpasswd: whatever is in the file, it is read or refused, and who is in it has a role and a hash.
func FuzzHtpasswd(f *testing.F) {
	hash := cheapHash(f, "one")
	for _, text := range []string{"", "#", ":", "::", "ann", "ann:" + hash, "ann:" + hash + ":viewer\r\nbob:" + hash + ":",
		"ann:$argon2id$v=19$m=8,t=1,p=1$bm9ib2R5IGhhcw$AAAAAAAAAAAAAAAAAAAAAA:editor", "ann:$2a$99$", "\x00:\xff",
		strings.Repeat("x", 70_000)} {
		f.Add(text, "ann")
	}
	path := filepath.Join(f.TempDir(), "htpasswd")
	f.Fuzz(func(t *testing.T, text, user string) {
		path := path + strings.ReplaceAll(t.Name(), "/", "_")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		users, err := basicauth.OpenHtpasswd(path)
		if err != nil {
			return
		}
		a, err := users.Account(t.Context(), user)
		require.NoError(t, err)
		if a.PasswordHash == "" {
			require.Empty(t, a.Role)
			return
		}
		require.NotContains(t, user, ":")
		if a.Role != "" {
			require.Contains(t, basicauth.Roles(), a.Role)
		}
		_, err = basicauth.NewStaticAccounts(map[string]basicauth.Account{user: a})
		require.NoError(t, err)
	})
}
