package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// uploadChunk is the size of the pieces in which uploads are kept, so that none has to be copied when it grows.
const uploadChunk = 256 << 10

// Uploads keeps uploads in memory. It is a job.Uploads and a job.Sweeper.
type Uploads struct {
	mu    sync.Mutex
	most  int64 // bytes; 0 for any number
	bytes int64 // held, unfinished ones included
	files map[string]*upload
}

var (
	_ job.Uploads = (*Uploads)(nil)
	_ job.Sweeper = (*Uploads)(nil)
)

// Uploads returns the storage of uploads, which takes no part in transactions.
func (db *DB) Uploads() *Uploads { return &db.uploads }

func (u *Uploads) init(most int64) {
	u.most, u.files = most, map[string]*upload{}
}

// upload is a file. All of its chunks but the last one are full. Only Put uses it before it is complete, and nobody
// changes it afterwards.
type upload struct {
	chunks   [][]byte
	size     int64
	complete bool
	at       time.Time // when it was complete
}

// Put stores an upload.
func (u *Uploads) Put(ctx context.Context, key string, r io.Reader) (n int64, err error) {
	if err := driver.CheckKey(key); err != nil {
		return 0, err
	}
	f := &upload{}
	if err := u.enter(key, f); err != nil {
		return 0, err
	}
	done := false
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if f.complete, f.at = done, now(); !done {
			u.remove(key, f)
		}
	}()
	for {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		last := len(f.chunks) - 1
		if last < 0 || len(f.chunks[last]) == uploadChunk {
			f.chunks = append(f.chunks, make([]byte, 0, uploadChunk))
			last++
		}
		chunk := f.chunks[last]
		have, end := r.Read(chunk[len(chunk):uploadChunk])
		if err := u.grow(f, int64(have)); err != nil {
			return 0, err
		}
		f.chunks[last] = chunk[:len(chunk)+have]
		switch {
		case errors.Is(end, io.EOF):
			// A small upload holds no more memory than it counts for.
			f.chunks[last] = bytes.Clone(f.chunks[last])
			done = true
			return f.size, nil
		case end != nil:
			return 0, end
		}
	}
}

// enter reserves the key.
func (u *Uploads) enter(key string, f *upload) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.files[key] != nil {
		return fmt.Errorf("memory: there is an upload %s already", key)
	}
	u.files[key] = f
	return nil
}

// grow makes room for n more bytes of the upload.
func (u *Uploads) grow(f *upload, n int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.most > 0 && u.bytes+n > u.most {
		return fmt.Errorf("%w: all uploads together may have %d bytes", job.ErrFull, u.most)
	}
	u.bytes += n
	f.size += n
	return nil
}

// remove forgets the upload.
func (u *Uploads) remove(key string, f *upload) {
	delete(u.files, key)
	u.bytes -= f.size
}

// Open opens an upload.
func (u *Uploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("memory: the offset must not be negative: %d", offset)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	f := u.files[key]
	if f == nil || !f.complete {
		return nil, fmt.Errorf("%w: upload %q", job.ErrNotFound, key)
	}
	end := f.size
	if n >= 0 && n < end-offset {
		end = offset + n
	}
	return &uploadReader{ctx: ctx, file: f, at: offset, end: end}, nil
}

// uploadReader reads a stretch of an upload, also after that was deleted.
type uploadReader struct {
	ctx     context.Context
	file    *upload
	at, end int64
}

func (r *uploadReader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	if r.at >= r.end {
		return 0, io.EOF
	}
	chunk := r.file.chunks[r.at/uploadChunk][r.at%uploadChunk:]
	n := copy(p, chunk[:min(int64(len(chunk)), r.end-r.at)])
	r.at += int64(n)
	return n, nil
}

func (r *uploadReader) Close() error { return nil }

// Delete removes an upload.
func (u *Uploads) Delete(ctx context.Context, key string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if f := u.files[key]; f != nil && f.complete {
		u.remove(key, f)
	}
	return nil
}

// Sweep finds uploads. Unfinished ones need no sweeping in memory.
func (u *Uploads) Sweep(ctx context.Context, age time.Duration) (keys []string, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for key, f := range u.files {
		if f.complete && time.Since(f.at) > age {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
