package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// receiver is the network, and at its end an endpoint that takes its time. It asks the official verifier about
// everything that comes. It is a http.RoundTripper, since real connections don't know a bubble's time.
type receiver struct {
	t        *testing.T
	secret   string
	takes    time.Duration
	mu       sync.Mutex
	begun    int
	received []string // IDs
}

func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if official, err := standardwebhooks.NewWebhook(r.secret); err != nil ||
		official.Verify(body, request.Header) != nil {
		r.t.Error("the official verifier doesn't take a delivery")
	}
	r.mu.Lock()
	r.begun++
	r.mu.Unlock()
	select {
	case <-time.After(r.takes):
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = append(r.received, request.Header.Get(receive.HeaderID))
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

func (r *receiver) seen() (begun int, received []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun, r.received
}

// listen stores an endpoint and returns the receiver behind it, and a dispatcher. The queue may be nil, for the
// world's.
func (w *world) listen(queue webhooks.Queue, options webhooks.DispatcherOptions) (*receiver, *webhooks.Dispatcher) {
	w.t.Helper()
	secret := receive.NewSecret()
	r := &receiver{t: w.t, secret: secret.Reveal()}
	_, err := w.db.Webhooks().CreateEndpoint(w.t.Context(), webhooks.Endpoint{URL: "https://shop.example/",
		Events: []string{"*"}, Concurrency: 2, Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: secret}}}})
	require.NoError(w.t, err)
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Transport: r})
	require.NoError(w.t, err)
	if queue == nil {
		queue = w.db.Webhooks()
	}
	d, err := webhooks.NewDispatcher(queue, sender, options)
	require.NoError(w.t, err)
	return r, d
}

