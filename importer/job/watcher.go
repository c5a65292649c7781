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

// Watcher tells any number of subscribers of the jobs that they watch, whoever works on them and wherever: it asks the
// store about the watched jobs that haven't ended, once per interval, and not at all while there are none. So that
// thousands of subscribers leave the machine to the imports, they are told less often the more they are: with 5,000
// of them a job's progress comes once a second. Its end always comes at once. It is safe for concurrent use.
type Watcher[V any] struct {
	store    Reader
	interval time.Duration
	render   func(Job) V
	hub      progress.Hub[string, V]

	mu   sync.Mutex
	seen map[string]sighting // of jobs with subscribers
}

// sighting is what was published of a job.
type sighting struct {
	revision int64
	final    bool
	at       time.Time
}

// NewWatcher returns a Watcher that asks the store once per interval, 0 for 250 ms. What subscribers get of a job is what
// render makes of it; it is called once per revision, whatever the number of subscribers, and must not use the Watcher.
func NewWatcher[V any](store Reader, interval time.Duration, render func(Job) V) *Watcher[V] {
	if interval <= 0 {
		interval = 250 * time.Millisecond
	}
	return &Watcher[V]{store: store, interval: interval, render: render, seen: map[string]sighting{}}
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

// known tells whether a new subscriber to the job gets the latest value from the hub.
func (w *Watcher[V]) known(id string) bool {
	w.mu.Lock()
	_, published := w.seen[id]
	w.mu.Unlock()
	if !published {
		return false
	}
	// The hub forgets the value with the key's last subscriber, which may have been gone since. Then it is published
	// again; where somebody else just did so, that is once too often and does no harm.
	probe := w.hub.Subscribe(id)
	defer probe.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := probe.Next(ctx); err == nil {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.seen, id)
	return false
}

// publish passes the job on, unless that was done, or was done with an earlier revision less than the pause ago.
func (w *Watcher[V]) publish(job Job, pause time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, final := time.Now(), job.State.Final()
	if s, ok := w.seen[job.ID]; ok && (s.revision >= job.Revision || !final && now.Sub(s.at) < pause) {
		return
	}
	w.seen[job.ID] = sighting{revision: job.Revision, final: final, at: now}
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
	have := map[string]sighting{}
	for _, id := range w.hub.Keys() {
		s, ok := w.seen[id]
		if ok {
			have[id] = s
		}
		if ok && !s.final {
			ids = append(ids, id)
		}
	}
	w.seen = have
	return ids
}
