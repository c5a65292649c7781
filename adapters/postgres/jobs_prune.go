package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Expire deletes jobs that became final before the time.
func (j *Jobs) Expire(ctx context.Context, before time.Time, limit int) ([]job.Job, error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	var gone []job.Job
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) (err error) {
		gone, err = j.jobs(ctx, `DELETE FROM import_jobs WHERE id = ANY (ARRAY (
				SELECT id FROM import_jobs WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED))
			RETURNING `+jobBrief, before, limit)
		if err != nil || len(gone) == 0 {
			return err
		}
		slices.SortFunc(gone, func(a, b job.Job) int { return a.FinishedAt.Compare(b.FinishedAt) })
		ids := make([]string, len(gone))
		for i := range gone {
			ids[i] = gone[i].ID
		}
		for _, table := range []string{"import_checkpoints", "import_changes"} {
			if _, err := t.ExecContext(ctx, `DELETE FROM `+table+` WHERE job_id = ANY ($1::uuid[])`, pq.Array(ids)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return gone, nil
}
