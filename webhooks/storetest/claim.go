package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

var claimCases = []Case{
	{Name: "claim/nothing to do", run: func(c *check) {
		c.nothing("an empty store has no work, and that is no error")
		c.endpoint()
		c.nothing("an endpoint alone is no work")
		c.some(1)
		c.end(webhooks.Delivered, *c.one())
		c.nothing("what was delivered is no work")
	}},
	{Name: "claim/has all that is needed", run: func(c *check) {
		e := c.endpoint(func(e *webhooks.Endpoint) {
			w := whole()
			w.State, w.SummariesOnly = webhooks.Active, false
			*e = w
		})
		told := c.append(imported("i", webhooks.ProductCreated))[0]
		claim := c.one()
		require.NotEmpty(c, claim.ID, "a claim has an ID")
		require.Equal(c, bulk, claim.Lane, "a claim has a lane")
		e.Spent = claim.Endpoint.Spent // the rate limit's
		c.same(e, *claim.Endpoint, "a claim has the endpoint, its secrets included")
		w := claim.Work[0]
		c.sameDelivery(c.of(e)[0], w.Delivery, "a claim has the delivery")
		require.Equal(c, told.ID, w.Event.ID, "a claim has the event")
		require.Equal(c, string(told.AppendBody(nil)), string(w.Event.AppendBody(nil)),
			"the body can be made of what a claim has")
		c.nothing("what is claimed is not claimed again")
		require.Equal(c, webhooks.Pending, c.of(e)[0].State, "what is claimed is Pending")
	}},
	{Name: "claim/bad requests are refused", run: func(c *check) {
		c.endpoint()
		c.some(1)
		for _, r := range []webhooks.ClaimRequest{
			{Limit: 1, Depth: 1}, {Worker: "w", Depth: 1}, {Worker: "w", Limit: 1_001, Depth: 1},
			{Worker: "w", Limit: 1}, {Worker: "w", Limit: 1, Depth: 101},
			{Worker: "w", Limit: 1, Bulk: 2, Depth: 1}, {Worker: "w", Limit: 1, Bulk: -1, Depth: 1},
			{Worker: "w", Limit: 1, Spare: -1, Depth: 1},
			{Worker: "w", Limit: 1, Depth: 1, Lease: -1}, {Worker: "w", Limit: 1, Depth: 1,
				Lease: driver.MaxLease + 1},
		} {
			claims, err := c.Claim(c.Context(), r)
			require.Error(c, err, "a request out of bounds is refused: %+v", r)
			require.Empty(c, claims)
		}
		c.one()
	}},
	{Name: "claim/not before its time", run: func(c *check) {
		c.endpoint()
		later := event(1)
		later.Time = time.Now().Add(day)
		c.append(later)
		c.nothing("what isn't due isn't claimed")
		c.some(1)
		claim := c.one()
		again := result(claim, 0, webhooks.Pending)
		again.Delay = day
		c.finish(1, again)
		c.nothing("what is to be tried again isn't claimed before the delay is over")
		c.some(1)
		again = result(c.one(), 0, webhooks.Pending)
		again.Delay = 20 * time.Millisecond
		c.finish(1, again)
		c.Eventually("what is to be tried again is claimed once the delay is over",
			func() bool { return len(c.look(request)) == 1 })
	}},
	{Name: "claim/what is due longest comes first", run: func(c *check) {
		c.endpoint(concurrency(1))
		now := time.Now()
		var want []string
		for _, age := range []time.Duration{3, 5, 1, 4, 2} {
			e := event(int(age))
			e.Time = now.Add(-age * time.Minute)
			want = append(want, c.append(e)[0].ID)
		}
		want = []string{want[1], want[3], want[0], want[4], want[2]}
		claims := c.look(webhooks.ClaimRequest{Worker: "w", Limit: 10, Depth: 4})
		require.Len(c, claims, 1)
		var got []string
		for _, w := range claims[0].Work {
			got = append(got, w.Event.ID)
		}
		require.Equal(c, want[:4], got, "a claim has those that are due longest, in their order")
		c.end(webhooks.Delivered, claims...)
		require.Equal(c, want[4], c.one().Work[0].Event.ID)
	}},
	{Name: "claim/of equal age, by ID", run: func(c *check) {
		c.endpoint(concurrency(1))
		at := time.Now().Add(-time.Minute)
		var events []webhooks.Event
		for i := range 6 {
			e := event(i)
			e.Time = at
			events = append(events, e)
		}
		c.append(events...)
		var got []int64
		for _, w := range c.look(webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 6})[0].Work {
			got = append(got, w.Delivery.ID)
		}
		require.Len(c, got, 6)
		require.True(c, slices.IsSorted(got), "of equal age the lower ID comes first: %v", got)
	}},
	{Name: "claim/never twice at the same time", run: func(c *check) {
		const deliveries, workers = 60, 6
		c.endpoint(concurrency(4))
		c.endpoint(concurrency(4))
		c.some(deliveries / 2)
		var mu sync.Mutex
		taken := map[int64]string{}
		c.Together(workers, "many workers look for work", func(ctx context.Context, i int) error {
			for {
				claims, err := c.Claim(ctx, webhooks.ClaimRequest{Worker: fmt.Sprint("w-", i), Limit: 3, Depth: 2})
				if err != nil {
					return err
				}
				var results []webhooks.Result
				mu.Lock()
				for _, claim := range claims {
					for j, w := range claim.Work {
						if other, again := taken[w.Delivery.ID]; again {
							mu.Unlock()
							return fmt.Errorf("delivery %d is in the claims %s and %s: no delivery is claimed twice",
								w.Delivery.ID, other, claim.ID)
						}
						taken[w.Delivery.ID] = claim.ID
						results = append(results, result(&claim, j, webhooks.Delivered))
					}
				}
				done := len(taken) == deliveries
				mu.Unlock()
				if n, err := c.Finish(ctx, results); err != nil || n != len(results) {
					return fmt.Errorf("%d of %d results count: %w", n, len(results), err)
				}
				if done {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
			}
		})
	}},
}

