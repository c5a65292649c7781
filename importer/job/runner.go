package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job/internal/rule"
	"github.com/products-importer/products-importer/products"
)

// RunnerOptions are the settings of a Runner. The zero value works.
type RunnerOptions struct {
	// Lease is how long a job is out of reach when its worker vanishes: at least 10 ms, 0 for 15 s.
	Lease time.Duration
	// MaxAttempts is how many attempts in a row may fail without a batch committed, because their worker vanished or
	// the upload can't be read: at least 1, 0 for 5. Attempts that met trouble of the database don't count, see
	// MaxWait.
	MaxAttempts int
	// Backoff is the pause after the first failed attempt, which doubles with every further one: at least 1 ms, 0 for 1
	// s. MaxBackoff is the longest pause: at least Backoff, 0 for a minute or Backoff. A job for whose fields or table
	// another worker is needed pauses for at most 5 s.
	Backoff, MaxBackoff time.Duration
	// MaxWait is how long a job waits in all, while no batch is committed, for trouble that passes by itself: Backoff
	// to 30 days, 0 for an hour or Backoff.
	MaxWait time.Duration
	// Writers, Parsers and MaxDuplicates are those of importer.Options. An undo takes back as many batches at a time as
	// an import writes.
	Writers, Parsers, MaxDuplicates int
	// Notifier, if not nil, makes the notifier of a job's import; it may return nil.
	Notifier func(job Job) importer.WebhookNotifier
	// Meter, if not nil, is told what the Runner does.
	Meter Meter
}

const (
	// renewInterval is how long it may go unnoticed that somebody asked for the end of a job.
	renewInterval = 300 * time.Millisecond
	// firstUpdate is after how much time it is stored for the first time how far an import is.
	firstUpdate = 50 * time.Millisecond
	// endTimeout is how long the end of an attempt may take once its context has ended.
	endTimeout = 2 * time.Second
	// maxRefusals is how often in a row a store may renew a claim and not end it.
	maxRefusals = 3
	// highestMaxWait is the highest MaxWait.
	highestMaxWait = 30 * 24 * time.Hour
)

// Runner works on claimed jobs. It is safe for concurrent use.
type Runner struct {
	store    Store
	uploads  Uploads
	products importer.Store
	options  RunnerOptions
	outages  outageDetector
	// checksFrom is how many bytes a file has at least of which it is kept what its check found.
	checksFrom int64
}

