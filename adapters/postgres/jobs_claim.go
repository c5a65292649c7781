package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// releaseTimeout bounds releaseUnknown.
const releaseTimeout = 2 * time.Second

// Claim takes the job that should be done next.
func (j *Jobs) Claim(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
	if err := driver.CheckClaim(worker, lease, maxAttempts); err != nil {
		return nil, err
	}
	for {
		claim, more, err := j.claim(ctx, clean(worker), lease, maxAttempts)
		if err != nil {
			if claim != nil && isUnknown(err) {
				j.releaseUnknown(ctx, claim)
			}
			return nil, fail(ctx, err, job.ErrNotFound)
		}
		if claim != nil {
			j.db.doubt() // whoever had it before may have vanished
		}
		if claim != nil || !more {
			return claim, nil
		}
	}
}

// releaseUnknown ends a claim that may or may not have been committed, as when the worker was stopped meanwhile.
// Without it the job would wait for the end of a lease that no worker has; where it fails, the job does.
func (j *Jobs) releaseUnknown(ctx context.Context, claim *job.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_, err := j.Release(ctx, claim, false, claim.Job.Error, 0)
	if err != nil && !errors.Is(err, job.ErrLeaseLost) { // it wasn't committed
		j.db.options.Logger.WarnContext(ctx, "can't give a claim back", "job", claim.Job.ID, "error", err)
	}
}

// claim looks at the first job that nobody has. If that one has come to its end, there may be more.
func (j *Jobs) claim(ctx context.Context, worker string, lease time.Duration,
	maxAttempts int) (claim *job.Claim, more bool, err error) {
	var abandoned sql.NullTime
	err = j.db.join(ctx, func(ctx context.Context, t *transaction) error {
		claim, more, abandoned = nil, false, sql.NullTime{}
		// Others' transactions hold rows that they claim, renew or are about to commit a batch for.
		r, err := j.first(ctx, j.db.limitingIdle(ctx)+`; SELECT `+jobColumns+`
			FROM import_jobs WHERE finished_at IS NULL AND `+expired("not_before", "wait_length")+`
			AND (lease_until IS NULL OR `+expired("lease_until", "lease_length")+`)
			ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`)
		if errors.Is(err, job.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		var committed committedSum
		if r.token > 0 { // else nobody has had it
			if committed, err = r.committed(ctx, t); err != nil {
				return err
			}
		}
		vanished := ""
		if abandoned = r.lease; abandoned.Valid {
			vanished = r.worker
			driver.Abandon(&r.Job, r.worker, committed.progressed)
			if abandoned.Time.After(r.now) { // the clock was set back
				abandoned.Time = r.now
			}
		}
		r.token++
		if driver.Claim(&r.Job, r.now, maxAttempts, committed.commit) {
			r.worker, r.lease, r.length = worker, sql.NullTime{Time: r.now.Add(lease), Valid: true}, micros(lease)
			claim = &job.Claim{Token: r.token, Worker: worker, Vanished: vanished}
		} else {
			more = true
		}
		if err := j.save(ctx, t, r); err != nil {
			return err
		}
		if claim != nil {
			claim.Job = r.Job
		}
		return nil
	})
	if err == nil && abandoned.Valid {
		j.terminateHung(ctx, abandoned.Time.Add(-lease/2))
	}
	return claim, more, err
}

// terminateHung ends transactions of workers that hang in the middle of sending a batch, or of reading rows of it: what
// they hold would block the batch's next attempt for ever, and no timeout of PostgreSQL's reaches a statement that
// waits for its client. A worker is considered to hang when such a statement waits for it and began before the time;
// one takes a fraction of a second in a batch. It is known by the lock that whatever writes to a table, or locks rows
// of it, has on that, and not by its text. A worker that is only very slow loses its connection and writes the batch
// again.
func (j *Jobs) terminateHung(ctx context.Context, before time.Time) {
	var n int
	err := j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity AS a
			WHERE datname = current_database() AND usename = current_user AND state = 'active' AND query_start < $1
				AND wait_event IN ('ClientRead', 'ClientWrite') AND EXISTS (SELECT 1 FROM pg_locks AS l
					WHERE l.pid = a.pid AND granted AND mode IN ('RowShareLock', 'RowExclusiveLock')
						AND relation IN (SELECT to_regclass(name) FROM unnest($2::text[]) AS name))`, before,
			append(j.db.opened.names(), j.db.space.of("products"))).Scan(&n)
	})
	switch {
	case err != nil:
		j.db.options.Logger.WarnContext(ctx, "can't look for workers that hang", "error", err)
	case n > 0:
		j.db.options.Logger.WarnContext(ctx, "cut off workers that hang", "connections", n)
	}
}
