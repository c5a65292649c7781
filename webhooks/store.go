package webhooks

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNotFound: there is no such endpoint or delivery.
	ErrNotFound = errors.New("webhooks: not found")
	// ErrVersion: the endpoint has another version than the one named.
	ErrVersion = errors.New("webhooks: the endpoint has changed")
	// ErrOff: the endpoint is Inactive or Disabled, so nothing can be sent to it.
	ErrOff = errors.New("webhooks: the endpoint is switched off")
)

// Store keeps endpoints, events, and deliveries. Every method is safe for concurrent use, by many processes where the
// store is shared. A method joins the transaction of its context where it has one, and changes nothing when it returns an
// error. Times are the store's own, in UTC and microseconds: clocks of workers don't matter. A clock that is set back
// keeps no delivery waiting until it has caught up (Endpoint.SetBack, Delivery.SetBack). What goes in is copied, what
// comes out is the caller's to keep and change, but for Events of a Claim, which may be shared and are not to be changed.
//
// The rules of an endpoint's and a delivery's life are methods of this package (Endpoint.Init, Note, Changed;
// Delivery.Conclude, Again; Plan and Spread): a store reads what is stored, calls one, and writes it back, all in one
// transaction. So every store's deliveries live the same life.
type Store interface {
	Endpoints
	Listeners
	Notifier
	Queue
	Deliveries
	Keeper
}

// Endpoints is for those who manage endpoints. Settings are validated by the caller (see Policy), not by the store.
type Endpoints interface {
	// CreateEndpoint stores a new endpoint and returns it as stored. The caller's ID, Version, Health and times don't
	// count, see Endpoint.Init.
	CreateEndpoint(ctx context.Context, e Endpoint) (Endpoint, error)
	// Endpoint returns the endpoint, or ErrNotFound.
	Endpoint(ctx context.Context, id string) (Endpoint, error)
	// ListEndpoints returns endpoints in the order of their creation: at most limit (1 to 1,000), behind the offset, and
	// how many there are in all. An error for a limit or an offset out of bounds, see CheckPage.
	ListEndpoints(ctx context.Context, limit, offset int) (endpoints []Endpoint, count int64, err error)
	// UpdateEndpoint lets change change the endpoint's settings and state, and returns it as stored, see Endpoint.Changed.
	// With a version other than 0 it does so only if the endpoint still has that version, else ErrVersion. Where nothing
	// changes nothing is written. An error from change is returned, and nothing changes. change is called inside the
	// transaction, perhaps several times, and must not call the store.
	//
	// When the endpoint ceases to receive (EndpointState.Receives), its Pending deliveries are Skipped, except for those that
	// are claimed at the moment. ErrNotFound, ErrVersion.
	UpdateEndpoint(ctx context.Context, id string, version int64, change func(e *Endpoint) error) (Endpoint, error)
	// DeleteEndpoint removes the endpoint with its deliveries, which can't be found any more: what is stored of them may
	// be left to Expire. Results of a claim on them count for nothing. The version counts as in UpdateEndpoint.
	// ErrNotFound, ErrVersion.
	DeleteEndpoint(ctx context.Context, id string, version int64) error
}

// Listeners tells what is worth telling.
type Listeners interface {
	// Listening returns those of the types that an endpoint listens to at the moment, be it Paused or Disabled, see
	// Audience. With imported those are meant that are Numbered in an import. An error is no reason to tell nothing.
	Listening(ctx context.Context, imported bool, types ...string) ([]string, error)
	// Numbers returns the highest Number that was given to an event of the import, by type; nothing for types without any.
	// Within a transaction it counts the transaction's own.
	Numbers(ctx context.Context, importID string) (map[string]int64, error)
}

