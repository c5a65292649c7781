package storetest

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

// farEast is a time zone that Go knows and databases don't.
var farEast = time.FixedZone("", int((23*time.Hour + 59*time.Minute).Seconds()))

// every has all states in which a delivery may have ended.
var every = []webhooks.DeliveryState{webhooks.Failed, webhooks.Skipped, webhooks.Delivered}

// mixed stores an endpoint with five deliveries: delivered, failed, skipped, waiting for the next attempt, and due.
func (c *check) mixed() (webhooks.Endpoint, []webhooks.Delivery) {
	c.Helper()
	e := c.endpoint(concurrency(20))
	c.some(1)
	c.change(e.ID, inState(webhooks.Inactive)) // skips it
	c.change(e.ID, inState(webhooks.Active))
	c.some(3)
	claims := c.look(request)
	require.Len(c, claims, 3)
	later := result(&claims[2], 0, webhooks.Pending)
	later.Delay = day
	c.finish(3, result(&claims[1], 0, webhooks.Failed), later, result(&claims[0], 0, webhooks.Delivered))
	c.some(1)
	all := c.of(e)
	require.Equal(c, []webhooks.DeliveryState{webhooks.Skipped, webhooks.Delivered, webhooks.Failed, webhooks.Pending,
		webhooks.Pending}, states(all))
	return e, []webhooks.Delivery{all[1], all[2], all[0], all[3], all[4]}
}

// hours returns how many deliveries to an endpoint ended in each hour.
func (c *check) hours(id string, n int) []webhooks.Hour {
	c.Helper()
	hours, err := c.Hours(c.Context(), id, n)
	require.NoError(c, err, "deliveries are counted by the hour")
	return hours
}

