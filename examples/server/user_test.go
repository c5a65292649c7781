package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/examples/envflags"
)

// makeUser runs the command user with a password on its standard input.
func makeUser(t *testing.T, password string, args ...string) (stdout string, err error) {
	t.Helper()
	u := &user{stdin: strings.NewReader(password)}
	flags := envflags.New("server user", userUsage)
	u.add(flags)
	arguments, err := flags.Parse(args, func(string) string { return "" })
	require.NoError(t, err)
	require.NoError(t, u.check(arguments))
	var out bytes.Buffer
	err = u.run(t.Context(), &out)
	return out.String(), err
}

func TestUserCommand(t *testing.T) {
	out, err := makeUser(t, "open sesame\nnot this\n", "ann", "-role", "editor")
	require.NoError(t, err)
	require.Regexp(t, `^ann:\$argon2id\$[^:]+:editor\n$`, out)

	file := filepath.Join(t.TempDir(), "users.txt")
	for _, args := range [][]string{{"-file", file, "ann", "-role=admin"}, {"bob", "-file", file}} {
		_, err = makeUser(t, "open sesame\r\n", args...)
		require.NoError(t, err)
	}
	require.NoError(t, os.Chmod(file, 0o640))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append([]byte("# people\n\n"), text...), 0o640))
	_, err = makeUser(t, "other", "ann", "-file", file, "-role", "importer")
	require.NoError(t, err)
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Regexp(t, `^# people\n\nann:[^:\n]+:importer\nbob:[^:\n]+:viewer\n$`, string(text))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())

	for _, args := range [][]string{{"-file", file, "a:b"}, {"-file", file, "#ann"}, {"-file", file, ""}} {
		_, err = makeUser(t, "x", args...)
		require.Error(t, err)
	}
	_, err = makeUser(t, "\n", "ann", "-file", file)
	require.ErrorContains(t, err, "no password")
	require.NoError(t, os.WriteFile(file, []byte("nonsense\n"), 0o600))
	_, err = makeUser(t, "x", "ann", "-file", file)
	require.ErrorContains(t, err, "line 1")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "nonsense\n", string(after), "what a server wouldn't read isn't written")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing else is left")

	for _, args := range [][]string{{"user"}, {"user", "a", "b"}, {"user", "-role", "boss", "a"}} {
		status, _, _ := command(t, args...)
		require.Equal(t, 2, status, args)
	}
	_, help, _ := command(t, "user", "-h")
	require.Contains(t, help, "read -rs PASSWORD")
}

// site is a server in this process.
type site struct {
	t    *testing.T
	base string
	says string // at its start
	log  *casetest.Buffer
}

// serveHere runs a server in this process until the test ends, and then at once. env is its environment, name and value
// by turns.
func serveHere(t *testing.T, args []string, env ...string) *site {
	t.Helper()
	env = append(env, "DRAIN", "0")
	s := &site{t: t, log: &casetest.Buffer{}}
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		status := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), func(name string) string {
			for i := 0; i < len(env); i += 2 {
				if env[i] == name {
					return env[i+1]
				}
			}
			return ""
		}, in, s.log)
		_ = in.Close()
		ended <- status
	}()
	t.Cleanup(func() {
		stop()
		require.Zero(t, <-ended, s.log.String())
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s.says += lines.Text() + "\n"
		if address, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			s.base = address
		}
		if strings.HasPrefix(lines.Text(), "kept in ") {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	require.NotEmpty(t, s.base, s.log.String())
	return s
}

// as sends a request of a user and returns its status.
func (s *site) as(name, password, method, path string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, nil)
	require.NoError(s.t, err)
	r.SetBasicAuth(name, password)
	w, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	require.NoError(s.t, w.Body.Close())
	return w.StatusCode
}

// until waits until something is so.
func (s *site) until(so func() bool) {
	s.t.Helper()
	for tick, since := time.NewTicker(50*time.Millisecond), time.Now(); !so(); <-tick.C {
		require.Less(s.t, time.Since(since), 20*time.Second, s.log.String())
	}
}

// TestServerWithUsers changes the file of a server that runs.
func TestServerWithUsers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "users.txt")
	_, err := makeUser(t, "one", "ann", "-file", file)
	require.NoError(t, err)
	s := serveHere(t, []string{"-database-url", "memory:", "-users", file})
	require.Contains(t, s.says, "log-in  as the users in "+file)
	require.Equal(t, 200, s.as("ann", "one", "GET", "/products/"))
	require.Equal(t, 403, s.as("ann", "one", "DELETE", "/delete_all/"))
	require.Equal(t, 401, s.as("admin", "", "GET", "/products/"))
	_, err = makeUser(t, "one", "ann", "-file", file, "-role", string(basicauth.Editor))
	require.NoError(t, err)
	s.until(func() bool { return s.as("ann", "one", "DELETE", "/delete_all/") == 204 })
	require.NoError(t, os.WriteFile(file, []byte("nonsense"), 0o600))
	s.until(func() bool {
		require.Equal(t, 204, s.as("ann", "one", "DELETE", "/delete_all/"))
		return strings.Contains(s.log.String(), "line 1: there is no colon")
	})
}

// TestServerWithUsersAndAdmin has the user of ADMIN_PASSWORD beside those of the file.
func TestServerWithUsersAndAdmin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.txt")
	_, err := makeUser(t, "one", "admin", "-file", file)
	require.NoError(t, err)
	s := serveHere(t, []string{"-database-url", "memory:"}, "USERS", file, "ADMIN_PASSWORD", "open sesame")
	require.Contains(t, s.says, fmt.Sprintf("log-in  admin, with the password in ADMIN_PASSWORD, and the users in %s\n",
		file))
	require.Equal(t, 204, s.as("admin", "open sesame", "DELETE", "/delete_all/"))
	require.Equal(t, 401, s.as("admin", "one", "GET", "/products/"), "the password of the environment counts")

	r, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/session",
		strings.NewReader(`{"user":"admin","password":"open sesame"}`))
	require.NoError(t, err)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, w.Body.Close())
	require.Len(t, w.Cookies(), 1)
	again := serveHere(t, []string{"-database-url", "memory:"}, "ADMIN_PASSWORD", "open sesame")
	for server, status := range map[*site]int{again: 200, serveHere(t, []string{"-database-url", "memory:"}): 401} {
		r, err = http.NewRequestWithContext(t.Context(), "GET", server.base+"/session", nil)
		require.NoError(t, err)
		r.AddCookie(w.Cookies()[0])
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, "a server with the same password takes the session, no other one")
	}

	status, _, stderr := command(t, "-database-url", "memory:", "-users", filepath.Join(t.TempDir(), "none"))
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "no such file")
}
