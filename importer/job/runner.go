package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// RunnerOptions are the settings of a Runner. The zero value works.
type RunnerOptions struct {
	// Lease is how long a job is out of reach when its worker vanishes: at least 10 ms, 0 for 15 s.
	Lease time.Duration
	// MaxAttempts is how many attempts in a row may fail without a batch committed, because their worker vanished or the
	// upload can't be read: at least 1, 0 for 5. Attempts that met trouble of the database don't count, see MaxWait.
	MaxAttempts int
	// Backoff is the pause after the first failed attempt, which doubles with every further one: at least 1 ms, 0 for 1 s.
	// MaxBackoff is the longest pause: at least Backoff, 0 for a minute or Backoff.
	Backoff, MaxBackoff time.Duration
	// MaxWait is how long a job waits in all, while no batch is committed, for trouble that passes by itself: Backoff to 30
	// days, 0 for an hour or Backoff.
	MaxWait time.Duration
	// Writers, Parsers and MaxDuplicates are those of importer.Options.
	Writers, Parsers, MaxDuplicates int
	// Notifier, if not nil, makes the notifier of a job's import; it may return nil.
	Notifier func(job Job) importer.WebhookNotifier
}

const (
	// renewEvery is how long a wish to cancel may go unnoticed.
	renewEvery = 300 * time.Millisecond
	// farewell is how long the end of an attempt may take once its context has ended.
	farewell = 2 * time.Second
	// mostRefused is how often in a row a store may renew a claim and not end it.
	mostRefused = 3
	// mostWait is the highest MaxWait.
	mostWait = 30 * 24 * time.Hour
)

// Runner works on claimed jobs. It is safe for concurrent use.
type Runner struct {
	store    Store
	uploads  Uploads
	products importer.Store
	options  RunnerOptions
	contact  contact
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
	switch {
	case o.Lease < 10*time.Millisecond:
		return nil, fmt.Errorf("job: RunnerOptions.Lease must be at least 10ms, not %v", o.Lease)
	case o.MaxAttempts < 1:
		return nil, fmt.Errorf("job: RunnerOptions.MaxAttempts must be at least 1, not %d", o.MaxAttempts)
	case o.Backoff < time.Millisecond:
		return nil, fmt.Errorf("job: RunnerOptions.Backoff must be at least 1ms, not %v", o.Backoff)
	case o.MaxBackoff < o.Backoff:
		return nil, fmt.Errorf("job: RunnerOptions.MaxBackoff must be at least Backoff, not %v", o.MaxBackoff)
	case o.MaxWait < o.Backoff || o.MaxWait > mostWait:
		return nil, fmt.Errorf("job: RunnerOptions.MaxWait must be between Backoff and 30 days, not %v", o.MaxWait)
	case o.Writers < 0 || o.Writers > 64:
		return nil, fmt.Errorf("job: RunnerOptions.Writers must be between 1 and 64, not %d", o.Writers)
	case o.Parsers < 0 || o.Parsers > 256:
		return nil, fmt.Errorf("job: RunnerOptions.Parsers must be between 1 and 256, not %d", o.Parsers)
	case o.MaxDuplicates != 0 && (o.MaxDuplicates < 1<<10 || o.MaxDuplicates > 1<<30):
		return nil, fmt.Errorf("job: RunnerOptions.MaxDuplicates must be between 1,024 and 2^30, not %d", o.MaxDuplicates)
	}
	return &Runner{store: store, uploads: uploads, products: products, options: options}, nil
}

// Claim takes the next job for the worker, as Claimer.Claim does, or returns nil when there is none. When the store comes
// back that was out of reach for half a lease or longer, Claim waits for as long again, so that workers that were no better
// off, and let their leases run out, come back to their jobs first.
func (r *Runner) Claim(ctx context.Context, worker string) (*Claim, error) {
	ctx = WithLease(ctx, r.options.Lease)
	if err := r.rejoin(ctx); err != nil {
		return nil, err
	}
	claim, err := r.store.Claim(ctx, worker, r.options.Lease, r.options.MaxAttempts)
	r.heard(ctx, err)
	return claim, err
}

