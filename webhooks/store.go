package webhooks

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNotFound is the error for an endpoint or a delivery that doesn't exist.
	ErrNotFound = errors.New("webhooks: not found")
	// ErrVersion is the error for an endpoint that has another version than the one named.
	ErrVersion = errors.New("webhooks: the endpoint has changed")
	// ErrOff is the error for an endpoint that is Inactive or Disabled, so that nothing can be sent to it.
	ErrOff = errors.New("webhooks: the endpoint is switched off")
	// ErrUnreadable is the error for what needs an endpoint's credentials, where they can't be read: see
	// Credentials.Unreadable.
	ErrUnreadable = errors.New("webhooks: the endpoint's secrets can't be read")
)

// Store keeps endpoints, events and deliveries. Its parts are for different users, who need only one of them each:
// [Endpoints] and [Deliveries] for those who manage them, [Listeners] and [Notifier] for those who make events, [Queue]
// for workers, [Feed] for those who fetch events, [Pruner] for housekeeping.
//
// Every method is safe for concurrent use, by several processes where they share the store. A method joins the
// transaction of its context where there is one, and changes nothing when it returns an error. Times are the store's
// own, in UTC and microseconds: the clocks of workers don't matter. When the store's clock is set back, no delivery
// waits until it has caught up. What goes into a method is copied. What comes out is the caller's to keep and to
// change, except for the Events of a [Claim], which may be shared and must not be changed.
//
// Package driver has what a store is made with: the rules of the lives of endpoints and deliveries. Package storetest
// checks that a store keeps to this contract.
type Store interface {
	Endpoints
	Listeners
	Notifier
	Queue
	Deliveries
	Feed
	Pruner
}

// Endpoints keeps endpoints. It stores settings as they are: its caller validates them (see [Policy.Check]).
type Endpoints interface {
	// CreateEndpoint stores a new endpoint and returns it as stored. ID, Version, Health and times are set by the
	// store, whatever the caller put there.
	CreateEndpoint(ctx context.Context, e Endpoint) (Endpoint, error)
	// Endpoint returns the endpoint, or ErrNotFound.
	Endpoint(ctx context.Context, id string) (Endpoint, error)
	// ListEndpoints returns endpoints in the order of their creation: at most limit of them (1 to 1,000), after the
	// first offset ones (0 or more), and how many there are in all. It returns an error for a limit or an offset out of
	// bounds.
	ListEndpoints(ctx context.Context, limit, offset int) (endpoints []Endpoint, count int64, err error)
	// UpdateEndpoint calls change with the endpoint, stores the settings and the state that change gave it, and returns
	// it as stored. Nothing is written when nothing changed. When change returns an error, UpdateEndpoint returns it
	// and changes nothing. change is called inside the transaction, perhaps several times, and must not call the store.
	// A version other than 0 is the one that the endpoint must have.
	//
	// An endpoint that becomes Active, or whose PausedUntil is made zero, is as healthy as a new one. When it ceases to
	// receive (EndpointState.Receives), its Pending deliveries become Skipped, except for those that are claimed at the
	// moment. Errors: ErrNotFound, ErrVersion, ErrUnreadable.
	UpdateEndpoint(ctx context.Context, id string, version int64, change func(e *Endpoint) error) (Endpoint, error)
	// DeleteEndpoint removes the endpoint and its deliveries, which can't be found any more; Prune may remove what is
	// stored of them later. Results of claims on them don't count. The version is as in UpdateEndpoint. Errors:
	// ErrNotFound, ErrVersion.
	DeleteEndpoint(ctx context.Context, id string, version int64) error
}

// Listeners says which events somebody listens to, so that nobody makes events for nothing.
type Listeners interface {
	// Listening returns those of the types that an endpoint listens to at the moment, Paused and Disabled ones
	// included, and all of them while a feed is kept. With imported it is asked for events that are numbered in an
	// import (Event.Numbered), which endpoints with SummariesOnly don't get. An error doesn't mean that nobody
	// listens.
	Listening(ctx context.Context, imported bool, types ...string) ([]string, error)
	// Numbers returns the highest Number that an event of the import has, by type; no entry for a type without any.
	// Within a transaction it counts those of the transaction too.
	Numbers(ctx context.Context, importID string) (map[string]int64, error)
}

