package driver

import (
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// When a store's clock is set back, the times that it stored before lie further in the future than they should. The
// functions in this file correct them, so that nothing waits until the clock has caught up. They change nothing where
// the clock was not set back, and may be called at any time. When the clock is set forward, waits and leases end early:
// an event may then be sent twice.

// RewindEndpoint corrects the times in the endpoint's health, and reports whether that changed anything: a pause and
// the rate limit end no later than they would if they began now.
func RewindEndpoint(e *webhooks.Endpoint, now time.Time) (changed bool) {
	if end := now.Add(pauseLength(e.Pauses - 1)); e.PausedUntil.After(end) {
		e.PausedUntil, changed = end, true
	}
	if end := now.Add(time.Second); e.Spent.After(end) { // no rate limit is used up further ahead
		e.Spent, changed = now, true
	}
	return changed
}

// RewindDelivery makes a delivery due that waits only because the clock was set back, and reports whether it did: one
// that was due when it was made or sent again, or whose last attempt was made later than now.
func RewindDelivery(d *webhooks.Delivery, now time.Time) (changed bool) {
	if d.State != webhooks.Pending || !d.NotBefore.After(now) ||
		d.Attempts != d.Earlier && !d.LastAttempt.After(now) {
		return false
	}
	d.NotBefore = now
	return true
}
