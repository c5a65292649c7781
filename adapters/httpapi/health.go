package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

const (
	// healthTime is how long the store may take to answer before it counts as gone.
	healthTime = 3 * time.Second
	// healthLife is how long an answer is used: anybody may ask, as often as they like.
	healthLife = time.Second
)

// errSilent is for a store that doesn't answer.
var errSilent = fmt.Errorf("%w: it has not answered within %v", products.ErrUnavailable, healthTime)

// Live is the handler of GET /livez, which answers with 200 as long as the process works.
func (a *API) Live() http.Handler {
	return methods{http.MethodGet: http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		writeState(w, "ok")
	})}
}

// Ready is the handler of GET /readyz, which answers with 200 if requests can be served, and with 503 when the store
// can't be reached, or since [API.Drain] or the end of [API.Run].
func (a *API) Ready() http.Handler {
	return methods{http.MethodGet: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if a.draining.Load() || a.running.Err() != nil {
			return errStopping
		}
		if err := a.health.Check(r.Context()); err != nil {
			return fmt.Errorf("%w: %w", products.ErrUnavailable, err)
		}
		writeState(w, "ok")
		return nil
	})}
}

func writeState(w http.ResponseWriter, state string) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": state})
}

// reachable asks the stores for what doesn't exist, and returns the error of one that doesn't answer.
func reachable(ctx context.Context, catalogue products.Reader, jobs job.Reader) error {
	if catalogue != nil {
		if _, err := catalogue.Get(ctx, math.MaxInt64); err != nil && !errors.Is(err, products.ErrNotFound) {
			return err
		}
	}
	if _, err := jobs.GetMany(ctx, []string{"00000000-0000-7000-8000-000000000000"}); err != nil {
		return err
	}
	return nil
}

// Health reports whether a store answers, in bounded time whatever the store does: it is asked in the background, once
// for all that want to know at the same time, and an answer is used for a second. It is safe for concurrent use.
type Health struct {
	ask func(ctx context.Context) error

	mu     sync.Mutex
	answer *answer // the latest, or the one that is awaited; nil at first
}

// answer is the store's, once came is closed.
type answer struct {
	asked time.Time
	came  chan struct{}
	err   error
	end   time.Time // when it came
}

// NewHealth returns the Health of a store. ask asks it something, and returns nil if it answers; its context ends after
// 3 s, and it should return then: a store isn't asked again before it has.
func NewHealth(ask func(ctx context.Context) error) *Health { return &Health{ask: ask} }

// Check returns nil if the store answers within 3 s, and else what is wrong, or the context's error if that ends first.
// While a store hangs, its error comes at once.
func (h *Health) Check(ctx context.Context) error { return h.check(ctx, healthLife) }

// check is Check with an answer that came at most so long ago.
func (h *Health) check(ctx context.Context, life time.Duration) error {
	a := h.latest(ctx, life)
	patience := time.NewTimer(time.Until(a.asked.Add(healthTime)))
	defer patience.Stop()
	select {
	case <-a.came:
		return a.err
	default:
	}
	select {
	case <-a.came:
		return a.err
	case <-patience.C:
		return errSilent
	case <-ctx.Done():
		return ctx.Err()
	}
}

// latest returns an answer that came at most so long ago, or is awaited.
func (h *Health) latest(ctx context.Context, life time.Duration) *answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.answer; a != nil && (a.end.IsZero() || time.Since(a.end) < life) {
		return a
	}
	a := &answer{asked: time.Now(), came: make(chan struct{})}
	h.answer = a
	// The one who asked may leave; the answer is for all.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTime)
	go func() {
		defer cancel()
		err := h.ask(ctx)
		h.mu.Lock()
		defer h.mu.Unlock()
		a.err, a.end = err, time.Now()
		close(a.came)
	}()
	return a
}