// Notifier stores events, for those who make changes.
type Notifier interface {
	// Append stores the events, in the transaction of its context or in one of its own, and makes a delivery of each
	// event for every endpoint that listens to it: Pending, or Skipped for an endpoint that is Disabled, with the
	// event's time as NotBefore. While a feed is kept, all events go there too (see Feed). An event without a listener
	// is not stored, and gets no Number. Append returns how many events were stored.
	//
	// It sets the ID and the Time of the events that are stored, perhaps of others too (Event.Init), and the Number of
	// those that are numbered (Event.Numbered): the next ones of their import and type, in the order of the slice,
	// without a gap even where transactions are rolled back. So appending to one import waits for the transaction that
	// appended to it before.
	//
	// When one of the events is invalid, none is stored: ErrTooLarge for data longer than MaxData, another error for a
	// Type that is empty or longer than 100 bytes, an ImportID longer than 100 bytes, an ID that isn't empty and not as
	// Init makes it, or Data that is no JSON object. The slices are not kept. Data comes back byte by byte. A
	// transaction that is run again from the top appends again: the events then may have IDs and Numbers already, and
	// get their Numbers anew.
	Append(ctx context.Context, events []Event) (stored int, err error)
}

// ClaimRequest is how much work a worker can take.
type ClaimRequest struct {
	// Worker is the worker's name, for people. It must not be empty.
	Worker string
	// Limit is how many claims the worker can take, 1 to 1,000; Bulk is how many of these may be in the lane Bulk, 0 to
	// Limit.
	Limit, Bulk int
	// Spare is how many of them are reserved for endpoints that answer and have no claim yet, 0 or more.
	Spare int
	// Depth is how many deliveries a claim may have, 1 to 100.
	Depth int
	// Shallow names endpoints whose claims have one delivery.
	Shallow []string
	// Lease is how long the claims hold unless they are renewed: 1 ms to 1 min, 0 for 12 s.
	Lease time.Duration
}

// Claim is a worker's hold on some deliveries to one endpoint, in one lane. The worker sends them one after the other.
type Claim struct {
	// ID is the claim's alone. A Result names it, so that a worker that has lost its claim changes nothing.
	ID       string
	Endpoint *Endpoint // as it was when the claim was made
	Lane     Lane
	// Work is never empty. What has been due for longest comes first.
	Work []Work
}

// Work is a delivery to be sent.
type Work struct {
	Delivery Delivery
	Event    *Event
}

// Result is what became of a claimed delivery.
type Result struct {
	ClaimID    string
	DeliveryID int64
	// Attempt is what was tried. It is nil when nothing was: then the delivery stays Pending, may be claimed at once,
	// and the fields below don't count.
	Attempt *Attempt
	// State is Delivered, Failed, or Pending for a delivery that is to be tried again after the Delay, 0 or more.
	State DeliveryState
	Delay time.Duration
	// Hold is for how long from now on the endpoint wants no delivery at all, 0 or more. It counts with a result that
	// is no success.
	Hold time.Duration
	// Gone says that the endpoint wants no more deliveries.
	Gone bool
}

// Queue hands out deliveries to workers.
type Queue interface {
	// Claim takes deliveries that are due: Pending, NotBefore has come, the endpoint is Active and not paused, and no
	// claim that holds has them; of endpoints whose credentials can't be read none. How many of which endpoint it
	// takes, over all workers, is decided by driver.Plan. A claim holds each of its deliveries until there is a Result
	// for it, or until the lease has run out, counted from the claim or from its last Renew. No delivery is in two
	// claims that hold. Of one endpoint and lane, deliveries are claimed in the order of NotBefore, or of the end of
	// the lease that was lost last, then of their IDs. Claim returns nothing, without an error, when there is nothing
	// to do, or when others are just claiming it.
	//
	// A crash of the store may undo a claim: then the deliveries are claimed again.
	Claim(ctx context.Context, request ClaimRequest) ([]Claim, error)
	// Renew makes claims hold for the lease from now on, 1 ms to 1 min, and returns how many it renewed. It doesn't
	// renew a claim whose lease has run out, or that holds nothing any more, and perhaps not one that Finish is working
	// on. A crash of the store may undo it.
	Renew(ctx context.Context, claimIDs []string, lease time.Duration) (renewed int, err error)
	// Finish stores the results of claims, in their order, and returns how many counted. A Result counts while its
	// claim is the last one that the delivery was in, even if the lease is over, and there was no other Result and no
	// Resend, Replay or Skip since; otherwise it changes nothing. It changes the delivery, adds the attempt to its log,
	// and notes the endpoint's health. When the endpoint becomes Disabled, its Pending deliveries are skipped as in
	// UpdateEndpoint, and an event EndpointDisabled is appended in the same transaction. A crash of the store may undo
	// Finish: then the deliveries are sent again.
	Finish(ctx context.Context, results []Result) (counted int, err error)
	// Wake returns a channel that receives a value soon after a delivery was made that is due, or an event has come
	// into the feed. It is a hint: values get lost, so workers and readers also look for themselves now and then. The
	// channel is used until the context ends. It may be nil.
	Wake(ctx context.Context) <-chan struct{}
}

