package webhooks

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
)

// DispatcherOptions are the settings of a Dispatcher. The zero value works.
type DispatcherOptions struct {
	// Name is the dispatcher's, for people: 1 to 100 bytes, empty for one made of the host's name, the process and chance.
	Name string
	// Concurrency is how many deliveries are under way at the same time: 1 to 1,000, 0 for 64. A quarter of them is out of
	// reach for imports, and a quarter for endpoints that don't answer (ClaimRequest.Spare).
	Concurrency int
	// Poll is about how long the dispatcher waits at least before it looks for work again, unless the store wakes it: at
	// least 1 ms, 0 for 50 ms. The wait doubles while there is none, up to MaxPoll, at least Poll, 0 for 1 s or Poll.
	Poll, MaxPoll time.Duration
	// DrainTimeout is how long the attempts under way may take once Run is to end: at least 1 ms, 0 for 5 s. Run ends 3 s
	// later at the latest.
	DrainTimeout time.Duration
	// Schedule is how long to wait after each failed attempt before the next one, nil for Schedule(): 1 to 100 times of 1 ms
	// to 30 days.
	Schedule []time.Duration
	// Observe, if not nil, is told of every attempt, from many goroutines at a time. It must return at once.
	Observe func(w Work, r Result)
	// Logger hears of attempts that failed, and of a store that can't be reached; nil for none.
	Logger *slog.Logger
}

const (
	// depth is how many deliveries a claim has at most, and sprint how long after it one is begun. What isn't begun is given
	// back: so a claim is over in no time, and nothing waits behind a slow delivery.
	depth  = 16
	sprint = 200 * time.Millisecond
	// slow is how long an attempt takes whose endpoint gets its deliveries one at a time.
	slow = 20 * time.Millisecond
	// mostSlow bounds what is remembered of slow endpoints.
	mostSlow = 1_000
	// renewEvery is how often claims are renewed that are older than that. stale is how old a claim is of which nothing may
	// be begun: another worker may have it soon.
	renewEvery = UsualLease / 4
	stale      = UsualLease / 2
	// mostPause is the longest pause between looks at a store that fails.
	mostPause = 15 * time.Second
	// insist is how long storing results is tried, and farewell how long once the work has ended because Run is to end.
	insist, farewell = 20 * time.Second, 3 * time.Second
	// mostResults is how many results are stored at once.
	mostResults = 500
)

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o DispatcherOptions) withDefaults() (DispatcherOptions, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 64
	}
	if o.Concurrency < 1 || o.Concurrency > 1_000 {
		return o, fmt.Errorf("webhooks: DispatcherOptions.Concurrency must be between 1 and 1,000, not %d", o.Concurrency)
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
	}{{"Poll", o.Poll, time.Millisecond}, {"MaxPoll", o.MaxPoll, o.Poll}, {"DrainTimeout", o.DrainTimeout, time.Millisecond}} {
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
			return o, fmt.Errorf("webhooks: DispatcherOptions.Schedule must have entries between 1ms and 30 days, not %v", d)
		}
	}
	if len(o.Name) > 100 {
		return o, fmt.Errorf("webhooks: DispatcherOptions.Name must have at most 100 bytes, not %d", len(o.Name))
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

// Dispatcher sends what is due. Any number of them, in any number of processes, may share a store. Its methods are safe
// for concurrent use.
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

// NewDispatcher returns a Dispatcher that sends the queue's deliveries with the sender.
func NewDispatcher(queue Queue, sender *Sender, options DispatcherOptions) (*Dispatcher, error) {
	if queue == nil || sender == nil {
		return nil, errors.New("webhooks: a dispatcher needs a queue and a sender")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Dispatcher{queue: queue, sender: sender, options: options, log: options.Logger.With("worker", options.Name),
		stats: Stats{Kinds: map[Kind]int64{}}, slow: map[string]struct{}{}}, nil
}

// Name is the dispatcher's name, as the log of attempts knows it.
func (d *Dispatcher) Name() string { return d.options.Name }

// Run sends until the context ends. Then it claims nothing more, lets the attempts under way come to their end for as long
// as DrainTimeout, gives back the rest, and returns. It waits for a store that can't be reached. The error is nil after
// that; it says so when results could not be stored, whose deliveries are then sent again. Run is called once at a time.
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
	// The work outlives the context, for as long as draining may take.
	work, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	storable, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	r := &dispatch{Dispatcher: d, ctx: ctx, work: work, storable: storable, results: make(chan outcome, 2*mostResults), freed: make(chan struct{}, 1),
		held: map[string]time.Time{}}
	var storing, renewing sync.WaitGroup
	storing.Go(r.store)
	holding, letGo := context.WithCancel(storable)
	renewing.Go(func() { r.renew(holding) })
	r.claim()
	began := time.Now()
	defer time.AfterFunc(d.options.DrainTimeout, kill).Stop()
	defer time.AfterFunc(d.options.DrainTimeout+farewell, giveUp).Stop()
	r.busy.Wait()
	close(r.results)
	storing.Wait()
	letGo()
	renewing.Wait()
	d.log.Info("dispatcher ends", "drained", time.Since(began))
	return r.unstored
}

// jitter spreads dispatchers that would look for work in step.
func jitter(d time.Duration) time.Duration { return d*3/4 + mathrand.N(d/2+1) }
