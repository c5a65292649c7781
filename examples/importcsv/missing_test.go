package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/errorline"
)

// TestMissing keeps a catalogue in step with the files of a supplier.
func TestMissing(t *testing.T) {
	for name, url := range databases {
		t.Run(name, func(t *testing.T) { testMissing(t, url(t)) })
	}
}

func testMissing(t *testing.T, database string) {
	t.Helper()
	listed := func(n int) string {
		var text strings.Builder
		text.WriteString("sku,name,status,supplier\n")
		for i := range n {
			fmt.Fprintf(&text, "s-%d,Product %d,true,acme\n", i, i)
		}
		return write(t, "supplier.csv", text.String())
	}
	fields := write(t, "fields.json", `{"fields": [{"name": "supplier", "type": "text"}]}`)
	run := func(args ...string) session {
		return importcsv(t, nil, "", append([]string{"-database-url", database, "-fields", fields}, args...)...)
	}
	require.Equal(t, 0, run(listed(1_994)).status)
	require.Equal(t, 0, run(write(t, "own.csv", "sku,name,status,supplier\nown,Own,true,us\n")).status)

	s := run("-missing", "deactivate", "-scope", "supplier=acme", listed(994))
	oneLine(t, s, errorline.Failure, "1000 of 1994 within the scope, and at most 99 may be (5%); nothing was written; where that is "+
		"right, -max-missing allows more")
	for _, args := range [][]string{{"-dry-run"}, nil} {
		s = run(append([]string{"-json", "-missing", "deactivate", "-scope", "supplier=acme", listed(1_964)}, args...)...)
		object := s.decode(t)
		require.Equal(t, []any{30.0, 30.0, 0.0}, []any{object["missing"], object["deactivated"], object["deleted"]})
	}
	s = run("-missing", "deactivate", "-scope", "supplier=acme", listed(1_964))
	require.NotContains(t, s.stdout, "missing", "they are inactive already")
	s = run("-missing", "delete", "-scope", "supplier=acme", "-max-missing", "30", listed(1_964))
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stdout, "missing in the file: 30 products\n  deleted             30  are gone\n")
	object := run("-json", "-missing", "delete", "-max-missing", "0", listed(1_964)).decode(t)
	require.Equal(t, "FAILURE", object["state"])
	require.Contains(t, object["error"], "1 of 1965 within the scope, and at most 0 may be")
}

// TestUndoOfWhatWasMissing: what an import deleted because the file doesn't have it comes back, and one that failed
// before anything was written says nothing of an undo.
func TestUndoOfWhatWasMissing(t *testing.T) {
	for name, url := range databases {
		t.Run(name, func(t *testing.T) { testUndoOfWhatWasMissing(t, url(t)) })
	}
}

func testUndoOfWhatWasMissing(t *testing.T, database string) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "changes.csv")
	run := func(status int, args ...string) session {
		t.Helper()
		s := importcsv(t, nil, "", append([]string{"-database-url", database}, args...)...)
		require.Equal(t, status, s.status, s.stderr)
		return s
	}
	run(0, write(t, "all.csv", "sku,name\na,A\nb,B\nc,C\n"))
	less := write(t, "less.csv", "sku,name\na,A\n")
	s := run(1, "-missing", "delete", "-changes", report, less)
	require.Contains(t, s.stderr, "nothing was written; where that is right, -max-missing allows more")
	require.NotContains(t, s.stdout, "-undo")
	s = run(0, "-missing", "delete", "-max-missing", "2", "-changes", report, less)
	require.Contains(t, s.stdout, "deleted              2  are gone")
	_, id, _ := strings.Cut(s.stdout, "\n-undo ")
	id, _, _ = strings.Cut(id, " ")
	s = run(0, "-undo", id)
	require.Contains(t, s.stdout, "created              2  brought back")
	object := run(0, "-json", "-mode", "update", write(t, "all.csv", "sku,name\na,A\nb,B\nc,C\n")).decode(t)
	require.EqualValues(t, 3, object["unchanged"])
}
