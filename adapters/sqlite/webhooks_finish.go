package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Renew has claims hold for longer.
func (w *Webhooks) Renew(ctx context.Context, claimIDs []string, lease time.Duration) (renewed int, err error) {
	if err := driver.CheckLease(lease); err != nil {
		return 0, err
	}
	wanted, err := list(claimIDs)
	if err != nil || len(claimIDs) == 0 {
		return 0, err
	}
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		now := w.db.now()
		result, err := t.ExecContext(ctx, `UPDATE webhook_claims SET lease_until = ? WHERE lease_until > ?
			AND id IN (SELECT value FROM json_each(?))`, now.Add(lease).UnixMicro(), now.UnixMicro(), wanted)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		renewed = int(n)
		return err
	})
	if err != nil {
		return 0, err
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
	if len(results) == 0 {
		return 0, nil
	}
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		f := finisher{store: w, t: t, now: w.db.now()}
		if err := f.find(ctx, results); err != nil {
			return err
		}
		counted, err = f.run(ctx, results)
		return err
	})
	if err != nil {
		return 0, err
	}
	return counted, nil
}

// finisher does one Finish.
type finisher struct {
	store     *Webhooks
	t         *transaction
	now       time.Time
	endpoints map[string]*endpointRow
	held      map[int64]*heldDelivery
}

// heldDelivery is a delivery that a claim holds, or held last.
type heldDelivery struct {
	webhooks.Delivery // without what its conclusion doesn't need
	claim             string
}

// find reads the deliveries that the results are of, and their endpoints. Those of deleted endpoints are missing.
func (f *finisher) find(ctx context.Context, results []webhooks.Result) error {
	ids := make([]int64, len(results))
	for i := range results {
		ids[i] = results[i].DeliveryID
	}
	wanted, err := list(ids)
	if err != nil {
		return err
	}
	f.held, f.endpoints = map[int64]*heldDelivery{}, map[string]*endpointRow{}
	if err := f.findHeld(ctx, wanted); err != nil {
		return err
	}
	endpoints, err := f.store.endpoints(ctx, f.t, `WHERE e.id IN (SELECT d.endpoint FROM webhook_deliveries d
		WHERE d.id IN (SELECT value FROM json_each(?)))`, wanted)
	for _, r := range endpoints {
		f.endpoints[r.ID] = r
	}
	return err
}

func (f *finisher) findHeld(ctx context.Context, ids string) error {
	rows, err := f.t.QueryxContext(ctx, `SELECT id, claim, endpoint, lane, state, attempts, earlier, not_before,
			last_attempt, last_status, last_kind
		FROM webhook_deliveries WHERE claim IS NOT NULL AND id IN (SELECT value FROM json_each(?))`, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		h := &heldDelivery{}
		if err := rows.Scan(&h.ID, &h.claim, &h.EndpointID, &h.Lane, &h.State, &h.Attempts, &h.Earlier,
			timeIn{&h.NotBefore}, timeIn{&h.LastAttempt}, &h.LastStatus, &h.LastFailure); err != nil {
			return err
		}
		f.held[h.ID] = h
	}
	return rows.Err()
}

// run stores the results that count.
func (f *finisher) run(ctx context.Context, results []webhooks.Result) (counted int, err error) {
	log, err := f.t.PrepareContext(ctx, `INSERT INTO webhook_attempts (delivery, number, at, duration, status, kind,
		worker, error, response) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }()
	save, err := f.t.PrepareContext(ctx, saveDelivery)
	if err != nil {
		return 0, err
	}
	defer func() { _ = save.Close() }()
	var changed, disabled []*endpointRow
	var claims []string
	for i := range results {
		r := &results[i]
		h := f.held[r.DeliveryID]
		if h == nil || h.claim != r.ClaimID || f.endpoints[h.EndpointID] == nil {
			continue
		}
		counted++
		delete(f.held, h.ID)
		e := f.endpoints[h.EndpointID]
		noted, off := driver.NoteResults(&e.Endpoint, f.now, *r)
		if noted && !slices.Contains(changed, e) {
			changed = append(changed, e)
		}
		if off {
			disabled = append(disabled, e)
		}
		driver.ConcludeDelivery(&h.Delivery, f.now, r, e.State)
		if err := conclude(ctx, save, log, &h.Delivery, r.Attempt); err != nil {
			return 0, err
		}
		if !slices.Contains(claims, h.claim) {
			claims = append(claims, h.claim)
		}
	}
	for _, e := range changed {
		if err := e.saveHealth(ctx, f.t); err != nil {
			return 0, err
		}
	}
	done, err := list(claims)
	if err != nil {
		return 0, err
	}
	if err := removeEmptyClaims(ctx, f.t, `id IN (SELECT value FROM json_each(?))`, done); err != nil {
		return 0, err
	}
	return counted, f.disable(ctx, disabled)
}

// conclude stores what became of a delivery, which is in no claim any more, and the attempt, nil for none.
func conclude(ctx context.Context, save, log *sql.Stmt, d *webhooks.Delivery, a *webhooks.Attempt) error {
	if _, err := save.ExecContext(ctx, deliveryArgs(d)...); err != nil || a == nil {
		return err
	}
	response := a.Response
	if response == nil {
		response = []byte{} // which is not null
	}
	_, err := log.ExecContext(ctx, d.ID, d.Attempts, a.At.UnixMicro(), int64(a.Duration), a.Status, a.Failure, a.Worker,
		a.Error, response)
	return err
}

// disable does what has to be done when endpoints have become Disabled.
func (f *finisher) disable(ctx context.Context, endpoints []*endpointRow) error {
	var events []webhooks.Event
	for _, e := range endpoints {
		if err := skipPending(ctx, f.t, e.ID, f.now); err != nil {
			return err
		}
		events = append(events, driver.DisabledEvent(&e.Endpoint, f.now))
	}
	if len(events) == 0 {
		return nil
	}
	_, err := f.store.append(ctx, f.t, events, f.now)
	return err
}
