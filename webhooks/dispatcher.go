package webhooks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// DispatcherOptions are the settings of a [Dispatcher]. The zero value works.
type DispatcherOptions struct {
	// Name is the dispatcher's name, for people: at most 100 bytes, empty for one made of the host's name, the process
	// ID and random characters.
	Name string
	// Concurrency is how many deliveries are under way at the same time: 1 to 1,000, 0 for 64. Imports never take more
	// than three quarters of them, and neither do endpoints that don't answer (ClaimRequest.Spare).
	Concurrency int
	// Poll is about how long the dispatcher waits before it looks for work again, unless the store wakes it: at least
	// 1 ms, 0 for 50 ms. While there is no work the wait doubles, up to MaxPoll: at least Poll, 0 for the longer of 1 s
	// and Poll.
	Poll, MaxPoll time.Duration
	// DrainTimeout is how long the attempts under way may take when Run's context has ended: at least 1 ms, 0 for 5 s.
	// Run returns at most 3 s later.
	DrainTimeout time.Duration
	// Schedule has the waits after each failed attempt before the next one, nil for [Schedule]: 1 to 100 of them, of
	// 1 ms to 30 days.
	Schedule []time.Duration
	// Observe, if not nil, is called after every attempt, from many goroutines at the same time. It must return at
	// once.
	Observe func(w Work, r Result)
	// Logger logs attempts that failed, and a store that can't be reached; nil for none.
	Logger *slog.Logger
}

const (
	// depth is how many deliveries a claim has at most, and beginWithin how long after the claim each of them has to
	// begin. The others are released: so a claim ends soon, and nothing waits behind a slow delivery.
	depth       = 16
	beginWithin = 200 * time.Millisecond
	// An endpoint whose last attempt took longer than slowAttempt gets claims of one delivery. At most maxSlow such
	// endpoints are remembered.
	slowAttempt = 20 * time.Millisecond
	maxSlow     = 1_000
	// lease is how long claims hold unless they are renewed: a worker that vanished holds its deliveries up for so
	// long.
	lease = 12 * time.Second
	// renewEvery is how often claims are renewed that are older than that. Of a claim older than staleAfter nothing is
	// begun: another worker may have it soon.
	renewEvery = lease / 4
	staleAfter = lease / 2
	// maxErrorPause is the longest pause between looks at a store that fails.
	maxErrorPause = 15 * time.Second
	// storeFor is how long storing results is retried, and storeForAtEnd how long after draining.
	storeFor, storeForAtEnd = 20 * time.Second, 3 * time.Second
	// maxResults is how many results are stored at once.
	maxResults = 500
)

// withDefaults returns the options with their defaults, or an error that names the first bad one.
func (o DispatcherOptions) withDefaults() (DispatcherOptions, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 64
	}
	if o.Concurrency < 1 || o.Concurrency > 1_000 {
		return o, fmt.Errorf("webhooks: DispatcherOptions.Concurrency must be between 1 and 1,000, not %d",
			o.Concurrency)
	}
	if o.Poll == 0 {
		o.Poll = 50 * time.Millisecond
	}
	if o.MaxPoll == 0 {
		o.MaxPoll = max(time.Second, o.Poll)
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 5 * time.Second
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{{"Poll", o.Poll, time.Millisecond}, {"MaxPoll", o.MaxPoll, o.Poll},
		{"DrainTimeout", o.DrainTimeout, time.Millisecond}} {
		if d.value < d.least {
			return o, fmt.Errorf("webhooks: DispatcherOptions.%s must be at least %v, not %v", d.name, d.least, d.value)
		}
	}
	if o.Schedule == nil {
		o.Schedule = Schedule()
	}
	if len(o.Schedule) == 0 || len(o.Schedule) > 100 {
		return o, fmt.Errorf("webhooks: DispatcherOptions.Schedule must have 1 to 100 entries, not %d", len(o.Schedule))
	}
	for _, d := range o.Schedule {
		if d < time.Millisecond || d > 30*24*time.Hour {
			return o, fmt.Errorf(
				"webhooks: DispatcherOptions.Schedule must have entries between 1ms and 30 days, not %v", d)
		}
	}
	if len(o.Name) > 100 {
		return o, fmt.Errorf("webhooks: DispatcherOptions.Name must have at most 100 bytes, not %d", len(o.Name))
	}
	if o.Name == "" {
		host, _ := os.Hostname() // without it the name is still unique
		o.Name = fmt.Sprintf("%.60s-%d-%.6s", host, os.Getpid(), rand.Text())
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Dispatcher is a worker: it claims deliveries that are due, sends them, and stores the results. Any number of
// dispatchers, in any number of processes, may share a store. The methods are safe for concurrent use.
type Dispatcher struct {
	queue   Queue
	sender  *Sender
	options DispatcherOptions
	log     *slog.Logger

	mu      sync.Mutex // guards what follows
	running bool
	outage  error // why the last look for work failed
	stats   Stats
	slow    map[string]struct{} // endpoints whose last attempt was slow
}

// NewDispatcher returns a Dispatcher that sends the queue's deliveries with the sender. The error names the option that
// is wrong.
func NewDispatcher(queue Queue, sender *Sender, options DispatcherOptions) (*Dispatcher, error) {
	if queue == nil || sender == nil {
		return nil, errors.New("webhooks: a dispatcher needs a queue and a sender")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Dispatcher{queue: queue, sender: sender, options: options, log: options.Logger.With("worker", options.Name),
		stats: Stats{Failures: map[FailureKind]int64{}}, slow: map[string]struct{}{}}, nil
}

// Name returns the dispatcher's name: it is the Worker of its attempts.
func (d *Dispatcher) Name() string { return d.options.Name }

// Run sends deliveries until the context ends. Then it claims nothing more, waits for the attempts under way, at most
// DrainTimeout, releases the other deliveries, and returns. While the store can't be reached it waits. It returns an
// error when results could not be stored, so that their deliveries will be sent again, and when Run is running already;
// otherwise nil.
func (d *Dispatcher) Run(ctx context.Context) error {
	d.mu.Lock()
	if d.running {
		d.mu.Unlock()
		return errors.New("webhooks: the dispatcher runs already")
	}
	d.running, d.outage = true, nil
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.running = false
	}()

	d.log.Info("dispatcher begins", "concurrency", d.options.Concurrency)
	// The work goes on after the context has ended, while the dispatcher drains.
	work, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	storable, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	r := &dispatch{dispatcher: d, ctx: ctx, work: work, storable: storable,
		results: make(chan outcome, 2*maxResults),
		freed:   make(chan struct{}, 1),
		held:    map[string]time.Time{}}
	var storing, renewing sync.WaitGroup
	storing.Go(r.store)
	holding, letGo := context.WithCancel(storable)
	renewing.Go(func() { r.renew(holding) })
	r.claim()
	began := time.Now()
	defer time.AfterFunc(d.options.DrainTimeout, kill).Stop()
	defer time.AfterFunc(d.options.DrainTimeout+storeForAtEnd, giveUp).Stop()
	r.busy.Wait()
	close(r.results)
	storing.Wait()
	letGo()
	renewing.Wait()
	d.log.Info("dispatcher ends", "drained", time.Since(began))
	return r.unstored
}
