package jobtest

import (
	"context"
	"errors"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// whole is a job with everything that its submitter says.
var whole = job.Job{FileName: "Katalog \"Ä\" 2026.csv", Upload: "0198-up", Size: 5 << 30, SHA256: "abc123",
	IdempotencyKey: "key-1", User: "Jürgen",
	Priority: -7, Settings: job.Settings{Mode: products.Update, DryRun: true, Delimiter: "tab", Header: "yes",
		Extra: "keep", LeaveOut: []string{"Farbe", "3"}, Group: "Réf",
		Map: map[string]string{"sku": "Réf \"1\"", "name": "2"}, MaxRejects: "2.5%", MaxRecordBytes: 4_096,
		BatchRecords: 10, BatchBytes: 1 << 20}}

var uuid7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

var createCases = []StoreCase{
	{Name: "create/stores what the submitter says", run: func(c *check) {
		stored := c.submit(whole)
		c.same(stored, c.get(stored.ID), "Create returns the job as it is stored")
		for what, same := range map[string][2]any{
			"FileName": {whole.FileName, stored.FileName}, "Upload": {whole.Upload, stored.Upload},
			"Size": {whole.Size, stored.Size}, "User": {whole.User, stored.User},
			"SHA256": {whole.SHA256, stored.SHA256}, "IdempotencyKey": {whole.IdempotencyKey, stored.IdempotencyKey},
			"Priority": {whole.Priority, stored.Priority}, "Settings": {whole.Settings, stored.Settings},
		} {
			require.Equal(c, same[0], same[1], "%s is stored as it was given", what)
		}
	}},
	{Name: "create/fills in the rest", run: func(c *check) {
		given := whole
		given.ID, given.State, given.Revision, given.Attempts, given.CancelRequested = "mine", job.Success, 9, 9, true
		given.Error, given.DuplicateOf, given.StartedAt, given.FinishedAt = "e", "other", time.Now(), time.Now()
		stored := c.submit(given)
		require.Regexp(c, uuid7, stored.ID, "the ID is a UUID, version 7, of the store")
		require.Equal(c, job.Pending, stored.State, "a new job is Pending")
		require.EqualValues(c, 1, stored.Revision, "the first revision is 1")
		require.False(c, stored.CreatedAt.IsZero(), "CreatedAt is filled in")
		require.True(c, stored.NotBefore.Equal(stored.CreatedAt), "a job may be claimed once it is created")
		require.Zero(c, stored.Attempts, "a new job has no attempts")
		require.False(c, stored.CancelRequested, "nobody wants a new job to end")
		require.Empty(c, stored.Error, "a new job has no error")
		require.Empty(c, stored.DuplicateOf, "there is no earlier job with the checksum")
		require.True(c, stored.StartedAt.IsZero() && stored.FinishedAt.IsZero(),
			"a new job has neither begun nor ended")
		require.Equal(c, given.Size, stored.Event.TotalBytes, "the event knows the file's size")
		require.Equal(c, progress.Counts{}, stored.Event.Counts, "nothing is counted yet")
	}},
	{Name: "create/an idempotency key is taken once", run: func(c *check) {
		first := c.submit(whole)
		_, err := c.Create(c.Context(), whole)
		require.ErrorIs(c, err, job.ErrKeyUsed, "a key that is in use gives ErrKeyUsed")
		again, err := c.ByKey(c.Context(), whole.IdempotencyKey)
		require.NoError(c, err, "a job is found by its key")
		c.same(first, again, "a job is found by its key")
		_, count, err := c.List(c.Context(), job.Query{Limit: 10})
		require.NoError(c, err)
		require.EqualValues(c, 1, count, "a refused job leaves nothing")
		c.some(2) // without a key
	}},
	{Name: "create/an idempotency key is taken once at the same time", run: func(c *check) {
		var made atomic.Int64
		c.Together(8, "all but one get ErrKeyUsed", func(ctx context.Context, _ int) error {
			_, err := c.Create(ctx, whole)
			if err == nil {
				made.Add(1)
			} else if errors.Is(err, job.ErrKeyUsed) {
				err = nil
			}
			return err
		})
		require.EqualValues(c, 1, made.Load(), "one of several jobs with a key is created")
	}},
	{Name: "create/the same file again", run: func(c *check) {
		plain := job.Job{SHA256: "s-1"}
		first := c.submit(plain)
		other := c.submit(job.Job{SHA256: "s-2"})
		second := c.submit(plain)
		third := c.submit(plain)
		require.Empty(c, first.DuplicateOf, "the first job with a checksum is no duplicate")
		require.Empty(c, other.DuplicateOf, "another checksum is another file")
		require.Equal(c, first.ID, second.DuplicateOf, "DuplicateOf is the earlier job with the checksum")
		require.Equal(c, second.ID, third.DuplicateOf, "DuplicateOf is the newest earlier job with the checksum")
		require.Empty(c, c.submit(job.Job{}).DuplicateOf, "files without a checksum are not the same")
		require.Empty(c, c.submit(job.Job{}).DuplicateOf, "files without a checksum are not the same")
	}},
	{Name: "create/wakes who waits", run: func(c *check) {
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		wake := c.Wake(ctx)
		if wake == nil {
			return // a store without hints
		}
		select {
		case <-wake: // one may come without a reason
		default:
		}
		c.Eventually("a new job wakes who waits", func() bool {
			c.submit(job.Job{})
			select {
			case <-wake:
				return true
			case <-time.After(time.Second):
				return false
			}
		})
	}},
}

var cancelCases = []StoreCase{
	{Name: "cancel/one that waits ends at once", run: func(c *check) {
		waits := c.submit(whole)
		ended, err := c.Cancel(c.Context(), waits.ID)
		require.NoError(c, err, "a job that waits is cancelled")
		c.ended(ended, job.Revoked, "")
		c.grew(waits, ended, "it is cancelled")
		require.True(c, ended.CancelRequested, "it is known that somebody wanted the end")
		require.Nil(c, c.tryClaim("w", long), "a job that was cancelled is not claimed")
	}},
	{Name: "cancel/one that is worked on ends by its worker", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		require.False(c, c.renew(claim, nil), "nobody wants the end yet")
		before := c.get(claim.Job.ID)
		asked, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err)
		require.Equal(c, job.Started, asked.State, "the state is the worker's to change")
		require.True(c, asked.CancelRequested, "it shows that somebody wants the end")
		c.grew(before, asked, "somebody wants the end")
		again, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err, "asking twice is no error")
		c.same(asked, again, "asking twice changes nothing")
		require.True(c, c.renew(claim, nil), "Renew reports it")
		require.True(c, c.renew(claim, nil), "Renew reports it every time")
		c.written(claim, 1, 3)
		c.ended(c.end(claim, job.Revoked, "", nil), job.Revoked, "")
	}},
	{Name: "cancel/one that is released ends", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		c.written(claim, 1, 3)
		_, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err)
		j := c.release(claim, true, "oops", time.Hour)
		c.ended(j, job.Revoked, "")
		require.EqualValues(c, 3, j.Event.Created, "the counts are those of the checkpoints")
		c.grew(claim.Job, j, "it ends")
	}},
	{Name: "cancel/one whose worker vanished ends at once", run: func(c *check) {
		j := c.submit(job.Job{})
		claim := c.vanished()
		// Until the lease has run out the worker may be there.
		c.Eventually("a job whose lease has run out is cancelled at once, or else ends when it is claimed",
			func() bool {
				got, err := c.Cancel(c.Context(), j.ID)
				if errors.Is(err, job.ErrFinal) {
					return true
				}
				require.NoError(c, err, "a job is cancelled")
				return got.State == job.Revoked
			})
		c.ended(c.get(j.ID), job.Revoked, "")
		c.lost(claim, "the job was cancelled")
	}},
	{Name: "cancel/one that was asked to end is not claimed", run: func(c *check) {
		j := c.submit(job.Job{})
		claim := c.vanished()
		c.renew(claim, nil) // for long
		_, err := c.Cancel(c.Context(), j.ID)
		require.NoError(c, err)
		_, err = c.Renew(c.Context(), claim, short, nil)
		require.NoError(c, err)
		c.Eventually("whoever looks for work ends the job", func() bool {
			require.Nil(c, c.tryClaim("w", long), "a job that was asked to end is not claimed")
			return c.get(j.ID).State == job.Revoked
		})
		c.lost(claim, "the job has ended")
	}},
	{Name: "cancel/not found, and ended", run: func(c *check) {
		for _, id := range []string{"", "no-uuid", "01890000-0000-7000-8000-000000000000"} {
			_, err := c.Cancel(c.Context(), id)
			require.ErrorIs(c, err, job.ErrNotFound, "no job has the ID %q", id)
		}
		for _, state := range []job.State{job.Success, job.Failure, job.Revoked} {
			j := c.end(c.claim(c.submit(job.Job{})), state, "", nil)
			_, err := c.Cancel(c.Context(), j.ID)
			require.ErrorIs(c, err, job.ErrFinal, "%s is final", state)
			c.same(j, c.get(j.ID), "a job that has ended doesn't change")
		}
	}},
}

// ended makes sure that the job has ended.
func (c *check) ended(j job.Job, state job.State, reason string) {
	c.Helper()
	require.Equal(c, state, j.State, "the job has ended")
	require.Equal(c, reason, j.Error, "the job's error says why it ended")
	require.False(c, j.FinishedAt.IsZero(), "FinishedAt is when the job ended")
	require.True(c, j.Event.Phase.Terminal(), "the event of a job that has ended is a terminal one, not %q",
		j.Event.Phase)
	require.Equal(c, state == job.Success, j.Event.Phase == progress.Done, "only a success is done")
}
