package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/progress"
)

// errCancelled is why an import ends whose job somebody cancelled.
var errCancelled = errors.New("job: cancelled")

// attempt is the work on a claimed job.
type attempt struct {
	*Runner
	claim      *Claim
	news       chan struct{} // holds a value when latest was not told yet
	progressed bool          // a batch was committed

	// By hold.
	told        *Update
	toldDialect bool

	mu      sync.Mutex
	latest  *Update // what is known of the import
	dialect *importer.Dialect
	rejects map[importer.Code]int64
}

// run imports the job's file.
func (a *attempt) run(ctx context.Context, stop <-chan struct{}) error {
	select {
	case <-stop: // as when the worker was told to stop while it claimed the job
		return importer.ErrStopped
	default:
	}
	o, err := a.claim.Job.Settings.fixed().Options()
	if err != nil {
		return err
	}
	// Its end ends the import, for the reason that is its cause.
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var holding sync.WaitGroup
	holding.Go(func() { a.hold(ctx, end) })
	defer func() { end(nil); holding.Wait() }()

	before, err := a.store.Checkpoints(ctx, a.claim)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	var resumed atomic.Int64
	o.Committed = func(batch int64) (importer.Commit, bool) {
		done, committed := before[batch]
		if committed {
			resumed.Add(1)
		}
		return done, committed
	}
	committed := Sum(before)
	o.Resumed = &committed
	o.Checkpoint = func(ctx context.Context, done importer.Commit) error { return a.store.Checkpoint(ctx, a.claim, done) }
	o.Stop, o.Progress, o.OnDialect, o.OnReject = stop, progress.Func(a.report), a.learn, a.reject
	o.Writers, o.Parsers, o.MaxDuplicates = a.options.Writers, a.options.Parsers, a.options.MaxDuplicates
	if a.options.Notifier != nil {
		o.Notifier = a.options.Notifier(a.claim.Job)
	}
	result, err := importer.Run(ctx, NewSource(a.uploads, a.claim.Job.Upload, a.claim.Job.Size), a.products, o)
	a.progressed = !o.DryRun && result.Batches > resumed.Load()
	a.conclude(result)
	return err
}

// hold renews the lease until the context ends, and tells the store what is new. It ends the import when the lease is
// lost, or somebody wants the job to end.
func (a *attempt) hold(ctx context.Context, end context.CancelCauseFunc) {
	every := min(a.options.Lease/3, renewEvery)
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.news: // the importer sees to it that they are few
		case <-timer.C:
		}
		update := a.untold() // again where the last try failed
		// One that hangs must not keep the next one from coming before the lease has run out.
		try, cancel := context.WithTimeout(ctx, a.options.Lease/3)
		cancelled, err := a.store.Renew(try, a.claim, a.options.Lease, update)
		cancel()
		a.heard(ctx, err)
		switch {
		case errors.Is(err, ErrLeaseLost):
			end(ErrLeaseLost)
			return
		case err != nil: // perhaps the next one comes through
		case cancelled:
			end(errCancelled)
			return
		case update != nil:
			a.told, a.toldDialect = update, a.toldDialect || update.Dialect != nil
		}
		timer.Reset(every)
	}
}

// report is told how far the import is.
func (a *attempt) report(_ context.Context, event progress.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	event.Reached = a.claim.Job.Event.Reached
	update := &Update{State: Started, Event: event}
	if event.Phase != progress.Checking {
		update.State = Progress
		// The whole file was checked: only what the store refuses is added.
		if update.Rejects = maps.Clone(a.rejects); update.Rejects == nil {
			update.Rejects = map[importer.Code]int64{}
		}
	}
	a.latest = update
	if event.Phase.Terminal() {
		return // told by settle, if it is the job's end
	}
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// learn is told how the file is read.
func (a *attempt) learn(dialect importer.Dialect) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dialect = &dialect
	return nil
}

// reject counts the rejected records.
func (a *attempt) reject(r importer.Reject) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rejects == nil {
		a.rejects = map[importer.Code]int64{}
	}
	a.rejects[r.Code]++
	return nil
}

// untold returns the latest update; nil when it was told, or is the terminal one.
func (a *attempt) untold() *Update {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.latest == nil || a.latest == a.told || a.latest.Event.Phase.Terminal() {
		return nil
	}
	if !a.toldDialect {
		a.latest.Dialect = a.dialect
	}
	return a.latest
}

// conclude adds what the result knows.
func (a *attempt) conclude(result *importer.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.latest == nil {
		a.latest = &Update{State: Started}
	}
	if len(result.Dialect.Columns) > 0 {
		a.latest.Dialect = &result.Dialect
	}
	a.latest.Rejects = maps.Clone(result.Rejects)
}

// settle ends the job, or gives it back, for the reason why the import ended.
func (a *attempt) settle(ctx context.Context, cause error) (Job, error) {
	job := a.claim.Job
	switch {
	case cause == nil:
		return a.finish(ctx, Success, "")
	case errors.Is(cause, ErrLeaseLost):
		return job, ErrLeaseLost
	case errors.Is(cause, errCancelled):
		return a.finish(ctx, Revoked, "")
	case errors.Is(cause, importer.ErrStopped), ctx.Err() != nil:
		return a.release(ctx, false, "", 0)
	case !canPass(cause):
		return a.finish(ctx, Failure, cause.Error())
	case passes(cause):
		return a.wait(ctx, cause)
	}
	failed := 1
	if !a.progressed {
		failed += job.Attempts
	}
	if failed >= a.options.MaxAttempts {
		return a.finish(ctx, Failure, GaveUp(failed, cause.Error()))
	}
	return a.release(ctx, true, cause.Error(), a.pause(failed))
}

// wait gives the job back until the trouble may have passed, or ends it when it has waited for too long.
func (a *attempt) wait(ctx context.Context, cause error) (Job, error) {
	waited := a.claim.Job.Waited
	if a.progressed {
		waited = 0
	}
	left := a.options.MaxWait - waited
	if left <= 0 {
		return a.finish(ctx, Failure, fmt.Sprintf("gave up after it waited for %v: %s", waited, cause))
	}
	// Waited is the sum of the pauses, so they double.
	return a.release(ctx, false, cause.Error(), min(waited+a.options.Backoff, a.options.MaxBackoff, left))
}

func (a *attempt) finish(ctx context.Context, state State, reason string) (job Job, err error) {
	err = a.insist(ctx, a.claim, func(ctx context.Context) (err error) {
		job, err = a.store.Finish(ctx, a.claim, state, reason, a.latest)
		return err
	})
	return job, err
}

func (a *attempt) release(ctx context.Context, failed bool, reason string, delay time.Duration) (job Job, err error) {
	err = a.insist(ctx, a.claim, func(ctx context.Context) (err error) {
		job, err = a.store.Release(ctx, a.claim, failed, reason, delay)
		return err
	})
	return job, err
}
