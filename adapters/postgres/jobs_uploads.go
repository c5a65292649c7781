package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// uploadColumns are those that scanUpload reads. An upload with a job that hasn't ended is used now.
const uploadColumns = `u.id, u.size, u.created_at, greatest(u.used_at, (
		SELECT max(coalesce(finished_at, clock_timestamp())) FROM import_jobs WHERE upload = u.id AND upload <> '')),
	u.sha256, u.file_name, u.sent_by`

func scanUpload(from interface{ Scan(...any) error }) (u job.Upload, err error) {
	err = from.Scan(&u.ID, &u.Size, &u.CreatedAt, &u.UsedAt, &u.SHA256, &u.FileName, &u.User)
	u.CreatedAt, u.UsedAt = u.CreatedAt.UTC(), u.UsedAt.UTC()
	return u, err
}

// CreateFrom stores a job of a file that is stored. It holds on to what has the file, the upload that stands alone or
// a job, until the new job is committed: who would delete that waits, or leaves it.
func (j *Jobs) CreateFrom(ctx context.Context, request job.Job) (job.Job, error) {
	if driver.CheckKey(request.Upload) != nil {
		return job.Job{}, job.ErrNotFound
	}
	return j.create(ctx, request, func(ctx context.Context, t *transaction) error {
		result, err := t.ExecContext(ctx, `UPDATE import_standing_uploads SET used_at = clock_timestamp() WHERE id = $1`,
			request.Upload)
		if err != nil {
			return err
		}
		if stands, err := result.RowsAffected(); err != nil || stands > 0 {
			return err
		}
		var used bool
		return t.GetContext(ctx, &used, `SELECT true FROM import_jobs WHERE upload = $1 AND upload <> ''
			LIMIT 1 FOR KEY SHARE`, request.Upload)
	})
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
		driver.CreateUpload(&upload, now.UTC())
		_, err := t.ExecContext(ctx, `INSERT INTO import_standing_uploads (id, size, created_at, used_at, sha256,
				file_name, sent_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, upload.ID, upload.Size, upload.CreatedAt, upload.UsedAt, upload.SHA256,
			upload.FileName, upload.User)
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
func (j *Jobs) ExpireUploads(ctx context.Context, age time.Duration, limit int) (ids []string, err error) {
	if limit < 1 {
		return nil, fmt.Errorf("postgres: a limit must be 1 or more, not %d", limit)
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		ids = nil
		return t.SelectContext(ctx, &ids, `WITH old AS (SELECT clock_timestamp() - $1 * interval '1 microsecond' AS at)
			DELETE FROM import_standing_uploads WHERE id = ANY (ARRAY (
				SELECT u.id FROM import_standing_uploads u
				WHERE u.used_at < (SELECT at FROM old) AND NOT EXISTS (
					SELECT FROM import_jobs WHERE upload = u.id AND upload <> ''
						AND (finished_at IS NULL OR finished_at >= (SELECT at FROM old)))
				ORDER BY u.used_at, u.id LIMIT $2 FOR UPDATE SKIP LOCKED))
			RETURNING id`, age.Microseconds(), limit)
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return ids, nil
}

// DropUpload notes that the bytes of the job's upload are gone.
func (j *Jobs) DropUpload(ctx context.Context, id string) error {
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		var key string
		if err := t.GetContext(ctx, &key, `SELECT upload FROM import_jobs WHERE id = $1`, idParameter(id)); err != nil ||
			key == "" {
			return err
		}
		// In the order of CreateFrom.
		if _, err := t.ExecContext(ctx, `DELETE FROM import_standing_uploads WHERE id = $1`, key); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `UPDATE import_jobs SET upload = '', revision = revision + 1
			WHERE upload = $1 AND upload <> ''`, key)
		return err
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}

// UploadsInUse returns which files jobs have, or stand alone.
func (j *Jobs) UploadsInUse(ctx context.Context, keys []string) ([]string, error) {
	var used []string
	err := j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		used = nil
		return sqlx.SelectContext(ctx, q, &used,
			`SELECT upload FROM import_jobs WHERE upload <> '' AND upload = ANY ($1::text[])
			UNION SELECT id FROM import_standing_uploads WHERE id = ANY ($1::text[])`, pq.Array(keys))
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return used, nil
}
