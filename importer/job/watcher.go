package job

import (
	"context"
	"sync"
	"time"

	"github.com/products-importer/products-importer/progress"
)

const (
	// watchAtOnce is how many jobs are asked for at a time.
	watchAtOnce = 1_000
	// subscriberTime is the time between two values of a job for each subscriber that the Watcher has, and maxPause the
	// longest.
	subscriberTime = 200 * time.Microsecond
	maxPause       = 5 * time.Second
)

// Watcher sends changes of jobs to any number of subscribers, whichever worker has the jobs, here or elsewhere. Once an
// interval it asks the store for the watched jobs that haven't ended; while there are none it asks nothing.
// The more subscribers there are the fewer updates each gets, so that the machine's time is left for imports: with
// 5,000 of them a job's progress comes once a second. Its end always comes at once. It is safe for concurrent use.
type Watcher[V any] struct {
	store    Reader
	interval time.Duration
	render   func(Job) V
	hub      progress.Hub[string, V]

	mu   sync.Mutex
	sent map[string]publication // of jobs with subscribers
}

// publication is what subscribers to a job were sent last.
type publication struct {
	revision int64
	final    bool
	at       time.Time
}

// NewWatcher returns a Watcher that asks the store once per interval, 0 for 250 ms. What subscribers get of a job is
// what render makes of it; it is called once per revision, whatever the number of subscribers, and must not use the
// Watcher.
func NewWatcher[V any](store Reader, interval time.Duration, render func(Job) V) *Watcher[V] {
	if interval <= 0 {
		interval = 250 * time.Millisecond
	}
	return &Watcher[V]{store: store, interval: interval, render: render, sent: map[string]publication{}}
}

// Run watches until the context ends, and returns its error. Without it subscribers get nothing after the snapshot. A
// store that fails is asked again after the interval.
func (w *Watcher[V]) Run(ctx context.Context) error {
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			w.poll(ctx)
		}
	}
}

// Subscribe returns a subscription to the job that begins with the job as it is, or was an interval ago at most, and
// goes on with every change, of which a slow subscriber loses those in between. The caller closes it. ErrNotFound.
func (w *Watcher[V]) Subscribe(ctx context.Context, id string) (*progress.Subscription[V], error) {
	s := w.hub.Subscribe(id)
	if w.known(id) {
		return s, nil
	}
	job, err := w.store.Get(ctx, id)
	if err != nil {
		s.Close()
		return nil, err
	}
	w.publish(job, 0)
	return s, nil
}

// known reports whether a new subscriber to the job gets the latest value from the hub.
func (w *Watcher[V]) known(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, known := w.hub.Latest(id)
	if !known {
		// The hub forgot the value with the job's last subscriber, so that the same revision has to be published again.
		delete(w.sent, id)
	}
	return known
}

// publish passes the job on, unless that was done, or was done with an earlier revision less than the pause ago.
func (w *Watcher[V]) publish(job Job, pause time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, final := time.Now(), job.State.Final()
	if s, ok := w.sent[job.ID]; ok && (s.revision >= job.Revision || !final && now.Sub(s.at) < pause) {
		return
	}
	w.sent[job.ID] = publication{revision: job.Revision, final: final, at: now}
	w.hub.Publish(job.ID, w.render(job))
}

// poll asks about the watched jobs.
func (w *Watcher[V]) poll(ctx context.Context) {
	ids := w.watched()
	pause := min(time.Duration(w.hub.Len())*subscriberTime, maxPause)
	for len(ids) > 0 {
		some := ids[:min(len(ids), watchAtOnce)]
		ids = ids[len(some):]
		jobs, err := w.store.GetMany(ctx, some)
		if err != nil {
			return
		}
		for _, job := range jobs {
			w.publish(job, pause)
		}
	}
}

// watched returns the jobs with subscribers that haven't ended, and forgets those without.
func (w *Watcher[V]) watched() (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	have := map[string]publication{}
	for _, id := range w.hub.Keys() {
		s, ok := w.sent[id]
		if ok {
			have[id] = s
		}
		if ok && !s.final {
			ids = append(ids, id)
		}
	}
	w.sent = have
	return ids
}