var deliveryCases = []Case{
	{Name: "deliveries/list, newest first", run: func(c *check) {
		a, b := c.endpoint(), c.endpoint(listensTo(webhooks.ProductCreated))
		c.some(3)
		events := c.append(imported("i-1", webhooks.ProductUpdated), imported("i-2", webhooks.ProductCreated))
		c.end(webhooks.Delivered, c.look(webhooks.ClaimRequest{Worker: "w", Limit: 2, Depth: 1})...)
		all := c.list(webhooks.DeliveryQuery{})
		require.Len(c, all, 9)
		require.True(c, slices.IsSortedFunc(all, func(x, y webhooks.Delivery) int { return int(y.ID - x.ID) }),
			"deliveries are listed newest first")
		for _, test := range []struct {
			query webhooks.DeliveryQuery
			want  func(d webhooks.Delivery) bool
		}{
			{webhooks.DeliveryQuery{EndpointID: b.ID}, func(d webhooks.Delivery) bool { return d.EndpointID == b.ID }},
			{webhooks.DeliveryQuery{EventID: events[1].ID},
				func(d webhooks.Delivery) bool { return d.EventID == events[1].ID }},
			{webhooks.DeliveryQuery{EventType: webhooks.ProductUpdated},
				func(d webhooks.Delivery) bool { return d.EventType == webhooks.ProductUpdated }},
			{webhooks.DeliveryQuery{ImportID: "i-2"}, func(d webhooks.Delivery) bool { return d.ImportID == "i-2" }},
			{webhooks.DeliveryQuery{ImportID: "i-3"}, func(webhooks.Delivery) bool { return false }},
			{webhooks.DeliveryQuery{EventID: "evt_none"}, func(webhooks.Delivery) bool { return false }},
			{webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Delivered}},
				func(d webhooks.Delivery) bool { return d.State == webhooks.Delivered }},
			{webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Delivered, webhooks.Pending}},
				func(webhooks.Delivery) bool { return true }},
			{webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Skipped}},
				func(webhooks.Delivery) bool { return false }},
			{webhooks.DeliveryQuery{EndpointID: a.ID, EventType: webhooks.ProductCreated, ImportID: "i-2",
				States: []webhooks.DeliveryState{webhooks.Pending}},
				func(d webhooks.Delivery) bool { return d.EndpointID == a.ID && d.ImportID == "i-2" }},
			{webhooks.DeliveryQuery{Before: all[3].ID}, func(d webhooks.Delivery) bool { return d.ID < all[3].ID }},
			{webhooks.DeliveryQuery{Before: 1 << 50}, func(webhooks.Delivery) bool { return true }},
		} {
			var want []webhooks.Delivery
			for _, d := range all {
				if test.want(d) {
					want = append(want, d)
				}
			}
			require.Len(c, c.list(test.query), len(want), "the query %+v finds what matches", test.query)
			for i, d := range c.list(test.query) {
				c.sameDelivery(want[i], d, "the query %+v finds what matches, in order", test.query)
			}
		}
		require.Len(c, c.list(webhooks.DeliveryQuery{Limit: 2}), 2, "the limit holds")
		c.sameDelivery(all[0], c.list(webhooks.DeliveryQuery{Limit: 1})[0], "the newest come first")
	}},
	{Name: "deliveries/by the hour", run: func(c *check) {
		e, all := c.mixed()
		c.endpoint(listensTo(webhooks.ProductCreated))
		c.setBack(-3 * time.Hour) // as if so much time had passed
		c.some(2)
		c.end(webhooks.Delivered, c.look(request)...)
		hours := c.hours(e.ID, 24)
		require.Len(c, hours, 24, "every hour is there")
		for i, h := range hours {
			require.Equal(c, h.Start.Truncate(time.Hour), h.Start, "hours are full")
			require.Equal(c, hours[0].Start.Add(time.Duration(i)*time.Hour), h.Start, "hours come one after the other")
			var want webhooks.Hour
			for _, d := range c.of(e) {
				if d.FinishedAt.Truncate(time.Hour).Equal(h.Start) {
					want.Delivered += map[webhooks.DeliveryState]int64{webhooks.Delivered: 1}[d.State]
					want.Failed += map[webhooks.DeliveryState]int64{webhooks.Failed: 1}[d.State]
					want.Skipped += map[webhooks.DeliveryState]int64{webhooks.Skipped: 1}[d.State]
				}
			}
			require.Equal(c, want, webhooks.Hour{Delivered: h.Delivered, Failed: h.Failed, Skipped: h.Skipped},
				"what ended in an hour is counted by its state")
		}
		sum := func(hours []webhooks.Hour) (n webhooks.Hour) {
			for _, h := range hours {
				n.Delivered, n.Failed, n.Skipped = n.Delivered+h.Delivered, n.Failed+h.Failed, n.Skipped+h.Skipped
			}
			return n
		}
		require.Equal(c, webhooks.Hour{Delivered: 4, Failed: 1, Skipped: 1}, sum(hours), "all that ended is counted")
		require.Equal(c, webhooks.Hour{Delivered: 3}, sum(c.hours(e.ID, 2)), "nothing before the hours is counted")
		_, err := c.Resend(c.Context(), all[0].ID)
		require.NoError(c, err)
		require.Equal(c, webhooks.Hour{Delivered: 3, Failed: 1, Skipped: 1}, sum(c.hours(e.ID, 168)),
			"what is sent again hasn't ended")
		for _, n := range []int{0, 169} {
			_, err := c.Hours(c.Context(), e.ID, n)
			require.Error(c, err, "%d hours are an error", n)
		}
		for _, id := range []string{"", "ep_00000000000000000000000000000000"} {
			_, err := c.Hours(c.Context(), id, 24)
			require.ErrorIs(c, err, webhooks.ErrNotFound, "no endpoint has the ID %q", id)
		}
	}},
	{Name: "deliveries/bad queries", run: func(c *check) {
		for _, q := range []webhooks.DeliveryQuery{{Limit: -1}, {Limit: 1_001}, {Before: -1}} {
			_, err := c.ListDeliveries(c.Context(), q)
			require.Error(c, err, "a query out of bounds is refused: %+v", q)
		}
		_, err := c.ListDeliveries(c.Context(), webhooks.DeliveryQuery{EndpointID: "ep_none"})
		require.ErrorIs(c, err, webhooks.ErrNotFound, "an endpoint that isn't there gives ErrNotFound")
		for _, id := range []int64{0, -1, 1, 1 << 60} {
			_, err := c.Delivery(c.Context(), id)
			require.ErrorIs(c, err, webhooks.ErrNotFound, "Delivery(%d) gives ErrNotFound", id)
			_, err = c.Resend(c.Context(), id)
			require.ErrorIs(c, err, webhooks.ErrNotFound, "Resend(%d) gives ErrNotFound", id)
		}
	}},
	{Name: "deliveries/backlog", run: func(c *check) {
		backlog := func() webhooks.Backlog {
			b, err := c.Backlog(c.Context())
			require.NoError(c, err)
			return b
		}
		require.Equal(c, [2]int64{}, backlog().Due, "an empty store has no backlog")
		e, _ := c.mixed()
		c.endpoint(inState(webhooks.Inactive))
		old := imported("i", webhooks.ProductCreated)
		old.Time = time.Now().Add(-time.Hour)
		c.append(old, imported("i", webhooks.ProductCreated))
		c.look(webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 1})
		b := backlog()
		require.Equal(c, [2]int64{1, 2}, b.Due, "what could be sent now is counted by lane, what is claimed too")
		require.Equal(c, [2]int64{1, 0}, b.Later, "what waits for its next attempt is counted by lane")
		require.WithinRange(c, time.Now().Add(-b.Oldest[bulk]), old.Time.Add(-time.Minute), old.Time.Add(time.Minute),
			"the oldest is known by lane")
		require.Equal(c, map[webhooks.EndpointState]int64{webhooks.Active: 1, webhooks.Inactive: 1}, b.Endpoints,
			"endpoints are counted by state")
		require.Zero(c, b.Failing)
		c.change(e.ID, (*webhooks.Endpoint).Pause)
		b = backlog()
		require.Equal(c, [2]int64{}, b.Due, "only what Active endpoints wait for is counted")
		require.Equal(c, [2]int64{}, b.Later, "only what Active endpoints wait for is counted")
		require.Equal(c, [2]time.Duration{}, b.Oldest)
	}},
}

