package postgres

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// deliveryColumns are those that scanDelivery reads, of the delivery d and its event e.
const deliveryColumns = `d.id, d.endpoint, d.event, e.type, e.import_id, d.number, d.lane, d.state, d.attempts,
	d.earlier,
	d.not_before, d.created_at, d.finished_at, d.last_attempt, d.last_status, d.last_kind`

func scanDelivery(from interface{ Scan(...any) error }, d *webhooks.Delivery) error {
	var endpoint, event uuid
	var finished, last sql.NullTime
	err := from.Scan(&d.ID, &endpoint, &event, &d.EventType, &d.ImportID, &d.Number, &d.Lane, &d.State, &d.Attempts,
		&d.Earlier,
		&d.NotBefore, &d.CreatedAt, &finished, &last, &d.LastStatus, &d.LastFailure)
	d.EndpointID, d.EventID = endpoint.id(endpointPrefix), event.id(eventPrefix)
	d.NotBefore, d.CreatedAt = d.NotBefore.UTC(), d.CreatedAt.UTC()
	d.FinishedAt, d.LastAttempt = timeOrZero(finished), timeOrZero(last)
	return err
}

// deliveries reads deliveries. The clause stands behind the tables.
func (w *Webhooks) deliveries(ctx context.Context, q sqlx.QueryerContext, clause string,
	args ...any) (all []webhooks.Delivery, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT `+deliveryColumns+
		` FROM webhook_deliveries d JOIN webhook_events e ON `+lookedUp("e.id", "d.event")+` `+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d webhooks.Delivery
		if err := scanDelivery(rows, &d); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// saveDeliveries writes back all of the deliveries that can change. The condition is true for their rows; where it says
// something of the state, PostgreSQL need not look at both of the tables.
func (w *Webhooks) saveDeliveries(ctx context.Context, t *transaction, deliveries []webhooks.Delivery,
	where string) error {
	rows := newArrays(oidInt8, oidTime, oidTime, oidTime, oidInt8, oidInt8, oidInt8, oidInt8, oidText, oidText)
	for i := range deliveries {
		d := &deliveries[i]
		rows[0].addInt(d.ID)
		rows[1].addTime(d.NotBefore)
		rows[2].addTime(d.FinishedAt)
		rows[3].addTime(d.LastAttempt)
		rows[4].addInt(int64(d.Attempts))
		rows[5].addInt(int64(d.Earlier))
		rows[6].addInt(int64(d.LastStatus))
		rows[7].addInt(int64(d.Lane))
		rows[8].add(string(d.State))
		rows[9].add(string(d.LastFailure))
	}
	_, err := t.ExecContext(ctx,
		`UPDATE webhook_deliveries d SET not_before = x.not_before, finished_at = x.finished_at,
			last_attempt = x.last_attempt, attempts = x.attempts, earlier = x.earlier, last_status = x.last_status,
			lane = x.lane,
			state = x.state, last_kind = x.last_kind
		FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::bigint[],
		$7::bigint[],
			$8::bigint[], $9::text[], $10::text[])
			AS x(id, not_before, finished_at, last_attempt, attempts, earlier, last_status, lane, state, last_kind)
		WHERE `+lookedUp("d.id", "x.id")+` AND `+where, rows.args()...)
	return err
}

// eventColumns are those that scanEvent reads, of the table e.
const eventColumns = `e.id, e.type, e.happened_at, e.lane, e.import_id, e.packed, e.data`

// scanEvent reads all but the number, which deliveries have.
func scanEvent(from interface{ Scan(...any) error }, e *webhooks.Event) error {
	var id uuid
	var packed bool
	if err := from.Scan(&id, &e.Type, &e.Time, &e.Lane, &e.ImportID, &packed, &e.Data); err != nil {
		return err
	}
	e.ID, e.Time = id.id(eventPrefix), e.Time.UTC()
	var err error
	e.Data, err = driver.Unpack(e.Data, packed)
	return err
}
