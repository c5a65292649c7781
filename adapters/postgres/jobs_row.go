package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// jobColumns are those that jobRow.scan reads, jobBrief the same of a job among many, whose dialect isn't read. Neither
// reads a dialect or an error that is longer than what is written today: earlier versions wrote dialects of many MiB.
// Lengths cost nothing, since PostgreSQL knows them without the value.
const (
	jobColumns = jobBefore + `CASE WHEN octet_length(dialect::text) <= 131072 THEN dialect ELSE 'null' END` + jobBehind
	jobBrief   = jobBefore + `'null'::json` + jobBehind
	jobBefore  = `id, state, revision, file_name, upload, ` + jobFile + `, size, sha256, duplicate_of, idempotency_key,
		settings, priority, event, `
	jobBehind = `, rejects, left(error, 2000), attempts, cancel_requested, created_at, started_at, finished_at,
		not_before,
	waiting_since, waited, token, worker, lease_until, lease_length, wait_length, asked_by, clock_timestamp()`
)

// jobRow is a row of import_jobs. The rules of a job's life are in package driver: this reads the row for them, and
// writes back what they made of it.
type jobRow struct {
	job.Job
	token  int64
	worker string
	lease  sql.NullTime  // null while nobody has the job
	length sql.NullInt64 // of that lease, in microseconds
	wait   sql.NullInt64 // that ends at NotBefore, in microseconds; null where the submitter chose that
	now    time.Time     // the server's when the row was read
}

// scan reads a row with jobColumns.
func (r *jobRow) scan(from interface{ Scan(...any) error }) error {
	var started, finished, waiting sql.NullTime
	var waited int64
	err := from.Scan(&r.ID, &r.State, &r.Revision, &r.FileName, &r.Upload, &r.File, &r.Size, &r.SHA256,
		&r.DuplicateOf,
		&r.IdempotencyKey,
		document{&r.Settings}, &r.Priority, document{&r.Event}, document{&r.Dialect}, document{&r.Rejects}, &r.Error,
		&r.Attempts,
		&r.CancelRequested, &r.CreatedAt, &started, &finished, &r.NotBefore, &waiting, &waited, &r.token, &r.worker,
		&r.lease,
		&r.length, &r.wait, &r.User, &r.now)
	r.StartedAt, r.FinishedAt, r.WaitingSince, r.Waited = started.Time, finished.Time, waiting.Time,
		time.Duration(waited)*time.Microsecond
	for _, t := range []*time.Time{&r.CreatedAt, &r.StartedAt, &r.FinishedAt, &r.NotBefore, &r.WaitingSince,
		&r.lease.Time, &r.now} {
		*t = t.UTC()
	}
	return err
}

// held reports whether a worker has the job, and its lease hasn't run out.
func (r *jobRow) held() bool {
	length := time.Duration(-1) // one of an earlier version's worker
	if r.length.Valid {
		length = time.Duration(r.length.Int64) * time.Microsecond
	}
	return r.lease.Valid && !driver.Expired(r.now, r.lease.Time, length)
}

// expired is driver.Expired in SQL, of a column with an instant and one with its length.
func expired(until, length string) string {
	return `(` + until + ` <= clock_timestamp() OR ` + until + ` > clock_timestamp() + ` + length +
		` * interval '1 microsecond')`
}

// micros is a length as it is stored: no shorter than it is.
func micros(d time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: d.Microseconds() + 1, Valid: true}
}

