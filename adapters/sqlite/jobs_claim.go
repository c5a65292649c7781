package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// ready selects the job that should be claimed at the time that is the parameter.
var ready = `finished_at IS NULL AND (lease_until IS NULL AND ` + expired("not_before", "wait_length") + `
	OR ` + expired("lease_until", "lease_length") + `) ORDER BY priority DESC, created_at, id LIMIT 1`

// Claim takes the job that should be done next.
func (j *Jobs) Claim(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
	if err := driver.CheckClaim(worker, lease, maxAttempts); err != nil {
		return nil, err
	}
	for {
		// Most often there is nothing to do, which is found out without waiting for who writes.
		err := j.db.read(ctx, func(ctx context.Context, q querier) error {
			_, err := j.one(ctx, q, ready, j.db.now().UnixMicro())
			return err
		})
		if errors.Is(err, job.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		claim, err := j.claim(ctx, worker, lease, maxAttempts)
		if claim != nil || err != nil {
			return claim, err
		}
	}
}

// claim takes the job that is next by now. nil where there is none any more, or where its end has come.
func (j *Jobs) claim(ctx context.Context, worker string, lease time.Duration,
	maxAttempts int) (claim *job.Claim, err error) {
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		now := j.db.now()
		r, err := j.one(ctx, t, ready, now.UnixMicro())
		if errors.Is(err, job.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		sum, err := r.committed(ctx, t)
		if err != nil {
			return err
		}
		vanished := ""
		if !r.lease.IsZero() {
			vanished = r.worker
			driver.Abandon(&r.Job, r.worker, sum.progressed)
		}
		held := driver.Claim(&r.Job, now, maxAttempts, sum.commit)
		if held {
			r.token++
			r.worker, r.lease, r.length = worker, now.Add(lease), lease
		}
		if err := j.save(ctx, t, r); err != nil {
			return err
		}
		if held {
			claim = &job.Claim{Job: r.Job, Token: r.token, Worker: worker, Vanished: vanished}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claim, nil
}

// holds is the condition under which a claim is good, with the job's ID and the token.
const holds = `id = ? AND token = ? AND lease_until IS NOT NULL`

// lost is the error of a claim that is no good any more.
func lost(claim *job.Claim) error {
	return fmt.Errorf("%w: %.100q, held by %s with token %d", job.ErrLeaseLost, claim.Job.ID, claim.Worker, claim.Token)
}

// held reads the row of a claim, or returns ErrLeaseLost.
func (j *Jobs) held(ctx context.Context, t *transaction, claim *job.Claim) (*jobRow, error) {
	r, err := j.one(ctx, t, holds, claim.Job.ID, claim.Token)
	if errors.Is(err, job.ErrNotFound) {
		err = lost(claim)
	}
	return r, err
}

// Renew holds the job for longer.
func (j *Jobs) Renew(ctx context.Context, claim *job.Claim, lease time.Duration,
	update *job.Update) (cancel bool, err error) {
	if lease <= 0 {
		return false, fmt.Errorf("sqlite: a lease must be above 0, not %v", lease)
	}
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		r, err := j.held(ctx, t, claim)
		if err != nil {
			return err
		}
		r.lease, r.length = j.db.now().Add(lease), lease
		if update != nil {
			if err := driver.Renew(&r.Job, update); err != nil {
				return err
			}
		}
		cancel = r.CancelRequested
		return j.save(ctx, t, r)
	})
	return cancel && err == nil, err
}

// Checkpoint notes a batch in the batch's transaction. Nobody else writes until that ends.
func (j *Jobs) Checkpoint(ctx context.Context, claim *job.Claim, done importer.Commit) error {
	refused, err := driver.MarshalRefused(done.Refused)
	if err != nil {
		return err
	}
	return j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if err := j.mustHold(ctx, t, claim); err != nil {
			return err
		}
		c := &done.Counts
		noted, err := t.changes(ctx, `INSERT INTO import_checkpoints (job_id, token, number, read, created, updated,
				unchanged, skipped, superseded, rejected, deleted, kept, missing, deactivated, bytes, refused,
				skipped_records)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?) ON CONFLICT DO NOTHING`, claim.Job.ID,
			claim.Token, done.Batch, c.Read, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Superseded, c.Rejected,
			c.Deleted, c.Kept, c.Missing, c.Deactivated, done.Bytes, refused, driver.MarshalSkipped(done.Skipped))
		if err == nil && !noted {
			err = fmt.Errorf("%w: batch %d of %s", job.ErrCommitted, done.Batch, claim.Job.ID)
		}
		return err
	})
}

// Checkpoints returns what was committed so far.
func (j *Jobs) Checkpoints(ctx context.Context, claim *job.Claim) (done map[int64]importer.Commit, err error) {
	held := false
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		done = map[int64]importer.Commit{}
		// A job without a checkpoint gives one row of zeros, a claim that is lost none.
		rows, err := q.QueryxContext(ctx, `SELECT coalesce(c.number, 0), coalesce(c.read, 0), coalesce(c.created, 0),
				coalesce(c.updated, 0), coalesce(c.unchanged, 0), coalesce(c.skipped, 0), coalesce(c.superseded, 0),
				coalesce(c.rejected, 0), coalesce(c.deleted, 0), coalesce(c.kept, 0), coalesce(c.missing, 0),
				coalesce(c.deactivated, 0), coalesce(c.bytes, 0), c.number IS NULL
			FROM import_jobs j LEFT JOIN import_checkpoints c ON c.job_id = j.id
			WHERE j.id = ? AND j.token = ? AND j.lease_until IS NOT NULL`, claim.Job.ID, claim.Token)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			held = true
			var commit importer.Commit
			var none bool
			c := &commit.Counts
			if err := rows.Scan(&commit.Batch, &c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped,
				&c.Superseded, &c.Rejected, &c.Deleted, &c.Kept, &c.Missing, &c.Deactivated, &commit.Bytes,
				&none); err != nil {
				return err
			}
			if !none {
				done[commit.Batch] = commit
			}
		}
		return rows.Err()
	})
	if err == nil && !held {
		err = lost(claim)
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// Release ends the claim of a job that isn't done.
func (j *Jobs) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (job.Job, error) {
	return j.end(ctx, claim, func(r *jobRow, now time.Time, sum committedSum) error {
		driver.Release(&r.Job, now, failed, sum.progressed, reason, delay, sum.commit)
		r.NotBefore, r.Waited, r.wait = r.NotBefore.Truncate(time.Microsecond), r.Waited.Truncate(time.Microsecond),
			delay
		return nil
	})
}

// Finish ends the job.
func (j *Jobs) Finish(ctx context.Context, claim *job.Claim, state job.State, reason string,
	update *job.Update) (job.Job, error) {
	return j.end(ctx, claim, func(r *jobRow, now time.Time, sum committedSum) error {
		return driver.Finish(&r.Job, now, state, reason, update, sum.commit)
	})
}

// end ends the claim.
func (j *Jobs) end(ctx context.Context, claim *job.Claim,
	how func(r *jobRow, now time.Time, sum committedSum) error) (job.Job, error) {
	var r *jobRow
	err := j.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		if r, err = j.held(ctx, t, claim); err != nil {
			return err
		}
		sum, err := r.committed(ctx, t)
		if err != nil {
			return err
		}
		if err := how(r, j.db.now(), sum); err != nil {
			return err
		}
		j.db.onCommit(ctx, j.db.wakes.jobs.wake)
		return j.save(ctx, t, r)
	})
	if err != nil {
		return job.Job{}, err
	}
	return r.Job, nil
}
