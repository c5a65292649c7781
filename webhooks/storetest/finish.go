package storetest

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/webhooks"
)

var finishCases = []Case{
	{Name: "finish/delivered, after two failures", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		id := c.of(e)[0].ID
		var want []webhooks.Attempt
		for i, state := range []webhooks.DeliveryState{webhooks.Pending, webhooks.Pending, webhooks.Delivered} {
			claim := c.one()
			r := result(claim, 0, state)
			r.Attempt.At = time.Date(2026, 5, 4, 3, 2, i, 123_000, time.UTC)
			r.Attempt.Duration = time.Duration(i+1) * 1_234 * time.Microsecond
			r.Attempt.Response = []byte("answer \x00\xff")
			want = append(want, *r.Attempt)
			c.finish(1, r)
			d := c.record(id).Delivery
			require.Equal(c, state, d.State, "the result's state is stored")
			require.Equal(c, i+1, d.Attempts, "attempts are counted")
			require.Equal(c, rounded(r.Attempt.At), rounded(d.LastAttempt), "the last attempt is known")
			require.Equal(c, r.Attempt.Status, d.LastStatus, "the last status is known")
			require.Equal(c, r.Attempt.Failure, d.LastFailure, "the last kind is known")
			require.Equal(c, state == webhooks.Delivered, !d.FinishedAt.IsZero(),
				"FinishedAt is set once it isn't Pending")
		}
		c.log(id, want)
		c.nothing("what was delivered is not claimed")
	}},
	{Name: "finish/failed for good", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		c.end(webhooks.Failed, *c.one())
		d := c.of(e)[0]
		require.Equal(c, webhooks.Failed, d.State)
		require.False(c, d.FinishedAt.IsZero(), "FinishedAt is set once it isn't Pending")
		require.Equal(c, webhooks.FailureStatus, d.LastFailure)
		c.nothing("what failed for good is not claimed")
	}},
	{Name: "finish/tried again after the delay", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		before := time.Now()
		r := result(c.one(), 0, webhooks.Pending)
		r.Delay = time.Hour
		c.finish(1, r)
		require.WithinRange(c, c.of(e)[0].NotBefore, before.Add(time.Hour-time.Second),
			time.Now().Add(time.Hour+time.Second), "NotBefore is the delay from now")
	}},
	{Name: "finish/released", run: func(c *check) {
		e := c.endpoint(concurrency(1))
		c.some(2)
		before := c.of(e)
		claims := c.look(webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 2})
		require.Equal(c, 2, count(claims))
		c.finish(2, webhooks.Result{ClaimID: claims[0].ID, DeliveryID: before[0].ID, State: webhooks.Failed,
			Gone: true},
			webhooks.Result{ClaimID: claims[0].ID, DeliveryID: before[1].ID})
		for i, d := range c.of(e) {
			c.sameDelivery(before[i], d, "what is released is as it was")
			require.Empty(c, c.record(d.ID).Attempts, "what is released wasn't tried")
		}
		require.Equal(c, e.Health, c.get(e.ID).Health, "what is released says nothing about the endpoint")
		require.Equal(c, before[0].ID, c.one().Work[0].Delivery.ID,
			"what is released is claimed at once, in its old place")
	}},
	{Name: "finish/a result counts once", run: func(c *check) {
		e := c.endpoint()
		c.some(2)
		claims := c.look(request)
		require.Len(c, claims, 2)
		first, second := result(&claims[0], 0, webhooks.Delivered), result(&claims[1], 0, webhooks.Delivered)
		swapped, unknown, gone := first, first, first
		swapped.ClaimID, unknown.ClaimID, gone.DeliveryID = claims[1].ID, "claim", 1<<40
		c.finish(1, first, first, swapped, unknown, gone)
		c.finish(1, first, second)
		c.finish(0, first, second)
		c.finish(0)
		for _, d := range c.of(e) {
			require.Equal(c, 1, d.Attempts, "a result counts once")
			require.Len(c, c.record(d.ID).Attempts, 1, "a result is in the log once")
		}
	}},
	{Name: "finish/a bad result is refused with the others", run: func(c *check) {
		e := c.endpoint()
		c.some(2)
		claims := c.look(request)
		for _, spoil := range []func(r *webhooks.Result){
			func(r *webhooks.Result) { r.State = webhooks.Skipped }, func(r *webhooks.Result) { r.State = "" },
			func(r *webhooks.Result) { r.State, r.Delay = webhooks.Pending, -1 },
		} {
			bad := result(&claims[1], 0, webhooks.Delivered)
			spoil(&bad)
			_, err := c.Finish(c.Context(), []webhooks.Result{result(&claims[0], 0, webhooks.Delivered), bad})
			require.Error(c, err, "a bad result is refused")
		}
		require.Equal(c, []webhooks.DeliveryState{webhooks.Pending, webhooks.Pending}, states(c.of(e)),
			"a bad result has all of them refused")
	}},
	{Name: "finish/the longest log", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		r := result(c.one(), 0, webhooks.Pending)
		r.Attempt.Error = strings.Repeat("é", 500/2)
		r.Attempt.Response = []byte(strings.Repeat("\x00\xffab", 4<<10/4))
		c.finish(1, r)
		id := c.of(e)[0].ID
		c.log(id, []webhooks.Attempt{*r.Attempt})
		c.record(id).Attempts[0].Response[0] = 'x'
		c.log(id, []webhooks.Attempt{*r.Attempt})
	}},
}

