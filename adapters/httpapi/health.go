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
	// healthLife is for how long an answer is believed: anybody may ask, as often as they like.
	healthLife = time.Second
)

// errSilent is what is wrong with a store that doesn't answer.
var errSilent = fmt.Errorf("the store has not answered within %v", healthTime)

// Live is the handler that says that the process works: GET, 200.
func (a *API) Live() http.Handler {
	return methods{http.MethodGet: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeState(w, "ok") })}
}

// Ready is the handler that says whether requests can be served: GET, 200, or 503 when the store can't be reached or Run
// has ended.
func (a *API) Ready() http.Handler {
	return methods{http.MethodGet: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if a.running.Err() != nil {
			return fmt.Errorf("%w: the server is stopping", products.ErrUnavailable)
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

// reachable asks for what can't be there.
func reachable(ctx context.Context, catalogue products.Reader, jobs job.Reader) error {
	if _, err := catalogue.Get(ctx, math.MaxInt64); err != nil && !errors.Is(err, products.ErrNotFound) {
		return err
	}
	if _, err := jobs.GetMany(ctx, []string{"00000000-0000-7000-8000-000000000000"}); err != nil {
		return err
	}
	return nil
}

// Health tells whether a store answers, in bounded time whatever the store does: it is asked in the background, once for
// all who want to know at the same time, and an answer is believed for a second. It is safe for concurrent use.
type Health struct {
	ask func(ctx context.Context) error

	mu     sync.Mutex
	answer *answer // the last one that there is, or that is waited for; nil at first
}

// answer is what the store says, once came is closed.
type answer struct {
	asked time.Time
	came  chan struct{}
	err   error
	end   time.Time // when it came
}

// NewHealth returns the health of what ask asks, with a context that ends after 3 s. It returns nil where the store
// answers, and should return when its context ends: a store that hangs isn't asked again until it does.
func NewHealth(ask func(ctx context.Context) error) *Health { return &Health{ask: ask} }

// Check returns nil when the store answers, within 3 s, and else what is wrong; or the context's error when that ends
// before. While the store hangs, it says so at once.
func (h *Health) Check(ctx context.Context) error {
	a := h.latest(ctx)
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

// latest returns an answer that is fresh, or comes.
func (h *Health) latest(ctx context.Context) *answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.answer; a != nil && (a.end.IsZero() || time.Since(a.end) < healthLife) {
		return a
	}
	a := &answer{asked: time.Now(), came: make(chan struct{})}
	h.answer = a
	// Whoever asked may leave; the answer is for all.
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
