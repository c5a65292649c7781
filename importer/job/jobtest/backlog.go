package jobtest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// backlog returns it. Its times are rounded down to hours.
func (c *check) backlog() job.Backlog {
	c.Helper()
	b, err := c.Backlog(c.Context())
	require.NoError(c, err, "the backlog is counted")
	b.OldestWaiting, b.OldestTrouble = b.OldestWaiting.Truncate(time.Hour), b.OldestTrouble.Truncate(time.Hour)
	return b
}

var backlogCases = []StoreCase{
	{Name: "backlog/counts jobs that haven't ended", run: func(c *check) {
		require.Equal(c, job.Backlog{}, c.backlog(), "an empty store has no backlog")
		jobs := c.some(3)
		c.submit(job.Job{NotBefore: time.Now().Add(1000 * time.Hour)})
		require.Equal(c, job.Backlog{Waiting: 3, Later: 1}, c.backlog(), "a job whose time hasn't come is Later")
		running, failing := c.claim(jobs[0]), c.claim(jobs[1])
		require.Equal(c, job.Backlog{Waiting: 1, Later: 1, Running: 2}, c.backlog(),
			"a job that a worker has is Running")
		c.release(failing, false, "the database is full", minute)
		require.Equal(c, job.Backlog{Waiting: 1, Later: 2, Running: 1, Troubled: 1}, c.backlog(),
			"a job that waits for trouble to pass is Later, and Troubled")
		c.end(running, job.Success, "", nil)
		_, err := c.Cancel(c.Context(), jobs[1].ID)
		require.NoError(c, err)
		require.Equal(c, job.Backlog{Waiting: 1, Later: 1}, c.backlog(), "jobs that have ended aren't counted")
	}},
	{Name: "backlog/since when", run: func(c *check) {
		jobs := c.some(3)
		c.setBack(-5 * time.Hour)
		require.Equal(c, job.Backlog{Waiting: 3, OldestWaiting: 5 * time.Hour}, c.backlog(),
			"a job waits since it was made")
		first, second := c.claim(jobs[0]), c.claim(jobs[1])
		c.release(c.claim(jobs[2]), false, "the database is full", minute)
		c.setBack(-minute)
		require.Equal(c, job.Backlog{Waiting: 1, Running: 2, Troubled: 1}, c.backlog(),
			"a job that was given back waits since its pause is over")
		third := c.claim(jobs[2])
		require.Equal(c, job.Backlog{Running: 3, Troubled: 1}, c.backlog(),
			"a job that is tried again is Troubled until it gets on")
		c.setBack(-3 * time.Hour)
		late := job.Backlog{Waiting: 3, OldestWaiting: 2 * time.Hour, Troubled: 1, OldestTrouble: 3 * time.Hour}
		require.Equal(c, late, c.backlog(), "a job whose worker vanished waits since the end of its lease, and trouble is as old as it is")
		for _, claim := range []*job.Claim{first, second, third} {
			c.renew(claim, nil)
		}
		c.setBack(100 * time.Hour)
		b := c.backlog()
		require.Zero(c, b.OldestWaiting, "no wait is shorter than none, however the clock is set back")
		require.Zero(c, b.OldestTrouble, "no trouble is younger than now, however the clock is set back")
	}},
}
