package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// uploadColumns are those that scanUpload reads. An upload with a job that hasn't ended is used now.
const uploadColumns = `u.id, ` + standingFile + `, u.size, u.created_at, greatest(u.used_at, (
		SELECT max(coalesce(finished_at, clock_timestamp())) FROM import_jobs WHERE upload = u.id AND upload <> '')),
	u.sha256, u.file_name, u.sent_by`

func scanUpload(from interface{ Scan(...any) error }) (u job.Upload, err error) {
	err = from.Scan(&u.ID, &u.File, &u.Size, &u.CreatedAt, &u.UsedAt, &u.SHA256, &u.FileName, &u.User)
	u.CreatedAt, u.UsedAt = u.CreatedAt.UTC(), u.UsedAt.UTC()
	return u, err
}

// CreateFrom stores a job of a file that is stored. It holds on to what has the file, the upload that stands alone or
// a job, until the new job is committed: who would delete that waits, or leaves it.
func (j *Jobs) CreateFrom(ctx context.Context, request job.Job) (job.Job, error) {
	if driver.CheckKey(request.Upload) != nil {
		return job.Job{}, job.ErrNotFound
	}
	return j.create(ctx, request, func(ctx context.Context, t *transaction, request *job.Job) error {
		err := t.GetContext(ctx, &request.File, `UPDATE import_standing_uploads SET used_at = clock_timestamp()
			WHERE id = $1 RETURNING `+standingFile, request.Upload)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return t.GetContext(ctx, &request.File, `SELECT `+jobFile+` FROM import_jobs WHERE upload = $1 AND upload <> ''
			LIMIT 1 FOR KEY SHARE`, request.Upload)
	})
}

// jobFile and standingFile are the Files of a job and of an upload.
const (
	jobFile      = `CASE WHEN file = '' THEN upload ELSE file END`
	standingFile = `CASE WHEN file = '' THEN id ELSE file END`
)

// sameFile returns the File of an upload or a job with that size and checksum, empty where there is none. It holds on
// to that until the transaction ends, as CreateFrom does; whoever asks for the same checksum meanwhile waits.
func sameFile(ctx context.Context, t *transaction, size int64, sha256 string) (file string, err error) {
	if sha256 == "" {
		return "", nil
	}
	if _, err := t.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('products-importer file ' || $1, 0))`,
		sha256); err != nil {
		return "", err
	}
	for _, statement := range []string{
		`SELECT ` + standingFile + ` FROM import_standing_uploads WHERE sha256 = $1 AND sha256 <> '' AND size = $2
			LIMIT 1 FOR KEY SHARE`,
		`SELECT ` + jobFile + ` FROM import_jobs WHERE sha256 = $1 AND sha256 <> '' AND size = $2 AND upload <> ''
			ORDER BY created_at DESC, id DESC LIMIT 1 FOR KEY SHARE`,
	} {
		if err = t.GetContext(ctx, &file, statement, sha256, size); !errors.Is(err, sql.ErrNoRows) {
			return file, err
		}
	}
	return "", nil
}

// FileOf returns the File of an upload.
func (j *Jobs) FileOf(ctx context.Context, upload string) (file string, err error) {
	if driver.CheckKey(upload) != nil {
		return "", job.ErrNotFound
	}
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT `+standingFile+` FROM import_standing_uploads WHERE id = $1 UNION ALL
			SELECT `+jobFile+` FROM import_jobs WHERE upload = $1 AND upload <> '' LIMIT 1`, upload).Scan(&file)
	})
	if err != nil {
		return "", fail(ctx, err, job.ErrNotFound)
	}
	return file, nil
}

// MoveFile gives those that have a File another one.
func (j *Jobs) MoveFile(ctx context.Context, from, to string) (moved bool, err error) {
	if driver.CheckKey(from) != nil {
		return false, nil
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		moved = false
		for _, statement := range []string{ // in the order of CreateFrom
			`UPDATE import_standing_uploads SET file = $1 WHERE id = $2 AND file = '' OR file = $2 AND file <> ''`,
			`UPDATE import_jobs SET file = $1 WHERE upload = $2 AND upload <> '' AND file = '' OR file = $2 AND file <> ''`,
		} {
			result, err := t.ExecContext(ctx, statement, to, from)
			if err != nil {
				return err
			}
			some, err := result.RowsAffected()
			if err != nil {
				return err
			}
			moved = moved || some > 0
		}
		return nil
	})
	if err != nil {
		return false, fail(ctx, err, job.ErrNotFound)
	}
	return moved, nil
}

