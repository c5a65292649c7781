package httpapi

import (
	"context"
	"net/http"
	"time"
)

// Times that a request may take. An upload, an export and a stream of events may go on as long as they make progress.
const (
	// requestTime is how long the store may take for a request, so that every request is answered within 10 s, even
	// where the store is frozen and takes a moment to notice that nobody waits any more.
	requestTime   = 8 * time.Second
	deleteAllTime = 5 * time.Minute
	// scanTime is how long looking at every product may take.
	scanTime = 5 * time.Minute
	// writeTime is how long a client may take to receive a piece of a response.
	writeTime = 30 * time.Second
)

// withTimeout returns the request's context, which ends after the limit.
func withTimeout(r *http.Request, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), limit)
}

// startLong returns the request's context for what may take longer than requestTime. It asks first whether the store
// answers, so that an outage is told as soon as by other requests.
func (a *API) startLong(w http.ResponseWriter, r *http.Request, limit time.Duration) (context.Context,
	context.CancelFunc, error) {
	if err := a.checkStore(r); err != nil {
		return nil, nil, err
	}
	extendDeadline(w, limit+writeTime)
	ctx, cancel := withTimeout(r, limit)
	return ctx, cancel, nil
}

// checkStore returns an error if the store doesn't answer now.
func (a *API) checkStore(r *http.Request) error {
	if err := a.health.check(r.Context(), 0); passes(err) {
		return err
	}
	return nil // whatever else is wrong, the request itself may find out
}

// startRead returns the request's context, which ends after requestTime, and room for a product in its response.
// Releasing the room ends the context.
func (a *API) startRead(r *http.Request) (context.Context, *readShare, error) {
	ctx, cancel := withTimeout(r, requestTime)
	h, err := a.reads.read(ctx)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	h.end = cancel
	return ctx, h, nil
}

// startStream returns room for a response that is read and written piece by piece, once the store answers.
func (a *API) startStream(r *http.Request) (*readShare, error) {
	if err := a.checkStore(r); err != nil {
		return nil, err
	}
	return a.reads.stream(r.Context())
}

// extendDeadline gives the response that long from now. A server without deadlines, as in tests, is left as it is.
func extendDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}
