package outbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// world is a whole system in memory, with one receiver.
type world struct {
	t        *testing.T
	db       *memory.DB
	products products.Store // that notifies
	outbox   *outbox.Outbox
	service  *job.Service
	endpoint webhooks.Endpoint

	mu       sync.Mutex
	messages []message
	tally    *receive.Tally
	imported map[string]*receive.ImportStatus
}

// message is what the receiver got.
type message struct {
	receive.Message
	data data
}

// data is that of any event.
type data struct {
	ImportID string             `json:"import_id"`
	Number   int64              `json:"number"`
	Products []products.Product `json:"products"`
	Count    int64              `json:"count"`
	State    string             `json:"state"`
	FileName string             `json:"file_name"`
	Mode     string             `json:"mode"`
	Undo     string             `json:"undo"`
	Error    string             `json:"error"`
	Counts   map[string]int64   `json:"counts"`
	Events   map[string]int64   `json:"events"`
}

func newWorld(t *testing.T, changes ...func(e *webhooks.Endpoint)) *world {
	w := &world{t: t, db: memory.New(memory.Options{}), tally: receive.NewTally(),
		imported: map[string]*receive.ImportStatus{}}
	var err error
	w.outbox, err = outbox.New(w.db.Webhooks())
	require.NoError(t, err)
	w.db.Jobs().OnEnd(w.outbox.JobEnded)
	w.products, err = products.NewNotifyingStore(w.db.Products(), w.db.InTx, w.outbox)
	require.NoError(t, err)
	w.service, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	e := webhooks.Endpoint{URL: "https://example.com/", Events: []string{"*"}, Concurrency: 8, Timeout: time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}}
	for _, change := range changes {
		change(&e)
	}
	w.endpoint, err = w.db.Webhooks().CreateEndpoint(t.Context(), e)
	require.NoError(t, err)
	return w
}

// RoundTrip is the receiver.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	official, err := standardwebhooks.NewWebhook(w.endpoint.Secrets[0].Reveal())
	if err == nil {
		err = official.Verify(body, r.Header)
	}
	if err != nil {
		w.t.Errorf("the official verifier refuses a delivery: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var m message
	if err := json.Unmarshal(body, &m.Message); err != nil {
		w.t.Errorf("a body is no JSON: %v", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(m.Data)))
	if m.Type != webhooks.ImportCompleted && m.Type != webhooks.ImportFailed && m.Type != webhooks.ImportCancelled {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(&m.data); err != nil {
		w.t.Errorf("data of %s: %v", m.Type, err)
	}
	w.messages = append(w.messages, m)
	state, err := w.tally.Add(&m.Message)
	if err != nil {
		w.t.Errorf("the tally: %v", err)
	}
	if state != nil {
		w.imported[state.ImportID] = state
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
}

// deliver delivers what there is, and returns what the receiver got since the last call, by type.
func (w *world) deliver() map[string][]message {
	w.t.Helper()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Transport: w})
	require.NoError(w.t, err)
	d, err := webhooks.NewDispatcher(w.db.Webhooks(), sender, webhooks.DispatcherOptions{})
	require.NoError(w.t, err)
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(w.t, d.Run(ctx))
	b, err := w.db.Webhooks().Backlog(w.t.Context())
	require.NoError(w.t, err)
	require.Equal(w.t, [2]int64{}, b.Due, "everything is delivered")
	w.mu.Lock()
	defer w.mu.Unlock()
	byType := map[string][]message{}
	for _, m := range w.messages {
		byType[m.Type] = append(byType[m.Type], m)
	}
	w.messages = nil
	for _, all := range byType {
		slices.SortFunc(all, func(a, b message) int { return int(a.data.Number - b.data.Number) })
	}
	return byType
}

// runner makes a runner that imports in small batches.
func (w *world) runner(o job.RunnerOptions, store products.Store) *job.Runner {
	w.t.Helper()
	o.Notifier = w.outbox.Import
	r, err := job.NewRunner(w.db.Jobs(), w.db.Uploads(), store, o)
	require.NoError(w.t, err)
	return r
}

// submit stores a job.
func (w *world) submit(text string, s job.Settings) job.Job {
	w.t.Helper()
	if s.BatchRecords == 0 {
		s.BatchRecords = 250
	}
	j, _, err := w.service.Submit(w.t.Context(), job.Request{FileName: "catalogue.csv", Settings: s},
		strings.NewReader(text))
	require.NoError(w.t, err)
	return j
}

// run works on the next job.
func (w *world) run(r *job.Runner, stop <-chan struct{}) job.Job {
	w.t.Helper()
	claim, err := r.Claim(w.t.Context(), "worker")
	require.NoError(w.t, err)
	require.NotNil(w.t, claim)
	j, err := r.Run(w.t.Context(), claim, stop)
	require.NoError(w.t, err)
	return j
}

// doImport imports a file.
func (w *world) doImport(text string, s job.Settings) job.Job {
	w.t.Helper()
	w.submit(text, s)
	return w.run(w.runner(job.RunnerOptions{}, w.db.Products()), nil)
}
