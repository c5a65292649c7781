package postgres

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// Backlog counts what waits.
func (j *Jobs) Backlog(ctx context.Context) (b job.Backlog, err error) {
	var waiting, trouble int64
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT count(*) FILTER (WHERE ready AND NOT held),
				count(*) FILTER (WHERE NOT ready AND NOT held), count(*) FILTER (WHERE held),
				coalesce(extract(epoch FROM clock_timestamp() - min(since) FILTER (WHERE ready AND NOT held)) * 1000000,
					0)::bigint, count(waiting_since),
				coalesce(extract(epoch FROM clock_timestamp() - min(waiting_since)) * 1000000, 0)::bigint
			FROM (SELECT lease_until IS NOT NULL OR coalesce(`+expired("not_before", "wait_length")+`, false) AS ready,
					lease_until IS NOT NULL AND NOT coalesce(`+expired("lease_until", "lease_length")+`, false) AS held,
					greatest(created_at, not_before, lease_until) AS since, waiting_since
				FROM import_jobs WHERE finished_at IS NULL) unfinished`).
			Scan(&b.Waiting, &b.Later, &b.Running, &waiting, &b.Troubled, &trouble)
	})
	if err != nil {
		return job.Backlog{}, fail(ctx, err, job.ErrNotFound)
	}
	// The clock may have been set back.
	b.OldestWaiting, b.OldestTrouble = max(0, time.Duration(waiting)*time.Microsecond),
		max(0, time.Duration(trouble)*time.Microsecond)
	return b, nil
}
