package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Jobs is the job.Store in the tables import_jobs, import_checkpoints, import_changes,
// import_standing_uploads and import_profiles.
//
// A job's row is locked in one of three ways, so that heartbeats and commits never wait for each other, and a
// worker that takes a job over waits for the batch that is being committed:
//
//	FOR KEY SHARE      Checkpoint, until its batch is committed
//	FOR NO KEY UPDATE  Renew, Cancel of a job that is held, and Create of a job that undoes it
//	FOR UPDATE         whatever ends a claim: Claim, Release, Finish, Cancel, Expire
//
// The first two go together; the third goes with none.
type Jobs struct {
	db    *DB
	onEnd driver.EndHook // or nil
}

var _ job.Store = (*Jobs)(nil)

// OnEnd sets the hook that is called for jobs that become final. It must be called before anything else uses the Jobs.
func (j *Jobs) OnEnd(hook driver.EndHook) { j.onEnd = hook }

// HasEndHook reports whether OnEnd was called with a hook.
func (j *Jobs) HasEndHook() bool { return j.onEnd != nil }

// save writes the row, and calls the hook for a job that has come to its end.
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
	return j.create(ctx, request, func(ctx context.Context, t *transaction, request *job.Job) (err error) {
		request.File, err = sameFile(ctx, t, request.Size, request.SHA256)
		return err
	})
}

// create stores a new job in the transaction in which it calls before first, which sets its File.
func (j *Jobs) create(ctx context.Context, request job.Job,
	before func(ctx context.Context, t *transaction, request *job.Job) error) (job.Job, error) {
	var r jobRow
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		r = jobRow{Job: request}
		if undo := r.Settings.Undo; undo != "" {
			if err := j.checkUndo(ctx, t, undo); err != nil {
				return err
			}
		}
		if err := before(ctx, t, &r.Job); err != nil {
			return err
		}
		r.FileName, r.User = clean(r.FileName), clean(r.User)
		if r.NotBefore = r.NotBefore.UTC().Truncate(time.Microsecond); r.NotBefore.IsZero() {
			r.wait = micros(0)
		}
		if err := t.GetContext(ctx, &r.now, `SELECT clock_timestamp()`); err != nil {
			return err
		}
		driver.Create(&r.Job, r.now.UTC())
		return r.insert(ctx, t)
	})
	if err != nil {
		return job.Job{}, fail(ctx, err, job.ErrNotFound)
	}
	j.wakeWorkers(ctx, &r)
	return r.Job, nil
}

// checkUndo makes sure that the job can be undone, and that it can be until the transaction ends.
func (j *Jobs) checkUndo(ctx context.Context, t *transaction, id string) error {
	return driver.CheckUndo(ctx, j, id, func(id string) error {
		_, err := t.ExecContext(ctx, `SELECT FROM import_jobs WHERE id = $1 FOR NO KEY UPDATE`, id)
		return err
	})
}

// wakeWorkers wakes workers if the job can be claimed.
func (j *Jobs) wakeWorkers(ctx context.Context, r *jobRow) {
	if r.State == job.Pending && !r.NotBefore.After(r.now) {
		j.db.onCommit(ctx, j.db.notifier.jobs.notify)
	}
}

// Cancel asks for the job's end.
func (j *Jobs) Cancel(ctx context.Context, id string) (job.Job, error) {
	var r *jobRow
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) (err error) {
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
		if err := driver.Cancel(&r.Job, r.now, held, committed.commit); err != nil {
			return err
		}
		return j.save(ctx, t, r)
	})
	if err != nil {
		return job.Job{}, fail(ctx, err, job.ErrNotFound)
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
		return job.Job{}, fail(ctx, err, job.ErrNotFound)
	}
	return r.Job, nil
}

// one reads the row for which the condition is true, or returns ErrNotFound.
func (j *Jobs) one(ctx context.Context, where string, args ...any) (*jobRow, error) {
	return j.first(ctx, `SELECT `+jobColumns+` FROM import_jobs WHERE `+where, args...)
}

// first reads the first row, or returns ErrNotFound.
func (j *Jobs) first(ctx context.Context, statement string, args ...any) (*jobRow, error) {
	rows, err := j.rows(ctx, statement, args...)
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
		if driver.IsID(id) {
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return nil, nil
	}
	jobs, err := j.jobs(ctx, `SELECT `+jobBrief+` FROM import_jobs WHERE id = ANY ($1::uuid[])`, pq.Array(known))
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return jobs, nil
}

// List returns jobs, newest first.
func (j *Jobs) List(ctx context.Context, query job.Query) (jobs []job.Job, count int64, err error) {
	if err := driver.CheckQuery(query); err != nil {
		return nil, 0, err
	}
	const where = ` FROM import_jobs WHERE (cardinality($1::text[]) = 0 OR state = ANY ($1::text[]))
		AND (cardinality($2::text[]) = 0 OR asked_by = ANY ($2::text[])) AND ($3 = '' OR settings ->> 'undo' = $3)`
	undo := clean(query.Undo)
	states, users := pq.Array(cleanAll(query.States)), pq.Array(cleanAll(query.Users))
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT count(*)`+where, states, users, undo).Scan(&count)
	})
	if err == nil {
		jobs, err = j.jobs(ctx, `SELECT `+jobBrief+where+` ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5`,
			states, users, undo, query.Limit, query.Offset)
	}
	if err != nil {
		return nil, 0, fail(ctx, err, job.ErrNotFound)
	}
	return jobs, count, nil
}

// Wake returns a channel that has a value soon after a job became ready.
func (j *Jobs) Wake(ctx context.Context) <-chan struct{} { return j.db.notifier.jobs.listen(ctx) }
