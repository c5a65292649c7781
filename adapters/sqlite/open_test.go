package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/products"
)

// open opens the file, and closes it at the end of the test.
func open(t testing.TB, path string, o sqlite.Options) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// newPath is where there is no file yet.
func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "products.db") }

// raw opens the file outside of the adapter, and closes it at the end of the test.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// scan returns what a query outside of the adapter gives.
func scan[T any](t testing.TB, path, query string) (value T) {
	t.Helper()
	require.NoError(t, raw(t, path).QueryRowContext(t.Context(), query).Scan(&value))
	return value
}

// exec runs statements outside of the adapter.
func exec(t testing.TB, path, statements string) {
	t.Helper()
	_, err := raw(t, path).ExecContext(t.Context(), statements)
	require.NoError(t, err)
}

func ruled(r products.KeyRule) *products.KeyRule { return &r }

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options sqlite.Options
		want    string
	}{
		{"negative", sqlite.Options{MaxReaders: -1}, "sqlite: Options.MaxReaders must be between 1 and 1000, not -1"},
		{"too many", sqlite.Options{MaxReaders: 1001},
			"sqlite: Options.MaxReaders must be between 1 and 1000, not 1001"},
		{"no schema", sqlite.Options{Fields: new(products.Schema)},
			"sqlite: Options.Fields has not even the standard fields: make it with products.NewSchema"},
		{"unknown rule", sqlite.Options{KeyRule: ruled(7)}, "sqlite: Options.KeyRule is unknown: 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			_, err := sqlite.Open(t.Context(), path, c.options)
			require.EqualError(t, err, c.want)
			require.NoFileExists(t, path)
		})
	}
}

// TestOpenRefuses opens what can't be opened: one line says the path, what is wrong and what to do, and what is there
// stays as it is.
func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	write := func(name, content string) string {
		require.NoError(t, os.WriteFile(at(name), []byte(content), 0o644))
		return at(name)
	}
	text := write("catalogue.csv", "sku,name\nA-1,Apple\n")
	damaged := write("damaged.db", "SQLite format 3\x00 and nothing that makes sense behind it")
	for _, c := range []struct {
		name, path string
		options    sqlite.Options
		want       string
	}{
		{"nothing", "", sqlite.Options{}, "sqlite: the path of the file is empty"},
		{"in memory", ":memory:", sqlite.Options{},
			`sqlite: ":memory:" is no path of a file: package memory is for what isn't kept`},
		{"a URI", "file:products.db", sqlite.Options{},
			`sqlite: "file:products.db" is no path of a file: package memory is for what isn't kept`},
		{"a folder", folder, sqlite.Options{},
			"sqlite: " + folder + " is a folder: give the path of a file in it, such as " + at("products.db")},
		{"in no folder", at("no/products.db"), sqlite.Options{},
			"sqlite: " + at("no/products.db") +
				" is in a folder that doesn't exist: make the folder, or give another path"},
		{"below a file", filepath.Join(text, "products.db"), sqlite.Options{}, "sqlite: " + filepath.Join(text,
			"products.db") + " can't be looked at: let this user read the folder, or give another path"},
		{"another file", text, sqlite.Options{},
			"sqlite: " + text + " is no SQLite database: give another path: nothing was changed in the file"},
		{"a short file", write("short", "S"), sqlite.Options{},
			"sqlite: " + at("short") + " is no SQLite database: give another path: nothing was changed in the file"},
		{"a damaged file", damaged, sqlite.Options{}, "sqlite: " + damaged +
			" is no SQLite database, or a damaged one: give another path, or a copy of it"},
		{"nothing there, without making it", at("new.db"), sqlite.Options{NoMigrate: true}, "sqlite: " + at("new.db") +
			" doesn't exist: migrate it, which makes it, or give another path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.path)
			_, err := sqlite.Open(t.Context(), c.path, c.options)
			require.EqualError(t, err, c.want)
			after, _ := os.ReadFile(c.path)
			require.Equal(t, before, after)
		})
	}
	require.NoFileExists(t, at("new.db"))
}

// TestOpenReadOnly: what this user may not write to is refused before anything else. Root may write to everything.
func TestOpenReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write to everything")
	}
	path := newPath(t)
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
	const remedy = ": let this user write to the file, its -wal and -shm, and the folder"
	require.NoError(t, os.Chmod(path, 0o444))
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	require.EqualError(t, err, "sqlite: "+path+" is read-only for this user"+remedy)
	require.NoError(t, os.Chmod(path, 0o644))

	require.NoError(t, os.Chmod(filepath.Dir(path), 0o555))
	defer func() { require.NoError(t, os.Chmod(filepath.Dir(path), 0o755)) }()
	_, err = sqlite.Open(t.Context(), path, sqlite.Options{})
	require.ErrorContains(t, err, remedy)
}

// TestOpenPaths: whatever a path has in it is part of the path.
func TestOpenPaths(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"products.db",
		"with space?mode=memory&cache=shared#x%41.db", "ä/ö 100%.db", "'\"`.db"} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		db := open(t, path, sqlite.Options{})
		require.Equal(t, path, db.Path())
		require.NoError(t, db.Ping(t.Context()))
		require.FileExists(t, path)
		require.FileExists(t, path+"-wal")
		require.NoError(t, db.Close())
		require.NoFileExists(t, path+"-wal", "it is tidied up at the end")
	}
	t.Chdir(folder)
	db := open(t, "products.db", sqlite.Options{})
	require.Equal(t, filepath.Join(folder, "products.db"), db.Path())
}

