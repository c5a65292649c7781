package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

var appendCases = []Case{
	{Name: "append/nothing where nobody listens", run: func(c *check) {
		c.endpoint(inState(webhooks.Inactive))
		e := c.endpoint(listensTo(webhooks.ProductDeleted))
		events := []webhooks.Event{event(1), imported("i", webhooks.ProductCreated)}
		stored, err := c.Append(c.Context(), events)
		require.NoError(c, err)
		require.Zero(c, stored, "an event that nobody listens to isn't stored")
		stored, err = c.Append(c.Context(), nil)
		require.NoError(c, err, "no events are no error")
		require.Zero(c, stored)
		require.Empty(c, c.list(webhooks.DeliveryQuery{}), "an event that nobody listens to makes no delivery")
		require.Zero(c, events[1].Number, "an event that isn't stored gets no number")
		numbers, err := c.Numbers(c.Context(), "i")
		require.NoError(c, err)
		require.Empty(c, numbers, "an event that isn't stored isn't counted")

		stored, err = c.Append(c.Context(),
			[]webhooks.Event{event(1), {Type: webhooks.ProductDeleted, Data: []byte(`{}`)}, event(2)})
		require.NoError(c, err)
		require.Equal(c, 1, stored, "the events are counted that are stored")
		require.Len(c, c.of(e), 1)
	}},
	{Name: "append/a delivery for each that listens", run: func(c *check) {
		all, created, summaries := c.endpoint(), c.endpoint(listensTo(webhooks.ProductCreated)),
			c.endpoint(func(e *webhooks.Endpoint) { e.SummariesOnly = true })
		c.endpoint(listensTo("import.*"))
		e := imported("import-1", webhooks.ProductCreated)
		e.ID, e.Time = driver.NewID("evt_", time.Now()), time.Date(2026, 5, 4, 3, 2, 1, 123_456_000, time.UTC)
		e = c.append(e)[0]
		require.Empty(c, c.of(summaries), "what is numbered isn't told to an endpoint for summaries")
		require.Len(c, c.list(webhooks.DeliveryQuery{}), 2, "every endpoint that listens gets a delivery, and no other")
		for _, endpoint := range []webhooks.Endpoint{all, created} {
			deliveries := c.of(endpoint)
			require.Len(c, deliveries, 1, "every endpoint that listens gets one delivery")
			d := deliveries[0]
			require.Positive(c, d.ID, "a delivery has an ID")
			c.sameDelivery(webhooks.Delivery{ID: d.ID, EndpointID: endpoint.ID, EventID: e.ID, EventType: e.Type,
				ImportID: "import-1", Number: 1,
				Lane: bulk, State: webhooks.Pending, NotBefore: e.Time, CreatedAt: e.Time}, d,
				"a new delivery has what its event has")
			r := c.record(d.ID)
			c.sameDelivery(d, r.Delivery, "a delivery is the same wherever it is read")
			r.Event.Time = r.Event.Time.UTC()
			require.Equal(c, e, r.Event, "the event is stored")
			require.Empty(c, r.Attempts)
		}
	}},
	{Name: "append/an ID and a time where they are missing", run: func(c *check) {
		to := c.endpoint()
		events := c.append(event(1), event(2))
		require.Regexp(c, `^evt_[0-9a-f]{32}$`, events[0].ID, "the ID is filled in")
		require.NotEqual(c, events[0].ID, events[1].ID, "every event has an ID of its own")
		require.WithinDuration(c, time.Now(), events[0].Time, time.Minute, "the time is filled in")
		for i, d := range c.of(to) {
			require.Equal(c, events[i].ID, d.EventID, "the ID is stored")
			require.Equal(c, rounded(events[i].Time), rounded(d.CreatedAt), "the time is stored")
		}
		require.Less(c, c.of(to)[0].ID, c.of(to)[1].ID, "later deliveries have greater IDs")
	}},
	{Name: "append/data comes back byte by byte", run: func(c *check) {
		e := c.endpoint()
		for _, data := range []string{`{}`, "{ \"b\" : 1.0,\t\"a\":[ ],\n\"b\":1e2 }", `{"text":"\u00e9é\\\/\u0000"}`,
			"{\"bytes\":\"\xff\xfe\x00\"}",
			`{"long":"` + strings.Repeat("0123456789", 70_000) + `"}`} {
			d := event(0)
			d.Data = []byte(data)
			c.append(d)
			all := c.of(e)
			require.Equal(c, data, string(c.record(all[len(all)-1].ID).Event.Data), "data comes back as it was given")
		}
		claims := c.look(request)
		require.Equal(c, 5, count(claims))
		require.Equal(c, `{}`, string(claims[0].Work[0].Event.Data), "a claim has the data")
	}},
	{Name: "append/data is not kept", run: func(c *check) {
		to := c.endpoint()
		e := event(7)
		want := string(e.Data)
		c.append(e)
		copy(e.Data, bytes.Repeat([]byte("x"), len(e.Data)))
		id := c.of(to)[0].ID
		got := c.record(id)
		require.Equal(c, want, string(got.Event.Data), "the caller may use the data's memory again")
		got.Event.Data[0] = 'x'
		require.Equal(c, want, string(c.record(id).Event.Data), "what comes out is the caller's")
	}},
	{Name: "append/bad events are refused with the others", run: func(c *check) {
		c.endpoint()
		large := event(0)
		large.Data = []byte(`{"x":"` + strings.Repeat("x", webhooks.MaxData) + `"}`)
		_, err := c.Append(c.Context(), []webhooks.Event{event(1), large})
		require.ErrorIs(c, err, webhooks.ErrTooLarge, "an event that is too large is refused")
		for _, bad := range []webhooks.Event{{Data: []byte(`{}`)}, {Type: "t", Data: []byte(`[]`)}, {Type: "t"}} {
			_, err = c.Append(c.Context(), []webhooks.Event{event(1), bad})
			require.Error(c, err, "an event that isn't one is refused")
		}
		require.Empty(c, c.list(webhooks.DeliveryQuery{}), "a bad event has all of them refused")
		large.Data = []byte(`{"x":"` + strings.Repeat("x", webhooks.MaxData-8) + `"}`)
		c.append(large)
	}},
	{Name: "append/thousands at once", run: func(c *check) {
		e := c.endpoint()
		c.endpoint(listensTo(webhooks.ImportFailed))
		const n = 3_000
		events := make([]webhooks.Event, n)
		for i := range events {
			events[i] = imported("i", webhooks.ProductUpdated)
		}
		events = c.append(events...)
		for i := range events {
			require.EqualValues(c, i+1, events[i].Number, "numbers follow the order of the slice")
		}
		all := c.of(e)
		require.Len(c, all, 1_000)
		require.EqualValues(c, n, all[999].Number)
	}},
	{Name: "append/wakes", run: func(c *check) {
		c.endpoint()
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		wake := c.Wake(ctx)
		if wake == nil {
			return // there are no hints
		}
		// Hints may take a moment to come.
		c.Eventually("whoever waits is woken when there is something to do", func() bool {
			c.append(event(1))
			select {
			case <-wake:
				return true
			default:
				return false
			}
		})
	}},
}

