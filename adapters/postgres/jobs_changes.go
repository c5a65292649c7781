package postgres

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// KeepChanges stores chunks in their batch's transaction. It doesn't lock the job's row: Checkpoint does that in the
// same transaction, and what is kept of a dry run counts as long as the claim does.
func (j *Jobs) KeepChanges(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
	as := newArrays(oidInt8, oidText, oidText, oidInt8, oidText, oidBytea, oidInt8, oidInt8, oidInt8, oidInt8, oidInt8)
	bodies := 0
	for i := range chunks {
		bodies += 4 + len(chunks[i].Body)
	}
	as[5].buf = slices.Grow(as[5].buf, bodies)
	for i := range chunks {
		c := &chunks[i]
		fields, err := marshal(c.Fields)
		if err != nil {
			return err
		}
		as[0].addInt(c.Batch)
		as[1].add(c.First)
		as[2].add(c.Last)
		as[3].addInt(int64(c.Size))
		as[4].add(fields)
		start := as[5].open()
		as[5].buf = append(as[5].buf, c.Body...)
		as[5].close(start)
		for k, count := range c.Counts {
			as[6+k].addInt(int64(count))
		}
	}
	args := append([]any{idParameter(claim.Job.ID), claim.Token, claim.Job.Settings.DryRun}, as.args()...)
	err := j.db.join(ctx, func(ctx context.Context, t *transaction) error {
		held := 0
		err := t.QueryRowxContext(ctx, `WITH held AS (
				SELECT id, token FROM import_jobs WHERE id = $1 AND token = $2 AND lease_until IS NOT NULL
			), kept AS (
				INSERT INTO import_changes (job_id, token, dry_run, batch, first_key, last_key, size, fields, body,
					created, updated, deleted, kept, deactivated, kept_at)
				SELECT id, token, $3::boolean, c.*, now() FROM held, (SELECT unnest($4::bigint[]), unnest($5::text[]),
					unnest($6::text[]), unnest($7::bigint[]), unnest($8::text[])::jsonb, unnest($9::bytea[]),
					unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]), unnest($13::bigint[]),
					unnest($14::bigint[])) AS c
			)
			SELECT count(*) FROM held`, args...).Scan(&held)
		if err == nil && held == 0 {
			return job.ErrNotFound
		}
		return err
	})
	return j.leaseError(ctx, err)
}

// DropChanges removes what earlier claims of a dry run kept.
func (j *Jobs) DropChanges(ctx context.Context, claim *job.Claim, limit int) (int, error) {
	dropped, held, err := j.deleteChanges(ctx, limit, `id = $2 AND token = $3 AND lease_until IS NOT NULL`,
		`x.token < held.token AND x.dry_run`, idParameter(claim.Job.ID), claim.Token)
	if err == nil && !held {
		err = job.ErrNotFound
	}
	return dropped, j.leaseError(ctx, err)
}

// ExpireChanges deletes chunks of jobs that ended long ago.
func (j *Jobs) ExpireChanges(ctx context.Context, before time.Time, limit int) (int, error) {
	expired, _, err := j.deleteChanges(ctx, limit, `finished_at < $2`, `true`, before)
	if err != nil {
		return 0, fail(ctx, err, job.ErrNotFound)
	}
	return expired, nil
}

// deleteChanges deletes chunks for which a condition is true, of jobs for which one is, and reports whether there are
// such jobs. The conditions' parameters begin with the second.
func (j *Jobs) deleteChanges(ctx context.Context, limit int, jobs, chunks string, args ...any) (deleted int,
	anyJob bool, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return 0, false, err
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		return t.QueryRowxContext(ctx, `WITH held AS (
				SELECT id, token FROM import_jobs WHERE `+jobs+`
			), gone AS (
				DELETE FROM import_changes c USING (SELECT x.job_id, x.batch, x.first_key, x.token
					FROM held JOIN import_changes x ON x.job_id = held.id WHERE `+chunks+` LIMIT $1) AS d
				WHERE c.job_id = d.job_id AND c.batch = d.batch AND c.first_key = d.first_key AND c.token = d.token
				RETURNING 1
			)
			SELECT (SELECT count(*) FROM gone), EXISTS (SELECT FROM held)`, append([]any{limit}, args...)...).
			Scan(&deleted, &anyJob)
	})
	return deleted, anyJob, err
}

// chunkColumns are those that scanChunk reads.
const chunkColumns = `x.batch, x.first_key, x.last_key, x.created, x.updated, x.deleted, x.kept, x.deactivated, x.size,
	x.fields, x.body, x.kept_at`

// scanChunk reads a row that begins with what is in before.
func scanChunk(rows *sqlx.Rows, c *job.ChangeChunk, before ...any) error {
	var at sql.NullTime
	err := rows.Scan(append(before, &c.Batch, &c.First, &c.Last, &c.Counts[0], &c.Counts[1], &c.Counts[2], &c.Counts[3],
		&c.Counts[4], &c.Size, document{&c.Fields}, &c.Body, &at)...)
	c.At = timeOrZero(at)
	return err
}

// Chunks returns chunks of a job.
func (j *Jobs) Chunks(ctx context.Context, id string, query job.ChunkQuery) (chunks []job.ChangeChunk, err error) {
	if err := driver.CheckLimit(query.Limit); err != nil {
		return nil, err
	}
	where, args := `x.job_id = $1 AND x.batch >= $2 AND NOT (x.batch = $2 AND x.last_key <= $3)
		AND (NOT x.dry_run OR x.token = (SELECT token FROM import_jobs WHERE id = x.job_id))`,
		[]any{idParameter(id), query.AfterBatch, query.AfterKey, query.Limit}
	if query.Field != "" {
		where += ` AND x.fields ?| ARRAY[$5::text, $6::text]`
		args = append(args, query.Field, job.AllFields)
	}
	if len(query.Kinds) > 0 {
		var counts []string
		for _, kind := range query.Kinds {
			counts = append(counts, "x."+string(kind))
		}
		where += ` AND ` + strings.Join(counts, " + ") + ` > 0`
	}
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		chunks = nil
		rows, err := q.QueryxContext(ctx, `SELECT `+chunkColumns+` FROM import_changes x WHERE `+where+`
			ORDER BY x.batch, x.first_key LIMIT $4`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c job.ChangeChunk
			if err := scanChunk(rows, &c); err != nil {
				return err
			}
			chunks = append(chunks, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return chunks, nil
}

// nearest are the batches of jobs whose chunk x may have the key $1: of each the last one that doesn't begin behind it.
const nearest = `import_checkpoints c CROSS JOIN LATERAL (SELECT * FROM import_changes i
		WHERE i.job_id = c.job_id AND i.batch = c.number AND i.first_key <= $1 ORDER BY i.first_key DESC LIMIT 1) AS x
	WHERE x.last_key >= $1`

// ChunksOf returns the chunks near a key.
func (j *Jobs) ChunksOf(ctx context.Context, key, below string, limit int) (found []job.FoundChunk, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		found = nil
		rows, err := q.QueryxContext(ctx, `SELECT x.job_id, `+chunkColumns+` FROM `+nearest+`
				AND c.job_id IN (SELECT DISTINCT c.job_id FROM `+nearest+` AND ($2 = '' OR c.job_id < nullif($2, '')::uuid)
					ORDER BY c.job_id DESC LIMIT $3)
			ORDER BY c.job_id DESC, c.number`, key, below, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c job.FoundChunk
			if err := scanChunk(rows, &c.ChangeChunk, &c.JobID); err != nil {
				return err
			}
			found = append(found, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return found, nil
}
