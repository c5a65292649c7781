package memory

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// dueHeap orders the deliveries of an endpoint and a lane by when they can be claimed. An entry is ignored when its
// delivery has changed since it was pushed, so that entries never have to be removed from the middle.
type dueHeap []dueEntry

// dueEntry is a delivery as it was put in.
type dueEntry struct {
	order    time.Time // that the delivery had then
	delivery *deliveryRow
}

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h dueHeap) Less(i, j int) bool {
	if c := h[i].order.Compare(h[j].order); c != 0 {
		return c < 0
	}
	return h[i].delivery.ID < h[j].delivery.ID
}

// Push adds an entry at the end, for container/heap.
func (h *dueHeap) Push(entry any) { *h = append(*h, entry.(dueEntry)) }

// Pop removes the last entry, for container/heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	entry := (*h)[last]
	(*h)[last] = dueEntry{}
	*h = (*h)[:last]
	return entry
}

// held reports whether the delivery is in a claim whose lease hasn't run out.
func (r *deliveryRow) held(now time.Time) bool { return r.claim != "" && r.until.After(now) }

// enqueue pushes a Pending delivery to the heap of its endpoint and lane.
func (r *deliveryRow) enqueue() {
	if r.State != webhooks.Pending {
		return
	}
	if r.order = r.NotBefore; r.claim != "" {
		r.order = r.until
	}
	heap.Push(&r.endpoint.due[r.Lane], dueEntry{r.order, r})
}

// take removes up to n of the deliveries that can be claimed now.
func (r *endpointRow) take(lane webhooks.Lane, now time.Time, n int) (due []*deliveryRow) {
	h := &r.due[lane]
	for h.Len() > 0 && len(due) < n && !(*h)[0].order.After(now) {
		entry := heap.Pop(h).(dueEntry)
		d := entry.delivery
		if d.State == webhooks.Pending && d.Lane == lane && d.order.Equal(entry.order) && !slices.Contains(due, d) {
			due = append(due, d)
		}
	}
	return due
}

// Claim takes deliveries.
func (w *Webhooks) Claim(ctx context.Context, request webhooks.ClaimRequest) (claims []webhooks.Claim, err error) {
	if err := driver.CheckClaim(&request); err != nil {
		return nil, err
	}
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		at := w.db.now()
		w.watchClock(at)
		due := map[*webhooks.Endpoint]*[2][]*deliveryRow{}
		var ready []driver.Ready
		for _, r := range w.endpoints {
			if r.State != webhooks.Active || at.Before(r.PausedUntil) {
				continue
			}
			p := driver.Ready{Endpoint: &r.Endpoint, Open: r.open(at)}
			rows := &[2][]*deliveryRow{}
			for lane := range rows {
				rows[lane] = r.take(webhooks.Lane(lane), at, request.Depth*r.Concurrency)
				p.Due[lane] = len(rows[lane])
			}
			if p.Due[webhooks.Urgent]+p.Due[webhooks.Bulk] > 0 {
				ready = append(ready, p)
				due[&r.Endpoint] = rows
				spent := r.Spent
				t.onRollback(func() { r.Spent = spent })
			}
		}
		for _, g := range driver.Plan(at, request, ready) {
			rows := &due[g.Endpoint][g.Lane]
			claims = append(claims, w.grant(t, g, (*rows)[:g.Deliveries], at, request.Lease)...)
			*rows = (*rows)[g.Deliveries:]
		}
		for _, rows := range due {
			for _, rest := range rows {
				for _, d := range rest {
					d.enqueue()
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// open counts the claims whose leases haven't run out, and forgets the others.
func (r *endpointRow) open(now time.Time) (open [2]int) {
	maps.DeleteFunc(r.claims, func(_ string, c *openClaim) bool { return !c.until.After(now) })
	for _, c := range r.claims {
		open[c.lane]++
	}
	return open
}

// grant makes the claims of a grant.
func (w *Webhooks) grant(t *tx, g driver.Grant, rows []*deliveryRow, at time.Time,
	lease time.Duration) (claims []webhooks.Claim) {
	work := make([]webhooks.Work, len(rows))
	byID := map[int64]*deliveryRow{}
	for i, d := range rows {
		work[i] = webhooks.Work{Delivery: d.Delivery, Event: &d.event.Event}
		byID[d.ID] = d
	}
	r := w.byID[g.Endpoint.ID]
	until := at.Add(lease)
	for _, some := range driver.Spread(g, work) {
		e := r.Clone()
		c := webhooks.Claim{ID: driver.NewID("clm_", at), Endpoint: &e, Lane: g.Lane, Work: some}
		claims = append(claims, c)
		open := &openClaim{g.Lane, until, len(some), nil}
		r.claims[c.ID] = open
		t.onRollback(func() { delete(r.claims, c.ID) })
		for i := range some {
			d := byID[some[i].Delivery.ID]
			open.rows = append(open.rows, d)
			d.change(t, func() { d.claim, d.until = c.ID, until })
		}
	}
	return claims
}

// Renew extends the leases of claims.
func (w *Webhooks) Renew(ctx context.Context, claimIDs []string, lease time.Duration) (renewed int, err error) {
	if err := driver.CheckLease(lease); err != nil {
		return 0, err
	}
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		renewed = 0
		at := w.db.now()
		until := at.Add(lease)
		for _, r := range w.endpoints {
			for _, id := range claimIDs {
				c := r.claims[id]
				if c == nil || !c.until.After(at) {
					continue
				}
				renewed++
				before := c.until
				c.until = until
				t.onRollback(func() { c.until = before })
				for _, d := range c.rows {
					if d.claim == id {
						d.change(t, func() { d.until = until })
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return renewed, nil
}

// Finish stores results.
func (w *Webhooks) Finish(ctx context.Context, results []webhooks.Result) (counted int, err error) {
	for i := range results {
		if err := driver.CheckResult(&results[i]); err != nil {
			return 0, err
		}
	}
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		counted = 0
		at := w.db.now()
		for i := range results {
			if w.finish(t, &results[i], at) {
				counted++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return counted, nil
}

// finish stores a result, if it counts.
func (w *Webhooks) finish(t *tx, result *webhooks.Result, at time.Time) bool {
	d := w.delivery(result.DeliveryID)
	if d == nil || d.claim == "" || d.claim != result.ClaimID {
		return false
	}
	r := d.endpoint
	disabled := false
	r.change(t, func() { _, disabled = driver.NoteResults(&r.Endpoint, at, *result) })
	d.change(t, func() {
		driver.ConcludeDelivery(&d.Delivery, at, result, r.State)
		d.claim, d.until = "", time.Time{}
		if a := result.Attempt; a != nil {
			own := *a
			own.Response = slices.Clone(a.Response)
			d.attempts = append(slices.Clip(d.attempts), own)
		}
	})
	if c := r.claims[result.ClaimID]; c != nil {
		before := *c
		if c.left--; c.left == 0 {
			delete(r.claims, result.ClaimID)
		}
		t.onRollback(func() {
			*c = before
			r.claims[result.ClaimID] = c
		})
	}
	if disabled {
		w.skip(t, r, at)
		w.append(t, []webhooks.Event{driver.DisabledEvent(&r.Endpoint, at)}, at)
		w.wake()
	}
	return true
}
