package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// ready makes an endpoint with something to do.
func ready(id string, concurrency, urgent, bulk int) driver.Ready {
	e := endpoint("https://example.com")
	e.ID, e.Concurrency = id, concurrency
	return driver.Ready{Endpoint: &e, Due: [2]int{urgent, bulk}}
}

// grant is a Grant, short to write.
type grant struct {
	id                 string
	lane               webhooks.Lane
	claims, deliveries int
}

func TestPlan(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const u, b = webhooks.Urgent, webhooks.Bulk
	with := func(r driver.Ready, changes ...func(r *driver.Ready)) driver.Ready {
		for _, change := range changes {
			change(&r)
		}
		return r
	}
	answers := func(r *driver.Ready) { r.Endpoint.LastSuccess = now }
	open := func(u, b int) func(r *driver.Ready) {
		return func(r *driver.Ready) { r.Open = [2]int{u, b} }
	}
	for _, test := range []struct {
		name    string
		request webhooks.ClaimRequest
		ready   []driver.Ready
		want    []grant
	}{
		{"nothing", webhooks.ClaimRequest{Limit: 10, Bulk: 10, Depth: 4}, nil, nil},
		{"as wide as may be before it is deep", webhooks.ClaimRequest{Limit: 10, Bulk: 10, Depth: 4},
			[]driver.Ready{ready("a", 8, 3, 0)}, []grant{{"a", u, 3, 3}}},
		{"then deep", webhooks.ClaimRequest{Limit: 10, Bulk: 10, Depth: 4}, []driver.Ready{ready("a", 2, 100, 0)},
			[]grant{{"a", u, 2, 8}}},
		{"what is open counts", webhooks.ClaimRequest{Limit: 10, Bulk: 10, Depth: 1},
			[]driver.Ready{with(ready("a", 8, 9, 0), open(5, 1)), with(ready("b", 2, 9, 0), open(2, 0)),
				with(ready("c", 2, 9, 0), open(9, 0))}, []grant{{"a", u, 2, 2}}},
		{"one each first", webhooks.ClaimRequest{Limit: 4, Bulk: 4, Depth: 1}, []driver.Ready{ready("a", 8, 9, 0),
			ready("b", 8, 1, 0), ready("c", 8, 9, 0)},
			[]grant{{"a", u, 2, 2}, {"b", u, 1, 1}, {"c", u, 1, 1}}},
		{"those first that have the fewest", webhooks.ClaimRequest{Limit: 2, Bulk: 2, Depth: 1},
			[]driver.Ready{with(ready("a", 8, 9, 0), open(3, 0)), with(ready("b", 8, 9, 0), open(0, 2)),
				ready("c", 8, 9, 0)}, []grant{{"c", u, 1, 1}, {"b", u, 1, 1}}},
		{"urgent before bulk", webhooks.ClaimRequest{Limit: 3, Bulk: 3, Depth: 1}, []driver.Ready{ready("a", 8, 0, 9),
			ready("b", 8, 2, 9)},
			[]grant{{"a", b, 1, 1}, {"b", u, 2, 2}}},
		{"bulk leaves a quarter", webhooks.ClaimRequest{Limit: 20, Bulk: 20, Depth: 1},
			[]driver.Ready{ready("a", 8, 0, 9), ready("b", 2, 0, 9), ready("c", 1, 0, 9),
				with(ready("d", 8, 0, 9), open(0, 5))},
			[]grant{{"a", b, 6, 6}, {"b", b, 1, 1}, {"c", b, 1, 1}, {"d", b, 1, 1}}},
		{"a limit for bulk", webhooks.ClaimRequest{Limit: 9, Bulk: 1, Depth: 2}, []driver.Ready{ready("a", 8, 1, 9),
			ready("b", 8, 1, 9)},
			[]grant{{"a", u, 1, 1}, {"a", b, 1, 2}, {"b", u, 1, 1}}},
		{"the last ones are for those that answer, one each", webhooks.ClaimRequest{Limit: 9, Bulk: 4, Spare: 3,
			Depth: 1}, []driver.Ready{
			ready("never yet", 8, 9, 0), with(ready("fails", 8, 9, 0), answers,
				func(r *driver.Ready) { r.Endpoint.Failures = 7 }),
			with(ready("has one", 8, 9, 0), answers, open(1, 0)), with(ready("has one of bulk", 8, 9, 9), answers,
				open(0, 1)), with(ready("answers", 8, 9, 9), answers),
		}, []grant{{"never yet", u, 2, 2}, {"fails", u, 1, 1}, {"answers", u, 1, 1}, {"answers", b, 1, 1},
			{"has one", u, 1, 1}, {"has one of bulk", u, 1, 1}}},
		{"nothing is left of the spare ones", webhooks.ClaimRequest{Limit: 2, Bulk: 2, Spare: 3, Depth: 2},
			[]driver.Ready{
				ready("never yet", 8, 9, 9), with(ready("fails", 8, 9, 9), answers,
					func(r *driver.Ready) { r.Endpoint.Failures = 1 }),
				with(ready("has one", 8, 9, 9), answers, open(1, 1)), with(ready("has one of bulk", 8, 9, 9), answers,
					open(0, 1)),
				with(ready("answers", 8, 0, 9), answers),
			}, []grant{{"answers", b, 1, 2}, {"has one of bulk", u, 1, 2}}},
		{"shallow ones", webhooks.ClaimRequest{Limit: 9, Bulk: 9, Depth: 4, Shallow: []string{"a"}},
			[]driver.Ready{ready("a", 2, 9, 0), ready("b", 2, 9, 0)},
			[]grant{{"a", u, 2, 2}, {"b", u, 2, 8}}},
		{"fewer while it fails", webhooks.ClaimRequest{Limit: 20, Bulk: 20, Depth: 4},
			[]driver.Ready{with(ready("a", 8, 9, 0), func(r *driver.Ready) { r.Endpoint.Failures = 3 }),
				with(ready("b", 8, 9, 0), func(r *driver.Ready) { r.Endpoint.Failures = 9 })},
			[]grant{{"a", u, 5, 5}, {"b", u, 1, 1}}},
		{"none within a pause, one after it", webhooks.ClaimRequest{Limit: 20, Bulk: 20, Depth: 4}, []driver.Ready{
			with(ready("a", 8, 9, 0), func(r *driver.Ready) {
				r.Endpoint.Failures, r.Endpoint.PausedUntil = 10,
					now.Add(1)
			}),
			with(ready("b", 8, 9, 9), func(r *driver.Ready) {
				r.Endpoint.Failures, r.Endpoint.PausedUntil = 10,
					now
			}),
			with(ready("c", 8, 9, 9), func(r *driver.Ready) { r.Endpoint.Failures, r.Open = 10, [2]int{0, 1} }),
		}, []grant{{"b", u, 1, 1}}},
		{"none that isn't active", webhooks.ClaimRequest{Limit: 20, Bulk: 20, Depth: 4}, []driver.Ready{
			with(ready("a", 8, 9, 0), func(r *driver.Ready) { r.Endpoint.State = webhooks.Paused }),
			with(ready("b", 8, 9, 0), func(r *driver.Ready) { r.Endpoint.State = webhooks.Disabled }),
		}, nil},
		{"a rate limit", webhooks.ClaimRequest{Limit: 20, Bulk: 20, Depth: 4}, []driver.Ready{
			with(ready("a", 2, 9, 9), func(r *driver.Ready) { r.Endpoint.RateLimit = 30 }),
			with(ready("b", 8, 9, 9), func(r *driver.Ready) { r.Endpoint.RateLimit = 1 }),
			with(ready("c", 8, 9, 9), func(r *driver.Ready) {
				r.Endpoint.RateLimit, r.Endpoint.Spent = 1,
					now.Add(time.Millisecond)
			}),
			with(ready("d", 8, 9, 9), func(r *driver.Ready) {
				r.Endpoint.RateLimit, r.Endpoint.Spent = 100,
					now.Add(79*time.Millisecond)
			}),
		}, []grant{{"a", u, 2, 3}, {"b", u, 1, 1}, {"d", u, 2, 2}}},
		{"a rate limit over both lanes", webhooks.ClaimRequest{Limit: 20, Bulk: 20, Depth: 4}, []driver.Ready{
			with(ready("a", 8, 1, 9), func(r *driver.Ready) { r.Endpoint.RateLimit = 40 }),
		}, []grant{{"a", u, 1, 1}, {"a", b, 3, 3}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []grant
			for _, g := range driver.Plan(now, test.request, test.ready) {
				got = append(got, grant{g.Endpoint.ID, g.Lane, g.Claims, g.Deliveries})
			}
			require.Equal(t, test.want, got)
		})
	}
}

