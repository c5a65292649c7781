package jobtest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// reject makes a record that was refused.
func reject(line int64, fields ...string) importer.Reject {
	return importer.Reject{Line: line, LastLine: line, Offset: -1, Column: "name", Code: importer.CodeTooLarge,
		Reason: `too "large"`, Fields: fields}
}

// refused makes sure that these are the refused records of the first batch above the number, and that batch's number.
func (c *check) refused(id string, above, batch int64, want []importer.Reject, promise string) {
	c.Helper()
	got, at, err := c.Refused(c.Context(), id, above)
	require.NoError(c, err, promise)
	require.Equal(c, want, got, promise)
	require.Equal(c, batch, at, "%s: they come with the number of their batch", promise)
}

// skipped is as refused for records that the mode left alone.
func (c *check) skipped(id string, above, batch int64, want []importer.Skipped, promise string) {
	c.Helper()
	got, at, err := c.Skipped(c.Context(), id, above)
	require.NoError(c, err, promise)
	require.Equal(c, want, got, promise)
	require.Equal(c, batch, at, "%s: they come with the number of their batch", promise)
}

var checkpointCases = []StoreCase{
	{Name: "checkpoint/committed with its batch", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		require.Empty(c, c.checkpoints(claim), "a new job has no checkpoints")
		c.written(claim, 3, 2)
		c.written(claim, 1, 0)
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 0), 3: commit(3, 2)}, c.checkpoints(claim),
			"the checkpoints are what was committed, by batch")
		require.EqualValues(c, 2, c.stored(), "the batch is committed")
	}},
	{Name: "checkpoint/rolled back with its batch", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		refused := errors.New("refused")
		b := c.batch(1, c.record("a"))
		b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error {
			done := commit(1, 1)
			done.Refused = []importer.Reject{reject(2, "c")}
			if err := c.Checkpoint(ctx, claim, done); err != nil {
				return err
			}
			return refused
		}
		_, err := c.products.WriteBatch(c.Context(), b)
		require.ErrorIs(c, err, refused, "the error of BeforeCommit is returned")
		require.Empty(c, c.checkpoints(claim), "a checkpoint is rolled back with its batch")
		require.Zero(c, c.stored(), "the batch is rolled back")
		c.refused(claim.Job.ID, 0, 0, nil, "what was refused of a batch that is rolled back is not kept")

		ctx, cancel := context.WithCancel(c.Context())
		b.BeforeCommit = func(inside context.Context, _ *products.BatchResult) error {
			err := c.Checkpoint(inside, claim, commit(1, 1))
			cancel()
			return err
		}
		_, err = c.products.WriteBatch(ctx, b)
		require.ErrorIs(c, err, context.Canceled, "the batch's context has ended")
		require.Empty(c, c.checkpoints(claim), "a checkpoint is rolled back with a batch whose context ends")
		c.written(claim, 1, 2)
		require.Len(c, c.checkpoints(claim), 1, "the batch can be committed later")
	}},
	{Name: "checkpoint/no batch counts twice", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		c.written(claim, 1, 2)
		require.ErrorIs(c, c.write(claim, 1, 5), job.ErrCommitted, "a batch that has a checkpoint gives ErrCommitted")
		require.EqualValues(c, 2, c.stored(), "a batch that was committed before is rolled back")
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 2)}, c.checkpoints(claim), "the first checkpoint stays")
	}},
	{Name: "checkpoint/jobs have their own", run: func(c *check) {
		a := c.claim(c.submit(job.Job{}))
		b := c.claim(c.submit(job.Job{}))
		c.written(a, 1, 1)
		require.NoError(c, c.Checkpoint(c.Context(), b, commit(1, 5)), "batches of two jobs have the same numbers")
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 1)}, c.checkpoints(a),
			"the checkpoints are the job's own")
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 5)}, c.checkpoints(b),
			"the checkpoints are the job's own")
	}},
	{Name: "checkpoint/a worker that lost its lease commits nothing", run: func(c *check) {
		c.submit(job.Job{})
		late := c.vanished()
		late1 := *late
		// The worker hangs between the writing of its batch and the commit, while the job is taken over.
		b := c.batch(1, c.record("late"))
		next := c.takeOver(attempts, "a job whose worker vanished is claimed")
		b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error {
			return c.Checkpoint(ctx, &late1, commit(1, 1))
		}
		_, err := c.products.WriteBatch(c.Context(), b)
		require.ErrorIs(c, err, job.ErrLeaseLost, "a batch of a claim that was lost gives ErrLeaseLost")
		require.Zero(c, c.stored(), "a batch of a claim that was lost is rolled back")
		c.written(next, 1, 2)
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 2)}, c.checkpoints(next),
			"the next worker's batch counts")
	}},
	{Name: "checkpoint/keeps what the store of products refused", run: func(c *check) {
		a, b := c.claim(c.submit(job.Job{})), c.claim(c.submit(job.Job{}))
		first := []importer.Reject{reject(2, "c")}
		third := []importer.Reject{reject(7, "a", "", "ä <\n\""), reject(8, "b")}
		for number, records := range map[int64][]importer.Reject{3: third, 2: nil, 1: first} {
			done := commit(number, 1)
			done.Refused = records
			require.NoError(c, c.Checkpoint(c.Context(), a, done), "a batch is noted with what was refused of it")
		}
		again := commit(3, 1)
		again.Refused = first
		require.ErrorIs(c, c.Checkpoint(c.Context(), a, again), job.ErrCommitted, "a batch has one checkpoint")
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 1), 2: commit(2, 1), 3: commit(3, 1)}, c.checkpoints(a),
			"Checkpoints returns no records")
		for range 2 { // while the job is worked on, and when it has ended
			c.refused(a.Job.ID, 0, 1, first, "the records of the first batch that has any are returned")
			c.refused(a.Job.ID, 1, 3, third, "the records of the first batch above the number are returned")
			c.refused(a.Job.ID, 3, 0, nil, "there are no records behind the last batch")
			if c.get(a.Job.ID).State != job.Success {
				c.end(a, job.Success, "", nil)
			}
		}
		c.refused(b.Job.ID, 0, 0, nil, "other jobs have none")
		c.refused("no-uuid", 0, 0, nil, "a job that doesn't exist has none")
		_, err := c.Expire(c.Context(), time.Now().Add(24*time.Hour), 10)
		require.NoError(c, err)
		c.refused(a.Job.ID, 0, 0, nil, "the records go with their job")
	}},
	{Name: "checkpoint/keeps what the mode left alone", run: func(c *check) {
		a, b := c.claim(c.submit(job.Job{})), c.claim(c.submit(job.Job{}))
		first := []importer.Skipped{{SKU: "c", Line: 2}}
		third := []importer.Skipped{{SKU: "ä \n\"", Line: 700}, {SKU: strings.Repeat("x", 255), Line: 701}, {SKU: "b", Line: 90_000}}
		for number, records := range map[int64][]importer.Skipped{3: third, 2: nil, 1: first} {
			done := commit(number, 1)
			done.Skipped = records
			require.NoError(c, c.Checkpoint(c.Context(), a, done), "a batch is noted with what was skipped of it")
		}
		again := commit(3, 1)
		again.Skipped = first
		require.ErrorIs(c, c.Checkpoint(c.Context(), a, again), job.ErrCommitted, "a batch has one checkpoint")
		require.Equal(c, map[int64]importer.Commit{1: commit(1, 1), 2: commit(2, 1), 3: commit(3, 1)}, c.checkpoints(a),
			"Checkpoints returns no records")
		for range 2 { // while the job is worked on, and when it has ended
			c.skipped(a.Job.ID, 0, 1, first, "the records of the first batch that has any are returned")
			c.skipped(a.Job.ID, 1, 3, third, "the records of the first batch above the number are returned")
			c.skipped(a.Job.ID, 3, 0, nil, "there are no records behind the last batch")
			if c.get(a.Job.ID).State != job.Success {
				c.end(a, job.Success, "", nil)
			}
		}
		c.skipped(b.Job.ID, 0, 0, nil, "other jobs have none")
		c.skipped("no-uuid", 0, 0, nil, "a job that doesn't exist has none")
	}},
	{Name: "checkpoint/batches at the same time", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		const writers, each = 4, 5
		c.Together(writers, "batches of one job are committed at the same time, and its lease renewed",
			func(ctx context.Context, i int) error {
				for k := range each {
					if err := c.write(claim, int64(i*each+k+1), 2); err != nil {
						return err
					}
					if _, err := c.Renew(ctx, claim, long, fullUpdate()); err != nil {
						return err
					}
				}
				return nil
			})
		require.Len(c, c.checkpoints(claim), writers*each, "every batch has its checkpoint")
		require.EqualValues(c, 2*writers*each, c.end(claim, job.Success, "", nil).Event.Created,
			"every batch counts once")
	}},
}
