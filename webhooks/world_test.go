package webhooks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// world is a store and receivers that exist only in a test. It is made inside of a synctest bubble, so its time costs
// nothing.
type world struct {
	t     *testing.T
	db    *memory.DB
	store webhooks.Store

	mu        sync.Mutex
	receivers map[string]*host
	secrets   map[string]receive.Secret // by host
}

// host is a receiver.
type host struct {
	answer func(r request) reply

	requests []request
	open     int // requests at this moment
	widest   int
}

// request is what a receiver got.
type request struct {
	at      time.Time
	id      string
	attempt int
	event   string
	body    string
}

// reply is what it answers.
type reply struct {
	status     int
	retryAfter string
	after      time.Duration // that the answer takes
	deaf       bool          // to the end of the request's context
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, db: memory.New(memory.Options{}), receivers: map[string]*host{},
		secrets: map[string]receive.Secret{}}
	w.store = w.db.Webhooks()
	return w
}

// receiver makes a receiver, and the endpoint that leads to it. Without an answer it takes everything at once.
func (w *world) receiver(name string, answer func(r request) reply,
	changes ...func(e *webhooks.Endpoint)) (*host, webhooks.Endpoint) {
	e := endpoint("https://" + name + "/hook")
	e.Secrets[0].Secret = receive.NewSecret()
	for _, change := range changes {
		change(&e)
	}
	stored, err := w.store.CreateEndpoint(w.t.Context(), e)
	require.NoError(w.t, err)
	if answer == nil {
		answer = func(request) reply { return reply{status: http.StatusOK} }
	}
	h := &host{answer: answer}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.receivers[name], w.secrets[name] = h, stored.Secrets[0].Secret
	return h, stored
}

// always is a receiver's constant answer.
func always(status int) func(request) reply {
	return func(request) reply { return reply{status: status} }
}

// slowly takes everything, in its time.
func slowly(d time.Duration) func(request) reply {
	return func(request) reply { return reply{status: http.StatusOK, after: d} }
}

// RoundTrip is the way to the receivers. Every delivery must pass the official verifier.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	h, secret := w.receivers[r.URL.Host], w.secrets[r.URL.Host]
	official, err := standardwebhooks.NewWebhook(secret.Reveal())
	if err == nil {
		err = official.Verify(body, r.Header)
	}
	if err != nil {
		w.t.Errorf("the official verifier refuses a delivery to %s: %v", r.URL, err)
	}
	attempt, err := strconv.Atoi(r.Header.Get("webhook-attempt"))
	if err != nil {
		w.t.Errorf("webhook-attempt: %v", err)
	}
	got := request{time.Now(), r.Header.Get("webhook-id"), attempt, r.Header.Get("webhook-event"), string(body)}
	h.requests = append(h.requests, got)
	answering := h.answer
	h.open++
	h.widest = max(h.widest, h.open)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		h.open--
	}()
	answer := answering(got)
	ended := r.Context().Done()
	if answer.deaf {
		ended = nil
	}
	select {
	case <-time.After(answer.after):
	case <-ended:
		return nil, r.Context().Err()
	}
	header := http.Header{}
	if answer.retryAfter != "" {
		header.Set("Retry-After", answer.retryAfter)
	}
	return &http.Response{StatusCode: answer.status, Header: header,
		Body: io.NopCloser(strings.NewReader("an answer"))}, nil
}

// answers changes what the receiver answers from now on.
func (w *world) answers(h *host, answer func(r request) reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.answer = answer
}

// most is how many requests the receiver had at the same time since the last call.
func (w *world) most(h *host) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := h.widest
	h.widest = h.open
	return n
}

// got are the requests so far.
func (w *world) got(h *host) []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]request(nil), h.requests...)
}

// changes appends n events of single changes.
func (w *world) changes(n int) (events []webhooks.Event) {
	for i := range n {
		events = append(events, webhooks.Event{Type: webhooks.ProductCreated, Data: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	w.append(events)
	return events
}

func (w *world) append(events []webhooks.Event) {
	_, err := w.store.Append(w.t.Context(), events)
	require.NoError(w.t, err)
}

// imported appends n events of an import.
func (w *world) imported(n int) {
	events := make([]webhooks.Event, n)
	for i := range events {
		events[i] = webhooks.Event{Type: webhooks.ProductCreated, ImportID: "i", Lane: webhooks.Bulk,
			Data: []byte(`{}`)}
	}
	w.append(events)
}

// dispatcher makes one that sends to the world's receivers.
func (w *world) dispatcher(options webhooks.DispatcherOptions) *webhooks.Dispatcher {
	s, err := webhooks.NewSender(webhooks.SenderOptions{Transport: w})
	require.NoError(w.t, err)
	d, err := webhooks.NewDispatcher(w.store, s, options)
	require.NoError(w.t, err)
	return d
}

// run runs a dispatcher until the test ends, or stop is called, which returns what Run returned.
func run(t *testing.T, d *webhooks.Dispatcher) (stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// deliveries are those to an endpoint, oldest first.
func (w *world) deliveries(e webhooks.Endpoint) (all []webhooks.Delivery) {
	found, err := w.store.ListDeliveries(w.t.Context(), webhooks.DeliveryQuery{EndpointID: e.ID, Limit: 1_000})
	require.NoError(w.t, err)
	for i := len(found) - 1; i >= 0; i-- {
		all = append(all, found[i])
	}
	return all
}

// log is that of a delivery.
func (w *world) log(d webhooks.Delivery) []webhooks.Attempt {
	r, err := w.store.Delivery(w.t.Context(), d.ID)
	require.NoError(w.t, err)
	return r.Attempts
}
