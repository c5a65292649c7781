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

	"github.com/products-importer/products-importer/webhooks/receive"
)

// SenderOptions are the settings of a [Sender]. The zero value works.
type SenderOptions struct {
	// Policy says where requests may go.
	Policy Policy
	// Transport makes the requests; nil for [NewTransport] with the Policy. Another transport has to keep to a policy
	// itself, and to end a request with its context: a request that it doesn't end is abandoned with its goroutine, see
	// [Sender.Overdue].
	Transport http.RoundTripper
	// UserAgent is sent as the header User-Agent; empty for "products-importer-webhooks/1".
	UserAgent string
}

// Sender makes single attempts to deliver events. It is safe for concurrent use.
type Sender struct {
	transport http.RoundTripper
	userAgent string

	overdue, hanging atomic.Int64
}

// NewSender returns a Sender. The error names the option that is wrong.
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

// Answer is an attempt with what isn't stored of it.
type Answer struct {
	Attempt
	// RetryAfter is how long the receiver asks to wait before the next attempt, at most a day; 0 where it doesn't, or
	// not in a valid way.
	RetryAfter time.Duration
	// Cause is the error that the Attempt's Error describes, nil for none. It is for the log alone: it may have
	// addresses that names lead to.
	Cause error
}

// Send sends the event to the endpoint, once, and returns the outcome. number is the attempt's, from 1. It takes at
// most as long as the endpoint's Timeout, the answer's body included, and a second more where the transport doesn't end
// in time. The only error is the context's, for an attempt that ended with the context and doesn't count.
func (s *Sender) Send(ctx context.Context, e *Endpoint, event *Event, number int) (answer Answer, err error) {
	began := time.Now()
	answer.Attempt = Attempt{Number: number, At: began}
	inner, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	request, err := s.request(inner, e, event, number, began)
	if err != nil {
		answer.fail(FailureRequest, err.Error(), err)
	} else {
		s.exchange(request, &answer)
	}
	answer.Duration = time.Since(began)
	if answer.Failure != "" && ctx.Err() != nil {
		return answer, ctx.Err()
	}
	return answer, nil
}

// request makes the request of an attempt that begins now.
func (s *Sender) request(ctx context.Context, e *Endpoint, event *Event, number int,
	now time.Time) (*http.Request, error) {
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
	h.Set(receive.HeaderID, event.ID)
	h.Set(receive.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(receive.HeaderAttempt, strconv.Itoa(number))
	h.Set(receive.HeaderEvent, event.Type)
	secrets := e.Live(now)
	if len(secrets) == 0 {
		return nil, errors.New("webhooks: the endpoint has no secret")
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = secret.Sign(event.ID, now, body)
	}
	h.Set(receive.HeaderSignature, strings.Join(signatures, " "))
	// It isn't sent. It allows the transport to repeat a request when the idle connection that it took was just closed.
	h["Idempotency-Key"] = nil
	return r, nil
}

// maxRetryAfter is the longest wait that a receiver may ask for.
const maxRetryAfter = 24 * time.Hour

// retryAfter returns the wait that a header Retry-After asks for, in seconds or as a date; 0 for an invalid one, and
// for one in the past.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
