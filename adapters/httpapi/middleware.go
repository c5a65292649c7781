package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

const headerRequestID = "X-Request-Id"

// handle returns a handler that calls f, and answers with a problem if that returns an error. f may return one only
// before it has answered.
func (a *API) handle(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			held := &bodyShare{budget: &a.bodies, request: r}
			defer held.release() // what was read of the body is needed until the answer
			r = r.WithContext(context.WithValue(r.Context(), bodyShareKey{}, held))
		}
		if err := f(w, r); err != nil {
			writeProblem(w, r, a.options.Logger, err)
		}
	})
}

// Protect adds to a handler, one of the API's or an application's own, what every route of the API has but /livez and
// /readyz: log-in, a request id, the request log, metrics under the route's name, limits of time, and the refusal of
// cross-origin writes.
func (a *API) Protect(route string, next http.Handler) http.Handler {
	return a.common(route, a.refuseCrossOrigin(a.protected(next)))
}

// refuseCrossOrigin refuses writes of pages of other origins.
func (a *API) refuseCrossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r
		if _, host := basicauth.Forwarded(r, a.options.TrustedProxies...); host != "" {
			asked = r.WithContext(r.Context())
			asked.Host = host
		}
		if a.origins.Check(asked) == nil {
			next.ServeHTTP(w, r)
			return
		}
		writeProblem(w, r, a.options.Logger, newProblem(http.StatusForbidden, "cross_origin",
			"a page of another origin may not change anything here"))
	})
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
		user, job := new(string), new(string)
		rw := &response{ResponseWriter: w, user: user}
		extendDeadline(rw, requestTime+writeTime)
		// The server's own request keeps its body, by which the server knows what it has to do with the rest of it.
		r = r.WithContext(context.WithValue(context.WithValue(r.Context(), userKey{}, user), jobKey{}, job))
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
					a.options.Logger.ErrorContext(r.Context(), "panic", "value", recovered, "stack",
						string(debug.Stack()), "request_id", id)
				}
				if !gone && rw.status == 0 {
					writeProblem(rw, r, slog.New(slog.DiscardHandler), errors.New("panic"))
				} else {
					gone = true
				}
			}
			a.finish(rw, r, route, logged{*user, id, *job}, time.Since(began), gone)
			if gone {
				panic(http.ErrAbortHandler) // the response is cut off, and the client sees that
			}
		}()
		next.ServeHTTP(rw, r)
	})
}

// logged is what the log has of a request beside the request: who made it, its ID, and the import that it asked for, by
// which the worker's lines about that are found.
type logged struct{ user, id, job string }

// finish logs and counts a request.
func (a *API) finish(w *response, r *http.Request, route string, of logged, took time.Duration, gone bool) {
	status := w.status
	switch {
	case status == 0 && gone:
		status = 499 // as nginx logs a client that went away
	case status == 0:
		status = http.StatusOK
	}
	a.options.Meter.Answered(route, r.Method, status, took)
	level := slog.LevelInfo
	switch routePath(route) {
	case livePath, readyPath, metricsPath: // asked for every few seconds
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status),
		slog.Int64("bytes", w.bytes),
		slog.Duration("took", took), slog.String("client", a.options.ClientAddress(r)), slog.String("user", of.user),
		slog.Bool("cut_off", gone), slog.String("request_id", of.id)}
	if of.job != "" {
		attrs = append(attrs, slog.String("job", of.job))
	}
	a.options.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// requestID returns the client's id of the request if it is fit for a log, and else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get(headerRequestID)
	fit := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
	}
	if id == "" || len(id) > 128 || strings.IndexFunc(id, func(c rune) bool { return !fit(c) }) >= 0 {
		return rand.Text()
	}
	return id
}
