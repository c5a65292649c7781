package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/importer/job/jobtest"
	"github.com/products-importer/products-importer/progress"
)

// openClocked opens a new file, and returns what sets the DB's clock back.
func openClocked(t *testing.T) (*DB, func(ctx context.Context, d time.Duration) error) {
	var back atomic.Int64
	now := func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
	db := openFile(t, Migrated(t), Options{Now: now})
	return db, func(_ context.Context, d time.Duration) error { back.Add(int64(d)); return nil }
}

func TestJobs(t *testing.T) {
	jobtest.RunStore(t, func(t *testing.T) jobtest.Stores {
		db, setBack := openClocked(t)
		return jobtest.Stores{Products: db.Products(), Jobs: db.Jobs(), OnEnd: db.Jobs().OnEnd, SetBack: setBack}
	})
}

func TestJobsShareFiles(t *testing.T) {
	jobtest.RunShared(t, func(t *testing.T) (job.Store, job.Uploads) {
		db := openNew(t)
		return db.Jobs(), db.Uploads()
	})
}

// TestJobTexts: what a submitter says comes back as it was, whatever is in it.
func TestJobTexts(t *testing.T) {
	jobs, ctx := openNew(t).Jobs(), t.Context()
	j, err := jobs.Create(ctx, job.Job{FileName: "a\x00ä.csv", IdempotencyKey: "k\x00'", Upload: "u", SHA256: "ab",
		Settings: job.Settings{Map: map[string]string{"sku": "Art. \"no\"\x00"}}})
	require.NoError(t, err)
	require.Equal(t, "a\x00ä.csv", j.FileName)
	got, err := jobs.Get(ctx, j.ID)
	require.NoError(t, err)
	require.Equal(t, j, got)
	got, err = jobs.ByKey(ctx, "k\x00'")
	require.NoError(t, err)
	require.Equal(t, j, got)
	_, err = jobs.ByKey(ctx, "k")
	require.ErrorIs(t, err, job.ErrNotFound)
	_, err = jobs.ByKey(ctx, "")
	require.ErrorIs(t, err, job.ErrNotFound)
}

func TestJobUnknown(t *testing.T) {
	jobs, ctx := openNew(t).Jobs(), t.Context()
	_, err := jobs.Create(ctx, job.Job{Upload: "u"})
	require.NoError(t, err)
	for _, id := range []string{"", "nonsense", "\x00", "\xff", driver.NewID(time.Now()), "%"} {
		_, err := jobs.Get(ctx, id)
		require.ErrorIs(t, err, job.ErrNotFound, "%q", id)
		_, err = jobs.Cancel(ctx, id)
		require.ErrorIs(t, err, job.ErrNotFound, "%q", id)
		require.ErrorIs(t, jobs.DropUpload(ctx, id), job.ErrNotFound, "%q", id)
		found, err := jobs.GetMany(ctx, []string{id})
		require.NoError(t, err)
		require.Empty(t, found)
		claim := &job.Claim{Job: job.Job{ID: id}, Token: 1}
		_, err = jobs.Renew(ctx, claim, time.Minute, nil)
		require.ErrorIs(t, err, job.ErrLeaseLost, "%q", id)
		_, err = jobs.Finish(ctx, claim, job.Success, "", nil)
		require.ErrorIs(t, err, job.ErrLeaseLost, "%q", id)
	}
}

