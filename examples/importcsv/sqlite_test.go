package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// openFile opens a SQLite file beside the program.
func openFile(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// A file that isn't there is made, and has what was imported when the program comes again.
func TestSQLite(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	path := write(t, "small.csv", small)
	env := map[string]string{"DATABASE_URL": "sqlite:my shop.db"}
	importAgain(t, env, path, func(t *testing.T) *sql.DB { return openFile(t, filepath.Join(folder, "my shop.db")) })
	s := importcsv(t, env, "", path)
	require.Contains(t, s.stdout, "imported "+path+" into "+filepath.Join(folder, "my shop.db")+
		", mode ignore: 5 records in ")
}

// The catalogue's counts and winners are the same in both modes.
func TestSQLiteCatalogue(t *testing.T) {
	const records = 30_000
	path := catalog(t, records, catalogtest.Base)
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		var clean strings.Builder
		require.NoError(t, catalogtest.WriteClean(&clean, records, catalogtest.Base, mode))
		url := "sqlite:" + filepath.Join(t.TempDir(), "products.db")
		s := importcsv(t, nil, "", "-json", "-database-url", url, "-mode", mode.String(), path)
		require.Equal(t, 0, s.status, s.stderr)
		object := s.decode(t)
		require.InDelta(t, catalogtest.Distinct(records), object["created"], 0)
		require.InDelta(t, records-catalogtest.Distinct(records), object["superseded"], 0)

		// Importing what should be there finds it there.
		s = importcsv(t, nil, clean.String(), "-json", "-database-url", url, "-mode", "update", "-")
		require.Equal(t, 0, s.status, s.stderr)
		require.InDelta(t, catalogtest.Distinct(records), s.decode(t)["unchanged"], 0)
	}
}

// A file that can't be used is named in one line with what is wrong, and is left as it is.
func TestSQLiteRefuses(t *testing.T) {
	path := write(t, "small.csv", small)
	folder := filepath.Dir(path)
	for at, says := range map[string]string{path: "is no SQLite database", folder: "is a folder",
		filepath.Join(folder, "none", "products.db"): "is in a folder that doesn't exist"} {
		s := importcsv(t, nil, "", "-json", "-database-url", "sqlite:"+at, path)
		oneLine(t, s, errorline.Failure, at+" "+says)
		require.Equal(t, "FAILURE", s.decode(t)["state"])
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, small, string(kept))
}
