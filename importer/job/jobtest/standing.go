package jobtest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// standing is an upload with everything that its sender says.
var standing = job.Upload{ID: "0198-file", FileName: "Katalog \"Ä\" 2026.csv", Size: 5 << 30, SHA256: "abc123",
	User: "Jürgen"}

// keep stores an upload that must be accepted.
func (c *check) keep(id string) job.Upload {
	c.Helper()
	given := standing
	given.ID, given.SHA256 = id, "of "+id
	stored, err := c.CreateUpload(c.Context(), given)
	require.NoError(c, err, "a new upload is stored")
	return stored
}

// upload returns an upload that must be there.
func (c *check) upload(id string) job.Upload {
	c.Helper()
	upload, err := c.GetUpload(c.Context(), id)
	require.NoError(c, err, "a stored upload is found by its ID")
	return upload
}

// from creates a job of the upload, which must be accepted.
func (c *check) from(upload string) job.Job {
	c.Helper()
	stored, err := c.CreateFrom(c.Context(), job.Job{Upload: upload})
	require.NoError(c, err, "a job is made of a file that is stored")
	return stored
}

// later waits until the store's clock has gone on.
func (c *check) later(than time.Time) {
	c.Helper()
	c.Eventually("the store's clock goes on", func() bool { return c.keep(c.fresh()).CreatedAt.After(than) })
}

// fresh is an ID that no upload has.
func (c *check) fresh() string {
	c.uploads++
	return "fresh-" + string(rune('a'+c.uploads%26)) + "-" + time.Now().UTC().Format("150405-000000000")
}

// inUse makes sure that the key is one of an upload that is used, or of none.
func (c *check) inUse(key string, want bool, promise string) {
	c.Helper()
	used, err := c.UploadsInUse(c.Context(), []string{key})
	require.NoError(c, err)
	if want {
		require.Equal(c, []string{key}, used, promise)
	} else {
		require.Empty(c, used, promise)
	}
}

// plainUpload makes uploads comparable.
func plainUpload(u job.Upload) job.Upload {
	u.CreatedAt, u.UsedAt = u.CreatedAt.UTC().Truncate(time.Microsecond), u.UsedAt.UTC().Truncate(time.Microsecond)
	return u
}

