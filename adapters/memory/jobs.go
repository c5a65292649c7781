package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Jobs keeps the imports of a DB. It is a job.Store; the methods join the transaction of a context that carries one,
// and so a batch's checkpoint is committed with the batch.
type Jobs struct {
	db       *DB
	rows     []*jobRow // in the order of their creation
	byID     map[string]*jobRow
	byKey    map[string]*jobRow     // those with an idempotency key
	files    map[string]job.Upload  // that stand alone, by their IDs
	profiles map[string]job.Profile // by their names
	onEnd    driver.EndHook         // or nil
	wakers
}

var _ job.Store = (*Jobs)(nil)

// Jobs returns the store of jobs.
func (db *DB) Jobs() *Jobs { return &db.jobs }

func (j *Jobs) init(db *DB) {
	j.db = db
	j.byID, j.byKey = map[string]*jobRow{}, map[string]*jobRow{}
	j.files, j.profiles = map[string]job.Upload{}, map[string]job.Profile{}
}

// OnEnd sets the hook that is called for jobs that become final. It must be called before anything else uses the Jobs.
func (j *Jobs) OnEnd(hook driver.EndHook) { j.onEnd = hook }

// HasEndHook reports whether OnEnd was called with a hook.
func (j *Jobs) HasEndHook() bool { return j.onEnd != nil }

// ended calls the hook for a job that has just changed, if that was its end.
func (j *Jobs) ended(ctx context.Context, r *jobRow) error {
	if j.onEnd == nil || !r.State.Final() {
		return nil
	}
	return j.onEnd(ctx, r.copy())
}

// jobRow is a stored job. What its maps and pointers point to is replaced rather than changed.
type jobRow struct {
	job.Job
	token  int64
	worker string // empty while nobody has the job
	until  time.Time
	length time.Duration // of the lease that ends then
	wait   time.Duration // that ends at NotBefore; below 0 where the submitter chose that
	// checkpoints are changed in place, and by undo as well.
	checkpoints map[int64]checkpoint
	changes     []keptChunk
}

type checkpoint struct {
	importer.Commit
	refused []importer.Reject
	skipped []importer.Skipped
	token   int64 // of the claim
}

// copy returns the job for a caller to keep and change.
func (r *jobRow) copy() job.Job { return ownedJob(r.Job) }

// brief returns the job as it is among many: without its dialect.
func (r *jobRow) brief() job.Job {
	j := r.Job
	j.Dialect = nil
	return ownedJob(j)
}

// ownedJob makes a copied job independent of where it came from.
func ownedJob(j job.Job) job.Job {
	j.Settings = ownedSettings(j.Settings)
	j.Rejects = maps.Clone(j.Rejects)
	if j.Dialect != nil {
		d := *j.Dialect
		d.Columns, d.Hints = slices.Clone(d.Columns), slices.Clone(d.Hints)
		j.Dialect = &d
	}
	return j
}

// ownedSettings makes copied settings independent of where they came from.
func ownedSettings(s job.Settings) job.Settings {
	s.Map, s.Set, s.Number, s.Date = maps.Clone(s.Map), maps.Clone(s.Set), maps.Clone(s.Number), maps.Clone(s.Date)
	s.LeaveOut = slices.Clone(s.LeaveOut)
	return s
}

// committed is the sum of the checkpoints.
func (r *jobRow) committed() importer.Commit {
	done := make(map[int64]importer.Commit, len(r.checkpoints))
	for batch, c := range r.checkpoints {
		done[batch] = c.Commit
	}
	return driver.Sum(done)
}

// progressed reports whether the row's last claim committed a batch.
func (r *jobRow) progressed() bool {
	for _, c := range r.checkpoints {
		if c.token == r.token {
			return true
		}
	}
	return false
}

// held reports whether a worker has the job, and its lease hasn't run out.
func (r *jobRow) held(now time.Time) bool {
	return r.worker != "" && !driver.Expired(now, r.until, r.length)
}

// change lets f change the row. It is as before when f or the transaction fails.
func (r *jobRow) change(t *tx, f func() error) error {
	before := *r
	t.onRollback(func() { *r = before })
	return f()
}

// find returns the row with the ID, or ErrNotFound.
func (j *Jobs) find(id string) (*jobRow, error) {
	if r := j.byID[id]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%w: %q", job.ErrNotFound, id)
}

// Create stores a job.
func (j *Jobs) Create(ctx context.Context, submitted job.Job) (stored job.Job, err error) {
	return j.create(ctx, submitted, func(_ *tx, submitted *job.Job) error {
		submitted.File = j.sameFile(submitted.Size, submitted.SHA256)
		return nil
	})
}

