package jobtest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

var pruneCases = []StoreCase{
	{Name: "expire/jobs that ended long ago", run: func(c *check) {
		jobs := c.some(4)
		for _, j := range jobs[:2] {
			claim := c.claim(j)
			c.written(claim, c.stored()+1, 1)
			c.end(claim, job.Success, "", nil)
		}
		_, err := c.Cancel(c.Context(), jobs[2].ID)
		require.NoError(c, err)
		works := c.claim(jobs[3])
		ended := c.get(jobs[0].ID)
		expired, err := c.Expire(c.Context(), ended.FinishedAt, 10)
		require.NoError(c, err)
		require.Empty(c, expired, "jobs that ended at the time or later stay")
		future := time.Now().Add(24 * time.Hour)
		some, err := c.Expire(c.Context(), future, 2)
		require.NoError(c, err)
		require.Len(c, some, 2, "no more than the limit")
		rest, err := c.Expire(c.Context(), future, 2)
		require.NoError(c, err)
		require.Len(c, rest, 1, "the rest the next time")
		all := append(some, rest...)
		require.ElementsMatch(c, ids(jobs[:3]), ids(all), "jobs in every final state expire, others never")
		for _, j := range all {
			require.NotEmpty(c, j.Upload, "the expired job names its upload")
			_, err := c.Get(c.Context(), j.ID)
			require.ErrorIs(c, err, job.ErrNotFound, "an expired job is gone")
		}
		_, count, err := c.List(c.Context(), job.Query{Limit: 10})
		require.NoError(c, err)
		require.EqualValues(c, 1, count, "an expired job is gone")
		c.renew(works, nil)
		_, err = c.Expire(c.Context(), future, 0)
		require.Error(c, err, "the limit is 1 or more")
	}},
	{Name: "expire/what an expired job had is free", run: func(c *check) {
		first := c.submit(whole)
		_, err := c.Cancel(c.Context(), first.ID)
		require.NoError(c, err)
		_, err = c.Expire(c.Context(), time.Now().Add(24*time.Hour), 10)
		require.NoError(c, err)
		_, err = c.ByKey(c.Context(), whole.IdempotencyKey)
		require.ErrorIs(c, err, job.ErrNotFound, "the key of an expired job is nobody's")
		again := c.submit(whole)
		require.Empty(c, again.DuplicateOf, "a job is no duplicate of one that is gone")
	}},
	{Name: "uploads/in use", run: func(c *check) {
		jobs := c.some(3)
		_, err := c.Cancel(c.Context(), jobs[1].ID)
		require.NoError(c, err)
		used, err := c.UploadsInUse(c.Context(), []string{"upload-0", "upload-1", "nobodys", "upload", ""})
		require.NoError(c, err)
		require.ElementsMatch(c, []string{"upload-0", "upload-1"}, used,
			"uploads of all jobs are in use, also of those that have ended")
		require.NoError(c, c.DropUpload(c.Context(), jobs[1].ID))
		dropped := c.get(jobs[1].ID)
		require.Empty(c, dropped.Upload, "the job's upload is gone")
		require.Greater(c, dropped.Revision, jobs[1].Revision, "the revision grows when the upload is gone")
		require.NoError(c, c.DropUpload(c.Context(), jobs[1].ID), "an upload that is gone already is no error")
		used, err = c.UploadsInUse(c.Context(), []string{"upload-0", "upload-1"})
		require.NoError(c, err)
		require.Equal(c, []string{"upload-0"}, used, "an upload that is gone is not in use")
		used, err = c.UploadsInUse(c.Context(), nil)
		require.NoError(c, err)
		require.Empty(c, used, "nothing is in use of nothing")
		require.ErrorIs(c, c.DropUpload(c.Context(), "no-uuid"), job.ErrNotFound, "no job has the ID")
	}},
}
