// Package misusetest holds the programs that open a database to one exit status for the same wrong usage.
package misusetest

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/errorline"
)

// Program is a program's function run.
type Program func(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (status int)

// Run runs the program with wrong flags between the command and what is behind it, and in a wrong environment.
func Run(t *testing.T, program Program, command, behind []string) {
	t.Helper()
	for _, c := range []struct {
		args        []string
		environment map[string]string
		says        string
	}{
		{[]string{"-distribute", "hash:1"}, nil, `-distribute "hash:1": want 2 to 256 partitions, as in hash:64`},
		{nil, map[string]string{"DISTRIBUTE": "hash:1"}, `DISTRIBUTE "hash:1": want 2 to 256 partitions`},
		{[]string{"-distribute", "hash:8", "-database-url", "sqlite:none/x.db"}, nil,
			`-distribute "hash:8" is for PostgreSQL alone`},
		{nil, map[string]string{"DISTRIBUTE": "citus", "DATABASE_URL": "sqlite:none/x.db"},
			`DISTRIBUTE "citus" is for PostgreSQL alone`},
		{[]string{"-database-url", "sqlite:none/x.db"}, map[string]string{"SCHEMA": "shop"},
			`SCHEMA "shop" is for PostgreSQL alone`},
		{[]string{"-schema", "pg_shop"}, nil, `-schema "pg_shop": it is the server's own`},
		{nil, map[string]string{"DATABASE_URL": "nonsense"}, `DATABASE_URL: "nonsense" is no URL`},
		{[]string{"-fields", "none/x.json"}, nil, "-fields \"none/x.json\": open none/x.json"},
		{[]string{"-nonsense"}, nil, "not defined: -nonsense"},
	} {
		args := append(append(append([]string{}, command...), c.args...), behind...)
		var stdout, stderr bytes.Buffer
		status := program(t.Context(), args, func(name string) string { return c.environment[name] }, &stdout, &stderr)
		require.Equal(t, errorline.Usage, status, "%v %v: %s", args, c.environment, stderr.String())
		require.Contains(t, stderr.String(), c.says)
		require.Regexp(t, `^[^\n]+ \([a-z ]+ -h explains\)\n$`, stderr.String())
		require.Empty(t, stdout.String())
	}
}
