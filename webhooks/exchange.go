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

// overtime is how long an exchange may take to end once its context has.
const overtime = time.Second

// errOverdue is the cause of an attempt that was left to itself.
var errOverdue = errors.New("webhooks: the transport doesn't end with the request's context")

// Overdue returns how many attempts didn't end when their time was over, and were left to themselves, since NewSender; and
// how many of these haven't ended yet. Each of the latter is a goroutine, and perhaps a connection.
func (s *Sender) Overdue() (overdue, hanging int64) { return s.overdue.Load(), s.hanging.Load() }

// exchange makes the request and reads the answer. It returns soon after the request's context has ended, whatever the
// transport and the answer's body do: then the attempt is over, and what hangs is left to itself.
func (s *Sender) exchange(r *http.Request, answer *Answer) {
	var left atomic.Bool // by whoever comes first: the exchange when it is over, or we when we are tired of it
	done := make(chan Answer, 1)
	go func(own Answer) {
		s.do(r, &own)
		if left.Swap(true) {
			s.hanging.Add(-1)
		}
		done <- own
	}(*answer)
	select {
	case *answer = <-done:
		return
	case <-r.Context().Done():
	}
	tired := time.NewTimer(overtime)
	defer tired.Stop()
	select {
	case *answer = <-done:
		return
	case <-tired.C:
	}
	s.hanging.Add(1)
	if left.Swap(true) { // just now
		s.hanging.Add(-1)
		*answer = <-done
		return
	}
	s.overdue.Add(1)
	answer.fail(KindTimeout, textTimeout, errOverdue)
}

// do makes the request and reads the answer.
func (s *Sender) do(r *http.Request, answer *Answer) {
	// Not with an http.Client: nothing is redirected, and no cookie kept.
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
		// The body is the connection itself, which ends with no context: nothing of it is read.
		answer.fail(KindProtocol, "status 101: nobody asked for another protocol", nil)
		return
	}
	// Whatever the transport does, nobody reads on when the time is over.
	defer context.AfterFunc(r.Context(), func() { _ = response.Body.Close() })()
	answer.Response, err = readBody(response.Body)
	late := r.Context().Err() != nil
	if err != nil && !late {
		kind, _ := failureOf(err)
		late = kind == KindTimeout
	}
	switch code := response.StatusCode; {
	case err != nil && late:
		answer.fail(KindTimeout, textTimeout, err)
	case code >= 300 && code < 400:
		answer.fail(KindRedirect, fmt.Sprintf("status %d: redirects are not followed", code), err)
	case code < 200 || code > 299:
		answer.fail(KindStatus, fmt.Sprintf("status %d", code), err)
	case err != nil:
		answer.fail(KindBody, "the answer's body broke off", err)
	}
}

// readBody returns the beginning of the answer, and reads on for a while, so that the connection can be used again.
func readBody(body io.Reader) ([]byte, error) {
	kept, err := io.ReadAll(io.LimitReader(body, MaxResponse))
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(body, maxRead-MaxResponse))
	}
	return kept, err
}

// fail notes what went wrong: the text is for whoever may see the endpoint, the cause for the log.
func (a *Answer) fail(kind Kind, text string, cause error) {
	a.Kind, a.Cause = kind, cause
	a.Error = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
	if len(a.Error) > MaxError {
		a.Error = strings.ToValidUTF8(a.Error[:MaxError], "")
	}
}
