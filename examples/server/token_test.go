package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bearer sends a request of a program and returns its status.
func (s *site) bearer(token, method, path string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	w, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	require.NoError(s.t, w.Body.Close())
	return w.StatusCode
}

// TestTokenCommand makes and withdraws tokens of servers that run.
func TestTokenCommand(t *testing.T) {
	t.Parallel()
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := url(t)
			fields := write(t, everyField)
			s := serveHere(t, []string{"-database-url", url, "-fields", fields})
			other := serveHere(t, []string{"-database-url", url, "-fields", fields})
			status, out, stderr := command(t, "token", "add", "ci", "-role", "importer", "-database-url", url)
			require.Zero(t, status, stderr)
			token := strings.TrimSuffix(out, "\n")
			require.Regexp(t, `^pit_[A-Za-z0-9_-]{43}$`, token)
			for _, server := range []*site{s, other} {
				require.Equal(t, 200, server.bearer(token, "GET", "/imports/"))
				require.Equal(t, 403, server.bearer(token, "GET", "/products/"))
			}
			status, out, _ = command(t, "token", "list", "-database-url", url)
			require.Zero(t, status)
			require.Regexp(t, `^NAME +ROLE +CREATED\nci +importer +\d{4}-\d\d-\d\dT[\d:]+Z\n$`, out)
			status, _, stderr = command(t, "token", "add", "ci", "-database-url", url)
			require.Equal(t, 1, status)
			require.Contains(t, stderr, "there is a token of this name already")

			status, _, stderr = command(t, "token", "remove", "-database-url", url, "ci")
			require.Zero(t, status, stderr)
			for _, server := range []*site{s, other} {
				server.until(func() bool { return server.bearer(token, "GET", "/imports/") == 401 })
			}
			status, _, stderr = command(t, "token", "remove", "ci", "-database-url", url)
			require.Equal(t, 1, status)
			require.Contains(t, stderr, "there is no token of this name")
		})
	}
	for _, args := range [][]string{{}, {"nonsense"}, {"add"}, {"add", "a", "b"}, {"list", "a"}, {"add", "-role", "boss", "a"},
		{"list", "-database-url", "memory:"}} {
		status, _, _ := command(t, append([]string{"token"}, args...)...)
		require.Equal(t, 2, status, args)
	}
	_, help, _ := command(t, "token", "-h")
	require.Contains(t, help, "Bearer TOKEN")
}
