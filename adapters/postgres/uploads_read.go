package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/products-importer/products-importer/importer/job"
)

// Open returns a part of the upload. While a chunk is read the next one is on its way.
func (u *Uploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := job.CheckKey(key); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("postgres: the offset must not be negative: %d", offset)
	}
	var size int64
	err := u.db.transact(ctx, func(ctx context.Context, t *transaction) error {
		return t.GetContext(ctx, &size, `SELECT size FROM import_uploads WHERE key = $1 AND complete`, key)
	})
	if err != nil {
		return nil, fail(ctx, err)
	}
	end := size
	if n >= 0 && n < size-offset {
		end = offset + n
	}
	r := &upload{uploads: u, key: key, outer: ctx, next: offset, end: end}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.ahead()
	return r, nil
}

// upload reads an upload. Read and Close are not called at the same time.
type upload struct {
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
	chunk *[chunkSize]byte
	n     int
	err   error
}

// ahead asks for the next chunk, if there is one.
func (r *upload) ahead() {
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
		got, err := r.uploads.readChunk(r.ctx, r.key, number, from, chunk[:n])
		if err == nil && int64(got) != n {
			err = fmt.Errorf("%w: the upload %s was deleted while it was read", job.ErrNotFound, r.key)
		}
		coming <- piece{chunk, got, err}
	}()
}

// Read reads.
func (r *upload) Read(to []byte) (int, error) {
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
		r.chunk, r.rest = p.chunk, p.chunk[:p.n]
		if p.err != nil {
			r.rest, r.err = nil, p.err
			return 0, r.err
		}
		r.ahead()
	}
	n := copy(to, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// recycle gives the chunk back.
func (r *upload) recycle() {
	if r.chunk != nil {
		chunks.Put(r.chunk)
		r.chunk, r.rest = nil, nil
	}
}

// Close ends what is under way.
func (r *upload) Close() error {
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

// readChunk reads a part of a chunk.
func (u *Uploads) readChunk(ctx context.Context, key string, number, from int64, to []byte) (n int, err error) {
	err = u.db.transact(ctx, func(ctx context.Context, t *transaction) error {
		n = 0
		// Only what a prepared statement returns comes in binary, and bytes in text would be twice as many. Within the
		// transaction it is safe behind a pooler.
		statement, err := t.PrepareContext(ctx, `SELECT substring(data FROM $3::int + 1 FOR $4::int) FROM import_upload_chunks
			WHERE upload = $1 AND number = $2`)
		if err != nil {
			return err
		}
		defer func() { _ = statement.Close() }() // it goes with the transaction
		rows, err := statement.QueryContext(ctx, key, number, from, len(to))
		if err != nil {
			return err
		}
		defer rows.Close()
		var data sql.RawBytes
		for rows.Next() {
			if err := rows.Scan(&data); err != nil {
				return err
			}
			n = copy(to, data)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, fail(ctx, err)
	}
	return n, nil
}