var fairnessCases = []Case{
	{Name: "fairness/at most so many claims of an endpoint", run: func(c *check) {
		e := c.endpoint(concurrency(3))
		c.some(10)
		claims := c.look(request)
		require.Len(c, claims, 3, "an endpoint has at most Concurrency claims")
		c.nothing("an endpoint has at most Concurrency claims, over several requests")
		c.end(webhooks.Delivered, claims[0])
		more := c.look(request)
		require.Len(c, more, 1, "a claim that ended makes room")
		back := webhooks.Result{ClaimID: more[0].ID, DeliveryID: more[0].Work[0].Delivery.ID}
		c.finish(1, back)
		require.Len(c, c.look(request), 1, "so does one that gave its deliveries back")
		require.Len(c, c.of(e), 10)
	}},
	{Name: "fairness/a claim is deep where there is much", run: func(c *check) {
		c.endpoint(concurrency(2))
		c.some(3)
		deep := webhooks.ClaimRequest{Worker: "w", Limit: 10, Depth: 4}
		claims := c.look(deep)
		require.Len(c, claims, 2, "what there is goes to as many claims as there may be")
		require.Equal(c, 3, count(claims), "a claim may have several")
		c.end(webhooks.Delivered, claims...)
		c.some(20)
		claims = c.look(deep)
		require.Len(c, claims, 2)
		for _, claim := range claims {
			require.Len(c, claim.Work, 4, "a claim has at most Depth deliveries")
			require.True(c,
				slices.IsSortedFunc(claim.Work,
					func(a, b webhooks.Work) int { return a.Delivery.NotBefore.Compare(b.Delivery.NotBefore) }),
				"a claim's deliveries are ordered")
		}
		c.finish(1, result(&claims[0], 0, webhooks.Delivered))
		require.Empty(c, c.look(deep), "a claim holds until each of its deliveries has a result")
	}},
	{Name: "fairness/shallow where it is asked for", run: func(c *check) {
		slow, fast := c.endpoint(concurrency(1)), c.endpoint(concurrency(1))
		c.some(5)
		for _, claim := range c.look(webhooks.ClaimRequest{Worker: "w", Limit: 10, Depth: 4,
			Shallow: []string{slow.ID, "ep_unknown"}}) {
			require.Len(c, claim.Work, map[string]int{slow.ID: 1, fast.ID: 4}[claim.Endpoint.ID],
				"claims of an endpoint that is named have one delivery")
		}
	}},
	{Name: "fairness/a limit is shared", run: func(c *check) {
		perEndpoint := map[string]int{}
		for range 3 {
			perEndpoint[c.endpoint().ID] = 0
		}
		c.some(10)
		for _, limit := range []int{3, 4, 5} {
			for _, claim := range c.look(webhooks.ClaimRequest{Worker: "w", Limit: limit, Depth: 1}) {
				perEndpoint[claim.Endpoint.ID]++
			}
		}
		for id, n := range perEndpoint {
			require.Equal(c, 4, n, "endpoints with fewer claims come first: %s", id)
		}
	}},
	{Name: "fairness/an import leaves room for single changes", run: func(c *check) {
		e := c.endpoint(concurrency(4))
		for range 10 {
			c.append(imported("i", webhooks.ProductCreated))
		}
		require.Len(c, c.look(request), 3, "the lane Bulk leaves a quarter of an endpoint's claims")
		c.some(2)
		claims := c.look(request)
		require.Len(c, claims, 1, "Urgent gets what is left")
		require.Equal(c, urgent, claims[0].Lane)
		require.NoError(c, c.DeleteEndpoint(c.Context(), e.ID, 0))

		c.endpoint(concurrency(1))
		c.append(imported("i", webhooks.ProductCreated), event(1))
		require.Equal(c, urgent, c.look(request)[0].Lane, "single changes go before an import")
	}},
	{Name: "fairness/a limit for imports", run: func(c *check) {
		c.endpoint()
		for range 5 {
			c.append(imported("i", webhooks.ProductCreated))
		}
		require.Empty(c, c.look(webhooks.ClaimRequest{Worker: "w", Limit: 5, Depth: 1}),
			"no more claims of the lane Bulk than Bulk")
		require.Len(c, c.look(webhooks.ClaimRequest{Worker: "w", Limit: 5, Bulk: 2, Depth: 1}), 2,
			"no more claims of the lane Bulk than Bulk")
		c.some(1)
		require.Len(c, c.look(webhooks.ClaimRequest{Worker: "w", Limit: 5, Depth: 1}), 1,
			"Bulk doesn't bound the lane Urgent")
	}},
	{Name: "fairness/the last claims are for those that answer", run: func(c *check) {
		answers, silent := c.endpoint(), c.endpoint()
		c.some(1)
		for _, claim := range c.look(request) {
			c.end(map[string]webhooks.DeliveryState{answers.ID: webhooks.Delivered,
				silent.ID: webhooks.Pending}[claim.Endpoint.ID], claim)
		}
		c.endpoint() // it got nothing yet
		c.some(4)
		spare := webhooks.ClaimRequest{Worker: "w", Limit: 3, Spare: 3, Depth: 1}
		claims := c.look(spare)
		require.Len(c, claims, 1, "the last Spare claims are for an endpoint that took its last delivery")
		require.Equal(c, answers.ID, claims[0].Endpoint.ID,
			"the last Spare claims are for an endpoint that took its last delivery")
		require.Empty(c, c.look(spare), "one each")
		spare.Spare = 1
		require.Len(c, c.look(spare), 2, "the others get what is beyond Spare")
	}},
	{Name: "fairness/a rate limit", run: func(c *check) {
		e := c.endpoint(func(e *webhooks.Endpoint) { e.RateLimit = 20 })
		c.some(30)
		began := time.Now()
		total := 0
		for total < 10 {
			claims := c.look(webhooks.ClaimRequest{Worker: "w", Limit: 10, Depth: 10})
			total += count(claims)
			c.end(webhooks.Delivered, claims...)
			require.Less(c, time.Since(began), casetest.Patience)
			most := 2 + int(time.Since(began)/(50*time.Millisecond)) + 1
			require.LessOrEqual(c, total, most, "a rate limit of 20 a second holds over several claims")
			if total < 10 {
				c.Eventually("time passes",
					func() bool { return time.Since(began) > time.Duration(total-2)*50*time.Millisecond })
			}
		}
		require.False(c, c.get(e.ID).Spent.IsZero(), "what is spent of the rate limit is stored")
	}},
	{Name: "fairness/not while its failures pause it", run: func(c *check) {
		c.endpoint(concurrency(20))
		c.some(12)
		claims := c.look(request)
		require.Len(c, claims, 12)
		var results []webhooks.Result
		for i := range claims {
			results = append(results, result(&claims[i], 0, webhooks.Pending))
		}
		c.finish(12, results...)
		c.nothing("nothing is claimed of an endpoint that failed too often")
	}},
	{Name: "fairness/fewer while it fails", run: func(c *check) {
		c.endpoint(concurrency(4))
		c.some(10)
		claims := c.look(request)
		require.Len(c, claims, 4)
		c.end(webhooks.Pending, claims[:2]...)
		c.end(webhooks.Failed, claims[2])
		c.nothing("every failure takes a claim")
		c.end(webhooks.Delivered, claims[3])
		require.Len(c, c.look(request), 4, "a success gives them back")
	}},
}