func TestMigrate(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	all := len(files)
	// Numbers may be left out.
	newest, err := strconv.Atoi(filepath.Base(files[all-1])[:5])
	require.NoError(t, err)
	const applied = `SELECT count(*) FROM products_importer_migrations WHERE version_id > 0`
	t.Run("fresh, then again", func(t *testing.T) {
		path := newPath(t)
		require.NoError(t, open(t, path, sqlite.Options{}).Close())
		require.Equal(t, all, scan[int](t, path, applied))
		require.Equal(t, "wal", scan[string](t, path, `PRAGMA journal_mode`))
		for _, o := range []sqlite.Options{{}, {NoMigrate: true}} {
			require.NoError(t, open(t, path, o).Ping(t.Context()))
		}
		require.Equal(t, all, scan[int](t, path, applied))
	})
	t.Run("an empty file", func(t *testing.T) {
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, open(t, path, sqlite.Options{}).Ping(t.Context()))
	})
	t.Run("beside tables of others", func(t *testing.T) {
		path := newPath(t)
		exec(t, path, `CREATE TABLE others (x); INSERT INTO others VALUES (7)`)
		require.NoError(t, open(t, path, sqlite.Options{}).Ping(t.Context()))
		require.Equal(t, 7, scan[int](t, path, `SELECT x FROM others`))
	})
	t.Run("a table of others in the way", func(t *testing.T) {
		path := newPath(t)
		exec(t, path, `CREATE TABLE webhook_events (x); INSERT INTO webhook_events VALUES (7)`)
		_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		require.ErrorContains(t, err, "table webhook_events already exists")
		require.Equal(t, 1, scan[int](t, path, `SELECT count(*) FROM sqlite_schema`), "all or nothing")
	})
	t.Run("by several at the same time", func(t *testing.T) {
		path := newPath(t)
		var opening sync.WaitGroup
		dbs, errs := make([]*sqlite.DB, 8), make([]error, 8)
		for i := range dbs {
			opening.Go(func() { dbs[i], errs[i] = sqlite.Open(t.Context(), path, sqlite.Options{}) })
		}
		opening.Wait()
		for i, db := range dbs {
			require.NoError(t, errs[i])
			require.NoError(t, db.Ping(t.Context()))
			require.NoError(t, db.Close())
		}
		require.Equal(t, all, scan[int](t, path, applied))
	})
	t.Run("a newer file is refused", func(t *testing.T) {
		path := newPath(t)
		require.NoError(t, open(t, path, sqlite.Options{}).Close())
		exec(t, path, `INSERT INTO products_importer_migrations (version_id, is_applied) VALUES (4711, true)`)
		for _, o := range []sqlite.Options{{}, {NoMigrate: true}} {
			_, err := sqlite.Open(t.Context(), path, o)
			var schema *sqlite.SchemaError
			require.ErrorAs(t, err, &schema)
			require.Equal(t, &sqlite.SchemaError{Path: path, Database: 4711, Code: int64(newest)}, schema)
			require.ErrorContains(t, err, "newer than the")
		}
	})
	t.Run("an older file is refused without migrating", func(t *testing.T) {
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		_, err := sqlite.Open(t.Context(), path, sqlite.Options{NoMigrate: true})
		require.EqualError(t, err, fmt.Sprintf("sqlite: %s has schema version 0, but %d is needed: migrate it",
			path, newest))
		require.Zero(t, scan[int](t, path, `SELECT count(*) FROM sqlite_schema`))
	})
	t.Run("while another process writes", func(t *testing.T) {
		path := newPath(t)
		require.NoError(t, open(t, path, sqlite.Options{}).Close())
		tx, err := raw(t, path).BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer tx.Rollback()
		_, err = tx.ExecContext(t.Context(), `INSERT INTO products_importer_settings VALUES ('x', 'y')`)
		require.NoError(t, err)
		require.NoError(t, open(t, path, sqlite.Options{}).Ping(t.Context()), "there is nothing to do")
		_, err = sqlite.Open(t.Context(), path, sqlite.Options{Fields: schemaWith(t, price), WaitFor: -1})
		require.ErrorIs(t, err, products.ErrBusy)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = sqlite.Open(ctx, path, sqlite.Options{Fields: schemaWith(t, price)})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestKeyRule(t *testing.T) {
	path := newPath(t)
	require.NoError(t, open(t, path, sqlite.Options{KeyRule: ruled(products.FoldedKeys)}).Close())
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{KeyRule: ruled(products.ExactKeys)})
	var refused *sqlite.KeyRuleError
	require.ErrorAs(t, err, &refused)
	require.EqualError(t, err, "sqlite: "+path+
		` tells SKUs apart by the rule "fold", which can't be changed to "exact"`)
	require.Equal(t, "fold", scan[string](t, path,
		`SELECT value FROM products_importer_settings WHERE name = 'key_rule'`))
}
