package jobtest

import (
	"context"
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

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
		refusedRecords.are(c, claim.Job.ID, 0, 0, nil, "what was refused of a batch that is rolled back is not kept")

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
	{Name: "checkpoint/keeps what the store of products refused", run: refusedRecords.kept},
	{Name: "checkpoint/keeps what the mode left alone", run: skippedRecords.kept},
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
