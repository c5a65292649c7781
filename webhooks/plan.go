package webhooks

import (
	"slices"
	"time"
)

// Ready is an Active endpoint of which something is due, and not claimed.
type Ready struct {
	// Endpoint is locked by the store, so that nobody else claims for it.
	Endpoint *Endpoint
	// Open is how many claims of it hold, by lane: one counts until each of its deliveries has its result, or its lease has
	// run out.
	Open [2]int
	// Due is how many deliveries are due and in no claim that holds, by lane. A store may stop counting at
	// ClaimRequest.Depth times Endpoint.Concurrency.
	Due [2]int
}

// Grant allows claims of one endpoint and lane.
type Grant struct {
	Endpoint *Endpoint
	Lane     Lane
	// Claims is how many there may be, 1 or more, Deliveries how many deliveries they may have together, Claims or more;
	// see Spread.
	Claims, Deliveries int
}

// Plan says what is claimed: it is the fairness of the queue. Every endpoint gets one claim, those first that have the
// fewest, then every one a second, and so on, the lane Urgent before Bulk. An endpoint has at most Concurrency claims,
// fewer while it fails, and one with one delivery after a pause; the lane Bulk leaves a quarter of them to Urgent, but
// has at least one. Of what may be claimed, in all and of the lane Bulk, the last ClaimRequest.Spare are for endpoints
// that took their last delivery, one each while it has no claim of the lane: so many that cease to answer at the same time
// don't hold up the others. Plan takes what is granted off the rate limit: the store writes Health.Spent of an endpoint
// with a RateLimit.
func Plan(now time.Time, request ClaimRequest, ready []Ready) (grants []Grant) {
	plans := make([]plan, 0, len(ready))
	for i := range ready {
		p := plan{Ready: &ready[i], depth: request.Depth}
		if slices.Contains(request.Shallow, p.Endpoint.ID) {
			p.depth = 1
		}
		if p.limit(now) {
			plans = append(plans, p)
		}
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return a.open() - b.open() })
	left := request.Limit
	for _, lane := range []Lane{Urgent, Bulk} {
		if lane == Bulk {
			left = min(left, request.Bulk)
		}
		for again := true; again && left > 0; {
			again = false
			for i := range plans {
				if left > 0 && (left > request.Spare || plans[i].first(lane)) && plans[i].take(lane) {
					left--
					again = true
				}
			}
		}
	}
	for i := range plans {
		for _, lane := range []Lane{Urgent, Bulk} {
			if g := plans[i].grant(now, lane); g.Claims > 0 {
				grants = append(grants, g)
			}
		}
	}
	return grants
}

// plan is what is planned for an endpoint.
type plan struct {
	*Ready
	free, depth int
	allowed     int // deliveries, by the rate limit
	claims      [2]int
}

func (p *plan) open() int { return p.Open[Urgent] + p.Open[Bulk] }

// limit sets the bounds, and tells whether anything can be claimed.
func (p *plan) limit(now time.Time) bool {
	e := p.Endpoint
	most := e.Concurrency
	switch {
	case e.State != Active || now.Before(e.PausedUntil):
		return false
	case e.Failures >= pauseAfter:
		most, p.depth = 1, 1
	case e.Failures > 0:
		most = max(1, most-e.Failures)
		p.depth = 1
	}
	p.free, p.allowed = most-p.open(), e.allowance(now)
	return p.free > 0 && p.allowed > 0
}

// bulk is how many claims of the lane Bulk an endpoint may have.
func (e *Endpoint) bulk() int {
	if e.Concurrency == 1 {
		return 1
	}
	return e.Concurrency - max(1, e.Concurrency/4)
}

// first tells whether the endpoint may have one of the spare claims.
func (p *plan) first(lane Lane) bool {
	return p.Open[lane]+p.claims[lane] == 0 && p.Endpoint.Failures == 0 && !p.Endpoint.LastSuccess.IsZero()
}

// take plans one more claim, if that may be.
func (p *plan) take(lane Lane) bool {
	planned := p.claims[Urgent] + p.claims[Bulk]
	if p.claims[lane] >= p.Due[lane] || planned >= p.free || planned >= p.allowed ||
		lane == Bulk && p.Open[Bulk]+p.claims[Bulk] >= p.Endpoint.bulk() {
		return false
	}
	p.claims[lane]++
	return true
}

// grant makes a grant of what was planned; it comes after the grants of earlier lanes.
func (p *plan) grant(now time.Time, lane Lane) Grant {
	g := Grant{Endpoint: p.Endpoint, Lane: lane, Claims: p.claims[lane]}
	if g.Claims == 0 {
		return g
	}
	most := p.allowed
	if lane == Urgent {
		most -= p.claims[Bulk] // one each
	}
	g.Deliveries = min(p.Due[lane], g.Claims*p.depth, most)
	p.allowed -= g.Deliveries
	p.Endpoint.spend(now, g.Deliveries)
	return g
}

// allowance is how many deliveries the rate limit allows now. What wasn't used counts for a tenth of a second, or for
// one delivery.
func (e *Endpoint) allowance(now time.Time) int {
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

func (e *Endpoint) spend(now time.Time, n int) {
	if e.RateLimit == 0 {
		return
	}
	if e.Spent.Before(now) {
		e.Spent = now
	}
	e.Spent = e.Spent.Add(time.Duration(n) * time.Second / time.Duration(e.RateLimit)).Truncate(time.Microsecond)
}

// Spread deals out the deliveries of a grant, ordered as Claim takes them, to its claims. There are fewer claims where
// there are fewer deliveries than was thought.
func Spread(g Grant, work []Work) [][]Work {
	dealt := make([][]Work, min(g.Claims, len(work)))
	for i, w := range work {
		at := i % len(dealt)
		dealt[at] = append(dealt[at], w)
	}
	return dealt
}
