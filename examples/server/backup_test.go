package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/catalogtest"
)

// command runs the program with an empty environment.
func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, func(string) string { return "" }, &out, &err)
	if status > 0 {
		require.Equal(t, 1, strings.Count(err.String(), "\n"), "one line: %s", err.String())
	}
	return status, out.String(), err.String()
}

// TestBackup copies the file of a server that is importing into it, and starts a server on the copy.
func TestBackup(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	url := "sqlite:" + filepath.Join(folder, "products.db")
	c := start(t, "-database-url", url)
	c.importFile("", strings.NewReader("sku,name\nearlier,Lamp\n"))
	const records = 60_000
	id := c.upload("", "text/csv", catalogtest.NewReader(records, catalogtest.Base))
	c.until(id, func(job map[string]any) bool { return job["started_at"] != nil })
	to := filepath.Join(folder, "copy.db")
	status, stdout, stderr := command(t, "backup", "-database-url", url, to)
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "into "+to)
	c.until(id, ended)
	require.InDelta(t, catalogtest.Distinct(records)+1, c.count(""), 0, "the server goes on meanwhile")

	status, _, stderr = command(t, "backup", "-database-url", url, to)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "nothing is overwritten")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Name(), ".part", "nothing else is left")
	}

	// The copy has the import as it was, with the file; a server on it goes on with that.
	copied := start(t, "-database-url", "sqlite:"+to)
	require.InDelta(t, 1, copied.count("?sku=earlier"), 0)
	copied.until(id, ended)
	require.Equal(t, c.lines(), copied.lines())
}

// TestBackupOfNothing: what there is to do is said for people, not for programmers.
func TestBackupOfNothing(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.db")
	for _, args := range [][]string{{"backup", "-database-url", "sqlite:" + none, none + ".copy"},
		{"copy", "-from", "sqlite:" + none, "-to", "postgres://127.0.0.1:1/x"}} {
		status, _, stderr := command(t, args...)
		require.Equal(t, 1, status)
		require.Equal(t, "server "+args[0]+": "+none+" doesn't exist: give the path of one that does\n", stderr)
	}
}

func TestBackupUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-database-url", "postgres://u:hunter2@h/d", "x"}, "pg_dump"},
		{[]string{"-database-url", "memory:", "x"}, "memory has nothing"},
		{[]string{"-database-url", "x.db", "x"}, "want sqlite:FILE"},
		{nil, "name one file to be written"},
		{[]string{"a", "b"}, "name one file to be written"},
		{[]string{"sqlite:x"}, "no path"},
		{[]string{"-schema", "shop", "x"}, `-schema "shop" is for PostgreSQL alone`},
		{[]string{"-nonsense"}, "-nonsense"},
	} {
		status, _, stderr := command(t, append([]string{"backup"}, c.args...)...)
		require.Equal(t, 2, status, stderr)
		require.Contains(t, stderr, c.says)
		require.NotContains(t, stderr, "hunter2")
	}
	for _, name := range []string{"backup", "copy", "healthcheck"} {
		status, stdout, _ := command(t, name, "-h")
		require.Zero(t, status)
		require.Contains(t, stdout, "Usage: server "+name)
	}
	status, _, stderr := command(t, "backup", "-database-url", "sqlite:"+filepath.Join(t.TempDir(), "none.db"), "x")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "doesn't exist")
	require.NoFileExists(t, "x")
}
