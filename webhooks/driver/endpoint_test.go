package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// endpoint returns a valid endpoint.
func endpoint(url string) webhooks.Endpoint {
	return webhooks.Endpoint{URL: url, Events: []string{"*"}, Concurrency: 8, Timeout: 15 * time.Second,
		State: webhooks.Active}
}

// ended makes the result of an attempt that ended so.
func ended(state webhooks.DeliveryState, took time.Duration) webhooks.Result {
	r := webhooks.Result{State: state, Attempt: &webhooks.Attempt{Duration: took, Status: 200}}
	if state != webhooks.Delivered {
		r.Attempt.Status, r.Attempt.Failure = 500, webhooks.FailureStatus
	}
	return r
}

func TestHealthPauses(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e := endpoint("https://example.com")
	fail := func() { driver.NoteResults(&e, now, ended(webhooks.Pending, time.Second)) }
	for range 9 {
		fail()
	}
	require.True(t, e.PausedUntil.IsZero(), "nine failures are no reason")
	require.Equal(t, now, e.FailingSince)
	fail()
	require.Equal(t, now.Add(time.Minute), e.PausedUntil)
	now = now.Add(500 * time.Millisecond)
	fail()
	require.Equal(t, 1, e.Pauses, "what was under way makes the pause no longer")
	for i, minutes := range []int{2, 4, 8, 16, 32, 60, 60} {
		now = e.PausedUntil.Add(500 * time.Millisecond)
		fail()
		require.Equal(t, i+1, e.Pauses, "an attempt that began within the pause doesn't count as a probe")
		now = e.PausedUntil.Add(2 * time.Second)
		fail()
		require.Equal(t, now.Add(time.Duration(minutes)*time.Minute), e.PausedUntil, "probe %d", i+1)
	}
	changed, disabled := driver.NoteResults(&e, now, ended(webhooks.Delivered, time.Second))
	require.True(t, changed)
	require.False(t, disabled)
	require.Equal(t, webhooks.Health{LastSuccess: now}, e.Health, "a success heals")

	changed, _ = driver.NoteResults(&e, now.Add(59*time.Second), ended(webhooks.Delivered, time.Second))
	require.False(t, changed, "while all goes well nothing is to be written")
	changed, _ = driver.NoteResults(&e, now.Add(time.Minute), ended(webhooks.Delivered, time.Second))
	require.True(t, changed, "but for the time of the last success, to the minute")
	changed, _ = driver.NoteResults(&e, now, webhooks.Result{})
	require.False(t, changed, "what wasn't tried says nothing")
}

// TestHealthHolds: a receiver that asks for a pause gets one, whatever else was under way, and no longer one than that.
func TestHealthHolds(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e := endpoint("https://example.com")
	busy := ended(webhooks.Pending, time.Second)
	busy.Hold = time.Hour
	until := now.Add(time.Hour)
	driver.NoteResults(&e, now, busy)
	require.Equal(t, until, e.PausedUntil)

	shorter := busy
	shorter.Hold = time.Minute
	driver.NoteResults(&e, now, shorter)
	require.Equal(t, until, e.PausedUntil, "a shorter wish ends no longer one")
	driver.NoteResults(&e, now, ended(webhooks.Delivered, time.Second))
	require.Equal(t, webhooks.Health{LastSuccess: now, PausedUntil: until}, e.Health,
		"what was under way heals, but doesn't end the pause")
	changed, _ := driver.NoteResults(&e, now, ended(webhooks.Delivered, time.Second))
	require.False(t, changed)
	ready := []driver.Ready{{Endpoint: &e, Due: [2]int{1, 1}}}
	request := webhooks.ClaimRequest{Limit: 8, Bulk: 8, Depth: 8}
	require.Empty(t, driver.Plan(until.Add(-time.Second), request, ready), "no delivery at all is made meanwhile")
	require.NotEmpty(t, driver.Plan(until, request, ready))
	changed, _ = driver.NoteResults(&e, until, ended(webhooks.Delivered, time.Second))
	require.True(t, changed)
	require.Equal(t, webhooks.Health{LastSuccess: until}, e.Health, "the first success afterwards ends it")

	busy.Hold = -1
	require.Error(t, driver.CheckResult(&busy))
}

