package sqlite

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// maxReady is how many endpoints a Claim plans for. Where there are more it takes those with the fewest claims, in
// random order, so that none always waits behind others.
const maxReady = 200

// Claim takes deliveries that are due.
func (w *Webhooks) Claim(ctx context.Context, request webhooks.ClaimRequest) ([]webhooks.Claim, error) {
	if err := driver.CheckClaim(&request); err != nil {
		return nil, err
	}
	if err := w.watchClock(ctx); err != nil {
		return nil, err
	}
	// Most often there is nothing to do, which is found out without waiting for who writes.
	c := claimer{store: w, request: request, now: w.db.now()}
	err := w.db.read(ctx, c.look)
	if err != nil || len(c.ready) == 0 {
		return nil, err
	}
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		c.now = w.db.now()
		if err := c.look(ctx, t); err != nil {
			return err
		}
		return c.run(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	return c.claims, nil
}

// claimer does one Claim.
type claimer struct {
	store   *Webhooks
	request webhooks.ClaimRequest
	now     time.Time
	ready   []driver.Ready
	rows    map[*webhooks.Endpoint]*endpointRow
	due     map[*webhooks.Endpoint]*[2][]int64
	claims  []webhooks.Claim
}

// open counts the claims in a lane that hold at the time that is parameter 1, and waits finds out whether something is
// due that none holds, of the endpoint e.
const (
	open = `(SELECT count(*) FROM webhook_claims c WHERE c.endpoint = e.id AND c.lane = `
	held = ` AND c.lease_until > ?1)`

	waits = `EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint = e.id AND d.state = 'pending'
		AND d.claim IS NULL AND d.not_before <= ?1 AND d.lane = `
	lostWaits = `) OR EXISTS (SELECT 1 FROM webhook_claims c WHERE c.endpoint = e.id AND c.lease_until <= ?1
		AND c.lane = `
)

// look finds the endpoints that may get a claim, those with the fewest claims first.
func (c *claimer) look(ctx context.Context, q querier) error {
	c.ready, c.rows = nil, map[*webhooks.Endpoint]*endpointRow{}
	rows, err := q.QueryxContext(ctx, `SELECT `+endpointColumns+`, `+open+`0`+held+`, `+open+`1`+held+`,
			`+waits+`0`+lostWaits+`0), `+waits+`1`+lostWaits+`1)
		FROM webhook_endpoints e WHERE e.state = 'active' AND (e.paused_until IS NULL OR e.paused_until <= ?1)`,
		c.now.UnixMicro())
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r := new(endpointRow)
		one := driver.Ready{Endpoint: &r.Endpoint}
		var due [2]bool
		if err := r.scan(rows, &one.Open[0], &one.Open[1], &due[0], &due[1]); err != nil {
			return err
		}
		for lane := range due {
			if due[lane] {
				one.Due[lane] = 1 // at least
			}
		}
		spent := r.Spent
		if len(driver.Plan(c.now, c.request, []driver.Ready{one})) > 0 {
			r.Spent = spent
			c.ready, c.rows[one.Endpoint] = append(c.ready, one), r
		}
	}
	rand.Shuffle(len(c.ready), func(i, k int) { c.ready[i], c.ready[k] = c.ready[k], c.ready[i] })
	slices.SortStableFunc(c.ready, func(a, b driver.Ready) int { return a.Open[0] + a.Open[1] - b.Open[0] - b.Open[1] })
	c.ready = c.ready[:min(len(c.ready), maxReady)]
	return rows.Err()
}

// run is the transaction.
func (c *claimer) run(ctx context.Context, t *transaction) error {
	c.claims, c.due = nil, map[*webhooks.Endpoint]*[2][]int64{}
	sealed := func(r driver.Ready) bool {
		err := c.rows[r.Endpoint].unpack(c.store.db.options.Sealer)
		if err == nil {
			return false
		}
		// One that can't be signed for must not hold up the others.
		if _, told := c.store.unreadable.LoadOrStore(r.Endpoint.ID, true); !told {
			c.store.db.options.Logger.ErrorContext(ctx, "can't deliver to an endpoint", "endpoint", r.Endpoint.ID,
				"error", err)
		}
		return true
	}
	c.ready = slices.DeleteFunc(c.ready, sealed)
	spent := map[*webhooks.Endpoint]time.Time{}
	for i := range c.ready {
		if err := c.count(ctx, t, &c.ready[i]); err != nil {
			return err
		}
		spent[c.ready[i].Endpoint] = c.ready[i].Endpoint.Spent
	}
	for _, g := range driver.Plan(c.now, c.request, c.ready) {
		if err := c.grant(ctx, t, g); err != nil {
			return err
		}
	}
	for e, before := range spent {
		if !e.Spent.Equal(before) {
			if err := c.rows[e].saveHealth(ctx, t); err != nil {
				return err
			}
		}
	}
	return removeEmptyClaims(ctx, t, `lease_until <= ?`, c.now.UnixMicro())
}