var standingCases = []StoreCase{
	{Name: "standing/stores what its sender says", run: func(c *check) {
		given := standing
		given.CreatedAt, given.UsedAt, given.ExpiresAt = time.Unix(1, 0), time.Unix(2, 0), time.Unix(3, 0)
		stored, err := c.CreateUpload(c.Context(), given)
		require.NoError(c, err, "a new upload is stored")
		want := standing
		want.File = standing.ID
		want.CreatedAt, want.UsedAt = stored.CreatedAt, stored.CreatedAt
		require.Equal(c, plainUpload(want), plainUpload(stored), "an upload is stored as it was given")
		require.Less(c, time.Since(stored.CreatedAt).Abs(), time.Hour, "CreatedAt is filled in")
		require.Equal(c, plainUpload(stored), plainUpload(c.upload(standing.ID)), "what is returned is what is stored")
		_, err = c.CreateUpload(c.Context(), standing)
		require.Error(c, err, "an ID is taken once")
		for _, id := range []string{"", "no such", "0198-up", "0198-file\x00"} {
			_, err := c.GetUpload(c.Context(), id)
			require.ErrorIs(c, err, job.ErrNotFound, "no upload has the ID %q", id)
			_, err = c.FileOf(c.Context(), id)
			require.ErrorIs(c, err, job.ErrNotFound, "no upload has the ID %q", id)
			_, err = c.UseUpload(c.Context(), id)
			require.ErrorIs(c, err, job.ErrNotFound, "no upload has the ID %q", id)
			require.ErrorIs(c, c.DeleteUpload(c.Context(), id), job.ErrNotFound, "no upload has the ID %q", id)
		}
	}},
	{Name: "standing/jobs of it", run: func(c *check) {
		kept := c.keep("file")
		given := whole
		given.Upload = kept.ID
		first, err := c.CreateFrom(c.Context(), given)
		require.NoError(c, err, "a job is made of an upload")
		c.same(first, c.get(first.ID), "CreateFrom returns the job as it is stored")
		require.Equal(c, given.Settings, first.Settings, "Settings is stored as it was given")
		require.Equal(c, given.User, first.User, "User is stored as it was given")
		_, err = c.CreateFrom(c.Context(), given)
		require.ErrorIs(c, err, job.ErrKeyUsed, "a key that is in use gives ErrKeyUsed")
		second := c.from(kept.ID)
		require.Equal(c, kept.ID, second.Upload, "several jobs have one upload")
		c.claim(second) // that with the higher priority
	}},
	{Name: "standing/jobs of another job's file", run: func(c *check) {
		first := c.submit(whole)
		again := c.from(first.Upload)
		require.Equal(c, first.Upload, again.Upload, "a job is made of another one's file")
		for _, none := range []string{"", "nobodys", "no key\x00"} {
			_, err := c.CreateFrom(c.Context(), job.Job{Upload: none})
			require.ErrorIs(c, err, job.ErrNotFound, "no job is made of %q, which nobody has", none)
		}
		_, count, err := c.List(c.Context(), job.Query{Limit: 10})
		require.NoError(c, err)
		require.EqualValues(c, 2, count, "a refused job leaves nothing")
	}},
	{Name: "standing/when it was used", run: func(c *check) {
		kept := c.keep("file")
		c.later(kept.CreatedAt)
		require.Equal(c, plainUpload(kept), plainUpload(c.upload(kept.ID)), "reading it is no use")
		used, err := c.UseUpload(c.Context(), kept.ID)
		require.NoError(c, err)
		require.True(c, used.UsedAt.After(kept.UsedAt), "UseUpload uses it")
		require.Equal(c, plainUpload(used), plainUpload(c.upload(kept.ID)), "what is returned is what is stored")
		c.later(used.UsedAt)
		claim := c.claim(c.from(kept.ID))
		made := c.upload(kept.ID).UsedAt
		require.True(c, made.After(used.UsedAt), "a job uses it")
		c.later(made)
		now := c.upload(kept.ID).UsedAt
		require.True(c, now.After(made), "a job that hasn't ended uses it at any time")
		c.later(now)
		ended := c.end(claim, job.Success, "", nil)
		require.WithinDuration(c, ended.FinishedAt, c.upload(kept.ID).UsedAt, time.Microsecond,
			"a job uses it until its end")
	}},
	{Name: "standing/deleted", run: func(c *check) {
		kept := c.keep("file")
		ended := c.from(kept.ID)
		c.end(c.claim(ended), job.Failure, "", nil)
		runs := c.from(kept.ID)
		require.ErrorIs(c, c.DeleteUpload(c.Context(), kept.ID), job.ErrInUse,
			"an upload that a job is to import is not deleted")
		claim := c.claim(runs)
		require.ErrorIs(c, c.DeleteUpload(c.Context(), kept.ID), job.ErrInUse,
			"an upload that a job imports is not deleted")
		c.upload(kept.ID)
		c.end(claim, job.Success, "", nil)
		require.NoError(c, c.DeleteUpload(c.Context(), kept.ID), "an upload whose jobs have ended is deleted")
		_, err := c.GetUpload(c.Context(), kept.ID)
		require.ErrorIs(c, err, job.ErrNotFound, "an upload that was deleted is gone")
		require.Equal(c, kept.ID, c.get(ended.ID).Upload, "its jobs keep the file")
		c.inUse(kept.ID, true, "what a job has is in use")
		again := c.from(kept.ID)
		require.Equal(c, kept.ID, again.Upload, "a job is made of what another job has")
	}},
	{Name: "standing/in use until nobody has it", run: func(c *check) {
		kept := c.keep("file")
		c.inUse(kept.ID, true, "an upload without a job is in use")
		j := c.from(kept.ID)
		_, err := c.Cancel(c.Context(), j.ID)
		require.NoError(c, err)
		c.inUse(kept.ID, true, "an upload is in use once")
		_, err = c.Expire(c.Context(), time.Now().Add(24*time.Hour), 10)
		require.NoError(c, err)
		c.inUse(kept.ID, true, "an upload outlives its jobs")
		require.NoError(c, c.DeleteUpload(c.Context(), kept.ID))
		c.inUse(kept.ID, false, "what neither stands alone nor has a job is not in use")
		_, err = c.CreateFrom(c.Context(), job.Job{Upload: kept.ID})
		require.ErrorIs(c, err, job.ErrNotFound, "what is not in use is not used again")
	}},
	{Name: "standing/bytes that are gone", run: func(c *check) {
		kept := c.keep("file")
		first, second, other := c.from(kept.ID), c.from(kept.ID), c.submit(whole)
		require.NoError(c, c.DropUpload(c.Context(), first.ID))
		for _, j := range []job.Job{first, second} {
			after := c.get(j.ID)
			require.Empty(c, after.Upload, "no job has a file that is gone")
			require.Greater(c, after.Revision, j.Revision, "the revision grows when the file is gone")
		}
		_, err := c.GetUpload(c.Context(), kept.ID)
		require.ErrorIs(c, err, job.ErrNotFound, "an upload whose bytes are gone is forgotten")
		require.Equal(c, whole.Upload, c.get(other.ID).Upload, "other files stay")
	}},
	{Name: "standing/expires unless it is used", run: func(c *check) {
		kept, unused, ended, runs := c.keep("kept"), c.keep("unused"), c.keep("ended"), c.keep("runs")
		c.end(c.claim(c.from(ended.ID)), job.Success, "", nil)
		claim := c.claim(c.from(runs.ID))
		require.NoError(c, c.expireUploads(time.Hour, 10), "an upload that was used of late stays")
		var gone []string
		c.Eventually("an upload that nobody has used for longer than the age expires", func() bool {
			some, err := c.ExpireUploads(c.Context(), 0, 1)
			require.NoError(c, err)
			require.LessOrEqual(c, len(some), 1, "no more uploads expire than the limit")
			gone = append(gone, some...)
			return len(gone) > 0 && len(some) == 0
		})
		require.Subset(c, gone, []string{kept.ID, unused.ID, ended.ID}, "all that nobody uses expire")
		require.NotContains(c, gone, runs.ID, "an upload never expires while a job imports it")
		c.upload(runs.ID)
		for _, id := range []string{kept.ID, unused.ID, ended.ID} {
			_, err := c.GetUpload(c.Context(), id)
			require.ErrorIs(c, err, job.ErrNotFound, "an upload that has expired is gone")
		}
		c.renew(claim, nil)
		_, err := c.ExpireUploads(c.Context(), 0, 0)
		require.Error(c, err, "the limit is 1 or more")
	}},
	{Name: "standing/used and deleted at the same time", run: func(c *check) {
		for range 10 {
			id := c.fresh()
			c.keep(id)
			made := make([]bool, 6)
			c.Together(len(made), "a job is made, or the upload is deleted", func(ctx context.Context, i int) error {
				if i%2 == 0 {
					_, err := c.CreateFrom(ctx, job.Job{Upload: id})
					made[i] = err == nil
					if errors.Is(err, job.ErrNotFound) {
						err = nil
					}
					return err
				}
				err := c.DeleteUpload(ctx, id)
				made[i] = err == nil
				if errors.Is(err, job.ErrNotFound) || errors.Is(err, job.ErrInUse) {
					err = nil
				}
				return err
			})
			deleted, jobs := made[1] || made[3] || made[5], made[0] || made[2] || made[4]
			require.NotEqual(c, deleted, jobs, "an upload is deleted, or has a job, and never both")
			c.inUse(id, jobs, "what a job was made of is in use")
		}
	}},
	{Name: "standing/made again while the job with its file expires", run: func(c *check) {
		for range 10 {
			first := c.submit(job.Job{Upload: c.fresh()})
			_, err := c.Cancel(c.Context(), first.ID)
			require.NoError(c, err)
			var again job.Job
			c.Together(2, "a job is made again, or expires", func(ctx context.Context, i int) error {
				if i == 0 {
					_, err := c.Expire(ctx, time.Now().Add(24*time.Hour), 10)
					return err
				}
				var err error
				if again, err = c.CreateFrom(ctx, job.Job{Upload: first.Upload}); errors.Is(err, job.ErrNotFound) {
					err = nil
				}
				return err
			})
			c.inUse(first.Upload, again.ID != "", "a file is in use if and only if a job has it")
			if again.ID != "" {
				_, err = c.Cancel(c.Context(), again.ID)
				require.NoError(c, err)
			}
		}
	}},
}

// expireUploads returns an error where an upload expires.
func (c *check) expireUploads(age time.Duration, limit int) error {
	gone, err := c.ExpireUploads(c.Context(), age, limit)
	if err == nil && len(gone) > 0 {
		err = errors.New("an upload has expired")
	}
	return err
}