// renewed renews claims for a millisecond, and checks how many are renewed.
func (c *check) renewed(want int, promise string, claims ...*webhooks.Claim) {
	c.Helper()
	var ids []string
	for _, claim := range claims {
		ids = append(ids, claim.ID)
	}
	n, err := c.Renew(c.Context(), ids, time.Millisecond)
	require.NoError(c, err, "claims are renewed")
	require.Equal(c, want, n, promise)
}

var leaseCases = []Case{
	{Name: "lease/one that runs out is taken over", run: func(c *check) {
		e := c.endpoint()
		c.some(1)
		lost := c.only(vanishing)
		var claim *webhooks.Claim
		c.Eventually("what a worker doesn't finish is claimed again", func() bool {
			claims := c.look(request)
			if len(claims) > 0 {
				claim = &claims[0]
			}
			return claim != nil
		})
		c.renewed(0, "a claim that lost its deliveries isn't renewed", lost)
		require.NotEqual(c, lost.ID, claim.ID, "every claim has an ID of its own")
		require.Equal(c, lost.Work[0].Delivery.ID, claim.Work[0].Delivery.ID)
		require.Zero(c, claim.Work[0].Delivery.Attempts, "a claim that was lost is no attempt")
		before := c.record(claim.Work[0].Delivery.ID)
		for _, state := range []webhooks.DeliveryState{webhooks.Delivered, webhooks.Failed, webhooks.Pending} {
			c.finish(0, result(lost, 0, state))
		}
		require.Equal(c, before, c.record(claim.Work[0].Delivery.ID), "a result of a lost claim changes nothing")
		require.Equal(c, e.Health, c.get(e.ID).Health, "a result of a lost claim says nothing about the endpoint")
		c.finish(1, result(claim, 0, webhooks.Delivered))
		c.finish(0, result(lost, 0, webhooks.Failed))
		require.Equal(c, webhooks.Delivered, c.of(e)[0].State)
	}},
	{Name: "lease/one that holds", run: func(c *check) {
		c.endpoint()
		c.some(1)
		claim := c.one()
		c.nothing("a claim holds for its lease")
		c.finish(1, result(claim, 0, webhooks.Delivered))
	}},
	{Name: "lease/a late result counts while nobody has the delivery", run: func(c *check) {
		e := c.endpoint(concurrency(1))
		c.some(2)
		claim := c.only(vanishing)
		c.Eventually("a lease that ran out makes room", func() bool {
			claims := c.look(request)
			return len(claims) > 0 && claims[0].Work[0].Delivery.ID != claim.Work[0].Delivery.ID
		})
		c.finish(1, result(claim, 0, webhooks.Delivered))
		require.Equal(c, webhooks.Delivered, c.of(e)[0].State,
			"a late result counts while nobody else has the delivery")
	}},
	{Name: "lease/one that is renewed holds on", run: func(c *check) {
		c.endpoint()
		c.some(2)
		short := request
		short.Lease = 2 * time.Second
		began := time.Now()
		claims := c.look(short)
		require.Len(c, claims, 2)
		n, err := c.Renew(c.Context(), []string{claims[0].ID, "clm_unknown", driver.NewID("clm_", began)},
			driver.MaxLease)
		require.NoError(c, err, "claims are renewed")
		require.Equal(c, 1, n, "it is told how many claims were renewed")
		var other []webhooks.Claim
		c.Eventually("a claim that isn't renewed ends", func() bool {
			other = append(other, c.look(request)...)
			return len(other) > 0 && time.Since(began) > 2*short.Lease
		})
		require.Len(c, other, 1, "a claim that is renewed holds for the lease from then on")
		require.Equal(c, claims[1].Work[0].Delivery.ID, other[0].Work[0].Delivery.ID,
			"a claim that is renewed holds for the lease from then on")
		c.renewed(1, "what is renewed may be renewed to end", &claims[0])
		c.finish(1, result(&claims[0], 0, webhooks.Delivered))
		c.renewed(0, "a claim whose deliveries all have results isn't renewed", &claims[0])
	}},
	{Name: "lease/the last renewal counts", run: func(c *check) {
		c.endpoint()
		c.some(1)
		lost := c.one()
		c.renewed(1, "claims are renewed", lost)
		began := time.Now()
		c.Eventually("time passes", func() bool { return time.Since(began) > 20*time.Millisecond })
		c.renewed(0, "a claim whose lease has run out isn't renewed", lost)
		claim := c.one()
		require.Equal(c, lost.Work[0].Delivery.ID, claim.Work[0].Delivery.ID,
			"a lease is over when the last renewal's is")
	}},
	{Name: "lease/bad ones are refused", run: func(c *check) {
		c.endpoint()
		c.some(1)
		claim := c.one()
		for _, lease := range []time.Duration{-time.Second, 0, time.Microsecond, driver.MaxLease + 1} {
			_, err := c.Renew(c.Context(), []string{claim.ID}, lease)
			require.Error(c, err, "a lease of %v is out of bounds", lease)
		}
		_, err := c.Renew(c.Context(), nil, time.Second)
		require.NoError(c, err, "no claims are none to renew")
		c.nothing("a lease that is refused changes nothing")
	}},
}
