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
		if err := a.health.ask(r.Context()); err != nil {
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

// health remembers the last answer.
type health struct {
	check func(ctx context.Context) error

	mu    sync.Mutex
	asked time.Time
	err   error
}

func (h *health) ask(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.asked) < healthLife {
		return h.err
	}
	// Whoever asked may leave; the answer is for all.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTime)
	defer cancel()
	h.err = h.check(ctx)
	h.asked = time.Now()
	return h.err
}
