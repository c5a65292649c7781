package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Listening returns the types that somebody listens to.
func (w *Webhooks) Listening(ctx context.Context, imported bool, types ...string) (heard []string, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		all := make([]webhooks.Endpoint, len(w.endpoints))
		for i, r := range w.endpoints {
			all[i] = r.Endpoint
		}
		if heard = driver.Audience(all, imported, types); w.feed.Keep > 0 {
			heard = slices.Clone(types)
		}
		return nil
	})
	return heard, err
}

// Numbers returns the last numbers of an import.
func (w *Webhooks) Numbers(ctx context.Context, importID string) (last map[string]int64, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		last = map[string]int64{}
		for key, n := range w.numbers {
			if key.importID == importID {
				last[key.eventType] = n.last
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return last, nil
}

// Append stores events and makes their deliveries.
func (w *Webhooks) Append(ctx context.Context, events []webhooks.Event) (stored int, err error) {
	for i := range events {
		if err := driver.CheckEvent(&events[i]); err != nil {
			return 0, err
		}
	}
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		stored = w.append(t, events, w.db.now())
		return nil
	})
	if err != nil {
		return 0, err
	}
	if stored > 0 {
		w.wake()
	}
	return stored, nil
}

func (w *Webhooks) append(t *tx, events []webhooks.Event, at time.Time) (stored int) {
	before := w.deliveries
	for i := range events {
		e := &events[i]
		e.Init(at)
		var listeners []*endpointRow
		for _, r := range w.endpoints {
			if driver.Listens(&r.Endpoint, e) {
				listeners = append(listeners, r)
			}
		}
		if len(listeners) == 0 && w.feed.Keep == 0 {
			continue
		}
		stored++
		if e.Numbered() {
			e.Number = w.nextNumber(t, numberKey{e.ImportID, e.Type}, at)
		}
		row := &eventRow{Event: *e, holders: len(listeners)}
		row.Data = bytes.Clone(e.Data)
		w.events[e.ID] = row
		t.onRollback(func() { delete(w.events, row.ID) })
		if w.feed.Keep > 0 {
			w.put(t, row, at)
		}
		for _, r := range listeners {
			w.lastID++
			d := &deliveryRow{Delivery: driver.NewDelivery(&row.Event, &r.Endpoint), endpoint: r, event: row}
			d.ID = w.lastID
			d.enqueue()
			w.deliveries = append(w.deliveries, d)
		}
	}
	t.onRollback(func() {
		for _, d := range w.deliveries[len(before):] {
			d.order = time.Time{} // what the heap has of it counts no more
		}
		w.deliveries = before
	})
	return stored
}

// nextNumber counts an event of an import.
func (w *Webhooks) nextNumber(t *tx, key numberKey, at time.Time) int64 {
	before, counted := w.numbers[key]
	w.numbers[key] = number{before.last + 1, at}
	t.onRollback(func() {
		if counted {
			w.numbers[key] = before
		} else {
			delete(w.numbers, key)
		}
	})
	return before.last + 1
}
