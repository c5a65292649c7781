package main

import (
	"bytes"
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

func TestUsage(t *testing.T) {
	none := func(string) string { return "" }
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{nil, 2, "name the database"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "surplus"}, 2, "surplus"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-workers", "-1"}, 2, "-workers"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-deliveries", "1001"}, 2, "-deliveries"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-workers", "0", "-deliveries", "0"}, 2, "nothing to do"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-lease", "1ms"}, 2, "-lease"},
		{[]string{"-database-url", "postgres://u:hunter2@127.0.0.1:1/x"}, 1, "can't connect"},
		{[]string{"-h"}, 0, "-database-url"},
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
