package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

const (
	// firstLookTime is how long the store may take to show an import before its stream is opened without it.
	firstLookTime = 5 * time.Second
	// minPause and maxPause are the times between two looks of a stream that waits for the store.
	minPause, maxPause = time.Second, 8 * time.Second
)

// passes reports whether a stream waits for the end of the trouble: the store is away, busy or too slow.
func passes(err error) bool {
	return errors.Is(err, products.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

// look subscribes to an import and returns how it is now. The error is for the client.
func (a *API) look(ctx context.Context, id string, patience time.Duration) (*progress.Subscription[*frame], *frame,
	error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	subscription, err := a.watcher.Subscribe(ctx, id)
	if err != nil {
		return nil, nil, a.ending(err)
	}
	now, err := subscription.Next(ctx)
	if err != nil {
		subscription.Close()
		return nil, nil, a.ending(err)
	}
	return subscription, now, nil
}

// await keeps an open stream alive until the store shows the import, however long that takes. The subscription is nil
// where the stream is to end: the client has gone, the server stops, or there is no such import, which the client is
// told when it comes again.
func (a *API) await(ctx context.Context, s *session, id string) (*progress.Subscription[*frame], *frame) {
	for pause := minPause; ; {
		if time.Since(s.wrote) >= keepAlive && s.send(comment, time.Now()) != nil {
			return nil, nil
		}
		waiting, cancel := context.WithDeadline(ctx, s.wrote.Add(keepAlive))
		err := sleep(waiting, pause)
		if err == nil {
			err = a.health.Check(waiting) // one question for all streams that wait
		}
		cancel()
		if ctx.Err() != nil {
			return nil, nil
		}
		if err != nil {
			continue
		}
		if s.send(comment, time.Now()) != nil { // so that the store has the time between two comments
			return nil, nil
		}
		subscription, now, err := a.look(ctx, id, keepAlive)
		switch {
		case err == nil:
			return subscription, now
		case ctx.Err() != nil:
			return nil, nil
		case !passes(err):
			if problem := problemOf(err); problem.Status >= http.StatusInternalServerError {
				a.options.Logger.ErrorContext(ctx, "stream ended", "import", id, "error", err)
			}
			return nil, nil
		}
		pause = min(2*pause, maxPause)
	}
}

// sleep waits for the time, or for the context's end, whose error it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// begin sends the header of a stream.
func begin(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold frames back
	w.WriteHeader(http.StatusOK)
}

// later answers where no stream can be opened, for a reason that passes. An EventSource, which is known by what it
// accepts, gives up for good at any status but 200: it gets a stream that ends at once, with the reason as a comment
// and the time after which it connects again. Others get the problem.
func later(w http.ResponseWriter, r *http.Request, err error) error {
	if r.Method == http.MethodHead || !strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/event-stream") {
		return err
	}
	begin(w)
	// It fails only where the client has gone.
	_, _ = fmt.Fprintf(w, "retry: %d\n%s", retryAfter.Milliseconds(), appendComment(nil, problemOf(err).Detail))
	return nil
}
