package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

const (
	urgent, bulk = webhooks.Urgent, webhooks.Bulk
	// day is longer than any case takes.
	day = 24 * time.Hour
)

// check is what a case works with: its stores, and steps that fail the case when they go wrong.
type check struct {
	casetest.T
	webhooks.Store
	inTx  func(ctx context.Context, f func(ctx context.Context) error) error
	clock func(ctx context.Context, d time.Duration) error
}

func newCheck(t casetest.T, s Stores) *check {
	return &check{T: t, Store: s.Webhooks, inTx: s.InTx, clock: s.SetBack}
}

// whole returns an endpoint with every setting.
func whole() webhooks.Endpoint {
	secret := func(end time.Time) webhooks.LiveSecret {
		return webhooks.LiveSecret{Secret: receive.NewSecret(), Until: end}
	}
	return webhooks.Endpoint{
		URL: "https://example.com/hook?a=b", ClientName: "the client’s name",
		Events:        []string{"product.*", "import.completed"},
		SummariesOnly: true, Concurrency: 3, RateLimit: 250, Timeout: 12_345 * time.Millisecond, State: webhooks.Paused,
		Credentials: webhooks.Credentials{
			Secrets: []webhooks.LiveSecret{secret(time.Time{}),
				secret(time.Date(2040, 1, 2, 3, 4, 5, 6_000, time.UTC))},
			Token: "the-token", Headers: webhooks.Headers{"X-Key": "value", "X-Other": ""},
		},
	}
}

// endpoint stores an endpoint that listens to everything, after the changes to it, and returns it.
func (c *check) endpoint(changes ...func(e *webhooks.Endpoint)) webhooks.Endpoint {
	c.Helper()
	e := webhooks.Endpoint{URL: "https://example.com/", Events: []string{"*"}, Concurrency: 8,
		Timeout:     15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}}
	for _, change := range changes {
		change(&e)
	}
	stored, err := c.CreateEndpoint(c.Context(), e)
	require.NoError(c, err, "a new endpoint is stored")
	return stored
}

// Changes of an endpoint.
func listensTo(events ...string) func(e *webhooks.Endpoint) {
	return func(e *webhooks.Endpoint) { e.Events = events }
}

func inState(s webhooks.EndpointState) func(e *webhooks.Endpoint) {
	return func(e *webhooks.Endpoint) { e.State = s }
}

func concurrency(n int) func(e *webhooks.Endpoint) {
	return func(e *webhooks.Endpoint) { e.Concurrency = n }
}

// get returns an endpoint that must exist.
func (c *check) get(id string) webhooks.Endpoint {
	c.Helper()
	e, err := c.Endpoint(c.Context(), id)
	require.NoError(c, err, "a stored endpoint is found by its ID")
	return e
}

// change changes an endpoint that must exist.
func (c *check) change(id string, change func(e *webhooks.Endpoint)) webhooks.Endpoint {
	c.Helper()
	e, err := c.UpdateEndpoint(c.Context(), id, 0, func(e *webhooks.Endpoint) error { change(e); return nil })
	require.NoError(c, err, "a stored endpoint is changed")
	return e
}

// event returns an event of a single change.
func event(n int) webhooks.Event {
	return webhooks.Event{Type: webhooks.ProductCreated, Data: fmt.Appendf(nil, `{"products":[{"id":%d}]}`, n)}
}

// imported returns an event of an import.
func imported(importID, eventType string) webhooks.Event {
	return webhooks.Event{Type: eventType, ImportID: importID, Lane: bulk, Data: []byte(`{"products":[]}`)}
}

// append appends events that must be accepted, and returns them.
func (c *check) append(events ...webhooks.Event) []webhooks.Event {
	c.Helper()
	stored, err := c.Append(c.Context(), events)
	require.NoError(c, err, "events are stored")
	require.Equal(c, len(events), stored, "events that somebody listens to are counted")
	return events
}

// some appends n events of single changes, one after the other.
func (c *check) some(n int) (events []webhooks.Event) {
	c.Helper()
	for i := range n {
		e := event(i)
		e.Time = time.Now().Add(time.Duration(i-n) * time.Second)
		events = append(events, e)
	}
	return c.append(events...)
}

// request is that of a worker who can take more than any case has.
var request = webhooks.ClaimRequest{Worker: "worker-1", Limit: 100, Bulk: 100, Depth: 1}

// vanishing is the request of a worker who vanishes at once.
var vanishing = webhooks.ClaimRequest{Worker: "worker-1", Limit: 100, Bulk: 100, Depth: 1, Lease: time.Millisecond}

// look makes a claim request.
func (c *check) look(r webhooks.ClaimRequest) []webhooks.Claim {
	c.Helper()
	claims, err := c.Claim(c.Context(), r)
	require.NoError(c, err, "looking for work")
	for i := range claims {
		require.NotEmpty(c, claims[i].Work, "a claim has deliveries")
	}
	return claims
}

