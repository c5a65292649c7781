package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
)

// importMetrics are those of a runner of imports.
type importMetrics struct {
	claims, outages  prometheus.Counter
	running          prometheus.Gauge
	records, rejects *prometheus.CounterVec
	ended, retries   *prometheus.CounterVec
	duration         *prometheus.HistogramVec
	released, lost   prometheus.Counter
}

// retryVanished is the reason of a retry after a worker vanished, which its next worker notices.
const retryVanished = "vanished"

func newImportMetrics() importMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, []string{label})
	}
	i := importMetrics{
		claims: counter("worker_claims_total", "Imports that this process took, each as often as it did."),
		outages: counter("worker_outages_total",
			"Looks for an import that failed, since the database could not be asked."),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: prefix + "worker_running", Help: "Imports that this process works on now.",
		}),
		records: counters("import_records_total",
			"Records that this process committed, and products that files lacked or undos took back, by what became of "+
				"them; not those of dry runs.", "outcome"),
		rejects: counters("import_rejects_total",
			"Rejected records of the imports that ended in this process, by the code of the reason; those of dry runs too.",
			"code"),
		ended: counters("imports_ended_total", "Imports that ended in this process, by their state.", "state"),
		retries: counters("import_retries_total",
			"Imports that have to be tried again, by why: what this process gave up for now, and what it took over from a "+
				"worker that vanished.", "reason"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    prefix + "import_duration_seconds",
			Help:    "Time from the first attempt of an import to its end in this process, with all waits, by its state.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600},
		}, []string{"state"}),
		released: counter("imports_given_back_total", "Imports that this process gave back since it was stopped."),
		lost: counter("imports_lost_total",
			"Imports that this process lost: another worker has them, or their end could not be stored."),
	}
	// What alerts and graphs look at is there from the beginning, so that the first one counts.
	for _, outcome := range outcomes(progress.Counts{}) {
		i.records.WithLabelValues(outcome.name)
	}
	for _, state := range []job.State{job.Success, job.Failure, job.Revoked} {
		i.ended.WithLabelValues(stateLabel(state))
		i.duration.WithLabelValues(stateLabel(state))
	}
	i.retries.WithLabelValues(retryVanished)
	for _, reason := range job.RetryReasons() {
		i.retries.WithLabelValues(string(reason))
	}
	return i
}

func (i *importMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{i.claims, i.outages, i.running, i.records, i.rejects, i.ended, i.retries, i.duration,
		i.released, i.lost}
}

// outcome is what became of so many records.
type outcome struct {
	name string
	n    int64
}

func outcomes(c progress.Counts) []outcome {
	return []outcome{{"created", c.Created}, {"updated", c.Updated}, {"unchanged", c.Unchanged}, {"skipped", c.Skipped},
		{"superseded", c.Superseded}, {"rejected", c.Rejected}, {"deactivated", c.Deactivated}, {"deleted", c.Deleted},
		{"kept", c.Kept}}
}

func stateLabel(state job.State) string { return strings.ToLower(string(state)) }

// Looked counts a look for an import.
func (m *Metrics) Looked(claim *job.Claim, err error) {
	switch {
	case err != nil:
		m.imports.outages.Inc()
	case claim != nil:
		m.imports.claims.Inc()
		m.imports.running.Inc()
		if claim.Vanished != "" {
			m.imports.retries.WithLabelValues(retryVanished).Inc()
		}
	}
}

// Committed counts records.
func (m *Metrics) Committed(counts progress.Counts) {
	for _, o := range outcomes(counts) {
		m.imports.records.WithLabelValues(o.name).Add(float64(max(0, o.n)))
	}
}

// Left counts an import that this process doesn't work on any more.
func (m *Metrics) Left(left job.Left) {
	m.imports.running.Dec()
	j := &left.Job
	switch {
	case left.Err != nil:
		m.imports.lost.Inc()
	case j.State.Final():
		m.imports.ended.WithLabelValues(stateLabel(j.State)).Inc()
		m.imports.duration.WithLabelValues(stateLabel(j.State)).Observe(max(0, j.FinishedAt.Sub(j.StartedAt)).Seconds())
		for code, n := range j.Rejects {
			m.imports.rejects.WithLabelValues(string(code)).Add(float64(n))
		}
	case left.Retry != "":
		m.imports.retries.WithLabelValues(string(left.Retry)).Inc()
	default:
		m.imports.released.Inc()
	}
}
