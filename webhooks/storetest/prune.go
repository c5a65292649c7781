package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

// past is before anything in the suite, future after it.
var past, future = time.Unix(0, 0), time.Now().Add(1_000 * day)

// prune removes at most limit deliveries, and returns how many it removed.
func (c *check) prune(delivered, others time.Time, limit int) int {
	c.Helper()
	n, err := c.Prune(c.Context(),
		webhooks.PruneRequest{DeliveredBefore: delivered, OthersBefore: others, Limit: limit})
	require.NoError(c, err, "housekeeping")
	return n
}

var pruneCases = []Case{
	{Name: "prune/by state and age", run: func(c *check) {
		_, all := c.mixed()
		require.Zero(c, c.prune(past, past, 100), "what is newer stays")
		for _, d := range all {
			c.sameDelivery(d, c.record(d.ID).Delivery, "what is newer stays as it is")
		}
		require.Equal(c, 1, c.prune(future, past, 100), "what was Delivered goes by one time")
		_, err := c.Delivery(c.Context(), all[0].ID)
		require.ErrorIs(c, err, webhooks.ErrNotFound, "what was Delivered goes by one time")
		require.Equal(c, 2, c.prune(past, future, 100), "what Failed or was Skipped goes by the other")
		require.Zero(c, c.prune(future, future, 100), "what is Pending stays, however old")
		require.Len(c, c.list(webhooks.DeliveryQuery{}), 2)
		for _, d := range all[3:] {
			require.NotEmpty(c, c.record(d.ID).Event.Data, "the event of what stays stays")
		}
	}},
	{Name: "prune/the time is that of its end", run: func(c *check) {
		e := c.endpoint()
		old := event(1)
		old.Time = time.Now().Add(-30 * day)
		c.append(old)
		c.end(webhooks.Delivered, *c.one())
		hourAgo := time.Now().Add(-time.Hour)
		require.Zero(c, c.prune(hourAgo, hourAgo, 100), "an old event that was delivered just now stays")
		require.Len(c, c.of(e), 1)
	}},
	{Name: "prune/what waits for an endpoint that is off", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		c.only(vanishing)
		c.change(e.ID, inState(webhooks.Inactive))
		c.Eventually("what is Pending for an endpoint that is off goes too",
			func() bool { return c.prune(past, future, 100) == 1 })
		paused := c.endpoint()
		c.some(1)
		c.change(paused.ID, (*webhooks.Endpoint).Pause)
		require.Zero(c, c.prune(future, future, 100), "what is Pending for a Paused endpoint stays")
		c.change(e.ID, inState(webhooks.Active))
		c.nothing("what was removed is not claimed")
	}},
	{Name: "prune/at most so many", run: func(c *check) {
		e := c.endpoint(inState(webhooks.Disabled))
		c.some(7)
		for _, want := range []int{3, 3, 1, 0} {
			require.Equal(c, want, c.prune(past, future, 3),
				"at most Limit deliveries are removed at once, and more the next time")
		}
		require.Empty(c, c.of(e))
		for _, limit := range []int{0, -1, 100_001} {
			_, err := c.Prune(c.Context(), webhooks.PruneRequest{Limit: limit})
			require.Error(c, err, "a limit of %d is out of bounds", limit)
		}
	}},
	{Name: "prune/an event stays for the others", run: func(c *check) {
		c.endpoint(inState(webhooks.Disabled))
		e := c.endpoint()
		c.some(1)
		require.Equal(c, 1, c.prune(past, future, 10))
		require.NotEmpty(c, c.record(c.of(e)[0].ID).Event.Data, "an event stays while a delivery is left")
		require.JSONEq(c, `{"products":[{"id":0}]}`, string(c.one().Work[0].Event.Data))
	}},
	{Name: "prune/numbers of imports", run: func(c *check) {
		c.endpoint()
		c.append(imported("a", webhooks.ProductCreated))
		numbers := func() map[string]int64 {
			n, err := c.Numbers(c.Context(), "a")
			require.NoError(c, err)
			return n
		}
		c.prune(future, past, 10)
		require.Len(c, numbers(), 1, "numbers that were given lately stay")
		c.prune(past, future, 10)
		require.Empty(c, numbers(), "numbers that were given long ago go")
	}},
}

