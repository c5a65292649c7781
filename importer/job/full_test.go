package job

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDirFull writes to a device that is always full.
func TestDirFull(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no device that is always full: ", err)
	}
	_, err = fill(t.Context(), f, strings.NewReader("text"))
	require.ErrorIs(t, err, ErrFull)
	require.ErrorIs(t, err, syscall.ENOSPC)
}

func TestStorageError(t *testing.T) {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, &fs.PathError{Op: "write", Path: "x",
		Err: syscall.EFBIG}} {
		require.ErrorIs(t, storageError(fmt.Errorf("close: %w", full)), ErrFull)
	}
	err := storageError(syscall.EIO)
	require.NotErrorIs(t, err, ErrFull)
	require.ErrorIs(t, err, syscall.EIO)
}
