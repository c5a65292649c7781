package webhooks

import (
	"maps"
	"slices"
	"time"
)

// EndpointState says what becomes of an endpoint's events.
type EndpointState string

const (
	// Active: they are delivered.
	Active EndpointState = "active"
	// Paused, by its owner: they wait until it is Active again.
	Paused EndpointState = "paused"
	// Inactive, by its owner: it doesn't listen, and nothing is recorded for it.
	Inactive EndpointState = "inactive"
	// Disabled, because it failed for too long, or said that it is gone: they are kept as Skipped.
	Disabled EndpointState = "disabled"
)

// Receives tells whether deliveries to the endpoint are made, now or later.
func (s EndpointState) Receives() bool { return s == Active || s == Paused }

// Endpoint is where somebody wants events to be sent to.
type Endpoint struct {
	// ID is "ep_" and a UUID, version 7, without dashes.
	ID string
	// Version is 1 for a new endpoint and grows by one whenever a setting or the state changes.
	Version int64

	// URL takes the POST requests.
	URL string
	// ClientName says whose it is, for people.
	ClientName string
	// Events are its subscriptions, see Matches. At least one.
	Events []string
	// SummariesOnly spares it the single events of imports: it gets import.completed and its like alone.
	SummariesOnly bool
	// Concurrency is how many deliveries may be under way at the same time, over all workers. With 1 they come, in
	// practice, in order.
	Concurrency int
	// RateLimit is how many deliveries a second are begun at most, over all workers; 0 for any number.
	RateLimit int
	// Timeout is how long a delivery may take in all.
	Timeout time.Duration

	State EndpointState
	// DisabledReason says why the state is Disabled.
	DisabledReason string
	Private
	Health

	CreatedAt, UpdatedAt time.Time
}

// Private is what nobody may see but the dispatcher. It shows itself in no log and no JSON; see Pack.
type Private struct {
	// Secrets sign the deliveries, the newest first. It is the only one without an end.
	Secrets []LiveSecret
	// Token, if not empty, is sent as "Authorization: Bearer".
	Token Token
	// Headers are sent besides.
	Headers Headers
}

// LiveSecret is a secret in use.
type LiveSecret struct {
	Secret
	// Until is when it ends, zero for never.
	Until time.Time
}

// Health is how an endpoint does. It is the stores' to change, through Endpoint.Note.
type Health struct {
	// Failures are the failed attempts since the last that succeeded.
	Failures int
	// FailingSince is when the first of them was; zero for none.
	FailingSince time.Time
	// LastSuccess is when a delivery succeeded last, to the minute; zero for never.
	LastSuccess time.Time
	// PausedUntil is the end of the pause that too many failures made, zero for none: until then nothing is sent, then one
	// delivery at a time, until one succeeds. Pauses is how many there were since the last success.
	PausedUntil time.Time
	Pauses      int
	// Spent is how far ahead the rate limit is used up.
	Spent time.Time
}

// Listens tells whether the endpoint is to be told of the event, be it only as Skipped.
func (e *Endpoint) Listens(event *Event) bool {
	return e.listens(event.Type, event.Numbered())
}

func (e *Endpoint) listens(eventType string, numbered bool) bool {
	if e.State == Inactive || numbered && e.SummariesOnly {
		return false
	}
	return slices.ContainsFunc(e.Events, func(s string) bool { return Matches(s, eventType) })
}

// Audience returns those of the types that one of the endpoints listens to, in the types' order. With imported those
// are meant that are numbered in an import.
func Audience(endpoints []Endpoint, imported bool, types []string) (heard []string) {
	for _, t := range types {
		if slices.ContainsFunc(endpoints, func(e Endpoint) bool { return e.listens(t, imported) }) {
			heard = append(heard, t)
		}
	}
	return heard
}

// Clone returns a copy that shares nothing with the endpoint.
func (e Endpoint) Clone() Endpoint {
	e.Events = slices.Clone(e.Events)
	e.Secrets = slices.Clone(e.Secrets)
	e.Headers = maps.Clone(e.Headers)
	return e
}

// Init makes a new endpoint of what its owner said, Active unless its State says otherwise. Stores call it with their
// clock's time.
func (e *Endpoint) Init(now time.Time) {
	e.ID, e.Version, e.CreatedAt, e.UpdatedAt = NewID("ep_", now), 1, now, now
	e.Health = Health{}
	if e.State == "" {
		e.State = Active
	}
}