// NewRunner returns a Runner that imports uploads into the products. The store's checkpoints must be part of the
// products' transactions: both must be of one database.
func NewRunner(store Store, uploads Uploads, products importer.Store, options RunnerOptions) (*Runner, error) {
	if store == nil || uploads == nil || products == nil {
		return nil, errors.New("job: a runner needs a store, a place for uploads and a store of products")
	}
	o := &options
	if o.MaxBackoff == 0 {
		o.MaxBackoff = max(time.Minute, o.Backoff)
	}
	if o.Backoff == 0 {
		o.Backoff = min(time.Second, o.MaxBackoff)
	}
	if o.MaxWait == 0 {
		o.MaxWait = max(time.Hour, o.Backoff)
	}
	if o.Lease == 0 {
		o.Lease = 15 * time.Second
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 5
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	switch {
	case o.Lease < 10*time.Millisecond:
		return nil, fmt.Errorf("job: RunnerOptions.Lease must be at least 10ms, not %v", o.Lease)
	case o.MaxAttempts < 1:
		return nil, fmt.Errorf("job: RunnerOptions.MaxAttempts must be at least 1, not %d", o.MaxAttempts)
	case o.Backoff < time.Millisecond:
		return nil, fmt.Errorf("job: RunnerOptions.Backoff must be at least 1ms, not %v", o.Backoff)
	case o.MaxBackoff < o.Backoff:
		return nil, fmt.Errorf("job: RunnerOptions.MaxBackoff must be at least Backoff, not %v", o.MaxBackoff)
	case o.MaxWait < o.Backoff || o.MaxWait > highestMaxWait:
		return nil, fmt.Errorf("job: RunnerOptions.MaxWait must be between Backoff and 30 days, not %v", o.MaxWait)
	}
	var bad *importer.OptionError
	if errors.As(o.importing().Validate(products.Schema()), &bad) {
		return nil, fmt.Errorf("job: RunnerOptions.%s %s", bad.Field, bad.Message)
	}
	return &Runner{store: store, uploads: Compressed(uploads), products: products, options: options,
		outages: outageDetector{least: o.Lease / 2}, checksFrom: checksFrom}, nil
}

// importing returns the options of an import that are the runner's.
func (o *RunnerOptions) importing() importer.Options {
	return importer.Options{Writers: o.Writers, Parsers: o.Parsers, MaxDuplicates: o.MaxDuplicates}
}

// Claim takes the next job for the worker, as Claimer.Claim does, or returns nil when there is none. After an outage of
// the store of half a lease or longer, Claim waits for half a lease: other workers, whose leases ran out meanwhile, get
// the time to return to their jobs.
func (r *Runner) Claim(ctx context.Context, worker string) (*Claim, error) {
	claim, err := r.claim(ctx, worker)
	if err == nil || ctx.Err() == nil { // else it was broken off
		r.options.Meter.Looked(claim, err)
	}
	return claim, err
}

func (r *Runner) claim(ctx context.Context, worker string) (*Claim, error) {
	ctx = rule.WithLease(ctx, r.options.Lease)
	if r.outages.outage() {
		_, err := r.store.Get(ctx, unusedID)
		r.outages.observe(ctx, err)
		if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	if err := r.outages.wait(ctx); err != nil {
		return nil, err
	}
	claim, err := r.store.Claim(ctx, worker, r.options.Lease, r.options.MaxAttempts)
	r.outages.observe(ctx, err)
	return claim, err
}

// unusedID is an ID that no job has.
const unusedID = "00000000-0000-7000-8000-000000000000"

// Wake returns a channel of hints that there is a job to claim, as Claimer.Wake does.
func (r *Runner) Wake(ctx context.Context) <-chan struct{} { return r.store.Wake(ctx) }

// Run works on the claimed job until it is finished or released, and returns it as it is then. It renews the lease and
// stores how far the import is while it works. A committed batch is never written again, whoever committed it.
//
// Trouble of the database that passes by itself ([products.ErrUnavailable], [products.ErrCommitUnknown]: it is away,
// full, busy, or breaks off what it does) releases the job for another attempt after a pause. The pauses grow. Such an
// attempt is no failed one; but a job that has waited for MaxWait, without a batch committed meanwhile, is finished as
// a Failure. An upload that can't be read, or a batch that turns out to be committed already, is a failed attempt: it
// is made again after a pause too, up to MaxAttempts in a row. Any other error finishes the job as a Failure.
//
// A request to cancel is noticed within a second. When stop is closed, the batches in hand are committed and the job is
// released, for anybody to go on with at once. When the context ends, the job is released without waiting for the
// batches. Neither counts as a failed attempt. stop may be nil.
//
// A store that can't be reached when the attempt ends is waited for until the context ends. The error is ErrLeaseLost
// when another worker has the job, or the one that kept the attempt's end from being stored: then others can claim the
// job once the lease has run out.
func (r *Runner) Run(ctx context.Context, claim *Claim, stop <-chan struct{}) (Job, error) {
	ctx = rule.WithLease(ctx, r.options.Lease)
	a := &attempt{runner: r, claim: claim, changed: make(chan struct{}, 1)}
	began := time.Now()
	left := Left{}
	left.Job, left.Err = a.end(ctx, a.run(ctx, stop))
	if left.Err != nil {
		left.Job = claim.Job
	} else if left.Job.State == Pending {
		left.Retry = a.retry
	}
	left.Took = time.Since(began)
	r.options.Meter.Left(left)
	return left.Job, left.Err
}

// MissingHooks returns the names of what has to be set, and isn't, for webhooks to have all events of the imports that
// the Runner runs: RunnerOptions.Notifier, without which nobody learns what an import changes, and the hook of the
// store's OnEnd, without which nobody learns that it ended. It is empty where nothing is missing, as far as is known.
func (r *Runner) MissingHooks() (names []string) {
	if r.options.Notifier == nil {
		names = append(names, "job.RunnerOptions.Notifier")
	}
	if s, ok := r.store.(interface{ HasEndHook() bool }); ok && !s.HasEndHook() {
		names = append(names, "OnEnd of the store of jobs")
	}
	return names
}

// isTransient reports whether the trouble is the database's alone, and passes by itself.
func isTransient(err error) bool {
	return errors.Is(err, products.ErrUnavailable) || errors.Is(err, products.ErrCommitUnknown)
}

// isRetryable reports whether another attempt may succeed where this one failed, for a reason that isn't transient.
func isRetryable(err error) bool {
	if errors.Is(err, ErrCommitted) {
		return true
	}
	var upload *uploadError
	return errors.As(err, &upload) && !errors.Is(err, ErrNotFound)
}

// backoff returns the pause after so many failed attempts in a row.
func (o *RunnerOptions) backoff(attempts int) time.Duration {
	d := o.Backoff
	for ; attempts > 1 && d < o.MaxBackoff; attempts-- {
		d *= 2
	}
	return min(d, o.MaxBackoff)
}

// endClaim calls do, which ends the claim, until it succeeds or fails for good. A store that is away has no other work
// for whoever waits here. A store that can be reached and still doesn't end the claim gets as long as a lease; then the
// claim is left to run out. When the context ends, or has ended, endClaim goes on for endTimeout.
func (r *Runner) endClaim(ctx context.Context, claim *Claim, do func(ctx context.Context) error) error {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	hurry := context.AfterFunc(ctx, func() { time.AfterFunc(endTimeout, cancel) })
	defer hurry()
	call := func(do func(ctx context.Context) error) (err error, away bool) {
		try, end := context.WithTimeout(late, max(r.options.Lease, endTimeout))
		defer end()
		err = do(try)
		r.outages.observe(late, err)
		return err, err != nil && (isTransient(err) || try.Err() != nil) && late.Err() == nil
	}
	began, refusals := time.Now(), 0
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err, away := call(do)
		if !away {
			return err
		}
		if time.Since(began) >= r.options.Lease {
			renewed, away := call(func(ctx context.Context) error {
				_, err := r.store.Renew(ctx, claim, r.options.Lease, nil)
				return err
			})
			switch {
			case away:
				refusals = 0
			case renewed != nil:
				return renewed
			case refusals == maxRefusals: // not just a store that came back between the two calls
				return err
			default:
				refusals++
			}
		}
		select {
		case <-time.After(pause):
		case <-late.Done():
			return err
		}
	}
}
