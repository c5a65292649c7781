package webhooks

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// SenderOptions are the settings of a Sender. The zero value works.
type SenderOptions struct {
	// Policy says where to requests may go.
	Policy Policy
	// Transport makes the requests; nil for NewTransport of the Policy. Another one has to see to the policy itself, and to
	// end a request with its context: the goroutine of one that doesn't is left behind, see Sender.Overdue.
	Transport http.RoundTripper
	// UserAgent names the sender: empty for "products-importer-webhooks/1".
	UserAgent string
}

// Sender makes single attempts. It is safe for concurrent use.
type Sender struct {
	transport http.RoundTripper
	userAgent string

	overdue, hanging atomic.Int64
}

// NewSender returns a Sender.
func NewSender(options SenderOptions) (*Sender, error) {
	if options.UserAgent == "" {
		options.UserAgent = "products-importer-webhooks/1"
	}
	if strings.ContainsFunc(options.UserAgent, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return nil, errors.New("webhooks: SenderOptions.UserAgent must have printable ASCII characters")
	}
	if options.Transport == nil {
		options.Transport = NewTransport(options.Policy, nil)
	}
	return &Sender{transport: options.Transport, userAgent: options.UserAgent}, nil
}

// Answer is an attempt, and what the answer says beside its status.
type Answer struct {
	Attempt
	// RetryAfter is how long the receiver wants to be left alone, 0 where it doesn't say so in a way that can be read.
	RetryAfter time.Duration
	// Cause is the error that the Attempt's Error stands for, nil where there is none. It is for the log alone: it may tell
	// what names lead to here.
	Cause error
}

// Send sends the event to the endpoint, once, and says what came of it. It takes as long as the endpoint's Timeout at most,
// the answer's body included, and a second more where the transport doesn't keep to that. number is that of the attempt,
// from 1. An attempt that the context's end broke off has the context's error as err, and counts for nothing.
func (s *Sender) Send(ctx context.Context, e *Endpoint, event *Event, number int) (answer Answer, err error) {
	began := time.Now()
	answer.Attempt = Attempt{Number: number, At: began}
	inner, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	request, err := s.request(inner, e, event, number, began)
	if err != nil {
		answer.fail(KindRequest, err.Error(), err)
	} else {
		s.exchange(request, &answer)
	}
	answer.Duration = time.Since(began)
	if answer.Kind != "" && ctx.Err() != nil {
		return answer, ctx.Err()
	}
	return answer, nil
}

// request makes the request of an attempt that begins now.
func (s *Sender) request(ctx context.Context, e *Endpoint, event *Event, number int, now time.Time) (*http.Request, error) {
	body := event.AppendBody(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h := r.Header
	for name, value := range e.Headers {
		h.Set(name, value)
	}
	if e.Token != "" {
		h.Set("Authorization", "Bearer "+string(e.Token))
	}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", s.userAgent)
	h.Set(HeaderID, event.ID)
	h.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(HeaderAttempt, strconv.Itoa(number))
	h.Set(HeaderEvent, event.Type)
	secrets := e.Live(now)
	if len(secrets) == 0 {
		return nil, errors.New("webhooks: the endpoint has no secret")
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = secret.Sign(event.ID, now, body)
	}
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	// Never sent: it tells the transport that a request may be made again whose idle connection was just being closed.
	h["Idempotency-Key"] = nil
	return r, nil
}

// mostRetryAfter is how long a receiver may ask to be left alone.
const mostRetryAfter = 24 * time.Hour

// retryAfter reads the header Retry-After: seconds, or a date. What can't be read is 0, and so is the past.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(mostRetryAfter/time.Second) {
			return mostRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), mostRetryAfter)
}
