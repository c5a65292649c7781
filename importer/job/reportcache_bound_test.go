package job

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneUpload is a place for one upload.
type oneUpload struct {
	Uploads
	text []byte // nil for none
}

func (u *oneUpload) Put(_ context.Context, _ string, r io.Reader) (int64, error) {
	text, err := io.ReadAll(r)
	if err == nil {
		u.text = text
	}
	return int64(len(text)), err
}

func (u *oneUpload) Open(context.Context, string, int64, int64) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(u.text)), nil
}

// TestReportCacheBound: what is longer than the bound, compressed, is not kept, and is written all the same.
func TestReportCacheBound(t *testing.T) {
	report := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(report) // never fails, and can't be compressed
	write := func(w io.Writer) error {
		for part := range 3 {
			if _, err := w.Write(report[part<<20 : (part+1)<<20]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, c := range []struct {
		bound int64
		kept  bool
	}{{4 << 20, true}, {3<<20 - 1, false}, {1000, false}, {0, false}} {
		uploads := &oneUpload{}
		cache := &reportCache{uploads: uploads}
		var got bytes.Buffer
		require.NoError(t, cache.writeThrough(t.Context(), "key", c.bound, &got, write))
		require.True(t, bytes.Equal(report, got.Bytes()))
		require.Equal(t, c.kept, uploads.text != nil, "a bound of %d", c.bound)
		if c.kept {
			got.Reset()
			found, err := cache.copyTo(t.Context(), "key", &got)
			require.NoError(t, err)
			require.True(t, found)
			require.True(t, bytes.Equal(report, got.Bytes()))
		}
	}
}

// TestReportCacheFails: what could not be made is not kept.
func TestReportCacheFails(t *testing.T) {
	trouble := errors.New("trouble")
	for _, written := range []string{"", "half of it"} {
		uploads := &oneUpload{}
		cache := &reportCache{uploads: uploads}
		err := cache.writeThrough(t.Context(), "key", 1000, io.Discard, func(w io.Writer) error {
			if _, err := io.WriteString(w, written); err != nil {
				return err
			}
			return trouble
		})
		require.ErrorIs(t, err, trouble)
		require.Nil(t, uploads.text)
		require.Empty(t, cache.keys)
	}
}
