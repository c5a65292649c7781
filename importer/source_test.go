package importer_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
)

func readAll(t *testing.T, s importer.Source) string {
	in, err := s.Open(t.Context())
	require.NoError(t, err)
	text, err := io.ReadAll(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	return string(text)
}

func TestSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	file, err := importer.OpenFile(path)
	require.NoError(t, err)
	dir := t.TempDir()
	spooled, err := importer.Spool(t.Context(), strings.NewReader("hello"), dir)
	require.NoError(t, err)
	for _, s := range []importer.Source{importer.Bytes("hello"), file, spooled} {
		require.EqualValues(t, 5, s.Size())
		require.Equal(t, "hello", readAll(t, s))
		require.Equal(t, "hello", readAll(t, s), "every Open begins at the first byte")
	}
	require.NoError(t, spooled.Close())
	require.NoError(t, spooled.Close(), "Close may be called again")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "the temporary file is gone")
}

func TestFilesThatCantBeOpened(t *testing.T) {
	_, err := importer.OpenFile(filepath.Join(t.TempDir(), "none.csv"))
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = importer.OpenFile(t.TempDir())
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorContains(t, err, "is a directory")
	_, err = importer.OpenFile(os.DevNull)
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorContains(t, err, "not a regular file")
}

func TestSpoolThatFailsLeavesNothing(t *testing.T) {
	broken := errors.New("line dropped")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		{t.Context(), iotest.ErrReader(broken), broken},
		{cancelled, strings.NewReader("x"), context.Canceled},
	} {
		dir := t.TempDir()
		_, err := importer.Spool(c.ctx, c.r, dir)
		require.ErrorIs(t, err, c.want)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}
