package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

// Options are the settings of a Worker. The zero value works. How long leases last and how often an import is tried are
// settings of the job.Runner, and how webhooks are sent of the webhooks.Dispatcher.
type Options struct {
	// Concurrency is how many imports run at the same time: 1 to 1,000, 0 for 1.
	Concurrency int
	// Poll is about how long an idle worker waits before it looks for work again, unless the store wakes it: at least
	// 1 ms, 0 for 1 s. A store that fails is asked after a pause that grows from this up to 15 s, or Poll.
	Poll time.Duration
	// DrainTimeout is how long the batches in hand may take once Run is to end: at least 1 ms, 0 for 7 s. Run ends 3 s
	// later at the latest.
	DrainTimeout time.Duration
	// Name is the worker's, for people: 1 to 100 bytes, empty for one made of the host's name, the process and chance.
	Name string
	// Logger logs what the worker does, nil for nowhere: at the start it warns where something isn't set without which
	// webhooks don't have the events of imports, see job.Runner.MissingHooks.
	Logger *slog.Logger
	// Dispatcher, if not nil, sends webhooks beside the imports, or without any where New is given no runner. It is run
	// by the Worker, and by nobody else.
	Dispatcher *webhooks.Dispatcher
	// JobPruner, WebhookPruner and HistoryPruner, where they are not nil, are called some 10 s after the start, and
	// then about every PruneEvery, at least a minute, 0 for an hour; the JobPruner with the Retention, 0 for jobs that
	// are kept for ever, the HistoryPruner with KeepHistory, at least a minute, 0 for 90 days. Each is given 30 s;
	// where that isn't enough, all are called again 10 s later.
	JobPruner     JobPruner
	WebhookPruner WebhookPruner
	HistoryPruner HistoryPruner
	PruneEvery    time.Duration
	Retention     time.Duration
	KeepHistory   time.Duration
}

