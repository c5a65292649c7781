package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

// asProgram is set in the environment of a process that is to be the program, and not its tests.
const asProgram = "WORKER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	pgtest.Main(m)
}

// writer is a function as an io.Writer.
type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// TestWarnings: a worker says what of its settings is for trying only, as the server does.
func TestWarnings(t *testing.T) {
	url := pgtest.URL(t)
	for _, c := range []struct {
		key          string
		args         []string
		secrets, any bool
	}{
		{secrets: true},
		{key: base64.StdEncoding.EncodeToString(make([]byte, 32))},
		{args: []string{"-allow-private-webhooks", "-deliveries", "0"}, secrets: true, any: true},
	} {
		ctx, stop := context.WithCancel(t.Context())
		getenv := func(name string) string {
			return map[string]string{"DATABASE_URL": url, "WEBHOOKS_KEY": c.key}[name]
		}
		var stderr bytes.Buffer
		// It says its name once it has begun.
		require.Zero(t, run(ctx, append(c.args, "-admin-addr", ""), getenv, writer(func([]byte) { stop() }), &stderr),
			stderr.String())
		require.Equal(t, c.secrets, strings.Contains(stderr.String(), "WEBHOOKS_KEY names no key"), stderr.String())
		require.Equal(t, c.any, strings.Contains(stderr.String(), "may go to any address"), stderr.String())
	}
}

func TestUsage(t *testing.T) {
	none := func(string) string { return "" }
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{nil, 2, "name the database"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"-database-url", "memory:"}, 2, "nobody else sees this memory"},
		{[]string{"-database-url", "sqlite://x"}, 2, "sqlite:/FILE or sqlite:FILE"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "surplus"}, 2, "surplus"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-workers", "-1"}, 2, "-workers"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-deliveries", "1001"}, 2, "-deliveries"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-workers", "0", "-deliveries", "0"}, 2,
			"nothing to do"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-lease", "1ms"}, 2, "-lease"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-max-wait", "1ms"}, 2, "-max-wait"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-wait", "25h"}, 2, "-wait"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-drain", "1s"}, 2, "-drain"},
		{[]string{"-database-url", "postgres://u:hunter2@127.0.0.1:1/x", "-wait", "0", "-admin-addr", "127.0.0.1:0"}, 1,
			"worker: store unavailable: can't connect"},
		{[]string{"-h"}, 0, "-database-url"},
		{[]string{"-version"}, 0, "worker "},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, c.status, run(t.Context(), c.args, none, &stdout, &stderr), c.args)
		require.Contains(t, stdout.String()+stderr.String(), c.says)
		require.NotContains(t, stderr.String(), "hunter2")
		if c.status > 0 {
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line")
		}
	}
}
