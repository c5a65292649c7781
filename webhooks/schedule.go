package webhooks

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// Schedule returns the default waits after the first failed attempt, the second, and so on: ten of them, so that eleven
// attempts are made within 75.6 hours. Every wait varies by a fifth.
func Schedule() []time.Duration {
	return []time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// minBusyDelay is the shortest wait for a receiver that is overloaded.
const minBusyDelay = time.Minute

// resultOf returns what becomes of a delivery after an attempt: delivered, failed, or to be tried again after a delay.
func resultOf(schedule []time.Duration, d *Delivery, answer *Answer) Result {
	r := Result{DeliveryID: d.ID, Attempt: &answer.Attempt, State: Delivered}
	if answer.Failure == "" {
		return r
	}
	failed := answer.Number - d.Earlier
	if answer.Status == http.StatusTooManyRequests || answer.Status == http.StatusServiceUnavailable {
		r.Hold = answer.RetryAfter // these speak of the receiver, other answers of the one delivery
	}
	if r.Gone = answer.Status == http.StatusGone; r.Gone || failed > len(schedule) {
		r.State = Failed
		return r
	}
	r.State, r.Delay = Pending, jitter(schedule[max(failed, 1)-1], 5)
	if overloaded(answer) {
		r.Delay = max(r.Delay, minBusyDelay)
	}
	r.Delay = max(r.Delay, answer.RetryAfter)
	return r
}

// overloaded reports whether the receiver, or a proxy before it, seems to be overloaded.
func overloaded(answer *Answer) bool {
	switch answer.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return answer.Failure == FailureTimeout
}

// jitter varies a duration at random, by up to d/parts in both directions, so that what began together doesn't go on in
// step.
func jitter(d time.Duration, parts int) time.Duration {
	spread := d / time.Duration(parts)
	return d - spread + rand.N(2*spread+1)
}
