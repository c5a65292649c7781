package jobtest

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// records are those of one kind that a store keeps with the checkpoint of their batch.
type records[R any] struct {
	what         string // was done with them
	first, third []R    // of the batches 1 and 3
	in           func(done *importer.Commit) *[]R
	of           func(s job.Submitter, ctx context.Context, id string, above int64) ([]R, int64, error)
}

// reject makes a record that was refused.
func reject(line int64, fields ...string) importer.Reject {
	return importer.Reject{Line: line, LastLine: line, Offset: -1, Column: "name", Code: importer.CodeTooLarge,
		Reason: `too "large"`, Fields: fields}
}

var (
	refusedRecords = records[importer.Reject]{"refused", []importer.Reject{reject(2, "c")},
		[]importer.Reject{reject(7, "a", "", "ä <\n\""), reject(8, "b")},
		func(done *importer.Commit) *[]importer.Reject { return &done.Refused }, job.Submitter.Refused}
	skippedRecords = records[importer.Skipped]{"skipped", []importer.Skipped{{SKU: "c", Line: 2}},
		[]importer.Skipped{{SKU: "ä \n\"", Line: 700}, {SKU: strings.Repeat("x", 255), Line: 701},
			{SKU: "b", Line: 90_000}},
		func(done *importer.Commit) *[]importer.Skipped { return &done.Skipped }, job.Submitter.Skipped}
)

// are makes sure that these are the records of the first batch above the number, and that batch's number.
func (r records[R]) are(c *check, id string, above, batch int64, want []R, promise string) {
	c.Helper()
	got, at, err := r.of(c.Store, c.Context(), id, above)
	require.NoError(c, err, promise)
	require.Equal(c, want, got, promise)
	require.Equal(c, batch, at, "%s: they come with the number of their batch", promise)
}

// kept is the case that they are kept with their batches.
func (r records[R]) kept(c *check) {
	a, b := c.claim(c.submit(job.Job{})), c.claim(c.submit(job.Job{}))
	for number, all := range map[int64][]R{3: r.third, 2: nil, 1: r.first} {
		done := commit(number, 1)
		*r.in(&done) = all
		require.NoError(c, c.Checkpoint(c.Context(), a, done), "a batch is noted with what was %s of it", r.what)
	}
	again := commit(3, 1)
	*r.in(&again) = r.first
	require.ErrorIs(c, c.Checkpoint(c.Context(), a, again), job.ErrCommitted, "a batch has one checkpoint")
	require.Equal(c, map[int64]importer.Commit{1: commit(1, 1), 2: commit(2, 1), 3: commit(3, 1)}, c.checkpoints(a),
		"Checkpoints returns no records")
	for range 2 { // while the job is worked on, and when it has ended
		r.are(c, a.Job.ID, 0, 1, r.first, "the records of the first batch that has any are returned")
		r.are(c, a.Job.ID, 1, 3, r.third, "the records of the first batch above the number are returned")
		r.are(c, a.Job.ID, 3, 0, nil, "there are no records behind the last batch")
		if c.get(a.Job.ID).State != job.Success {
			c.end(a, job.Success, "", nil)
		}
	}
	r.are(c, b.Job.ID, 0, 0, nil, "other jobs have none")
	r.are(c, "no-uuid", 0, 0, nil, "a job that doesn't exist has none")
	_, err := c.Expire(c.Context(), time.Now().Add(24*time.Hour), 10)
	require.NoError(c, err)
	r.are(c, a.Job.ID, 0, 0, nil, "the records go with their job")
}
