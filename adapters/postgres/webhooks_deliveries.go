package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// fewEvents is how many events of an import or a type are looked up one by one for a list. Of more, some are soon among
// the newest deliveries.
const fewEvents = 10_000

// ListDeliveries returns deliveries, newest first.
func (w *Webhooks) ListDeliveries(ctx context.Context, query webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
	if err := driver.CheckQuery(&query); err != nil {
		return nil, err
	}
	var list []webhooks.Delivery
	err := w.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		few, err := w.hasFewEvents(ctx, q, &query)
		if err != nil {
			return err
		}
		if clause, args, possible := listClause(&query, few); possible {
			list, err = w.deliveries(ctx, q, clause, args...)
		}
		if err == nil && len(list) == 0 && query.EndpointID != "" {
			_, err = w.endpoint(ctx, q, query.EndpointID, ``) // else it is not known to be there
		}
		return err
	})
	if err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	return list, nil
}

// hasFewEvents reports whether the import that the query names, or else its type, has at most fewEvents events. They
// are counted, since the planner's statistics of an import or of a rare type are old, or there are none.
func (w *Webhooks) hasFewEvents(ctx context.Context, q sqlx.QueryerContext,
	query *webhooks.DeliveryQuery) (few bool, err error) {
	where, arg := `import_id <> '' AND import_id = $1`, query.ImportID
	if arg == "" {
		where, arg = `type = $1`, query.EventType
	}
	if arg == "" || query.EventID != "" {
		return false, nil
	}
	// By the order that the index has, so that it is used.
	err = q.QueryRowxContext(ctx, `SELECT NOT EXISTS (SELECT FROM webhook_events WHERE `+where+
		` ORDER BY id OFFSET $2)`,
		clean(arg), fewEvents).Scan(&few)
	return few, err
}

// listClause makes the part of the statement behind its tables, and reports whether anything can be found. With few,
// events are looked up first, and else it goes through the deliveries: an expression in place of a column keeps the
// planner from doing the one in place of the other.
func listClause(query *webhooks.DeliveryQuery, few bool) (clause string, args []any, possible bool) {
	var where []string
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, condition+strconv.Itoa(len(args)))
	}
	for _, id := range []struct{ prefix, value, condition string }{
		{endpointPrefix, query.EndpointID, "d.endpoint = $"},
		{eventPrefix, query.EventID, "d.event = $"},
	} {
		if id.value == "" {
			continue
		}
		key, ok := parseUUID(id.prefix, id.value)
		if !ok {
			return "", nil, false
		}
		add(id.condition, key)
	}
	order := "d.id"
	if few {
		order = "d.id + 0"
	}
	for _, of := range []struct{ value, column, indexed string }{
		{query.ImportID, "import_id", "import_id <> '' AND import_id = $"},
		{query.EventType, "type", "type = $"},
	} {
		switch {
		case of.value == "":
		case few:
			add("d.event = ANY (ARRAY (SELECT id FROM webhook_events WHERE "+of.indexed, clean(of.value))
			where[len(where)-1] += "))"
			few = false // what comes after it is looked up in these
		default:
			add("e."+of.column+" || '' = $", clean(of.value))
		}
	}
	if query.Before > 0 {
		add("d.id < $", query.Before)
	}
	// The states are written out, so that it is known beforehand which of the two tables can have them.
	if states := stateList(query.States); len(query.States) > 0 && states == "" {
		return "", nil, false
	} else if states != "" {
		where = append(where, "d.state IN ("+states+")")
	}
	clause = `JOIN webhook_endpoints o ON o.id = d.endpoint`
	if len(where) > 0 {
		clause += ` WHERE ` + strings.Join(where, " AND ")
	}
	return clause + ` ORDER BY ` + order + ` DESC LIMIT ` + strconv.Itoa(query.Limit), args, true
}

// stateList returns those of the states that there are, as SQL.
func stateList(states []webhooks.DeliveryState) string {
	var list []string
	for _, s := range states {
		switch s {
		case webhooks.Pending, webhooks.Delivered, webhooks.Failed, webhooks.Skipped:
			list = append(list, "'"+string(s)+"'")
		}
	}
	return strings.Join(list, ", ")
}

