package httpapi

import (
	"net/http"
	"time"
)

// Meter is told what an API does, for metrics. It is called by several goroutines at a time, in the middle of the work:
// its methods return at once. Package adapters/metrics has one for Prometheus.
type Meter interface {
	// Answered is told of a request that was answered: its route, as in the OpenAPI document or as [API.Protect] was
	// given it, and "other" where there is none; its method, which may be anything that clients make up; its status,
	// 499 for a client that went away before there was one; and how long it took, a stream until its end.
	Answered(route, method string, status int, took time.Duration)
	// Received is told how many bytes of a file were received.
	Received(bytes int64)
	// Streams is told that a stream of progress began, with 1, or ended, with -1.
	Streams(change int)
}

// noMeter is the Meter where there is none.
type noMeter struct{}

func (noMeter) Answered(string, string, int, time.Duration) {}
func (noMeter) Received(int64)                              {}
func (noMeter) Streams(int)                                 {}

// Metrics is the handler of GET /metrics, that of Options.Metrics for those who may read it; nil without it.
func (a *API) Metrics() http.Handler {
	if a.options.Metrics == nil {
		return nil
	}
	return resource{metricsPath, methods{http.MethodGet: a.options.Metrics}}
}
