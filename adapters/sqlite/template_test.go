package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// template is a file with the tables and nothing recorded. Making one takes longer than most of what suites do with it.
var template = sync.OnceValues(func() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "sqlite-test-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "products.db")
	db, err := Open(context.Background(), path, Options{})
	if err != nil {
		return nil, err
	}
	err = db.inTx(context.Background(), func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, `DELETE FROM products_importer_settings`)
		return err
	})
	if closed := db.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Migrated returns the path of a file of the test's own with the tables and nothing recorded.
func Migrated(t testing.TB) (path string) {
	t.Helper()
	file, err := template()
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "products.db")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	return path
}
