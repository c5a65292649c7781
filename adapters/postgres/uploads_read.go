package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// smallUpload is how long an upload is at most that comes with the answer to whether it is there: as text, which is
// twice as long. It saves the many imports of small files some statements each.
const smallUpload = 64 << 10

// Open returns a part of the upload. While a chunk is read the next one is on its way.
func (u *Uploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := driver.CheckKey(key); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("postgres: the offset must not be negative: %d", offset)
	}
	var size int64
	var small []byte
	err := u.db.readAgain(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT u.size, CASE WHEN u.size <= $2::bigint THEN c.data END
			FROM import_uploads u LEFT JOIN import_upload_chunks c ON c.upload = u.key AND c.number = 0
			WHERE u.key = $1 AND u.complete`, key, smallUpload).Scan(&size, &small)
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	end := size
	if n >= 0 && n < size-offset {
		end = offset + n
	}
	r := &uploadReader{uploads: u, key: key, outer: ctx, next: offset, end: end}
	r.ctx, r.cancel = context.WithCancel(ctx)
	if size > 0 && int64(len(small)) == size && offset < end {
		r.rest, r.next = small[offset:end], end
	} else {
		r.prefetch()
	}
	return r, nil
}

// uploadReader reads an upload. Read and Close must not be called at the same time.
type uploadReader struct {
	uploads *Uploads
	key     string
	outer   context.Context // the caller's
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc

	next, end int64 // what hasn't been asked for yet
	coming    chan piece
	chunk     *[chunkSize]byte // in use, nil for none
	rest      []byte           // of it
	err       error            // for good
	closing   sync.Once
}

// piece is what comes from the database.
type piece struct {
	chunk    *[chunkSize]byte
	from, to int // what is wanted of it
	err      error
}

// prefetch asks for the next chunk, if there is one.
func (r *uploadReader) prefetch() {
	r.coming = nil
	if r.next >= r.end {
		return
	}
	number, from := r.next/chunkSize, r.next%chunkSize
	n := min(chunkSize-from, r.end-r.next)
	r.next += n
	coming := make(chan piece, 1)
	r.coming = coming
	go func() {
		chunk := chunks.Get().(*[chunkSize]byte)
		got, err := r.uploads.readChunk(r.ctx, r.key, number, chunk)
		if err == nil && int64(got) < from+n {
			err = fmt.Errorf("%w: the upload %s was deleted while it was read", job.ErrNotFound, r.key)
		}
		coming <- piece{chunk: chunk, from: int(from), to: int(from + n), err: err}
	}()
}

// Read reads.
func (r *uploadReader) Read(to []byte) (int, error) {
	if err := r.outer.Err(); err != nil && r.err == nil {
		r.err = err
	}
	if r.err != nil {
		return 0, r.err
	}
	if len(to) == 0 {
		return 0, nil
	}
	if len(r.rest) == 0 {
		r.recycle()
		if r.coming == nil {
			r.err = io.EOF
			return 0, r.err
		}
		p := <-r.coming
		r.coming = nil
		r.chunk = p.chunk
		if p.err != nil {
			r.err = p.err
			return 0, r.err
		}
		r.rest = p.chunk[p.from:p.to]
		r.prefetch()
	}
	n := copy(to, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// recycle gives the chunk back.
func (r *uploadReader) recycle() {
	if r.chunk != nil {
		chunks.Put(r.chunk)
		r.chunk, r.rest = nil, nil
	}
}

// Close ends what is under way.
func (r *uploadReader) Close() error {
	r.closing.Do(func() {
		r.cancel()
		if r.coming != nil {
			chunks.Put((<-r.coming).chunk)
			r.coming = nil
		}
		r.recycle()
		if r.err == nil || errors.Is(r.err, io.EOF) {
			r.err = errors.New("postgres: the upload was closed")
		}
	})
	return nil
}
