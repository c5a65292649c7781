package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// setBack sets the store's clock back, or forward.
func (c *check) setBack(d time.Duration) {
	c.Helper()
	require.NotNil(c, c.clock, "Stores.SetBack is needed")
	require.NoError(c, c.clock(c.Context(), d), "the store's clock is set")
}

// claimed waits until one delivery is claimed.
func (c *check) claimed(promise string) *webhooks.Claim {
	c.Helper()
	var claims []webhooks.Claim
	c.Eventually(promise, func() bool {
		claims = c.look(request)
		return len(claims) > 0
	})
	require.Len(c, claims, 1, promise)
	require.Len(c, claims[0].Work, 1, promise)
	return &claims[0]
}

var clockCases = []Case{
	{Name: "clock/set back, what is due is sent", run: func(c *check) {
		c.endpoint()
		c.nothing("nothing is due yet")
		c.some(1)
		c.setBack(time.Hour)
		again := result(c.claimed("what was due is due still"), 0, webhooks.Pending)
		again.Delay = time.Minute
		c.finish(1, again)
		c.nothing("a wait that begins after the clock was set back lasts as long as it is")
		c.setBack(time.Hour)
		c.claimed("what waits for its next attempt doesn't wait for the clock to catch up")
	}},
	{Name: "clock/set back, a claim of a worker that vanished", run: func(c *check) {
		c.endpoint()
		c.some(1)
		first := c.one()
		c.setBack(time.Hour)
		c.nothing("a claim holds: its worker may be at it")
		c.setBack(-2 * driver.MaxLease) // as if so much time had passed
		second := c.claimed("no claim holds for longer than it may, however the clock is set back")
		require.Equal(c, first.Work[0].Delivery.ID, second.Work[0].Delivery.ID)
		c.finish(0, result(first, 0, webhooks.Delivered))
		c.finish(1, result(second, 0, webhooks.Delivered))
	}},
	{Name: "clock/set back, a claim that is renewed", run: func(c *check) {
		c.endpoint()
		c.some(1)
		claim := c.one()
		c.setBack(time.Hour)
		n, err := c.Renew(c.Context(), []string{claim.ID}, driver.DefaultLease)
		require.NoError(c, err)
		require.Equal(c, 1, n, "a claim that holds is renewed, however the clock is set back")
		c.nothing("a claim that is renewed holds")
		c.setBack(-2 * driver.DefaultLease) // as if so much time had passed
		c.claimed("a claim that is renewed holds for the lease from then on")
	}},
	{Name: "clock/set back, a rate limit", run: func(c *check) {
		c.endpoint(func(e *webhooks.Endpoint) { e.RateLimit = 1 })
		c.some(2)
		c.end(webhooks.Delivered, *c.one())
		c.setBack(time.Hour)
		c.claimed("a rate limit that was used up doesn't wait for the clock to catch up")
	}},
}
