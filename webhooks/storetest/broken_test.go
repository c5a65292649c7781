package storetest_test

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// broken is a store with some methods replaced.
type broken struct {
	webhooks.Store
	inTx    func(ctx context.Context, f func(ctx context.Context) error) error
	setBack func(ctx context.Context, d time.Duration) error

	createEndpoint func(ctx context.Context, e webhooks.Endpoint) (webhooks.Endpoint, error)
	endpoint       func(ctx context.Context, id string) (webhooks.Endpoint, error)
	listEndpoints  func(ctx context.Context, limit, offset int) ([]webhooks.Endpoint, int64, error)
	updateEndpoint func(ctx context.Context, id string, version int64,
		change func(e *webhooks.Endpoint) error) (webhooks.Endpoint, error)
	deleteEndpoint func(ctx context.Context, id string, version int64) error
	listening      func(ctx context.Context, imported bool, types ...string) ([]string, error)
	numbers        func(ctx context.Context, importID string) (map[string]int64, error)
	append         func(ctx context.Context, events []webhooks.Event) (int, error)
	claim          func(ctx context.Context, request webhooks.ClaimRequest) ([]webhooks.Claim, error)
	renew          func(ctx context.Context, claimIDs []string, lease time.Duration) (int, error)
	finish         func(ctx context.Context, results []webhooks.Result) (int, error)
	wake           func(ctx context.Context) <-chan struct{}
	list           func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error)
	hours          func(ctx context.Context, endpointID string, n int) ([]webhooks.Hour, error)
	delivery       func(ctx context.Context, id int64) (webhooks.Record, error)
	resend         func(ctx context.Context, id int64) (webhooks.Delivery, error)
	replay         func(ctx context.Context, step webhooks.ReplayStep) (int, int64, error)
	backlog        func(ctx context.Context) (webhooks.Backlog, error)
	prune          func(ctx context.Context, x webhooks.PruneRequest) (int, error)
	keepFeed       func(ctx context.Context, keep time.Duration) (time.Duration, error)
	feedEnds       func(ctx context.Context) (webhooks.FeedEnds, error)
	readFeed       func(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error)
}

// breakAll lets every method be replaced.
func breakAll(s webhooks.Store, inTx func(ctx context.Context, f func(ctx context.Context) error) error) *broken {
	return &broken{Store: s, inTx: inTx, createEndpoint: s.CreateEndpoint, endpoint: s.Endpoint,
		listEndpoints: s.ListEndpoints, updateEndpoint: s.UpdateEndpoint,
		deleteEndpoint: s.DeleteEndpoint, listening: s.Listening, numbers: s.Numbers, append: s.Append, claim: s.Claim,
		renew: s.Renew, finish: s.Finish, wake: s.Wake,
		list: s.ListDeliveries, hours: s.Hours, delivery: s.Delivery, resend: s.Resend, replay: s.Replay, backlog: s.Backlog,
		prune: s.Prune, keepFeed: s.KeepFeed, feedEnds: s.FeedEnds, readFeed: s.ReadFeed}
}

func (b *broken) CreateEndpoint(ctx context.Context, e webhooks.Endpoint) (webhooks.Endpoint, error) {
	return b.createEndpoint(ctx, e)
}

func (b *broken) Endpoint(ctx context.Context, id string) (webhooks.Endpoint, error) {
	return b.endpoint(ctx, id)
}

func (b *broken) ListEndpoints(ctx context.Context, limit, offset int) ([]webhooks.Endpoint, int64, error) {
	return b.listEndpoints(ctx, limit, offset)
}

func (b *broken) UpdateEndpoint(ctx context.Context, id string, version int64,
	change func(e *webhooks.Endpoint) error) (webhooks.Endpoint, error) {
	return b.updateEndpoint(ctx, id, version, change)
}

func (b *broken) DeleteEndpoint(ctx context.Context, id string, version int64) error {
	return b.deleteEndpoint(ctx, id, version)
}

func (b *broken) Listening(ctx context.Context, imported bool, types ...string) ([]string, error) {
	return b.listening(ctx, imported, types...)
}

func (b *broken) Numbers(ctx context.Context, importID string) (map[string]int64, error) {
	return b.numbers(ctx, importID)
}

func (b *broken) Append(ctx context.Context, events []webhooks.Event) (int, error) {
	return b.append(ctx, events)
}

func (b *broken) Claim(ctx context.Context, request webhooks.ClaimRequest) ([]webhooks.Claim, error) {
	return b.claim(ctx, request)
}

func (b *broken) Renew(ctx context.Context, claimIDs []string, lease time.Duration) (int, error) {
	return b.renew(ctx, claimIDs, lease)
}

func (b *broken) Finish(ctx context.Context, results []webhooks.Result) (int, error) {
	return b.finish(ctx, results)
}

func (b *broken) Wake(ctx context.Context) <-chan struct{} { return b.wake(ctx) }

func (b *broken) ListDeliveries(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
	return b.list(ctx, q)
}

func (b *broken) Hours(ctx context.Context, endpointID string, n int) ([]webhooks.Hour, error) {
	return b.hours(ctx, endpointID, n)
}

func (b *broken) Delivery(ctx context.Context, id int64) (webhooks.Record, error) {
	return b.delivery(ctx, id)
}

func (b *broken) Resend(ctx context.Context, id int64) (webhooks.Delivery, error) {
	return b.resend(ctx, id)
}

func (b *broken) Replay(ctx context.Context, step webhooks.ReplayStep) (int, int64, error) {
	return b.replay(ctx, step)
}

func (b *broken) Backlog(ctx context.Context) (webhooks.Backlog, error) { return b.backlog(ctx) }

func (b *broken) Prune(ctx context.Context, x webhooks.PruneRequest) (int, error) {
	return b.prune(ctx, x)
}

func (b *broken) KeepFeed(ctx context.Context, keep time.Duration) (time.Duration, error) {
	return b.keepFeed(ctx, keep)
}

func (b *broken) FeedEnds(ctx context.Context) (webhooks.FeedEnds, error) { return b.feedEnds(ctx) }

func (b *broken) ReadFeed(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
	return b.readFeed(ctx, q)
}
