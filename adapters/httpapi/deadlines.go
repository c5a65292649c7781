package httpapi

import (
	"context"
	"net/http"
	"time"
)

// Times that a request may take. An upload, an export and a stream of events may go on as long as they make progress.
const (
	requestTime   = 30 * time.Second
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

// extendDeadline gives the response that long from now. A server without deadlines, as in tests, is left as it is.
func extendDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}