// TestRateLimit plans every few milliseconds for ten seconds.
func TestRateLimit(t *testing.T) {
	for _, rate := range []int{1, 7, 100, 10_000} {
		r := ready("a", 64, 1_000, 1_000)
		r.Endpoint.RateLimit = rate
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		total := 0
		for at := time.Duration(0); at < 10*time.Second; at += 7 * time.Millisecond {
			for _, g := range driver.Plan(start.Add(at), webhooks.ClaimRequest{Limit: 100, Bulk: 100, Depth: 100},
				[]driver.Ready{r}) {
				total += g.Deliveries
			}
			require.LessOrEqual(t, float64(total), float64(rate)*at.Seconds()+max(1, float64(rate)/10)+1, "%d a second",
				rate)
		}
		require.GreaterOrEqual(t, total, 10*rate*9/10, "%d a second are reached", rate)
	}
}

func TestSpread(t *testing.T) {
	work := make([]webhooks.Work, 5)
	for i := range work {
		work[i].Delivery.ID = int64(i)
	}
	ids := func(dealt [][]webhooks.Work) (all [][]int64) {
		for _, some := range dealt {
			var one []int64
			for _, w := range some {
				one = append(one, w.Delivery.ID)
			}
			all = append(all, one)
		}
		return all
	}
	require.Equal(t, [][]int64{{0, 2, 4}, {1, 3}}, ids(driver.Spread(driver.Grant{Claims: 2}, work)))
	require.Equal(t, [][]int64{{0}, {1}, {2}, {3}, {4}}, ids(driver.Spread(driver.Grant{Claims: 8}, work)))
	require.Empty(t, driver.Spread(driver.Grant{Claims: 8}, nil))
}
