package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job/internal/rule"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// errCancelled is why an import ends whose job somebody cancelled.
var errCancelled = errors.New("job: cancelled")

// attempt is the work on a claimed job.
type attempt struct {
	runner    *Runner
	claim     *Claim
	changed   chan struct{} // holds a value when latest was not stored yet
	committed bool          // the attempt committed a batch
	retry     RetryReason   // why the job was released; empty where it only was given back

	// Used by renewUntil alone.
	stored        *Update
	dialectStored *importer.Dialect

	mu      sync.Mutex
	latest  *Update // what is known of the import
	dialect *importer.Dialect
	rejects map[importer.Code]int64
	metered progress.Counts // what the Meter knows of, and earlier attempts committed
}

// run imports the job's file, and returns why the import ended.
func (a *attempt) run(ctx context.Context, stop <-chan struct{}) error {
	select {
	case <-stop: // closed while the worker claimed the job
		return importer.ErrStopped
	default:
	}
	r, job := a.runner, &a.claim.Job
	o, err := job.Settings.withBatchDefaults(importer.BatchSize{}).Options()
	if err != nil {
		return err
	}
	store := jobStore{r.products, job.Settings.schema(), job.Settings.Into}
	if err := store.check(); err != nil {
		return err
	}
	// The import ends with this context, for the reason that is the context's cause.
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var renewing sync.WaitGroup
	renewing.Go(func() { a.renewUntil(ctx, end) })
	defer func() { end(nil); renewing.Wait() }()

	before := map[int64]importer.Commit{}
	if a.claim.Token > 1 { // else nobody had the job before
		if before, err = r.store.Checkpoints(ctx, a.claim); err == nil {
			err = a.addRefused(ctx, before)
		}
		if err != nil {
			return causeOr(ctx, err)
		}
	}
	for _, done := range before {
		a.metered.Add(done.Counts)
	}
	if job.Settings.Undo != "" {
		return a.undo(ctx, stop, before)
	}
	if job.Priority == ownPriority {
		return errGone
	}
	o.Checkpoints = importer.Checkpoints{
		Save: func(ctx context.Context, done importer.Commit) error {
			return r.store.Checkpoint(ctx, a.claim, done)
		},
		Committed: before,
	}
	o.Stop, o.Progress, o.OnDialect, o.OnReject = stop, progress.Func(a.report), a.setDialect, a.countReject
	o.Writers, o.Parsers, o.MaxDuplicates = r.options.Writers, r.options.Parsers, r.options.MaxDuplicates
	if err := a.keep(ctx, &o); err != nil {
		return err
	}
	checks := r.checks(job)
	if o.Missing == importer.MissingKeep || o.Checkpoints.Missing != nil { // else the check finds what is missing
		o.Checked = checks.find(ctx)
	}
	file := newSource(r.uploads, job.File, job.Size)
	if o.Checked == nil {
		o.OnChecked = checks.keeper(ctx)
	} else {
		a.rejects = maps.Clone(o.Checked.Rejects)
		o.Place = checks.findPlace(ctx, before, file)
	}
	if !o.DryRun { // which commits nothing, so that another attempt begins at its beginning
		o.OnPlace = checks.placeKeeper(ctx, file)
	}
	result, err := importer.Run(ctx, file, store.whole(), o)
	if err == nil && !o.DryRun {
		checks.drop(ctx, result.Batches)
	}
	a.committed = !o.DryRun && result.Batches > result.Resumed
	a.addResult(result)
	return err
}

// keep makes an import tell and keep what its job wants told and kept of it.
func (a *attempt) keep(ctx context.Context, o *importer.Options) error {
	if notifier := a.runner.options.Notifier; notifier != nil {
		o.Notifier = notifier(a.claim.Job)
	}
	err := a.keepChanges(ctx, o)
	if err == nil {
		err = a.keepMissing(ctx, o)
	}
	if err != nil {
		return causeOr(ctx, err)
	}
	return nil
}

// addRefused adds to batches that were committed earlier what the store refused of them, without its fields.
func (a *attempt) addRefused(ctx context.Context, done map[int64]importer.Commit) error {
	for batch := int64(0); len(done) > 0; {
		refused, next, err := a.runner.store.Refused(ctx, a.claim.Job.ID, batch)
		if err != nil || len(refused) == 0 {
			return err
		}
		batch = next
		commit, known := done[batch]
		if !known {
			continue
		}
		for i := range refused {
			commit.Refused = append(commit.Refused, importer.Reject{Code: refused[i].Code})
		}
		done[batch] = commit
	}
	return nil
}