// TestClaimOnce claims 300 jobs over two DBs, as two processes would, with 8 workers that hold on to them and finish
// them: no job is claimed twice, and nobody is told that the file is busy.
func TestClaimOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	dbs := []*DB{openFile(t, path, Options{}), openFile(t, path, Options{})}
	const all = 300
	require.NoError(t, dbs[0].InTx(t.Context(), func(ctx context.Context) error {
		for i := range all {
			if _, err := dbs[0].Jobs().Create(ctx, job.Job{Upload: fmt.Sprint("u-", i)}); err != nil {
				return err
			}
		}
		return nil
	}))
	var mu sync.Mutex
	seen := map[string]string{}
	var workers sync.WaitGroup
	for i := range 8 {
		jobs, name := dbs[i%2].Jobs(), fmt.Sprint("worker-", i)
		workers.Go(func() {
			for {
				claim, err := jobs.Claim(t.Context(), name, time.Hour, 1)
				if err != nil || claim == nil {
					if err != nil {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				if by, twice := seen[claim.Job.ID]; twice {
					t.Errorf("%s has a job of %s", name, by)
				}
				seen[claim.Job.ID] = name
				mu.Unlock()
				if _, err := jobs.Renew(t.Context(), claim, time.Hour, nil); err != nil {
					t.Error(err)
				}
				if _, err := jobs.Finish(t.Context(), claim, job.Success, "", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	require.Len(t, seen, all)
	_, done, err := dbs[0].Jobs().List(t.Context(), job.Query{States: []job.State{job.Success}, Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, all, done)
}

// TestClaimWaitsForNobody: who finds nothing to do doesn't wait for a batch that is being written.
func TestClaimWaitsForNobody(t *testing.T) {
	db := openNew(t)
	require.NoError(t, db.InTx(t.Context(), func(context.Context) error {
		claim, err := db.Jobs().Claim(t.Context(), "w", time.Minute, 1)
		require.Nil(t, claim)
		return err
	}))
}

// TestFence: a worker whose lease was lost commits nothing, also where it began its batch before.
func TestFence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	slow, quick := openFile(t, path, Options{}), openFile(t, path, Options{})
	_, err := slow.Jobs().Create(t.Context(), job.Job{Upload: "u"})
	require.NoError(t, err)
	first, err := slow.Jobs().Claim(t.Context(), "slow", time.Microsecond, 5)
	require.NoError(t, err)
	second, err := quick.Jobs().Claim(t.Context(), "quick", time.Hour, 5)
	require.NoError(t, err)
	require.Equal(t, first.Token+1, second.Token)
	require.ErrorIs(t, slow.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, set(ctx, slow, "of the batch"))
		return slow.Jobs().Checkpoint(ctx, first, importer.Commit{Batch: 1})
	}), job.ErrLeaseLost)
	require.False(t, isSet(t, t.Context(), slow, "of the batch"))
	require.NoError(t, quick.InTx(t.Context(), func(ctx context.Context) error {
		return quick.Jobs().Checkpoint(ctx, second, importer.Commit{Batch: 1})
	}))
	for _, call := range []func() error{
		func() error { _, err := slow.Jobs().Renew(t.Context(), first, time.Hour, nil); return err },
		func() error { _, err := slow.Jobs().Checkpoints(t.Context(), first); return err },
		func() error { _, err := slow.Jobs().Release(t.Context(), first, true, "", 0); return err },
		func() error {
			_, err := slow.Jobs().Finish(t.Context(), first, job.Failure, "", nil)
			return err
		},
	} {
		require.ErrorIs(t, call(), job.ErrLeaseLost)
	}
}

// TestOthersSeeChanges: what a worker says of its job is seen by who watches in another process within half a second,
// and its workers learn at once of a new job.
func TestOthersSeeChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	here, there := openFile(t, path, Options{}), openFile(t, path, Options{})
	woken := there.Jobs().Wake(t.Context())
	<-woken // something may have happened before
	within := func(what string, happened <-chan time.Time) {
		t.Helper()
		began := time.Now()
		select {
		case at := <-happened:
			t.Logf("%s: seen after %v", what, at.Sub(began))
			require.Less(t, at.Sub(began), 500*time.Millisecond, what)
		case <-time.After(30 * time.Second):
			t.Fatal(what + ": not seen")
		}
	}
	seen := make(chan time.Time)
	go func() { <-woken; seen <- time.Now() }()
	j, err := here.Jobs().Create(t.Context(), job.Job{Upload: "u", Size: 100})
	require.NoError(t, err)
	within("a new job", seen)

	watcher := job.NewWatcher(there.Jobs(), 0, func(j job.Job) job.Job { return j })
	ctx, end := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { _ = watcher.Run(ctx) })
	defer func() { end(); watching.Wait() }()
	s, err := watcher.Subscribe(t.Context(), j.ID)
	require.NoError(t, err)
	defer s.Close()
	next := func(state job.State) <-chan time.Time {
		go func() {
			for {
				got, err := s.Next(t.Context())
				if err != nil {
					return
				}
				if got.State == state {
					seen <- time.Now()
					return
				}
			}
		}()
		return seen
	}
	claim, err := here.Jobs().Claim(t.Context(), "w", time.Minute, 1)
	require.NoError(t, err)
	within("claimed", next(job.Started))
	_, err = here.Jobs().Renew(t.Context(), claim, time.Minute, &job.Update{State: job.Progress,
		Event: progress.Event{Phase: progress.Importing, Bytes: 50}})
	require.NoError(t, err)
	within("progress", next(job.Progress))
	_, err = here.Jobs().Finish(t.Context(), claim, job.Failure, strings.Repeat("x", 10), nil)
	require.NoError(t, err)
	within("the end", next(job.Failure))
}
