package sqlite

import (
	"context"
	"fmt"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Jobs keeps imports, in the tables import_jobs, import_checkpoints, import_changes, import_standing_uploads and
// import_profiles. It is
// a job.Store; the methods join the transaction of a context that has one, and so a batch's checkpoint is committed
// with the batch.
type Jobs struct {
	db    *DB
	onEnd driver.EndHook // or nil
}

var _ job.Store = (*Jobs)(nil)

// Jobs returns the store of jobs.
func (db *DB) Jobs() *Jobs { return &db.jobs }

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
	r := jobRow{Job: request}
	err := j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if undo := r.Settings.Undo; undo != "" {
			if err := driver.CheckUndo(ctx, j, undo, nil); err != nil {
				return err
			}
		}
		if err := before(ctx, t, &r.Job); err != nil {
			return err
		}
		if err := r.create(ctx, t, j.db.now()); err != nil {
			return err
		}
		j.db.onCommit(ctx, j.db.wakes.jobs.wake)
		return nil
	})
	if err != nil {
		return job.Job{}, err
	}
	return r.Job, nil
}

// Cancel asks for the job's end.
func (j *Jobs) Cancel(ctx context.Context, id string) (job.Job, error) {
	var r *jobRow
	err := j.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		if r, err = j.one(ctx, t, `id = ?`, id); err != nil {
			return err
		}
		sum, err := r.committed(ctx, t)
		if err != nil {
			return err
		}
		now := j.db.now()
		if err := driver.Cancel(&r.Job, now, r.held(now), sum.commit); err != nil {
			return err
		}
		return j.save(ctx, t, r)
	})
	if err != nil {
		return job.Job{}, err
	}
	return r.Job, nil
}

// Get returns the job.
func (j *Jobs) Get(ctx context.Context, id string) (job.Job, error) { return j.get(ctx, `id = ?`, id) }

// ByKey returns the job with the idempotency key.
func (j *Jobs) ByKey(ctx context.Context, key string) (job.Job, error) {
	return j.get(ctx, `idempotency_key = ? AND idempotency_key <> ''`, key)
}

func (j *Jobs) get(ctx context.Context, where string, arg any) (found job.Job, err error) {
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		r, err := j.one(ctx, q, where, arg)
		if err == nil {
			found = r.Job
		}
		return err
	})
	return found, err
}

// one reads the row for which the condition is true, or returns ErrNotFound.
func (j *Jobs) one(ctx context.Context, q querier, where string, args ...any) (*jobRow, error) {
	rows, err := j.rows(ctx, q, `SELECT `+jobColumns+` FROM import_jobs WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: %.100q", job.ErrNotFound, args)
	}
	return &rows[0], nil
}

// rows reads rows.
func (j *Jobs) rows(ctx context.Context, q querier, statement string, args ...any) (all []jobRow, err error) {
	rows, err := q.QueryxContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		all = append(all, jobRow{})
		if err := all[len(all)-1].scan(rows); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

// jobs reads jobs.
func (j *Jobs) jobs(ctx context.Context, q querier, statement string, args ...any) ([]job.Job, error) {
	rows, err := j.rows(ctx, q, statement, args...)
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
func (j *Jobs) GetMany(ctx context.Context, ids []string) (jobs []job.Job, err error) {
	wanted, err := list(ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		jobs, err = j.jobs(ctx, q, `SELECT `+jobBrief+` FROM import_jobs WHERE id IN (SELECT value FROM json_each(?))`,
			wanted)
		return err
	})
	return jobs, err
}

// List returns jobs, newest first.
func (j *Jobs) List(ctx context.Context, query job.Query) (jobs []job.Job, count int64, err error) {
	if err := driver.CheckQuery(query); err != nil {
		return nil, 0, err
	}
	states, err := list(query.States)
	if err != nil {
		return nil, 0, err
	}
	users, err := list(query.Users)
	if err != nil {
		return nil, 0, err
	}
	const where = ` FROM import_jobs WHERE (?1 = '[]' OR state IN (SELECT value FROM json_each(?1)))
		AND (?2 = '[]' OR asked_by IN (SELECT value FROM json_each(?2)))
		AND (?3 = '' OR settings ->> '$.undo' = ?3)`
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		if err := q.QueryRowxContext(ctx, `SELECT count(*)`+where, states, users, query.Undo).Scan(&count); err != nil {
			return err
		}
		jobs, err = j.jobs(ctx, q, `SELECT `+jobBrief+where+` ORDER BY created_at DESC, id DESC LIMIT ?4 OFFSET ?5`,
			states, users, query.Undo, query.Limit, query.Offset)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return jobs, count, nil
}

// Wake returns a channel that has a value soon after a job became ready.
func (j *Jobs) Wake(ctx context.Context) <-chan struct{} { return j.db.wakes.jobs.listen(ctx) }
