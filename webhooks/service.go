package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/webhooks/receive"
)

// ServiceOptions are the settings of a [Service]. The zero value works.
type ServiceOptions struct {
	// Policy says which endpoints are allowed. The [Sender] should have the same one.
	Policy Policy
	// KeepDelivered is how long Prune keeps Delivered deliveries, KeepOthers how long Failed and Skipped ones, counted
	// from their end: at least an hour, 0 for 7 and 30 days.
	KeepDelivered, KeepOthers time.Duration
	// Logger logs tests that failed, with the cause that clients don't see (Answer.Cause); nil for none.
	Logger *slog.Logger
}

// Service manages endpoints and deliveries, where that takes more than a method of the [Store]: reading, deleting and
// resending are the store's. It is safe for concurrent use.
type Service struct {
	store   Store
	sender  *Sender
	options ServiceOptions
	feed    feedWatch
}

const (
	defaultConcurrency = 8
	defaultTimeout     = 15 * time.Second
	// replayAtOnce and pruneAtOnce are how many deliveries are changed in one transaction.
	replayAtOnce = 1_000
	pruneAtOnce  = 2_000
	listAtOnce   = 1_000
)

// NewService returns a Service. The error names the option that is wrong.
func NewService(store Store, sender *Sender, options ServiceOptions) (*Service, error) {
	if store == nil || sender == nil {
		return nil, errors.New("webhooks: a service needs a store and a sender")
	}
	if options.KeepDelivered == 0 {
		options.KeepDelivered = 7 * 24 * time.Hour
	}
	if options.KeepOthers == 0 {
		options.KeepOthers = 30 * 24 * time.Hour
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case options.KeepDelivered < time.Hour:
		return nil, fmt.Errorf("webhooks: ServiceOptions.KeepDelivered must be at least 1h, not %v",
			options.KeepDelivered)
	case options.KeepOthers < time.Hour:
		return nil, fmt.Errorf("webhooks: ServiceOptions.KeepOthers must be at least 1h, not %v", options.KeepOthers)
	}
	return &Service{store: store, sender: sender, options: options, feed: feedWatch{store: store}}, nil
}

// Create stores a new endpoint and returns it as stored. Where they are zero, Events becomes "*", Concurrency 8 and
// Timeout 15 s; without Secrets it gets a new one. The error is a [*ValidationError] for invalid settings.
func (s *Service) Create(ctx context.Context, e Endpoint) (Endpoint, error) {
	e = e.Clone()
	if len(e.Secrets) == 0 {
		e.Secrets = []LiveSecret{{Secret: receive.NewSecret()}}
	}
	e.defaults()
	if err := s.options.Policy.Check(&e); err != nil {
		return Endpoint{}, err
	}
	return s.store.CreateEndpoint(ctx, e)
}

// defaults sets what is zero.
func (e *Endpoint) defaults() {
	if len(e.Events) == 0 {
		e.Events = []string{"*"}
	}
	if e.Concurrency == 0 {
		e.Concurrency = defaultConcurrency
	}
	if e.Timeout == 0 {
		e.Timeout = defaultTimeout
	}
	e.Headers = canonicalHeaders(e.Headers)
}

// Update changes an endpoint as [Endpoints].UpdateEndpoint does. What change makes of it is completed and checked as in
// [Service.Create].
func (s *Service) Update(ctx context.Context, id string, version int64,
	change func(e *Endpoint) error) (Endpoint, error) {
	return s.store.UpdateEndpoint(ctx, id, version, func(e *Endpoint) error {
		if err := change(e); err != nil {
			return err
		}
		e.defaults()
		return s.options.Policy.Check(e)
	})
}

// Rotate gives the endpoint the next secret, as [Credentials.Rotate] does, and returns the endpoint. When next is the
// zero Secret, a new one is made. It is the endpoint's first secret then. A version other than 0 is the one that the
// endpoint must have. Errors: [ErrNotFound], [ErrVersion], a [*ValidationError].
func (s *Service) Rotate(ctx context.Context, id string, version int64, next receive.Secret,
	grace time.Duration) (Endpoint, error) {
	if next == (receive.Secret{}) {
		next = receive.NewSecret()
	}
	return s.store.UpdateEndpoint(ctx, id, version,
		func(e *Endpoint) error { return e.Rotate(time.Now(), next, grace) })
}

