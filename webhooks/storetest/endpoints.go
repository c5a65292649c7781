package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

var endpointCases = []Case{
	{Name: "endpoints/stores what its owner says", run: func(c *check) {
		said := whole()
		stored, err := c.CreateEndpoint(c.Context(), said)
		require.NoError(c, err)
		require.Regexp(c, `^ep_[0-9a-f]{32}$`, stored.ID, "the ID is made by the store")
		require.EqualValues(c, 1, stored.Version, "a new endpoint has version 1")
		require.False(c, stored.CreatedAt.IsZero(), "CreatedAt is set")
		require.True(c, stored.UpdatedAt.Equal(stored.CreatedAt), "both times are the same")
		c.same(stored, c.get(stored.ID), "what is returned is what is stored")
		stored.ID, stored.Version, stored.CreatedAt, stored.UpdatedAt = "", 0, time.Time{}, time.Time{}
		c.same(said, stored, "every setting is stored")
	}},
	{Name: "endpoints/the rest is the store's", run: func(c *check) {
		stored := c.endpoint(func(e *webhooks.Endpoint) {
			e.ID, e.Version, e.CreatedAt, e.Failures, e.PausedUntil = "mine", 77, time.Unix(1, 0), 33,
				time.Now().Add(day)
		})
		require.NotEqual(c, "mine", stored.ID, "the ID is the store's")
		require.EqualValues(c, 1, stored.Version, "the version is the store's")
		require.Equal(c, webhooks.Health{}, stored.Health, "a new endpoint is healthy")
		require.NotEqual(c, time.Unix(1, 0).UTC(), stored.CreatedAt.UTC(), "the times are the store's")
		require.Equal(c, webhooks.Active, stored.State, "an endpoint is Active unless its owner says otherwise")
	}},
	{Name: "endpoints/what comes out is the caller's", run: func(c *check) {
		said := whole()
		stored, err := c.CreateEndpoint(c.Context(), said)
		require.NoError(c, err)
		want := c.get(stored.ID).Clone()
		for _, e := range []webhooks.Endpoint{said, stored, c.get(stored.ID)} {
			e.Events[0], e.Headers["X-Key"], e.Secrets[0] = "spoilt", "spoilt", webhooks.LiveSecret{}
		}
		c.same(want, c.get(stored.ID), "changing what was given and returned changes nothing stored")
	}},
	{Name: "endpoints/not found", run: func(c *check) {
		for _, id := range []string{"", "ep_0", "ep_00000000000070008000000000000000", "\x00\xff", "evt_1"} {
			_, err := c.Endpoint(c.Context(), id)
			require.ErrorIs(c, err, webhooks.ErrNotFound, "Endpoint(%q) gives ErrNotFound", id)
			_, err = c.UpdateEndpoint(c.Context(), id, 0, func(*webhooks.Endpoint) error { return nil })
			require.ErrorIs(c, err, webhooks.ErrNotFound, "UpdateEndpoint(%q) gives ErrNotFound", id)
			require.ErrorIs(c, c.DeleteEndpoint(c.Context(), id, 0), webhooks.ErrNotFound,
				"DeleteEndpoint(%q) gives ErrNotFound", id)
		}
	}},
	{Name: "endpoints/list, oldest first", run: func(c *check) {
		var want []string
		for i := range 5 {
			want = append(want, c.endpoint(func(e *webhooks.Endpoint) { e.ClientName = fmt.Sprint(i) }).ID)
		}
		for _, page := range []struct{ limit, offset, from, to int }{{10, 0, 0, 5}, {2, 0, 0, 2}, {2, 2, 2, 4},
			{2, 4, 4, 5}, {2, 9, 5, 5}, {1_000, 1, 1, 5}} {
			endpoints, count, err := c.ListEndpoints(c.Context(), page.limit, page.offset)
			require.NoError(c, err)
			require.EqualValues(c, 5, count, "the count is that of all endpoints")
			var got []string
			for _, e := range endpoints {
				got = append(got, e.ID)
				c.same(c.get(e.ID), e, "the list has whole endpoints")
			}
			require.Equal(c, append([]string(nil), want[page.from:page.to]...), got,
				"endpoints are listed in the order of their creation: %+v", page)
		}
		for _, page := range [][2]int{{0, 0}, {1_001, 0}, {-1, 0}, {1, -1}} {
			_, _, err := c.ListEndpoints(c.Context(), page[0], page[1])
			require.Error(c, err, "a limit of %d and an offset of %d are out of bounds", page[0], page[1])
		}
	}},
	{Name: "endpoints/update", run: func(c *check) {
		before := c.endpoint()
		said := whole()
		after, err := c.UpdateEndpoint(c.Context(), before.ID, before.Version, func(e *webhooks.Endpoint) error {
			c.same(before, *e, "change is given what is stored")
			e.URL, e.ClientName, e.Events, e.SummariesOnly, e.Concurrency = said.URL, said.ClientName, said.Events,
				said.SummariesOnly, said.Concurrency
			e.RateLimit, e.Timeout, e.State, e.Credentials = said.RateLimit, said.Timeout, said.State, said.Credentials
			e.ID, e.Version, e.CreatedAt, e.Failures = "mine", 99, time.Unix(1, 0), 7
			return nil
		})
		require.NoError(c, err)
		c.same(after, c.get(before.ID), "what is returned is what is stored")
		require.EqualValues(c, 2, after.Version, "the version grows by one")
		require.Equal(c, rounded(before.CreatedAt), rounded(after.CreatedAt), "CreatedAt stays")
		require.False(c, after.UpdatedAt.Before(before.UpdatedAt), "UpdatedAt is when it was changed")
		require.Equal(c, webhooks.Health{}, after.Health, "its health isn't its owner's to set")
		said.ID, said.Version, said.CreatedAt, said.UpdatedAt = after.ID, after.Version, after.CreatedAt,
			after.UpdatedAt
		c.same(said, after, "every setting is changed")
	}},
	{Name: "endpoints/an update that changes nothing", run: func(c *check) {
		before := c.endpoint()
		c.same(before, c.change(before.ID, func(e *webhooks.Endpoint) { e.Version = 8 }),
			"nothing is written where nothing changes")
	}},
	{Name: "endpoints/an update that fails", run: func(c *check) {
		before := c.endpoint()
		refused := errors.New("refused")
		_, err := c.UpdateEndpoint(c.Context(), before.ID, 0,
			func(e *webhooks.Endpoint) error { e.URL = "x"; e.Events[0] = "y"; return refused })
		require.ErrorIs(c, err, refused, "an error from change is returned")
		c.same(before, c.get(before.ID), "an error from change changes nothing")
	}},
	{Name: "endpoints/versions", run: func(c *check) {
		e := c.endpoint()
		c.change(e.ID, func(e *webhooks.Endpoint) { e.ClientName = "changed" })
		_, err := c.UpdateEndpoint(c.Context(), e.ID, 1,
			func(e *webhooks.Endpoint) error { e.ClientName = "late"; return nil })
		require.ErrorIs(c, err, webhooks.ErrVersion, "UpdateEndpoint of an old version gives ErrVersion")
		require.ErrorIs(c, c.DeleteEndpoint(c.Context(), e.ID, 1), webhooks.ErrVersion,
			"DeleteEndpoint of an old version gives ErrVersion")
		require.Equal(c, "changed", c.get(e.ID).ClientName, "nothing of an old version is changed")
		_, err = c.UpdateEndpoint(c.Context(), e.ID, 2,
			func(e *webhooks.Endpoint) error { e.ClientName = "again"; return nil })
		require.NoError(c, err, "the version that it has is right")
		require.NoError(c, c.DeleteEndpoint(c.Context(), e.ID, 3))
	}},
	{Name: "endpoints/delete", run: func(c *check) {
		gone, other := c.endpoint(), c.endpoint()
		c.some(2)
		claims := c.look(request)
		require.Len(c, claims, 4)
		deliveries := c.of(gone)
		require.NoError(c, c.DeleteEndpoint(c.Context(), gone.ID, 0))
		_, err := c.Endpoint(c.Context(), gone.ID)
		require.ErrorIs(c, err, webhooks.ErrNotFound, "a deleted endpoint isn't there")
		_, err = c.ListDeliveries(c.Context(), webhooks.DeliveryQuery{EndpointID: gone.ID})
		require.ErrorIs(c, err, webhooks.ErrNotFound, "the deliveries of a deleted endpoint can't be listed")
		for _, d := range deliveries {
			_, err := c.Delivery(c.Context(), d.ID)
			require.ErrorIs(c, err, webhooks.ErrNotFound, "the deliveries of a deleted endpoint are gone")
			_, err = c.Resend(c.Context(), d.ID)
			require.ErrorIs(c, err, webhooks.ErrNotFound, "the deliveries of a deleted endpoint can't be sent again")
		}
		for _, d := range c.list(webhooks.DeliveryQuery{}) {
			require.Equal(c, other.ID, d.EndpointID, "the deliveries of a deleted endpoint are in no list")
		}
		for i := range claims {
			want := 1
			if claims[i].Endpoint.ID == gone.ID {
				want = 0
			}
			c.finish(want, result(&claims[i], 0, webhooks.Delivered))
		}
		require.Equal(c, []webhooks.DeliveryState{webhooks.Delivered, webhooks.Delivered}, states(c.of(other)),
			"those of others stay")
		_, count, err := c.ListEndpoints(c.Context(), 10, 0)
		require.NoError(c, err)
		require.EqualValues(c, 1, count)
		c.some(1)
		require.Len(c, c.of(other), 3)
	}},
}