// CreateUpload stores an upload.
func (j *Jobs) CreateUpload(ctx context.Context, upload job.Upload) (job.Upload, error) {
	if err := driver.CheckKey(upload.ID); err != nil {
		return job.Upload{}, err
	}
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		upload.FileName, upload.User = clean(upload.FileName), clean(upload.User)
		var now time.Time
		if err := t.GetContext(ctx, &now, `SELECT clock_timestamp()`); err != nil {
			return err
		}
		var err error
		if upload.File, err = sameFile(ctx, t, upload.Size, upload.SHA256); err != nil {
			return err
		}
		driver.CreateUpload(&upload, now.UTC())
		_, err = t.ExecContext(ctx, `INSERT INTO import_standing_uploads (id, size, created_at, used_at, sha256,
				file_name, sent_by, file)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, upload.ID, upload.Size, upload.CreatedAt, upload.UsedAt, upload.SHA256,
			upload.FileName, upload.User, driver.OwnFile(upload.File, upload.ID))
		return err
	})
	if pq.As(err, uniqueViolation) != nil {
		err = fmt.Errorf("postgres: there is an upload %s already", upload.ID)
	}
	if err != nil {
		return job.Upload{}, fail(ctx, err, job.ErrNotFound)
	}
	return upload, nil
}

// GetUpload returns an upload.
func (j *Jobs) GetUpload(ctx context.Context, id string) (upload job.Upload, err error) {
	if driver.CheckKey(id) != nil {
		return upload, job.ErrNotFound
	}
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		upload, err = scanUpload(q.QueryRowxContext(ctx, `SELECT `+uploadColumns+` FROM import_standing_uploads u
			WHERE id = $1`, id))
		return err
	})
	if err != nil {
		return job.Upload{}, fail(ctx, err, job.ErrNotFound)
	}
	return upload, nil
}

// UseUpload returns an upload that is used.
func (j *Jobs) UseUpload(ctx context.Context, id string) (upload job.Upload, err error) {
	if driver.CheckKey(id) != nil {
		return upload, job.ErrNotFound
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		upload, err = scanUpload(t.QueryRowxContext(ctx, `UPDATE import_standing_uploads u
			SET used_at = clock_timestamp() WHERE id = $1 RETURNING `+uploadColumns, id))
		return err
	})
	if err != nil {
		return job.Upload{}, fail(ctx, err, job.ErrNotFound)
	}
	return upload, nil
}

// DeleteUpload forgets an upload.
func (j *Jobs) DeleteUpload(ctx context.Context, id string) error {
	if driver.CheckKey(id) != nil {
		return job.ErrNotFound
	}
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		var known, used bool
		if err := t.GetContext(ctx, &known, `SELECT true FROM import_standing_uploads WHERE id = $1 FOR UPDATE`,
			id); err != nil {
			return err
		}
		// A statement of its own: it sees the job that was created while the first one waited.
		if err := t.GetContext(ctx, &used, `SELECT EXISTS (SELECT FROM import_jobs
			WHERE upload = $1 AND upload <> '' AND finished_at IS NULL)`, id); err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%w: %s", job.ErrInUse, id)
		}
		_, err := t.ExecContext(ctx, `DELETE FROM import_standing_uploads WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}

// ExpireUploads forgets uploads, those first that were used last longest ago.
func (j *Jobs) ExpireUploads(ctx context.Context, age time.Duration, limit int) (files []string, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		files = nil
		return t.SelectContext(ctx, &files, `WITH old AS (SELECT clock_timestamp() - $1 * interval '1 microsecond' AS at)
			DELETE FROM import_standing_uploads WHERE id = ANY (ARRAY (
				SELECT u.id FROM import_standing_uploads u
				WHERE u.used_at < (SELECT at FROM old) AND NOT EXISTS (
					SELECT FROM import_jobs WHERE upload = u.id AND upload <> ''
						AND (finished_at IS NULL OR finished_at >= (SELECT at FROM old)))
				ORDER BY u.used_at, u.id LIMIT $2 FOR UPDATE SKIP LOCKED))
			RETURNING `+standingFile, age.Microseconds(), limit)
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return files, nil
}

// DropUpload notes that the bytes of the job's upload are gone.
func (j *Jobs) DropUpload(ctx context.Context, id string) error {
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		var key string
		if err := t.GetContext(ctx, &key, `SELECT `+jobFile+` FROM import_jobs WHERE id = $1`, idParameter(id)); err != nil ||
			key == "" {
			return err
		}
		// In the order of CreateFrom.
		if _, err := t.ExecContext(ctx, `DELETE FROM import_standing_uploads
			WHERE id = $1 AND file = '' OR file = $1 AND file <> ''`, key); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `UPDATE import_jobs SET upload = '', file = '', revision = revision + 1
			WHERE upload = $1 AND upload <> '' AND file = '' OR file = $1 AND file <> ''`, key)
		return err
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}

// UploadsInUse returns which files jobs and uploads have.
func (j *Jobs) UploadsInUse(ctx context.Context, keys []string) ([]string, error) {
	var used []string
	err := j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		used = nil
		return sqlx.SelectContext(ctx, q, &used,
			`SELECT upload FROM import_jobs WHERE upload <> '' AND file = '' AND upload = ANY ($1::text[])
			UNION SELECT file FROM import_jobs WHERE file <> '' AND file = ANY ($1::text[])
			UNION SELECT id FROM import_standing_uploads WHERE file = '' AND id = ANY ($1::text[])
			UNION SELECT file FROM import_standing_uploads WHERE file <> '' AND file = ANY ($1::text[])`, pq.Array(keys))
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return used, nil
}
