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
	// MaxAttempts is how many attempts in a row may fail without a batch committed: at least 1, 0 for 5.
	MaxAttempts int
	// Backoff is the pause after the first failed attempt, which doubles with every further one: at least 1 ms, 0 for 1 s.
	// MaxBackoff is the longest pause: at least Backoff, 0 for a minute or Backoff.
	Backoff, MaxBackoff time.Duration
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
)

// Runner works on claimed jobs. It is safe for concurrent use.
type Runner struct {
	store    Store
	uploads  Uploads
	products importer.Store
	options  RunnerOptions
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
	case o.Writers < 0 || o.Writers > 64:
		return nil, fmt.Errorf("job: RunnerOptions.Writers must be between 1 and 64, not %d", o.Writers)
	case o.Parsers < 0 || o.Parsers > 256:
		return nil, fmt.Errorf("job: RunnerOptions.Parsers must be between 1 and 256, not %d", o.Parsers)
	case o.MaxDuplicates != 0 && (o.MaxDuplicates < 1<<10 || o.MaxDuplicates > 1<<30):
		return nil, fmt.Errorf("job: RunnerOptions.MaxDuplicates must be between 1,024 and 2^30, not %d", o.MaxDuplicates)
	}
	return &Runner{store: store, uploads: uploads, products: products, options: options}, nil
}

// Claim takes the next job for the worker, as Claimer.Claim does, or returns nil when there is none.
func (r *Runner) Claim(ctx context.Context, worker string) (*Claim, error) {
	return r.store.Claim(WithLease(ctx, r.options.Lease), worker, r.options.Lease, r.options.MaxAttempts)
}

// Wake returns a channel of hints that there is a job to claim, as Claimer.Wake does.
func (r *Runner) Wake(ctx context.Context) <-chan struct{} { return r.store.Wake(ctx) }

// Run works on the claimed job until it has ended or is given back, and returns it as it is then. It renews the lease
// and tells how far it is while it works. A committed batch is never written again, whoever committed it.
//
// A failure that can pass gives the job back, for another attempt after a pause that grows, until too many have failed;
// any other ends it. A wish to cancel is noticed within a second. When stop is closed the batches in hand are committed
// and the job is given back, to be gone on with at once; when the context ends this happens without waiting for the
// batches. Neither counts as a failed attempt. stop may be nil.
//
// The error is ErrLeaseLost when another worker has the job, or what kept the job's end from being stored: then it is
// somebody's once the lease has run out.
func (r *Runner) Run(ctx context.Context, claim *Claim, stop <-chan struct{}) (Job, error) {
	ctx = WithLease(ctx, r.options.Lease)
	a := &attempt{Runner: r, claim: claim, news: make(chan struct{}, 1)}
	return a.settle(ctx, a.run(ctx, stop))
}

// canPass tells whether a later attempt may fare better.
func canPass(err error) bool {
	if errors.Is(err, products.ErrUnavailable) || errors.Is(err, products.ErrCommitUnknown) || errors.Is(err, ErrCommitted) {
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

// insist calls do until it succeeds, or fails for good, for as long as a lease lasts. When the context ends, or has
// ended, it goes on for a little while.
func (r *Runner) insist(ctx context.Context, do func(ctx context.Context) error) error {
	calm, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(r.options.Lease, farewell))
	defer cancel()
	hurry := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, cancel) })
	defer hurry()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := do(calm)
		if err == nil || !canPass(err) || calm.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-calm.Done():
			return err
		}
	}
}
