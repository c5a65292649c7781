package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

const (
	// eventBytes is about how much text is inserted in one statement: a server takes memory for larger ones from the
	// system, and gives it back, each time, which costs as much again as storing what is in them.
	eventBytes = 256 << 10
	// deliveryRows is how many deliveries are inserted in one statement.
	deliveryRows = 2_000
)

// Listening returns those of the types to which an endpoint listens.
func (w *Webhooks) Listening(ctx context.Context, imported bool, types ...string) ([]string, error) {
	var all audience
	err := w.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		all, err = w.listeners(ctx, q, types)
		return err
	})
	if err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	if all.feed {
		return slices.Clone(types), nil
	}
	return driver.Audience(all.endpoints, imported, types), nil
}

// audience is who may want events.
type audience struct {
	endpoints []webhooks.Endpoint
	feed      bool
	now       time.Time // the server's
}

// listeners reads the endpoints that may listen to one of the types, no more of them than that takes, and whether the
// feed is kept.
func (w *Webhooks) listeners(ctx context.Context, q sqlx.QueryerContext, types []string) (all audience, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT clock_timestamp(), coalesce(k.keep, 0) > 0, e.id, coalesce(e.state, ''),
			coalesce(e.summaries_only, false), e.events
		FROM (SELECT true AS one) x LEFT JOIN webhook_feed_keeping k ON k.one = x.one
			LEFT JOIN webhook_endpoints e ON e.state <> 'inactive' AND e.events && $1::text[]
		ORDER BY e.created_at, e.id`, pq.Array(subscriptions(types)))
	if err != nil {
		return all, err
	}
	defer rows.Close()
	for rows.Next() {
		var id sql.Null[uuid]
		var e webhooks.Endpoint
		if err := rows.Scan(&all.now, &all.feed, &id, &e.State, &e.SummariesOnly, pq.Array(&e.Events)); err != nil {
			return all, err
		}
		if id.Valid {
			e.ID = id.V.id(endpointPrefix)
			all.endpoints = append(all.endpoints, e)
		}
	}
	all.now = all.now.UTC()
	return all, rows.Err()
}

// subscriptions returns all that cover one of the types, see webhooks.Matches.
func subscriptions(types []string) []string {
	all := map[string]bool{"*": true}
	for _, t := range types {
		t = clean(t)
		all[t] = true
		for i := range len(t) {
			if t[i] == '.' {
				all[t[:i+1]+"*"] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Numbers returns the numbers that were given last.
func (w *Webhooks) Numbers(ctx context.Context, importID string) (map[string]int64, error) {
	numbers := map[string]int64{}
	err := w.each(ctx, `SELECT type, last FROM webhook_numbers WHERE import_id = $1`,
		func(scan func(...any) error) error {
			var eventType string
			var last int64
			err := scan(&eventType, &last)
			numbers[eventType] = last
			return err
		}, clean(importID))
	if err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	return numbers, nil
}

// Append stores events with their deliveries.
func (w *Webhooks) Append(ctx context.Context, events []webhooks.Event) (stored int, err error) {
	for i := range events {
		if err := checkEvent(&events[i]); err != nil {
			return 0, err
		}
	}
	if len(events) == 0 {
		return 0, nil
	}
	err = w.db.join(ctx, func(ctx context.Context, t *transaction) (err error) {
		stored, err = w.append(ctx, t, events)
		return err
	})
	if err != nil {
		return 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	return stored, nil
}

// checkEvent returns an error for an event that can't be stored.
func checkEvent(e *webhooks.Event) error {
	if err := driver.CheckEvent(e); err != nil {
		return err
	}
	for _, text := range []string{e.Type, e.ImportID} {
		if clean(text) != text {
			return fmt.Errorf("postgres: an event can't have the type or import %q", text)
		}
	}
	return nil
}

// appender stores the events of an Append.
type appender struct {
	t      *transaction
	events []newEvent
}

// newEvent is an event that somebody listens to, or that the feed takes.
type newEvent struct {
	event     *webhooks.Event
	id        uuid
	listeners []*webhooks.Endpoint
}

// append stores the events. Numbers are taken as late as can be, so that others who append to the same import wait only
// for the rest of the transaction.
func (w *Webhooks) append(ctx context.Context, t *transaction, events []webhooks.Event) (stored int, err error) {
	var types []string
	for i := range events {
		if !slices.Contains(types, events[i].Type) {
			types = append(types, events[i].Type)
		}
	}
	all, err := w.listeners(ctx, t, types)
	if err != nil || len(all.endpoints) == 0 && !all.feed {
		return 0, err
	}
	a := appender{t: t}
	for i := range events {
		e := newEvent{event: &events[i]}
		e.event.Init(all.now)
		e.event.Number = 0
		e.id = mustUUID(eventPrefix, e.event.ID)
		for j := range all.endpoints {
			if driver.Listens(&all.endpoints[j], e.event) {
				e.listeners = append(e.listeners, &all.endpoints[j])
			}
		}
		if len(e.listeners) > 0 || all.feed {
			a.events = append(a.events, e)
		}
	}
	if len(a.events) == 0 {
		return 0, nil
	}
	if err := w.db.limitIdle(ctx, t); err != nil { // until here nothing was locked
		return 0, err
	}
	if err := a.insertEvents(ctx); err != nil {
		return 0, err
	}
	if err := a.number(ctx); err != nil {
		return 0, err
	}
	if all.feed {
		if err := a.place(ctx, all.now); err != nil {
			return 0, err
		}
	}
	if err := a.insertDeliveries(ctx); err != nil {
		return 0, err
	}
	w.db.onCommit(ctx, w.db.notifier.webhooks.notify)
	return len(a.events), nil
}

// insertEvents inserts the events, about eventBytes of them in a statement. While the server stores some, the next ones
// are packed.
func (a *appender) insertEvents(ctx context.Context) error {
	full, spare := newEventRows(), newEventRows()
	rest := packEvents(full, a.events)
	if len(rest) > 0 {
		restore, err := planForAny(ctx, a.t)
		if err != nil {
			return err
		}
		defer restore()
	}
	for full[0].n > 0 {
		var packing sync.WaitGroup
		packing.Go(func() { rest = packEvents(spare, rest) })
		// Arrays that are unnested in the SELECT list aren't materialized, as in FROM they would be.
		_, err := a.t.ExecContext(ctx,
			`INSERT INTO webhook_events (id, happened_at, lane, packed, type, import_id, data)
			SELECT unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::bigint[]), unnest($4::boolean[]),
			unnest($5::text[]),
				unnest($6::text[]), unnest($7::bytea[])`, full.args()...)
		packing.Wait()
		if err != nil {
			return err
		}
		full, spare = spare, full
	}
	return nil
}

// planForAny has the server plan the transaction's statements for any parameters, until restore is called or the
// transaction ends: a plan for what is in the parameters has two copies of it, which was a quarter of the server's work
// with events of an import.
func planForAny(ctx context.Context, t *transaction) (restore func(), err error) {
	var before, now string
	err = t.QueryRowContext(ctx, `WITH before AS MATERIALIZED (SELECT current_setting('plan_cache_mode') AS mode)
		SELECT mode, set_config('plan_cache_mode', 'force_generic_plan', true) FROM before`).Scan(&before, &now)
	return func() {
		// Where it fails the transaction has failed, as the next statement finds.
		_, _ = t.ExecContext(ctx, `SELECT set_config('plan_cache_mode', $1, true)`, before)
	}, err
}

func newEventRows() arrays {
	return newArrays(oidUUID, oidTime, oidInt8, oidBool, oidText, oidText, oidBytea)
}

// packEvents fills the rows with the next events, as many as go into a statement, and returns the others.
func packEvents(rows arrays, events []newEvent) (rest []newEvent) {
	rows.reset()
	data := &rows[6]
	if len(events) > 1 {
		data.buf = slices.Grow(data.buf, 2*eventBytes)
	}
	for i, e := range events {
		if len(data.buf) >= eventBytes {
			return events[i:]
		}
		rows[0].addUUID(e.id)
		rows[1].addTime(e.event.Time)
		rows[2].addInt(int64(e.event.Lane))
		rows[4].add(e.event.Type)
		rows[5].add(e.event.ImportID)
		start := data.open()
		var packed bool
		data.buf, packed = driver.AppendPacked(data.buf, e.event.Data)
		data.close(start)
		rows[3].addBool(packed)
	}
	return nil
}

// insertDeliveries inserts a delivery of every event to each of its listeners.
func (a *appender) insertDeliveries(ctx context.Context) error {
	rows := newArrays(oidUUID, oidUUID, oidTime, oidTime, oidTime, oidInt8, oidText, oidInt8)
	flush := func() error {
		_, err := a.t.ExecContext(ctx,
			`INSERT INTO webhook_deliveries (endpoint, event, not_before, created_at, finished_at, lane, state, number)
			SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
			$6::bigint[], $7::text[], $8::bigint[])`, rows.args()...)
		rows.reset()
		return err
	}
	for _, e := range a.events {
		for _, to := range e.listeners {
			d := driver.NewDelivery(e.event, to)
			rows[0].addUUID(mustUUID(endpointPrefix, to.ID))
			rows[1].addUUID(e.id)
			rows[2].addTime(d.NotBefore)
			rows[3].addTime(d.CreatedAt)
			rows[4].addTime(d.FinishedAt)
			rows[5].addInt(int64(d.Lane))
			rows[6].add(string(d.State))
			rows[7].addInt(d.Number)
			if rows[0].n == deliveryRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if rows[0].n == 0 {
		return nil
	}
	return flush()
}

// series is what is numbered together.
type series struct{ importID, eventType string }

// number gives the events that are numbered their numbers.
func (a *appender) number(ctx context.Context) error {
	counts := map[series]int64{}
	for _, e := range a.events {
		if e.event.Numbered() {
			counts[series{e.event.ImportID, e.event.Type}]++
		}
	}
	if len(counts) == 0 {
		return nil
	}
	next, err := a.reserve(ctx, counts)
	if err != nil {
		return err
	}
	for _, e := range a.events {
		if e.event.Numbered() {
			s := series{e.event.ImportID, e.event.Type}
			next[s]++
			e.event.Number = next[s]
		}
	}
	return nil
}

// reserve takes so many numbers of each series, and returns the ones in front of them. It locks the series' rows, in
// order, until the transaction ends.
func (a *appender) reserve(ctx context.Context, counts map[series]int64) (before map[series]int64, err error) {
	rows := newArrays(oidText, oidText, oidInt8)
	for _, s := range slices.SortedFunc(maps.Keys(counts), func(x, y series) int {
		return cmp.Or(strings.Compare(x.importID, y.importID), strings.Compare(x.eventType, y.eventType))
	}) {
		rows[0].add(s.importID)
		rows[1].add(s.eventType)
		rows[2].addInt(counts[s])
	}
	last, err := a.t.QueryxContext(ctx, `INSERT INTO webhook_numbers AS n (import_id, type, last, given_at)
		SELECT x.import_id, x.type, x.count, clock_timestamp()
		FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS x(import_id, type, count, i) ORDER BY x.i
		ON CONFLICT (import_id, type) DO UPDATE SET last = n.last + excluded.last, given_at = excluded.given_at
		RETURNING import_id, type, last`, rows.args()...)
	if err != nil {
		return nil, err
	}
	defer last.Close()
	before = map[series]int64{}
	for last.Next() {
		var s series
		var n int64
		if err := last.Scan(&s.importID, &s.eventType, &n); err != nil {
			return nil, err
		}
		before[s] = n - counts[s]
	}
	return before, last.Err()
}
