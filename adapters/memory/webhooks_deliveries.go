package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// delivery returns the row with the ID, or nil.
func (w *Webhooks) delivery(id int64) *deliveryRow {
	if at, found := w.search(id); found {
		return w.deliveries[at]
	}
	return nil
}

// search returns where in deliveries the ID is or would be.
func (w *Webhooks) search(id int64) (at int, found bool) {
	return slices.BinarySearchFunc(w.deliveries, id,
		func(d *deliveryRow, id int64) int { return cmp.Compare(d.ID, id) })
}

// ListDeliveries lists deliveries, newest first.
func (w *Webhooks) ListDeliveries(ctx context.Context,
	q webhooks.DeliveryQuery) (found []webhooks.Delivery, err error) {
	if err := driver.CheckQuery(&q); err != nil {
		return nil, err
	}
	err = w.db.do(ctx, func(context.Context, *tx) error {
		if q.EndpointID != "" {
			if _, err := w.find(q.EndpointID); err != nil {
				return err
			}
		}
		rows := w.deliveries
		if q.Before > 0 {
			at, _ := w.search(q.Before)
			rows = rows[:at]
		}
		for _, d := range slices.Backward(rows) {
			if len(found) == q.Limit {
				break
			}
			if wanted(q.EndpointID, d.EndpointID) && wanted(q.EventID, d.EventID) && wanted(q.EventType, d.EventType) &&
				wanted(q.ImportID, d.ImportID) && (len(q.States) == 0 || slices.Contains(q.States, d.State)) {
				found = append(found, d.Delivery)
			}
		}
		return nil
	})
	return found, err
}

// wanted reports whether a value is the one that the query names, if it names one.
func wanted(want, have string) bool { return want == "" || want == have }

// Delivery returns all of a delivery.
func (w *Webhooks) Delivery(ctx context.Context, id int64) (record webhooks.Record, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		d := w.delivery(id)
		if d == nil {
			return notFound(id)
		}
		record = webhooks.Record{Delivery: d.Delivery, Event: d.event.Event}
		record.Event.Data = slices.Clone(record.Event.Data)
		for _, a := range d.attempts {
			a.Response = slices.Clone(a.Response)
			record.Attempts = append(record.Attempts, a)
		}
		return nil
	})
	return record, err
}

func notFound(id int64) error { return fmt.Errorf("%w: delivery %d", webhooks.ErrNotFound, id) }

// again makes a delivery due, unless it is claimed, and reports whether it did.
func (w *Webhooks) again(t *tx, d *deliveryRow, at time.Time, replay bool) bool {
	if d.held(at) {
		return false
	}
	d.change(t, func() {
		driver.ResendDelivery(&d.Delivery, at, replay)
		d.claim, d.until = "", time.Time{}
	})
	return true
}

// Resend makes a delivery due.
func (w *Webhooks) Resend(ctx context.Context, id int64) (sent webhooks.Delivery, err error) {
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		d := w.delivery(id)
		if d == nil {
			return notFound(id)
		}
		if !d.endpoint.State.Receives() {
			return off(d.endpoint)
		}
		w.again(t, d, w.db.now(), false)
		sent = d.Delivery
		return nil
	})
	if err != nil {
		return webhooks.Delivery{}, err
	}
	w.wake()
	return sent, nil
}

func off(r *endpointRow) error { return fmt.Errorf("%w: %s is %s", webhooks.ErrOff, r.ID, r.State) }

// Replay makes some deliveries of an endpoint due.
func (w *Webhooks) Replay(ctx context.Context, step webhooks.ReplayStep) (n int, last int64, err error) {
	if err := driver.CheckReplay(&step); err != nil {
		return 0, 0, err
	}
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		n, last = 0, 0
		r, err := w.find(step.EndpointID)
		if err != nil {
			return err
		}
		if !r.State.Receives() {
			return off(r)
		}
		looked := 0
		from, _ := w.search(step.After + 1)
		at := w.db.now()
		for _, d := range w.deliveries[from:] {
			if d.endpoint != r || d.CreatedAt.Before(step.Since) || !slices.Contains(step.States, d.State) {
				continue
			}
			if d.State == webhooks.Pending && (d.claim != "" || !d.NotBefore.After(at)) {
				continue // on its way, or due
			}
			if looked == step.Limit {
				return nil
			}
			looked++
			last = d.ID
			if w.again(t, d, at, true) {
				n++
			}
		}
		last = 0
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	w.wake()
	return n, last, nil
}

// Hours counts deliveries by the hour.
func (w *Webhooks) Hours(ctx context.Context, endpointID string, n int) (counted []webhooks.Hour, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		hours, err := driver.NewHours(w.db.now(), n)
		if err != nil {
			return err
		}
		r, err := w.find(endpointID)
		if err != nil {
			return err
		}
		for _, d := range w.deliveries {
			if d.endpoint == r && d.State != webhooks.Pending {
				hours.Add(d.FinishedAt, d.State, 1)
			}
		}
		counted = hours
		return nil
	})
	return counted, err
}

// Backlog counts what waits.
func (w *Webhooks) Backlog(ctx context.Context) (b webhooks.Backlog, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		b = webhooks.Backlog{Endpoints: map[webhooks.EndpointState]int64{}}
		at := w.db.now()
		for _, r := range w.endpoints {
			b.Endpoints[r.State]++
			if r.State == webhooks.Active && !r.PausedUntil.IsZero() {
				b.Failing++
			}
		}
		for _, d := range w.deliveries {
			switch {
			case d.State != webhooks.Pending || d.endpoint.State != webhooks.Active:
			case d.NotBefore.After(at):
				b.Later[d.Lane]++
			default:
				b.Due[d.Lane]++
				b.Oldest[d.Lane] = max(b.Oldest[d.Lane], at.Sub(d.NotBefore))
			}
		}
		return nil
	})
	return b, err
}

// Prune removes what is old.
func (w *Webhooks) Prune(ctx context.Context, x webhooks.PruneRequest) (removed int, err error) {
	if err := driver.CheckPrune(&x); err != nil {
		return 0, err
	}
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		left := x.Limit
		removed = w.remove(t, func(d *deliveryRow) bool {
			old := false
			switch {
			case d.State == webhooks.Delivered:
				old = d.FinishedAt.Before(x.DeliveredBefore)
			case d.State != webhooks.Pending:
				old = d.FinishedAt.Before(x.OthersBefore)
			case !d.endpoint.State.Receives():
				old = d.CreatedAt.Before(x.OthersBefore) && !d.held(w.db.now())
			}
			if !old || left == 0 {
				return false
			}
			left--
			return true
		})
		removed += w.pruneFeed(t, x.Limit-removed)
		for key, n := range w.numbers {
			if n.at.Before(x.OthersBefore) {
				delete(w.numbers, key)
				t.onRollback(func() { w.numbers[key] = n })
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
