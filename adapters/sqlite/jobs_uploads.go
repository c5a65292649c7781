package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// usedAt is when the upload u was used last, at the time that is parameter 1: with a job that hasn't ended it is now.
const usedAt = `max(u.used_at, coalesce((SELECT max(coalesce(finished_at, ?1)) FROM import_jobs
	WHERE upload = u.id AND upload <> ''), 0))`

// CreateFrom stores a job of a file that is stored.
func (j *Jobs) CreateFrom(ctx context.Context, request job.Job) (job.Job, error) {
	return j.create(ctx, request, func(ctx context.Context, t *transaction, request *job.Job) (err error) {
		if _, err := t.ExecContext(ctx, `UPDATE import_standing_uploads SET used_at = ? WHERE id = ?`,
			j.db.now().UnixMicro(), request.Upload); err != nil {
			return err
		}
		request.File, err = fileOf(ctx, t, request.Upload)
		return err
	})
}

// jobFile and standingFile are the Files of a job and of an upload.
const (
	jobFile      = `CASE WHEN file = '' THEN upload ELSE file END`
	standingFile = `CASE WHEN file = '' THEN id ELSE file END`
)

// sameFile returns the File of an upload or a job with that size and checksum, empty where there is none.
func sameFile(ctx context.Context, t *transaction, size int64, sha256 string) (file string, err error) {
	err = t.GetContext(ctx, &file, `SELECT coalesce(
			(SELECT `+standingFile+` FROM import_standing_uploads WHERE sha256 = ?1 AND sha256 <> '' AND size = ?2 LIMIT 1),
			(SELECT `+jobFile+` FROM import_jobs WHERE sha256 = ?1 AND sha256 <> '' AND size = ?2 AND upload <> ''
				ORDER BY created_at DESC, id DESC LIMIT 1), '')`, sha256, size)
	return file, err
}

// fileOf returns the File of the upload, or of a job that has it.
func fileOf(ctx context.Context, q querier, upload string) (file string, err error) {
	err = q.QueryRowxContext(ctx, `SELECT `+standingFile+` FROM import_standing_uploads WHERE id = ?1 UNION ALL
		SELECT `+jobFile+` FROM import_jobs WHERE upload = ?1 AND upload <> '' LIMIT 1`, upload).Scan(&file)
	if errors.Is(err, sql.ErrNoRows) {
		err = noUpload(upload)
	}
	return file, err
}

// FileOf returns the File of an upload.
func (j *Jobs) FileOf(ctx context.Context, upload string) (file string, err error) {
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		file, err = fileOf(ctx, q, upload)
		return err
	})
	return file, err
}

// MoveFile gives those that have a File another one.
func (j *Jobs) MoveFile(ctx context.Context, from, to string) (moved bool, err error) {
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		moved = false
		for _, statement := range []string{
			`UPDATE import_standing_uploads SET file = ?1 WHERE id = ?2 AND file = '' OR file = ?2 AND file <> ''`,
			`UPDATE import_jobs SET file = ?1 WHERE upload = ?2 AND upload <> '' AND file = '' OR file = ?2 AND file <> ''`,
		} {
			some, err := t.changes(ctx, statement, to, from)
			if err != nil {
				return err
			}
			moved = moved || some
		}
		return nil
	})
	return moved && err == nil, err
}

func noUpload(id string) error { return fmt.Errorf("%w: upload %.100q", job.ErrNotFound, id) }

