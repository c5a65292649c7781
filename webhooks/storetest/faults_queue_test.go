package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// claiming changes the requests, and the claims that are returned.
func claiming(asked func(r *webhooks.ClaimRequest),
	returned func(claims []webhooks.Claim) []webhooks.Claim) func(s *broken) {
	return func(s *broken) {
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			if asked != nil {
				asked(&r)
			}
			claims, err := s.Store.Claim(ctx, r)
			if returned != nil {
				claims = returned(claims)
			}
			return claims, err
		}
	}
}

// finishing changes the results.
func finishing(f func(results []webhooks.Result) []webhooks.Result) func(s *broken) {
	return func(s *broken) {
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			return s.Store.Finish(ctx, f(slices.Clone(results)))
		}
	}
}

// eachResult changes each result.
func eachResult(f func(r *webhooks.Result)) func(s *broken) {
	return finishing(func(results []webhooks.Result) []webhooks.Result {
		for i := range results {
			if a := results[i].Attempt; a != nil {
				own := *a
				results[i].Attempt = &own
			}
			f(&results[i])
		}
		return results
	})
}

// eachWork changes each claimed delivery.
func eachWork(f func(w *webhooks.Work)) func(s *broken) {
	return claiming(nil, func(claims []webhooks.Claim) []webhooks.Claim {
		for i := range claims {
			for j := range claims[i].Work {
				f(&claims[i].Work[j])
			}
		}
		return claims
	})
}

// reading changes what Delivery returns.
func reading(f func(r *webhooks.Record)) func(s *broken) {
	return func(s *broken) {
		s.delivery = func(ctx context.Context, id int64) (webhooks.Record, error) {
			r, err := s.Store.Delivery(ctx, id)
			f(&r)
			return r, err
		}
	}
}