func TestHealthDisables(t *testing.T) {
	const day = 24 * time.Hour
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e := endpoint("https://example.com")
	e.Version = 3
	for i := range 100 {
		_, disabled := driver.NoteResults(&e, start.Add(time.Duration(i)*time.Hour), ended(webhooks.Pending, time.Second))
		require.False(t, disabled, "many failures in less than five days are no reason")
	}
	_, disabled := driver.NoteResults(&e, start.Add(5*day), ended(webhooks.Failed, time.Second))
	require.True(t, disabled)
	require.Equal(t, webhooks.Disabled, e.State)
	require.Equal(t, "nothing was delivered for 5 days, in 101 attempts", e.DisabledReason)
	require.EqualValues(t, 4, e.Version)
	_, disabled = driver.NoteResults(&e, start.Add(6*day), ended(webhooks.Failed, time.Second))
	require.False(t, disabled, "it happens once")

	e = endpoint("https://example.com")
	for i := range 19 {
		_, disabled := driver.NoteResults(&e, start.Add(time.Duration(i)*10*day), ended(webhooks.Pending, time.Second))
		require.False(t, disabled, "few failures in many days are no reason")
	}
	e.State = webhooks.Paused
	_, disabled = driver.NoteResults(&e, start.Add(200*day), ended(webhooks.Pending, time.Second))
	require.True(t, disabled, "twenty are, also for one that its owner paused meanwhile")

	e = endpoint("https://example.com")
	gone := ended(webhooks.Failed, time.Second)
	gone.Gone = true
	_, disabled = driver.NoteResults(&e, start, gone)
	require.True(t, disabled)
	require.Contains(t, e.DisabledReason, "410")
	event := driver.DisabledEvent(&e, start)
	require.NoError(t, driver.CheckEvent(&event))
	require.JSONEq(t,
		`{"endpoint_id":"","callback_url":"https://example.com","client_name":"","reason":"it answered 410: it is gone","failures":1}`, string(event.Data))
}

func TestUpdateEndpoint(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := endpoint("https://example.com")
	before.Version, before.Failures, before.PausedUntil, before.LastSuccess = 7, 12, now.Add(time.Hour),
		now.Add(-time.Hour)
	after := func(change func(e *webhooks.Endpoint)) (webhooks.Endpoint, bool) {
		e := before.Clone()
		change(&e)
		changed := driver.UpdateEndpoint(&before, &e, now)
		return e, changed
	}
	e, changed := after(func(e *webhooks.Endpoint) { e.Failures, e.Version, e.ID = 0, 9, "x" })
	require.False(t, changed)
	require.Equal(t, before, e)
	e, changed = after(func(e *webhooks.Endpoint) { e.URL = "https://example.com/2" })
	require.True(t, changed)
	require.EqualValues(t, 8, e.Version)
	require.Equal(t, now, e.UpdatedAt)
	require.Equal(t, before.Health, e.Health, "a setting says nothing about its health")
	e, changed = after((*webhooks.Endpoint).Resume)
	require.True(t, changed, "the pause of its failures may be ended")
	require.Equal(t, webhooks.Health{LastSuccess: before.LastSuccess}, e.Health)

	before.State, before.DisabledReason = webhooks.Disabled, "because"
	e, _ = after(func(e *webhooks.Endpoint) { e.State = webhooks.Inactive })
	require.Empty(t, e.DisabledReason)
	require.Equal(t, 12, e.Failures)
	e, _ = after(func(e *webhooks.Endpoint) { e.State = webhooks.Active })
	require.Zero(t, e.Failures, "an endpoint that is made Active begins anew")
}
