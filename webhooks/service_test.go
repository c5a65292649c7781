package webhooks_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func (w *world) service(options webhooks.ServiceOptions) *webhooks.Service {
	s, err := webhooks.NewSender(webhooks.SenderOptions{Transport: w})
	require.NoError(w.t, err)
	service, err := webhooks.NewService(w.store, s, options)
	require.NoError(w.t, err)
	return service
}

func TestServiceCreate(t *testing.T) {
	w := newWorld(t)
	s := w.service(webhooks.ServiceOptions{})
	e, err := s.Create(t.Context(), webhooks.Endpoint{URL: "https://example.com",
		Credentials: webhooks.Credentials{Headers: webhooks.Headers{"x-key": "v"}}})
	require.NoError(t, err)
	require.Equal(t, []string{"*"}, e.Events)
	require.Equal(t, 8, e.Concurrency)
	require.Equal(t, 15*time.Second, e.Timeout)
	require.Equal(t, webhooks.Active, e.State)
	require.Equal(t, map[string]string{"X-Key": "v"}, map[string]string(e.Headers))
	require.Len(t, e.Secrets, 1)
	again, err := receive.ParseSecret(e.Secrets[0].Reveal())
	require.NoError(t, err)
	require.Equal(t, e.Secrets[0].Secret, again)

	mine := receive.NewSecret()
	e, err = s.Create(t.Context(), webhooks.Endpoint{URL: "https://example.com", Events: []string{"product.*"},
		Concurrency: 1, Timeout: time.Second,
		State: webhooks.Paused, Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: mine}}}})
	require.NoError(t, err)
	require.Equal(t, mine, e.Secrets[0].Secret)
	require.Equal(t, webhooks.Paused, e.State)

	_, err = s.Create(t.Context(), webhooks.Endpoint{URL: "http://10.0.0.1"})
	require.ErrorIs(t, err, webhooks.ErrInvalid)
	_, count, err := w.store.ListEndpoints(t.Context(), 10, 0)
	require.NoError(t, err)
	require.EqualValues(t, 2, count, "what is invalid isn't stored")
}

func TestServiceUpdate(t *testing.T) {
	w := newWorld(t)
	s := w.service(webhooks.ServiceOptions{})
	e, err := s.Create(t.Context(), webhooks.Endpoint{URL: "https://example.com"})
	require.NoError(t, err)
	refused := errors.New("refused")
	_, err = s.Update(t.Context(), e.ID, 0, func(*webhooks.Endpoint) error { return refused })
	require.ErrorIs(t, err, refused)
	_, err = s.Update(t.Context(), e.ID, 0,
		func(e *webhooks.Endpoint) error { e.URL = "https://localhost"; return nil })
	require.Equal(t, []string{"callback_url forbidden"}, fields(err))
	e, err = s.Update(t.Context(), e.ID, e.Version, func(e *webhooks.Endpoint) error {
		e.Events, e.ClientName = nil,
			"shop"
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"*"}, e.Events)
	require.Equal(t, "shop", e.ClientName)
	_, err = s.Update(t.Context(), e.ID, e.Version-1, func(*webhooks.Endpoint) error { return nil })
	require.ErrorIs(t, err, webhooks.ErrVersion)
}

func TestServiceRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.service(webhooks.ServiceOptions{})
		_, e := w.receiver("one", nil)
		first := e.Secrets[0].Secret
		e, err := s.Rotate(t.Context(), e.ID, 0, receive.Secret{}, time.Hour)
		require.NoError(t, err)
		require.NotEqual(t, first, e.Secrets[0].Secret, "one is made")
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		w.changes(1) // verified with the first secret
		time.Sleep(time.Minute)
		w.mu.Lock()
		w.secrets["one"] = e.Secrets[0].Secret
		w.mu.Unlock()
		w.changes(1)
		time.Sleep(time.Hour)
		w.changes(1)
		time.Sleep(time.Minute)
		require.Equal(t, webhooks.Delivered, w.deliveries(e)[2].State)
		require.NoError(t, stop())
		_, err = s.Rotate(t.Context(), e.ID, 0, receive.Secret{}, -1)
		require.Equal(t, []string{"grace invalid"}, fields(err))
		_, err = s.Rotate(t.Context(), e.ID, e.Version-1, receive.Secret{}, 0)
		require.ErrorIs(t, err, webhooks.ErrVersion)
	})
}

func TestServiceTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.service(webhooks.ServiceOptions{})
		h, e := w.receiver("one", func(request) reply { return reply{status: http.StatusTeapot, after: time.Second} },
			func(e *webhooks.Endpoint) { e.State, e.Events = webhooks.Inactive, []string{webhooks.ImportFailed} })
		a, err := s.Test(t.Context(), e.ID)
		require.NoError(t, err)
		require.Equal(t, http.StatusTeapot, a.Status)
		require.Equal(t, time.Second, a.Duration)
		require.Equal(t, webhooks.FailureStatus, a.Failure)
		require.Equal(t, "an answer", string(a.Response))
		require.Equal(t, webhooks.WebhookTest, w.got(h)[0].event)
		require.Contains(t, w.got(h)[0].body, `"data":{"endpoint_id":"`+e.ID+`"}`)
		require.Empty(t, w.deliveries(e), "nothing of it is stored")
		_, err = s.Test(t.Context(), "ep_none")
		require.ErrorIs(t, err, webhooks.ErrNotFound)
	})
}

func TestServiceReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.service(webhooks.ServiceOptions{})
		h, e := w.receiver("one", nil, func(e *webhooks.Endpoint) { e.State = webhooks.Disabled })
		w.changes(10)
		time.Sleep(time.Hour)
		since := time.Now()
		for range 5 {
			w.changes(500)
		}
		_, err := s.Update(t.Context(), e.ID, 0, func(e *webhooks.Endpoint) error { e.Resume(); return nil })
		require.NoError(t, err)
		n, err := s.Replay(t.Context(), e.ID, since)
		require.NoError(t, err)
		require.EqualValues(t, 2_500, n, "there is no cap")
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		time.Sleep(time.Minute)
		require.Len(t, w.got(h), 2_500)
		n, err = s.Replay(t.Context(), e.ID, since, webhooks.Delivered)
		require.NoError(t, err)
		require.EqualValues(t, 2_500, n)
		require.NoError(t, stop())
	})
}

// TestServiceResume has an endpoint that was away for an hour: what waits for its next attempt, and what failed for good,
// are sent when somebody says that it is back.
func TestServiceResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.service(webhooks.ServiceOptions{})
		h, e := w.receiver("one", always(http.StatusInternalServerError))
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		w.changes(3)
		time.Sleep(time.Hour)
		var waiting int64
		for _, d := range w.deliveries(e) {
			require.Equal(t, webhooks.Pending, d.State)
			if time.Until(d.NotBefore) > time.Minute {
				waiting++
			}
		}
		require.NotZero(t, waiting)
		w.answers(h, always(http.StatusOK))
		_, _, err := s.Resume(t.Context(), e.ID, 99)
		require.ErrorIs(t, err, webhooks.ErrVersion)
		_, _, err = s.Resume(t.Context(), "ep_none", 0)
		require.ErrorIs(t, err, webhooks.ErrNotFound)
		resumed, n, err := s.Resume(t.Context(), e.ID, 0)
		require.NoError(t, err)
		require.Equal(t, waiting, n, "what waits for its next attempt is counted, beside what waited for the endpoint alone")
		require.Equal(t, webhooks.Active, resumed.State)
		time.Sleep(30 * time.Second)
		for _, d := range w.deliveries(e) {
			require.Equal(t, webhooks.Delivered, d.State, "what waits is sent at once")
		}
		_, n, err = s.Resume(t.Context(), e.ID, 0)
		require.NoError(t, err)
		require.Zero(t, n)

		w.answers(h, always(http.StatusInternalServerError))
		w.changes(2)
		time.Sleep(2 * time.Minute)
		w.answers(h, always(http.StatusOK))
		n, err = s.Replay(t.Context(), e.ID, time.Time{})
		require.NoError(t, err)
		require.EqualValues(t, 2, n, "a replay brings forward what waits too")
		require.NoError(t, stop())
	})
}

func TestServicePrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.service(webhooks.ServiceOptions{KeepDelivered: 24 * time.Hour, KeepOthers: 48 * time.Hour})
		_, taken := w.receiver("one", nil)
		_, missed := w.receiver("two", nil, func(e *webhooks.Endpoint) { e.State = webhooks.Disabled })
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		for range 5 {
			w.changes(500)
		}
		time.Sleep(25 * time.Hour)
		w.changes(1)
		time.Sleep(time.Second)
		n, err := s.Prune(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2_500, n)
		require.Len(t, w.deliveries(taken), 1)
		time.Sleep(24 * time.Hour)
		n, err = s.Prune(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2_501, n)
		require.Len(t, w.deliveries(missed), 1)
		require.NoError(t, stop())
	})
	for field, o := range map[string]webhooks.ServiceOptions{"KeepDelivered": {KeepDelivered: time.Minute},
		"KeepOthers": {KeepOthers: -1}} {
		w := newWorld(t)
		sender, err := webhooks.NewSender(webhooks.SenderOptions{})
		require.NoError(t, err)
		_, err = webhooks.NewService(w.store, sender, o)
		require.ErrorContains(t, err, field)
		_, err = webhooks.NewService(nil, sender, webhooks.ServiceOptions{})
		require.ErrorContains(t, err, "store")
	}
}