var brokenQueues = []fault{
	{"says that nothing is an error", func(s *broken) {
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			claims, err := s.Store.Claim(ctx, r)
			if len(claims) == 0 && err == nil {
				err = webhooks.ErrNotFound
			}
			return claims, err
		}
	}, "claim/nothing to do", "looking for work"},
	{"has empty claims", claiming(nil, func(claims []webhooks.Claim) []webhooks.Claim {
		return append(claims, webhooks.Claim{ID: "empty"})
	}), "claim/nothing to do", "a claim has deliveries"},
	{"claims without the secrets", claiming(nil, func(claims []webhooks.Claim) []webhooks.Claim {
		for i := range claims {
			claims[i].Endpoint.Secrets = nil
		}
		return claims
	}), "claim/has all that is needed", "its secrets included"},
	{"claims without the number", eachWork(func(w *webhooks.Work) {
		e := *w.Event
		e.Number = 0
		w.Event = &e
	}), "claim/has all that is needed", "the body can be made"},
	{"takes any request", claiming(func(r *webhooks.ClaimRequest) {
		r.Worker, r.Depth = "w",
			max(1, min(r.Depth, 100))
	}, nil), "claim/bad requests are refused", "out of bounds is refused"},
	{"tries again at once", eachResult(func(r *webhooks.Result) { r.Delay = 0 }), "claim/not before its time",
		"before the delay is over"},
	{"claims what isn't due", appending(func(events []webhooks.Event) []webhooks.Event {
		for i := range events {
			if events[i].Time.After(time.Now()) {
				events[i].Time = time.Now()
			}
		}
		return events
	}, nil), "claim/not before its time", "what isn't due"},
	{"claims the newest first", claiming(nil, func(claims []webhooks.Claim) []webhooks.Claim {
		for i := range claims {
			slices.Reverse(claims[i].Work)
		}
		return claims
	}), "claim/what is due longest comes first", "due longest, in their order"},
	{"claims in any order", claiming(nil, func(claims []webhooks.Claim) []webhooks.Claim {
		for i := range claims {
			if n := len(claims[i].Work); n > 2 {
				claims[i].Work[n-1], claims[i].Work[n-2] = claims[i].Work[n-2], claims[i].Work[n-1]
			}
		}
		return claims
	}), "claim/of equal age, by ID", "the lower ID comes first"},
	{"claims twice", func(s *broken) {
		var mu sync.Mutex
		var last []webhooks.Claim
		calls := 0
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			claims, err := s.Store.Claim(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%5 == 0 {
				claims = append(claims, last...)
			}
			last = claims
			return claims, err
		}
	}, "claim/never twice at the same time", "no delivery is claimed twice"},
	{"doesn't look at Concurrency", creating(func(e *webhooks.Endpoint) { e.Concurrency = 30 }, nil),
		"fairness/at most so many claims of an endpoint", "at most Concurrency claims"},
	{"makes shallow claims alone", claiming(func(r *webhooks.ClaimRequest) { r.Depth = 1 }, nil),
		"fairness/a claim is deep where there is much", "a claim may have several"},
	{"makes deep claims alone", claiming(func(r *webhooks.ClaimRequest) { r.Shallow = nil }, nil),
		"fairness/shallow where it is asked for", "claims of an endpoint that is named"},
	{"gives all to the first", func(s *broken) {
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) (claims []webhooks.Claim, err error) {
			all, _, _ := s.Store.ListEndpoints(ctx, 100, 0)
			for _, only := range all {
				for _, e := range all {
					_, _ = s.Store.UpdateEndpoint(ctx, e.ID, 0, func(e *webhooks.Endpoint) error {
						if e.State = webhooks.Paused; e.ID == only.ID {
							e.State = webhooks.Active
						}
						return nil
					})
				}
				if r.Limit -= len(claims); r.Limit <= 0 {
					return claims, nil
				}
				r.Bulk = min(r.Bulk, r.Limit)
				more, err := s.Store.Claim(ctx, r)
				if err != nil {
					return nil, err
				}
				claims = append(claims, more...)
			}
			return claims, nil
		}
	}, "fairness/a limit is shared", "endpoints with fewer claims come first"},
	{"has one lane", appending(func(events []webhooks.Event) []webhooks.Event {
		for i := range events {
			events[i].Lane = webhooks.Bulk
		}
		return events
	}, nil), "fairness/an import leaves room for single changes", "Urgent gets what is left"},
	{"spares no claims", claiming(func(r *webhooks.ClaimRequest) { r.Spare = 0 }, nil),
		"fairness/the last claims are for those that answer", "the last Spare claims"},
	{"doesn't look at Bulk", claiming(func(r *webhooks.ClaimRequest) { r.Bulk = r.Limit }, nil),
		"fairness/a limit for imports", "than Bulk"},
	{"doesn't look at RateLimit", func(s *broken) {
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			all, _, _ := s.Store.ListEndpoints(ctx, 100, 0)
			for _, e := range all {
				_, _ = s.Store.UpdateEndpoint(ctx, e.ID, 0,
					func(e *webhooks.Endpoint) error { e.RateLimit = 0; return nil })
			}
			return s.Store.Claim(ctx, r)
		}
	}, "fairness/a rate limit", "a rate limit of 20 a second holds"},
	{"doesn't pause what fails", eachResult(func(r *webhooks.Result) { r.State, r.Delay = webhooks.Delivered, 0 }),
		"health/ten failures pause it", "expected: 10"},
	{"claims of what its failures paused", func(s *broken) {
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			all, _, _ := s.Store.ListEndpoints(ctx, 100, 0)
			for _, e := range all {
				_, _ = s.Store.UpdateEndpoint(ctx, e.ID, 0,
					func(e *webhooks.Endpoint) error { e.PausedUntil = time.Time{}; return nil })
			}
			return s.Store.Claim(ctx, r)
		}
	}, "fairness/not while its failures pause it", "failed too often"},
	{"gives no claims back", func(s *broken) {
		failed := false
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			for _, r := range results {
				failed = failed || r.State == webhooks.Pending
			}
			return s.Store.Finish(ctx, results)
		}
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			if failed {
				r.Limit, r.Bulk = 1, 0
			}
			return s.Store.Claim(ctx, r)
		}
	}, "fairness/fewer while it fails", "a success gives them back"},
	{"takes late results", func(s *broken) {
		last := map[int64]string{}
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			claims, err := s.Store.Claim(ctx, r)
			for _, c := range claims {
				for _, w := range c.Work {
					last[w.Delivery.ID] = c.ID
				}
			}
			return claims, err
		}
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			results = slices.Clone(results)
			for i := range results {
				results[i].ClaimID = last[results[i].DeliveryID]
			}
			return s.Store.Finish(ctx, results)
		}
	}, "lease/one that runs out is taken over", "results count while their claim holds"},
	{"never takes over", claiming(func(r *webhooks.ClaimRequest) { r.Lease = driver.MaxLease }, nil),
		"lease/one that runs out is taken over", "is claimed again: not within"},
	{"has leases of nothing", claiming(func(r *webhooks.ClaimRequest) { r.Lease = time.Millisecond },
		func(claims []webhooks.Claim) []webhooks.Claim {
			time.Sleep(2 * time.Millisecond)
			return claims
		}), "lease/one that holds", "for its lease"},
	{"renews nothing", func(s *broken) {
		s.renew = func(_ context.Context, claimIDs []string, lease time.Duration) (int, error) {
			return min(len(claimIDs), 1), driver.CheckLease(lease)
		}
	}, "lease/one that is renewed holds on", "holds for the lease from then on"},
	{"renews for ever", func(s *broken) {
		s.renew = func(ctx context.Context, claimIDs []string, lease time.Duration) (int, error) {
			if driver.CheckLease(lease) == nil {
				lease = driver.MaxLease
			}
			return s.Store.Renew(ctx, claimIDs, lease)
		}
	}, "lease/the last renewal counts", "whose lease has run out"},
	{"renews what is over", func(s *broken) {
		s.renew = func(ctx context.Context, claimIDs []string, lease time.Duration) (int, error) {
			_, err := s.Store.Renew(ctx, claimIDs, lease)
			return len(claimIDs), err
		}
	}, "lease/one that runs out is taken over", "lost its deliveries"},
	{"takes any lease", func(s *broken) {
		s.renew = func(ctx context.Context, claimIDs []string, lease time.Duration) (int, error) {
			return s.Store.Renew(ctx, claimIDs, max(time.Millisecond, min(lease, driver.MaxLease)))
		}
	}, "lease/bad ones are refused", "out of bounds"},
	{"takes no late results", func(s *broken) {
		claims := map[string]bool{}
		s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
			found, err := s.Store.Claim(ctx, r)
			if len(found) > 0 {
				clear(claims)
			}
			for _, c := range found {
				claims[c.ID] = true
			}
			return found, err
		}
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			return s.Store.Finish(ctx, slices.DeleteFunc(slices.Clone(results),
				func(r webhooks.Result) bool { return !claims[r.ClaimID] }))
		}
	}, "lease/a late result counts while nobody has the delivery", "results count while their claim holds"},

	{"loses an answer", eachResult(func(r *webhooks.Result) {
		if r.Attempt != nil {
			r.Attempt.Response = nil
		}
	}), "finish/delivered, after two failures", "an attempt is in the log as it was told"},
	{"logs the newest first", reading(func(r *webhooks.Record) { slices.Reverse(r.Attempts) }),
		"finish/delivered, after two failures", "oldest first"},
	{"tries for ever", eachResult(func(r *webhooks.Result) {
		if r.State == webhooks.Failed {
			r.State = webhooks.Pending
		}
	}), "finish/failed for good", "expected: \"failed\""},
	{"forgets the delay", eachResult(func(r *webhooks.Result) { r.Delay /= 2 }), "finish/tried again after the delay",
		"is the delay from now"},
	{"takes what is released for a failure", eachResult(func(r *webhooks.Result) {
		if r.Attempt == nil {
			r.Attempt, r.State, r.Gone = &webhooks.Attempt{Failure: webhooks.FailureTimeout}, webhooks.Pending, false
		}
	}), "finish/released", "what is released is as it was"},
	{"counts what doesn't count", func(s *broken) {
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			_, err := s.Store.Finish(ctx, results)
			return len(results), err
		}
	}, "finish/a result counts once", "results count"},
	{"doesn't look at claims", func(s *broken) {
		s.finish = func(ctx context.Context, results []webhooks.Result) (counted int, err error) {
			for _, r := range results {
				n, err := s.Store.Finish(ctx, []webhooks.Result{r})
				if err != nil {
					return counted, err
				}
				if n == 0 && r.ClaimID == "claim" {
					n = 1
				}
				counted += n
			}
			return counted, nil
		}
	}, "finish/a result counts once", "results count"},
	{"takes the good results", func(s *broken) {
		s.finish = func(ctx context.Context, results []webhooks.Result) (counted int, err error) {
			for _, r := range results {
				n, failure := s.Store.Finish(ctx, []webhooks.Result{r})
				counted += n
				err = errors.Join(err, failure)
			}
			return counted, err
		}
	}, "finish/a bad result is refused with the others", "has all of them refused"},
	{"cuts answers", eachResult(func(r *webhooks.Result) {
		if r.Attempt != nil {
			r.Attempt.Response = r.Attempt.Response[:min(len(r.Attempt.Response), 1_000)]
		}
	}), "finish/the longest log", "as it was told"},

	{"takes failures for successes", func(s *broken) {
		s.endpoint = func(ctx context.Context, id string) (webhooks.Endpoint, error) {
			e, err := s.Store.Endpoint(ctx, id)
			e.Failures = 0
			return e, err
		}
	}, "health/failures are counted until a success", "failed attempts are counted"},
	{"counts in any order", finishing(func(results []webhooks.Result) []webhooks.Result {
		slices.SortFunc(results, func(a, b webhooks.Result) int { return len(a.State) - len(b.State) })
		return results
	}), "health/results count in their order", "results count in their order"},
	{"doesn't disable what is gone", eachResult(func(r *webhooks.Result) { r.Gone = false }),
		"health/one that is gone is disabled", "an endpoint that is gone is Disabled"},
	{"tells nobody", func(s *broken) {
		s.list = func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
			all, err := s.Store.ListDeliveries(ctx, q)
			return slices.DeleteFunc(all,
				func(d webhooks.Delivery) bool { return d.EventType == webhooks.EndpointDisabled }), err
		}
	}, "health/one that is gone is disabled", "its own end too"},
}
