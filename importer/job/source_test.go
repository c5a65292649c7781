package job_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// endless is a place for uploads whose files begin well and then have nothing to give until the context ends.
type endless struct {
	job.Uploads
	t     *testing.T
	waits func() // called when there is nothing to give
}

func (e *endless) Open(ctx context.Context, _ string, _, _ int64) (io.ReadCloser, error) {
	return &endlessFile{endless: e, ctx: ctx}, nil
}

type endlessFile struct {
	*endless
	ctx     context.Context
	begun   bool
	reading bool
}

func (f *endlessFile) Read(p []byte) (int, error) {
	if !f.begun {
		f.begun = true
		return copy(p, "sku,name\na,b\n"), nil
	}
	f.reading = true
	f.waits()
	<-f.ctx.Done()
	for range 1_000 { // a Close that doesn't wait comes now
		runtime.Gosched()
	}
	f.reading = false
	return 0, f.ctx.Err()
}

func (f *endlessFile) Close() error {
	assert.False(f.t, f.reading, "a Read is under way")
	return nil
}

// TestSourceClosedWhileRead ends an import that waits for its file.
func TestSourceClosedWhileRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := job.NewSource(&endless{t: t, waits: cancel}, "key", 1<<20)
	_, err := importer.Run(ctx, source, newWorld(t).db.Products(), importer.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// opened counts how often its files are opened.
type opened struct {
	job.Uploads
	times int
}

func (o *opened) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	o.times++
	return o.Uploads.Open(ctx, key, offset, n)
}

// TestSourceIsKept reads a small file a second time without asking for it again, once all of it was read.
func TestSourceIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		bytes int
		part  bool // only the beginning is read at first
		times int
	}{
		"small": {1 << 20, false, 1}, "small, in part": {1 << 20, true, 2}, "large": {1<<20 + 1, false, 2},
		"empty": {0, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := bytes.Repeat([]byte{'x'}, test.bytes)
			uploads := &opened{Uploads: newWorld(t).db.Uploads()}
			_, err := job.Compressed(uploads.Uploads).Put(t.Context(), "key", bytes.NewReader(file))
			require.NoError(t, err)
			source := job.NewSource(uploads, "key", int64(test.bytes))
			for _, part := range []bool{test.part, false} {
				in, err := source.Open(t.Context())
				require.NoError(t, err)
				want := file
				read := make([]byte, len(file))
				if part {
					want, read = file[:1_000], read[:1_000]
				}
				_, err = io.ReadFull(in, read)
				require.NoError(t, err)
				require.True(t, bytes.Equal(want, read))
				if !part {
					n, err := in.Read(make([]byte, 1))
					require.ErrorIs(t, err, io.EOF)
					require.Zero(t, n)
				}
				require.NoError(t, in.Close())
			}
			require.Equal(t, test.times, uploads.times)
		})
	}
}
