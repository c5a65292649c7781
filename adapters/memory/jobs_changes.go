package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// keptChunk is a chunk of a job's changes.
type keptChunk struct {
	job.ChangeChunk
	token int64 // of the claim that kept it
}

// KeepChanges stores chunks in their batch's transaction.
func (j *Jobs) KeepChanges(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
	return j.withClaim(ctx, claim, func(_ context.Context, _ *tx, r *jobRow) error {
		for i := range chunks {
			c := ownedChunk(&chunks[i])
			c.At = j.db.now()
			r.changes = append(r.changes, keptChunk{c, r.token})
		}
		return nil
	})
}

// ownedChunk copies what others may change.
func ownedChunk(c *job.ChangeChunk) job.ChangeChunk {
	own := *c
	own.First, own.Last = strings.Clone(c.First), strings.Clone(c.Last)
	own.Fields, own.Body = slices.Clone(c.Fields), slices.Clone(c.Body)
	return own
}

// DropChanges removes what earlier claims of a dry run kept.
func (j *Jobs) DropChanges(ctx context.Context, claim *job.Claim, limit int) (dropped int, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return 0, err
	}
	err = j.withClaim(ctx, claim, func(_ context.Context, _ *tx, r *jobRow) error {
		left := make([]keptChunk, 0, len(r.changes))
		for _, c := range r.changes {
			if c.token < r.token && r.Settings.DryRun && dropped < limit {
				dropped++
				continue
			}
			left = append(left, c)
		}
		r.changes = left
		return nil
	})
	if err != nil {
		return 0, err
	}
	return dropped, nil
}

// Chunks returns chunks of a job.
func (j *Jobs) Chunks(ctx context.Context, id string, query job.ChunkQuery) (chunks []job.ChangeChunk, err error) {
	if err := driver.CheckLimit(query.Limit); err != nil {
		return nil, err
	}
	err = j.db.do(ctx, func(context.Context, *tx) error {
		if r := j.byID[id]; r != nil {
			chunks = r.chunks(query.Wants)
		}
		return nil
	})
	chunks = chunks[:min(len(chunks), query.Limit)]
	for i := range chunks {
		chunks[i] = ownedChunk(&chunks[i])
	}
	return chunks, err
}

// chunks returns those of the job that are wanted, in their order.
func (r *jobRow) chunks(wants func(*job.ChangeChunk) bool) (chunks []job.ChangeChunk) {
	for i := range r.changes {
		c := &r.changes[i]
		if (!r.Settings.DryRun || c.token == r.token) && wants(&c.ChangeChunk) {
			chunks = append(chunks, c.ChangeChunk)
		}
	}
	slices.SortFunc(chunks, func(a, b job.ChangeChunk) int {
		return cmp.Or(cmp.Compare(a.Batch, b.Batch), strings.Compare(a.First, b.First))
	})
	return chunks
}

// ChunksOf returns the chunks near a key.
func (j *Jobs) ChunksOf(ctx context.Context, key, below string, limit int) (found []job.FoundChunk, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	near := func(c *job.ChangeChunk) bool { return c.Batch > 0 && c.First <= key && key <= c.Last }
	err = j.db.do(ctx, func(context.Context, *tx) error {
		// IDs of one millisecond are in no order.
		rows := slices.DeleteFunc(slices.Clone(j.rows), func(r *jobRow) bool {
			return r.Settings.DryRun || len(r.changes) == 0 || below != "" && r.ID >= below
		})
		slices.SortFunc(rows, func(a, b *jobRow) int { return strings.Compare(b.ID, a.ID) })
		for _, r := range rows {
			chunks := r.chunks(near)
			for i := range chunks {
				found = append(found, job.FoundChunk{JobID: r.ID, ChangeChunk: ownedChunk(&chunks[i])})
			}
			if len(chunks) > 0 {
				limit--
			}
			if limit == 0 {
				break
			}
		}
		return nil
	})
	return found, err
}

// ExpireChanges deletes chunks of jobs that ended long ago.
func (j *Jobs) ExpireChanges(ctx context.Context, before time.Time, limit int) (expired int, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return 0, err
	}
	err = j.db.do(ctx, func(_ context.Context, t *tx) error {
		for _, r := range j.rows {
			n := min(limit-expired, len(r.changes))
			if n == 0 || !r.State.Final() || !r.FinishedAt.Before(before) {
				continue
			}
			expired += n
			all := r.changes
			r.changes = slices.Clone(all[n:])
			t.onRollback(func() { r.changes = all })
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return expired, nil
}
