package job_test

import (
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
