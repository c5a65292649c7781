package jobtest

import (
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
	"github.com/stretchr/testify/require"
)

// told is an update with everything.
func told() *job.Update {
	return &job.Update{State: job.Progress,
		Event: progress.Event{Phase: progress.Importing, Time: time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC),
			Counts:  progress.Counts{Read: 28, Created: 1, Updated: 2, Unchanged: 3, Skipped: 4, Superseded: 5, Rejected: 13},
			Checked: 99, Inherited: 7, Bytes: 5 << 30, TotalBytes: 6 << 30, RowsPerSecond: 12.5, ETA: time.Minute, Elapsed: time.Hour},
		Dialect: &importer.Dialect{Delimiter: ";", Header: true, Columns: []importer.Column{{Number: 1, Name: "Réf", Field: "sku"}, {Number: 2, Attribute: "2", Group: true}},
			Hints: []importer.Hint{{Field: "sku", Column: "Handle", Text: "map it"}}},
		Rejects: map[importer.Code]int64{importer.CodeEmpty: 12, importer.CodeBadQuote: 1}}
}

// knows makes sure that the job has what the worker told.
func (c *check) knows(j job.Job, want *job.Update, promise string) {
	c.Helper()
	require.True(c, want.Event.Time.Equal(j.Event.Time), promise)
	want.Event.Time = j.Event.Time
	require.Equal(c, want.Event, j.Event, promise)
	require.Equal(c, want.Dialect, j.Dialect, promise)
	require.Equal(c, want.Rejects, j.Rejects, promise)
}

var holdCases = []StoreCase{
	{Name: "renew/stores what the worker tells", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		c.renew(claim, told())
		j := c.get(claim.Job.ID)
		require.Equal(c, job.Progress, j.State, "the state is what the worker tells")
		require.Greater(c, j.Revision, claim.Job.Revision, "the revision grows when the worker tells something")
		c.knows(j, told(), "an update is stored whole")
		c.renew(claim, nil)
		require.Equal(c, j.Revision, c.get(j.ID).Revision, "the revision stays when nothing changes that shows")
		c.renew(claim, &job.Update{State: job.Started, Event: progress.Event{Phase: progress.Checking}})
		later := c.get(j.ID)
		require.Equal(c, job.Started, later.State, "the state is what the worker tells")
		require.Equal(c, told().Dialect, later.Dialect, "an update without a dialect leaves it")
		require.Equal(c, told().Rejects, later.Rejects, "an update without rejects leaves them")
		for _, state := range []job.State{"", job.Pending, job.Success} {
			_, err := c.Renew(c.Context(), claim, long, &job.Update{State: state})
			require.Error(c, err, "an update can't make a job %q", state)
		}
		c.same(later, c.get(j.ID), "a refused update changes nothing")
	}},
	{Name: "renew/updates belong to the caller", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		update := told()
		c.renew(claim, update)
		update.Rejects[importer.CodeEmpty], update.Dialect.Delimiter, update.Dialect.Columns[0].Name, update.Dialect.Hints[0].Text = 0, "x", "x", "x"
		c.get(claim.Job.ID).Rejects[importer.CodeEmpty] = 0
		c.knows(c.get(claim.Job.ID), told(), "changing what went in or came out changes nothing stored")
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
			j := c.end(claim, state, reason, told())
			c.ended(j, state, reason)
			c.grew(claim.Job, j, "it ends")
			require.Equal(c, told().Dialect, j.Dialect, "the last update is stored")
			require.Equal(c, told().Rejects, j.Rejects, "the last update is stored")
			c.lost(claim, "the job has ended")
			require.Nil(c, c.look("w", long), "a job that has ended is not claimed")
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
		c.renew(first, told())
		given := c.give(first, false, "", 0)
		require.Equal(c, progress.Counts{Read: 4, Created: 3, Rejected: 1}, given.Event.Counts, "a job that is given back counts its checkpoints")
		require.EqualValues(c, 300, given.Event.Bytes, "and their bytes")
		second := c.claim(given)
		require.Equal(c, given.Event.Counts, second.Job.Event.Counts, "the next attempt begins with what was committed")
		require.InDelta(c, given.Event.Percent(), second.Job.Event.Reached, 0, "and knows how far it was")
		c.written(second, 1, 4)
		for _, state := range []job.State{job.Success} {
			j := c.end(second, state, "", told())
			require.Equal(c, progress.Counts{Read: 9, Created: 7, Rejected: 2}, j.Event.Counts,
				"the counts are the sum of the checkpoints, whoever committed them and whatever was told")
			require.EqualValues(c, 700, j.Event.Bytes, "the bytes are the sum of the checkpoints")
			require.Equal(c, told().Event.TotalBytes, j.Event.TotalBytes, "the rest of the event is the last one told")
		}
		nothing := c.claim(c.submit(job.Job{}))
		c.renew(nothing, told())
		j := c.end(nothing, job.Failure, "x", nil)
		require.Equal(c, progress.Counts{}, j.Event.Counts, "a job without checkpoints counts nothing")
		require.Equal(c, told().Dialect, j.Dialect, "an end without an update leaves what was told")
	}},
	{Name: "finish/a dry run counts what was told", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{Settings: job.Settings{DryRun: true}}))
		j := c.end(claim, job.Success, "", told())
		require.Equal(c, told().Event.Counts, j.Event.Counts, "a dry run has no checkpoints: its counts are those told")
		require.Equal(c, told().Event.Bytes, j.Event.Bytes, "a dry run has no checkpoints: its bytes are those told")
	}},
}
