package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// maxReady is how many endpoints Claim locks. Where there are more it takes those with the fewest claims, in random
// order, so that none always waits behind others that turn out to get nothing.
const maxReady = 200

// Claim takes deliveries that are due.
func (w *Webhooks) Claim(ctx context.Context, request webhooks.ClaimRequest) ([]webhooks.Claim, error) {
	if err := driver.CheckClaim(&request); err != nil {
		return nil, err
	}
	if err := w.watchClock(ctx); err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	c := claimer{store: w, request: request}
	// Most often there is nothing to do, which one statement finds out.
	ready, err := c.look(ctx)
	if err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	if len(ready) == 0 {
		return nil, nil
	}
	err = w.joinFast(ctx, func(ctx context.Context, t *transaction) error { return c.run(ctx, t, ready) })
	if err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	return c.claims, nil
}

// claimer does one Claim.
type claimer struct {
	store   *Webhooks
	request webhooks.ClaimRequest
	since   map[uuid][2]sql.NullTime // when the first in each lane was due that look saw; by endpoint

	// Of the current attempt.
	now       time.Time
	endpoints []endpointRow // locked
	due       map[*webhooks.Endpoint]*[2][]int64
	lost      bool // whether some were in claims whose lease has run out
	claims    []webhooks.Claim
}

// look finds the endpoints that may get a claim, those with the fewest claims first. It steps through the index from
// one endpoint and lane to the next, so that endpoints without deliveries, long queues, and endpoints with all the
// claims they may have cost nothing. It does have to step over the entries of what was delivered since the last vacuum;
// count begins where look has arrived, so that it needn't.
func (c *claimer) look(ctx context.Context) (ready []uuid, err error) {
	statement := `WITH RECURSIVE lanes AS (
			(SELECT endpoint, lane, not_before FROM webhook_deliveries_pending ORDER BY endpoint, lane, not_before
			LIMIT 1)
			UNION ALL
			SELECT n.* FROM lanes l CROSS JOIN LATERAL (
				SELECT endpoint, lane, not_before FROM webhook_deliveries_pending
				WHERE (endpoint, lane) > (l.endpoint, l.lane) ORDER BY endpoint, lane, not_before LIMIT 1) n
		)
		SELECT ` + endpointColumns + `, due.urgent, due.bulk, open.urgent, open.bulk
		FROM (SELECT endpoint, min(not_before) FILTER (WHERE lane = 0) AS urgent,
		min(not_before) FILTER (WHERE lane = 1) AS bulk
				FROM lanes WHERE not_before <= clock_timestamp() GROUP BY endpoint) due
			JOIN webhook_endpoints e ON e.id = due.endpoint
			CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE lane = 0) AS urgent, count(*) FILTER (WHERE lane = 1)
			AS bulk
				FROM webhook_claims WHERE endpoint = e.id AND lease_until > clock_timestamp()) open
		WHERE e.state = 'active' AND (e.paused_until IS NULL OR e.paused_until <= clock_timestamp())
		ORDER BY open.urgent + open.bulk, random()`
	if c.store.db.current(ctx) == nil {
		statement = indexScans + `; ` + statement // one message, which is one transaction
	}
	err = c.store.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		ready, err = c.readReady(ctx, q, statement)
		return err
	})
	return ready, err
}

func (c *claimer) readReady(ctx context.Context, q sqlx.QueryerContext, statement string) (ready []uuid, err error) {
	rows, err := q.QueryxContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c.since = map[uuid][2]sql.NullTime{}
	for rows.Next() && len(ready) < maxReady {
		var r endpointRow
		var since [2]sql.NullTime
		one := driver.Ready{Endpoint: &r.Endpoint}
		if err := r.scan(rows, &since[webhooks.Urgent], &since[webhooks.Bulk], &one.Open[webhooks.Urgent],
			&one.Open[webhooks.Bulk]); err != nil {
			return nil, err
		}
		for lane := range since {
			if since[lane].Valid {
				one.Due[lane] = 1 // at least
			}
		}
		if len(driver.Plan(r.now, c.request, []driver.Ready{one})) > 0 {
			ready = append(ready, r.id)
			c.since[r.id] = since
		}
	}
	return ready, rows.Err()
}

