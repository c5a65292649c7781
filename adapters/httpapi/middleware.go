package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

const headerRequestID = "X-Request-Id"

// Times that a request may take. An upload, an export and a stream of events take as long as they make progress.
const (
	requestTime   = 30 * time.Second
	deleteAllTime = 5 * time.Minute
	// writeTime is how long a client may take to receive a piece of a response.
	writeTime = 30 * time.Second
)

// methods is a resource: its handlers by method. HEAD is answered as GET is, without the body.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := m[method]; h != nil {
		h.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Allow", m.allow())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	p := newProblem(http.StatusMethodNotAllowed, "method_not_allowed", fmt.Sprintf("%s isn't possible here, only %s", r.Method, m.allow()))
	writeProblem(w, r, slog.New(slog.DiscardHandler), p)
}

func (m methods) allow() string {
	var names []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if m[method] != nil || method == http.MethodHead && m[http.MethodGet] != nil {
			names = append(names, method)
		}
	}
	return strings.Join(append(names, http.MethodOptions), ", ")
}

// handle makes a handler of a function that answers with a problem when it returns an error. It may return one only
// before it has answered.
func (a *API) handle(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			held := &heldBody{bodies: &a.bodies, request: r}
			defer held.release() // what was read of the body is needed until the answer
			r = r.WithContext(context.WithValue(r.Context(), heldKey{}, held))
		}
		if err := f(w, r); err != nil {
			writeProblem(w, r, a.options.Logger, err)
		}
	})
}

// withTimeout returns the request's context with a limit of time.
func withTimeout(r *http.Request, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), limit)
}

// extendDeadline gives the response that long from now. A server without deadlines, as in tests, is left as it is.
func extendDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}

// Protect adds to a handler what every route of the API has but the probes: log-in, beside a request id, the request
// log, metrics under the route's name, limits of time, and no cross-origin writes.
func (a *API) Protect(route string, next http.Handler) http.Handler {
	return a.common(route, a.origins.Handler(a.authenticate(next)))
}

// common adds what every route has.
func (a *API) common(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := requestID(r)
		h := w.Header()
		h.Set(headerRequestID, id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "private, no-cache")
		user := new(string)
		rw := &response{ResponseWriter: w, user: user}
		extendDeadline(rw, requestTime+writeTime)
		// The server's own request keeps its body, by which the server knows what it has to do with the rest of it.
		r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
		if r.Body != nil && r.Body != http.NoBody {
			rw.body = newSteadyBody(rw, r)
			r.Body = rw.body
		}
		defer func() {
			recovered := recover()
			gone := false
			if recovered != nil {
				//nolint:errorlint // net/http compares it like this too.
				if gone = recovered == http.ErrAbortHandler; !gone {
					a.options.Logger.ErrorContext(r.Context(), "panic", "value", recovered, "stack", string(debug.Stack()), "request_id", id)
				}
				if !gone && rw.status == 0 {
					writeProblem(rw, r, slog.New(slog.DiscardHandler), errors.New("panic"))
				} else {
					gone = true
				}
			}
			a.finish(rw, r, route, *user, id, time.Since(began), gone)
			if gone {
				panic(http.ErrAbortHandler) // the response is cut off, and the client sees that
			}
		}()
		next.ServeHTTP(rw, r)
	})
}

// finish logs and counts a request.
func (a *API) finish(w *response, r *http.Request, route, user, id string, took time.Duration, gone bool) {
	status := w.status
	switch {
	case status == 0 && gone:
		status = 499 // as others log a client that went away
	case status == 0:
		status = http.StatusOK
	}
	a.metrics.observe(route, r.Method, status, took)
	level := slog.LevelInfo
	if route == "/livez" || route == "/readyz" || route == "/metrics" {
		level = slog.LevelDebug
	}
	a.options.Logger.LogAttrs(r.Context(), level, "request",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status), slog.Int64("bytes", w.bytes),
		slog.Duration("took", took), slog.String("client", a.options.ClientAddress(r)), slog.String("user", user),
		slog.Bool("cut_off", gone), slog.String("request_id", id))
}

// requestID takes the client's id of the request if it is fit for a log, and else makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get(headerRequestID)
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
	}
	if id == "" || len(id) > 128 || strings.IndexFunc(id, func(c rune) bool { return !plain(c) }) >= 0 {
		return rand.Text()
	}
	return id
}

// response notes what was answered.
type response struct {
	http.ResponseWriter
	user   *string     // empty before the log-in
	body   *steadyBody // of the request, nil without one
	status int
	bytes  int64
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
		if w.body != nil && !w.body.leave(*w.user != "") {
			w.Header().Set("Connection", "close")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
