package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// jobColumns are those that jobRow.scan reads, jobBrief the same of a job among many, whose dialect isn't read.
const (
	jobColumns = `dialect, ` + jobOthers
	jobBrief   = `'null', ` + jobOthers
	jobOthers  = `id, state, revision, file_name, upload, ` + jobFile + `, size, sha256, duplicate_of, idempotency_key,
		settings, priority, event, rejects, error, attempts, cancel_requested, created_at, started_at, finished_at,
		not_before, 		waiting_since, waited, token, worker, lease_until, lease_length, wait_length, asked_by`
)

// jobRow is a row of import_jobs. The rules of a job's life are in package driver: this reads the row for them, and
// writes back what they made of it.
type jobRow struct {
	job.Job
	token  int64
	worker string
	lease  time.Time     // zero while nobody has the job
	length time.Duration // of that lease
	wait   time.Duration // that ends at NotBefore; below 0 where the submitter chose that
}

// scan reads a row with jobColumns.
func (r *jobRow) scan(from interface{ Scan(...any) error }) error {
	return from.Scan(jsonIn{&r.Dialect}, &r.ID, &r.State, &r.Revision, &r.FileName, &r.Upload, &r.File, &r.Size,
		&r.SHA256, &r.DuplicateOf, &r.IdempotencyKey, jsonIn{&r.Settings}, &r.Priority, jsonIn{&r.Event},
		jsonIn{&r.Rejects}, &r.Error, &r.Attempts, &r.CancelRequested, timeIn{&r.CreatedAt}, timeIn{&r.StartedAt},
		timeIn{&r.FinishedAt}, timeIn{&r.NotBefore}, timeIn{&r.WaitingSince}, microsIn{&r.Waited}, &r.token, &r.worker,
		timeIn{&r.lease}, microsIn{&r.length}, microsIn{&r.wait}, &r.User)
}

// held reports whether a worker has the job, and its lease hasn't run out.
func (r *jobRow) held(now time.Time) bool {
	return !r.lease.IsZero() && !driver.Expired(now, r.lease, r.length)
}

// expired is driver.Expired in SQL, at the time that is parameter 1, of a column with an instant and one with its
// length, which may be null.
func expired(until, length string) string {
	return `(` + until + ` <= ?1 OR ` + length + ` IS NOT NULL AND ` + until + ` > ?1 + ` + length + `)`
}

// create stores the job as a new one.
func (r *jobRow) create(ctx context.Context, t *transaction, now time.Time) error {
	if r.NotBefore = r.NotBefore.UTC().Truncate(time.Microsecond); !r.NotBefore.IsZero() {
		r.wait = -1
	}
	driver.Create(&r.Job, now)
	texts, err := marshal(r.Settings, r.Event)
	if err != nil {
		return err
	}
	err = t.QueryRowxContext(ctx, `INSERT INTO import_jobs (settings, event, id, state, revision, file_name, upload, size,
			sha256, idempotency_key, priority, created_at, not_before, wait_length, asked_by, file, duplicate_of)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT id FROM import_jobs
			WHERE sha256 = ?9 AND sha256 <> '' ORDER BY created_at DESC, id DESC LIMIT 1), ''))
		ON CONFLICT (idempotency_key) WHERE idempotency_key <> '' DO NOTHING RETURNING duplicate_of`,
		append(texts, r.ID, r.State, r.Revision, r.FileName, r.Upload, r.Size, r.SHA256, r.IdempotencyKey, r.Priority,
			r.CreatedAt.UnixMicro(), r.NotBefore.UnixMicro(), nullMicros(r.wait), r.User,
			driver.OwnFile(r.File, r.Upload))...).Scan(&r.DuplicateOf)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %.100q", job.ErrKeyUsed, r.IdempotencyKey)
	}
	return err
}

// save writes back all that can change. The lease of a job that isn't running ends.
func (r *jobRow) save(ctx context.Context, t *transaction) error {
	if r.State == job.Pending || r.State.Final() {
		r.worker, r.lease, r.length = "", time.Time{}, -1
	}
	r.Event.Time = r.Event.Time.UTC()
	texts, err := marshal(r.Event, r.Dialect, r.Rejects)
	if err != nil {
		return err
	}
	_, err = t.ExecContext(ctx, `UPDATE import_jobs SET event = ?, dialect = ?, rejects = ?, state = ?, revision = ?,
			upload = ?, error = ?, attempts = ?, cancel_requested = ?, started_at = ?, finished_at = ?, not_before = ?,
			token = ?, worker = ?, lease_until = ?, lease_length = ?, wait_length = ?, waiting_since = ?, waited = ?
		WHERE id = ?`, append(texts, r.State, r.Revision, r.Upload, r.Error, r.Attempts, r.CancelRequested,
		nullTime(r.StartedAt), nullTime(r.FinishedAt), r.NotBefore.UnixMicro(), r.token, r.worker, nullTime(r.lease),
		nullMicros(r.length), nullMicros(r.wait), nullTime(r.WaitingSince), r.Waited.Microseconds(), r.ID)...)
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
	err = t.QueryRowxContext(ctx, `SELECT coalesce(sum(read), 0), coalesce(sum(created), 0), coalesce(sum(updated), 0),
			coalesce(sum(unchanged), 0), coalesce(sum(skipped), 0), coalesce(sum(superseded), 0),
			coalesce(sum(rejected), 0), coalesce(sum(deleted), 0), coalesce(sum(kept), 0),
			coalesce(sum(missing), 0), coalesce(sum(deactivated), 0), coalesce(sum(bytes), 0),
			coalesce(max(token = ?), 0)
		FROM import_checkpoints WHERE job_id = ?`, r.token, r.ID).
		Scan(&c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped, &c.Superseded, &c.Rejected, &c.Deleted, &c.Kept,
			&c.Missing, &c.Deactivated, &sum.commit.Bytes, &sum.progressed)
	return sum, err
}