// run is the transaction.
func (c *claimer) run(ctx context.Context, t *transaction, ready []uuid) error {
	c.claims = nil
	if err := c.lock(ctx, t, ready); err != nil || len(c.endpoints) == 0 {
		return err
	}
	plan, err := c.count(ctx, t)
	if err != nil {
		return err
	}
	spent := make([]time.Time, len(plan))
	for i := range plan {
		spent[i] = plan[i].Endpoint.Spent
	}
	grants := driver.Plan(c.now, c.request, plan)
	if len(grants) == 0 {
		return nil
	}
	if err := c.grant(ctx, t, grants); err != nil {
		return err
	}
	var changed []*endpointRow
	for i := range c.endpoints {
		if r := &c.endpoints[i]; !r.Spent.Equal(spent[i]) {
			changed = append(changed, r)
		}
	}
	return saveHealth(ctx, t, changed)
}

// lock locks those endpoints that nobody else has locked, until the transaction ends.
func (c *claimer) lock(ctx context.Context, t *transaction, ready []uuid) (err error) {
	locked, err := c.store.endpoints(ctx, t, `JOIN unnest($1::uuid[]) WITH ORDINALITY AS x(id, i) ON x.id = e.id
		WHERE e.state = 'active' ORDER BY x.i FOR UPDATE OF e SKIP LOCKED`, uuidArray(ready))
	c.endpoints = locked[:0]
	for _, r := range locked {
		c.now = r.now // that of the last one
		if err := r.unpack(c.store.db.options.Sealer); err != nil {
			// One that can't be signed for must not hold up the others.
			if _, told := c.store.unreadable.LoadOrStore(r.ID, true); !told {
				c.store.db.options.Logger.ErrorContext(ctx, "can't deliver to an endpoint", "endpoint", r.ID, "error", err)
			}
			continue
		}
		c.endpoints = append(c.endpoints, r)
	}
	return err
}

