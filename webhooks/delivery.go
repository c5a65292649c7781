package webhooks

import "time"

// DeliveryState says how far a delivery is.
type DeliveryState string

const (
	// Pending deliveries are to be sent, now or later, or are being sent.
	Pending DeliveryState = "pending"
	// Delivered ones were taken by the endpoint.
	Delivered DeliveryState = "delivered"
	// Failed ones were tried as often as the schedule has it, or the endpoint is gone.
	Failed DeliveryState = "failed"
	// Skipped ones were not sent because the endpoint was Disabled, or became Inactive before.
	Skipped DeliveryState = "skipped"
)

// Delivery is an event on its way to an endpoint. There is at most one of each event for each endpoint.
type Delivery struct {
	// ID is positive and never used again. Later deliveries have greater ones, except for those that are made at the
	// same time.
	ID         int64
	EndpointID string

	// These are the event's.
	EventID   string
	EventType string
	ImportID  string
	Number    int64

	// Lane is the event's, or Bulk once the delivery was replayed.
	Lane  Lane
	State DeliveryState
	// Attempts counts the attempts whose outcome is stored. Earlier counts those of them that were made before the
	// delivery was last sent again or replayed: the schedule starts anew then.
	Attempts, Earlier int
	// NotBefore is when the next attempt may be made, while the delivery is Pending.
	NotBefore time.Time
	// CreatedAt is the event's time. FinishedAt is when the state last became other than Pending; zero while it is
	// Pending.
	CreatedAt, FinishedAt time.Time

	// These are the last attempt's, zero before the first one.
	LastAttempt time.Time
	LastStatus  int
	LastFailure FailureKind
}

// Attempt is one request and its outcome.
type Attempt struct {
	// Number counts the attempts of a delivery from 1.
	Number int
	// Worker is the name of the worker that made it.
	Worker string
	// At is when it began, by the worker's clock, Duration how long it took.
	At       time.Time
	Duration time.Duration
	// Status is the answer's HTTP status, 0 for no answer.
	Status int
	// Failure is empty when the endpoint took the delivery.
	Failure FailureKind
	// Error describes the failure, in at most 500 bytes of valid UTF-8. Whoever may see the endpoint may read it: it
	// has no addresses that names lead to, and nothing else of the network that it was sent from.
	Error string
	// Response is the beginning of the answer's body, at most 4 KiB of any bytes.
	Response []byte
}

// Bounds of an Attempt, in bytes.
const (
	maxError    = 500
	maxResponse = 4 << 10
)
