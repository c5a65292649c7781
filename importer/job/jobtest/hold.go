package jobtest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
)

// fullUpdate is an update with everything.
func fullUpdate() *job.Update {
	return &job.Update{State: job.Progress,
		Event: progress.Event{Phase: progress.Importing, Time: time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC),
			Counts: progress.Counts{Read: 28, Created: 1, Updated: 2, Unchanged: 3, Skipped: 4, Superseded: 5,
				Rejected: 13},
			Checked: 99, Inherited: 7, PassedOver: 8, Bytes: 5 << 30, TotalBytes: 6 << 30,
			RowsPerSecond: 12.5, ETA: time.Minute,
			Elapsed: time.Hour},
		Dialect: &importer.Dialect{Delimiter: ";", Header: true,
			Columns: []importer.Column{{Number: 1, Name: "Réf", Field: "sku"},
				{Number: 2, Attribute: "2", Group: true}},
			Hints: []importer.Hint{{Field: "sku", Column: "Handle", Text: "map it"}}},
		Rejects: map[importer.Code]int64{importer.CodeEmpty: 12, importer.CodeBadQuote: 1}}
}

// hasUpdate makes sure that the job has what is in the update.
func (c *check) hasUpdate(j job.Job, want *job.Update, promise string) {
	c.Helper()
	require.True(c, want.Event.Time.Equal(j.Event.Time), promise)
	want.Event.Time = j.Event.Time
	require.Equal(c, want.Event, j.Event, promise)
	require.Equal(c, want.Dialect, j.Dialect, promise)
	require.Equal(c, want.Rejects, j.Rejects, promise)
}

var holdCases = []StoreCase{
	{Name: "renew/stores the update", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		c.renew(claim, fullUpdate())
		j := c.get(claim.Job.ID)
		require.Equal(c, job.Progress, j.State, "the state is the update's")
		require.Greater(c, j.Revision, claim.Job.Revision, "the revision grows with an update")
		c.hasUpdate(j, fullUpdate(), "an update is stored whole")
		c.renew(claim, nil)
		require.Equal(c, j.Revision, c.get(j.ID).Revision, "the revision stays when nothing changes that shows")
		c.renew(claim, &job.Update{State: job.Started, Event: progress.Event{Phase: progress.Checking}})
		later := c.get(j.ID)
		require.Equal(c, job.Started, later.State, "the state is the update's")
		require.Equal(c, fullUpdate().Dialect, later.Dialect, "an update without a dialect leaves it")
		require.Equal(c, fullUpdate().Rejects, later.Rejects, "an update without rejects leaves them")
		for _, state := range []job.State{"", job.Pending, job.Success} {
			_, err := c.Renew(c.Context(), claim, long, &job.Update{State: state})
			require.Error(c, err, "an update can't make a job %q", state)
		}
		c.same(later, c.get(j.ID), "a refused update changes nothing")
	}},
	{Name: "renew/updates belong to the caller", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		update := fullUpdate()
		c.renew(claim, update)
		update.Rejects[importer.CodeEmpty], update.Dialect.Delimiter, update.Dialect.Columns[0].Name,
			update.Dialect.Hints[0].Text = 0, "x", "x", "x"
		c.get(claim.Job.ID).Rejects[importer.CodeEmpty] = 0
		c.hasUpdate(c.get(claim.Job.ID), fullUpdate(), "changing what went in or came out changes nothing stored")
	}},
}

var endCases = []StoreCase{
	{Name: "finish/every final state", run: func(c *check) {
		for _, state := range []job.State{job.Success, job.Failure, job.Revoked} {
			claim := c.claim(c.submit(job.Job{}))
			reason := ""
			if state == job.Failure {
				reason = "it is no CSV file"
			}
			j := c.end(claim, state, reason, fullUpdate())
			c.ended(j, state, reason)
			c.grew(claim.Job, j, "it ends")
			require.Equal(c, fullUpdate().Dialect, j.Dialect, "the last update is stored")
			require.Equal(c, fullUpdate().Rejects, j.Rejects, "the last update is stored")
			c.lost(claim, "the job has ended")
			require.Nil(c, c.tryClaim("w", long), "a job that has ended is not claimed")
		}
	}},
	{Name: "finish/only final states", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		before := c.get(claim.Job.ID)
		for _, state := range []job.State{"", job.Pending, job.Started, job.Progress} {
			_, err := c.Finish(c.Context(), claim, state, "", nil)
			require.Error(c, err, "%q ends no job", state)
		}
		c.same(before, c.get(claim.Job.ID), "a refused end changes nothing")
		c.renew(claim, nil)
	}},
	{Name: "finish/counts what was committed", run: func(c *check) {
		first := c.claim(c.submit(job.Job{}))
		c.written(first, 2, 3)
		c.renew(first, fullUpdate())
		given := c.release(first, false, "", 0)
		require.Equal(c, progress.Counts{Read: 4, Created: 3, Rejected: 1}, given.Event.Counts,
			"a job that is released counts its checkpoints")
		require.EqualValues(c, 300, given.Event.Bytes, "and their bytes")
		second := c.claim(given)
		require.Equal(c, given.Event.Counts, second.Job.Event.Counts, "the next attempt begins with what was committed")
		require.InDelta(c, given.Event.Percent(), second.Job.Event.Reached, 0, "and knows how far it was")
		c.written(second, 1, 4)
		for _, state := range []job.State{job.Success} {
			j := c.end(second, state, "", fullUpdate())
			require.Equal(c, progress.Counts{Read: 9, Created: 7, Rejected: 2}, j.Event.Counts,
				"the counts are the sum of the checkpoints, whoever committed them and whatever updates said")
			require.EqualValues(c, 700, j.Event.Bytes, "the bytes are the sum of the checkpoints")
			require.Equal(c, fullUpdate().Event.TotalBytes, j.Event.TotalBytes,
				"the rest of the event is that of the last update")
		}
		nothing := c.claim(c.submit(job.Job{}))
		c.renew(nothing, fullUpdate())
		j := c.end(nothing, job.Failure, "x", nil)
		require.Equal(c, progress.Counts{}, j.Event.Counts, "a job without checkpoints counts nothing")
		require.Equal(c, fullUpdate().Dialect, j.Dialect, "an end without an update leaves what was stored")
	}},
	{Name: "finish/a dry run has the counts of the update", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{Settings: job.Settings{DryRun: true}}))
		j := c.end(claim, job.Success, "", fullUpdate())
		require.Equal(c, fullUpdate().Event.Counts, j.Event.Counts, "a dry run has no checkpoints: its counts are the update's")
		require.Equal(c, fullUpdate().Event.Bytes, j.Event.Bytes, "a dry run has no checkpoints: its bytes are the update's")
	}},
}
