package postgres

import (
	"context"
	"database/sql"
	"errors"

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
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT number, `+column+` FROM import_checkpoints
			WHERE job_id = $1 AND number > $2 AND `+column+` IS NOT NULL ORDER BY number LIMIT 1`, idParameter(id),
			above).Scan(&batch, &stored)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fail(ctx, err, job.ErrNotFound)
	}
	records, err = read(stored)
	return records, batch, err
}