// Destination is an [importer.Store] beside which there may be others that take the same records, such as the tables of
// a database. Its text names it and whatever else decides which rows a record is written to, the same in all processes;
// it is valid UTF-8, without zero bytes, and not empty, which stands for products.
type Destination interface {
	importer.Store
	Destination() string
}

// DestinationOf returns what the store says of itself, empty if it is no [Destination].
func DestinationOf(store importer.Store) string {
	if d, says := store.(Destination); says {
		return d.Destination()
	}
	return ""
}

// ofProducts is what sentences call the destination of products.
const ofProducts = "the importer's own products"

// jobStore is a store to which a job is imported by the job's own schema. So it doesn't matter which of two processes
// with different fields works on it.
type jobStore struct {
	importer.Store
	schema *products.Schema
	into   string // the destination that the job is for
}

func (s jobStore) Schema() *products.Schema { return s.schema }

// BatchSize is that of the store, the zero value where it says nothing of it.
func (s jobStore) BatchSize() (size importer.BatchSize) {
	if sizer, says := s.Store.(importer.BatchSizer); says {
		size = sizer.BatchSize()
	}
	return size
}

// asServed are the flags by which a worker imports into the table of the server.
const asServed = "with the -table, -key, -set, -rename and -leave of the server"

// whole is the store with what else it can do, where products can be kept in step with a file.
func (s jobStore) whole() importer.Store {
	keys, reads := s.Store.(products.KeyReader)
	reverter, reverts := s.Store.(products.Reverter)
	if !reads || !reverts {
		return s
	}
	return struct {
		jobStore
		products.KeyReader
		products.Reverter
	}{s, keys, reverter}
}

// check returns an error where the store isn't the one that the job is for, or doesn't keep a field of the job's. It
// can pass: another worker may.
func (s jobStore) check() error {
	if have := DestinationOf(s.Store); have != s.into {
		return fieldsError{fmt.Errorf("%w: the job is for %s, and this worker imports into %s: start it %s",
			products.ErrUnavailable, cmp.Or(s.into, ofProducts), cmp.Or(have, ofProducts), asServed)}
	}
	keeps, as := s.Store.Schema(), "with the fields of the server"
	if s.schema.IsTable() {
		as = asServed
	}
	for i := range s.schema.Len() {
		f := s.schema.At(i)
		if have := keeps.Find(f.Name); have == nil || !have.SameStorage(f) {
			return fieldsError{fmt.Errorf("%w: the job has a field %q of the type %v, which this worker lacks: start it %s",
				products.ErrUnavailable, f.Name, f.Type, as)}
		}
	}
	return nil
}

// renewUntil renews the lease until the context ends, and stores updates with it. It ends the import when the lease is
// lost, or somebody asked for the job's end.
func (a *attempt) renewUntil(ctx context.Context, end context.CancelCauseFunc) {
	lease := a.runner.options.Lease
	every := min(lease/3, renewInterval)
	timer := time.NewTimer(every)
	defer timer.Stop()
	// Of an import that soon ends nothing is stored but its end.
	soon := time.NewTimer(min(every, firstUpdate))
	defer soon.Stop()
	var changed chan struct{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-soon.C:
			changed = a.changed
			continue
		case <-changed: // the importer sees to it that they are few
		case <-timer.C:
		}
		update := a.pending() // the same again where the last try failed
		// A call that hangs must not keep the next one from coming before the lease has run out.
		try, cancel := context.WithTimeout(ctx, lease/3)
		cancelled, err := a.runner.store.Renew(try, a.claim, lease, update)
		cancel()
		a.runner.outages.observe(ctx, err)
		switch {
		case errors.Is(err, ErrLeaseLost):
			end(ErrLeaseLost)
			return
		case err != nil: // perhaps the next one succeeds
		case cancelled:
			end(errCancelled)
			return
		case update != nil:
			a.stored = update
			if update.Dialect != nil {
				a.dialectStored = update.Dialect
			}
		}
		timer.Reset(every)
	}
}

