package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Renew is one statement without a transaction around it: it is called several times a second.
func (j *Jobs) Renew(ctx context.Context, claim *job.Claim, lease time.Duration,
	update *job.Update) (cancel bool, err error) {
	if lease <= 0 {
		return false, fmt.Errorf("postgres: a lease must be above 0, not %v", lease)
	}
	var state, event, dialect, rejects sql.NullString
	var revisions int64
	if update != nil {
		var updated jobRow
		if err := driver.Renew(&updated.Job, update); err != nil {
			return false, err
		}
		updated.Event.Time = updated.Event.Time.UTC()
		revisions = updated.Revision
		state = sql.NullString{String: string(updated.State), Valid: true}
		for _, v := range []struct {
			to    *sql.NullString
			value any
			set   bool
		}{{&event, updated.Event, true}, {&dialect, updated.Dialect, updated.Dialect != nil},
			{&rejects, updated.Rejects, updated.Rejects != nil}} {
			if v.to.Valid = v.set; !v.set {
				continue
			}
			if v.to.String, err = marshal(v.value); err != nil {
				return false, err
			}
		}
	}
	err = j.db.read(ctx, forUrgent, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx,
			`UPDATE import_jobs SET lease_until = clock_timestamp() + $3::bigint * interval '1 microsecond',
				state = coalesce($4::text, state), event = coalesce($5::json, event), dialect = coalesce($6::json,
				dialect),
				rejects = coalesce($7::json, rejects), revision = revision + $8::bigint, lease_length = $3::bigint + 1
			WHERE id = $1 AND token = $2 AND lease_until IS NOT NULL RETURNING cancel_requested`,
			idParameter(claim.Job.ID), claim.Token, max(lease.Microseconds(), 1), state, event, dialect, rejects,
			revisions).Scan(&cancel)
	})
	return cancel, j.leaseError(ctx, err)
}

// leaseError returns the error of a call by a claim's holder: ErrLeaseLost where the row is missing.
func (j *Jobs) leaseError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, job.ErrNotFound):
		return job.ErrLeaseLost
	}
	return fail(ctx, err, job.ErrNotFound)
}

// Checkpoint notes a batch in the batch's transaction. It locks the job's row until that ends, see Jobs, and bounds the
// transaction.
func (j *Jobs) Checkpoint(ctx context.Context, claim *job.Claim, done importer.Commit) error {
	err := j.db.join(ctx, func(ctx context.Context, t *transaction) error {
		noted, err := j.checkpoint(ctx, t, claim, &done)
		if err == nil && !noted {
			return fmt.Errorf("%w: batch %d of %s", job.ErrCommitted, done.Batch, claim.Job.ID)
		}
		return err
	})
	return j.leaseError(ctx, err)
}

// checkpoint reports whether the batch had no checkpoint yet, and has one now.
func (j *Jobs) checkpoint(ctx context.Context, t *transaction, claim *job.Claim,
	done *importer.Commit) (noted bool, err error) {
	c := &done.Counts
	var limit string
	refused, err := driver.MarshalRefused(done.Refused)
	if err != nil {
		return false, err
	}
	statement, args := t.withMark(`WITH held AS (
			SELECT id, token FROM import_jobs WHERE id = $1 AND token = $2 AND lease_until IS NOT NULL FOR KEY SHARE
		), noted AS (
			INSERT INTO import_checkpoints (job_id, token, number, read, created, updated, unchanged, skipped,
			superseded, rejected, bytes, refused, skipped_records, deleted, kept, missing, deactivated)
			SELECT id, token, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint,
			$10::bigint, $11::bigint, $13::json, $14::bytea, $15::bigint, $16::bigint, $17::bigint, $18::bigint
			FROM held
			ON CONFLICT (job_id, number) DO NOTHING RETURNING number
		)
		SELECT EXISTS (SELECT FROM noted), set_config('idle_in_transaction_session_timeout', $12, true) FROM held`,
		idParameter(claim.Job.ID), claim.Token, done.Batch, c.Read, c.Created, c.Updated, c.Unchanged, c.Skipped,
		c.Superseded, c.Rejected, done.Bytes, j.db.idleLimit(ctx),
		sql.NullString{String: refused, Valid: refused != ""}, driver.MarshalSkipped(done.Skipped), c.Deleted, c.Kept,
		c.Missing, c.Deactivated)
	err = t.QueryRowxContext(ctx, statement, args...).Scan(&noted, &limit)
	return noted, err
}

