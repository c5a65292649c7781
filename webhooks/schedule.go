package webhooks

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// Schedule returns how long to wait after the first failed attempt, the second, and so on: ten times, so that eleven
// attempts are made within 75.6 hours. Every wait varies by a fifth.
func Schedule() []time.Duration {
	return []time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// leastBusy is the shortest wait for a receiver that has too much to do.
const leastBusy = time.Minute

// judge says what an attempt makes of its delivery.
func judge(schedule []time.Duration, d *Delivery, answer *Answer) Result {
	r := Result{DeliveryID: d.ID, Attempt: &answer.Attempt, State: Delivered}
	if answer.Kind == "" {
		return r
	}
	failed := answer.Number - d.Earlier
	if r.Gone = answer.Status == http.StatusGone; r.Gone || failed > len(schedule) {
		r.State = Failed
		return r
	}
	wait := schedule[max(failed, 1)-1]
	r.State, r.Delay = Pending, wait*4/5+rand.N(wait*2/5+1)
	if busy(answer) {
		r.Delay = max(r.Delay, leastBusy)
	}
	r.Delay = max(r.Delay, answer.RetryAfter)
	return r
}

// busy tells whether the receiver, or what stands before it, couldn't cope.
func busy(answer *Answer) bool {
	switch answer.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return answer.Kind == KindTimeout
}
