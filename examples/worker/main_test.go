package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
)

// asProgram is set in the environment of a process that is to be the program, and not its tests.
const asProgram = "WORKER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	pgtest.AtOnce(3)
	status := pgtest.Run(m)
	programtest.Remove()
	os.Exit(status)
}

// serverProgram returns the path of the server's program.
func serverProgram(t *testing.T) string {
	t.Helper()
	return programtest.Build(t, "../server")
}

// writer is a function as an io.Writer.
type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// TestWarnings: a worker says what of its settings is for trying only, as the server does.
func TestWarnings(t *testing.T) {
	url := home.URL(t)
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

// TestEverySetting: whatever flag there is, the environment sets it too, and where its value makes no sense there is
// one line that names what was used, the flag or the variable.
func TestEverySetting(t *testing.T) {
	values := map[string]string{"schema": "pg_catalog", "rename": "a=b", "set": "a=b", "admin-addr": "192.0.2.1:0"}
	newFlags(&settings{}).VisitAll(func(f *flag.Flag) {
		if f.Name == "version" {
			return
		}
		value := cmp.Or(values[f.Name], "nonsense")
		for _, named := range []string{"-" + f.Name, strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))} {
			environment := map[string]string{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "products.db"),
				"ADMIN_ADDR": "127.0.0.1:0"}
			var args []string
			if strings.HasPrefix(named, "-") {
				args = []string{named + "=" + value}
			} else {
				environment[named] = value
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			var stdout, stderr bytes.Buffer
			status := run(ctx, args, func(name string) string { return environment[name] }, &stdout, &stderr)
			cancel()
			require.NotZero(t, status, named)
			require.Regexp(t, "^worker: "+named+"[ :].*\n$", stderr.String())
			require.Empty(t, stdout.String(), named)
		}
	})
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
