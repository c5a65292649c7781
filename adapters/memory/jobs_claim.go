package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Claim takes the next job.
func (j *Jobs) Claim(ctx context.Context, worker string, lease time.Duration,
	maxAttempts int) (claim *job.Claim, err error) {
	if err := driver.CheckClaim(worker, lease, maxAttempts); err != nil {
		return nil, err
	}
	err = j.db.do(ctx, func(ctx context.Context, t *tx) error {
		at := j.db.now()
		for claim == nil {
			r := j.next(at)
			if r == nil {
				return nil
			}
			err := r.change(t, func() error {
				vanished := r.worker
				if vanished != "" {
					driver.Abandon(&r.Job, vanished, r.progressed())
				}
				if r.worker = ""; !driver.Claim(&r.Job, at, maxAttempts, r.committed()) {
					return j.ended(ctx, r)
				}
				r.token++
				r.worker, r.until, r.length = worker, at.Add(lease), lease
				claim = &job.Claim{Job: r.copy(), Token: r.token, Worker: worker, Vanished: vanished}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claim, nil
}

// next returns the row that should be claimed now, or nil.
func (j *Jobs) next(now time.Time) (best *jobRow) {
	for _, r := range j.rows {
		ready := r.worker == "" && r.State == job.Pending && driver.Expired(now, r.NotBefore, r.wait)
		expired := r.worker != "" && !r.held(now)
		if (ready || expired) && (best == nil || r.Priority > best.Priority) {
			best = r
		}
	}
	return best
}

// withClaim lets f use the claim's job, and change it, if the claim is still good.
func (j *Jobs) withClaim(ctx context.Context, claim *job.Claim,
	f func(ctx context.Context, t *tx, r *jobRow) error) error {
	return j.db.do(ctx, func(ctx context.Context, t *tx) error {
		r := j.byID[claim.Job.ID]
		if r == nil || r.worker == "" || r.token != claim.Token {
			return fmt.Errorf("%w: %s, held by %s with token %d", job.ErrLeaseLost, claim.Job.ID, claim.Worker,
				claim.Token)
		}
		return r.change(t, func() error { return f(ctx, t, r) })
	})
}

// Renew holds on to the job.
func (j *Jobs) Renew(ctx context.Context, claim *job.Claim, lease time.Duration,
	update *job.Update) (cancel bool, err error) {
	err = j.withClaim(ctx, claim, func(_ context.Context, _ *tx, r *jobRow) error {
		r.until, r.length = j.db.now().Add(lease), lease
		if update != nil {
			if err := driver.Renew(&r.Job, ownedUpdate(update)); err != nil {
				return err
			}
		}
		cancel = r.CancelRequested
		return nil
	})
	return cancel && err == nil, err
}

// ownedUpdate copies what the caller may change later.
func ownedUpdate(u *job.Update) *job.Update {
	if u == nil {
		return nil
	}
	own := ownedJob(job.Job{Dialect: u.Dialect, Rejects: u.Rejects})
	return &job.Update{State: u.State, Event: u.Event, Dialect: own.Dialect, Rejects: own.Rejects}
}

// Checkpoint notes a batch in its transaction.
func (j *Jobs) Checkpoint(ctx context.Context, claim *job.Claim, done importer.Commit) error {
	return j.withClaim(ctx, claim, func(_ context.Context, t *tx, r *jobRow) error {
		if _, before := r.checkpoints[done.Batch]; before {
			return fmt.Errorf("%w: batch %d of %s", job.ErrCommitted, done.Batch, r.ID)
		}
		refused := ownedRejects(done.Refused)
		skipped := slices.Clone(done.Skipped)
		done.Refused, done.Skipped = nil, nil
		r.checkpoints[done.Batch] = checkpoint{Commit: done, refused: refused, skipped: skipped, token: r.token}
		t.onRollback(func() { delete(r.checkpoints, done.Batch) })
		return nil
	})
}

// Checkpoints returns the batches.
func (j *Jobs) Checkpoints(ctx context.Context, claim *job.Claim) (done map[int64]importer.Commit, err error) {
	err = j.withClaim(ctx, claim, func(_ context.Context, _ *tx, r *jobRow) error {
		done = make(map[int64]importer.Commit, len(r.checkpoints))
		for batch, c := range r.checkpoints {
			done[batch] = c.Commit
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// Release gives the job back.
func (j *Jobs) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (given job.Job, err error) {
	err = j.withClaim(ctx, claim, func(ctx context.Context, _ *tx, r *jobRow) error {
		driver.Release(&r.Job, j.db.now(), failed, r.progressed(), reason, delay, r.committed())
		r.worker, r.wait = "", delay
		given = r.copy()
		return j.ended(ctx, r)
	})
	if err != nil {
		return job.Job{}, err
	}
	j.wake()
	return given, nil
}

// Finish ends the job.
func (j *Jobs) Finish(ctx context.Context, claim *job.Claim, state job.State, reason string,
	update *job.Update) (ended job.Job, err error) {
	err = j.withClaim(ctx, claim, func(ctx context.Context, _ *tx, r *jobRow) error {
		if err := driver.Finish(&r.Job, j.db.now(), state, reason, ownedUpdate(update), r.committed()); err != nil {
			return err
		}
		r.worker = ""
		ended = r.copy()
		return j.ended(ctx, r)
	})
	if err != nil {
		return job.Job{}, err
	}
	return ended, nil
}