// DeliveryQuery selects deliveries. The zero value selects the newest ones.
type DeliveryQuery struct {
	// EndpointID, EventID, EventType and ImportID, where they are not empty, are those of the deliveries.
	EndpointID, EventID, EventType, ImportID string
	// States are the states of the deliveries, none for all.
	States []DeliveryState
	// Before, if not 0, is an ID: only smaller ones are selected.
	Before int64
	// Limit is the highest number of deliveries, 1 to 1,000, 0 for 50.
	Limit int
}

// Hour counts the deliveries to an endpoint that ended within an hour.
type Hour struct {
	// Start is the hour's beginning, in UTC.
	Start time.Time
	// Delivered, Failed and Skipped count them by their states.
	Delivered, Failed, Skipped int64
}

// Record is all that is known of a delivery.
type Record struct {
	Delivery Delivery
	Event    Event
	// Attempts are the log, oldest first.
	Attempts []Attempt
}

// ReplayStep is a part of a replay. A replay of any length is done in steps, each of them a transaction.
type ReplayStep struct {
	EndpointID string
	// Since is the time of the oldest event that is sent again, in any time zone.
	Since time.Time
	// States are those of the deliveries that are sent again, at least one: Failed, Skipped, Delivered, and Pending for
	// those that wait for their next attempt.
	States []DeliveryState
	// After is the ID after which the step begins: 0, or what the last step returned.
	After int64
	// Limit is how many deliveries the step looks at, 1 to 10,000.
	Limit int
}

// Deliveries reads deliveries, and sends them again.
type Deliveries interface {
	// ListDeliveries returns deliveries, the greatest ID first. It returns ErrNotFound for an EndpointID that doesn't
	// exist.
	ListDeliveries(ctx context.Context, query DeliveryQuery) ([]Delivery, error)
	// Hours returns how many deliveries to the endpoint ended (FinishedAt) in each of the last n hours, 1 to 168: full
	// hours of UTC, the oldest first, and last the current one by the store's clock. It counts what is stored: not
	// deliveries that were pruned, and one that was sent again where it ended last. ErrNotFound, and an error for an n
	// out of bounds.
	Hours(ctx context.Context, endpointID string, n int) ([]Hour, error)
	// Delivery returns the delivery with its event and its log, or ErrNotFound.
	Delivery(ctx context.Context, id int64) (Record, error)
	// Resend makes the delivery due now, with a schedule that starts from its beginning, and returns it. A delivery
	// that is claimed is returned unchanged. Errors: ErrNotFound, ErrOff.
	Resend(ctx context.Context, id int64) (Delivery, error)
	// Replay does the same with many deliveries to one endpoint, which move to the lane Bulk, except for Pending ones.
	// It returns how many it made due, and the ID of the last one that it looked at; 0 when there are no more. Claimed
	// deliveries are left out, and so are Pending ones that are due already. Errors: ErrNotFound, ErrOff.
	Replay(ctx context.Context, step ReplayStep) (n int, last int64, err error)
	// Backlog returns how much waits.
	Backlog(ctx context.Context) (Backlog, error)
}

// Backlog is what waits to be sent to Active endpoints.
type Backlog struct {
	// Due counts the deliveries that could be sent now, claimed ones included, Later those that wait for their next
	// attempt; by lane.
	Due, Later [2]int64
	// Oldest is how long the delivery that waits longest has been due, by lane; 0 where none is.
	Oldest [2]time.Duration
	// Endpoints counts the endpoints by state.
	Endpoints map[EndpointState]int64
	// Failing counts the Active endpoints that were paused because they failed, and took nothing since (PausedUntil
	// isn't zero).
	Failing int64
}

// PruneRequest selects what is no longer kept.
type PruneRequest struct {
	// DeliveredBefore selects Delivered deliveries that ended before it.
	DeliveredBefore time.Time
	// OthersBefore selects Failed and Skipped deliveries that ended before it, Pending ones that were made before it
	// and whose endpoint doesn't receive, and the numbers of imports of which none was given since.
	OthersBefore time.Time
	// Limit is the highest number of deliveries and of places in the feed that are removed, 1 to 100,000.
	Limit int
}

// Pruner removes what is old.
type Pruner interface {
	// Prune removes deliveries with their logs, events from the feed that have been there for longer than KeepFeed
	// said, events that neither a delivery nor the feed has any more, what is left of endpoints that were deleted, and
	// numbers of imports. It returns how many deliveries and places in the feed it removed: when that is the limit,
	// there may be more.
	Prune(ctx context.Context, request PruneRequest) (removed int, err error)
}