// Notifier is for those whose changes are told.
type Notifier interface {
	// Append stores the events, in the transaction of its context or in one of its own, and makes a delivery of each to
	// every endpoint that listens to it (Endpoint.Listens): Pending, or Skipped for an endpoint that is Disabled, with the
	// event's time as NotBefore. An event without a listener is not stored at all, and gets no Number. It returns how many
	// were stored.
	//
	// It fills in the ID and Time of the events that are stored (Event.Init), perhaps of others, and the Number of those
	// that are Numbered: the next ones of their import and type, in the order of the slice, without a gap even where
	// transactions roll back. So appending to one import waits for the transaction that appended to it before.
	//
	// Events are refused, all of them, where one fails Event.Check. Data is not kept, and may be stored in another form, but
	// comes back byte by byte. A transaction that is run again from the top appends again: the events' Numbers and IDs may
	// then have been filled in, and the Numbers are given anew.
	Append(ctx context.Context, events []Event) (stored int, err error)
}

// ClaimRequest says how much a worker can do.
type ClaimRequest struct {
	// Worker is its name, for people.
	Worker string
	// Limit is how many claims it takes, 1 to 1,000; Bulk is how many of these may be of the lane Bulk, 0 to Limit.
	Limit, Bulk int
	// Spare is how many of them are kept for endpoints that answer and have no claim yet, 0 or more, see Plan.
	Spare int
	// Depth is how many deliveries a claim may have, 1 to 100.
	Depth int
	// Shallow names endpoints whose claims have one delivery.
	Shallow []string
	// Lease is how long the claims hold unless they are renewed: 1 ms to MaxLease, 0 for UsualLease.
	Lease time.Duration
}

// Claim is a worker's hold on some deliveries to one endpoint, in one lane, which it sends one after the other.
type Claim struct {
	// ID is the claim's alone: Result names it, and so a worker that lost its claim changes nothing.
	ID       string
	Endpoint *Endpoint // as it was then
	Lane     Lane
	// Work is never empty, and ordered: those first that are due longest.
	Work []Work
}

// Work is a delivery that is to be sent.
type Work struct {
	Delivery Delivery
	Event    *Event
}

// Result is what became of a claimed delivery.
type Result struct {
	ClaimID    string
	DeliveryID int64
	// Attempt is what was tried; nil when nothing was: then the delivery is Pending as before, may be claimed at once, and
	// the rest doesn't count.
	Attempt *Attempt
	// State is Delivered, Failed, or Pending to try again after the Delay.
	State DeliveryState
	Delay time.Duration
	// Gone: the endpoint said that it wants nothing more.
	Gone bool
}

// Queue is for workers.
type Queue interface {
	// Claim takes deliveries that are due, as Plan wants it: Pending, NotBefore has come, the endpoint Active, and in no claim
	// that still holds. A claim holds each of its deliveries until there is a Result for it, or until the Lease, counted
	// from the claim or from its last Renew, has run out. No delivery is in two claims that hold, and an endpoint never has more
	// of them than Plan allows, over all workers. Nothing without an error when there is nothing to do, or others are just
	// claiming it. Those of an endpoint and a lane are claimed first that are due longest, by NotBefore, or the end of the
	// lease that was lost last, then by ID.
	//
	// A crash of the store may undo a claim: then the deliveries are claimed again.
	Claim(ctx context.Context, request ClaimRequest) ([]Claim, error)
	// Renew has claims hold for the lease from now on, 1 ms to MaxLease, and returns how many it did so to. It leaves alone
	// those whose lease has run out, or that hold nothing any more, and may leave alone one that Finish is just at. A crash
	// of the store may undo it.
	Renew(ctx context.Context, claimIDs []string, lease time.Duration) (renewed int, err error)
	// Finish stores the results of claims, in their order, and returns how many counted. A Result counts while its claim is
	// the last that the delivery was in, be the lease over or not, and there was no other Result and no Resend, Replay or
	// Skip since; else it changes nothing. It writes the delivery (Delivery.Conclude), adds the
	// attempt to its log, and notes the endpoint's health (Endpoint.Note); an endpoint that becomes Disabled skips
	// its Pending deliveries as in UpdateEndpoint, and has DisabledEvent appended in the same transaction. A crash of the
	// store may undo it: then the deliveries are sent again.
	Finish(ctx context.Context, results []Result) (counted int, err error)
	// Wake returns a channel that has a value soon after a delivery was made that is due. It is a hint: values get lost, and
	// workers look for themselves now and then. The channel lives until the context ends; it may be nil.
	Wake(ctx context.Context) <-chan struct{}
}