var numberCases = []Case{
	{Name: "numbers/by import and type, from 1", run: func(c *check) {
		c.endpoint()
		created, updated := webhooks.ProductCreated, webhooks.ProductUpdated
		var got []string
		for _, e := range slices.Concat(
			c.append(imported("a", created), imported("a", updated), imported("b", created), imported("a", created)),
			c.append(imported("b", created), imported("a", updated)),
			c.append(event(1), webhooks.Event{Type: webhooks.ImportCompleted, ImportID: "a", Data: []byte(`{}`)}),
		) {
			got = append(got, fmt.Sprint(e.ImportID, " ", e.Type, " ", e.Number))
		}
		require.Equal(c, []string{"a product.created 1", "a product.updated 1", "b product.created 1",
			"a product.created 2",
			"b product.created 2", "a product.updated 2", " product.created 0", "a import.completed 0"}, got,
			"events are numbered by import and type; single changes and summaries are not")
		for importID, want := range map[string]map[string]int64{"a": {created: 2, updated: 2}, "b": {created: 2},
			"c": {}} {
			numbers, err := c.Numbers(c.Context(), importID)
			require.NoError(c, err)
			require.Len(c, numbers, len(want), "Numbers has the types that were told, and no others")
			for t, n := range want {
				require.Equal(c, n, numbers[t], "Numbers has the last number of a type")
			}
		}
	}},
	{Name: "numbers/no gap where a transaction rolls back", run: func(c *check) {
		c.endpoint()
		c.append(imported("a", webhooks.ProductCreated))
		refused := errors.New("refused")
		require.ErrorIs(c, c.inTx(c.Context(), func(ctx context.Context) error {
			events := []webhooks.Event{imported("a", webhooks.ProductCreated), imported("a", webhooks.ProductUpdated)}
			if _, err := c.Append(ctx, events); err != nil {
				return err
			}
			numbers, err := c.Numbers(ctx, "a")
			if err != nil {
				return err
			}
			require.EqualValues(c, 2, numbers[webhooks.ProductCreated], "Numbers counts what its transaction appended")
			return refused
		}), refused)
		require.Len(c, c.list(webhooks.DeliveryQuery{}), 1, "events are rolled back with their transaction")
		events := c.append(imported("a", webhooks.ProductCreated), imported("a", webhooks.ProductUpdated))
		require.EqualValues(c, 2, events[0].Number, "a transaction that rolls back leaves no gap")
		require.EqualValues(c, 1, events[1].Number, "a transaction that rolls back leaves no gap")
	}},
	{Name: "numbers/no gap where many append", run: func(c *check) {
		c.endpoint()
		const workers, each = 4, 5
		var mu sync.Mutex
		var got []int64
		c.Together(workers, "many append at the same time", func(ctx context.Context, i int) error {
			for range each {
				var events []webhooks.Event
				err := c.inTx(ctx, func(ctx context.Context) error {
					events = []webhooks.Event{imported("a", webhooks.ProductUpdated),
						imported("a", webhooks.ProductCreated), imported("a", webhooks.ProductCreated)}
					if i%2 == 0 { // others take them in another order
						slices.Reverse(events)
					}
					_, err := c.Append(ctx, events)
					return err
				})
				if err != nil {
					return err
				}
				mu.Lock()
				for _, e := range events {
					if e.Type == webhooks.ProductCreated {
						got = append(got, e.Number)
					}
				}
				mu.Unlock()
			}
			return nil
		})
		slices.Sort(got)
		for i, n := range got {
			require.EqualValues(c, i+1, n, "numbers are contiguous, each given once")
		}
		require.Len(c, got, 2*workers*each)
	}},
}
