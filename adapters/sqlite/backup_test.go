package sqlite_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
)

// ledger makes a table in which every transaction adds a row and changes the sum, and returns what does it once.
func ledger(t *testing.T, path string) (enter func() error) {
	t.Helper()
	db := raw(t, path)
	_, err := db.ExecContext(t.Context(), `CREATE TABLE ledger (n INTEGER NOT NULL);
		CREATE TABLE total (n INTEGER NOT NULL); INSERT INTO total VALUES (0)`)
	require.NoError(t, err)
	return func() error {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()),
			`BEGIN IMMEDIATE; INSERT INTO ledger VALUES (1); UPDATE total SET n = n + 1; COMMIT`)
		return err
	}
}

// Copies that are made while another connection writes are whole, each as of one moment.
func TestBackup(t *testing.T) {
	path := newPath(t)
	open(t, path, sqlite.Options{})
	enter := ledger(t, path)
	require.NoError(t, enter())
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := enter(); err != nil {
				stopped <- err
				return
			}
		}
	}()
	folder := t.TempDir()
	for last, i := int64(0), 0; i < 5; i++ {
		to := filepath.Join(folder, string('a'+rune(i))+".db")
		require.NoError(t, sqlite.Backup(t.Context(), path, to))
		total := scan[int64](t, to, `SELECT n FROM total`)
		require.Greater(t, total, last, "writing goes on")
		require.Equal(t, total, scan[int64](t, to, `SELECT count(*) FROM ledger`))
		require.Equal(t, "ok", scan[string](t, to, `PRAGMA integrity_check`))
		last = total
		copied, err := sqlite.Open(t.Context(), to, sqlite.Options{NoMigrate: true})
		require.NoError(t, err)
		require.NoError(t, copied.Close())
	}
	close(stop)
	require.NoError(t, <-stopped)
	require.Len(t, names(t, folder), 5, "nothing else is left")
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestBackupRefuses(t *testing.T) {
	path := newPath(t)
	db := open(t, path, sqlite.Options{})
	taken := newPath(t)
	require.NoError(t, os.WriteFile(taken, []byte("mine"), 0o600))
	err := sqlite.Backup(t.Context(), path, taken)
	require.ErrorIs(t, err, fs.ErrExist)
	require.EqualError(t, err, "sqlite: "+taken+": file already exists: nothing is overwritten")
	require.ErrorIs(t, sqlite.Backup(t.Context(), path, path), fs.ErrExist)
	kept, err := os.ReadFile(taken)
	require.NoError(t, err)
	require.Equal(t, "mine", string(kept))

	var refused *sqlite.FileError
	require.ErrorAs(t, sqlite.Backup(t.Context(), newPath(t), newPath(t)), &refused)
	require.Equal(t, "doesn't exist", refused.Problem)
	require.NotContains(t, refused.Remedy, "migrate", "that makes no backup")
	require.ErrorAs(t, sqlite.Backup(t.Context(), taken, newPath(t)), &refused)
	require.Equal(t, "is no SQLite database", refused.Problem)
	other := newPath(t)
	exec(t, other, `CREATE TABLE other (n)`)
	require.ErrorAs(t, sqlite.Backup(t.Context(), other, newPath(t)), &refused)
	require.Equal(t, "is a database of something else", refused.Problem)
	require.ErrorIs(t, sqlite.Backup(t.Context(), path, filepath.Join(newPath(t), "none.db")), fs.ErrNotExist)

	ended, end := context.WithCancel(t.Context())
	end()
	to := newPath(t)
	require.ErrorIs(t, sqlite.Backup(ended, path, to), context.Canceled)
	require.Empty(t, names(t, filepath.Dir(to)), "what fails leaves nothing")
	require.NoError(t, db.Ping(t.Context()))
}

func TestCheckUnused(t *testing.T) {
	path := newPath(t)
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	require.NoError(t, err)
	var inUse *sqlite.FileError
	require.ErrorAs(t, sqlite.CheckUnused(t.Context(), path), &inUse)
	require.Equal(t, "is in use", inUse.Problem)
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, db.Close())
	require.NoError(t, sqlite.CheckUnused(t.Context(), path))
	require.ErrorAs(t, sqlite.CheckUnused(t.Context(), newPath(t)), &inUse)
	require.Equal(t, "doesn't exist", inUse.Problem)
	open(t, path, sqlite.Options{})
}

func TestUnknownFields(t *testing.T) {
	path := newPath(t)
	all, fewer := schemaWith(t, price), sqlite.Options{}
	require.Empty(t, unknown(t, path, fewer))
	require.Empty(t, unknown(t, path, sqlite.Options{Fields: all}))
	require.Equal(t, []string{"price"}, unknown(t, path, fewer))
}

func unknown(t *testing.T, path string, o sqlite.Options) []string {
	t.Helper()
	names, err := open(t, path, o).UnknownFields(t.Context())
	require.NoError(t, err)
	return names
}
