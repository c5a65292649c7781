package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
)

// openPolicy is for receivers on this machine.
var openPolicy = webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}

// hookFixture is a fixture with webhooks.
type hookFixture struct {
	*fixture
	hooks  *memory.Webhooks
	sender *webhooks.Sender
}

func newHookFixture(t testing.TB, sending webhooks.SenderOptions) *hookFixture {
	db := memory.New(memory.Options{Fields: fieldSchema(t)})
	sender, err := webhooks.NewSender(sending)
	require.NoError(t, err)
	service, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{Policy: sending.Policy})
	require.NoError(t, err)
	f := newFixtureOver(t, db.Products(), httpapi.Options{MaxBodyBytes: 20_000, Tokens: db.Tokens(),
		Webhooks: httpapi.Webhooks{Service: service, Store: db.Webhooks()}})
	return &hookFixture{f, db.Webhooks(), sender}
}

// deliver runs a dispatcher until the test ends.
func (f *hookFixture) deliver(t *testing.T) *webhooks.Dispatcher {
	t.Helper()
	d, err := webhooks.NewDispatcher(f.hooks, f.sender, webhooks.DispatcherOptions{Name: "worker-7",
		Poll: time.Millisecond, MaxPoll: 10 * time.Millisecond})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return d
}

// create makes a webhook and returns it as the API shows it.
func (f *hookFixture) create(body string) hookView {
	w := f.call("POST", "/webhooks/", body)
	require.Equal(f.t, 201, w.Code, w.Body.String())
	return decode[hookView](f.t, w)
}

// get returns the webhook as it is.
func (f *hookFixture) get(id string) hookView {
	w := f.call("GET", "/webhooks/"+id, "")
	require.Equal(f.t, 200, w.Code, w.Body.String())
	return decode[hookView](f.t, w)
}

// append appends events, as changes do.
func (f *hookFixture) append(events ...webhooks.Event) []webhooks.Event {
	_, err := f.hooks.Append(f.t.Context(), events)
	require.NoError(f.t, err)
	return events
}

// hookView is what clients see of a webhook.
type hookView struct {
	ID, State, Secret, CallbackURL string
	Version                        int64
	IsActive                       bool
	fields                         map[string]any
}

func (v *hookView) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &v.fields); err != nil {
		return err
	}
	v.ID, _ = v.fields["id"].(string)
	v.State, _ = v.fields["state"].(string)
	v.Secret, _ = v.fields["secret"].(string)
	v.CallbackURL, _ = v.fields["callback_url"].(string)
	version, _ := v.fields["version"].(float64)
	v.Version = int64(version)
	v.IsActive, _ = v.fields["is_active"].(bool)
	return nil
}

// delivered is a request that a receiver got.
type delivered struct {
	header http.Header
	body   []byte
}

// verify asks the official verifier about it.
func (d *delivered) verify(t testing.TB, secret string) {
	t.Helper()
	official, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, official.Verify(d.body, d.header), "the official verifier takes the delivery")
}

// receiver is a server that takes webhooks, and answers with the status.
type receiver struct {
	t      testing.TB
	url    string
	got    chan delivered
	status atomic.Int64
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t, got: make(chan delivered, 1_000)}
	r.status.Store(http.StatusNoContent)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err == nil {
			r.got <- delivered{request.Header, body}
		}
		w.WriteHeader(int(r.status.Load()))
		_, _ = io.WriteString(w, "said <so>") // not with 204
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

// next waits for the next delivery, which has to be signed with the secret.
func (r *receiver) next(secret string) delivered {
	r.t.Helper()
	select {
	case d := <-r.got:
		d.verify(r.t, secret)
		return d
	case <-time.After(30 * time.Second):
		require.FailNow(r.t, "nothing was delivered")
		return delivered{}
	}
}

// silentStore is one that nobody asks.
type silentStore struct{ httpapi.WebhookStore }

// newRecorder has the handler answer the request.
func newRecorder(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