// log compares the log of a delivery.
func (c *check) log(id int64, want []webhooks.Attempt) {
	c.Helper()
	got := c.record(id).Attempts
	require.Len(c, got, len(want), "every attempt is in the log")
	for i := range want {
		w, g := want[i], got[i]
		w.At, g.At = rounded(w.At), rounded(g.At)
		w.Duration, g.Duration = w.Duration.Truncate(time.Microsecond), g.Duration.Truncate(time.Microsecond)
		require.Equal(c, w, g, "an attempt is in the log as it was told, oldest first")
	}
}

var healthCases = []Case{
	{Name: "health/failures are counted until a success", run: func(c *check) {
		e := c.endpoint()
		c.some(3)
		claims := c.look(request)
		require.Len(c, claims, 3)
		c.end(webhooks.Pending, claims[0])
		c.end(webhooks.Failed, claims[1])
		failing := c.get(e.ID)
		require.Equal(c, 2, failing.Failures, "failed attempts are counted")
		require.False(c, failing.FailingSince.IsZero(), "FailingSince is when the first one was")
		require.Equal(c, e.Version, failing.Version, "health is no setting: the version stays")
		c.end(webhooks.Delivered, claims[2])
		well := c.get(e.ID)
		require.Zero(c, well.Failures, "a success ends the count")
		require.True(c, well.FailingSince.IsZero(), "a success ends the count")
		require.False(c, well.LastSuccess.IsZero(), "LastSuccess is known")
	}},
	{Name: "health/results count in their order", run: func(c *check) {
		e := c.endpoint()
		c.some(3)
		claims := c.look(request)
		c.finish(3, result(&claims[0], 0, webhooks.Failed), result(&claims[1], 0, webhooks.Delivered),
			result(&claims[2], 0, webhooks.Failed))
		require.Equal(c, 1, c.get(e.ID).Failures, "results count in their order")
	}},
	{Name: "health/ten failures pause it", run: func(c *check) {
		e := c.endpoint(concurrency(10))
		c.some(10)
		claims := c.look(request)
		require.Len(c, claims, 10)
		c.end(webhooks.Pending, claims...)
		paused := c.get(e.ID)
		require.Equal(c, 10, paused.Failures)
		require.Equal(c, 1, paused.Pauses, "ten failures in a row pause an endpoint")
		require.WithinRange(c, paused.PausedUntil, time.Now().Add(time.Minute-casetest.Patience),
			time.Now().Add(time.Minute+time.Second), "the first pause is a minute")
		b, err := c.Backlog(c.Context())
		require.NoError(c, err)
		require.EqualValues(c, 1, b.Failing, "an endpoint that its failures paused is counted as failing")
		c.change(e.ID, (*webhooks.Endpoint).Resume)
		require.Zero(c, c.get(e.ID).Failures, "who resumes it takes it for healthy")
		require.Len(c, c.look(request), 10, "a resumed endpoint is asked again")
	}},
	{Name: "health/one that is gone is disabled", run: func(c *check) {
		e := c.endpoint(func(e *webhooks.Endpoint) { e.URL, e.ClientName = "https://example.com/gone", "the one" })
		other := c.endpoint(listensTo(webhooks.EndpointDisabled))
		c.some(3)
		claims := c.look(webhooks.ClaimRequest{Worker: "w", Limit: 2, Depth: 1})
		require.Len(c, claims, 2)
		gone := result(&claims[0], 0, webhooks.Failed)
		gone.Gone, gone.Attempt.Status = true, 410
		c.finish(1, gone)
		disabled := c.get(e.ID)
		require.Equal(c, webhooks.Disabled, disabled.State, "an endpoint that is gone is Disabled")
		require.NotEmpty(c, disabled.DisabledReason, "the reason is stored")
		require.Equal(c, e.Version+1, disabled.Version, "the version grows with the state")
		deliveries := c.of(e)
		require.Len(c, deliveries, 4, "it listens to its own end too")
		require.Equal(c, []webhooks.DeliveryState{webhooks.Failed, webhooks.Pending, webhooks.Skipped,
			webhooks.Skipped}, states(deliveries),
			"what waits is Skipped, what is claimed is not")
		told := c.of(other)
		require.Len(c, told, 1, "the others are told that it is disabled")
		require.Equal(c, webhooks.EndpointDisabled, told[0].EventType)
		require.Equal(c, webhooks.Pending, told[0].State)
		data := string(c.record(told[0].ID).Event.Data)
		for _, part := range []string{e.ID, e.URL, e.ClientName} {
			require.Contains(c, data, part, "the event says which endpoint it is")
		}
		later := result(&claims[1], 0, webhooks.Pending)
		c.finish(1, later)
		require.Equal(c, webhooks.Skipped, c.of(e)[1].State, "a result that would have to wait is Skipped")
		require.Len(c, c.of(other), 1, "it is told once")
	}},
}
