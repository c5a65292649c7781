package webhooks

import (
	"maps"
	"slices"
	"time"
)

// EndpointState says what becomes of an endpoint's events.
type EndpointState string

const (
	// Active endpoints get their events.
	Active EndpointState = "active"
	// Paused endpoints get their events later, once their owner makes them Active again.
	Paused EndpointState = "paused"
	// Inactive endpoints don't listen, by their owner's will: nothing is stored for them.
	Inactive EndpointState = "inactive"
	// Disabled endpoints failed for too long, or said that they want nothing more. Their events are stored as Skipped.
	Disabled EndpointState = "disabled"
)

// Receives reports whether deliveries to the endpoint are made, now or later.
func (s EndpointState) Receives() bool { return s == Active || s == Paused }

// Endpoint is a receiver of events. [Policy.Check] says whether its settings are valid.
type Endpoint struct {
	// ID is "ep_" and a UUID, version 7, without dashes.
	ID string
	// Version is 1 for a new endpoint and grows by one whenever a setting or the state changes.
	Version int64

	// URL takes the POST requests. It has at most 2,048 bytes.
	URL string
	// ClientName says whose it is, for people, in at most 255 characters.
	ClientName string
	// Events are the types that it listens to: 1 to 50 of [Types], or patterns (see [Matches]).
	Events []string
	// SummariesOnly spares it the single events of imports: of those it gets import.completed and the like alone.
	SummariesOnly bool
	// Concurrency is how many deliveries may be under way at the same time, over all workers, 1 to 64. With 1 they
	// usually come in order.
	Concurrency int
	// RateLimit is how many deliveries may begin in a second, over all workers, at most 10,000; 0 for no limit.
	RateLimit int
	// Timeout is how long an attempt may take: 1 s to [MaxTimeout].
	Timeout time.Duration

	State EndpointState
	// DisabledReason says why the state is Disabled, for people.
	DisabledReason string
	Credentials
	Health

	CreatedAt, UpdatedAt time.Time
}

// Health is what the store notes of an endpoint's deliveries.
type Health struct {
	// Failures counts the failed attempts since the last successful one.
	Failures int
	// FailingSince is when the first of them was; zero for none.
	FailingSince time.Time
	// LastSuccess is when an attempt was successful last, to the minute; zero for never.
	LastSuccess time.Time
	// PausedUntil is the end of the pause that too many failures led to, or that the receiver asked for (Result.Hold),
	// zero for none. Until then nothing is sent; after a pause for failures one delivery at a time, until one is
	// successful. Pauses counts the pauses for failures since the last success.
	PausedUntil time.Time
	Pauses      int
	// Spent is the time up to which the rate limit is used up.
	Spent time.Time
}

// Pause makes deliveries to the endpoint wait, until Resume. It is for the function given to
// [Endpoints].UpdateEndpoint.
func (e *Endpoint) Pause() { e.State = Paused }

// Resume makes the endpoint Active, and ends the pause that its failures led to, or that it asked for. It is for the
// function given to [Endpoints].UpdateEndpoint.
func (e *Endpoint) Resume() { e.State, e.PausedUntil = Active, time.Time{} }

// Clone returns a copy that shares nothing with the endpoint.
func (e Endpoint) Clone() Endpoint {
	e.Events = slices.Clone(e.Events)
	e.Secrets = slices.Clone(e.Secrets)
	e.Headers = maps.Clone(e.Headers)
	return e
}
