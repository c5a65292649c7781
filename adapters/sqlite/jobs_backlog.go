package sqlite

import (
	"context"

	"github.com/products-importer/products-importer/importer/job"
)

// Backlog counts what waits.
func (j *Jobs) Backlog(ctx context.Context) (b job.Backlog, err error) {
	now := j.db.now().UnixMicro()
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT count(*) FILTER (WHERE ready AND NOT held),
				count(*) FILTER (WHERE NOT ready AND NOT held), count(*) FILTER (WHERE held),
				max(0, coalesce(?1 - min(since) FILTER (WHERE ready AND NOT held), 0)), count(waiting_since),
				max(0, coalesce(?1 - min(waiting_since), 0))
			FROM (SELECT lease_until IS NOT NULL OR `+expired("not_before", "wait_length")+` AS ready,
					lease_until IS NOT NULL AND NOT `+expired("lease_until", "lease_length")+` AS held,
					max(created_at, not_before, coalesce(lease_until, 0)) AS since, waiting_since
				FROM import_jobs WHERE finished_at IS NULL)`, now).
			Scan(&b.Waiting, &b.Later, &b.Running, microsIn{&b.OldestWaiting}, &b.Troubled, microsIn{&b.OldestTrouble})
	})
	return b, err
}