// count finds what is due to the endpoints. A claim whose lease has run out is locked, since it may lose deliveries;
// what is just being finished of one, or renewed, is held by it still.
func (c *claimer) count(ctx context.Context, t *transaction) ([]driver.Ready, error) {
	wanted := newArrays(oidUUID, oidInt8, oidTime, oidTime)
	for i := range c.endpoints {
		e := &c.endpoints[i]
		wanted[0].addUUID(e.id)
		wanted[1].addInt(int64(c.request.Depth * e.Concurrency))
		for lane, since := range c.since[e.id] {
			wanted[2+lane].addTime(timeOrZero(since))
		}
	}
	rows, err := t.QueryContext(ctx, `WITH claims AS MATERIALIZED (
			SELECT id, endpoint, lane, deliveries FROM webhook_claims WHERE endpoint = ANY ($1::uuid[])
		), lost AS MATERIALIZED (
			SELECT id, endpoint, lane, lease_until, deliveries FROM webhook_claims WHERE endpoint = ANY ($1::uuid[])
			AND lease_until <= $5
			FOR UPDATE SKIP LOCKED
		)
		SELECT x.i - 1, l.lane, (SELECT count(*) FROM claims c WHERE c.endpoint = x.endpoint AND c.lane = l.lane
		AND c.id NOT IN (SELECT id FROM lost)), ARRAY (
			SELECT id FROM (
				(SELECT d.id, d.not_before AS due FROM webhook_deliveries_pending d
				WHERE d.endpoint = x.endpoint AND d.lane = l.lane AND d.not_before BETWEEN l.since AND $5
					AND d.id NOT IN (SELECT unnest(deliveries) FROM claims)
				ORDER BY d.not_before, d.id LIMIT x.most)
				UNION ALL
				SELECT unnest(deliveries), lease_until FROM lost WHERE lost.endpoint = x.endpoint AND lost.lane = l.lane
			) due ORDER BY due, id LIMIT x.most)::text, EXISTS (SELECT FROM lost)
		FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS x(endpoint,
		most, urgent, bulk, i)
			CROSS JOIN LATERAL (VALUES (0, x.urgent), (1, x.bulk)) AS l(lane, since)`, append(wanted.args(), c.now)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	plan := make([]driver.Ready, len(c.endpoints))
	c.due = map[*webhooks.Endpoint]*[2][]int64{}
	for i := range plan {
		plan[i].Endpoint = &c.endpoints[i].Endpoint
		c.due[plan[i].Endpoint] = &[2][]int64{}
	}
	for rows.Next() {
		var at, lane, open int
		var ids string
		if err := rows.Scan(&at, &lane, &open, &ids, &c.lost); err != nil {
			return nil, err
		}
		due, err := parseInts(nil, ids)
		if err != nil {
			return nil, err
		}
		c.due[plan[at].Endpoint][lane] = due
		plan[at].Open[lane], plan[at].Due[lane] = open, len(due)
	}
	return plan, rows.Err()
}

// grant stores the claims.
func (c *claimer) grant(ctx context.Context, t *transaction, grants []driver.Grant) error {
	var ids []int64
	for _, g := range grants {
		ids = append(ids, c.granted(g)...)
	}
	work, err := c.work(ctx, t, ids)
	if err != nil {
		return err
	}
	if c.lost {
		if err := removeFromClaims(ctx, t, ids, `lease_until <= $2`, c.now); err != nil {
			return err
		}
	}
	rows := newArrays(oidUUID, oidUUID, oidTime, oidInt8, oidText)
	for _, g := range grants {
		var own []webhooks.Work
		for _, id := range c.granted(g) {
			if w, there := work[id]; there {
				own = append(own, w)
			}
		}
		for _, dealt := range driver.Spread(g, own) {
			id := driver.NewID(claimPrefix, c.now)
			c.claims = append(c.claims, webhooks.Claim{ID: id, Endpoint: g.Endpoint, Lane: g.Lane, Work: dealt})
			held := make([]int64, len(dealt))
			for i := range dealt {
				held[i] = dealt[i].Delivery.ID
			}
			rows[0].addUUID(mustUUID(claimPrefix, id))
			rows[1].addUUID(mustUUID(endpointPrefix, g.Endpoint.ID))
			rows[2].addTime(c.now.Add(c.request.Lease))
			rows[3].addInt(int64(g.Lane))
			rows[4].add(formatInts(held))
		}
	}
	statement, args := t.withMark(`INSERT INTO webhook_claims (id, endpoint, lease_until, lane, deliveries, worker)
		SELECT x.id, x.endpoint, x.lease_until, x.lane, x.deliveries::bigint[], $6
		FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::text[]) AS x(id, endpoint,
		lease_until, lane, deliveries)`,
		append(rows.args(), clean(c.request.Worker))...)
	_, err = t.ExecContext(ctx, statement, args...)
	return err
}

// granted returns the IDs of the deliveries that the grant is for.
func (c *claimer) granted(g driver.Grant) []int64 {
	due := c.due[g.Endpoint][g.Lane]
	return due[:min(g.Deliveries, len(due))]
}

// work reads the deliveries with their events. One that a claim held is missing if Prune has removed it.
func (c *claimer) work(ctx context.Context, t *transaction, ids []int64) (map[int64]webhooks.Work, error) {
	deliveries, err := c.store.deliveries(ctx, t, `WHERE d.state = 'pending' AND d.id = ANY ($1::bigint[])`,
		intArray(ids))
	if err != nil {
		return nil, err
	}
	events, err := c.events(ctx, t, deliveries)
	if err != nil {
		return nil, err
	}
	work := make(map[int64]webhooks.Work, len(deliveries))
	for _, d := range deliveries {
		e := events[d.EventID]
		e.Number = d.Number
		work[d.ID] = webhooks.Work{Delivery: d, Event: e}
	}
	return work, nil
}

// events reads the deliveries' events, each once.
func (c *claimer) events(ctx context.Context, t *transaction,
	deliveries []webhooks.Delivery) (map[string]*webhooks.Event, error) {
	events := map[string]*webhooks.Event{}
	var wanted []uuid
	for i := range deliveries {
		if id := deliveries[i].EventID; events[id] == nil {
			events[id] = new(webhooks.Event)
			wanted = append(wanted, mustUUID(eventPrefix, id))
		}
	}
	err := t.inBinary(ctx, `SELECT `+eventColumns+` FROM webhook_events e WHERE e.id = ANY ($1::uuid[])`,
		func(rows *sql.Rows) error {
			var e webhooks.Event
			if err := scanEvent(rows, &e); err != nil {
				return err
			}
			*events[e.ID] = e
			return nil
		}, uuidArray(wanted))
	return events, err
}
