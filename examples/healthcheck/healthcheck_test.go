package healthcheck_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/healthcheck"
)

func TestHealthcheck(t *testing.T) {
	ready := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/readyz", r.URL.Path)
		if !ready {
			http.Error(w, "the database\nis away", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	addr := strings.TrimPrefix(server.URL, "http://")
	_, port, _ := strings.Cut(addr, ":")
	command := healthcheck.Command{Program: "server", Flag: "addr", Addr: "127.0.0.1:1"}
	run := func(args ...string) (status int, says string) {
		var stdout, stderr bytes.Buffer
		status = command.Run(t.Context(), args, func(name string) string { return map[string]string{"ADDR": addr}[name] },
			&stdout, &stderr)
		if status > 0 {
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line")
		}
		return status, stdout.String() + stderr.String()
	}
	for _, c := range []struct {
		ready  bool
		args   []string
		status int
		says   string
	}{
		{true, nil, 0, ""},
		{true, []string{"-addr", "0.0.0.0:" + port}, 0, ""},
		{true, []string{"-addr", ":" + port}, 0, ""},
		{true, []string{"-addr", "[::]:" + port}, 0, ""},
		{false, nil, 1, "answers 503 Service Unavailable: the database is away"},
		{true, []string{"-addr", "127.0.0.1:1"}, 1, "refused"},
		{true, []string{"-addr", "nowhere"}, 2, "host:port"},
		{true, []string{"surplus"}, 2, "surplus"},
		{true, []string{"-nonsense"}, 2, "-nonsense"},
		{true, []string{"-h"}, 0, "-addr"},
	} {
		ready = c.ready
		status, says := run(c.args...)
		require.Equal(t, c.status, status, says)
		require.Contains(t, says, c.says)
	}
}
