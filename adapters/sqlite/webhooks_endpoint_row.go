package sqlite

import (
	"context"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// endpointColumns are those that endpointRow.scan reads, of the table e.
const endpointColumns = `e.id, e.version, e.created_at, e.updated_at, e.failing_since, e.last_success, e.paused_until,
	e.spent, e.timeout, e.failures, e.pauses, e.concurrency, e.rate_limit, e.summaries_only, e.state,
	e.disabled_reason, e.url, e.client_name, e.events, e.private`

// endpointRow is a row of webhook_endpoints. Its Credentials are still packed, where it was read.
type endpointRow struct {
	webhooks.Endpoint
	private []byte
}

// scan reads a row with endpointColumns, and what else is wanted behind them.
func (r *endpointRow) scan(from interface{ Scan(...any) error }, more ...any) error {
	return from.Scan(append([]any{&r.ID, &r.Version, timeIn{&r.CreatedAt}, timeIn{&r.UpdatedAt},
		timeIn{&r.FailingSince}, timeIn{&r.LastSuccess}, timeIn{&r.PausedUntil}, timeIn{&r.Spent},
		&r.Timeout, &r.Failures, &r.Pauses,
		&r.Concurrency, &r.RateLimit, &r.SummariesOnly, &r.State, &r.DisabledReason, &r.URL, &r.ClientName,
		jsonIn{&r.Events}, &r.private}, more...)...)
}

// unpack opens the Credentials. Where they can't be read they say so, and there is an error for whoever needs them.
func (r *endpointRow) unpack(sealer *webhooks.Sealer) (err error) {
	r.Credentials, err = driver.UnpackCredentials(sealer, r.ID, r.private)
	return err
}

// endpoints reads endpoints. The clause stands behind the table.
func (w *Webhooks) endpoints(ctx context.Context, q querier, clause string,
	args ...any) (all []*endpointRow, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT `+endpointColumns+` FROM webhook_endpoints e `+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := new(endpointRow)
		if err := r.scan(rows); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// insert stores a new endpoint.
func (r *endpointRow) insert(ctx context.Context, t *transaction, sealer *webhooks.Sealer) error {
	if _, err := t.ExecContext(ctx, `INSERT INTO webhook_endpoints (id, version, created_at, updated_at, timeout,
			concurrency, rate_limit, summaries_only, state, disabled_reason, url, client_name, events, private)
		VALUES (?, 0, ?, 0, 0, 0, 0, 0, '', '', '', '', '[]', x'')`, r.ID, r.CreatedAt.UnixMicro()); err != nil {
		return err
	}
	return r.save(ctx, t, sealer)
}

// save writes back all that UpdateEndpoint can change.
func (r *endpointRow) save(ctx context.Context, t *transaction, sealer *webhooks.Sealer) (err error) {
	if r.private, err = driver.PackCredentials(&r.Credentials, sealer, r.ID); err != nil {
		return err
	}
	if err := r.unpack(sealer); err != nil { // as it will be read
		return err
	}
	texts, err := marshal(r.Events)
	if err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, `UPDATE webhook_endpoints SET events = ?, timeout = ?, concurrency = ?,
			rate_limit = ?, summaries_only = ?, url = ?, client_name = ?, private = ? WHERE id = ?`,
		append(texts, int64(r.Timeout), r.Concurrency, r.RateLimit, r.SummariesOnly, r.URL, r.ClientName, r.private,
			r.ID)...); err != nil {
		return err
	}
	return r.saveHealth(ctx, t)
}

// saveHealth writes back what driver.NoteResults, driver.Plan and driver.RewindEndpoint can change.
func (r *endpointRow) saveHealth(ctx context.Context, t *transaction) error {
	_, err := t.ExecContext(ctx, `UPDATE webhook_endpoints SET version = ?, updated_at = ?, state = ?,
			disabled_reason = ?, failures = ?, pauses = ?, failing_since = ?, last_success = ?, paused_until = ?,
			spent = ?
		WHERE id = ?`, r.Version, r.UpdatedAt.UnixMicro(), r.State, r.DisabledReason, r.Failures, r.Pauses,
		nullTime(r.FailingSince), nullTime(r.LastSuccess), nullTime(r.PausedUntil), nullTime(r.Spent), r.ID)
	return err
}
