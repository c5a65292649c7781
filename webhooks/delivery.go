package webhooks

import "time"

// DeliveryState says where a delivery is.
type DeliveryState string

const (
	// Pending: it is to be sent, now or later, or is being sent.
	Pending DeliveryState = "pending"
	// Delivered: the endpoint took it.
	Delivered DeliveryState = "delivered"
	// Failed: no further attempt is made.
	Failed DeliveryState = "failed"
	// Skipped: the endpoint was Disabled or became Inactive before it was sent.
	Skipped DeliveryState = "skipped"
)

// Delivery is an event on its way to an endpoint. An event has at most one for each endpoint.
type Delivery struct {
	// ID is positive, and never used twice. Later ones are greater, but for those that are made at the same time.
	ID         int64
	EndpointID string

	// These are the event's.
	EventID   string
	EventType string
	ImportID  string
	Number    int64

	// Lane is the event's, until the delivery is replayed.
	Lane  Lane
	State DeliveryState
	// Attempts is how many were made whose outcome is stored. Earlier is how many of them were made before the delivery
	// was last sent again or replayed, which begins the schedule anew.
	Attempts, Earlier int
	// NotBefore is when the next attempt may be made, if it is Pending.
	NotBefore time.Time
	// CreatedAt is the event's time, FinishedAt when the state last became other than Pending; zero while it is Pending.
	CreatedAt, FinishedAt time.Time

	// Of the last attempt, zero before the first.
	LastAttempt time.Time
	LastStatus  int
	LastKind    Kind
}

// Kind says why an attempt failed; it is empty for one that succeeded.
type Kind string

const (
	// KindDNS: the host's name doesn't resolve.
	KindDNS Kind = "dns"
	// KindRefused: nobody listens there.
	KindRefused Kind = "refused"
	// KindConnection: the connection can't be made, or breaks before the answer is there.
	KindConnection Kind = "connection"
	// KindTLS: certificates, versions, handshakes.
	KindTLS Kind = "tls"
	// KindTimeout: it took too long, the answer's body included.
	KindTimeout Kind = "timeout"
	// KindSSRF: the address is one that must not be asked.
	KindSSRF Kind = "ssrf"
	// KindStatus: the answer's status is not 2xx.
	KindStatus Kind = "status"
	// KindRedirect: the answer is a redirect, which is never followed.
	KindRedirect Kind = "redirect"
	// KindHeader: the answer's header is too long.
	KindHeader Kind = "header"
	// KindProtocol: the answer is no HTTP, or changes to a protocol that nobody asked for.
	KindProtocol Kind = "protocol"
	// KindBody: the answer's body broke off.
	KindBody Kind = "body"
	// KindRequest: no request can be made of the endpoint's settings.
	KindRequest Kind = "request"
)

// Attempt is one request and what came of it.
type Attempt struct {
	// Number counts the attempts of a delivery from 1.
	Number int
	// Worker made it.
	Worker string
	// At is when it began, by the worker's clock, Duration how long it took.
	At       time.Time
	Duration time.Duration
	// Status is the answer's, 0 for none.
	Status int
	// Kind is empty when the endpoint took the delivery.
	Kind Kind
	// Error says more, in at most MaxError bytes of valid UTF-8. Whoever may see the endpoint may read it: it names neither
	// addresses that names lead to nor anything else of the network here.
	Error string
	// Response is the beginning of the answer's body, at most MaxResponse bytes of any kind.
	Response []byte
}

// Bounds of an Attempt.
const (
	MaxError    = 500
	MaxResponse = 4 << 10
)
