package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

const (
	// chunkSize is how many bytes of a file a row of import_upload_chunks holds.
	chunkSize = 1 << 20
	// removeChunks is how many of them are removed in one transaction, so that other writers get their turn.
	removeChunks = 32
	// discardTimeout is how long removing what a failed Put left may take.
	discardTimeout = 10 * time.Second
)

// The states of an upload.
const (
	uploadUnfinished = iota
	uploadComplete
	uploadRemoved // but for some of its chunks
)

// Uploads keeps the bytes of files in the tables import_uploads and import_upload_chunks. It is a job.Uploads and a
// job.Sweeper. A chunk is written, and read, at a time, so that neither a slow client nor a long import holds up
// others; with the context of a transaction all of it is part of that.
type Uploads struct{ db *DB }

var (
	_ job.Uploads = (*Uploads)(nil)
	_ job.Sweeper = (*Uploads)(nil)
)

// Uploads returns the place for uploads.
func (db *DB) Uploads() *Uploads { return &Uploads{db} }

// errRemoved is returned where an upload was removed while it was written.
var errRemoved = errors.New("sqlite: the upload was removed while it was written")

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// Put stores an upload.
func (u *Uploads) Put(ctx context.Context, key string, r io.Reader) (size int64, err error) {
	if err := driver.CheckKey(key); err != nil {
		return 0, err
	}
	fresh := false
	err = u.write(ctx, func(ctx context.Context, t *transaction) error {
		fresh, err = t.changes(ctx, `INSERT INTO import_uploads (key, written_at) VALUES (?, ?) ON CONFLICT DO NOTHING`,
			key, u.db.now().UnixMicro())
		return err
	})
	if err != nil {
		return 0, err
	}
	if !fresh {
		return 0, fmt.Errorf("sqlite: the key %q is in use", key)
	}
	if size, err = u.writeChunks(ctx, key, r); err != nil {
		u.discard(ctx, key)
		return 0, err
	}
	return size, nil
}

// writeChunks writes the chunks, and makes the upload complete. The client is waited for in between.
func (u *Uploads) writeChunks(ctx context.Context, key string, r io.Reader) (size int64, err error) {
	buffer := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(buffer)
	for number := int64(0); ; number++ {
		n, last, err := driver.ReadChunk(r, buffer[:])
		if err != nil {
			return 0, err
		}
		size += int64(n)
		state := uploadUnfinished
		if last {
			state = uploadComplete
		}
		err = u.write(ctx, func(ctx context.Context, t *transaction) error {
			kept, err := t.changes(ctx, `UPDATE import_uploads SET written_at = ?, state = ?, size = ?
				WHERE key = ? AND state = ?`, u.db.now().UnixMicro(), state, size, key, uploadUnfinished)
			if err == nil && !kept {
				err = errRemoved
			}
			if err == nil && n > 0 {
				_, err = t.ExecContext(ctx, `INSERT INTO import_upload_chunks (upload, number, data) VALUES (?, ?, ?)`,
					key, number, buffer[:n])
			}
			return err
		})
		if err != nil || last {
			return size, err
		}
	}
}

// write calls f in a transaction that makes the file larger.
func (u *Uploads) write(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	err := u.db.inTx(ctx, f)
	if code(err) == sqlite3.SQLITE_FULL {
		// No use in trying again: the client would only wait.
		return fmt.Errorf("%w: %s", job.ErrFull, err.Error())
	}
	return err
}

// discard removes what a failed Put left. If it fails too, that is left to Sweep.
func (u *Uploads) discard(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	if err := u.Delete(ctx, key); err != nil {
		u.db.options.Logger.WarnContext(ctx, "can't remove an unfinished upload yet", "key", key, "error", err)
	}
}

// Delete removes the upload.
func (u *Uploads) Delete(ctx context.Context, key string) error {
	if err := driver.CheckKey(key); err != nil {
		return err
	}
	for {
		left := false
		err := u.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
			known, err := t.changes(ctx, `UPDATE import_uploads SET state = ? WHERE key = ?`, uploadRemoved, key)
			if err != nil || !known {
				return err
			}
			if left, err = t.changes(ctx, `DELETE FROM import_upload_chunks WHERE rowid IN (
				SELECT rowid FROM import_upload_chunks WHERE upload = ? LIMIT ?)`, key, removeChunks); err != nil || left {
				return err
			}
			_, err = t.ExecContext(ctx, `DELETE FROM import_uploads WHERE key = ?`, key)
			return err
		})
		if err != nil || !left {
			return err
		}
	}
}