// removeEmptyClaims removes those of the claims for which the condition is true that no delivery is in any more.
func removeEmptyClaims(ctx context.Context, t *transaction, where string, arg any) error {
	_, err := t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE `+where+` AND NOT EXISTS (
		SELECT 1 FROM webhook_deliveries d WHERE d.claim = webhook_claims.id)`, arg)
	return err
}

// countDue selects the first deliveries, as many as parameter 4 says, of the endpoint and the lane that are parameters
// 1 and 2, that are due at parameter 3 and in no claim that holds then.
const countDue = `SELECT id FROM (
	SELECT * FROM (SELECT id, not_before AS due FROM webhook_deliveries WHERE endpoint = ?1 AND lane = ?2
		AND state = 'pending' AND claim IS NULL AND not_before <= ?3 ORDER BY not_before, id LIMIT ?4)
	UNION ALL
	SELECT d.id, c.lease_until FROM webhook_claims c JOIN webhook_deliveries d ON d.claim = c.id
	WHERE c.endpoint = ?1 AND d.lane = ?2 AND c.lease_until <= ?3 AND d.state = 'pending')
	ORDER BY due, id LIMIT ?4`

// count finds what is due to the endpoint and in no claim that holds.
func (c *claimer) count(ctx context.Context, t *transaction, r *driver.Ready) error {
	due := &[2][]int64{}
	c.due[r.Endpoint] = due
	for lane := range due {
		if err := sqlx.SelectContext(ctx, t, &due[lane], countDue, r.Endpoint.ID, lane, c.now.UnixMicro(),
			c.request.Depth*r.Endpoint.Concurrency); err != nil {
			return err
		}
		r.Due[lane] = len(due[lane])
	}
	return nil
}

// grant makes the claims of a grant.
func (c *claimer) grant(ctx context.Context, t *transaction, g driver.Grant) error {
	work, err := c.work(ctx, t, c.due[g.Endpoint][g.Lane][:g.Deliveries])
	if err != nil {
		return err
	}
	for _, dealt := range driver.Spread(g, work) {
		claim := webhooks.Claim{ID: driver.NewID("clm_", c.now), Endpoint: g.Endpoint, Lane: g.Lane, Work: dealt}
		c.claims = append(c.claims, claim)
		if _, err := t.ExecContext(ctx, `INSERT INTO webhook_claims (id, endpoint, lease_until, lane, worker)
			VALUES (?, ?, ?, ?, ?)`, claim.ID, g.Endpoint.ID, c.now.Add(c.request.Lease).UnixMicro(), g.Lane,
			c.request.Worker); err != nil {
			return err
		}
		ids := make([]int64, len(dealt))
		for i := range dealt {
			ids[i] = dealt[i].Delivery.ID
		}
		held, err := list(ids)
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `UPDATE webhook_deliveries SET claim = ?
			WHERE id IN (SELECT value FROM json_each(?))`, claim.ID, held); err != nil {
			return err
		}
	}
	return nil
}

// work reads the deliveries, in the order of the list, with their events.
func (c *claimer) work(ctx context.Context, t *transaction, ids []int64) ([]webhooks.Work, error) {
	wanted, err := list(ids)
	if err != nil {
		return nil, err
	}
	deliveries, err := c.store.deliveries(ctx, t, `WHERE d.id IN (SELECT value FROM json_each(?))`, wanted)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(deliveries, func(a, b webhooks.Delivery) int {
		return slices.Index(ids, a.ID) - slices.Index(ids, b.ID)
	})
	work := make([]webhooks.Work, len(deliveries))
	for i, d := range deliveries {
		event, err := readEvent(ctx, t, &d)
		if err != nil {
			return nil, err
		}
		work[i] = webhooks.Work{Delivery: d, Event: event}
	}
	return work, nil
}
