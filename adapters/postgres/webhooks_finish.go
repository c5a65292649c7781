package postgres

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Renew has claims hold for longer. Those that somebody has locked are just being finished, or lost.
func (w *Webhooks) Renew(ctx context.Context, claimIDs []string, lease time.Duration) (renewed int, err error) {
	if err := driver.CheckLease(lease); err != nil {
		return 0, err
	}
	var ids []uuid
	for _, claim := range claimIDs {
		if id, ok := parseUUID(claimPrefix, claim); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	err = w.joinFast(ctx, func(ctx context.Context, t *transaction) error {
		result, err := t.ExecContext(ctx,
			`UPDATE webhook_claims SET lease_until = clock_timestamp() + $2 * interval '1 microsecond' WHERE id IN (
			SELECT id FROM webhook_claims WHERE id = ANY ($1::uuid[]) AND lease_until > clock_timestamp()
			FOR UPDATE SKIP LOCKED)`,
			uuidArray(ids), lease.Microseconds())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		renewed = int(n)
		return err
	})
	if err != nil {
		return 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	return renewed, nil
}

// Finish stores the results of claims.
func (w *Webhooks) Finish(ctx context.Context, results []webhooks.Result) (counted int, err error) {
	for i := range results {
		if err := driver.CheckResult(&results[i]); err != nil {
			return 0, err
		}
	}
	f := finisher{store: w, results: results}
	err = w.joinFast(ctx, func(ctx context.Context, t *transaction) (err error) {
		counted, err = f.run(ctx, t)
		return err
	})
	if err != nil {
		return 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	return counted, nil
}

// finisher does one Finish.
type finisher struct {
	store   *Webhooks
	results []webhooks.Result

	// Of the current attempt.
	now       time.Time
	endpoints map[uuid]*endpointRow   // by claim
	locked    map[*endpointRow]bool   // those that may be changed
	held      map[int64]*heldDelivery // by delivery
	counted   []*heldDelivery
}

// heldDelivery is a delivery that a claim holds, or held last.
type heldDelivery struct {
	delivery webhooks.Delivery // without what its conclusion doesn't need
	claim    uuid
	endpoint *endpointRow
	result   *webhooks.Result // nil until there is one that counts
}

// run is the transaction.
func (f *finisher) run(ctx context.Context, t *transaction) (counted int, err error) {
	f.endpoints, f.locked = map[uuid]*endpointRow{}, map[*endpointRow]bool{}
	f.held, f.counted = map[int64]*heldDelivery{}, nil
	if err := f.find(ctx, t); err != nil || len(f.endpoints) == 0 {
		return 0, err
	}
	if err := f.lock(ctx, t); err != nil {
		return 0, err
	}
	if err := f.hold(ctx, t); err != nil {
		return 0, err
	}
	for i := range f.results {
		r := &f.results[i]
		h := f.held[r.DeliveryID]
		if claim, ok := parseUUID(claimPrefix, r.ClaimID); ok && h != nil && h.claim == claim && h.result == nil {
			h.result = r
			f.counted = append(f.counted, h)
		}
	}
	if len(f.counted) == 0 {
		return 0, nil
	}
	return len(f.counted), f.save(ctx, t)
}

// find reads the endpoints of the claims.
func (f *finisher) find(ctx context.Context, t *transaction) error {
	rows, err := t.QueryxContext(ctx, `SELECT `+endpointColumns+
		`, c.id FROM webhook_claims c JOIN webhook_endpoints e ON e.id = c.endpoint
		WHERE c.id = ANY ($1::uuid[])`, uuidArray(f.claims()))
	if err != nil {
		return err
	}
	defer rows.Close()
	known := map[uuid]*endpointRow{}
	for rows.Next() {
		r := new(endpointRow)
		var claim uuid
		if err := r.scan(rows, &claim); err != nil {
			return err
		}
		if known[r.id] == nil {
			known[r.id] = r
		}
		f.now, f.endpoints[claim] = r.now, known[r.id]
	}
	return rows.Err()
}

// claims are those of the results, once each.
func (f *finisher) claims() (ids []uuid) {
	seen := map[uuid]bool{}
	for i := range f.results {
		if id, ok := parseUUID(claimPrefix, f.results[i].ClaimID); ok && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// lock keeps, and reads again, those endpoints that have to be changed, or whose state decides what becomes of a
// delivery. While all goes well there are none: driver.NoteResults is called without a lock first, and an endpoint that
// it doesn't change for all of the results it doesn't change for those that count.
func (f *finisher) lock(ctx context.Context, t *transaction) error {
	results := map[*endpointRow][]webhooks.Result{}
	wanted := map[uuid]*endpointRow{}
	for i := range f.results {
		r := &f.results[i]
		claim, _ := parseUUID(claimPrefix, r.ClaimID)
		e := f.endpoints[claim]
		if e == nil {
			continue
		}
		results[e] = append(results[e], *r)
		if r.Attempt == nil || r.State != webhooks.Delivered {
			wanted[e.id] = e
		}
	}
	for e, of := range results {
		try := e.Endpoint
		if changed, _ := driver.NoteResults(&try, f.now, of...); changed {
			wanted[e.id] = e
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	rows, err := t.QueryxContext(ctx, `SELECT `+endpointColumns+
		` FROM webhook_endpoints e WHERE e.id = ANY ($1::uuid[]) ORDER BY e.id FOR UPDATE`,
		uuidArray(slices.Collect(maps.Keys(wanted))))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() { // what is missing is deleted, and so are its claims
		var r endpointRow
		if err := r.scan(rows); err != nil {
			return err
		}
		e := wanted[r.id]
		*e = r
		f.locked[e] = true
	}
	return rows.Err()
}

// hold keeps the claims, and reads what they hold of the results. A claim whose lease has run out holds what nobody has
// taken out of it.
func (f *finisher) hold(ctx context.Context, t *transaction) error {
	wanted := newArrays(oidUUID, oidInt8)
	for i := range f.results {
		if claim, ok := parseUUID(claimPrefix, f.results[i].ClaimID); ok {
			wanted[0].addUUID(claim)
			wanted[1].addInt(f.results[i].DeliveryID)
		}
	}
	rows, err := t.QueryContext(ctx,
		`SELECT c.id, d.id, d.lane, d.attempts, d.earlier, d.not_before, d.last_attempt, d.last_status, d.last_kind
		FROM unnest($1::uuid[], $2::bigint[]) AS x(claim, delivery) JOIN webhook_claims c ON c.id = x.claim
		AND x.delivery = ANY (c.deliveries)
			JOIN webhook_deliveries_pending d ON `+lookedUp("d.id", "x.delivery")+`
		ORDER BY c.id FOR UPDATE OF c`, wanted.args()...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		h := &heldDelivery{delivery: webhooks.Delivery{State: webhooks.Pending}}
		var last sql.NullTime
		d := &h.delivery
		if err := rows.Scan(&h.claim, &d.ID, &d.Lane, &d.Attempts, &d.Earlier, &d.NotBefore, &last, &d.LastStatus,
			&d.LastFailure); err != nil {
			return err
		}
		h.delivery.LastAttempt, h.endpoint = timeOrZero(last), f.endpoints[h.claim]
		f.held[h.delivery.ID] = h
	}
	return rows.Err()
}

// save stores what counts.
func (f *finisher) save(ctx context.Context, t *transaction) error {
	disabled, err := f.note(ctx, t)
	if err != nil {
		return err
	}
	deliveries := make([]webhooks.Delivery, len(f.counted))
	done := map[uuid][]int64{}
	for i, h := range f.counted {
		driver.ConcludeDelivery(&h.delivery, f.now, h.result, h.endpoint.State)
		deliveries[i] = h.delivery
		done[h.claim] = append(done[h.claim], h.delivery.ID)
	}
	if err := f.log(ctx, t); err != nil {
		return err
	}
	if err := f.store.saveDeliveries(ctx, t, deliveries, `d.state = 'pending'`); err != nil {
		return err
	}
	if err := f.release(ctx, t, done); err != nil {
		return err
	}
	var events []webhooks.Event
	for _, e := range disabled {
		if err := f.store.skipPending(ctx, t, e); err != nil {
			return err
		}
		events = append(events, driver.DisabledEvent(&e.Endpoint, f.now))
	}
	if len(events) == 0 {
		return nil
	}
	// Who reads the feed may rely on what was seen there: a crash must not undo it.
	if _, err := t.ExecContext(ctx, `SET LOCAL synchronous_commit TO DEFAULT`); err != nil {
		return err
	}
	_, err = f.store.append(ctx, t, events)
	return err
}

// release takes the deliveries out of their claims. With its last one a claim goes.
func (f *finisher) release(ctx context.Context, t *transaction, done map[uuid][]int64) error {
	rows := newArrays(oidUUID, oidText)
	for claim, ids := range done {
		rows[0].addUUID(claim)
		rows[1].add(formatInts(ids))
	}
	const from = `unnest($1::uuid[], $2::text[]) AS x(id, done) WHERE c.id = x.id`
	if _, err := t.ExecContext(ctx, `DELETE FROM webhook_claims c USING `+from+` AND c.deliveries <@ x.done::bigint[]`,
		rows.args()...); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx,
		`UPDATE webhook_claims c SET deliveries = ARRAY (SELECT d FROM unnest(c.deliveries) AS d
			WHERE d <> ALL (x.done::bigint[]))
		FROM `+from, rows.args()...)
	return err
}

// note changes the endpoints' health, and returns those that became Disabled.
func (f *finisher) note(ctx context.Context, t *transaction) (disabled []*endpointRow, err error) {
	results := map[*endpointRow][]webhooks.Result{}
	var order []*endpointRow
	for _, h := range f.counted {
		if results[h.endpoint] == nil && f.locked[h.endpoint] {
			order = append(order, h.endpoint)
		}
		results[h.endpoint] = append(results[h.endpoint], *h.result)
	}
	var changed []*endpointRow
	for _, e := range order {
		noted, off := driver.NoteResults(&e.Endpoint, f.now, results[e]...)
		if noted {
			changed = append(changed, e)
		}
		if off {
			disabled = append(disabled, e)
		}
	}
	return disabled, saveHealth(ctx, t, changed)
}

// log adds the attempts to the log.
func (f *finisher) log(ctx context.Context, t *transaction) error {
	rows := newArrays(oidInt8, oidInt8, oidTime, oidInt8, oidInt8, oidText, oidText, oidText, oidBytea)
	for _, h := range f.counted {
		a := h.result.Attempt
		if a == nil {
			continue
		}
		rows[0].addInt(h.delivery.ID)
		rows[1].addInt(int64(h.delivery.Attempts))
		rows[2].addTime(a.At)
		rows[3].addInt(int64(a.Duration))
		rows[4].addInt(int64(a.Status))
		rows[5].add(clean(string(a.Failure)))
		rows[6].add(clean(a.Worker))
		rows[7].add(clean(a.Error))
		rows[8].add(string(a.Response))
	}
	if rows[0].n == 0 {
		return nil
	}
	statement, args := t.withMark(
		`INSERT INTO webhook_attempts (delivery, number, at, duration, status, kind, worker, error, response)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::text[],
		$7::text[],
			$8::text[], $9::bytea[])`, rows.args()...)
	_, err := t.ExecContext(ctx, statement, args...)
	return err
}