// insert stores a new job.
func (r *jobRow) insert(ctx context.Context, t *transaction) error {
	settings, err := marshal(r.Settings)
	if err != nil {
		return err
	}
	event, err := marshal(r.Event)
	if err != nil {
		return err
	}
	err = t.QueryRowxContext(ctx,
		`INSERT INTO import_jobs (id, state, revision, file_name, upload, size, sha256, idempotency_key, settings,
			priority, event, created_at, not_before, wait_length, asked_by, file, duplicate_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, coalesce((
			SELECT id::text FROM import_jobs WHERE sha256 = $7 AND sha256 <> '' ORDER BY created_at DESC, id DESC
			LIMIT 1), ''))
		ON CONFLICT (idempotency_key) WHERE idempotency_key <> '' DO NOTHING RETURNING duplicate_of`,
		r.ID, string(r.State), r.Revision, r.FileName, r.Upload, r.Size, r.SHA256, r.IdempotencyKey, settings,
		r.Priority, event, r.CreatedAt, r.NotBefore, r.wait, r.User, driver.OwnFile(r.File, r.Upload)).
		Scan(&r.DuplicateOf)
	if errors.Is(err, sql.ErrNoRows) {
		return job.ErrKeyUsed
	}
	return err
}

// save writes back all that can change. The lease of a job that isn't running ends.
func (r *jobRow) save(ctx context.Context, t *transaction) error {
	if r.State == job.Pending || r.State.Final() {
		r.worker, r.lease, r.length = "", sql.NullTime{}, sql.NullInt64{}
	}
	r.Error = clean(r.Error)
	r.Event.Time = r.Event.Time.UTC()
	var texts [3]string
	for i, v := range []any{r.Event, r.Dialect, r.Rejects} {
		var err error
		if texts[i], err = marshal(v); err != nil {
			return err
		}
	}
	statement, args := t.withMark(
		`UPDATE import_jobs SET state = $2, revision = $3, upload = $4, event = $5, dialect = $6, rejects = $7,
			error = $8, attempts = $9, cancel_requested = $10, started_at = $11, finished_at = $12, not_before = $13,
			token = $14, worker = $15, lease_until = $16, lease_length = $17, wait_length = $18, waiting_since = $19,
			waited = $20
		WHERE id = $1`,
		r.ID, string(r.State), r.Revision, r.Upload, texts[0], texts[1], texts[2],
		r.Error, r.Attempts, r.CancelRequested, nullTime(r.StartedAt), nullTime(r.FinishedAt), r.NotBefore,
		r.token, r.worker, r.lease, r.length, r.wait, nullTime(r.WaitingSince), r.Waited.Microseconds())
	_, err := t.ExecContext(ctx, statement, args...)
	return err
}

// committedSum is what the checkpoints of a job add up to.
type committedSum struct {
	commit importer.Commit
	// progressed reports whether one of them is of the job's latest claim.
	progressed bool
}

// committed adds up the job's checkpoints.
func (r *jobRow) committed(ctx context.Context, t *transaction) (sum committedSum, err error) {
	c := &sum.commit.Counts
	err = t.QueryRowxContext(ctx, `SELECT coalesce(sum(read), 0)::bigint, coalesce(sum(created), 0)::bigint,
			coalesce(sum(updated), 0)::bigint, coalesce(sum(unchanged), 0)::bigint, coalesce(sum(skipped), 0)::bigint,
			coalesce(sum(superseded), 0)::bigint, coalesce(sum(rejected), 0)::bigint, coalesce(sum(bytes), 0)::bigint,
			coalesce(sum(deleted), 0)::bigint, coalesce(sum(kept), 0)::bigint, coalesce(sum(missing), 0)::bigint,
			coalesce(sum(deactivated), 0)::bigint, coalesce(bool_or(token = $2), false)
		FROM import_checkpoints WHERE job_id = $1`, r.ID, r.token).
		Scan(&c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped, &c.Superseded, &c.Rejected, &sum.commit.Bytes,
			&c.Deleted, &c.Kept, &c.Missing, &c.Deactivated, &sum.progressed)
	return sum, err
}

// idParameter is null, which equals nothing, for what can't be an ID.
func idParameter(id string) sql.NullString { return sql.NullString{String: id, Valid: driver.IsID(id)} }

// document scans JSON.
type document struct{ to any }

func (d document) Scan(value any) error {
	text, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("postgres: %T is not JSON", value)
	}
	return json.Unmarshal(text, d.to)
}

// marshal makes JSON, as the string that the driver wants.
func marshal(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}