var switchCases = []Case{
	{Name: "listening/by type, pattern and state", run: func(c *check) {
		listening := func(imported bool) []string {
			heard, err := c.Listening(c.Context(), imported, webhooks.ProductDeleted, webhooks.ProductCreated,
				webhooks.ImportFailed, "other")
			require.NoError(c, err)
			return heard
		}
		require.Empty(c, listening(false), "without endpoints nobody listens")
		e := c.endpoint(listensTo(webhooks.ProductCreated))
		require.Equal(c, []string{webhooks.ProductCreated}, listening(false),
			"an endpoint listens to the type that it names")
		summaries := c.endpoint(listensTo("product.*"), func(e *webhooks.Endpoint) { e.SummariesOnly = true })
		require.Equal(c, []string{webhooks.ProductDeleted, webhooks.ProductCreated}, listening(false),
			"a pattern covers types, given in the question's order")
		require.Equal(c, []string{webhooks.ProductCreated}, listening(true),
			"an endpoint for summaries doesn't listen to what is numbered")
		require.NoError(c, c.DeleteEndpoint(c.Context(), summaries.ID, 0))
		for state, listens := range map[webhooks.EndpointState]bool{webhooks.Inactive: false, webhooks.Paused: true,
			webhooks.Disabled: true, webhooks.Active: true} {
			c.change(e.ID, inState(state))
			require.Equal(c, listens, len(listening(true)) > 0, "whether an endpoint listens that is %s", state)
		}
	}},
	{Name: "switch/what waits is skipped when it ceases to receive", run: func(c *check) {
		for _, state := range []webhooks.EndpointState{webhooks.Inactive, webhooks.Disabled} {
			e, other := c.endpoint(), c.endpoint()
			c.some(3)
			for _, claim := range c.look(webhooks.ClaimRequest{Worker: "w", Limit: 2, Depth: 1}) { // one of each
				if claim.Endpoint.ID == other.ID {
					continue
				}
				later := result(&claim, 0, webhooks.Pending)
				later.Delay = time.Hour
				c.finish(1, later)
			}
			c.look(webhooks.ClaimRequest{Worker: "w", Limit: 2, Depth: 1})
			c.change(e.ID, inState(state))
			require.Equal(c, []webhooks.DeliveryState{webhooks.Skipped, webhooks.Pending, webhooks.Skipped},
				states(c.of(e)),
				"what waits is Skipped, and what is claimed is not, once the endpoint is %s", state)
			for _, d := range c.of(e) {
				require.Equal(c, d.State == webhooks.Skipped, !d.FinishedAt.IsZero(),
					"FinishedAt is set when it is Skipped")
			}
			require.Equal(c, []webhooks.DeliveryState{webhooks.Pending, webhooks.Pending, webhooks.Pending},
				states(c.of(other)), "those of others wait on")
			c.change(e.ID, inState(webhooks.Active))
			require.Equal(c, webhooks.Skipped, c.of(e)[0].State, "what was Skipped stays so")
			require.NoError(c, c.DeleteEndpoint(c.Context(), e.ID, 0))
			require.NoError(c, c.DeleteEndpoint(c.Context(), other.ID, 0))
		}
	}},
	{Name: "switch/a claimed one that has to wait is skipped then", run: func(c *check) {
		e := c.endpoint()
		c.some(3)
		claims := c.look(request)
		require.Len(c, claims, 3)
		c.change(e.ID, inState(webhooks.Inactive))
		back := webhooks.Result{ClaimID: claims[1].ID, DeliveryID: claims[1].Work[0].Delivery.ID}
		c.finish(3, result(&claims[0], 0, webhooks.Pending), back, result(&claims[2], 0, webhooks.Delivered))
		require.Equal(c, []webhooks.DeliveryState{webhooks.Skipped, webhooks.Skipped, webhooks.Delivered},
			states(c.of(e)),
			"a result that would have to wait is Skipped, the others count")
	}},
	{Name: "switch/a paused endpoint's wait", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		c.change(e.ID, (*webhooks.Endpoint).Pause)
		c.some(1)
		c.nothing("nothing of a Paused endpoint is claimed")
		require.Equal(c, []webhooks.DeliveryState{webhooks.Pending, webhooks.Pending}, states(c.of(e)),
			"what is told meanwhile waits too")
		c.change(e.ID, (*webhooks.Endpoint).Resume)
		require.Len(c, c.look(request), 2, "all of it is claimed once the endpoint is resumed")
	}},
	{Name: "switch/what happens while it is off", run: func(c *check) {
		inactive, disabled := c.endpoint(inState(webhooks.Inactive)), c.endpoint(inState(webhooks.Disabled))
		c.some(1)
		require.Empty(c, c.of(inactive), "nothing is recorded for an endpoint that is Inactive")
		require.Equal(c, []webhooks.DeliveryState{webhooks.Skipped}, states(c.of(disabled)),
			"what happens while an endpoint is Disabled is kept as Skipped")
		require.False(c, c.of(disabled)[0].FinishedAt.IsZero())
		c.nothing("neither is claimed")
	}},
}