// Test sends a [WebhookTest] to the endpoint, whatever its state and the types that it listens to, and returns the
// outcome. Nothing of it is stored. Errors: [ErrNotFound], [ErrUnreadable], the context's.
func (s *Service) Test(ctx context.Context, id string) (Attempt, error) {
	e, err := s.store.Endpoint(ctx, id)
	if err != nil {
		return Attempt{}, err
	}
	if e.Unreadable {
		return Attempt{}, fmt.Errorf("%w: %s", ErrUnreadable, id)
	}
	event := Event{Type: WebhookTest, Data: append(AppendJSONString([]byte(`{"endpoint_id":`), e.ID), '}')}
	event.Init(time.Now())
	answer, err := s.sender.Send(ctx, &e, &event, 1)
	if answer.Cause != nil {
		s.options.Logger.InfoContext(ctx, "a webhook's test failed", "endpoint", id, "kind", answer.Failure, "error",
			answer.Error, "cause", answer.Cause)
	}
	return answer.Attempt, err
}

// Resume makes the endpoint Active, whatever stopped its deliveries, as [Endpoint.Resume] does, and brings those
// forward that wait for their next attempt. It returns the endpoint, and how many deliveries it brought forward, also
// with an error. A version other than 0 is the one that the endpoint must have. Errors: [ErrNotFound], [ErrVersion].
func (s *Service) Resume(ctx context.Context, id string, version int64) (e Endpoint, n int64, err error) {
	e, err = s.Update(ctx, id, version, func(e *Endpoint) error { e.Resume(); return nil })
	if err != nil {
		return Endpoint{}, 0, err
	}
	n, err = s.Replay(ctx, id, time.Time{}, Pending)
	return e, n, err
}

// Unreadable returns how many endpoints have credentials that can't be read, of how many: nothing can be sent to them,
// nor can they be changed. They were sealed with another key than the store has, or the store has none.
func (s *Service) Unreadable(ctx context.Context) (unreadable, all int64, err error) {
	for offset := 0; ; offset += listAtOnce {
		some, _, err := s.store.ListEndpoints(ctx, listAtOnce, offset)
		if err != nil {
			return 0, 0, err
		}
		for i := range some {
			if all++; some[i].Unreadable {
				unreadable++
			}
		}
		if len(some) < listAtOnce {
			return unreadable, all, nil
		}
	}
}

// Replay makes deliveries to the endpoint due again: those of events since the time, in one of the states; Failed,
// Skipped and Pending ones without states. Pending ones are those that wait for their next attempt; they are brought
// forward, the others go to the lane Bulk. There may be any number of them. It returns how many it made due, also with
// an error. Errors: [ErrNotFound], [ErrOff].
func (s *Service) Replay(ctx context.Context, endpointID string, since time.Time,
	states ...DeliveryState) (n int64, err error) {
	if len(states) == 0 {
		states = []DeliveryState{Failed, Skipped, Pending}
	}
	step := ReplayStep{EndpointID: endpointID, Since: since, States: states, Limit: replayAtOnce}
	for {
		some, last, err := s.store.Replay(ctx, step)
		n += int64(some)
		if err != nil || last == 0 {
			return n, err
		}
		step.After = last
	}
}

// Prune removes deliveries that are older than [ServiceOptions] says, and what the feed keeps no longer. One process
// calls it now and then; several at the same time do no harm. It returns how many of these it removed, also with an
// error.
func (s *Service) Prune(ctx context.Context) (removed int64, err error) {
	for {
		now := time.Now()
		n, err := s.store.Prune(ctx, PruneRequest{DeliveredBefore: now.Add(-s.options.KeepDelivered),
			OthersBefore: now.Add(-s.options.KeepOthers), Limit: pruneAtOnce})
		removed += int64(n)
		if err != nil || n < pruneAtOnce {
			return removed, err
		}
	}
}
