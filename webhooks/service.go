package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ServiceOptions are the settings of a Service. The zero value works.
type ServiceOptions struct {
	// Policy says which endpoints there may be. It is the Sender's too.
	Policy Policy
	// KeepDelivered is how long deliveries are kept once they are Delivered, KeepOthers how long those that Failed or were
	// Skipped: at least an hour, 0 for 7 and for 30 days.
	KeepDelivered, KeepOthers time.Duration
	// Logger hears of tests that failed, with the cause that isn't shown (Answer.Cause); nil for none.
	Logger *slog.Logger
}

// Service is for those who manage endpoints and look after deliveries. It is safe for concurrent use. Reading, and what
// needs no rule beside the store's, goes straight to the Store.
type Service struct {
	store   Store
	sender  *Sender
	options ServiceOptions
}

const (
	usualConcurrency = 8
	usualTimeout     = 15 * time.Second
	// replayAtOnce and expireAtOnce are how many deliveries are changed in one transaction.
	replayAtOnce = 1_000
	expireAtOnce = 2_000
)

// NewService returns a Service.
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
		return nil, fmt.Errorf("webhooks: ServiceOptions.KeepDelivered must be at least 1h, not %v", options.KeepDelivered)
	case options.KeepOthers < time.Hour:
		return nil, fmt.Errorf("webhooks: ServiceOptions.KeepOthers must be at least 1h, not %v", options.KeepOthers)
	}
	return &Service{store, sender, options}, nil
}

// Create stores a new endpoint and returns it as stored. Where they are zero, Events are all, Concurrency is 8, Timeout
// 15 s, and a secret is made. A *ValidationError says what is wrong with it.
func (s *Service) Create(ctx context.Context, e Endpoint) (Endpoint, error) {
	e = e.Clone()
	if len(e.Secrets) == 0 {
		e.Secrets = []LiveSecret{{Secret: NewSecret()}}
	}
	e.defaults()
	if err := s.options.Policy.Check(&e); err != nil {
		return Endpoint{}, err
	}
	return s.store.CreateEndpoint(ctx, e)
}

// defaults fills in what is zero.
func (e *Endpoint) defaults() {
	if len(e.Events) == 0 {
		e.Events = []string{"*"}
	}
	if e.Concurrency == 0 {
		e.Concurrency = usualConcurrency
	}
	if e.Timeout == 0 {
		e.Timeout = usualTimeout
	}
	e.Headers = CanonicalHeaders(e.Headers)
}

// Update changes an endpoint as Endpoints.UpdateEndpoint does. What change leaves is filled in and checked as in Create.
func (s *Service) Update(ctx context.Context, id string, version int64, change func(e *Endpoint) error) (Endpoint, error) {
	return s.store.UpdateEndpoint(ctx, id, version, func(e *Endpoint) error {
		if err := change(e); err != nil {
			return err
		}
		e.defaults()
		return s.options.Policy.Check(e)
	})
}

// Rotate gives the endpoint a new secret, see Private.Rotate, and returns the endpoint: its first secret is the new one.
// The zero Secret is for one that is made.
func (s *Service) Rotate(ctx context.Context, id string, version int64, next Secret, grace time.Duration) (Endpoint, error) {
	if next == (Secret{}) {
		next = NewSecret()
	}
	return s.store.UpdateEndpoint(ctx, id, version, func(e *Endpoint) error { return e.Rotate(time.Now(), next, grace) })
}

// Pause lets the endpoint's deliveries wait, and Resume has them sent again, also after the endpoint was switched off or
// its failures paused it. For Endpoints.UpdateEndpoint.
func (e *Endpoint) Pause() { e.State = Paused }

// Resume is the inverse of Pause.
func (e *Endpoint) Resume() { e.State, e.PausedUntil = Active, time.Time{} }

// Test sends a webhook.test to the endpoint, whatever its state and its subscriptions, and says what came of it. Nothing
// of it is stored. ErrNotFound.
func (s *Service) Test(ctx context.Context, id string) (Attempt, error) {
	e, err := s.store.Endpoint(ctx, id)
	if err != nil {
		return Attempt{}, err
	}
	event := Event{Type: WebhookTest, Data: append(AppendString([]byte(`{"endpoint_id":`), e.ID), '}')}
	event.Init(time.Now())
	answer, err := s.sender.Send(ctx, &e, &event, 1)
	if answer.Cause != nil {
		s.options.Logger.InfoContext(ctx, "a webhook's test failed", "endpoint", id, "kind", answer.Kind, "error", answer.Error, "cause", answer.Cause)
	}
	return answer.Attempt, err
}

// Replay sends again what the endpoint was to get since the time: deliveries in one of the states, those that Failed or
// were Skipped where none is named. There may be any number, which are sent in the lane Bulk. It returns how many there
// are, with an error those until then. ErrNotFound, ErrOff.
func (s *Service) Replay(ctx context.Context, endpointID string, since time.Time, states ...DeliveryState) (n int64, err error) {
	if len(states) == 0 {
		states = []DeliveryState{Failed, Skipped}
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

// Keep does the housekeeping: it removes what is older than ServiceOptions says. It is for one process now and then;
// several at a time do no harm. It returns how many deliveries it removed, with an error those until then.
func (s *Service) Keep(ctx context.Context) (removed int64, err error) {
	for {
		now := time.Now()
		n, err := s.store.Expire(ctx, Expiry{Delivered: now.Add(-s.options.KeepDelivered), Others: now.Add(-s.options.KeepOthers), Limit: expireAtOnce})
		removed += int64(n)
		if err != nil || n < expireAtOnce {
			return removed, err
		}
	}
}
