package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job"
)

// Jobs is the job.Store in the tables import_jobs and import_checkpoints.
//
// A job's row is locked in one of three ways, so that heartbeats and commits never wait for each other, and whoever
// takes a job over waits for the batch in hand:
//
//	FOR KEY SHARE      Checkpoint, until its batch is committed
//	FOR NO KEY UPDATE  Renew, and Cancel of a job that is held
//	FOR UPDATE         whatever ends a claim: Claim, Release, Finish, Cancel, Expire
//
// The first two go together; the third goes with none.
type Jobs struct {
	db    *DB
	onEnd job.EndHook // or nil
}

var _ job.Store = (*Jobs)(nil)

// OnEnd sets what is told of jobs that become final. It must be called before anything else uses the Jobs.
func (j *Jobs) OnEnd(hook job.EndHook) { j.onEnd = hook }

// save writes the row, and tells of a job that has come to its end.
func (j *Jobs) save(ctx context.Context, t *transaction, r *jobRow) error {
	if err := r.save(ctx, t); err != nil {
		return err
	}
	if j.onEnd != nil && r.State.Final() {
		if err := j.onEnd(ctx, r.Job); err != nil {
			return callbackError{err}
		}
	}
	return nil
}

// Create stores a new job.
func (j *Jobs) Create(ctx context.Context, request job.Job) (job.Job, error) {
	var r jobRow
	err := j.db.short(ctx, func(ctx context.Context, t *transaction) error {
		r = jobRow{Job: request}
		r.FileName = clean(r.FileName)
		if r.NotBefore = r.NotBefore.UTC().Truncate(time.Microsecond); r.NotBefore.IsZero() {
			r.wait = micros(0)
		}
		if err := t.GetContext(ctx, &r.now, `SELECT clock_timestamp()`); err != nil {
			return err
		}
		r.Init(r.now.UTC())
		return r.insert(ctx, t)
	})
	if err != nil {
		return job.Job{}, fail(ctx, err)
	}
	j.ready(ctx, &r)
	return r.Job, nil
}

// ready wakes workers if the job can be claimed.
func (j *Jobs) ready(ctx context.Context, r *jobRow) {
	if r.State == job.Pending && !r.NotBefore.After(r.now) {
		j.db.onCommit(ctx, j.db.waker.jobs.tell)
	}
}

// Cancel asks for the job's end.
func (j *Jobs) Cancel(ctx context.Context, id string) (job.Job, error) {
	var r *jobRow
	err := j.db.short(ctx, func(ctx context.Context, t *transaction) (err error) {
		if r, err = j.one(ctx, `id = $1 FOR NO KEY UPDATE`, idParameter(id)); err != nil {
			return err
		}
		held := r.held()
		var committed committedSum
		if !held && !r.State.Final() {
			// The lease can't be renewed any more, but a batch may be about to be committed.
			if _, err := t.ExecContext(ctx, `SELECT FROM import_jobs WHERE id = $1 FOR UPDATE`, r.ID); err != nil {
				return err
			}
			if committed, err = r.committed(ctx, t); err != nil {
				return err
			}
		}
		if err := r.RequestCancel(r.now, held, committed.Commit); err != nil {
			return err
		}
		return j.save(ctx, t, r)
	})
	if err != nil {
		return job.Job{}, fail(ctx, err)
	}
	return r.Job, nil
}

// Get returns the job.
func (j *Jobs) Get(ctx context.Context, id string) (job.Job, error) {
	return j.get(ctx, `id = $1`, idParameter(id))
}

// ByKey returns the job with the idempotency key.
func (j *Jobs) ByKey(ctx context.Context, key string) (job.Job, error) {
	if key == "" || clean(key) != key {
		return job.Job{}, job.ErrNotFound
	}
	return j.get(ctx, `idempotency_key = $1 AND idempotency_key <> ''`, key)
}

func (j *Jobs) get(ctx context.Context, where string, arg any) (job.Job, error) {
	r, err := j.one(ctx, where, arg)
	if err != nil {
		return job.Job{}, fail(ctx, err)
	}
	return r.Job, nil
}