// Sweep removes unfinished uploads, and finds old ones.
func (u *Uploads) Sweep(ctx context.Context, age time.Duration) (keys []string, err error) {
	var left []string
	err = u.db.read(ctx, func(ctx context.Context, q querier) error {
		left, keys = nil, nil
		rows, err := q.QueryxContext(ctx, `SELECT key, state FROM import_uploads WHERE written_at < ? OR ? < 0 OR state = ?
			ORDER BY key`, u.db.now().Add(-age).UnixMicro(), int64(age), uploadRemoved)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var state int
			if err := rows.Scan(&key, &state); err != nil {
				return err
			}
			if state == uploadComplete {
				keys = append(keys, key)
			} else {
				left = append(left, key)
			}
		}
		return rows.Err()
	})
	for _, key := range left {
		if err == nil {
			err = u.sweep(ctx, key, age)
		}
	}
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// sweep removes the upload, unless its Put has gone on since it was found.
func (u *Uploads) sweep(ctx context.Context, key string, age time.Duration) error {
	abandoned := false
	err := u.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		abandoned, err = t.changes(ctx, `UPDATE import_uploads SET state = ?1
			WHERE key = ?2 AND (state = ?1 OR state = ?3 AND (written_at < ?4 OR ?5 < 0))`, uploadRemoved, key,
			uploadUnfinished, u.db.now().Add(-age).UnixMicro(), int64(age))
		return err
	})
	if err != nil || !abandoned {
		return err
	}
	return u.Delete(ctx, key)
}

// Open returns a part of the upload.
func (u *Uploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := driver.CheckKey(key); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("sqlite: the offset must not be negative: %d", offset)
	}
	var size int64
	err := u.db.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT size FROM import_uploads WHERE key = ? AND state = ?`, key,
			uploadComplete).Scan(&size)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: upload %q", job.ErrNotFound, key)
	}
	if err != nil {
		return nil, err
	}
	end := size
	if n >= 0 && n < size-offset {
		end = offset + n
	}
	return &uploadReader{ctx: ctx, uploads: u, key: key, next: offset, end: end}, nil
}

// uploadReader reads an upload, chunk by chunk: in between it holds nothing but memory, so that what is written to the
// file meanwhile can be brought to its place.
type uploadReader struct {
	ctx       context.Context
	uploads   *Uploads
	key       string
	next, end int64            // what hasn't been read yet
	chunk     *[chunkSize]byte // in use, nil for none
	rest      []byte           // of it
	closed    bool
}

// Read reads.
func (r *uploadReader) Read(to []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	if r.closed {
		return 0, errors.New("sqlite: the upload was closed")
	}
	if len(r.rest) == 0 && len(to) > 0 {
		if r.next >= r.end {
			return 0, io.EOF
		}
		if err := r.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(to, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fetch reads the next chunk.
func (r *uploadReader) fetch() error {
	if r.chunk == nil {
		r.chunk = chunks.Get().(*[chunkSize]byte)
	}
	number, from := r.next/chunkSize, r.next%chunkSize
	to := min(chunkSize, from+r.end-r.next)
	have := int64(0)
	err := r.uploads.db.read(r.ctx, func(ctx context.Context, q querier) error {
		rows, err := q.QueryxContext(ctx, `SELECT data FROM import_upload_chunks WHERE upload = ? AND number = ?`, r.key,
			number)
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			var data sql.RawBytes
			if err := rows.Scan(&data); err != nil {
				return err
			}
			have = int64(copy(r.chunk[:], data))
		}
		return rows.Err()
	})
	if err == nil && have < to {
		err = fmt.Errorf("%w: the upload %s was removed while it was read", job.ErrNotFound, r.key)
	}
	if err != nil {
		return err
	}
	r.rest = r.chunk[from:to]
	r.next += to - from
	return nil
}

// Close lets go of the upload.
func (r *uploadReader) Close() error {
	if r.chunk != nil {
		chunks.Put(r.chunk)
	}
	r.chunk, r.rest, r.closed = nil, nil, true
	return nil
}
