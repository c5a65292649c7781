package webhooks

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// The methods in this file are the rules of an endpoint's and a delivery's life, made for Stores.

const (
	// successEvery is how exact Health.LastSuccess is, so that a stream of successes writes nothing.
	successEvery = time.Minute

	// pauseAfter is how many failures in a row pause an endpoint, for pauseFirst, doubling to pauseMost.
	pauseAfter = 10
	pauseFirst = time.Minute
	pauseMost  = time.Hour
	// An endpoint that fails for disableAfter, in disableFailures attempts or more, is given up.
	disableAfter    = 5 * 24 * time.Hour
	disableFailures = 20
)

// Changed is what UpdateEndpoint does once its function has changed the endpoint, and tells whether anything is to be
// written. What the owner can't set is as before. An endpoint that becomes Active, or whose PausedUntil is made zero, is as
// healthy as a new one.
func (e *Endpoint) Changed(before *Endpoint, now time.Time) bool {
	anew := e.State == Active && before.State != Active || e.PausedUntil.IsZero() && !before.PausedUntil.IsZero()
	e.ID, e.Version, e.CreatedAt, e.UpdatedAt, e.Health = before.ID, before.Version, before.CreatedAt, before.UpdatedAt, before.Health
	if anew {
		e.Health = Health{LastSuccess: before.LastSuccess}
	}
	if e.State != Disabled {
		e.DisabledReason = ""
	}
	if reflect.DeepEqual(e, before) {
		return false
	}
	e.Version++
	e.UpdatedAt = now
	return true
}

// Note changes the endpoint's health by the results of its deliveries, in their order. It tells whether anything has
// changed, and whether the endpoint became Disabled. While all goes well most results change nothing: a store may try on
// a copy that it has not locked.
func (e *Endpoint) Note(now time.Time, results ...Result) (changed, disabled bool) {
	for i := range results {
		if results[i].Attempt == nil {
			continue
		}
		if results[i].State == Delivered {
			changed = e.succeeded(now) || changed
			continue
		}
		changed = true
		e.failed(now, &results[i])
		switch {
		case e.State != Active && e.State != Paused:
		case results[i].Gone:
			disabled = true
			e.disable(now, "it answered 410: it is gone")
		case e.Failures >= disableFailures && now.Sub(e.FailingSince) >= disableAfter:
			disabled = true
			e.disable(now, "nothing was delivered for "+strconv.Itoa(int(now.Sub(e.FailingSince).Hours()/24))+" days, in "+
				strconv.Itoa(e.Failures)+" attempts")
		}
	}
	return changed, disabled
}

func (e *Endpoint) succeeded(now time.Time) (changed bool) {
	if e.Failures == 0 && now.Sub(e.LastSuccess) < successEvery {
		return false
	}
	e.Health = Health{LastSuccess: now, Spent: e.Spent}
	return true
}

func (e *Endpoint) failed(now time.Time, r *Result) {
	if e.Failures == 0 {
		e.FailingSince = now
	}
	e.Failures++
	// Those that were under way when the pause began don't make it longer.
	if e.Failures >= pauseAfter && !now.Before(e.PausedUntil) && !now.Add(-r.Attempt.Duration).Before(e.PausedUntil) {
		e.PausedUntil = now.Add(e.pause(e.Pauses))
		e.Pauses++
	}
}

// pause is how long the pause is that comes after so many others.
func (*Endpoint) pause(others int) time.Duration {
	return min(pauseFirst<<min(max(others, 0), 16), pauseMost)
}

func (e *Endpoint) disable(now time.Time, reason string) {
	e.State, e.DisabledReason = Disabled, reason
	e.Version++
	e.UpdatedAt = now
}

// DisabledEvent tells that the endpoint became Disabled. Stores append it.
func DisabledEvent(e *Endpoint, now time.Time) Event {
	data := AppendString([]byte(`{"endpoint_id":`), e.ID)
	data = AppendString(append(data, `,"callback_url":`...), e.URL)
	data = AppendString(append(data, `,"client_name":`...), e.ClientName)
	data = AppendString(append(data, `,"reason":`...), e.DisabledReason)
	data = append(data, `,"failures":`...)
	data = append(strconv.AppendInt(data, int64(e.Failures), 10), '}')
	event := Event{Type: EndpointDisabled, Data: data}
	event.Init(now)
	return event
}

// NewDelivery is the delivery of the event to an endpoint that listens to it. The ID is the store's to set.
func NewDelivery(event *Event, e *Endpoint) Delivery {
	d := Delivery{EndpointID: e.ID, EventID: event.ID, EventType: event.Type, ImportID: event.ImportID, Number: event.Number,
		Lane: event.Lane, State: Pending, NotBefore: event.Time, CreatedAt: event.Time}
	if e.State == Disabled {
		d.Skip(event.Time)
	}
	return d
}

