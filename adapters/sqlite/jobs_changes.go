package sqlite

import (
	"context"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// KeepChanges stores chunks in their batch's transaction.
func (j *Jobs) KeepChanges(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
	return j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if err := j.mustHold(ctx, t, claim); err != nil {
			return err
		}
		for i := range chunks {
			c := &chunks[i]
			fields, err := list(c.Fields)
			if err != nil {
				return err
			}
			if _, err := t.ExecContext(ctx, `INSERT INTO import_changes (job_id, batch, first_key, last_key, token, dry_run,
					created, updated, deleted, kept, deactivated, size, fields, body, kept_at)
					VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				claim.Job.ID, c.Batch, c.First, c.Last, claim.Token, claim.Job.Settings.DryRun,
				c.Counts[0], c.Counts[1], c.Counts[2], c.Counts[3], c.Counts[4], c.Size, fields, c.Body,
				j.db.now().UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// mustHold returns ErrLeaseLost unless the claim is good.
func (j *Jobs) mustHold(ctx context.Context, t *transaction, claim *job.Claim) error {
	held := 0
	err := t.GetContext(ctx, &held, `SELECT count(*) FROM import_jobs WHERE `+holds, claim.Job.ID, claim.Token)
	if err == nil && held == 0 {
		err = lost(claim)
	}
	return err
}

// DropChanges removes what earlier claims of a dry run kept.
func (j *Jobs) DropChanges(ctx context.Context, claim *job.Claim, limit int) (int, error) {
	return j.deleteChanges(ctx, limit, func(ctx context.Context, t *transaction) error {
		return j.mustHold(ctx, t, claim)
	}, `job_id = ? AND token < ? AND dry_run`, claim.Job.ID, claim.Token)
}

// ExpireChanges deletes chunks of jobs that ended long ago.
func (j *Jobs) ExpireChanges(ctx context.Context, before time.Time, limit int) (int, error) {
	return j.deleteChanges(ctx, limit, func(context.Context, *transaction) error { return nil },
		`job_id IN (SELECT id FROM import_jobs WHERE finished_at < ?)`, micros(before))
}

// deleteChanges deletes rows for which the condition is true, unless check fails.
func (j *Jobs) deleteChanges(ctx context.Context, limit int, check func(context.Context, *transaction) error,
	where string, args ...any) (deleted int, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return 0, err
	}
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if err := check(ctx, t); err != nil {
			return err
		}
		done, err := t.ExecContext(ctx, `DELETE FROM import_changes WHERE rowid IN (SELECT rowid FROM import_changes
			WHERE `+where+` LIMIT ?)`, append(args, limit)...)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		deleted = int(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return deleted, nil
}

// chunkColumns are those that scanChunk reads.
const chunkColumns = `x.batch, x.first_key, x.last_key, x.created, x.updated, x.deleted, x.kept, x.deactivated, x.size,
	x.fields, x.body, x.kept_at`

// scanChunk reads a row that begins with what is in before.
func scanChunk(scan func(...any) error, c *job.ChangeChunk, before ...any) error {
	return scan(append(before, &c.Batch, &c.First, &c.Last, &c.Counts[0], &c.Counts[1], &c.Counts[2], &c.Counts[3],
		&c.Counts[4], &c.Size, jsonIn{&c.Fields}, &c.Body, timeIn{&c.At})...)
}

// Chunks returns chunks of a job.
func (j *Jobs) Chunks(ctx context.Context, id string, query job.ChunkQuery) (chunks []job.ChangeChunk, err error) {
	if err := driver.CheckLimit(query.Limit); err != nil {
		return nil, err
	}
	where, args := `x.job_id = ? AND x.batch >= ? AND NOT (x.batch = ? AND x.last_key <= ?)
		AND (NOT x.dry_run OR x.token = (SELECT token FROM import_jobs WHERE id = x.job_id))`,
		[]any{id, query.AfterBatch, query.AfterBatch, query.AfterKey}
	if query.Field != "" {
		where += ` AND EXISTS (SELECT 1 FROM json_each(x.fields) WHERE value IN (?, ?))`
		args = append(args, query.Field, job.AllFields)
	}
	if len(query.Kinds) > 0 {
		var counts []string
		for _, kind := range query.Kinds {
			counts = append(counts, "x."+string(kind))
		}
		where += ` AND ` + strings.Join(counts, " + ") + ` > 0`
	}
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		return each(ctx, q, `SELECT `+chunkColumns+` FROM import_changes x WHERE `+where+`
			ORDER BY x.batch, x.first_key LIMIT ?`, func(scan func(...any) error) error {
			var c job.ChangeChunk
			err := scanChunk(scan, &c)
			chunks = append(chunks, c)
			return err
		}, append(args, query.Limit)...)
	})
	return chunks, err
}

// ChunksOf returns the chunks near a key. Of each batch it looks at the last one that doesn't begin behind the key.
func (j *Jobs) ChunksOf(ctx context.Context, key, below string, limit int) (found []job.FoundChunk, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.QueryxContext(ctx, `SELECT x.job_id, `+chunkColumns+` FROM import_checkpoints c
			CROSS JOIN import_changes x ON x.rowid = (SELECT rowid FROM import_changes WHERE job_id = c.job_id
				AND batch = c.number AND first_key <= ?1 ORDER BY first_key DESC LIMIT 1)
			WHERE x.last_key >= ?1 AND (?2 = '' OR c.job_id < ?2) ORDER BY c.job_id DESC, c.number`, key, below)
		if err != nil {
			return err
		}
		defer rows.Close()
		last := ""
		for rows.Next() {
			var c job.FoundChunk
			if err := scanChunk(rows.Scan, &c.ChangeChunk, &c.JobID); err != nil {
				return err
			}
			if c.JobID != last {
				if limit == 0 {
					break
				}
				limit, last = limit-1, c.JobID
			}
			found = append(found, c)
		}
		return rows.Err()
	})
	return found, err
}
