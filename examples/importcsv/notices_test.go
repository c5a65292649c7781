package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/importer/job"
)

// TestDistribute: that all products are moved is told before it, and how many they were behind it.
func TestDistribute(t *testing.T) {
	url, file := pgtest.URL(t), write(t, "small.csv", small)
	for _, c := range []struct{ args, says string }{
		{"", "^$"},
		{"-distribute hash:2", `^importcsv: moving the products: nobody can read or write any meanwhile ` +
			`\(from none, to hash:2\)\nimportcsv: moved the products \(from none, to hash:2, 2 products, took [0-9.]+m?s\)\n$`},
		{"-distribute hash:2", "^$"},
		{"-distribute none -quiet", "^$"},
	} {
		s := importcsv(t, nil, "", append(strings.Fields(c.args), "-database-url", url, file)...)
		require.Equal(t, errorline.Success, s.status, s.stderr)
		require.Regexp(t, c.says, s.stderr)
	}
}

// TestUndoTellsWhatItWaitsFor: an undo that another process has, which may be gone.
func TestUndoTellsWhatItWaitsFor(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "products.db")
	first := importcsv(t, nil, "", "-database-url", database, "-changes", filepath.Join(t.TempDir(), "changes.csv"), "-json",
		write(t, "f.csv", "sku,name\na,A\n")).decode(t)["id"].(string)
	undo := leaveFor(t, database, job.Settings{Undo: first}, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stderr := &ending{end: cancel}
	status := run(ctx, []string{"-database-url", database, "-undo", first}, func(string) string { return "" },
		strings.NewReader(""), &bytes.Buffer{}, stderr)
	require.Equal(t, errorline.Failure, status)
	require.Regexp(t, `^importcsv: waiting for the process that has `+undo+
		`: where it is gone, the undo begins when its lease ends \(until \d\d:\d\d:\d\d\)\nimportcsv: cancelled\n$`,
		stderr.String())
}

// ending ends something with the first line that it gets.
type ending struct {
	bytes.Buffer
	end func()
}

func (e *ending) Write(p []byte) (int, error) {
	e.end()
	return e.Buffer.Write(p)
}
