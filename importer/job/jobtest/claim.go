package jobtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

var claimCases = []StoreCase{
	{Name: "claim/nothing to do", run: func(c *check) {
		require.Nil(c, c.tryClaim("w", long), "an empty store has no work, and that is no error")
		c.end(c.claim(c.submit(job.Job{})), job.Success, "", nil)
		require.Nil(c, c.tryClaim("w", long), "a job that has ended is no work")
	}},
	{Name: "claim/holds the job", run: func(c *check) {
		stored := c.submit(whole)
		claim := c.tryClaim("the worker", long)
		require.NotNil(c, claim, "a job that waits is claimed")
		require.Equal(c, "the worker", claim.Worker, "the claim knows its worker")
		require.Positive(c, claim.Token, "the claim has a token")
		require.Equal(c, job.Started, claim.Job.State, "a claimed job is Started")
		require.False(c, claim.Job.StartedAt.IsZero(), "StartedAt is when a worker first had the job")
		require.Equal(c, stored.Settings, claim.Job.Settings, "the claim has the whole job")
		c.grew(stored, claim.Job, "it is claimed")
		require.Nil(c, c.tryClaim("other", long), "a job that a worker has is not claimed again")
	}},
	{Name: "claim/by priority, then by age", run: func(c *check) {
		var order []string
		for _, priority := range []int{0, 5, -1, 5, 0} {
			order = append(order, c.submit(job.Job{Priority: priority}).ID)
		}
		for i, want := range []int{1, 3, 0, 4, 2} {
			claim := c.tryClaim("w", long)
			require.NotNil(c, claim, "a job that waits is claimed")
			require.Equal(c, order[want], claim.Job.ID,
				"the job with the highest priority, then the oldest, is claimed; claim %d", i)
		}
	}},
	{Name: "claim/not before its time", run: func(c *check) {
		later := job.Job{Priority: 9, NotBefore: time.Now().Add(24 * time.Hour)}
		stored := c.submit(later)
		require.WithinDuration(c, later.NotBefore, stored.NotBefore, time.Millisecond, "NotBefore is stored")
		require.Nil(c, c.tryClaim("w", long), "a job is not claimed before its time")
		now := c.submit(job.Job{})
		claim := c.claim(now)
		c.release(claim, false, "", 24*time.Hour)
		require.Nil(c, c.tryClaim("w", long), "a job that was released is not claimed before the delay is over")
		c.release(c.claim(c.submit(job.Job{})), false, "", 20*time.Millisecond)
		again := c.takeOver(attempts, "a job that was released is claimed once the delay is over")
		require.NotEqual(c, stored.ID, again.Job.ID)
	}},
	{Name: "claim/never twice at the same time", run: func(c *check) {
		const jobs, workers = 40, 8
		c.some(jobs)
		var mu sync.Mutex
		taken := map[string]string{}
		c.Together(workers, "many workers look for work", func(ctx context.Context, i int) error {
			for {
				claim, err := c.Claim(ctx, fmt.Sprint("w-", i), long, 1)
				if err != nil || claim == nil {
					return err
				}
				mu.Lock()
				if other, twice := taken[claim.Job.ID]; twice {
					err = fmt.Errorf("job %s is claimed by %s and w-%d: no job is claimed twice", claim.Job.ID, other,
						i)
				}
				taken[claim.Job.ID] = claim.Worker
				mu.Unlock()
				if err != nil {
					return err
				}
			}
		})
		// One that somebody else was just looking at may have been passed over.
		for claim := c.tryClaim("last", long); claim != nil; claim = c.tryClaim("last", long) {
			require.NotContains(c, taken, claim.Job.ID, "no job is claimed twice")
			taken[claim.Job.ID] = "last"
		}
		require.Len(c, taken, jobs, "every job is claimed")
	}},
	{Name: "claim/bad calls", run: func(c *check) {
		c.submit(job.Job{})
		for _, call := range []struct {
			worker      string
			lease       time.Duration
			maxAttempts int
		}{{"", long, 1}, {"w", 0, 1}, {"w", -1, 1}, {"w", long, 0}} {
			_, err := c.Claim(c.Context(), call.worker, call.lease, call.maxAttempts)
			require.Error(c, err, "a claim with %+v is an error", call)
		}
	}},
}

