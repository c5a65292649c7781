package jobtest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// setBack sets the store's clock back, or forward.
func (c *check) setBack(d time.Duration) {
	c.Helper()
	require.NotNil(c, c.clock, "Stores.SetBack is needed")
	require.NoError(c, c.clock(c.Context(), d), "the store's clock is set")
}

// minute is a lease and a wait that is far shorter than what clocks are set back by in these cases.
const minute = time.Minute

var clockCases = []StoreCase{
	{Name: "clock/set back, a job that waits is claimed", run: func(c *check) {
		first := c.submit(job.Job{})
		c.setBack(time.Hour)
		claim := c.tryClaim("w", long)
		require.NotNil(c, claim, "a job that could be claimed can be claimed still")
		require.Equal(c, first.ID, claim.Job.ID)
		c.release(claim, false, "the database is full", minute)
		require.Nil(c, c.tryClaim("w", long), "a wait that begins after the clock was set back lasts as long as it is")
		c.setBack(time.Hour)
		require.NotNil(c, c.tryClaim("w", long),
			"a wait never lasts for longer than it is long, however the clock is set back")
	}},
	{Name: "clock/set back, a time that somebody chose stays", run: func(c *check) {
		c.submit(job.Job{NotBefore: time.Now().Add(24 * time.Hour)})
		c.setBack(time.Hour)
		require.Nil(c, c.tryClaim("w", long), "a job is not claimed before the time that its submitter chose")
	}},
	{Name: "clock/set back, a worker that vanished", run: func(c *check) {
		j := c.submit(job.Job{})
		first := c.tryClaim("w-1", minute)
		require.NotNil(c, first)
		c.setBack(time.Hour)
		second := c.tryClaim("w-2", minute)
		require.NotNil(c, second, "a lease never holds for longer than it is long, however the clock is set back")
		require.Equal(c, j.ID, second.Job.ID)
		c.lost(first, "another worker has the job")
		c.renew(second, nil)
	}},
	{Name: "clock/set back, a worker that is there", run: func(c *check) {
		c.submit(job.Job{})
		claim := c.tryClaim("w-1", minute)
		require.NotNil(c, claim)
		c.setBack(time.Hour)
		_, err := c.Renew(c.Context(), claim, minute, nil)
		require.NoError(c, err, "a worker that is there renews its lease")
		require.Nil(c, c.tryClaim("w-2", minute), "a lease that was renewed since holds")
	}},
	{Name: "clock/set back, a cancel takes effect", run: func(c *check) {
		c.submit(job.Job{})
		claim := c.tryClaim("w-1", minute)
		require.NotNil(c, claim)
		c.setBack(time.Hour)
		ended, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err)
		c.ended(ended, job.Revoked, "")
		c.lost(claim, "the job was cancelled")
		waits := c.release(c.claim(c.submit(job.Job{})), false, "the database is full", minute)
		c.setBack(time.Hour)
		ended, err = c.Cancel(c.Context(), waits.ID)
		require.NoError(c, err)
		c.ended(ended, job.Revoked, "")
	}},
	{Name: "clock/set forward, leases end early and commit nothing", run: func(c *check) {
		c.submit(job.Job{})
		first := c.tryClaim("w-1", minute)
		require.NotNil(c, first)
		c.written(first, 1, 2)
		c.setBack(-time.Hour)
		second := c.tryClaim("w-2", minute)
		require.NotNil(c, second, "a lease that the clock ends is taken over")
		c.lost(first, "another worker has the job, however little time has passed")
		require.Len(c, c.checkpoints(second), 1, "the checkpoints are there for the next worker")
	}},
}

var waitCases = []StoreCase{
	{Name: "wait/trouble that passes is no failed attempt", run: func(c *check) {
		const each = 20 * time.Millisecond
		claim := c.claim(c.submit(job.Job{}))
		first := c.release(claim, false, "the database is full", each)
		require.True(c, first.Waiting(), "the job waits")
		require.Equal(c, "the database is full", first.Error, "it says what for")
		require.WithinDuration(c, first.WaitingSince.Add(each), first.NotBefore, time.Millisecond,
			"it says since when, and until when")
		require.Equal(c, each, first.Waited, "waits are added up")
		require.Zero(c, first.Attempts, "waiting is no failed attempt")
		c.grew(claim.Job, first, "it waits")

		second := c.release(c.takeOver(1, "a job that waited is claimed, whatever the number of attempts"), false,
			"it is full still", each)
		require.Equal(c, 2*each, second.Waited, "waits are added up")
		require.True(c, second.WaitingSince.Equal(first.WaitingSince), "WaitingSince is when the trouble began")

		calm := c.release(c.takeOver(1, "a job that waited is claimed"), false, "", 0)
		require.Equal(c, 2*each, calm.Waited, "releasing without trouble is no progress")
		require.False(c, calm.Waiting(), "a job that was released without trouble waits for no trouble to pass")

		claim = c.claim(calm)
		c.written(claim, 1, 2)
		third := c.release(claim, false, "full again", each)
		require.Equal(c, each, third.Waited, "a committed batch begins the sum anew")
		require.False(c, third.WaitingSince.Before(second.NotBefore), "and so the trouble")
	}},
	{Name: "wait/failed attempts wait too", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		j := c.release(claim, true, "trouble", minute)
		require.True(c, j.Waiting(), "a failed attempt is made again after a pause")
		require.Zero(c, j.Waited, "but its pause is none of trouble that passes by itself")
		ended, err := c.Cancel(c.Context(), j.ID)
		require.NoError(c, err)
		require.True(c, ended.WaitingSince.IsZero(), "a job that has ended waits for nothing")
		c.same(ended, c.get(j.ID), "Cancel returns the job as it is stored")
	}},
}
