package storetest_test

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// stuck has a clock that, once it was set back, stands still.
func stuck(s *broken) {
	set, back := s.setBack, false
	s.setBack = func(ctx context.Context, d time.Duration) error {
		back = back || d > 0
		return set(ctx, d)
	}
	s.claim = func(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
		if back {
			return nil, nil
		}
		return s.Store.Claim(ctx, r)
	}
}

var brokenClocks = []fault{
	{"waits for its clock", stuck, "clock/set back, what is due is sent", "due still"},
	{"waits for its clock with claims", stuck, "clock/set back, a claim of a worker that vanished",
		"no claim holds for longer"},
	{"renews nothing of before", func(s *broken) {
		s.renew = func(_ context.Context, _ []string, lease time.Duration) (int, error) {
			return 0, driver.CheckLease(lease)
		}
	}, "clock/set back, a claim that is renewed", "is renewed, however the clock is set back"},
	{"waits for its clock with rate limits", stuck, "clock/set back, a rate limit", "a rate limit that was used up"},
}
