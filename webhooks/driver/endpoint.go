package driver

import (
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/internal/uuid"
)

const (
	// successEvery is the precision of Health.LastSuccess: a stream of successes then writes nothing.
	successEvery = time.Minute

	// After so many failures in a row an endpoint is paused, for pauseFirst, doubling up to pauseMax.
	pauseAfter = 10
	pauseFirst = time.Minute
	pauseMax   = time.Hour
	// An endpoint that fails for disableAfter, in disableFailures attempts or more, is disabled.
	disableAfter    = 5 * 24 * time.Hour
	disableFailures = 20
)

// InitEndpoint completes a new endpoint: it sets ID, Version, times and Health, whatever the caller of
// webhooks.Endpoints.CreateEndpoint put there, and the State to Active where it is empty.
func InitEndpoint(e *webhooks.Endpoint, now time.Time) {
	e.ID, e.Version, e.CreatedAt, e.UpdatedAt = uuid.New("ep_", now), 1, now, now
	e.Health = webhooks.Health{}
	if e.State == "" {
		e.State = webhooks.Active
	}
}

// UpdateEndpoint completes an endpoint that the function given to webhooks.Endpoints.UpdateEndpoint has changed, and
// reports whether anything is to be written. What isn't the owner's to change is as before. An endpoint that becomes
// Active, or whose PausedUntil is made zero, is as healthy as a new one.
func UpdateEndpoint(before, after *webhooks.Endpoint, now time.Time) (changed bool) {
	resumed := after.State == webhooks.Active && before.State != webhooks.Active ||
		after.PausedUntil.IsZero() && !before.PausedUntil.IsZero()
	after.ID, after.Version, after.CreatedAt, after.UpdatedAt = before.ID, before.Version, before.CreatedAt,
		before.UpdatedAt
	after.Health = before.Health
	if resumed {
		after.Health = webhooks.Health{LastSuccess: before.LastSuccess}
	}
	if after.State != webhooks.Disabled {
		after.DisabledReason = ""
	}
	if reflect.DeepEqual(after, before) {
		return false
	}
	after.Version++
	after.UpdatedAt = now
	return true
}

// NoteResults changes the endpoint's health by the results of its deliveries, in their order. It reports whether
// anything changed, and whether the endpoint became Disabled. While all goes well most results change nothing: so a
// store may first try on a copy of an endpoint that it hasn't locked.
func NoteResults(e *webhooks.Endpoint, now time.Time, results ...webhooks.Result) (changed, disabled bool) {
	for i := range results {
		if results[i].Attempt == nil {
			continue
		}
		if results[i].State == webhooks.Delivered {
			changed = noteSuccess(e, now) || changed
			continue
		}
		changed = true
		noteFailure(e, now, results[i].Attempt)
		until := now.Add(results[i].Hold).Truncate(time.Microsecond)
		if results[i].Hold > 0 && until.After(e.PausedUntil) {
			e.PausedUntil = until
		}
		switch {
		case !e.State.Receives():
		case results[i].Gone:
			disabled = true
			disable(e, now, "it answered 410: it is gone")
		case e.Failures >= disableFailures && now.Sub(e.FailingSince) >= disableAfter:
			disabled = true
			disable(e, now, "nothing was delivered for "+strconv.Itoa(int(now.Sub(e.FailingSince).Hours()/24))+
				" days, in "+strconv.Itoa(e.Failures)+" attempts")
		}
	}
	return changed, disabled
}

func noteSuccess(e *webhooks.Endpoint, now time.Time) (changed bool) {
	held := e.Pauses == 0 && now.Before(e.PausedUntil)
	if e.Failures == 0 && now.Sub(e.LastSuccess) < successEvery && (held || e.PausedUntil.IsZero()) {
		return false
	}
	healthy := webhooks.Health{LastSuccess: now, Spent: e.Spent}
	if held {
		// The receiver asked for this pause: what was under way when it did doesn't end it.
		healthy.PausedUntil = e.PausedUntil
	}
	e.Health = healthy
	return true
}

func noteFailure(e *webhooks.Endpoint, now time.Time, a *webhooks.Attempt) {
	if e.Failures == 0 {
		e.FailingSince = now
	}
	e.Failures++
	// Attempts that were under way when the pause began don't make it longer.
	if e.Failures >= pauseAfter && !now.Before(e.PausedUntil) && !now.Add(-a.Duration).Before(e.PausedUntil) {
		e.PausedUntil = now.Add(pauseLength(e.Pauses))
		e.Pauses++
	}
}

// pauseLength returns how long a pause is that comes after so many others.
func pauseLength(others int) time.Duration {
	return min(pauseFirst<<min(max(others, 0), 16), pauseMax)
}

func disable(e *webhooks.Endpoint, now time.Time, reason string) {
	e.State, e.DisabledReason = webhooks.Disabled, reason
	e.Version++
	e.UpdatedAt = now
}

// DisabledEvent returns the event of an endpoint that became Disabled. The store appends it in the same transaction.
func DisabledEvent(e *webhooks.Endpoint, now time.Time) webhooks.Event {
	data := webhooks.AppendJSONString([]byte(`{"endpoint_id":`), e.ID)
	data = webhooks.AppendJSONString(append(data, `,"callback_url":`...), e.URL)
	data = webhooks.AppendJSONString(append(data, `,"client_name":`...), e.ClientName)
	data = webhooks.AppendJSONString(append(data, `,"reason":`...), e.DisabledReason)
	data = append(data, `,"failures":`...)
	data = append(strconv.AppendInt(data, int64(e.Failures), 10), '}')
	event := webhooks.Event{Type: webhooks.EndpointDisabled, Data: data}
	event.Init(now)
	return event
}

// Listens reports whether the endpoint gets a delivery of the event, perhaps only a Skipped one.
func Listens(e *webhooks.Endpoint, event *webhooks.Event) bool {
	return listens(e, event.Type, event.Numbered())
}

func listens(e *webhooks.Endpoint, eventType string, numbered bool) bool {
	if e.State == webhooks.Inactive || numbered && e.SummariesOnly {
		return false
	}
	return matchesAny(e.Events, eventType)
}

// matchesAny reports whether one of the subscriptions covers the type.
func matchesAny(subscriptions []string, eventType string) bool {
	return slices.ContainsFunc(subscriptions, func(s string) bool { return webhooks.Matches(s, eventType) })
}

// Audience returns those of the types that one of the endpoints listens to, in the types' order. With imported it is
// asked for events that are numbered in an import.
func Audience(endpoints []webhooks.Endpoint, imported bool, types []string) (heard []string) {
	for _, t := range types {
		if slices.ContainsFunc(endpoints, func(e webhooks.Endpoint) bool { return listens(&e, t, imported) }) {
			heard = append(heard, t)
		}
	}
	return heard
}
