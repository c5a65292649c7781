package httpapi

import (
	"log/slog"
	"net/http"
	"time"
)

// NewHTTPServer returns a server for the handler with the limits that a slow client can't get around: 10 s for a
// request's header, which has at most 64 KiB, and 2 minutes for a connection without a request. What reads a body or
// writes a response is limited by the API itself, piece by piece, so that uploads and streams may take long. The logger
// may be nil; it gets broken connections at level debug.
func NewHTTPServer(handler http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
