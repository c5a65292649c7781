package memory_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

func TestUploads(t *testing.T) {
	jobtest.RunUploads(t, func(*testing.T) job.Uploads {
		return memory.New(memory.Options{UploadBytes: 64 << 20}).Uploads()
	})
}

func TestUploadsFull(t *testing.T) {
	u := memory.New(memory.Options{UploadBytes: 1 << 20}).Uploads()
	_, err := u.Put(t.Context(), "a", bytes.NewReader(make([]byte, 600<<10)))
	require.NoError(t, err)
	endless := io.MultiReader(strings.NewReader("x"), zeros{})
	_, err = u.Put(t.Context(), "b", endless)
	require.ErrorIs(t, err, job.ErrFull)
	_, err = u.Put(t.Context(), "b", bytes.NewReader(make([]byte, 424<<10)))
	require.NoError(t, err, "what didn't fit takes no room")
	_, err = u.Put(t.Context(), "c", strings.NewReader("x"))
	require.ErrorIs(t, err, job.ErrFull, "the bound is exact")
	require.NoError(t, u.Delete(t.Context(), "a"))
	_, err = u.Put(t.Context(), "c", bytes.NewReader(make([]byte, 600<<10)))
	require.NoError(t, err, "what was deleted takes no room")
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
