package job_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

func TestDir(t *testing.T) {
	jobtest.RunUploads(t, func(t *testing.T) job.Uploads {
		d, err := job.NewDir(filepath.Join(t.TempDir(), "new", "uploads"))
		require.NoError(t, err)
		return d
	})
}

func TestNewDirFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := job.NewDir(file)
	require.Error(t, err)
}

// TestDirSweep looks at what a process left that was killed, and leaves the files of others alone.
func TestDirSweep(t *testing.T) {
	path := t.TempDir()
	d, err := job.NewDir(path)
	require.NoError(t, err)
	_, err = d.Put(t.Context(), "complete", strings.NewReader("text"))
	require.NoError(t, err)
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{"killed.part", "README.txt", "A.part", "B.upload", "new.part"} {
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte("x"), 0o600))
		if name != "new.part" {
			require.NoError(t, os.Chtimes(filepath.Join(path, name), old, old))
		}
	}
	keys, err := d.Sweep(t.Context(), time.Hour)
	require.NoError(t, err)
	require.Empty(t, keys, "the complete upload is new")
	require.Equal(t, []string{"A.part", "B.upload", "README.txt", "complete.upload", "new.part"}, names(t, path),
		"what a killed process left is removed, and nothing else")
	require.NoError(t, os.Chtimes(filepath.Join(path, "complete.upload"), old, old))
	keys, err = d.Sweep(t.Context(), time.Hour)
	require.NoError(t, err)
	require.Equal(t, []string{"complete"}, keys)
}

// TestDirSweptAway makes a Put that was so slow that it was swept fail, with nothing left.
func TestDirSweptAway(t *testing.T) {
	path := t.TempDir()
	d, err := job.NewDir(path)
	require.NoError(t, err)
	_, err = d.Put(t.Context(), "slow", readFunc(func(p []byte) (int, error) {
		_, err := d.Sweep(t.Context(), -time.Hour)
		require.NoError(t, err)
		return bytes.NewReader(nil).Read(p)
	}))
	require.Error(t, err)
	require.Empty(t, names(t, path))
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// names lists the directory.
func names(t *testing.T, path string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