// DeliveryQuery says which deliveries are wanted. The zero value is the newest ones.
type DeliveryQuery struct {
	// EndpointID, EventID, EventType and ImportID, where they are not empty, are the deliveries'.
	EndpointID, EventID, EventType, ImportID string
	// States, if there are any, are those that are wanted.
	States []DeliveryState
	// Before, if not 0, is an ID: older ones are wanted.
	Before int64
	// Limit is how many are wanted, 1 to 1,000, 0 for 50.
	Limit int
}

// Record is all that is known of a delivery.
type Record struct {
	Delivery Delivery
	Event    Event
	// Attempts are the log, oldest first.
	Attempts []Attempt
}

// ReplayStep is a part of a replay.
type ReplayStep struct {
	EndpointID string
	// Since is the time of the oldest event that is sent again, of whatever time zone.
	Since time.Time
	// States are those of the deliveries that are sent again: Failed, Skipped, Delivered.
	States []DeliveryState
	// After is the ID behind which the step begins: 0, or what the last step returned.
	After int64
	// Limit is how many deliveries are looked at, 1 to 10,000.
	Limit int
}

// Deliveries is for those who look after deliveries.
type Deliveries interface {
	// ListDeliveries returns deliveries, the greatest ID first. ErrNotFound for an EndpointID that isn't there.
	ListDeliveries(ctx context.Context, query DeliveryQuery) ([]Delivery, error)
	// Delivery returns the delivery with its event and its log, or ErrNotFound.
	Delivery(ctx context.Context, id int64) (Record, error)
	// Resend makes the delivery due now, with a schedule that begins anew (Delivery.Again), and returns it; one that is
	// claimed is returned as it is. ErrNotFound, ErrOff.
	Resend(ctx context.Context, id int64) (Delivery, error)
	// Replay does the same with deliveries to one endpoint, which go into the lane Bulk, and returns how many it did so to,
	// and the ID of the last one that it looked at: there may be more behind that one, unless it is 0. Claimed ones are
	// left out. ErrNotFound, ErrOff.
	Replay(ctx context.Context, step ReplayStep) (n int, last int64, err error)
	// Backlog tells how much waits.
	Backlog(ctx context.Context) (Backlog, error)
}

// Backlog is what waits to be sent to Active endpoints.
type Backlog struct {
	// Due deliveries could be sent now, Later ones wait for their next attempt; by lane. Claimed ones are among Due.
	Due, Later [2]int64
	// Oldest is how long the delivery that waits longest has been due, by lane; 0 where none is.
	Oldest [2]time.Duration
	// Endpoints counts the endpoints by state.
	Endpoints map[EndpointState]int64
	// Failing counts the Active ones that their failures paused, and that took nothing since (PausedUntil isn't zero).
	Failing int64
}

// Expiry says what is not kept any longer.
type Expiry struct {
	// Delivered is the time before which Delivered deliveries ended that are not kept.
	Delivered time.Time
	// Others is that for Failed and Skipped ones, and for Pending ones, by CreatedAt, whose endpoint doesn't receive. It
	// is also that for numbers of imports, by when one was last given.
	Others time.Time
	// Limit is how many deliveries are removed at once, 1 to 100,000.
	Limit int
}

// Keeper is for housekeeping.
type Keeper interface {
	// Expire removes deliveries with their logs, their events where no other delivery is left, what is left of endpoints
	// that were deleted, and numbers of imports. It returns how many deliveries it removed: there may be more while that is
	// the limit.
	Expire(ctx context.Context, expiry Expiry) (removed int, err error)
}
