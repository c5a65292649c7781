package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// fewEvents is how many events of an import or a type are looked up one by one for a list. Of more, some are soon among
// the newest deliveries.
const fewEvents = 10_000

// The tables of deliveries, from those or from their events on; only what belongs to an endpoint can be found.
const (
	fromDeliveries = `webhook_deliveries d CROSS JOIN webhook_events e ON e.id = d.event`
	fromEvents     = `webhook_events e CROSS JOIN webhook_deliveries d ON d.event = e.id`
	ofEndpoints    = ` JOIN webhook_endpoints o ON o.id = d.endpoint `
)

// deliveryColumns are all of a delivery d and its event e.
const deliveryColumns = `SELECT d.id, d.endpoint, d.event, e.type, e.import_id, d.number, d.lane, d.state, d.attempts,
	d.earlier, d.not_before, d.created_at, d.finished_at, d.last_attempt, d.last_status, d.last_kind FROM `

// deliveries reads deliveries. The clause stands behind the tables.
func (w *Webhooks) deliveries(ctx context.Context, q querier, clause string, args ...any) ([]webhooks.Delivery, error) {
	return readDeliveries(ctx, q, deliveryColumns+fromDeliveries+` `+clause, args...)
}

func readDeliveries(ctx context.Context, q querier, statement string,
	args ...any) (all []webhooks.Delivery, err error) {
	rows, err := q.QueryxContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d webhooks.Delivery
		if err := rows.Scan(&d.ID, &d.EndpointID, &d.EventID, &d.EventType, &d.ImportID, &d.Number, &d.Lane, &d.State,
			&d.Attempts, &d.Earlier, timeIn{&d.NotBefore}, timeIn{&d.CreatedAt}, timeIn{&d.FinishedAt},
			timeIn{&d.LastAttempt}, &d.LastStatus, &d.LastFailure); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// saveDelivery writes back all of a delivery that can change, and takes it out of its claim.
const saveDelivery = `UPDATE webhook_deliveries SET not_before = ?, finished_at = ?, last_attempt = ?, attempts = ?,
	earlier = ?, last_status = ?, lane = ?, state = ?, last_kind = ?, claim = NULL WHERE id = ?`

func deliveryArgs(d *webhooks.Delivery) []any {
	return []any{d.NotBefore.UnixMicro(), nullTime(d.FinishedAt), nullTime(d.LastAttempt), d.Attempts, d.Earlier,
		d.LastStatus, d.Lane, d.State, d.LastFailure, d.ID}
}

// readEvent reads the delivery's event.
func readEvent(ctx context.Context, q querier, d *webhooks.Delivery) (*webhooks.Event, error) {
	e := webhooks.Event{ID: d.EventID, Type: d.EventType, ImportID: d.ImportID, Number: d.Number}
	var packed bool
	err := q.QueryRowxContext(ctx, `SELECT happened_at, lane, packed, data FROM webhook_events WHERE id = ?`, e.ID).
		Scan(timeIn{&e.Time}, &e.Lane, &packed, &e.Data)
	if err != nil {
		return nil, err
	}
	e.Data, err = driver.Unpack(e.Data, packed)
	return &e, err
}

// ListDeliveries returns deliveries, newest first.
func (w *Webhooks) ListDeliveries(ctx context.Context,
	query webhooks.DeliveryQuery) (found []webhooks.Delivery, err error) {
	if err := driver.CheckQuery(&query); err != nil {
		return nil, err
	}
	states, err := list(query.States)
	if err != nil {
		return nil, err
	}
	err = w.db.read(ctx, func(ctx context.Context, q querier) error {
		if query.EndpointID != "" {
			if _, err := w.endpoint(ctx, q, query.EndpointID, 0); err != nil {
				return err
			}
		}
		few, err := hasFewEvents(ctx, q, &query)
		if err != nil {
			return err
		}
		from := fromDeliveries
		if few {
			from = fromEvents
		}
		conditions, args := []string{`(?1 = '[]' OR d.state IN (SELECT value FROM json_each(?1)))`}, []any{states}
		for _, c := range []struct {
			condition string
			value     any
			asked     bool
		}{
			{`d.endpoint`, query.EndpointID, query.EndpointID != ""},
			{`d.event`, query.EventID, query.EventID != ""},
			{`e.type`, query.EventType, query.EventType != ""},
			{`e.import_id <> '' AND e.import_id`, query.ImportID, query.ImportID != ""},
		} {
			if c.asked {
				conditions, args = append(conditions, c.condition+` = ?`), append(args, c.value)
			}
		}
		if query.Before > 0 {
			conditions, args = append(conditions, `d.id < ?`), append(args, query.Before)
		}
		found, err = readDeliveries(ctx, q, deliveryColumns+from+ofEndpoints+`WHERE `+
			strings.Join(conditions, ` AND `)+` ORDER BY d.id DESC LIMIT ?`, append(args, query.Limit)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// hasFewEvents reports whether the import that the query names, or else its type, has at most fewEvents events.
func hasFewEvents(ctx context.Context, q querier, query *webhooks.DeliveryQuery) (few bool, err error) {
	where, arg := `import_id <> '' AND import_id = ?`, query.ImportID
	if arg == "" {
		where, arg = `type = ?`, query.EventType
	}
	if arg == "" || query.EventID != "" {
		return false, nil
	}
	err = q.QueryRowxContext(ctx, `SELECT count(*) <= ? FROM (SELECT 1 FROM webhook_events WHERE `+where+` LIMIT ?)`,
		fewEvents, arg, fewEvents+1).Scan(&few)
	return few, err
}

// delivery reads the delivery, or returns ErrNotFound.
func (w *Webhooks) delivery(ctx context.Context, q querier, id int64) (webhooks.Delivery, error) {
	found, err := w.deliveries(ctx, q, ofEndpoints+`WHERE d.id = ?`, id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: delivery %d", webhooks.ErrNotFound, id)
	}
	if err != nil {
		return webhooks.Delivery{}, err
	}
	return found[0], nil
}

// Delivery returns all that is known of a delivery.
func (w *Webhooks) Delivery(ctx context.Context, id int64) (record webhooks.Record, err error) {
	err = w.db.snapshot(ctx, func(ctx context.Context, q querier) error {
		d, err := w.delivery(ctx, q, id)
		if err != nil {
			return err
		}
		event, err := readEvent(ctx, q, &d)
		if err != nil {
			return err
		}
		attempts, err := readAttempts(ctx, q, id)
		record = webhooks.Record{Delivery: d, Event: *event, Attempts: attempts}
		return err
	})
	if err != nil {
		return webhooks.Record{}, w.db.fail(ctx, err, nil)
	}
	return record, nil
}

func readAttempts(ctx context.Context, q querier, delivery int64) (all []webhooks.Attempt, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT number, worker, at, duration, status, kind, error, response
		FROM webhook_attempts WHERE delivery = ? ORDER BY number`, delivery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a webhooks.Attempt
		if err := rows.Scan(&a.Number, &a.Worker, timeIn{&a.At}, &a.Duration, &a.Status, &a.Failure, &a.Error,
			&a.Response); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// receiver returns an error, ErrNotFound or ErrOff, for an endpoint to which nothing can be sent again.
func (w *Webhooks) receiver(ctx context.Context, t *transaction, id string) error {
	e, err := w.endpoint(ctx, t, id, 0)
	if err == nil && !e.State.Receives() {
		err = fmt.Errorf("%w: %s is %s", webhooks.ErrOff, id, e.State)
	}
	return err
}

// Resend makes the delivery due.
func (w *Webhooks) Resend(ctx context.Context, id int64) (d webhooks.Delivery, err error) {
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if d, err = w.delivery(ctx, t, id); err != nil {
			return err
		}
		if err := w.receiver(ctx, t, d.EndpointID); err != nil {
			return err
		}
		now := w.db.now()
		var held bool
		if err := sqlx.GetContext(ctx, t, &held, `SELECT count(*) FROM webhook_deliveries d
			JOIN webhook_claims c ON c.id = d.claim WHERE d.id = ? AND c.lease_until > ?`, id, now.UnixMicro()); err != nil ||
			held {
			return err
		}
		driver.ResendDelivery(&d, now, false)
		if _, err := t.ExecContext(ctx, saveDelivery, deliveryArgs(&d)...); err != nil {
			return err
		}
		w.db.onCommit(ctx, w.db.wakes.webhooks.wake)
		return removeEmptyClaims(ctx, t, `endpoint = ?`, d.EndpointID)
	})
	if err != nil {
		return webhooks.Delivery{}, err
	}
	return d, nil
}

// Replay makes deliveries due that have ended, or that wait for their next attempt.
func (w *Webhooks) Replay(ctx context.Context, step webhooks.ReplayStep) (n int, last int64, err error) {
	if err := driver.CheckReplay(&step); err != nil {
		return 0, 0, err
	}
	states, err := list(step.States)
	if err != nil {
		return 0, 0, err
	}
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		n, last = 0, 0
		now := w.db.now()
		if err := w.receiver(ctx, t, step.EndpointID); err != nil {
			return err
		}
		again, err := w.deliveries(ctx, t, `WHERE d.endpoint = ? AND d.id > ? AND d.created_at >= ?
			AND (d.state <> 'pending' OR d.not_before > ? AND d.claim IS NULL)
			AND d.state IN (SELECT value FROM json_each(?)) ORDER BY d.id LIMIT ?`,
			step.EndpointID, step.After, step.Since.UnixMicro(), now.UnixMicro(), states, step.Limit)
		if err != nil {
			return err
		}
		if n = len(again); n == step.Limit {
			last = again[n-1].ID
		}
		save, err := t.PrepareContext(ctx, saveDelivery)
		if err != nil {
			return err
		}
		defer func() { _ = save.Close() }()
		for i := range again {
			driver.ResendDelivery(&again[i], now, true)
			if _, err := save.ExecContext(ctx, deliveryArgs(&again[i])...); err != nil {
				return err
			}
		}
		w.db.onCommit(ctx, w.db.wakes.webhooks.wake)
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return n, last, nil
}