var leaseCases = []StoreCase{
	{Name: "lease/one that runs out is taken over", run: func(c *check) {
		c.submit(job.Job{})
		first := c.vanished()
		c.written(first, 1, 2)
		second := c.takeOver(attempts, "a job whose worker vanished is claimed by another one")
		require.Equal(c, first.Job.ID, second.Job.ID)
		require.Greater(c, second.Token, first.Token, "the token grows with every claim")
		require.Equal(c, 1, second.Job.Attempts, "a worker that vanished is a failed attempt")
		require.Empty(c, first.Vanished, "nobody had the job before")
		require.Equal(c, "vanished-worker", second.Vanished, "the claim knows who vanished")
		require.Contains(c, second.Job.Error, "vanished-worker", "the error names the worker that vanished")
		require.True(c, second.Job.StartedAt.Equal(first.Job.StartedAt), "StartedAt is when a worker first had the job")
		c.grew(first.Job, second.Job, "another worker takes it over")
		c.lost(first, "another worker has the job")
		require.Len(c, c.checkpoints(second), 1, "the checkpoints are there for the next worker")
		c.renew(second, nil)
	}},
	{Name: "lease/one that is renewed holds", run: func(c *check) {
		j := c.submit(job.Job{})
		claim := c.vanished()
		c.renew(claim, nil)
		// It ran out in the meantime, if it wasn't renewed.
		c.submit(job.Job{Priority: 1, NotBefore: time.Now().Add(20 * time.Millisecond)})
		other := c.takeOver(attempts, "a job is claimed at its time")
		require.NotEqual(c, j.ID, other.Job.ID, "a lease that was renewed is not taken over")
		require.Nil(c, c.tryClaim("w", long), "a lease that was renewed is not taken over")
		require.Zero(c, c.get(j.ID).Attempts, "a worker that renews its lease has not vanished")
	}},
	{Name: "lease/one that is released", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		c.written(claim, 1, 2)
		back := c.release(claim, false, "", 0)
		require.Equal(c, job.Pending, back.State, "a job that was released waits")
		require.Zero(c, back.Attempts, "releasing without trouble is no failed attempt")
		require.Empty(c, back.Error, "releasing without trouble is no trouble")
		c.grew(claim.Job, back, "it is released")
		c.lost(claim, "the job was released")
		again := c.claim(back)
		require.Greater(c, again.Token, claim.Token, "the token grows with every claim")
		c.lost(claim, "the same worker has the job by a new claim")
		require.Len(c, c.checkpoints(again), 1, "the checkpoints outlive the claim")
	}},
	{Name: "lease/failed attempts are counted", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		for i := 1; i <= 3; i++ {
			back := c.release(claim, true, fmt.Sprint("trouble ", i), 0)
			require.Equal(c, job.Pending, back.State, "a failed job waits for its next attempt")
			require.Equal(c, i, back.Attempts, "failed attempts are counted")
			require.Equal(c, fmt.Sprint("trouble ", i), back.Error, "the error is the last attempt's")
			claim = c.claim(back)
		}
		require.Equal(c, 3, c.release(claim, false, "", 0).Attempts, "releasing without trouble leaves the count")
		c.renew(c.claim(claim.Job), nil)
	}},
	{Name: "lease/a committed batch begins the count anew", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		claim = c.claim(c.release(claim, true, "x", 0))
		claim = c.claim(c.release(claim, true, "x", 0))
		c.written(claim, 1, 2)
		back := c.release(claim, true, "x", 0)
		require.Equal(c, 1, back.Attempts, "attempts are those since a batch was committed last")
		claim = c.claim(back)
		require.Equal(c, 2, c.release(claim, true, "x", 0).Attempts,
			"batches of earlier claims don't count for later ones")
		claim = c.vanished()
		c.written(claim, 2, 2)
		require.Equal(c, 1, c.takeOver(attempts, "a job whose worker vanished is claimed").Job.Attempts,
			"a worker that vanished after it committed a batch begins the count anew")
	}},
	{Name: "lease/too many failed attempts end the job", run: func(c *check) {
		j := c.submit(job.Job{Priority: 1})
		other := c.submit(job.Job{})
		claim := c.claim(j)
		c.written(claim, 1, 4)
		c.release(claim, true, "trouble", 0)
		next, err := c.Claim(c.Context(), "w", long, 1)
		require.NoError(c, err)
		require.NotNil(c, next, "a job that is not claimed doesn't hold up the next one")
		require.Equal(c, other.ID, next.Job.ID, "a job without an attempt left is not claimed")
		failed := c.get(j.ID)
		c.ended(failed, job.Failure, "trouble")
		require.EqualValues(c, 4, failed.Event.Created, "the counts are those of the checkpoints")
		require.Greater(c, failed.Revision, claim.Job.Revision, "the revision grows when it ends")
		c.lost(claim, "the job has ended")
	}},
	{Name: "lease/vanishing too often ends the job", run: func(c *check) {
		j := c.submit(job.Job{})
		c.vanished()
		second := c.takeOver(2, "there is an attempt left")
		_, err := c.Renew(c.Context(), second, short, nil)
		require.NoError(c, err)
		c.Eventually("whoever looks for work ends the job", func() bool {
			claim, err := c.Claim(c.Context(), "w", long, 2)
			require.NoError(c, err, "looking for work")
			require.Nil(c, claim, "a job without an attempt left is not claimed")
			return c.get(j.ID).State == job.Failure
		})
		failed := c.get(j.ID)
		require.Equal(c, 2, failed.Attempts, "workers that vanish are counted")
		require.Contains(c, failed.Error, "worker-2", "the error names the worker that vanished")
		c.lost(second, "the job has ended")
	}},
}
