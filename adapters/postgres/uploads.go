package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

const (
	// discardTimeout is how long removing what a failed Put left may take.
	discardTimeout = 10 * time.Second

	diskFull = pqerror.Code("53100")
)

// Uploads is the job.Uploads in the tables import_uploads and import_upload_chunks. Every chunk is written, and read,
// in a transaction of its own, so that no connection waits for a slow client.
type Uploads struct{ db *DB }

var (
	_ job.Uploads = (*Uploads)(nil)
	_ job.Sweeper = (*Uploads)(nil)
)

// errDeleted is returned where an upload, or a part of it, was deleted or lost while it was written.
var errDeleted = errors.New("postgres: the upload, or a piece of it, was deleted or lost while it was written")

// Put stores an upload.
func (u *Uploads) Put(ctx context.Context, key string, r io.Reader) (size int64, err error) {
	if err := driver.CheckKey(key); err != nil {
		return 0, err
	}
	err = u.write(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, `INSERT INTO import_uploads (key) VALUES ($1)`, key)
		return err
	})
	if pq.As(err, uniqueViolation) != nil {
		return 0, fmt.Errorf("postgres: the key %q is in use", key)
	}
	if err != nil {
		return 0, err
	}
	if size, err = u.writeChunks(ctx, key, r); err != nil {
		if !late(ctx) { // else it would take more time than the caller has
			u.discard(ctx, key)
		}
		return 0, err
	}
	return size, nil
}

// writeChunks writes the chunks, and makes the upload complete. While one is written the next one is read.
func (u *Uploads) writeChunks(ctx context.Context, key string, r io.Reader) (size int64, err error) {
	var (
		writing sync.WaitGroup // of the chunk before
		failed  error          // read once that is written
	)
	defer writing.Wait()
	for number := int64(0); ; number++ {
		buffer := chunks.Get().(*[chunkSize]byte)
		n, last, err := driver.ReadChunk(r, buffer[:])
		if err == nil {
			writing.Wait()
			err = errors.Join(failed, ctx.Err())
		}
		if err != nil {
			chunks.Put(buffer)
			return 0, err
		}
		size += int64(n)
		c := chunk{upload: key, number: number, data: buffer[:n], end: size, last: last}
		writing.Go(func() {
			defer chunks.Put(buffer)
			failed = u.writeChunk(ctx, c)
		})
		if last {
			writing.Wait()
			return size, failed
		}
	}
}

// write runs a transaction that makes the database larger.
func (u *Uploads) write(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	err := u.transact(ctx, func(ctx context.Context, t *transaction) error {
		err := f(ctx, t)
		if pq.As(err, diskFull) != nil {
			// No use in trying again: the client would only wait.
			return fmt.Errorf("%w: %s", job.ErrFull, err.Error())
		}
		return err
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}

// transact calls f in a transaction of its own, also where the context has one, whose end may be far off.
func (u *Uploads) transact(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	return u.db.transact(ctx, func(ctx context.Context, t *transaction) error {
		if err := u.db.limitIdle(ctx, t); err != nil {
			return err
		}
		return f(ctx, t)
	})
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
	return u.remove(ctx, []string{key})
}

func (u *Uploads) remove(ctx context.Context, keys []string) error {
	err := u.transact(ctx, func(ctx context.Context, t *transaction) error {
		// The uploads first: a chunk that is just being written is committed before, and deleted too, or fails.
		if _, err := t.ExecContext(ctx, `DELETE FROM import_uploads WHERE key = ANY ($1::text[])`,
			pq.Array(keys)); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `DELETE FROM import_upload_chunks WHERE upload = ANY ($1::text[])`, pq.Array(keys))
		return err
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}

// Sweep removes unfinished uploads, and finds old ones.
func (u *Uploads) Sweep(ctx context.Context, age time.Duration) (keys []string, err error) {
	const old = `written_at < clock_timestamp() - $1::bigint * interval '1 microsecond'`
	err = u.transact(ctx, func(ctx context.Context, t *transaction) error {
		var left []string
		if err := t.SelectContext(ctx, &left, `DELETE FROM import_uploads WHERE key = ANY (ARRAY (
				SELECT key FROM import_uploads WHERE NOT complete AND `+old+` FOR UPDATE SKIP LOCKED)) RETURNING key`,
			age.Microseconds()); err != nil {
			return err
		}
		if len(left) > 0 {
			if _, err := t.ExecContext(ctx, `DELETE FROM import_upload_chunks WHERE upload = ANY ($1::text[])`,
				pq.Array(left)); err != nil {
				return err
			}
		}
		keys = nil
		return t.SelectContext(ctx, &keys, `SELECT key FROM import_uploads WHERE complete AND `+old+` ORDER BY key`,
			age.Microseconds())
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return keys, nil
}
