package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requestMetrics are those of an API.
type requestMetrics struct {
	answered *prometheus.CounterVec
	duration *prometheus.HistogramVec
	received prometheus.Counter
	streams  prometheus.Gauge
}

func newRequestMetrics() requestMetrics {
	return requestMetrics{
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "http_requests_total", Help: "Requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "http_request_duration_seconds",
			Help: "Time from a request's header to the end of its response, by route; of streams it is their " +
				"length.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"route"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: prefix + "http_upload_bytes_total", Help: "Bytes of uploaded files as they were received.",
		}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: prefix + "http_streams", Help: "Streams of progress that are open.",
		}),
	}
}

func (r *requestMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{r.answered, r.duration, r.received, r.streams}
}

// Answered counts a request. All methods that clients make up are one value.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.answered.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.requests.duration.WithLabelValues(route).Observe(took.Seconds())
}

// Received counts the bytes of an uploaded file.
func (m *Metrics) Received(bytes int64) { m.requests.received.Add(float64(bytes)) }

// Streams counts the streams of progress that are open: by 1 for one that begins, by -1 for one that ends.
func (m *Metrics) Streams(change int) { m.requests.streams.Add(float64(change)) }