// report is the progress reporter of the import.
func (a *attempt) report(_ context.Context, event progress.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	event.Reached = a.claim.Job.Event.Reached
	a.meter(event)
	update := &Update{State: Started, Event: event}
	if event.Phase != progress.Checking {
		update.State = Progress
		// The whole file was checked: only what the store refuses is added from now on.
		if update.Rejects = maps.Clone(a.rejects); update.Rejects == nil {
			update.Rejects = map[importer.Code]int64{}
		}
	}
	a.latest = update
	if event.Phase.Terminal() {
		return // stored by finish, if it is the job's end
	}
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// meter tells the Meter what was committed since it was told last. The caller holds the lock.
func (a *attempt) meter(event progress.Event) {
	if event.Phase == progress.Checking || a.claim.Job.Settings.DryRun {
		return
	}
	if news := event.Counts.Minus(a.metered); news != (progress.Counts{}) {
		a.metered = event.Counts
		a.runner.options.Meter.Committed(news)
	}
}

// setDialect is given how the file is read, and again where more becomes known.
func (a *attempt) setDialect(dialect importer.Dialect) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dialect = &dialect
	return nil
}

// countReject counts a rejected record.
func (a *attempt) countReject(r importer.Reject) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rejects == nil {
		a.rejects = map[importer.Code]int64{}
	}
	a.rejects[r.Code]++
	return nil
}

// pending returns the latest update; nil when it was stored, or is the terminal one.
func (a *attempt) pending() *Update {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.latest == nil || a.latest == a.stored || a.latest.Event.Phase.Terminal() {
		return nil
	}
	if a.dialect != a.dialectStored {
		a.latest.Dialect = a.dialect
	}
	return a.latest
}

// addResult adds what the result knows to the latest update.
func (a *attempt) addResult(result *importer.Result) {
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

// end finishes the job or releases it, depending on why the import ended.
func (a *attempt) end(ctx context.Context, cause error) (Job, error) {
	job, options := a.claim.Job, &a.runner.options
	switch {
	case cause == nil:
		return a.finish(ctx, Success, "")
	case errors.Is(cause, ErrLeaseLost):
		return job, ErrLeaseLost
	case errors.Is(cause, errCancelled):
		return a.finish(ctx, Revoked, "")
	case errors.Is(cause, importer.ErrStopped), ctx.Err() != nil:
		return a.release(ctx, false, "", 0)
	case isTransient(cause):
		return a.postpone(ctx, cause)
	case !isRetryable(cause):
		return a.finish(ctx, Failure, cause.Error())
	}
	a.retry = retryReason(cause)
	failed := 1
	if !a.committed {
		failed += job.Attempts
	}
	if failed >= options.MaxAttempts {
		return a.finish(ctx, Failure, rule.GaveUp(failed, cause.Error()))
	}
	return a.release(ctx, true, cause.Error(), options.backoff(failed))
}

// maxFieldsBackoff is the longest pause of a job that a worker can't do: the next one that takes it may be another,
// which can, and looking costs little.
const maxFieldsBackoff = 5 * time.Second

// postpone releases the job until the trouble may have passed, or finishes it when it has waited for too long.
func (a *attempt) postpone(ctx context.Context, cause error) (Job, error) {
	options, waited := &a.runner.options, a.claim.Job.Waited
	a.retry = retryReason(cause)
	if a.committed {
		waited = 0
	}
	left := options.MaxWait - waited
	if left <= 0 {
		return a.finish(ctx, Failure, fmt.Sprintf("gave up after it waited for %v: %s", waited, cause))
	}
	longest := options.MaxBackoff
	if a.retry == RetryFields {
		longest = min(longest, maxFieldsBackoff)
	}
	// Waited is the sum of the pauses, so they double.
	return a.release(ctx, false, cause.Error(), min(waited+options.Backoff, longest, left))
}

func (a *attempt) finish(ctx context.Context, state State, reason string) (job Job, err error) {
	err = a.runner.endClaim(ctx, a.claim, func(ctx context.Context) (err error) {
		job, err = a.runner.store.Finish(ctx, a.claim, state, reason, a.latest)
		return err
	})
	return job, err
}

func (a *attempt) release(ctx context.Context, failed bool, reason string, delay time.Duration) (job Job, err error) {
	err = a.runner.endClaim(ctx, a.claim, func(ctx context.Context) (err error) {
		job, err = a.runner.store.Release(ctx, a.claim, failed, reason, delay)
		return err
	})
	return job, err
}
