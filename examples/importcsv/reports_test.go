package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/errorline"
)

func TestSuperseded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "superseded.csv")
	for mode, want := range map[string]string{"ignore": "sku,line,winner\na-1,6,2\n",
		"update": "sku,line,winner\na-1,2,6\n"} {
		s := importcsv(t, nil, "", "-superseded", path, "-mode", mode, write(t, "small.csv", small))
		require.Equal(t, 0, s.status, s.stderr)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
}

func TestReportsThatCannotBeWritten(t *testing.T) {
	path, there := write(t, "small.csv", small), filepath.Join(t.TempDir(), "a.csv")
	none := filepath.Join(t.TempDir(), "none", "a.csv")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"the file that is imported": {[]string{"-superseded", path}, "-superseded " + path +
			" is the file that is imported"},
		"one file for both": {[]string{"-superseded", there, "-rejects", there}, "both name " + there},
		"no such folder": {[]string{"-rejects", there, "-superseded", none},
			"-superseded: there is no folder " + filepath.Dir(none) + ": make it first"},
	} {
		t.Run(name, func(t *testing.T) {
			oneLine(t, importcsv(t, nil, "", append(c.args, path)...), errorline.Failure, c.want)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, small, string(text))
		})
	}
}

// TestRejectsWithoutAHeader: they come back with the flags of the first import.
func TestRejectsWithoutAHeader(t *testing.T) {
	rejects := filepath.Join(t.TempDir(), "rejects.csv")
	for mode, text := range map[string]string{"no": "Lamp,a\n,b\n", "skip": "what,which\nLamp,a\n,b\n"} {
		s := importcsv(t, nil, "", "-json", "-header", mode, "-rejects", rejects, write(t, "file.csv", text))
		require.InDelta(t, 1, s.decode(t)["rejected"], 0)
		text, err := os.ReadFile(rejects)
		require.NoError(t, err)
		mended := strings.Replace(string(text), "\n,b", "\nTable,b", 1)
		require.NotEqual(t, string(text), mended)
		object := importcsv(t, nil, "", "-json", "-header", mode, write(t, "mended.csv", mended)).decode(t)
		require.InDelta(t, 1, object["read"], 0)
		require.InDelta(t, 1, object["created"], 0)
	}
}