// Skip is what becomes of a Pending delivery whose endpoint ceases to receive.
func (d *Delivery) Skip(now time.Time) { d.State, d.FinishedAt = Skipped, now }

// Conclude is what a result that counts does to its delivery; state is the endpoint's, once Note is done.
func (d *Delivery) Conclude(now time.Time, r *Result, state EndpointState) {
	if a := r.Attempt; a != nil {
		d.Attempts++
		d.LastAttempt, d.LastStatus, d.LastKind = a.At.UTC().Truncate(time.Microsecond), a.Status, a.Kind
		d.State = r.State
		switch d.State {
		case Pending:
			d.NotBefore = now.Add(r.Delay).Truncate(time.Microsecond)
		default:
			d.FinishedAt = now
		}
	}
	if d.State == Pending && !state.Receives() {
		d.Skip(now)
	}
}

// Again is what sending a delivery again does to it, Resend or Replay.
func (d *Delivery) Again(now time.Time, replay bool) {
	d.State, d.NotBefore, d.FinishedAt, d.Earlier = Pending, now, time.Time{}, d.Attempts
	if replay {
		d.Lane = Bulk
	}
}

// CheckPage returns an error for a page that Endpoints.ListEndpoints can't give.
func CheckPage(limit, offset int) error {
	if limit < 1 || limit > 1_000 {
		return fmt.Errorf("webhooks: the limit of a list must be between 1 and 1,000, not %d", limit)
	}
	if offset < 0 {
		return fmt.Errorf("webhooks: the offset of a list must not be negative: %d", offset)
	}
	return nil
}

// How long a claim holds: as long as it takes until the deliveries of a worker that vanished are sent by another one. One
// that seems to hold for longer than MaxLease, because the store's clock was set back, holds for so long from then on: its
// worker may be at it.
const (
	UsualLease = 12 * time.Second
	MaxLease   = time.Minute
)

// CheckLease returns an error for a lease that Queue.Renew can't give.
func CheckLease(lease time.Duration) error {
	if lease < time.Millisecond || lease > MaxLease {
		return fmt.Errorf("webhooks: a lease must be between 1ms and %v, not %v", MaxLease, lease)
	}
	return nil
}

// Check fills in the default lease, and returns an error for a request that Queue.Claim can't do.
func (r *ClaimRequest) Check() error {
	switch {
	case r.Worker == "":
		return errors.New("webhooks: a claim needs a worker's name")
	case r.Limit < 1 || r.Limit > 1_000:
		return fmt.Errorf("webhooks: ClaimRequest.Limit must be between 1 and 1,000, not %d", r.Limit)
	case r.Bulk < 0 || r.Bulk > r.Limit:
		return fmt.Errorf("webhooks: ClaimRequest.Bulk must be between 0 and the limit, not %d", r.Bulk)
	case r.Spare < 0:
		return fmt.Errorf("webhooks: ClaimRequest.Spare must not be negative: %d", r.Spare)
	case r.Depth < 1 || r.Depth > 100:
		return fmt.Errorf("webhooks: ClaimRequest.Depth must be between 1 and 100, not %d", r.Depth)
	}
	if r.Lease == 0 {
		r.Lease = UsualLease
	}
	return CheckLease(r.Lease)
}

// Check returns an error for a result that Queue.Finish can't store.
func (r *Result) Check() error {
	switch {
	case r.Attempt == nil, r.State == Delivered, r.State == Failed:
		return nil
	case r.State != Pending:
		return fmt.Errorf("webhooks: no attempt makes a delivery %q", r.State)
	case r.Delay < 0:
		return fmt.Errorf("webhooks: Result.Delay must not be negative: %v", r.Delay)
	}
	return nil
}

// Check fills in the default limit, and returns an error for a query that Deliveries.ListDeliveries can't answer.
func (q *DeliveryQuery) Check() error {
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Before < 0 {
		return fmt.Errorf("webhooks: DeliveryQuery.Before must not be negative: %d", q.Before)
	}
	return CheckPage(q.Limit, 0)
}

// Check returns an error for a step that Deliveries.Replay can't do.
func (s *ReplayStep) Check() error {
	if s.Limit < 1 || s.Limit > 10_000 {
		return fmt.Errorf("webhooks: ReplayStep.Limit must be between 1 and 10,000, not %d", s.Limit)
	}
	if len(s.States) == 0 || slices.Contains(s.States, Pending) {
		return fmt.Errorf("webhooks: ReplayStep.States must be some of failed, skipped and delivered, not %q", s.States)
	}
	return nil
}

// Check returns an error for what Keeper.Expire can't do.
func (x *Expiry) Check() error {
	if x.Limit < 1 || x.Limit > 100_000 {
		return fmt.Errorf("webhooks: Expiry.Limit must be between 1 and 100,000, not %d", x.Limit)
	}
	return nil
}
