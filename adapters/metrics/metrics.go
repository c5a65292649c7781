package metrics

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options are the settings of Metrics. The zero value works.
type Options struct {
	// Registry collects the metrics; nil for one of its own, with the metrics of the process and of Go's runtime too.
	// Two Metrics can't share one.
	Registry *prometheus.Registry
	// Version and Commit are those of the program, for importer_build_info.
	Version, Commit string
}

// prefix is what all names begin with.
const prefix = "importer_"

// Metrics are the metrics of a process. They are a httpapi.Meter and a job.Meter, and safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests requestMetrics
	imports  importMetrics
	survey   watcher
}

// New returns the metrics of this process. An error where the registry has some of the same names already.
func New(options Options) (*Metrics, error) {
	m := &Metrics{registry: options.Registry, requests: newRequestMetrics(), imports: newImportMetrics()}
	var own []prometheus.Collector
	if m.registry == nil {
		m.registry = prometheus.NewRegistry()
		own = append(own, collectors.NewGoCollector(),
			collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: prefix + "build_info", Help: "Always 1; the labels say which version the process is.",
	}, []string{"version", "commit", "go_version"})
	build.WithLabelValues(options.Version, options.Commit, runtime.Version()).Set(1)
	return m, m.register(append(append(append(own, build, &m.survey), m.requests.all()...), m.imports.all()...)...)
}

func (m *Metrics) register(all ...prometheus.Collector) error {
	for _, c := range all {
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("metrics: Options.Registry: %w", err)
		}
	}
	return nil
}

// scrapeTime is how long a scrape may take.
const scrapeTime = 10 * time.Second

// Handler returns the handler of GET /metrics, the metrics in the formats of Prometheus. It asks for no log-in: whoever
// mounts it decides who may read it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: scrapeTime})
}