var transactionCases = []Case{
	{Name: "transaction/everything joins it", run: func(c *check) {
		e, all := c.mixed()
		other := c.endpoint(inState(webhooks.Paused))
		due := c.look(request)
		require.Len(c, due, 1)
		failed := func(ctx context.Context) error {
			_, err := c.Resend(ctx, all[1].ID)
			return err
		}
		for _, test := range []struct {
			name string
			do   func(ctx context.Context) error
		}{
			{"CreateEndpoint", func(ctx context.Context) error {
				_,
					err := c.CreateEndpoint(ctx, whole())
				return err
			}},
			{"UpdateEndpoint", func(ctx context.Context) error {
				_, err := c.UpdateEndpoint(ctx, e.ID, 0,
					func(e *webhooks.Endpoint) error { e.State = webhooks.Inactive; return nil })
				return err
			}},
			{"DeleteEndpoint", func(ctx context.Context) error { return c.DeleteEndpoint(ctx, e.ID, 0) }},
			{"Append", func(ctx context.Context) error {
				_, err := c.Append(ctx, []webhooks.Event{event(1), imported("i", webhooks.ProductCreated)})
				return err
			}},
			{"Resend", failed},
			{"Replay", func(ctx context.Context) error {
				_, _, err := c.Replay(ctx, webhooks.ReplayStep{EndpointID: e.ID, States: every, Limit: 10})
				return err
			}},
			{"Claim", func(ctx context.Context) error {
				if err := failed(ctx); err != nil {
					return err
				}
				claims, err := c.Claim(ctx, request)
				require.Len(c, claims, 1, "a claim sees what its transaction did")
				return err
			}},
			{"Finish", func(ctx context.Context) error {
				gone := result(&due[0], 0, webhooks.Failed)
				gone.Gone = true
				_, err := c.Finish(ctx, []webhooks.Result{gone})
				return err
			}},
			{"Prune", func(ctx context.Context) error {
				_, err := c.Prune(ctx, webhooks.PruneRequest{DeliveredBefore: future, OthersBefore: future, Limit: 2})
				return err
			}},
		} {
			snapshot := func() ([]webhooks.Endpoint, []webhooks.Record) {
				endpoints, _, err := c.ListEndpoints(c.Context(), 100, 0)
				require.NoError(c, err)
				for i := range endpoints {
					endpoints[i] = plain(endpoints[i])
				}
				var records []webhooks.Record
				for _, d := range c.list(webhooks.DeliveryQuery{Limit: 100}) {
					records = append(records, c.record(d.ID))
				}
				return endpoints, records
			}
			endpoints, records := snapshot()
			refused := errors.New("refused")
			require.ErrorIs(c, c.inTx(c.Context(), func(ctx context.Context) error {
				require.NoError(c, test.do(ctx), "%s works in a transaction", test.name)
				return refused
			}), refused)
			afterEndpoints, afterRecords := snapshot()
			require.Equal(c, endpoints, afterEndpoints, "%s is rolled back with its transaction: endpoints", test.name)
			require.Equal(c, records, afterRecords, "%s is rolled back with its transaction: deliveries", test.name)
		}
		c.nothing("what was rolled back is not claimed")
		c.finish(1, result(&due[0], 0, webhooks.Delivered))
		require.NoError(c, c.inTx(c.Context(), failed))
		require.Equal(c, all[1].ID, c.one().Work[0].Delivery.ID, "what was committed is")
		require.Equal(c, webhooks.Paused, c.get(other.ID).State)
	}},
	{Name: "transaction/an ended context changes nothing", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		ctx, cancel := context.WithCancel(c.Context())
		cancel()
		_, err := c.Append(ctx, []webhooks.Event{event(1)})
		require.ErrorIs(c, err, context.Canceled, "Append returns the context's error")
		_, err = c.Claim(ctx, request)
		require.ErrorIs(c, err, context.Canceled, "Claim returns the context's error")
		_, err = c.UpdateEndpoint(ctx, e.ID, 0, func(e *webhooks.Endpoint) error { e.ClientName = "x"; return nil })
		require.ErrorIs(c, err, context.Canceled, "UpdateEndpoint returns the context's error")
		require.Len(c, c.of(e), 1)
		c.one()
	}},
}
