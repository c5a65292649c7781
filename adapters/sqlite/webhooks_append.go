package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Listening returns those of the types to which an endpoint listens.
func (w *Webhooks) Listening(ctx context.Context, imported bool, types ...string) (heard []string, err error) {
	err = w.db.read(ctx, func(ctx context.Context, q querier) error {
		endpoints, feed, err := w.listeners(ctx, q)
		if heard = driver.Audience(endpoints, imported, types); feed {
			heard = slices.Clone(types)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return heard, nil
}

// listeners reads what has to be known of endpoints to tell whether they listen, and whether a feed is kept.
func (w *Webhooks) listeners(ctx context.Context, q querier) (all []webhooks.Endpoint, feed bool, err error) {
	s, _, err := feedState(ctx, q)
	if err != nil {
		return nil, false, err
	}
	err = each(ctx, q, `SELECT id, state, summaries_only, events FROM webhook_endpoints
		WHERE state <> 'inactive' ORDER BY created_at, id`, func(scan func(...any) error) error {
		var e webhooks.Endpoint
		err := scan(&e.ID, &e.State, &e.SummariesOnly, jsonIn{&e.Events})
		all = append(all, e)
		return err
	})
	return all, s.Keep > 0, err
}

// Numbers returns the numbers that were given last.
func (w *Webhooks) Numbers(ctx context.Context, importID string) (numbers map[string]int64, err error) {
	err = w.db.read(ctx, func(ctx context.Context, q querier) error {
		numbers = map[string]int64{}
		rows, err := q.QueryxContext(ctx, `SELECT type, last FROM webhook_numbers WHERE import_id = ?`, importID)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var eventType string
			var last int64
			if err := rows.Scan(&eventType, &last); err != nil {
				return err
			}
			numbers[eventType] = last
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return numbers, nil
}

// Append stores events with their deliveries.
func (w *Webhooks) Append(ctx context.Context, events []webhooks.Event) (stored int, err error) {
	for i := range events {
		if err := driver.CheckEvent(&events[i]); err != nil {
			return 0, err
		}
	}
	if len(events) == 0 {
		return 0, nil
	}
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		stored, err = w.append(ctx, t, events, w.db.now())
		return err
	})
	if err != nil {
		return 0, err
	}
	return stored, nil
}

// append stores the events that somebody listens to, and wakes workers once they are committed.
func (w *Webhooks) append(ctx context.Context, t *transaction, events []webhooks.Event,
	now time.Time) (stored int, err error) {
	endpoints, feed, err := w.listeners(ctx, t)
	if err != nil || len(endpoints) == 0 && !feed {
		return 0, err
	}
	event, err := t.PrepareContext(ctx, `INSERT INTO webhook_events (id, happened_at, lane, type, import_id, packed, data)
		VALUES (?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = event.Close() }()
	delivery, err := t.PrepareContext(ctx, `INSERT INTO webhook_deliveries (endpoint, event, number, not_before,
		created_at, finished_at, lane, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = delivery.Close() }()
	place, err := t.PrepareContext(ctx, `INSERT INTO webhook_feed (kept_at, number, bytes, type, event)
		VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = place.Close() }()
	var data []byte
	var listeners []*webhooks.Endpoint
	for i := range events {
		e := &events[i]
		e.Init(now)
		e.Number = 0
		listeners = listeners[:0]
		for k := range endpoints {
			if driver.Listens(&endpoints[k], e) {
				listeners = append(listeners, &endpoints[k])
			}
		}
		if len(listeners) == 0 && !feed {
			continue
		}
		stored++
		if err := number(ctx, t, e, now); err != nil {
			return 0, err
		}
		var packed bool
		data, packed = driver.AppendPacked(data[:0], e.Data)
		if _, err := event.ExecContext(ctx, e.ID, e.Time.UnixMicro(), e.Lane, e.Type, e.ImportID, packed,
			data); err != nil {
			return 0, err
		}
		if feed {
			if _, err := place.ExecContext(ctx, now.UnixMicro(), e.Number, len(e.Data), e.Type, e.ID); err != nil {
				return 0, err
			}
		}
		for _, to := range listeners {
			d := driver.NewDelivery(e, to)
			if _, err := delivery.ExecContext(ctx, d.EndpointID, d.EventID, d.Number, d.NotBefore.UnixMicro(),
				d.CreatedAt.UnixMicro(), nullTime(d.FinishedAt), d.Lane, d.State); err != nil {
				return 0, err
			}
		}
	}
	if stored > 0 {
		w.db.onCommit(ctx, w.db.wakes.webhooks.wake)
	}
	return stored, nil
}

// number gives an event that is numbered the next number of its import and type.
func number(ctx context.Context, t *transaction, e *webhooks.Event, now time.Time) error {
	if !e.Numbered() {
		return nil
	}
	return t.QueryRowxContext(ctx, `INSERT INTO webhook_numbers (import_id, type, given_at, last) VALUES (?, ?, ?, 1)
		ON CONFLICT (import_id, type) DO UPDATE SET last = last + 1, given_at = excluded.given_at RETURNING last`,
		e.ImportID, e.Type, now.UnixMicro()).Scan(&e.Number)
}
