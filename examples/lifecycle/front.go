package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi"
)

// Front serves an address from the start of a program to its end. Until [Front.Serve] gives it a handler, /livez
// answers with 200, and everything else with 503, a problem that says what the program is doing: /readyz at once, what
// clients ask for after some seconds, so that a restart that takes no longer is no error for them. It is safe for
// concurrent use.
type Front struct {
	listener net.Listener // nil for an address that is empty
	server   *http.Server
	logger   *slog.Logger
	failed   chan error // gets what ends it before Shutdown, if anything does
	ended    chan struct{}

	doing   atomic.Pointer[string]
	handler atomic.Pointer[http.Handler] // nil at first
	serving chan struct{}                // closed once there is one
	hold    atomic.Int64                 // for how many nanoseconds a request waits for it
	holding atomic.Int64                 // requests that do
	metrics atomic.Pointer[http.Handler] // nil for none
	leaving atomic.Bool

	mu    sync.Mutex
	under map[*http.Request]request // those under way
}

// request is what the log says of a request.
type request struct {
	began                time.Time
	method, path, client string
}

// Listen serves the address from now on, or nothing for an empty one. The caller shuts it down.
func Listen(addr string, logger *slog.Logger) (*Front, error) {
	f := &Front{logger: logger, failed: make(chan error, 1), ended: make(chan struct{}),
		under: map[*http.Request]request{}, serving: make(chan struct{})}
	f.hold.Store(int64(holdTime))
	f.Starting("starting")
	if addr == "" {
		return f, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	f.listener, f.server = listener, httpapi.NewHTTPServer(f, logger)
	go func() {
		defer close(f.ended)
		if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.failed <- err
		}
	}()
	return f, nil
}

// Addr is where it listens, nil for nowhere.
func (f *Front) Addr() net.Addr {
	if f.listener == nil {
		return nil
	}
	return f.listener.Addr()
}

// Starting sets what the program is doing, for /readyz: in words that anybody may read.
func (f *Front) Starting(doing string) { f.doing.Store(&doing) }

// Serve has the handler answer all requests from now on. It is called once.
func (f *Front) Serve(handler http.Handler) {
	f.handler.Store(&handler)
	close(f.serving)
}

const (
	// holdTime is how long a request waits for the program to begin, and mostHolding how many do.
	holdTime    = 5 * time.Second
	mostHolding = 1000
)

// await waits until there is a handler, unless the request is one of those that ask whether there is.
func (f *Front) await(r *http.Request) {
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/livez", "/readyz", "/metrics":
		return
	}
	defer f.holding.Add(-1)
	if f.holding.Add(1) > mostHolding {
		return
	}
	timer := time.NewTimer(time.Duration(f.hold.Load()))
	defer timer.Stop()
	select {
	case <-f.serving:
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// ServeMetrics has the handler answer requests for /metrics until Serve is called.
func (f *Front) ServeMetrics(handler http.Handler) { f.metrics.Store(&handler) }

// Run returns the error that ends the serving, or nil when the context has ended.
func (f *Front) Run(ctx context.Context) error {
	select {
	case err := <-f.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// ServeHTTP answers a request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.under[r] = request{time.Now(), r.Method, r.URL.Path, r.RemoteAddr}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.under, r)
	}()
	if f.leaving.Load() {
		w.Header().Set("Connection", "close") // the next request is better made elsewhere
	}
	if f.handler.Load() == nil {
		f.await(r)
	}
	if handler := f.handler.Load(); handler != nil {
		(*handler).ServeHTTP(w, r)
		return
	}
	f.serveStarting(w, r)
}

// serveStarting answers a request while there is no handler.
func (f *Front) serveStarting(w http.ResponseWriter, r *http.Request) {
	if metrics := f.metrics.Load(); metrics != nil && r.URL.Path == "/metrics" {
		(*metrics).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.TrimSuffix(r.URL.Path, "/") == "/livez" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // whoever has left doesn't want it
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "5")
	const status = http.StatusServiceUnavailable
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(httpapi.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: "unavailable", Detail: "the program is starting: " + *f.doing.Load()}) // as above
}

// Drain goes on for as long as the settings say after what ended the context; each answer closes its connection. The
// program says by then that it isn't ready.
func (f *Front) Drain(ctx context.Context, s *Settings) {
	f.leaving.Store(true)
	d := s.drainFor(context.Cause(ctx))
	if d == 0 {
		return
	}
	f.logger.Info("stopping: connections are taken for a while, a second signal ends at once", "drain", d)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.ended:
	}
}

// mostCut is how many of the requests that are cut off have a line of their own in the log.
const mostCut = 20

// Shutdown takes no connections any more, and returns when the requests under way have been answered. Those that take
// longer than the time are logged and cut off. It may be called again.
func (f *Front) Shutdown(most time.Duration) error {
	if f.listener == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	err := f.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		f.logCut()
		err = nil
	}
	err = errors.Join(err, f.server.Close())
	<-f.ended
	return err
}

// logCut logs the requests under way, the oldest first.
func (f *Front) logCut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	cut := slices.SortedFunc(maps.Values(f.under), func(a, b request) int { return a.began.Compare(b.began) })
	for _, r := range cut[:min(len(cut), mostCut)] {
		f.logger.Warn("a request is cut off: the program stops", "method", r.method, "path", r.path, "client",
			r.client, "took", time.Since(r.began).Round(time.Millisecond))
	}
	if more := len(cut) - mostCut; more > 0 {
		f.logger.Warn("more requests are cut off", "requests", more)
	}
}
