package basicauth_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

func TestHtpasswd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "htpasswd")
		write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
		write("# people\n\nann:" + strings.Replace(cheapHash(t, "one"), "$2a$", "$2y$", 1) + "\r\n")
		users, err := basicauth.OpenHtpasswd(path)
		require.NoError(t, err)
		f := newFixture(t, users, basicauth.Options{})
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
	_, err := basicauth.OpenHtpasswd(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	good := cheapHash(t, "x")
	argon, err := basicauth.HashPassword("x")
	require.NoError(t, err)
	for _, test := range []struct{ user, hash, want string }{
		{"", good, "name"}, {"a\n", good, "name"}, {"a", "", "bcrypt or argon2id"}, {"a", "x", "bcrypt or argon2id"},
		{"a", "{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=", "bcrypt or argon2id"}, {"a", "$apr1$x$y", "bcrypt or argon2id"},
		{"a", good[:20], "bcrypt"}, {"a", "$2a$31" + good[6:], "cost"},
		{"a", strings.Replace(argon, "v=19", "v=18", 1), "version"},
		{"a", strings.Replace(argon, "m=19456", "m=99999999", 1), "bounds"},
		{"a", strings.Replace(argon, "t=2", "t=0", 1), "bounds"}, {"a", strings.Replace(argon, "m=19456,", "", 1),
			"parameters"},
		{"a", argon[:strings.LastIndexByte(argon, '$')], "parts"}, {"a", argon[:strings.LastIndexByte(argon, '$')+5],
			"key"},
		{"a", "$argon2id$v=19$m=8,t=1,p=1$!$AAAA", "salt"},
	} {
		_, err := basicauth.NewStaticUsers(map[string]string{test.user: test.hash})
		require.ErrorContains(t, err, test.want, test.hash)
		path := filepath.Join(t.TempDir(), "htpasswd")
		require.NoError(t, os.WriteFile(path, []byte("b:"+good+"\n"+test.user+":"+test.hash+"\n"), 0o600))
		_, err = basicauth.OpenHtpasswd(path)
		require.ErrorContains(t, err, "line 2")
	}
	path := filepath.Join(t.TempDir(), "htpasswd")
	require.NoError(t, os.WriteFile(path, []byte("a:"+good+"\na:"+good), 0o600))
	_, err = basicauth.OpenHtpasswd(path)
	require.ErrorContains(t, err, "twice")
}

func TestHashPassword(t *testing.T) {
	for _, password := range []string{"", strings.Repeat("x", 1_025)} {
		_, err := basicauth.HashPassword(password)
		require.Error(t, err)
	}
	long := strings.Repeat("é", 100)
	hash, err := basicauth.HashPassword(long)
	require.NoError(t, err)
	const bcryptMax = 72
	f := newStaticFixture(t, map[string]string{"ann": hash, "bob": cheapHash(t, strings.Repeat("y", bcryptMax))})
	require.Equal(t, 200, f.attempt("192.0.2.1:1", "ann", long).Code)
	require.Equal(t, 401, f.attempt("192.0.2.1:1", "ann", long[:198]).Code)
	require.Equal(t, 200, f.attempt("192.0.2.1:1", "bob", strings.Repeat("y", bcryptMax)).Code)
	require.Equal(t, 401, f.attempt("192.0.2.1:1", "bob", strings.Repeat("y", bcryptMax+1)).Code,
		"bcrypt would look at the beginning alone")
}
