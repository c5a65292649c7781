package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the API's own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	received prometheus.Counter
}

// newMetrics registers them; without a registry it makes one, with the metrics of the process too.
func newMetrics(registry *prometheus.Registry, streams *atomic.Int64, hooks *Webhooks) (*metrics, error) {
	own := []prometheus.Collector{}
	if registry == nil {
		registry = prometheus.NewRegistry()
		own = append(own, collectors.NewGoCollector(),
			collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	m := &metrics{
		registry: registry,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds",
			Help: "Time from a request's header to the end of its response, by route; of streams it is their " +
				"length.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"route"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "import_upload_bytes_total", Help: "Bytes of uploaded files as they were received.",
		}),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "import_streams", Help: "Streams of progress that are open.",
	}, func() float64 { return float64(streams.Load()) })
	if hooks.given() {
		own = append(own, NewWebhookCollector(hooks.Store, hooks.Dispatcher))
	}
	for _, c := range append(own, m.requests, m.duration, m.received, open) {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("httpapi: Options.Registry: %w", err)
		}
	}
	return m, nil
}

// observe counts a request. All methods that clients make up are one value.
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// Metrics is the handler of GET /metrics, the metrics in the format of Prometheus.
func (a *API) Metrics() http.Handler {
	h := promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: requestTime})
	return resource{metricsPath, methods{http.MethodGet: h}}
}