var resendCases = []Case{
	{Name: "resend/resend", run: func(c *check) {
		e, all := c.mixed()
		for _, d := range all {
			before := time.Now()
			sent, err := c.Resend(c.Context(), d.ID)
			require.NoError(c, err)
			require.WithinRange(c, sent.NotBefore, before.Add(-time.Second), time.Now().Add(time.Second),
				"what is sent again is due now")
			want := d
			want.State, want.NotBefore, want.FinishedAt, want.Earlier = webhooks.Pending, sent.NotBefore, time.Time{},
				d.Attempts
			c.sameDelivery(want, sent, "sending again begins the schedule anew, and keeps the rest")
			c.sameDelivery(sent, c.record(d.ID).Delivery, "what is returned is what is stored")
			require.Len(c, c.record(d.ID).Attempts, d.Attempts, "the log stays")
		}
		require.Equal(c, len(all), count(c.look(request)), "what is sent again is claimed")
		require.Len(c, c.of(e), len(all), "sending again makes no new delivery")
	}},
	{Name: "resend/resend of what is claimed", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		claim := c.one()
		before := c.of(e)[0]
		sent, err := c.Resend(c.Context(), before.ID)
		require.NoError(c, err)
		c.sameDelivery(before, sent, "what is claimed is returned as it is")
		c.nothing("what is claimed stays so")
		c.finish(1, result(claim, 0, webhooks.Delivered))
	}},
	{Name: "resend/a new schedule", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		c.end(webhooks.Failed, *c.one())
		_, err := c.Resend(c.Context(), c.of(e)[0].ID)
		require.NoError(c, err)
		claim := c.one()
		require.Equal(c, 1, claim.Work[0].Delivery.Attempts, "attempts are counted on")
		require.Equal(c, 1, claim.Work[0].Delivery.Earlier, "and it is known where the schedule began")
		c.finish(1, result(claim, 0, webhooks.Delivered))
		require.Len(c, c.record(claim.Work[0].Delivery.ID).Attempts, 2)
	}},
	{Name: "resend/a result from before counts for nothing", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		claim := c.only(vanishing)
		c.Eventually("a lease that ran out doesn't keep anybody from sending again", func() bool {
			sent, err := c.Resend(c.Context(), c.of(e)[0].ID)
			require.NoError(c, err)
			return time.Since(sent.NotBefore) < 500*time.Millisecond
		})
		c.finish(0, result(claim, 0, webhooks.Delivered))
	}},
	{Name: "resend/not to an endpoint that is off", run: func(c *check) {
		e, all := c.mixed()
		for _, state := range []webhooks.EndpointState{webhooks.Inactive, webhooks.Disabled} {
			c.change(e.ID, inState(state))
			_, err := c.Resend(c.Context(), all[0].ID)
			require.ErrorIs(c, err, webhooks.ErrOff, "Resend gives ErrOff for an endpoint that is %s", state)
			_, _, err = c.Replay(c.Context(), webhooks.ReplayStep{EndpointID: e.ID, States: every, Limit: 10})
			require.ErrorIs(c, err, webhooks.ErrOff, "Replay gives ErrOff for an endpoint that is %s", state)
		}
		c.change(e.ID, (*webhooks.Endpoint).Pause)
		_, err := c.Resend(c.Context(), all[0].ID)
		require.NoError(c, err, "a Paused endpoint may be sent to, later")
	}},
	{Name: "resend/replay by state", run: func(c *check) {
		other := c.endpoint(inState(webhooks.Disabled))
		e, all := c.mixed()
		wantOther := c.of(other)
		n, last, err := c.Replay(c.Context(), webhooks.ReplayStep{EndpointID: e.ID,
			States: []webhooks.DeliveryState{webhooks.Failed, webhooks.Skipped}, Limit: 10})
		require.NoError(c, err)
		require.Equal(c, 2, n, "what is in one of the states is replayed")
		require.Zero(c, last, "there is nothing behind the last one")
		for i, d := range all {
			got := c.record(d.ID).Delivery
			if i != 1 && i != 2 {
				c.sameDelivery(d, got, "what is in another state stays")
				continue
			}
			want := d
			want.State, want.Lane, want.NotBefore, want.FinishedAt, want.Earlier = webhooks.Pending, bulk,
				got.NotBefore, time.Time{}, d.Attempts
			c.sameDelivery(want, got, "what is replayed is due, in the lane Bulk")
			require.WithinDuration(c, time.Now(), got.NotBefore, time.Minute)
		}
		for i, d := range c.of(other) {
			c.sameDelivery(wantOther[i], d, "those of others stay")
		}
	}},
	{Name: "resend/replay since a time, in steps", run: func(c *check) {
		e := c.endpoint(inState(webhooks.Disabled))
		events := c.some(9)
		c.change(e.ID, inState(webhooks.Active))
		all := c.of(e)
		step := webhooks.ReplayStep{EndpointID: e.ID, Since: events[2].Time.In(farEast), States: every, Limit: 3}
		for i, want := range [][2]int64{{3, all[4].ID}, {3, all[7].ID}, {1, 0}} {
			n, last, err := c.Replay(c.Context(), step)
			require.NoError(c, err)
			require.EqualValues(c, want[0], n, "step %d looks at Limit deliveries", i)
			if want[1] != 0 || last != 0 {
				require.Contains(c, []int64{want[1], all[8].ID}, last, "step %d says where the next one begins", i)
			}
			step.After = last
		}
		for i, d := range c.of(e) {
			require.Equal(c, i >= 2, d.State == webhooks.Pending,
				"what is older than the time stays, what is newer is sent again")
		}
	}},
	{Name: "resend/replay leaves out what is claimed", run: func(c *check) {
		e := c.endpoint()
		c.some(2)
		c.end(webhooks.Failed, c.look(webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 1})...)
		c.look(request)
		n, _, err := c.Replay(c.Context(), webhooks.ReplayStep{EndpointID: e.ID, States: every, Limit: 10})
		require.NoError(c, err)
		require.Equal(c, 1, n, "what is claimed isn't replayed")
		require.Equal(c, urgent, c.of(e)[1].Lane)
	}},
	{Name: "resend/replay brings forward what waits", run: func(c *check) {
		e, all := c.mixed()
		c.some(1)
		all = append(all, c.of(e)[len(all):]...)
		sent := c.look(webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 1})[0].Work[0].Delivery
		step := webhooks.ReplayStep{EndpointID: e.ID, States: []webhooks.DeliveryState{webhooks.Pending}, Limit: 10}
		n, last, err := c.Replay(c.Context(), step)
		require.NoError(c, err)
		require.Equal(c, 1, n, "what waits for its next attempt is brought forward and counted, what is due or claimed isn't")
		require.Zero(c, last)
		for i, d := range all {
			got := c.record(d.ID).Delivery
			if i != 3 {
				c.sameDelivery(d, got, "what doesn't wait for its next attempt stays")
				continue
			}
			require.WithinDuration(c, time.Now(), got.NotBefore, time.Minute, "what is brought forward is due")
			want := d
			want.NotBefore, want.Earlier = got.NotBefore, d.Attempts
			c.sameDelivery(want, got, "what is brought forward stays in its lane, with a schedule that begins anew")
		}
		n, _, err = c.Replay(c.Context(), step)
		require.NoError(c, err)
		require.Zero(c, n, "what is due needs no bringing forward")
		claimed := []int64{sent.ID}
		for _, claim := range c.look(request) {
			claimed = append(claimed, claim.Work[0].Delivery.ID)
		}
		require.ElementsMatch(c, []int64{all[3].ID, all[4].ID, all[5].ID}, claimed,
			"what is brought forward is claimed")
	}},
	{Name: "resend/replay of what waits and of what has ended, in steps", run: func(c *check) {
		e := c.endpoint(concurrency(20))
		c.some(6)
		var results []webhooks.Result
		for i, claim := range c.look(request) {
			r := result(&claim, 0, []webhooks.DeliveryState{webhooks.Failed, webhooks.Pending}[i%2])
			r.Delay = day
			results = append(results, r)
		}
		c.finish(6, results...)
		c.change(e.ID, func(e *webhooks.Endpoint) { e.Resume() })
		step := webhooks.ReplayStep{EndpointID: e.ID, Limit: 4,
			States: []webhooks.DeliveryState{webhooks.Failed, webhooks.Pending}}
		total := 0
		for {
			n, last, err := c.Replay(c.Context(), step)
			require.NoError(c, err)
			require.LessOrEqual(c, n, 4, "a step looks at Limit deliveries")
			if total += n; last == 0 {
				break
			}
			require.Greater(c, last, step.After, "a step says where the next one begins")
			step.After = last
		}
		require.Equal(c, 6, total, "each is counted once")
		for _, d := range c.of(e) {
			require.Equal(c, webhooks.Pending, d.State)
			require.WithinDuration(c, time.Now(), d.NotBefore, time.Minute)
		}
	}},
	{Name: "resend/bad replays", run: func(c *check) {
		e := c.endpoint()
		for _, step := range []webhooks.ReplayStep{
			{EndpointID: e.ID, States: every}, {EndpointID: e.ID, States: every, Limit: 10_001},
			{EndpointID: e.ID, Limit: 1},
		} {
			_, _, err := c.Replay(c.Context(), step)
			require.Error(c, err, "a step out of bounds is refused: %+v", step)
		}
		_, _, err := c.Replay(c.Context(), webhooks.ReplayStep{EndpointID: "ep_none", States: every, Limit: 1})
		require.ErrorIs(c, err, webhooks.ErrNotFound, "an endpoint that isn't there gives ErrNotFound")
	}},
}
