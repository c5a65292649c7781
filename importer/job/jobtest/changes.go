package jobtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// chunk makes a chunk with keys from first to last. It has one change of the kind.
func chunk(batch int64, first, last string, kind int, fields ...string) job.ChangeChunk {
	c := job.ChangeChunk{Batch: batch, First: first, Last: last, Size: 7, Fields: fields,
		Body: []byte("body \x00\xff of " + first)}
	c.Counts[kind] = 1
	return c
}

// tryKeep writes a batch of one new product, and keeps chunks of what it changes.
func (c *check) tryKeep(claim *job.Claim, batch int64, fails error, chunks ...job.ChangeChunk) error {
	b := c.batch(batch, c.record(fmt.Sprint(claim.Job.ID, batch)))
	b.DryRun = claim.Job.Settings.DryRun
	b.Differences = func() func(context.Context, []products.Difference) error {
		return func(ctx context.Context, _ []products.Difference) error {
			for i := range chunks {
				if err := c.KeepChanges(ctx, claim, chunks[i:i+1]); err != nil {
					return err
				}
			}
			return fails
		}
	}
	if !b.DryRun {
		b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error {
			return c.Checkpoint(ctx, claim, commit(batch, 1))
		}
	}
	_, err := c.products.WriteBatch(c.Context(), b)
	return err
}

// keepChunks is tryKeep for what must be accepted.
func (c *check) keepChunks(claim *job.Claim, batch int64, chunks ...job.ChangeChunk) {
	c.Helper()
	require.NoError(c, c.tryKeep(claim, batch, nil, chunks...), "chunks are kept with their batch")
}

// chunks makes sure that these are the chunks that are wanted of the job.
func (c *check) chunks(id string, query job.ChunkQuery, promise string, want ...job.ChangeChunk) {
	c.Helper()
	if query.Limit == 0 {
		query.Limit = 100
	}
	got, err := c.Chunks(c.Context(), id, query)
	require.NoError(c, err, promise)
	require.Len(c, got, len(want), promise)
	for i := range want {
		if len(got[i].Fields) == 0 {
			got[i].Fields = nil
		}
		require.WithinDuration(c, time.Now(), got[i].At, time.Hour, "the store notes when a chunk was kept")
		require.Equal(c, time.UTC, got[i].At.Location(), "the time of a chunk is in UTC")
		got[i].At = time.Time{}
		require.Equal(c, want[i], got[i], promise)
	}
}

// near makes sure that these are the chunks near the key, as the places of jobs and first keys.
func (c *check) near(jobs []job.Job, key, below string, limit int, promise string, want ...string) {
	c.Helper()
	found, err := c.ChunksOf(c.Context(), key, below, limit)
	require.NoError(c, err, promise)
	var got []string
	for i := range found {
		for k := range jobs {
			if jobs[k].ID == found[i].JobID {
				got = append(got, fmt.Sprint(k, " ", found[i].First))
			}
		}
		require.NotEmpty(c, found[i].Body, "a chunk near a key is whole")
	}
	require.Equal(c, want, got, promise)
}