// one reads the row for which the condition is true, or returns ErrNotFound.
func (j *Jobs) one(ctx context.Context, where string, args ...any) (*jobRow, error) {
	rows, err := j.rows(ctx, `SELECT `+jobColumns+` FROM import_jobs WHERE `+where, args...)
	if err == nil && len(rows) == 0 {
		err = job.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// rows reads rows.
func (j *Jobs) rows(ctx context.Context, statement string, args ...any) (all []jobRow, err error) {
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		all = nil
		rows, err := q.QueryxContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			all = append(all, jobRow{})
			if err := all[len(all)-1].scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return all, err
}

// jobs reads jobs.
func (j *Jobs) jobs(ctx context.Context, statement string, args ...any) ([]job.Job, error) {
	rows, err := j.rows(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	jobs := make([]job.Job, len(rows))
	for i := range rows {
		jobs[i] = rows[i].Job
	}
	return jobs, nil
}

// GetMany returns those of the jobs that exist.
func (j *Jobs) GetMany(ctx context.Context, ids []string) ([]job.Job, error) {
	known := make([]string, 0, len(ids))
	for _, id := range ids {
		if isID(id) {
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return nil, nil
	}
	jobs, err := j.jobs(ctx, `SELECT `+jobBrief+` FROM import_jobs WHERE id = ANY ($1::uuid[])`, pq.Array(known))
	if err != nil {
		return nil, fail(ctx, err)
	}
	return jobs, nil
}

// List returns jobs, newest first.
func (j *Jobs) List(ctx context.Context, limit, offset int, states ...job.State) (jobs []job.Job, count int64, err error) {
	if err := job.CheckPage(limit, offset); err != nil {
		return nil, 0, err
	}
	wanted := make([]string, len(states))
	for i, s := range states {
		wanted[i] = clean(string(s))
	}
	const where = ` FROM import_jobs WHERE (cardinality($1::text[]) = 0 OR state = ANY ($1::text[]))`
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT count(*)`+where, pq.Array(wanted)).Scan(&count)
	})
	if err == nil {
		jobs, err = j.jobs(ctx, `SELECT `+jobBrief+where+` ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`, pq.Array(wanted), limit, offset)
	}
	if err != nil {
		return nil, 0, fail(ctx, err)
	}
	return jobs, count, nil
}

// What a transaction locks nobody else gets until it ends, however long ago its client froze or its machine went away.
// So PostgreSQL ends one that has waited for its client for too long: for the lease of the job that it is part of, since
// then the next worker comes, but for no less than leastHung, which a busy machine may take between two statements, and
// no longer than hung.
const (
	hung      = 30 * time.Second
	leastHung = time.Second
)

// limit is how long a transaction with the context may wait for its client, in milliseconds.
func (db *DB) limit(ctx context.Context) string {
	limit := db.hung
	if lease := job.LeaseOf(ctx); lease > 0 {
		limit = min(limit, max(lease, leastHung))
	}
	return strconv.FormatInt(limit.Milliseconds(), 10)
}

// bound sets that limit for the transaction.
func (db *DB) bound(ctx context.Context, t *transaction) error {
	_, err := t.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = `+db.limit(ctx))
	return err
}

// short calls f in the context's transaction, or in a new one that is bound.
func (db *DB) short(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	return db.join(ctx, func(ctx context.Context, t *transaction) error {
		if err := db.bound(ctx, t); err != nil {
			return err
		}
		return f(ctx, t)
	})
}

// fail is the error of a call to Jobs or Uploads.
func fail(ctx context.Context, err error) error { return failAs(ctx, err, job.ErrNotFound) }

// failAs is the error of a call: the context's, when it has ended, notFound where a row is missing, else the translated
// one.
func failAs(ctx context.Context, err, notFound error) error {
	if ctx.Err() != nil && !isUnknown(err) {
		return ctx.Err()
	}
	if errors.Is(err, sql.ErrNoRows) {
		return notFound
	}
	return translate(err)
}
