package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Webhooks keeps the endpoints, events and deliveries of a DB. It is a webhooks.Store; the methods join the transaction
// of a context that carries one, and so events are committed with the changes that they are about.
type Webhooks struct {
	db        *DB
	endpoints []*endpointRow // in the order of their creation
	byID      map[string]*endpointRow
	events    map[string]*eventRow
	// deliveries are in the order of their IDs.
	deliveries []*deliveryRow
	lastID     int64
	numbers    map[numberKey]number
	latest     time.Time // by the DB's clock
	feed       feed
	wakers
}

var _ webhooks.Store = (*Webhooks)(nil)

// Webhooks returns the store of webhooks.
func (db *DB) Webhooks() *Webhooks { return &db.webhooks }

func (w *Webhooks) init(db *DB) {
	w.db = db
	w.byID, w.events, w.numbers = map[string]*endpointRow{}, map[string]*eventRow{}, map[numberKey]number{}
}

// endpointRow is a stored endpoint. What its slices and maps hold is replaced rather than changed.
type endpointRow struct {
	webhooks.Endpoint
	due [2]dueHeap // by lane
	// claims hold deliveries of the endpoint, until their leases have run out.
	claims map[string]*openClaim
}

// openClaim is a claim without all of its results.
type openClaim struct {
	lane  webhooks.Lane
	until time.Time
	left  int
	rows  []*deliveryRow
}

// eventRow is a stored event, which isn't changed.
type eventRow struct {
	webhooks.Event
	holders int // its deliveries that are left, and its place in the feed
}

// deliveryRow is a stored delivery. What its log holds is only appended to.
type deliveryRow struct {
	webhooks.Delivery
	endpoint *endpointRow
	event    *eventRow
	attempts []webhooks.Attempt
	claim    string    // empty while it is in none
	until    time.Time // the end of the claim's lease
	// order is the place in the endpoint's heap: NotBefore, or the end of the lease.
	order time.Time
}

// numberKey identifies a series of numbers: the events of one type in one import.
type numberKey struct{ importID, eventType string }

type number struct {
	last int64
	at   time.Time
}

// change lets f change the row. It is as before when f or the transaction fails.
func (r *deliveryRow) change(t *tx, f func()) {
	before := *r
	t.onRollback(func() {
		*r = before
		r.enqueue()
	})
	f()
	r.enqueue()
}

// change lets f change the row. It is as before when the transaction fails.
func (r *endpointRow) change(t *tx, f func()) {
	before := r.Endpoint
	t.onRollback(func() { r.Endpoint = before })
	f()
}

// find returns the endpoint with the ID, or ErrNotFound.
func (w *Webhooks) find(id string) (*endpointRow, error) {
	if r := w.byID[id]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%w: endpoint %q", webhooks.ErrNotFound, id)
}

// findVersion is find for a caller who names a version.
func (w *Webhooks) findVersion(id string, version int64) (*endpointRow, error) {
	r, err := w.find(id)
	if err == nil && version != 0 && r.Version != version {
		return nil, fmt.Errorf("%w: %s is at version %d, not %d", webhooks.ErrVersion, id, r.Version, version)
	}
	return r, err
}

// CreateEndpoint stores an endpoint.
func (w *Webhooks) CreateEndpoint(ctx context.Context, e webhooks.Endpoint) (stored webhooks.Endpoint, err error) {
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		r := &endpointRow{Endpoint: e.Clone(), claims: map[string]*openClaim{}}
		driver.InitEndpoint(&r.Endpoint, w.db.now())
		before := w.endpoints
		w.endpoints = append(w.endpoints, r)
		w.byID[r.ID] = r
		t.onRollback(func() {
			w.endpoints = before
			delete(w.byID, r.ID)
		})
		stored = r.Clone()
		return nil
	})
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	return stored, nil
}

// Endpoint finds the endpoint by its ID.
func (w *Webhooks) Endpoint(ctx context.Context, id string) (found webhooks.Endpoint, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		r, err := w.find(id)
		if err == nil {
			found = r.Clone()
		}
		return err
	})
	return found, err
}

// ListEndpoints lists endpoints, oldest first.
func (w *Webhooks) ListEndpoints(ctx context.Context, limit,
	offset int) (found []webhooks.Endpoint, count int64, err error) {
	if err := driver.CheckPage(limit, offset); err != nil {
		return nil, 0, err
	}
	err = w.db.do(ctx, func(context.Context, *tx) error {
		count = int64(len(w.endpoints))
		for _, r := range w.endpoints[min(offset, len(w.endpoints)):] {
			if len(found) == limit {
				break
			}
			found = append(found, r.Clone())
		}
		return nil
	})
	return found, count, err
}

// UpdateEndpoint changes an endpoint.
func (w *Webhooks) UpdateEndpoint(ctx context.Context, id string, version int64,
	change func(e *webhooks.Endpoint) error) (stored webhooks.Endpoint, err error) {
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		r, err := w.findVersion(id, version)
		if err != nil {
			return err
		}
		next := r.Clone()
		if err := change(&next); err != nil {
			return err
		}
		next = next.Clone() // whatever change put into it
		if at := w.db.now(); driver.UpdateEndpoint(&r.Endpoint, &next, at) {
			ceases := r.State.Receives() && !next.State.Receives()
			r.change(t, func() { r.Endpoint = next })
			if ceases {
				w.skip(t, r, at)
			}
		}
		stored = r.Clone()
		return nil
	})
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	w.wake() // it may have been Paused before
	return stored, nil
}

// skip skips what waits for an endpoint.
func (w *Webhooks) skip(t *tx, r *endpointRow, at time.Time) {
	for _, d := range w.deliveries {
		if d.endpoint == r && d.State == webhooks.Pending && !d.held(at) {
			d.change(t, func() {
				driver.SkipDelivery(&d.Delivery, at)
				d.claim = ""
			})
		}
	}
}

// DeleteEndpoint removes an endpoint and its deliveries.
func (w *Webhooks) DeleteEndpoint(ctx context.Context, id string, version int64) error {
	return w.db.do(ctx, func(_ context.Context, t *tx) error {
		r, err := w.findVersion(id, version)
		if err != nil {
			return err
		}
		before := w.endpoints
		w.endpoints = slices.DeleteFunc(slices.Clone(before), func(e *endpointRow) bool { return e == r })
		delete(w.byID, id)
		t.onRollback(func() {
			w.endpoints = before
			w.byID[id] = r
		})
		w.remove(t, func(d *deliveryRow) bool { return d.endpoint == r })
		return nil
	})
}

// remove removes deliveries, and their events with the last one.
func (w *Webhooks) remove(t *tx, which func(d *deliveryRow) bool) (removed int) {
	before := w.deliveries
	var gone []*deliveryRow
	kept := make([]*deliveryRow, 0, len(before))
	for _, d := range before {
		if which(d) {
			gone = append(gone, d)
		} else {
			kept = append(kept, d)
		}
	}
	if len(gone) == 0 {
		return 0
	}
	w.deliveries = kept
	for _, d := range gone {
		d.order = time.Time{} // what the heap has of it counts no more
		w.release(d.event)
	}
	t.onRollback(func() {
		w.deliveries = before
		for _, d := range gone {
			w.hold(d.event)
			d.enqueue()
		}
	})
	return len(gone)
}