// CreateUpload stores an upload.
func (j *Jobs) CreateUpload(ctx context.Context, upload job.Upload) (job.Upload, error) {
	if err := driver.CheckKey(upload.ID); err != nil {
		return job.Upload{}, err
	}
	err := j.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		if upload.File, err = sameFile(ctx, t, upload.Size, upload.SHA256); err != nil {
			return err
		}
		driver.CreateUpload(&upload, j.db.now())
		fresh, err := t.changes(ctx, `INSERT INTO import_standing_uploads (id, size, created_at, used_at, sha256,
				file_name, sent_by, file)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, upload.ID, upload.Size, upload.CreatedAt.UnixMicro(),
			upload.UsedAt.UnixMicro(), upload.SHA256, upload.FileName, upload.User,
			driver.OwnFile(upload.File, upload.ID))
		if err == nil && !fresh {
			err = fmt.Errorf("sqlite: there is an upload %s already", upload.ID)
		}
		return err
	})
	if err != nil {
		return job.Upload{}, err
	}
	return upload, nil
}

// GetUpload returns an upload.
func (j *Jobs) GetUpload(ctx context.Context, id string) (upload job.Upload, err error) {
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		upload, err = j.upload(ctx, q, id)
		return err
	})
	return upload, err
}

// upload reads an upload, or returns ErrNotFound.
func (j *Jobs) upload(ctx context.Context, q querier, id string) (u job.Upload, err error) {
	err = q.QueryRowxContext(ctx, `SELECT u.id, `+standingFile+`, u.size, u.created_at, `+usedAt+`, u.sha256, u.file_name, u.sent_by
		FROM import_standing_uploads u WHERE u.id = ?2`, j.db.now().UnixMicro(), id).
		Scan(&u.ID, &u.File, &u.Size, timeIn{&u.CreatedAt}, timeIn{&u.UsedAt}, &u.SHA256, &u.FileName, &u.User)
	if errors.Is(err, sql.ErrNoRows) {
		err = noUpload(id)
	}
	return u, err
}

// UseUpload returns an upload that is used.
func (j *Jobs) UseUpload(ctx context.Context, id string) (upload job.Upload, err error) {
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if _, err := t.ExecContext(ctx, `UPDATE import_standing_uploads SET used_at = ? WHERE id = ?`,
			j.db.now().UnixMicro(), id); err != nil {
			return err
		}
		upload, err = j.upload(ctx, t, id)
		return err
	})
	if err != nil {
		return job.Upload{}, err
	}
	return upload, nil
}

// DeleteUpload forgets an upload.
func (j *Jobs) DeleteUpload(ctx context.Context, id string) error {
	return j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		var by string
		err := t.GetContext(ctx, &by, `SELECT id FROM import_jobs WHERE upload = ? AND upload <> '' AND finished_at IS NULL
			LIMIT 1`, id)
		if !errors.Is(err, sql.ErrNoRows) && err != nil {
			return err
		}
		if _, err := j.upload(ctx, t, id); err != nil {
			return err
		}
		if by != "" {
			return fmt.Errorf("%w: %s by %s", job.ErrInUse, id, by)
		}
		_, err = t.ExecContext(ctx, `DELETE FROM import_standing_uploads WHERE id = ?`, id)
		return err
	})
}

// ExpireUploads forgets uploads, those first that were used last longest ago.
func (j *Jobs) ExpireUploads(ctx context.Context, age time.Duration, limit int) (files []string, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		now := j.db.now()
		var ids []string
		files = nil
		if err := t.SelectContext(ctx, &ids, `SELECT u.id FROM import_standing_uploads u
			WHERE u.used_at < ?2 AND `+usedAt+` < ?2 ORDER BY u.used_at, u.id LIMIT ?3`, now.UnixMicro(),
			now.Add(-age).UnixMicro(), limit); err != nil {
			return err
		}
		for _, id := range ids {
			var file string
			if err := t.GetContext(ctx, &file, `DELETE FROM import_standing_uploads WHERE id = ? RETURNING `+standingFile,
				id); err != nil {
				return err
			}
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// DropUpload notes that the bytes of a job's upload are gone.
func (j *Jobs) DropUpload(ctx context.Context, id string) error {
	return j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		var key string
		err := t.GetContext(ctx, &key, `SELECT `+jobFile+` FROM import_jobs WHERE id = ?`, id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("%w: %.100q", job.ErrNotFound, id)
		case err != nil || key == "":
			return err
		}
		if _, err := t.ExecContext(ctx, `UPDATE import_jobs SET upload = '', file = '', revision = revision + 1
			WHERE upload = ?1 AND upload <> '' AND file = '' OR file = ?1 AND file <> ''`, key); err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, `DELETE FROM import_standing_uploads
			WHERE id = ?1 AND file = '' OR file = ?1 AND file <> ''`, key)
		return err
	})
}

// UploadsInUse returns which files jobs and uploads have.
func (j *Jobs) UploadsInUse(ctx context.Context, keys []string) (used []string, err error) {
	wanted, err := list(slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == "" }))
	if err != nil {
		return nil, err
	}
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		used = nil
		return sqlx.SelectContext(ctx, q, &used, `SELECT upload FROM import_jobs
			WHERE upload <> '' AND file = '' AND upload IN (SELECT value FROM json_each(?1))
			UNION SELECT file FROM import_jobs WHERE file <> '' AND file IN (SELECT value FROM json_each(?1))
			UNION SELECT id FROM import_standing_uploads WHERE file = '' AND id IN (SELECT value FROM json_each(?1))
			UNION SELECT file FROM import_standing_uploads WHERE file <> '' AND file IN (SELECT value FROM json_each(?1))`,
			wanted)
	})
	return used, err
}
