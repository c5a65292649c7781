package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// abandonAfter is how long an exchange may take to end after its context has ended.
const abandonAfter = time.Second

// errAbandoned is the cause of an attempt that didn't end and was abandoned.
var errAbandoned = errors.New("webhooks: the transport doesn't end with the request's context")

// Overdue returns how many attempts didn't end when their time was over, and were abandoned, since [NewSender]; and how
// many of these haven't ended yet. Each of the latter is a goroutine, and perhaps a connection.
func (s *Sender) Overdue() (overdue, hanging int64) { return s.overdue.Load(), s.hanging.Load() }

// exchange makes the request and reads the answer. It returns soon after the request's context has ended, whatever the
// transport and the answer's body do: an exchange that hangs is abandoned.
func (s *Sender) exchange(r *http.Request, answer *Answer) {
	// The first of the two sides sets settled: the goroutine when the exchange has ended, or this function when it
	// abandons it. The other side sees that it came second.
	var settled atomic.Bool
	done := make(chan Answer, 1)
	go func(own Answer) {
		s.do(r, &own)
		if settled.Swap(true) {
			s.hanging.Add(-1)
		}
		done <- own
	}(*answer)
	select {
	case *answer = <-done:
		return
	case <-r.Context().Done():
	}
	abandon := time.NewTimer(abandonAfter)
	defer abandon.Stop()
	select {
	case *answer = <-done:
		return
	case <-abandon.C:
	}
	s.hanging.Add(1)
	if settled.Swap(true) { // it ended just now
		s.hanging.Add(-1)
		*answer = <-done
		return
	}
	s.overdue.Add(1)
	answer.fail(FailureTimeout, timeoutText, errAbandoned)
}

// do makes the request and reads the answer.
func (s *Sender) do(r *http.Request, answer *Answer) {
	// Without an http.Client: no redirect is followed, and no cookie kept.
	response, err := s.transport.RoundTrip(r)
	if err != nil {
		kind, text := failureOf(err)
		answer.fail(kind, text, err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	answer.Status = response.StatusCode
	answer.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	if response.StatusCode == http.StatusSwitchingProtocols {
		// The body is the connection itself, which doesn't end with the context: it isn't read.
		answer.fail(FailureProtocol, "status 101: nobody asked for another protocol", nil)
		return
	}
	// Reading ends when the time is over, whatever the transport does.
	defer context.AfterFunc(r.Context(), func() { _ = response.Body.Close() })()
	answer.Response, err = readBody(response.Body)
	late := r.Context().Err() != nil
	if err != nil && !late {
		kind, _ := failureOf(err)
		late = kind == FailureTimeout
	}
	switch code := response.StatusCode; {
	case code >= 200 && code <= 299:
		// The receiver has taken it: a body that is slow or breaks off must not make it take the same event again.
	case err != nil && late:
		answer.fail(FailureTimeout, timeoutText, err)
	case code >= 300 && code < 400:
		answer.fail(FailureRedirect, fmt.Sprintf("status %d: redirects are not followed", code), err)
	default:
		answer.fail(FailureStatus, fmt.Sprintf("status %d", code), err)
	}
}

// readBody returns the beginning of the body, and reads a little further, so that the connection can be used again.
func readBody(body io.Reader) ([]byte, error) {
	kept, err := io.ReadAll(io.LimitReader(body, maxResponse))
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(body, maxRead-maxResponse))
	}
	return kept, err
}

// fail notes a failure. The text is for whoever may see the endpoint, the cause for the log.
func (a *Answer) fail(kind FailureKind, text string, cause error) {
	a.Failure, a.Cause = kind, cause
	a.Error = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
	if len(a.Error) > maxError {
		a.Error = strings.ToValidUTF8(a.Error[:maxError], "")
	}
}