// Delivery returns all that is known of a delivery.
func (w *Webhooks) Delivery(ctx context.Context, id int64) (webhooks.Record, error) {
	var record webhooks.Record
	err := w.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		record, err = w.record(ctx, q, id)
		return err
	})
	if err != nil {
		return webhooks.Record{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	return record, nil
}

func (w *Webhooks) record(ctx context.Context, q sqlx.QueryerContext, id int64) (record webhooks.Record, err error) {
	list, err := w.deliveries(ctx, q, `JOIN webhook_endpoints o ON o.id = d.endpoint WHERE d.id = $1`, id)
	if err != nil {
		return record, err
	}
	if len(list) == 0 {
		return record, webhooks.ErrNotFound
	}
	record.Delivery = list[0]
	event := mustUUID(eventPrefix, record.Delivery.EventID)
	if err := scanEvent(q.QueryRowxContext(ctx, `SELECT `+eventColumns+` FROM webhook_events e WHERE e.id = $1`, event),
		&record.Event); err != nil {
		return record, err
	}
	record.Event.Number = record.Delivery.Number
	rows, err := q.QueryxContext(ctx,
		`SELECT number, worker, at, duration, status, kind, error, response FROM webhook_attempts
		WHERE delivery = $1 ORDER BY number`, id)
	if err != nil {
		return record, err
	}
	defer rows.Close()
	for rows.Next() {
		var a webhooks.Attempt
		if err := rows.Scan(&a.Number, &a.Worker, &a.At, &a.Duration, &a.Status, &a.Failure, &a.Error,
			&a.Response); err != nil {
			return record, err
		}
		a.At = a.At.UTC()
		record.Attempts = append(record.Attempts, a)
	}
	return record, rows.Err()
}

// Resend makes the delivery due.
func (w *Webhooks) Resend(ctx context.Context, id int64) (d webhooks.Delivery, err error) {
	err = w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		var endpoint uuid
		if err := t.GetContext(ctx, &endpoint, `SELECT endpoint FROM webhook_deliveries WHERE id = $1`,
			id); err != nil {
			return err
		}
		now, err := w.lockReceiver(ctx, t, endpoint.id(endpointPrefix))
		if err != nil {
			return err
		}
		var claimed bool
		if err := t.GetContext(ctx, &claimed,
			`SELECT EXISTS (SELECT FROM webhook_claims WHERE endpoint = $1 AND lease_until > $2
				AND $3 = ANY (deliveries))`,
			endpoint, now, id); err != nil {
			return err
		}
		if !claimed {
			if err := removeFromClaims(ctx, t, []int64{id}, `endpoint = $2`, endpoint); err != nil {
				return err
			}
		}
		// What Finish did until now is seen here, and from now on it does nothing to a delivery that is in no claim.
		list, err := w.deliveries(ctx, t, `WHERE d.id = $1`, id)
		if err == nil && len(list) == 0 {
			err = webhooks.ErrNotFound
		}
		if err != nil {
			return err
		}
		if d = list[0]; claimed {
			return nil
		}
		driver.ResendDelivery(&d, now, false)
		w.db.onCommit(ctx, w.db.notifier.webhooks.notify)
		return w.saveDeliveries(ctx, t, []webhooks.Delivery{d}, `true`)
	})
	if err != nil {
		return webhooks.Delivery{}, fail(ctx, err, webhooks.ErrNotFound)
	}
	return d, nil
}

// lockReceiver locks the endpoint until the transaction ends, and returns the server's time. ErrNotFound, or ErrOff.
func (w *Webhooks) lockReceiver(ctx context.Context, t *transaction, id string) (now time.Time, err error) {
	r, err := w.lockEndpoint(ctx, t, id, 0)
	if err != nil {
		return now, err
	}
	if !r.State.Receives() {
		return now, webhooks.ErrOff
	}
	return r.now, nil
}

// Replay makes deliveries due that have ended, or that wait for their next attempt.
func (w *Webhooks) Replay(ctx context.Context, step webhooks.ReplayStep) (n int, last int64, err error) {
	if err := driver.CheckReplay(&step); err != nil {
		return 0, 0, err
	}
	states := stateList(step.States)
	err = w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		n, last = 0, 0
		now, err := w.lockReceiver(ctx, t, step.EndpointID)
		if err != nil {
			return err
		}
		if states == "" {
			return nil
		}
		endpoint := mustUUID(endpointPrefix, step.EndpointID)
		// With the endpoint locked nobody claims any of them; Finish may be at work on those that are claimed.
		where, args := `d.state <> 'pending'`, []any{endpoint, step.After, step.Since.UTC(), step.Limit}
		if slices.Contains(step.States, webhooks.Pending) {
			where, args = `(d.state <> 'pending' OR d.not_before > $5 AND d.id <> ALL (ARRAY (
				SELECT unnest(deliveries) FROM webhook_claims WHERE endpoint = $1)))`, append(args, now)
		}
		list, err := w.deliveries(ctx, t, `WHERE d.endpoint = $1 AND d.id > $2 AND d.created_at >= $3 AND d.state IN (`+
			states+`) AND `+where+`
			ORDER BY d.id LIMIT $4 FOR UPDATE OF d`, args...)
		if err != nil || len(list) == 0 {
			return err
		}
		if n = len(list); n == step.Limit {
			last = list[n-1].ID
		}
		for i := range list {
			driver.ResendDelivery(&list[i], now, true)
		}
		w.db.onCommit(ctx, w.db.notifier.webhooks.notify)
		if len(args) > 4 {
			where = `true`
		}
		return w.saveDeliveries(ctx, t, list, where)
	})
	if err != nil {
		return 0, 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	return n, last, nil
}