// slowest is the longest pause between looks at a store that fails.
const slowest = 15 * time.Second

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 1
	}
	if o.Concurrency < 1 || o.Concurrency > 1_000 {
		return o, fmt.Errorf("worker: Options.Concurrency must be between 1 and 1,000, not %d", o.Concurrency)
	}
	for _, d := range []struct {
		name             string
		value            *time.Duration
		least, byDefault time.Duration
	}{
		{"Poll", &o.Poll, time.Millisecond, time.Second},
		{"DrainTimeout", &o.DrainTimeout, time.Millisecond, 7 * time.Second},
		{"PruneEvery", &o.PruneEvery, time.Minute, time.Hour},
		{"KeepHistory", &o.KeepHistory, time.Minute, 90 * 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.byDefault
		}
		if *d.value < d.least {
			return o, fmt.Errorf("worker: Options.%s must be at least %v, not %v", d.name, d.least, *d.value)
		}
	}
	if o.Retention < 0 {
		return o, fmt.Errorf("worker: Options.Retention must not be negative: %v", o.Retention)
	}
	if len(o.Name) > 100 {
		return o, fmt.Errorf("worker: Options.Name must have at most 100 bytes, not %d", len(o.Name))
	}
	if o.Name == "" {
		host, _ := os.Hostname() // a name without it is one too
		o.Name = fmt.Sprintf("%.60s-%d-%.6s", host, os.Getpid(), rand.Text())
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Worker works on jobs, and sends webhooks. Its methods are safe for concurrent use.
type Worker struct {
	runner  *job.Runner // nil for one that only sends webhooks
	options Options
	log     *slog.Logger

	mu      sync.Mutex // guards what follows
	running bool
	outage  error // why the last look for work failed
	stats   Stats
}

// New returns a Worker that has the runner do the jobs of the runner's store. The runner may be nil where there is a
// Dispatcher.
func New(runner *job.Runner, options Options) (*Worker, error) {
	if runner == nil && options.Dispatcher == nil {
		return nil, errors.New("worker: a worker needs a runner or Options.Dispatcher")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Worker{runner: runner, options: options, log: options.Logger.With("worker", options.Name)}, nil
}

// Name is the worker's name, as the jobs' store knows it.
func (w *Worker) Name() string { return w.options.Name }

// Run works until the context ends. Then it claims no more jobs, lets the imports commit the batches that they have in
// hand, and releases their jobs for others to go on with; deliveries under way come to their end too. While it works, a
// store that can't be reached is waited for.
//
// The error is nil unless a job could not be released, which others can then claim once its lease has run out, or what
// came of deliveries could not be stored, which are then sent again. Run is called once at a time.
func (w *Worker) Run(ctx context.Context) error {
	w.mu.Lock()
	if w.running {
		w.mu.Unlock()
		return errors.New("worker: it runs already")
	}
	w.running, w.outage = true, nil
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.running = false
	}()

	w.log.Info("worker begins", "concurrency", w.options.Concurrency, "imports", w.runner != nil, "webhooks",
		w.options.Dispatcher != nil)
	w.warnOfMissing()
	ctx, end := context.WithCancel(ctx)
	defer end()
	// The work outlives the context, for as long as draining may take.
	work, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	var (
		busy     sync.WaitGroup
		failures errorList
	)
	busy.Go(func() { w.prune(ctx) })
	if d := w.options.Dispatcher; d != nil {
		busy.Go(func() {
			defer end() // it ends before only if it can't run
			if err := d.Run(ctx); err != nil {
				failures.add(fmt.Errorf("worker: %w", err))
			}
		})
	}
	if w.runner == nil {
		<-ctx.Done()
	} else {
		w.claimJobs(ctx, func(claim *job.Claim, done func()) {
			busy.Go(func() {
				defer done()
				if err := w.runImport(work, claim, ctx.Done()); err != nil && ctx.Err() != nil &&
					!errors.Is(err, job.ErrLeaseLost) {
					failures.add(fmt.Errorf("worker: job %s: %w", claim.Job.ID, err))
				}
			})
		})
	}
	began := time.Now()
	patience := time.AfterFunc(w.options.DrainTimeout, kill)
	busy.Wait()
	patience.Stop()
	w.log.Info("worker ends", "drained", time.Since(began))
	return errors.Join(failures.all...)
}

// warnOfMissing logs what is not set and keeps webhooks from being sent. A worker without a Dispatcher may well leave
// the deliveries to other processes; one whose imports record no events, or not all, keeps them from everybody.
func (w *Worker) warnOfMissing() {
	var missing []string
	if w.runner != nil {
		missing = w.runner.MissingHooks()
	}
	switch {
	case len(missing) > 0:
		w.log.Warn("webhooks don't have all events of this worker's imports", "not_set", missing)
	case w.options.Dispatcher == nil:
		w.log.Info("webhooks are not sent by this worker")
	}
}

// claimJobs looks for jobs until the context ends, and calls begin with each that it claimed, while a place is free.
func (w *Worker) claimJobs(ctx context.Context, begin func(claim *job.Claim, done func())) {
	wake := w.runner.Wake(ctx)
	free := make(chan struct{}, w.options.Concurrency)
	for range cap(free) {
		free <- struct{}{}
	}
	pause := w.options.Poll
	for {
		select {
		case <-ctx.Done():
			return
		case <-free:
		}
		if ctx.Err() != nil {
			return
		}
		claim, err := w.runner.Claim(ctx, w.options.Name)
		w.countClaim(ctx, claim, err)
		if claim != nil {
			pause = w.options.Poll
			begin(claim, func() { free <- struct{}{} })
			continue
		}
		free <- struct{}{}
		hint := wake
		if err == nil {
			pause = w.options.Poll
		} else {
			hint = nil // it would only be asked more often
		}
		select {
		case <-ctx.Done():
			return
		case <-hint:
		case <-time.After(jitter(pause)):
		}
		if err != nil {
			pause = min(2*pause, max(slowest, w.options.Poll))
		}
	}
}

// jitter spreads workers that would look for work in step.
func jitter(d time.Duration) time.Duration { return d*3/4 + mathrand.N(d/2+1) }

// errorList collects errors of several goroutines.
type errorList struct {
	mu  sync.Mutex
	all []error
}

func (l *errorList) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, err)
}
