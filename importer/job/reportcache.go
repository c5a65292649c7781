package job

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	// cacheBytes is how long a report may be that is kept, compressed; one of a longer upload may be as long as that.
	cacheBytes = 64 << 20
	// cachedReports is how many reports a Service keeps at a time.
	cachedReports = 100
	// cacheWindow is the window of the compression: what whoever reads a report holds in memory.
	cacheWindow = 512 << 10
)

// The ends of the keys under which reports are kept.
const (
	rejectsReport    = "rejects"
	supersededReport = "superseded"
)

// reportKey is the key under which a report of the job is kept.
func reportKey(id, name string) string { return id + "-" + name }

// reportCache keeps reports of jobs that have ended as uploads of their own, compressed. No job has such an upload, so
// that Prune removes it once it is old; so it does with what a process left that was killed meanwhile.
type reportCache struct {
	uploads Uploads

	mu   sync.Mutex
	keys []string // of what this process keeps, the oldest first
}

// copyTo writes the report that is kept, and reports whether there was one. One of which nothing can be read is none.
func (c *reportCache) copyTo(ctx context.Context, key string, w io.Writer) (found bool, err error) {
	in, err := c.uploads.Open(ctx, key, 0, -1)
	if err != nil {
		return false, nil // whoever makes it learns what is wrong
	}
	defer func() { _ = in.Close() }() // it was only read
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(cacheWindow))
	if err != nil {
		return false, nil
	}
	defer z.Close()
	if n, err := io.Copy(w, z); n > 0 || err == nil {
		return true, err
	}
	return false, nil
}

// writeThrough calls write with a writer that passes everything on to w, and keeps it once write has succeeded, unless
// there is no room, or it is longer than most bytes, compressed. A report that can't be kept is no error.
func (c *reportCache) writeThrough(ctx context.Context, key string, most int64, w io.Writer,
	write func(w io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &cacheEntry{begin: func(r *io.PipeReader) error {
		_, err := c.uploads.Put(ctx, key, r)
		return err
	}, left: most}
	err := errReportBroken // where write panics
	defer func() {
		if e.end(err, cancel) {
			c.keep(ctx, key)
		}
	}()
	err = write(io.MultiWriter(w, e))
	return err
}

// keep notes that the report is kept, and removes the oldest one where there are too many.
func (c *reportCache) keep(ctx context.Context, key string) {
	c.mu.Lock()
	c.keys = append(c.keys, key)
	oldest := ""
	if len(c.keys) > cachedReports {
		oldest, c.keys = c.keys[0], c.keys[1:]
	}
	c.mu.Unlock()
	if oldest != "" {
		_ = c.uploads.Delete(ctx, oldest) // else Prune does
	}
}

// clear removes the reports that this process keeps, to make room.
func (c *reportCache) clear(ctx context.Context) {
	c.mu.Lock()
	keys := c.keys
	c.keys = nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	for _, key := range keys {
		_ = c.uploads.Delete(ctx, key)
	}
}

var (
	errReportLong   = errors.New("job: the report is too long to be kept")
	errReportDone   = errors.New("job: the report is no longer read")
	errReportBroken = errors.New("job: the report was broken off")
)

// cacheEntry is a report on its way to the uploads. It takes whatever is written, whether or not it can be kept.
type cacheEntry struct {
	begin  func(r *io.PipeReader) error // reads until the end, and returns nil if the report is kept
	left   int64
	pipe   *io.PipeWriter // nil until something is written
	zip    *zstd.Encoder
	failed error // for good
	kept   chan error
}

// Write never fails.
func (e *cacheEntry) Write(p []byte) (int, error) {
	e.open()
	if e.failed == nil {
		_, e.failed = e.zip.Write(p)
	}
	if e.failed != nil {
		e.pipe.CloseWithError(e.failed)
	}
	return len(p), nil
}

// open begins once.
func (e *cacheEntry) open() {
	if e.pipe != nil {
		return
	}
	var r *io.PipeReader
	r, e.pipe = io.Pipe()
	e.zip, e.failed = zstd.NewWriter(writerFunc(e.send), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(cacheWindow))
	e.kept = make(chan error, 1)
	go func() {
		err := e.begin(r)
		r.CloseWithError(errReportDone) // who writes must not wait for it any more
		e.kept <- err
	}()
}

// send passes compressed bytes on.
func (e *cacheEntry) send(p []byte) (int, error) {
	if e.left -= int64(len(p)); e.left < 0 {
		return 0, errReportLong
	}
	return e.pipe.Write(p)
}

// end waits until the report is kept, unless making it failed, and reports whether it is. It calls cancel where the
// place for uploads takes too long.
func (e *cacheEntry) end(err error, cancel func()) bool {
	if err != nil && e.pipe == nil {
		return false
	}
	e.open()
	if e.failed == nil {
		e.failed = err
	}
	if e.failed == nil {
		e.failed = e.zip.Close()
	}
	e.pipe.CloseWithError(e.failed) // the end, where it is nil
	patience := time.AfterFunc(cleanup, cancel)
	defer patience.Stop()
	return <-e.kept == nil && e.failed == nil
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
