package driver_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job/driver"
)

func TestIDs(t *testing.T) {
	now := time.Now()
	id := driver.NewID(now)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	require.Greater(t, driver.NewID(now.Add(time.Millisecond)), id)
	require.True(t, driver.IsID(id))
	for _, bad := range []string{"", "nonsense", id[:35], id + "0", strings.ToUpper(id), strings.ReplaceAll(id, "-", "0"),
		"-" + id[1:], "g" + id[1:], id[:35] + "\x00"} {
		require.False(t, driver.IsID(bad), "%q", bad)
	}
}

func TestReadChunk(t *testing.T) {
	for _, c := range []struct {
		name string
		r    io.Reader
		n    int
		last bool
		err  error
	}{
		{"nothing", strings.NewReader(""), 0, true, nil},
		{"less", strings.NewReader("ab"), 2, true, nil},
		{"less, at once", iotest.DataErrReader(strings.NewReader("ab")), 2, true, nil},
		{"as much", strings.NewReader("abc"), 3, false, nil},
		{"more", iotest.OneByteReader(strings.NewReader("abcd")), 3, false, nil},
		{"cut off", io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(io.ErrUnexpectedEOF)), 2, false,
			io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, last, err := driver.ReadChunk(c.r, make([]byte, 3))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.n, n)
			require.Equal(t, c.last, last)
		})
	}
}
