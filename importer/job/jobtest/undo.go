package jobtest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// undoes is a new job that undoes another one.
func undoes(id string) job.Job {
	return job.Job{Settings: job.Settings{Undo: id, Changes: job.ChangesAll}}
}

// undo stores an undo, which must be accepted.
func (c *check) undo(id string) job.Job {
	c.Helper()
	j, err := c.Create(c.Context(), undoes(id))
	require.NoError(c, err, "what is not undone can be undone")
	return j
}

// done ends the job that comes next, which must be this one, and succeeds.
func (c *check) done(j job.Job) job.Job {
	c.Helper()
	return c.end(c.claim(j), job.Success, "", nil)
}

// undoneBy makes sure that the job can't be undone because of the other one, by a dry run as little.
func (c *check) undoneBy(id string, by job.Job, promise string) {
	c.Helper()
	for _, dry := range []bool{false, true} {
		j := undoes(id)
		j.Settings.DryRun = dry
		_, err := c.Create(c.Context(), j)
		var undone *job.UndoneError
		require.ErrorAs(c, err, &undone, promise)
		require.Equal(c, id, undone.ID, "the error says what was to be undone")
		require.Equal(c, by.ID, undone.By.ID, "the error says by which job it is undone")
		require.Equal(c, by.State, undone.By.State, "the error says whether that one has ended")
	}
}

var undoCases = []StoreCase{
	{Name: "undo/of a job that is undone", run: func(c *check) {
		j := c.done(c.submit(job.Job{}))
		dry := undoes(j.ID)
		dry.Settings.DryRun = true
		c.done(c.submit(dry))
		undo := c.undo(j.ID)
		c.undoneBy(j.ID, undo, "a job whose undo waits is not undone")
		claim := c.claim(undo)
		c.undoneBy(j.ID, c.get(undo.ID), "a job that is being undone is not undone")
		undo = c.end(claim, job.Failure, "oops", nil)
		undo = c.done(c.undo(j.ID))
		c.undoneBy(j.ID, undo, "a job that was undone is not undone")
		_, count, err := c.List(c.Context(), job.Query{Undo: j.ID, Limit: 10})
		require.NoError(c, err)
		require.EqualValues(c, 3, count, "a refused undo leaves nothing")

		back := c.undo(undo.ID)
		c.undoneBy(undo.ID, back, "an undo is undone once as well")
		c.undoneBy(j.ID, back, "a job whose undo is being undone is not undone")
		back = c.done(back)
		c.undoneBy(undo.ID, back, "an undo is undone once as well")
		again := c.undo(j.ID)
		c.undoneBy(back.ID, again, "what was brought back is taken back once")
		_, err = c.Cancel(c.Context(), again.ID)
		require.NoError(c, err)
		again = c.undo(back.ID)
		c.undoneBy(j.ID, again, "what was brought back is taken back once")
	}},
	{Name: "undo/of no job", run: func(c *check) {
		for _, id := range []string{"no-uuid", "01890000-0000-7000-8000-000000000000"} {
			_, err := c.Create(c.Context(), undoes(id))
			require.ErrorIs(c, err, job.ErrNotFound, "no job has the ID %q", id)
		}
	}},
	{Name: "undo/several at the same time", run: func(c *check) {
		j := c.done(c.submit(job.Job{}))
		c.undoneOnce(j.ID)
		undo := c.done(c.pending())
		c.undoneOnce(undo.ID)
		back := c.done(c.pending())
		c.undoneOnce(j.ID, back.ID)
	}},
}

// undoneOnce undoes the jobs many times at the same time: one of these undos is stored.
func (c *check) undoneOnce(ids ...string) {
	c.Helper()
	var made atomic.Int64
	c.Together(8, "all but one get ErrUndone", func(ctx context.Context, i int) error {
		_, err := c.Create(ctx, undoes(ids[i%len(ids)]))
		if err == nil {
			made.Add(1)
		} else if errors.Is(err, job.ErrUndone) {
			err = nil
		}
		return err
	})
	require.EqualValues(c, 1, made.Load(), "one of several undos is stored")
}

// pending returns the one job that waits.
func (c *check) pending() job.Job {
	c.Helper()
	jobs, count, err := c.List(c.Context(), job.Query{States: []job.State{job.Pending}, Limit: 1})
	require.NoError(c, err)
	require.EqualValues(c, 1, count, "one job waits")
	return jobs[0]
}
