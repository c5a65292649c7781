package metrics

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

// Sources are what is asked whenever the metrics are read. Each may be nil where there is none.
type Sources struct {
	// Jobs says how many imports wait.
	Jobs job.Surveyor
	// Webhooks says how many deliveries wait; webhooks.Deliveries is one.
	Webhooks interface {
		Backlog(ctx context.Context) (webhooks.Backlog, error)
	}
	// Dispatcher is the one of this process.
	Dispatcher *webhooks.Dispatcher
	// Pools says what the connections to the database do, by the names of their pools.
	Pools func() map[string]sql.DBStats
	// Slots is how many imports this process does at the same time, 0 for none.
	Slots int
}

// Watch adds what the sources say to the metrics. Until then importer_database_up is 0.
func (m *Metrics) Watch(s Sources) { m.survey.Store(&survey{sources: s}) }

// watcher collects what the sources say of Metrics.Watch.
type watcher struct{ atomic.Pointer[survey] }

// Describe sends the descriptions.
func (w *watcher) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descs {
		to <- d
	}
}

// Collect sends the figures of this moment.
func (w *watcher) Collect(to chan<- prometheus.Metric) {
	if s := w.Load(); s != nil {
		s.collect(sender{to})
		return
	}
	sender{to}.gauge(descUp, 0)
}

const (
	// askTime is how long the store may take to answer before it counts as gone.
	askTime = 3 * time.Second
	// answerLife is how long an answer is used: more of those who read the metrics are no more work for the store.
	answerLife = time.Second
)

// survey asks the sources.
type survey struct {
	sources Sources

	mu     sync.Mutex
	latest *answer // or the one that is awaited; nil at first
}

// answer is the store's, once came is closed.
type answer struct {
	asked, end time.Time
	came       chan struct{}
	jobs       *job.Backlog      // nil where the store didn't say
	hooks      *webhooks.Backlog // likewise
	up         bool
}

// ask returns the store's answer of this moment: one that is nothing but down where it takes too long. While a store
// hangs it isn't asked again, and is down at once.
func (s *survey) ask() *answer {
	a := s.newest()
	patience := time.NewTimer(time.Until(a.asked.Add(askTime)))
	defer patience.Stop()
	select {
	case <-a.came:
		return a
	default:
	}
	select {
	case <-a.came:
		return a
	case <-patience.C:
		return &answer{}
	}
}

// newest returns an answer that is fresh, or is awaited.
func (s *survey) newest() *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.latest; a != nil && (a.end.IsZero() || time.Since(a.end) < answerLife) {
		return a
	}
	a := &answer{asked: time.Now(), came: make(chan struct{})}
	s.latest = a
	go s.fill(a)
	return a
}

// fill asks the store.
func (s *survey) fill(a *answer) {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	var asking sync.WaitGroup
	var jobsErr, hooksErr error
	if s.sources.Jobs != nil {
		asking.Go(func() {
			var b job.Backlog
			if b, jobsErr = s.sources.Jobs.Backlog(ctx); jobsErr == nil {
				a.jobs = &b
			}
		})
	}
	if s.sources.Webhooks != nil {
		asking.Go(func() {
			var b webhooks.Backlog
			if b, hooksErr = s.sources.Webhooks.Backlog(ctx); hooksErr == nil {
				a.hooks = &b
			}
		})
	}
	asking.Wait()
	a.up = jobsErr == nil && hooksErr == nil
	s.mu.Lock()
	a.end = time.Now()
	s.mu.Unlock()
	close(a.came)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

// The metrics of the store, the same in all processes, and of this process's connections to it.
var (
	descUp      = desc("database_up", "Whether the database could say what waits.")
	descWaiting = desc("imports_waiting", "Imports that a worker could begin now.")
	descLater   = desc("imports_later", "Imports that wait for their time: they are planned, or are tried again later.")
	descRunning = desc("imports_running", "Imports that some worker works on.")
	descTrouble = desc("imports_troubled", "Imports that wait for trouble to pass, or are tried again after it.")
	descOldest  = desc("imports_oldest_waiting_seconds",
		"How long the import that waits longest could have been begun; 0 where none waits.")
	descOldestTrouble = desc("imports_oldest_trouble_seconds",
		"How long ago the oldest trouble of an import began that hasn't passed; 0 for none.")

	descConns = desc("database_connections", "Connections of this process to the database, by pool and state.", "pool",
		"state")
	descConnLimit = desc("database_connections_limit", "Most connections at the same time, by pool.", "pool")
	descConnWaits = desc("database_connection_waits_total", "How often a connection was waited for, by pool.", "pool")
	descConnWait  = desc("database_connection_wait_seconds_total",
		"How long connections were waited for in all, by pool.", "pool")

	descSlots = desc("worker_slots", "Imports that this process does at the same time, 0 for none.")

	descs = slices.Concat([]*prometheus.Desc{descUp, descWaiting, descLater, descRunning, descTrouble, descOldest,
		descOldestTrouble, descConns, descConnLimit, descConnWaits, descConnWait, descSlots}, backlogDescs,
		dispatcherDescs)
)

// collect sends the figures of this moment.
func (s *survey) collect(send sender) {
	send.gauge(descSlots, float64(s.sources.Slots))
	a := s.ask()
	send.gauge(descUp, map[bool]float64{true: 1}[a.up])
	if b := a.jobs; b != nil {
		send.gauge(descWaiting, float64(b.Waiting))
		send.gauge(descLater, float64(b.Later))
		send.gauge(descRunning, float64(b.Running))
		send.gauge(descTrouble, float64(b.Troubled))
		send.gauge(descOldest, b.OldestWaiting.Seconds())
		send.gauge(descOldestTrouble, b.OldestTrouble.Seconds())
	}
	if a.hooks != nil {
		send.backlog(a.hooks)
	}
	if s.sources.Pools != nil {
		for pool, stats := range s.sources.Pools() {
			send.gauge(descConns, float64(stats.InUse), pool, "in_use")
			send.gauge(descConns, float64(stats.Idle), pool, "idle")
			send.gauge(descConnLimit, float64(stats.MaxOpenConnections), pool)
			send.counter(descConnWaits, float64(stats.WaitCount), pool)
			send.counter(descConnWait, stats.WaitDuration.Seconds(), pool)
		}
	}
	if d := s.sources.Dispatcher; d != nil {
		stats := d.Stats()
		send.dispatcher(&stats)
	}
}

// sender sends metrics.
type sender struct{ to chan<- prometheus.Metric }

func (s sender) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s sender) counter(d *prometheus.Desc, value float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}
