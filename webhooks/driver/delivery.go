package driver

import (
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// NewDelivery returns the delivery of an event to an endpoint that listens to it. The store sets its ID.
func NewDelivery(event *webhooks.Event, e *webhooks.Endpoint) webhooks.Delivery {
	d := webhooks.Delivery{EndpointID: e.ID, EventID: event.ID, EventType: event.Type, ImportID: event.ImportID,
		Number: event.Number, Lane: event.Lane, State: webhooks.Pending, NotBefore: event.Time, CreatedAt: event.Time}
	if e.State == webhooks.Disabled {
		SkipDelivery(&d, event.Time)
	}
	return d
}

// SkipDelivery changes a Pending delivery whose endpoint ceases to receive.
func SkipDelivery(d *webhooks.Delivery, now time.Time) { d.State, d.FinishedAt = webhooks.Skipped, now }

// ConcludeDelivery changes a delivery by a result that counts. The state is the endpoint's after [NoteResults].
func ConcludeDelivery(d *webhooks.Delivery, now time.Time, r *webhooks.Result, state webhooks.EndpointState) {
	if a := r.Attempt; a != nil {
		d.Attempts++
		d.LastAttempt, d.LastStatus, d.LastFailure = a.At.UTC().Truncate(time.Microsecond), a.Status, a.Failure
		if d.State = r.State; d.State == webhooks.Pending {
			d.NotBefore = now.Add(r.Delay).Truncate(time.Microsecond)
		} else {
			d.FinishedAt = now
		}
	}
	if d.State == webhooks.Pending && !state.Receives() {
		SkipDelivery(d, now)
	}
}

// ResendDelivery makes a delivery due again. A replay moves it to the lane Bulk, unless it is Pending: what waits for
// its next attempt is only brought forward.
func ResendDelivery(d *webhooks.Delivery, now time.Time, replay bool) {
	replay = replay && d.State != webhooks.Pending
	d.State, d.NotBefore, d.FinishedAt, d.Earlier = webhooks.Pending, now, time.Time{}, d.Attempts
	if replay {
		d.Lane = webhooks.Bulk
	}
}