// tell appends so many events and returns their IDs.
func (w *world) tell(n int) (ids []string) {
	w.t.Helper()
	events := make([]webhooks.Event, n)
	for i := range events {
		events[i] = webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{}`)}
	}
	_, err := w.db.Webhooks().Append(w.t.Context(), events)
	require.NoError(w.t, err)
	for i := range events {
		ids = append(ids, events[i].ID)
	}
	return ids
}

func TestSendsWebhooksBesideImports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r, d := w.listen(nil, webhooks.DispatcherOptions{})
		one := w.begin(nil, worker.Options{Dispatcher: d})
		require.NoError(t, one.Healthy())
		id := w.submit(100)
		ids := w.tell(5)
		time.Sleep(100 * time.Millisecond)
		_, received := r.seen()
		require.ElementsMatch(t, ids, received, "webhooks don't wait for imports")
		require.EqualValues(t, 1, one.Stats().Running)
		time.Sleep(10 * time.Second)
		require.Equal(t, job.Success, w.get(id).State)
		require.EqualValues(t, 5, d.Stats().Delivered)
		one.end(t)
		require.Error(t, d.Healthy())
	})
}

func TestSendsWebhooksOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r, d := w.listen(nil, webhooks.DispatcherOptions{})
		one, err := worker.New(nil, worker.Options{Dispatcher: d})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- one.Run(ctx) }()
		id := w.submit(10)
		ids := w.tell(3)
		time.Sleep(10 * time.Second)
		require.NoError(t, one.Healthy())
		_, received := r.seen()
		require.ElementsMatch(t, ids, received)
		require.Equal(t, job.Pending, w.get(id).State, "imports are others' work")
		stop()
		require.NoError(t, <-done)
	})
}

func TestDrainsWebhooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r, d := w.listen(nil, webhooks.DispatcherOptions{})
		r.takes = 2 * time.Second
		one := w.begin(nil, worker.Options{Dispatcher: d})
		job1 := w.submit(200)
		ids := w.tell(20)
		time.Sleep(time.Second)
		begun, _ := r.seen()
		require.Positive(t, begun)
		took := one.end(t)
		require.Greater(t, took, 500*time.Millisecond, "what is under way is waited for")
		require.Less(t, took, 3*time.Second)
		again, received := r.seen()
		require.Equal(t, begun, again, "nothing more is begun")
		require.Len(t, received, begun)
		require.Zero(t, d.Stats().Lost)
		require.Equal(t, job.Pending, w.get(job1).State)

		r.takes = 0
		two := w.begin(nil, worker.Options{Dispatcher: d})
		time.Sleep(10 * time.Second)
		two.end(t)
		_, received = r.seen()
		require.ElementsMatch(t, ids, received, "the next one goes on at once, and nothing comes twice")
	})
}

// closed is a queue that is out of reach.
type closed struct{ webhooks.Queue }

func (closed) Claim(context.Context, webhooks.ClaimRequest) ([]webhooks.Claim, error) {
	return nil, products.ErrUnavailable
}

func TestWebhooksOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, d := w.listen(closed{w.db.Webhooks()}, webhooks.DispatcherOptions{})
		one := w.begin(nil, worker.Options{Dispatcher: d})
		time.Sleep(time.Second)
		require.ErrorIs(t, one.Healthy(), products.ErrUnavailable)
		one.end(t)
	})
}

func TestDispatcherThatRunsAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, d := w.listen(nil, webhooks.DispatcherOptions{})
		one := w.begin(nil, worker.Options{Dispatcher: d})
		two := w.begin(nil, worker.Options{Dispatcher: d})
		require.ErrorContains(t, <-two.done, "runs already", "it says so, and doesn't work without it")
		one.end(t)
	})
}

// TestMissingHooks: a worker says at its start what isn't set without which webhooks are not told.
func TestMissingHooks(t *testing.T) {
	const notifier, onEnd = "job.RunnerOptions.Notifier", "OnEnd of the store of jobs"
	for _, c := range []struct {
		name                     string
		imports, notifier, onEnd bool
		dispatcher               bool
		level                    slog.Level
		missing                  []string
	}{
		{"nothing is set", true, false, false, false, slog.LevelWarn, []string{notifier, onEnd}},
		{"no notifier", true, false, true, true, slog.LevelWarn, []string{notifier}},
		{"no hook", true, true, false, true, slog.LevelWarn, []string{onEnd}},
		{"others send", true, true, true, false, 0, nil},
		{"all is set", true, true, true, true, 0, nil},
		{"it only sends", false, false, false, true, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				events, err := outbox.New(w.db.Webhooks())
				require.NoError(t, err)
				var options job.RunnerOptions
				if c.notifier {
					options.Notifier = events.Import
				}
				if c.onEnd {
					w.db.Jobs().OnEnd(events.JobEnded)
				}
				var runner *job.Runner
				if c.imports {
					runner, err = job.NewRunner(w.db.Jobs(), w.db.Uploads(), w, options)
					require.NoError(t, err)
				}
				var log bytes.Buffer
				o := worker.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}
				if c.dispatcher {
					_, o.Dispatcher = w.listen(nil, webhooks.DispatcherOptions{})
				}
				one, err := worker.New(runner, o)
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				require.NoError(t, one.Run(ctx))
				var missing []string
				for line := range strings.Lines(log.String()) {
					var record struct {
						Level  slog.Level
						NotSet []string `json:"not_set"`
					}
					require.NoError(t, json.Unmarshal([]byte(line), &record))
					if record.NotSet != nil {
						require.Nil(t, missing, "it is said once")
						require.Equal(t, c.level, record.Level)
						missing = record.NotSet
					}
				}
				require.Equal(t, c.missing, missing)
				require.Equal(t, c.missing == nil && !c.dispatcher,
					strings.Contains(log.String(), "webhooks are not sent by this worker"))
			})
		})
	}
}

// webhookPruner counts its calls.
type webhookPruner struct{ calls int }

func (k *webhookPruner) Prune(context.Context) (int64, error) {
	if k.calls++; k.calls%2 == 0 {
		return 0, errors.New("out of reach")
	}
	return 3, nil
}

func TestKeepsDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var log strings.Builder
		k := &webhookPruner{}
		one := w.begin(nil, worker.Options{WebhookPruner: k, Logger: textLogger(&log)})
		time.Sleep(100 * time.Hour)
		one.end(t)
		require.InDelta(t, 100, k.calls, 26, "about once an hour, also after it failed")
		require.Contains(t, log.String(), "deliveries=3")
		require.Contains(t, log.String(), "housekeeping failed")
	})
}