// one claims the only delivery that there is.
func (c *check) one() *webhooks.Claim {
	c.Helper()
	return c.only(request)
}

// only is like one, with a request of its own.
func (c *check) only(r webhooks.ClaimRequest) *webhooks.Claim {
	c.Helper()
	claims := c.look(r)
	require.Len(c, claims, 1, "what is due is claimed")
	require.Len(c, claims[0].Work, 1, "what is due is claimed, once")
	return &claims[0]
}

// nothing checks that nothing can be claimed.
func (c *check) nothing(promise string, args ...any) {
	c.Helper()
	require.Emptyf(c, c.look(request), promise, args...)
}

// result returns a result for one of a claim's deliveries.
func result(claim *webhooks.Claim, i int, state webhooks.DeliveryState) webhooks.Result {
	w := claim.Work[i]
	r := webhooks.Result{ClaimID: claim.ID, DeliveryID: w.Delivery.ID, State: state,
		Attempt: &webhooks.Attempt{Number: w.Delivery.Attempts + 1, Worker: "worker-1", At: time.Now(),
			Duration: time.Millisecond, Status: 200}}
	if state != webhooks.Delivered {
		r.Attempt.Status, r.Attempt.Failure, r.Attempt.Error = 500, webhooks.FailureStatus, "status 500"
	}
	return r
}

// end stores the same result for all of the claims' deliveries.
func (c *check) end(state webhooks.DeliveryState, claims ...webhooks.Claim) {
	c.Helper()
	var results []webhooks.Result
	for i := range claims {
		for j := range claims[i].Work {
			results = append(results, result(&claims[i], j, state))
		}
	}
	c.finish(len(results), results...)
}

// finish stores results, and checks how many of them count.
func (c *check) finish(want int, results ...webhooks.Result) {
	c.Helper()
	counted, err := c.Finish(c.Context(), results)
	require.NoError(c, err, "results are stored")
	require.Equal(c, want, counted, "results count while their claim holds")
}

// record returns the record of a delivery that must exist.
func (c *check) record(id int64) webhooks.Record {
	c.Helper()
	r, err := c.Delivery(c.Context(), id)
	require.NoError(c, err, "a delivery is found by its ID")
	return r
}

// list returns the deliveries for a query that must be answered.
func (c *check) list(q webhooks.DeliveryQuery) []webhooks.Delivery {
	c.Helper()
	found, err := c.ListDeliveries(c.Context(), q)
	require.NoError(c, err, "the query %+v is answered", q)
	return found
}

// of returns the deliveries to an endpoint, oldest first.
func (c *check) of(e webhooks.Endpoint) []webhooks.Delivery {
	c.Helper()
	all := c.list(webhooks.DeliveryQuery{EndpointID: e.ID, Limit: 1_000})
	slices.Reverse(all)
	return all
}

// states returns the states of the deliveries.
func states(all []webhooks.Delivery) []webhooks.DeliveryState {
	s := make([]webhooks.DeliveryState, len(all))
	for i := range all {
		s[i] = all[i].State
	}
	return s
}

// count returns how many deliveries the claims have.
func count(claims []webhooks.Claim) (n int) {
	for i := range claims {
		n += len(claims[i].Work)
	}
	return n
}

// rounded returns a time as stores keep it.
func rounded(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// same compares endpoints whole; times are compared as moments, and an empty list is like none.
func (c *check) same(want, got webhooks.Endpoint, promise string, args ...any) {
	c.Helper()
	require.Equalf(c, plain(want), plain(got), promise, args...)
}

func plain(e webhooks.Endpoint) webhooks.Endpoint {
	e = e.Clone()
	for _, t := range []*time.Time{&e.CreatedAt, &e.UpdatedAt, &e.FailingSince, &e.LastSuccess, &e.PausedUntil,
		&e.Spent} {
		*t = rounded(*t)
	}
	for i := range e.Secrets {
		e.Secrets[i].Until = rounded(e.Secrets[i].Until)
	}
	if len(e.Headers) == 0 {
		e.Headers = nil
	}
	if len(e.Secrets) == 0 {
		e.Secrets = nil
	}
	return e
}

// sameDelivery compares deliveries whole; times are compared as moments.
func (c *check) sameDelivery(want, got webhooks.Delivery, promise string, args ...any) {
	c.Helper()
	for _, d := range []*webhooks.Delivery{&want, &got} {
		for _, t := range []*time.Time{&d.NotBefore, &d.CreatedAt, &d.FinishedAt, &d.LastAttempt} {
			*t = rounded(*t)
		}
	}
	require.Equalf(c, want, got, promise, args...)
}
