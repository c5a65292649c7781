// Package programtest builds programs of this module for tests of others, each once for all tests of a process, and has
// what such tests say of processes.
package programtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var built struct {
	mu     sync.Mutex
	folder string
	paths  map[string]string
}

// Build returns the path of the program in the folder, such as ../worker, which it builds the first time.
func Build(t testing.TB, folder string) (path string) {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if path, known := built.paths[folder]; known {
		return path
	}
	path, err := build(folder)
	require.NoError(t, err)
	return path
}

// build builds a program, without what only debuggers read, which takes half the time.
func build(folder string) (path string, err error) {
	if built.folder == "" {
		if built.folder, err = os.MkdirTemp("", "programs-"); err != nil {
			return "", err
		}
		built.paths = map[string]string{}
	}
	path = filepath.Join(built.folder, filepath.Base(folder))
	if said, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, folder).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	built.paths[folder] = path
	return path, nil
}

// Races returns a setting by which processes that have the race detector put what it finds where it fails the test.
func Races(t testing.TB) string {
	t.Helper()
	log := filepath.Join(t.TempDir(), "race")
	t.Cleanup(func() {
		found, err := filepath.Glob(log + ".*") // one for each process
		require.NoError(t, err)
		for _, path := range found {
			race, err := os.ReadFile(path)
			require.NoError(t, err)
			t.Errorf("in a process: %s", race)
		}
	})
	return "GORACE=atexit_sleep_ms=0 log_path=" + log
}

// Remove removes what was built. It is for TestMain.
func Remove() { _ = os.RemoveAll(built.folder) }