var changeCases = []StoreCase{
	{Name: "changes/committed with their batch", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		other := c.claim(c.submit(job.Job{}))
		a, b := chunk(1, "a", "c", 0, "description", "name"), chunk(1, "d", `ä"`, 1, "attributes.x\ny")
		refused := errors.New("refused")
		require.ErrorIs(c, c.tryKeep(claim, 1, refused, a, b), refused, "the error of Differences is returned")
		c.chunks(claim.Job.ID, job.ChunkQuery{}, "chunks are rolled back with their batch")
		c.keepChunks(claim, 1, a, b)
		c.keepChunks(other, 1, chunk(1, "a", "a", 0, "name"))
		body := b.Body
		b.Body = append([]byte(nil), body...)
		body[0] = '!'
		c.chunks(claim.Job.ID, job.ChunkQuery{}, "the chunks of a job are what was kept, and its own", a, b)
		c.chunks("no-uuid", job.ChunkQuery{}, "a job that doesn't exist has no chunks")
		_, err := c.Chunks(c.Context(), claim.Job.ID, job.ChunkQuery{})
		require.Error(c, err, "a limit is 1 or more")
		c.end(claim, job.Success, "", nil)
		c.chunks(claim.Job.ID, job.ChunkQuery{}, "chunks stay when their job ends", a, b)
		err = c.KeepChanges(c.Context(), claim, []job.ChangeChunk{chunk(2, "a", "b", 0)})
		require.ErrorIs(c, err, job.ErrLeaseLost, "a claim that was lost keeps nothing")
		_, err = c.DropChanges(c.Context(), claim, 10)
		require.ErrorIs(c, err, job.ErrLeaseLost, "a claim that was lost drops nothing")
	}},
	{Name: "changes/in order, by place and by what is in them", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		id := claim.Job.ID
		a, b := chunk(1, "a", "c", 0, "name"), chunk(1, "d", "f", 1, "name", "price")
		d, e, f := chunk(2, "B", "B", 2), chunk(10, "a", "d", 3), chunk(10, "e", "z", 1, job.AllFields)
		c.keepChunks(claim, 10, e, f)
		c.keepChunks(claim, 2, d)
		c.keepChunks(claim, 1, a, b)
		g := chunk(11, "a", "b", 4, "status")
		c.keepChunks(claim, 11, g)
		c.chunks(id, job.ChunkQuery{}, "chunks come in the order of batches and keys", a, b, d, e, f, g)
		c.chunks(id, job.ChunkQuery{Limit: 2}, "no more chunks than the limit", a, b)
		c.chunks(id, job.ChunkQuery{AfterBatch: 1, AfterKey: "c"}, "chunks behind a place", b, d, e, f, g)
		c.chunks(id, job.ChunkQuery{AfterBatch: 1, AfterKey: "e"}, "a chunk that ends behind the place", b, d, e, f, g)
		c.chunks(id, job.ChunkQuery{AfterBatch: 10, AfterKey: "d", Limit: 1}, "chunks behind a place", f)
		c.chunks(id, job.ChunkQuery{AfterBatch: 10, AfterKey: "z"}, "chunks behind a place", g)
		c.chunks(id, job.ChunkQuery{AfterBatch: 11, AfterKey: "b"}, "none behind the last")
		c.chunks(id, job.ChunkQuery{Kinds: []job.ChangeKind{job.ChangeUpdated}}, "chunks with a kind", b, f)
		c.chunks(id, job.ChunkQuery{Kinds: []job.ChangeKind{job.ChangeDeleted, job.ChangeKept}},
			"chunks with one of the kinds", d, e)
		c.chunks(id, job.ChunkQuery{Kinds: []job.ChangeKind{job.ChangeDeactivated}}, "chunks with a kind", g)
		c.chunks(id, job.ChunkQuery{Field: "price"}, "chunks that name a field, or all", b, f)
		c.chunks(id, job.ChunkQuery{Field: "name", Kinds: []job.ChangeKind{job.ChangeCreated}}, "both", a)
	}},
	{Name: "changes/of a dry run those of the latest claim", run: func(c *check) {
		submitted := c.submit(job.Job{Settings: job.Settings{DryRun: true}})
		first := c.claim(submitted)
		for batch := range int64(3) {
			c.keepChunks(first, batch+1, chunk(batch+1, "a", "b", 0, "name"))
		}
		require.Zero(c, c.stored(), "a dry run writes no product")
		c.chunks(submitted.ID, job.ChunkQuery{Limit: 1}, "what a dry run would change is kept", chunk(1, "a", "b", 0, "name"))
		n, err := c.DropChanges(c.Context(), first, 10)
		require.NoError(c, err)
		require.Zero(c, n, "a claim drops nothing of its own")
		c.release(first, false, "", 0)
		second := c.takeOver(attempts, "a job that was released is claimed")
		c.chunks(submitted.ID, job.ChunkQuery{}, "what an earlier claim kept of a dry run doesn't count")
		again := chunk(1, "a", "c", 1, "name")
		c.keepChunks(second, 1, again)
		c.chunks(submitted.ID, job.ChunkQuery{}, "what the latest claim kept counts", again)
		require.ErrorIs(c, c.tryKeep(first, 4, nil, chunk(4, "a", "b", 0)), job.ErrLeaseLost,
			"a claim that was lost keeps nothing of a dry run")
		for _, want := range []int{2, 1, 0} {
			n, err := c.DropChanges(c.Context(), second, 2)
			require.NoError(c, err)
			require.Equal(c, want, n, "DropChanges removes what earlier claims kept, and at most the limit")
		}
		_, err = c.DropChanges(c.Context(), second, 0)
		require.Error(c, err, "a limit is 1 or more")
		c.chunks(submitted.ID, job.ChunkQuery{}, "what the latest claim kept stays", again)
		found, err := c.ChunksOf(c.Context(), "a", "", 10)
		require.NoError(c, err)
		require.Empty(c, found, "a dry run is no part of what happened to a product")
	}},
	{Name: "changes/of batches below 0", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		id := claim.Job.ID
		a, b, d := chunk(-7, "", "", 0), chunk(-7, "c", "e", 0), chunk(-2, "a", "z", 0)
		require.NoError(c, c.KeepChanges(c.Context(), claim, []job.ChangeChunk{d}), "what was planned is kept")
		require.NoError(c, c.KeepChanges(c.Context(), claim, []job.ChangeChunk{a, b}), "what was planned is kept")
		all := job.ChunkQuery{AfterBatch: math.MinInt64}
		c.chunks(id, all, "what was planned is kept, and comes in order", a, b, d)
		c.chunks(id, job.ChunkQuery{}, "what was planned is no change")
		e := chunk(1, "d", "d", 1)
		c.keepChunks(claim, 1, e)
		c.chunks(id, job.ChunkQuery{AfterBatch: -7, AfterKey: ""}, "chunks behind a place", b, d, e)
		c.chunks(id, job.ChunkQuery{}, "what was planned is no change", e)
		found, err := c.ChunksOf(c.Context(), "d", "", 10)
		require.NoError(c, err)
		require.Len(c, found, 1, "what was planned is no part of what happened to a product")
		require.EqualValues(c, 1, found[0].Batch, "what was planned is no part of what happened to a product")
		c.release(claim, false, "", 0)
		next := c.takeOver(attempts, "a job that was released is claimed")
		err = c.KeepChanges(c.Context(), claim, []job.ChangeChunk{chunk(-9, "a", "b", 0)})
		require.ErrorIs(c, err, job.ErrLeaseLost, "a claim that was lost plans nothing")
		c.chunks(id, all, "what was planned stays for the next claim", a, b, d, e)
		ended := c.end(next, job.Success, "", nil)
		n, err := c.ExpireChanges(c.Context(), ended.FinishedAt.Add(time.Hour), 10)
		require.NoError(c, err)
		require.Equal(c, 4, n, "what was planned goes with its job")
	}},
	{Name: "changes/near a key", run: func(c *check) {
		jobs := []job.Job{}
		for i := range 3 {
			jobs = append(jobs, c.submit(job.Job{}))
			claim := c.claim(jobs[i])
			c.keepChunks(claim, 1, chunk(1, "a", "c", 0), chunk(1, "e", "g", 0), chunk(1, "k", "m", 0))
			c.keepChunks(claim, 2, chunk(2, "B", "f", 0))
			if i == 1 {
				c.keepChunks(claim, 3, chunk(3, "x", "x", 0))
			}
			c.end(claim, job.Success, "", nil)
			c.Eventually("the time goes on, so that IDs ascend",
				func() bool { return time.Now().UnixMilli() != jobs[i].CreatedAt.UnixMilli() })
		}
		c.near(jobs, "e", "", 10, "the chunks near a key, those of the youngest job first", "2 e", "2 B", "1 e", "1 B", "0 e", "0 B")
		c.near(jobs, "h", "", 10, "none near a key between chunks")
		c.near(jobs, "c", "", 1, "of no more jobs than the limit", "2 a", "2 B")
		c.near(jobs, "m", jobs[2].ID, 1, "of jobs below an ID", "1 k")
		c.near(jobs, "m", jobs[0].ID, 1, "none below the first job")
		c.near(jobs, "x", "", 1, "the limit counts jobs that have such chunks", "1 x")
		_, err := c.ChunksOf(c.Context(), "a", "", 0)
		require.Error(c, err, "a limit is 1 or more")
	}},
	{Name: "changes/go with their job", run: func(c *check) {
		old, lives := c.claim(c.submit(job.Job{})), c.claim(c.submit(job.Job{}))
		for batch := range int64(4) {
			c.keepChunks(old, batch+1, chunk(batch+1, "a", "b", 0))
		}
		c.keepChunks(lives, 1, chunk(1, "a", "b", 0))
		ended := c.end(old, job.Success, "", nil)
		n, err := c.ExpireChanges(c.Context(), ended.FinishedAt, 10)
		require.NoError(c, err)
		require.Zero(c, n, "chunks of jobs that ended at the time or later stay")
		future := time.Now().Add(24 * time.Hour)
		n, err = c.ExpireChanges(c.Context(), future, 3)
		require.NoError(c, err)
		require.Equal(c, 3, n, "ExpireChanges deletes chunks of jobs that ended long ago, and at most the limit")
		_, err = c.ExpireChanges(c.Context(), future, 0)
		require.Error(c, err, "a limit is 1 or more")
		_, err = c.Expire(c.Context(), future, 10)
		require.NoError(c, err)
		c.chunks(ended.ID, job.ChunkQuery{}, "the other chunks go with their job")
		found, err := c.ChunksOf(c.Context(), "a", "", 10)
		require.NoError(c, err)
		require.Len(c, found, 1, "the chunks of a job that works stay")
		require.Equal(c, lives.Job.ID, found[0].JobID, "the chunks of a job that works stay")
	}},
}
