package postgres

import (
	"context"
	"database/sql"
	"sync"

	"github.com/products-importer/products-importer/importer/job"
)

// chunkSize is how many bytes of a file a row of import_upload_chunks holds.
const chunkSize = 1 << 20

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// chunk is a piece of an upload that is to be written.
type chunk struct {
	upload string
	number int64
	data   []byte
	end    int64 // of the piece in the file
	last   bool
}

// writeChunk writes a chunk, and with the last one, which may be empty, completes the upload. The row of the upload is
// locked, so that it can't be swept at the same time. Only the last chunk waits for the disk: its commit makes sure of
// those before it, unless a server that crashed in between has lost some, so they are counted.
func (u *Uploads) writeChunk(ctx context.Context, c chunk) error {
	return u.write(ctx, func(ctx context.Context, t *transaction) error {
		var written int
		var setting string
		err := t.QueryRowxContext(ctx, `WITH upload AS (
				UPDATE import_uploads SET written_at = clock_timestamp(), complete = $2, size = $3
				WHERE key = $1 AND NOT complete AND (NOT $2 OR (SELECT count(*) FROM import_upload_chunks
				WHERE upload = $1) = $4)
				RETURNING key
			), chunk AS (
				INSERT INTO import_upload_chunks (upload, number, data)
				SELECT key, $4::bigint, $5::bytea FROM upload WHERE length($5::bytea) > 0
			)
			SELECT count(*), set_config('synchronous_commit', CASE WHEN $2 THEN current_setting('synchronous_commit')
			ELSE 'off' END, true)
			FROM upload`, c.upload, c.last, c.end, c.number, c.data).Scan(&written, &setting)
		if err == nil && written == 0 {
			return errDeleted
		}
		return err
	})
}

// readChunk reads a chunk and returns its length, 0 where there is none.
func (u *Uploads) readChunk(ctx context.Context, key string, number int64, to *[chunkSize]byte) (n int, err error) {
	err = u.db.transactToRead(ctx, func(ctx context.Context, t *transaction) error {
		n = 0
		return t.inBinary(ctx, `SELECT data FROM import_upload_chunks WHERE upload = $1 AND number = $2`,
			func(rows *sql.Rows) error {
				var data sql.RawBytes
				err := rows.Scan(&data)
				n = copy(to[:], data)
				return err
			}, key, number)
	})
	if err != nil {
		return 0, fail(ctx, err, job.ErrNotFound)
	}
	return n, nil
}