// create stores a job in the transaction in which it calls before first, which sets its File.
func (j *Jobs) create(ctx context.Context, submitted job.Job,
	before func(t *tx, submitted *job.Job) error) (stored job.Job, err error) {
	err = j.db.do(ctx, func(ctx context.Context, t *tx) error {
		if undo := submitted.Settings.Undo; undo != "" {
			if err := driver.CheckUndo(ctx, j, undo, nil); err != nil {
				return err
			}
		}
		if err := before(t, &submitted); err != nil {
			return err
		}
		r := &jobRow{Job: ownedJob(submitted), checkpoints: map[int64]checkpoint{}}
		if !r.NotBefore.IsZero() {
			r.wait = -1
		}
		driver.Create(&r.Job, j.db.now())
		if key := r.IdempotencyKey; key != "" {
			if j.byKey[key] != nil {
				return fmt.Errorf("%w: %q", job.ErrKeyUsed, key)
			}
			j.byKey[key] = r
		}
		for _, earlier := range slices.Backward(j.rows) {
			if r.SHA256 != "" && earlier.SHA256 == r.SHA256 {
				r.DuplicateOf = earlier.ID
				break
			}
		}
		before := j.rows
		j.rows = append(j.rows, r)
		j.byID[r.ID] = r
		t.onRollback(func() {
			j.rows = before
			delete(j.byID, r.ID)
			if r.IdempotencyKey != "" {
				delete(j.byKey, r.IdempotencyKey)
			}
		})
		stored = r.copy()
		return nil
	})
	if err != nil {
		return job.Job{}, err
	}
	j.wake()
	return stored, nil
}

// Cancel asks for a job's end.
func (j *Jobs) Cancel(ctx context.Context, id string) (cancelled job.Job, err error) {
	err = j.db.do(ctx, func(ctx context.Context, t *tx) error {
		r, err := j.find(id)
		if err != nil {
			return err
		}
		return r.change(t, func() error {
			at := j.db.now()
			held := r.held(at)
			if err := driver.Cancel(&r.Job, at, held, r.committed()); err != nil {
				return err
			}
			if !held {
				r.worker = ""
			}
			cancelled = r.copy()
			return j.ended(ctx, r)
		})
	})
	if err != nil {
		return job.Job{}, err
	}
	return cancelled, nil
}

// Refused returns what was refused of a batch.
func (j *Jobs) Refused(ctx context.Context, id string, above int64) (refused []importer.Reject, batch int64,
	err error) {
	return kept(ctx, j, id, above, func(c checkpoint) []importer.Reject { return c.refused }, ownedRejects)
}

// Skipped returns what was skipped of a batch.
func (j *Jobs) Skipped(ctx context.Context, id string, above int64) (skipped []importer.Skipped, batch int64,
	err error) {
	return kept(ctx, j, id, above, func(c checkpoint) []importer.Skipped { return c.skipped }, slices.Clone)
}

// kept returns what of gives for the first batch above the number for which it gives any, as the caller's own.
func kept[T any](ctx context.Context, j *Jobs, id string, above int64, of func(c checkpoint) []T,
	own func(records []T) []T) (records []T, batch int64, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		r := j.byID[id]
		if r == nil {
			return nil
		}
		for number, c := range r.checkpoints {
			if found := of(c); number > above && len(found) > 0 && (batch == 0 || number < batch) {
				records, batch = found, number
			}
		}
		records = own(records)
		return nil
	})
	return records, batch, err
}

// ownedRejects copies rejects, so that they neither change with the caller's nor hold the text of others in memory.
func ownedRejects(all []importer.Reject) []importer.Reject {
	own := slices.Clone(all)
	for i := range own {
		own[i].Fields = slices.Clone(own[i].Fields)
		for k, field := range own[i].Fields {
			own[i].Fields[k] = strings.Clone(field)
		}
	}
	return own
}

// Get finds the job by its ID.
func (j *Jobs) Get(ctx context.Context, id string) (found job.Job, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		r, err := j.find(id)
		if err == nil {
			found = r.copy()
		}
		return err
	})
	return found, err
}

// GetMany finds jobs by their IDs.
func (j *Jobs) GetMany(ctx context.Context, ids []string) (found []job.Job, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		for id := range uniq(ids) {
			if r := j.byID[id]; r != nil {
				found = append(found, r.brief())
			}
		}
		return nil
	})
	return found, err
}

// uniq yields each of the strings once.
func uniq(all []string) map[string]struct{} {
	set := make(map[string]struct{}, len(all))
	for _, s := range all {
		set[s] = struct{}{}
	}
	return set
}

// ByKey finds the job by its idempotency key.
func (j *Jobs) ByKey(ctx context.Context, key string) (found job.Job, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		r := j.byKey[key]
		if r == nil {
			return fmt.Errorf("%w: no job has the idempotency key %q", job.ErrNotFound, key)
		}
		found = r.copy()
		return nil
	})
	return found, err
}

// List lists jobs, newest first.
func (j *Jobs) List(ctx context.Context, q job.Query) (found []job.Job, count int64, err error) {
	if err := driver.CheckQuery(q); err != nil {
		return nil, 0, err
	}
	err = j.db.do(ctx, func(context.Context, *tx) error {
		for _, r := range slices.Backward(j.rows) {
			if len(q.States) > 0 && !slices.Contains(q.States, r.State) ||
				len(q.Users) > 0 && !slices.Contains(q.Users, r.User) || q.Undo != "" && r.Settings.Undo != q.Undo {
				continue
			}
			if count++; count > int64(q.Offset) && len(found) < q.Limit {
				found = append(found, r.brief())
			}
		}
		return nil
	})
	return found, count, err
}