// Wake returns a channel of hints that there is a job to claim, as Claimer.Wake does.
func (r *Runner) Wake(ctx context.Context) <-chan struct{} { return r.store.Wake(ctx) }

// Run works on the claimed job until it has ended or is given back, and returns it as it is then. It renews the lease
// and tells how far it is while it works. A committed batch is never written again, whoever committed it.
//
// Trouble that passes by itself (products.ErrUnavailable, products.ErrCommitUnknown: the database is away, full, busy, or
// breaks off what it does) gives the job back, for another attempt after a pause that grows: it is no failed attempt, and
// ends the job once it has waited for MaxWait without a batch committed. An upload that can't be read, or a batch that turns
// out to be committed, is a failed attempt: it is made again after a pause too, but no more than MaxAttempts in a row. Any
// other failure ends the job.
//
// A wish to cancel is noticed within a second. When stop is closed the batches in hand are committed and the job is given
// back, to be gone on with at once; when the context ends this happens without waiting for the batches. Neither counts as
// a failed attempt. stop may be nil.
//
// Run waits for a store that can't be reached, so that it can tell how the attempt ended, until the context ends. The error is
// ErrLeaseLost when another worker has the job, or what kept the attempt's end from being stored: then the job is
// somebody's once the lease has run out.
func (r *Runner) Run(ctx context.Context, claim *Claim, stop <-chan struct{}) (Job, error) {
	ctx = WithLease(ctx, r.options.Lease)
	a := &attempt{Runner: r, claim: claim, news: make(chan struct{}, 1)}
	return a.settle(ctx, a.run(ctx, stop))
}

// passes tells whether the trouble is the database's alone, and passes by itself.
func passes(err error) bool {
	return errors.Is(err, products.ErrUnavailable) || errors.Is(err, products.ErrCommitUnknown)
}

// canPass tells whether a later attempt may fare better.
func canPass(err error) bool {
	if passes(err) || errors.Is(err, ErrCommitted) {
		return true
	}
	var upload *uploadError
	return errors.As(err, &upload) && !errors.Is(err, ErrNotFound)
}

// pause is the one after so many failed attempts in a row.
func (r *Runner) pause(attempts int) time.Duration {
	d := r.options.Backoff
	for ; attempts > 1 && d < r.options.MaxBackoff; attempts-- {
		d *= 2
	}
	return min(d, r.options.MaxBackoff)
}

// insist calls do, which ends the claim, until it succeeds or fails for good: a store that is away has no other work for
// whoever waits here. A store that isn't gets as long as a lease, and lets the claim run out then. When the context ends,
// or has ended, insist goes on for a little while.
func (r *Runner) insist(ctx context.Context, claim *Claim, do func(ctx context.Context) error) error {
	calm, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	hurry := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, cancel) })
	defer hurry()
	call := func(do func(ctx context.Context) error) (err error, away bool) {
		try, end := context.WithTimeout(calm, max(r.options.Lease, farewell))
		defer end()
		err = do(try)
		r.heard(calm, err)
		return err, err != nil && (passes(err) || try.Err() != nil) && calm.Err() == nil
	}
	began, refused := time.Now(), 0
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err, away := call(do)
		if !away {
			return err
		}
		if time.Since(began) >= r.options.Lease {
			held, away := call(func(ctx context.Context) error {
				_, err := r.store.Renew(ctx, claim, r.options.Lease, nil)
				return err
			})
			switch {
			case away:
				refused = 0
			case held != nil:
				return held
			case refused == mostRefused: // not just a store that came back between the two calls
				return err
			default:
				refused++
			}
		}
		select {
		case <-time.After(pause):
		case <-calm.Done():
			return err
		}
	}
}
