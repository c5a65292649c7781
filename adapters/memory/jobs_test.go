package memory_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

func TestJobs(t *testing.T) {
	jobtest.RunStore(t, func(*testing.T) jobtest.Stores {
		db, setBack := newClocked()
		return jobtest.Stores{Products: db.Products(), Jobs: db.Jobs(), OnEnd: db.Jobs().OnEnd, SetBack: setBack}
	})
}

func TestJobsShareFiles(t *testing.T) {
	jobtest.RunShared(t, func(*testing.T) (job.Store, job.Uploads) {
		db := memory.New(memory.Options{})
		return db.Jobs(), db.Uploads()
	})
}

// newClocked returns a DB, and what sets its clock back.
func newClocked() (*memory.DB, func(ctx context.Context, d time.Duration) error) {
	var back atomic.Int64
	now := func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
	return memory.New(memory.Options{Now: now}), func(_ context.Context, d time.Duration) error {
		back.Add(int64(d))
		return nil
	}
}

// TestJobsRollBack changes jobs in every way, in a transaction that is rolled back.
func TestJobsRollBack(t *testing.T) {
	ctx := t.Context()
	db := memory.New(memory.Options{})
	jobs := db.Jobs()
	submit := func(ctx context.Context, key string) job.Job {
		j, err := jobs.Create(ctx, job.Job{IdempotencyKey: key, Upload: "upload-of-" + key, SHA256: "same"})
		require.NoError(t, err)
		return j
	}
	ended, waits := submit(ctx, "ended"), submit(ctx, "waits")
	_, err := jobs.Cancel(ctx, ended.ID)
	require.NoError(t, err)
	submit(ctx, "worked-on")
	claim, err := jobs.Claim(ctx, "w", time.Hour, 1)
	require.NoError(t, err)
	require.Equal(t, waits.ID, claim.Job.ID)
	for _, id := range []string{"used", "deleted", "dropped"} {
		_, err = jobs.CreateUpload(ctx, job.Upload{ID: id})
		require.NoError(t, err)
	}
	for _, name := range []string{"changed", "deleted"} {
		_, err = jobs.PutProfile(ctx, job.Profile{Name: name})
		require.NoError(t, err)
	}
	_, err = jobs.CreateFrom(ctx, job.Job{Upload: "dropped", Priority: -1})
	require.NoError(t, err)
	before, _, err := jobs.List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	dropped := before[0].ID
	uploads := func() (all []job.Upload) {
		for _, id := range []string{"used", "deleted"} {
			upload, err := jobs.GetUpload(ctx, id)
			require.NoError(t, err)
			all = append(all, upload)
		}
		_, err := jobs.GetUpload(ctx, "dropped")
		require.NoError(t, err)
		return all
	}
	uploadsBefore := uploads()
	profiles, err := jobs.ListProfiles(ctx)
	require.NoError(t, err)

	refused := errors.New("refused")
	require.ErrorIs(t, db.InTx(ctx, func(ctx context.Context) error {
		submit(ctx, "new")
		_, err := jobs.CreateFrom(ctx, job.Job{Upload: "used"})
		require.NoError(t, err)
		_, err = jobs.UseUpload(ctx, "used")
		require.NoError(t, err)
		require.NoError(t, jobs.DeleteUpload(ctx, "deleted"))
		require.NoError(t, jobs.DropUpload(ctx, dropped))
		_, err = jobs.CreateUpload(ctx, job.Upload{ID: "new"})
		require.NoError(t, err)
		for _, name := range []string{"changed", "new"} {
			_, err = jobs.PutProfile(ctx, job.Profile{Name: name, User: "changed"})
			require.NoError(t, err)
		}
		require.NoError(t, jobs.DeleteProfile(ctx, "deleted"))
		expired, err := jobs.Expire(ctx, time.Now().Add(time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, expired, 1)
		second, err := jobs.Claim(ctx, "w", time.Hour, 1)
		require.NoError(t, err)
		require.NoError(t, jobs.Checkpoint(ctx, second, importer.Commit{Batch: 1}))
		_, err = jobs.Finish(ctx, second, job.Success, "", nil)
		require.NoError(t, err)
		require.NoError(t, jobs.DropUpload(ctx, second.Job.ID))
		require.NoError(t, jobs.Checkpoint(ctx, claim, importer.Commit{Batch: 1}))
		_, err = jobs.Renew(ctx, claim, time.Nanosecond, &job.Update{State: job.Progress})
		require.NoError(t, err)
		_, err = jobs.Cancel(ctx, claim.Job.ID)
		require.NoError(t, err)
		return refused
	}), refused)

	after, _, err := jobs.List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, before, after)
	_, err = jobs.ByKey(ctx, "new")
	require.ErrorIs(t, err, job.ErrNotFound)
	require.Equal(t, uploadsBefore, uploads())
	_, err = jobs.GetUpload(ctx, "new")
	require.ErrorIs(t, err, job.ErrNotFound)
	profilesAfter, err := jobs.ListProfiles(ctx)
	require.NoError(t, err)
	require.Equal(t, profiles, profilesAfter)
	_, err = jobs.ByKey(ctx, "ended")
	require.NoError(t, err)
	done, err := jobs.Checkpoints(ctx, claim)
	require.NoError(t, err, "the claim is as good as it was")
	require.Empty(t, done)
}