// Checkpoints returns what was committed so far. Whoever goes on from there sees all of it.
func (j *Jobs) Checkpoints(ctx context.Context, claim *job.Claim) (map[int64]importer.Commit, error) {
	err := j.db.again(ctx, func() error { return j.db.settle(ctx) })
	var done map[int64]importer.Commit
	if err == nil {
		done, err = j.checkpoints(ctx, claim)
	}
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return done, nil
}

func (j *Jobs) checkpoints(ctx context.Context, claim *job.Claim) (done map[int64]importer.Commit, err error) {
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		done, err = readCheckpoints(ctx, q, claim)
		return err
	})
	return done, err
}

func readCheckpoints(ctx context.Context, q sqlx.QueryerContext, claim *job.Claim) (map[int64]importer.Commit, error) {
	// A job without a checkpoint gives one row of nulls, a claim that is lost none.
	rows, err := q.QueryxContext(ctx, `SELECT coalesce(c.number, 0), coalesce(c.read, 0), coalesce(c.created, 0),
			coalesce(c.updated, 0), coalesce(c.unchanged, 0), coalesce(c.skipped, 0), coalesce(c.superseded, 0),
			coalesce(c.rejected, 0), coalesce(c.bytes, 0), coalesce(c.deleted, 0), coalesce(c.kept, 0),
			coalesce(c.missing, 0), coalesce(c.deactivated, 0), c.number IS NULL
		FROM import_jobs j LEFT JOIN import_checkpoints c ON c.job_id = j.id
		WHERE j.id = $1 AND j.token = $2 AND j.lease_until IS NOT NULL`, idParameter(claim.Job.ID), claim.Token)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	held := false
	done := map[int64]importer.Commit{}
	for rows.Next() {
		held = true
		var commit importer.Commit
		var none bool
		c := &commit.Counts
		if err := rows.Scan(&commit.Batch, &c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped, &c.Superseded,
			&c.Rejected, &commit.Bytes, &c.Deleted, &c.Kept, &c.Missing, &c.Deactivated, &none); err != nil {
			return nil, err
		}
		if !none {
			done[commit.Batch] = commit
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if !held {
		return nil, job.ErrLeaseLost
	}
	return done, nil
}

// Release ends the claim of a job that isn't done.
func (j *Jobs) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (job.Job, error) {
	return j.end(ctx, claim, func(r *jobRow, sum committedSum) error {
		driver.Release(&r.Job, r.now, failed, sum.progressed, reason, delay, sum.commit)
		r.NotBefore, r.Waited, r.wait = r.NotBefore.Truncate(time.Microsecond), r.Waited.Truncate(time.Microsecond),
			micros(delay)
		return nil
	})
}

// Finish ends the job.
func (j *Jobs) Finish(ctx context.Context, claim *job.Claim, state job.State, reason string,
	update *job.Update) (job.Job, error) {
	return j.end(ctx, claim, func(r *jobRow, sum committedSum) error {
		return driver.Finish(&r.Job, r.now, state, reason, update, sum.commit)
	})
}

// end ends the claim. It waits for the batches that are being committed.
func (j *Jobs) end(ctx context.Context, claim *job.Claim, how func(*jobRow, committedSum) error) (job.Job, error) {
	var r *jobRow
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) (err error) {
		if r, err = j.one(ctx, `id = $1 AND token = $2 AND lease_until IS NOT NULL FOR UPDATE`,
			idParameter(claim.Job.ID), claim.Token); err != nil {
			return err
		}
		sum, err := r.committed(ctx, t)
		if err != nil {
			return err
		}
		if err := how(r, sum); err != nil {
			return err
		}
		return j.save(ctx, t, r)
	})
	if err != nil {
		return job.Job{}, j.leaseError(ctx, err)
	}
	j.wakeWorkers(ctx, r)
	return r.Job, nil
}
