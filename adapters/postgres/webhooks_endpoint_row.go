package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// endpointColumns are those that endpointRow.scan reads, of the table e.
const endpointColumns = `e.id, e.version, e.created_at, e.updated_at, e.failing_since, e.last_success, e.paused_until,
	e.spent,
	e.timeout, e.failures, e.pauses, e.concurrency, e.rate_limit, e.summaries_only, e.state, e.disabled_reason, e.url,
	e.client_name, e.events, clock_timestamp()`

// endpointRow is a row of webhook_endpoints. Its Credentials are still packed, where it was read.
type endpointRow struct {
	webhooks.Endpoint
	id      uuid
	now     time.Time // the server's when the row was read
	private []byte
}

// scan reads a row with endpointColumns, and what else is wanted behind them.
func (r *endpointRow) scan(from interface{ Scan(...any) error }, more ...any) error {
	var failing, success, paused, spent sql.NullTime
	err := from.Scan(append([]any{&r.id, &r.Version, &r.CreatedAt, &r.UpdatedAt, &failing, &success, &paused, &spent,
		&r.Timeout, &r.Failures, &r.Pauses, &r.Concurrency, &r.RateLimit, &r.SummariesOnly, &r.State, &r.DisabledReason,
		&r.URL,
		&r.ClientName, pq.Array(&r.Events), &r.now}, more...)...)
	r.ID = r.id.id(endpointPrefix)
	r.CreatedAt, r.UpdatedAt, r.now = r.CreatedAt.UTC(), r.UpdatedAt.UTC(), r.now.UTC()
	r.FailingSince, r.LastSuccess = timeOrZero(failing), timeOrZero(success)
	r.PausedUntil, r.Spent = timeOrZero(paused), timeOrZero(spent)
	return err
}

// unpack opens the Credentials. Where they can't be read they say so, and there is an error for whoever needs them.
func (r *endpointRow) unpack(sealer *webhooks.Sealer) (err error) {
	r.Credentials, err = driver.UnpackCredentials(sealer, r.ID, r.private)
	return err
}

// endpoints reads endpoints with their Credentials.
func (w *Webhooks) endpoints(ctx context.Context, q sqlx.QueryerContext, clause string,
	args ...any) ([]endpointRow, error) {
	rows, err := q.QueryxContext(ctx, `SELECT `+endpointColumns+`, e.private FROM webhook_endpoints e `+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []endpointRow
	for rows.Next() {
		var r endpointRow
		if err := r.scan(rows, &r.private); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// endpoint reads the endpoint, or returns ErrNotFound. Its Credentials are still packed.
func (w *Webhooks) endpoint(ctx context.Context, q sqlx.QueryerContext, id, lock string) (*endpointRow, error) {
	key, ok := parseUUID(endpointPrefix, id)
	if !ok {
		return nil, webhooks.ErrNotFound
	}
	rows, err := w.endpoints(ctx, q, `WHERE e.id = $1 `+lock, key)
	if err == nil && len(rows) == 0 {
		err = webhooks.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// clean makes of the endpoint what PostgreSQL can keep, and gives back.
func (r *endpointRow) clean(sealer *webhooks.Sealer) (err error) {
	r.URL, r.ClientName, r.DisabledReason = clean(r.URL), clean(r.ClientName), clean(r.DisabledReason)
	events := make([]string, len(r.Events))
	for i := range r.Events {
		events[i] = clean(r.Events[i])
	}
	r.Events = events
	if r.private, err = driver.PackCredentials(&r.Credentials, sealer, r.ID); err != nil {
		return err
	}
	return r.unpack(sealer)
}

// settings are the parameters of the columns that an owner changes.
func (r *endpointRow) settings() []any {
	return []any{r.id, r.Version, r.UpdatedAt, int64(r.Timeout), r.Concurrency, r.RateLimit, r.SummariesOnly,
		string(r.State),
		r.DisabledReason, r.URL, r.ClientName, pq.Array(r.Events), r.private}
}

// insert stores a new endpoint.
func (r *endpointRow) insert(ctx context.Context, t *transaction) error {
	_, err := t.ExecContext(ctx,
		`INSERT INTO webhook_endpoints (id, version, updated_at, timeout, concurrency, rate_limit,
			summaries_only, state, disabled_reason, url, client_name, events, private, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, append(r.settings(), r.CreatedAt)...)
	return err
}

// save writes back what UpdateEndpoint can change.
func (r *endpointRow) save(ctx context.Context, t *transaction) error {
	_, err := t.ExecContext(ctx,
		`UPDATE webhook_endpoints SET version = $2, updated_at = $3, timeout = $4, concurrency = $5,
			rate_limit = $6, summaries_only = $7, state = $8, disabled_reason = $9, url = $10, client_name = $11,
			events = $12,
			private = $13, failures = $14, failing_since = $15, last_success = $16, paused_until = $17, pauses = $18,
			spent = $19
		WHERE id = $1`, append(r.settings(), r.Failures, nullTime(r.FailingSince), nullTime(r.LastSuccess),
			nullTime(r.PausedUntil),
			r.Pauses, nullTime(r.Spent))...)
	return err
}

// saveHealth writes back what driver.NoteResults and driver.Plan can change.
func saveHealth(ctx context.Context, t *transaction, endpoints []*endpointRow) error {
	if len(endpoints) == 0 {
		return nil
	}
	rows := newArrays(oidUUID, oidInt8, oidInt8, oidInt8, oidTime, oidTime, oidTime, oidTime, oidTime, oidText, oidText)
	for _, r := range endpoints {
		rows[0].addUUID(r.id)
		rows[1].addInt(r.Version)
		rows[2].addInt(int64(r.Failures))
		rows[3].addInt(int64(r.Pauses))
		rows[4].addTime(r.FailingSince)
		rows[5].addTime(r.LastSuccess)
		rows[6].addTime(r.PausedUntil)
		rows[7].addTime(r.Spent)
		rows[8].addTime(r.UpdatedAt)
		rows[9].add(string(r.State))
		rows[10].add(r.DisabledReason)
	}
	_, err := t.ExecContext(ctx,
		`UPDATE webhook_endpoints e SET version = x.version, failures = x.failures, pauses = x.pauses,
			failing_since = x.failing_since, last_success = x.last_success, paused_until = x.paused_until,
			spent = x.spent,
			updated_at = x.updated_at, state = x.state, disabled_reason = x.disabled_reason
		FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
		$7::timestamptz[],
			$8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[])
			AS x(id, version, failures, pauses, failing_since, last_success, paused_until, spent, updated_at, state,
			disabled_reason)
		WHERE e.id = x.id`, rows.args()...)
	return err
}
