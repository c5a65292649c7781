package webhooks

import "time"

// A store's clock may be set back. Then what is stored in times of before lies further in the future than it was meant to,
// and the methods in this file say what is to be made of it, so that nothing waits for the clock to catch up. They change
// nothing where the clock was not set back, and may be called at any time. Where the clock is set forward, waits and leases
// end early: an event may then be sent twice.

// SetBack puts right what a store's clock that was set back makes of the endpoint's health, and reports whether that changed:
// pauses and the rate limit end no later than they would have if they began now.
func (e *Endpoint) SetBack(now time.Time) (changed bool) {
	if end := now.Add(e.pause(e.Pauses - 1)); e.PausedUntil.After(end) {
		e.PausedUntil, changed = end, true
	}
	if end := now.Add(time.Second); e.Spent.After(end) { // no rate limit is ahead by more
		e.Spent, changed = now, true
	}
	return changed
}

// SetBack makes a delivery due that the store's clock, which was set back, keeps from being sent, and reports whether it
// did: one that was due at once, or whose last attempt was made later than now.
func (d *Delivery) SetBack(now time.Time) (changed bool) {
	if d.State != Pending || !d.NotBefore.After(now) || d.Attempts != d.Earlier && !d.LastAttempt.After(now) {
		return false
	}
	d.NotBefore = now
	return true
}
