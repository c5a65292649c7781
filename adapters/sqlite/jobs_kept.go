package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Refused returns what was refused of a batch.
func (j *Jobs) Refused(ctx context.Context, id string, above int64) (refused []importer.Reject, batch int64,
	err error) {
	return kept(ctx, j, "refused", id, above, driver.UnmarshalRefused)
}

// Skipped returns what was skipped of a batch.
func (j *Jobs) Skipped(ctx context.Context, id string, above int64) (skipped []importer.Skipped, batch int64,
	err error) {
	return kept(ctx, j, "skipped_records", id, above, driver.UnmarshalSkipped)
}

// kept returns what the column has of the first batch above the number for which it isn't null, nil for none.
func kept[T any](ctx context.Context, j *Jobs, column, id string, above int64,
	read func(stored []byte) ([]T, error)) (records []T, batch int64, err error) {
	var stored []byte
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT number, `+column+` FROM import_checkpoints
			WHERE job_id = ? AND number > ? AND `+column+` IS NOT NULL ORDER BY number LIMIT 1`, id, above).
			Scan(&batch, &stored)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	records, err = read(stored)
	return records, batch, err
}

// Expire deletes jobs that became final before the time, those first that ended first.
func (j *Jobs) Expire(ctx context.Context, before time.Time, limit int) (gone []job.Job, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		gone, err = j.jobs(ctx, t, `SELECT `+jobBrief+` FROM import_jobs WHERE finished_at < ?
			ORDER BY finished_at, id LIMIT ?`, micros(before), limit)
		if err != nil {
			return err
		}
		for i := range gone {
			for _, statement := range []string{`DELETE FROM import_jobs WHERE id = ?`,
				`DELETE FROM import_checkpoints WHERE job_id = ?`, `DELETE FROM import_changes WHERE job_id = ?`} {
				if _, err := t.ExecContext(ctx, statement, gone[i].ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}
