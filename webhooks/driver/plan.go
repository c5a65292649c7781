package driver

import (
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// Ready is an Active endpoint that has deliveries which are due and in no claim.
type Ready struct {
	// Endpoint is locked by the store, so that nobody else claims for it.
	Endpoint *webhooks.Endpoint
	// Open is how many claims of it hold, by lane. A claim counts until each of its deliveries has its result, or its
	// lease has run out.
	Open [2]int
	// Due is how many deliveries are due and in no claim that holds, by lane. A store may stop counting at
	// ClaimRequest.Depth times Endpoint.Concurrency.
	Due [2]int
}

// Grant allows claims for one endpoint and lane.
type Grant struct {
	Endpoint *webhooks.Endpoint
	Lane     webhooks.Lane
	// Claims is how many claims there may be, 1 or more. Deliveries is how many deliveries they may have together, at
	// least one each. See [Spread].
	Claims, Deliveries int
}

// Plan decides what a worker gets. It is what makes the queue fair:
//
//   - Every endpoint gets one claim, those with the fewest claims first; then every endpoint gets a second one, and so
//     on. The lane Urgent comes before Bulk.
//   - An endpoint has at most Endpoint.Concurrency claims; fewer while it fails, and after a pause one claim with one
//     delivery. Bulk leaves a quarter of them to Urgent, but has at least one.
//   - Of the claims that the request allows, in all and for Bulk, the last ClaimRequest.Spare are for endpoints that
//     took their last delivery, one each while it has no claim in the lane. So many endpoints that stop answering at
//     the same time don't hold up the others.
//   - An endpoint never gets more deliveries than its rate limit allows. Plan takes what it grants off the rate limit:
//     the store writes Health.Spent of an endpoint with a RateLimit.
func Plan(now time.Time, request webhooks.ClaimRequest, ready []Ready) (grants []Grant) {
	plans := make([]plan, 0, len(ready))
	for i := range ready {
		p := plan{ready: &ready[i], depth: request.Depth}
		if slices.Contains(request.Shallow, p.ready.Endpoint.ID) {
			p.depth = 1
		}
		if p.limit(now) {
			plans = append(plans, p)
		}
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return a.open() - b.open() })
	left := request.Limit
	for _, lane := range []webhooks.Lane{webhooks.Urgent, webhooks.Bulk} {
		if lane == webhooks.Bulk {
			left = min(left, request.Bulk)
		}
		for again := true; again && left > 0; {
			again = false
			for i := range plans {
				if left > 0 && (left > request.Spare || plans[i].mayHaveSpare(lane)) && plans[i].take(lane) {
					left--
					again = true
				}
			}
		}
	}
	for i := range plans {
		for _, lane := range []webhooks.Lane{webhooks.Urgent, webhooks.Bulk} {
			if g := plans[i].grant(now, lane); g.Claims > 0 {
				grants = append(grants, g)
			}
		}
	}
	return grants
}

// plan is what is planned for an endpoint.
type plan struct {
	ready   *Ready
	free    int // claims that may be added
	depth   int // deliveries of a claim
	allowed int // deliveries, by the rate limit
	claims  [2]int
}

func (p *plan) open() int { return p.ready.Open[webhooks.Urgent] + p.ready.Open[webhooks.Bulk] }

// limit sets the bounds, and reports whether anything can be claimed.
func (p *plan) limit(now time.Time) bool {
	e := p.ready.Endpoint
	most := e.Concurrency
	switch {
	case e.State != webhooks.Active || now.Before(e.PausedUntil):
		return false
	case e.Failures >= pauseAfter:
		most, p.depth = 1, 1
	case e.Failures > 0:
		most = max(1, most-e.Failures)
		p.depth = 1
	}
	p.free, p.allowed = most-p.open(), allowance(e, now)
	return p.free > 0 && p.allowed > 0
}

// maxBulk returns how many claims in the lane Bulk an endpoint may have.
func maxBulk(e *webhooks.Endpoint) int {
	if e.Concurrency == 1 {
		return 1
	}
	return e.Concurrency - max(1, e.Concurrency/4)
}

// mayHaveSpare reports whether the endpoint may have one of the spare claims.
func (p *plan) mayHaveSpare(lane webhooks.Lane) bool {
	e := p.ready.Endpoint
	return p.ready.Open[lane]+p.claims[lane] == 0 && e.Failures == 0 && !e.LastSuccess.IsZero()
}

// take plans one more claim where the bounds allow it, and reports whether they did.
func (p *plan) take(lane webhooks.Lane) bool {
	planned := p.claims[webhooks.Urgent] + p.claims[webhooks.Bulk]
	if p.claims[lane] >= p.ready.Due[lane] || planned >= p.free || planned >= p.allowed ||
		lane == webhooks.Bulk && p.ready.Open[webhooks.Bulk]+p.claims[webhooks.Bulk] >= maxBulk(p.ready.Endpoint) {
		return false
	}
	p.claims[lane]++
	return true
}

// grant returns what was planned for a lane, with no claims for nothing. Urgent comes first.
func (p *plan) grant(now time.Time, lane webhooks.Lane) Grant {
	g := Grant{Endpoint: p.ready.Endpoint, Lane: lane, Claims: p.claims[lane]}
	if g.Claims == 0 {
		return g
	}
	most := p.allowed
	if lane == webhooks.Urgent {
		most -= p.claims[webhooks.Bulk] // leave one for each of them
	}
	g.Deliveries = min(p.ready.Due[lane], g.Claims*p.depth, most)
	p.allowed -= g.Deliveries
	spend(p.ready.Endpoint, now, g.Deliveries)
	return g
}

// allowance returns how many deliveries the rate limit allows now. What wasn't used before adds up to a tenth of a
// second's, at least one delivery.
func allowance(e *webhooks.Endpoint, now time.Time) int {
	if e.RateLimit == 0 {
		return 1 << 30
	}
	burst := max(1, e.RateLimit/10)
	ahead := e.Spent.Sub(now)
	if ahead <= 0 {
		return burst
	}
	each := time.Second / time.Duration(e.RateLimit)
	return max(0, int((time.Duration(burst)*each-ahead)/each))
}

// spend takes n deliveries off the rate limit.
func spend(e *webhooks.Endpoint, now time.Time, n int) {
	if e.RateLimit == 0 {
		return
	}
	if e.Spent.Before(now) {
		e.Spent = now
	}
	e.Spent = e.Spent.Add(time.Duration(n) * time.Second / time.Duration(e.RateLimit)).Truncate(time.Microsecond)
}

// Spread distributes the deliveries of a grant, in the order that webhooks.Queue.Claim wants, over its claims. There
// are fewer claims when there turn out to be fewer deliveries than the grant allows.
func Spread(g Grant, work []webhooks.Work) [][]webhooks.Work {
	claims := make([][]webhooks.Work, min(g.Claims, len(work)))
	for i, w := range work {
		at := i % len(claims)
		claims[at] = append(claims[at], w)
	}
	return claims
}
