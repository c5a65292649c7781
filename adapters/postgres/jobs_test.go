package postgres_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/importer/job/jobtest"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// commit is the checkpoint of a batch that created n products.
func commit(batch, n int64) importer.Commit {
	return importer.Commit{Batch: batch, Counts: progress.Counts{Read: n, Created: n}, Bytes: 10 * n}
}

// claimed creates a job and claims it.
func claimed(t *testing.T, jobs *postgres.Jobs, lease time.Duration) *job.Claim {
	t.Helper()
	_, err := jobs.Create(t.Context(), job.Job{Upload: "u", Size: 100})
	require.NoError(t, err)
	claim, err := jobs.Claim(t.Context(), "first", lease, 5)
	require.NoError(t, err)
	require.NotNil(t, claim)
	return claim
}

func TestJobs(t *testing.T) {
	t.Parallel()
	runJobs(t, directly)
}

func runJobs(t *testing.T, w way) {
	t.Helper()
	lend := w.lender(t)
	jobtest.RunStore(t, func(t *testing.T) jobtest.Stores {
		url := lend(t, products.ExactKeys)
		db := w.open(t, url, postgres.Options{})
		return jobtest.Stores{Products: db.Products(), Jobs: db.Jobs(), OnEnd: db.Jobs().OnEnd,
			SetBack: setBack(w.side(url), `UPDATE import_jobs SET
			created_at = created_at + $1::interval, started_at = started_at + $1, finished_at = finished_at + $1, not_before = not_before + $1,
			waiting_since = waiting_since + $1, lease_until = lease_until + $1`)}
	})
}

func TestJobsShareFiles(t *testing.T) {
	t.Parallel()
	runSharedFiles(t, directly)
}

func runSharedFiles(t *testing.T, w way) {
	t.Helper()
	jobtest.RunShared(t, func(t *testing.T) (job.Store, job.Uploads) {
		db := w.open(t, w.make(t), postgres.Options{})
		return db.Jobs(), db.Uploads()
	})
}

func TestJobLife(t *testing.T) {
	db := open(t, migrated(t), postgres.Options{})
	jobs, ctx := db.Jobs(), t.Context()
	created, err := jobs.Create(ctx, job.Job{FileName: "a\x00b.csv", Upload: "u-1", Size: 100, SHA256: "ab",
		IdempotencyKey: "k", Priority: 3,
		Settings: job.Settings{Mode: products.Update, Map: map[string]string{"sku": "Art.\x00 \"no\""},
			MaxRejects: "5%"}})
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb.csv", created.FileName)
	got, err := jobs.Get(ctx, created.ID)
	require.NoError(t, err)
	require.Equal(t, created, got)

	_, err = jobs.Create(ctx, job.Job{Upload: "u-2", IdempotencyKey: "k"})
	require.ErrorIs(t, err, job.ErrKeyUsed)
	again, err := jobs.Create(ctx, job.Job{Upload: "u-2", SHA256: "ab", Settings: job.Settings{DryRun: true}})
	require.NoError(t, err)
	require.Equal(t, created.ID, again.DuplicateOf)
	byKey, err := jobs.ByKey(ctx, "k")
	require.NoError(t, err)
	require.Equal(t, created, byKey)

	claim, err := jobs.Claim(ctx, "w", time.Minute, 3)
	require.NoError(t, err)
	require.Equal(t, created.ID, claim.Job.ID, "the higher priority goes first")
	require.Equal(t, job.Started, claim.Job.State)
	update := &job.Update{State: job.Progress, Event: progress.Event{Phase: progress.Importing,
		Time: time.Now().Round(0), Bytes: 7, RowsPerSecond: 1.0 / 3, ETA: time.Second},
		Dialect: &importer.Dialect{Delimiter: ";", Columns: []importer.Column{{Number: 1, Name: "sku\x00"}}},
		Rejects: map[importer.Code]int64{"x": 2}}
	cancel, err := jobs.Renew(ctx, claim, time.Minute, update)
	require.NoError(t, err)
	require.False(t, cancel)
	require.NoError(t,
		db.InTx(ctx, func(ctx context.Context) error { return jobs.Checkpoint(ctx, claim, commit(1, 6)) }))
	require.ErrorIs(t,
		db.InTx(ctx, func(ctx context.Context) error { return jobs.Checkpoint(ctx, claim, commit(1, 7)) }),
		job.ErrCommitted)

	_, err = jobs.Renew(ctx, claim, time.Minute, nil)
	require.NoError(t, err)
	running, err := jobs.Get(ctx, created.ID)
	require.NoError(t, err)
	update.Event.Time = update.Event.Time.UTC()
	require.Equal(t, update.Event, running.Event)
	require.Equal(t, update.Dialect, running.Dialect)
	require.Equal(t, update.Rejects, running.Rejects)
	require.Equal(t, claim.Job.Revision+1, running.Revision, "holding on isn't visible, the update is")

	asked, err := jobs.Cancel(ctx, created.ID)
	require.NoError(t, err)
	require.True(t, asked.CancelRequested)
	require.Equal(t, job.Progress, asked.State)
	cancel, err = jobs.Renew(ctx, claim, time.Minute, nil)
	require.NoError(t, err)
	require.True(t, cancel)
	done, err := jobs.Checkpoints(ctx, claim)
	require.NoError(t, err)
	require.Equal(t, map[int64]importer.Commit{1: commit(1, 6)}, done)
	ended, err := jobs.Finish(ctx, claim, job.Revoked, "", nil)
	require.NoError(t, err)
	require.Equal(t, commit(1, 6).Counts, ended.Event.Counts)
	got, err = jobs.Get(ctx, created.ID)
	require.NoError(t, err)
	require.Equal(t, ended, got)
	_, err = jobs.Cancel(ctx, created.ID)
	require.ErrorIs(t, err, job.ErrFinal)

	list, count, err := jobs.List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	require.EqualValues(t, 2, count)
	brief := ended
	brief.Dialect = nil // which lists don't have
	require.Equal(t, []job.Job{again, brief}, list)
	list, count, err = jobs.List(ctx, job.Query{States: []job.State{job.Revoked}, Limit: 1, Offset: 5})
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
	require.Empty(t, list)
	many, err := jobs.GetMany(ctx, []string{"nonsense", again.ID, driver.NewID(time.Now())})
	require.NoError(t, err)
	require.Equal(t, []job.Job{again}, many)

	used, err := jobs.UploadsInUse(ctx, []string{"u-1", "u-2", "u-3"})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"u-1", "u-2"}, used)
	require.NoError(t, jobs.DropUpload(ctx, again.ID))
	used, err = jobs.UploadsInUse(ctx, []string{"u-1", "u-2", "u-3"})
	require.NoError(t, err)
	require.Equal(t, []string{"u-1"}, used)
	gone, err := jobs.Expire(ctx, ended.FinishedAt, 10)
	require.NoError(t, err)
	require.Empty(t, gone, "it became final at that time, not before")
	gone, err = jobs.Expire(ctx, ended.FinishedAt.Add(time.Second), 10)
	require.NoError(t, err)
	require.Equal(t, []job.Job{brief}, gone)
	_, err = jobs.ByKey(ctx, "k")
	require.ErrorIs(t, err, job.ErrNotFound)
}

func TestJobUnknown(t *testing.T) {
	jobs, ctx := open(t, migrated(t), postgres.Options{}).Jobs(), t.Context()
	for _, id := range []string{"", "nonsense", "\x00", "\xff", driver.NewID(time.Now()),
		"0198C0DE-0000-7000-8000-000000000000"} {
		_, err := jobs.Get(ctx, id)
		require.ErrorIs(t, err, job.ErrNotFound, "%q", id)
		_, err = jobs.Cancel(ctx, id)
		require.ErrorIs(t, err, job.ErrNotFound, "%q", id)
		require.ErrorIs(t, jobs.DropUpload(ctx, id), job.ErrNotFound, "%q", id)
		_, err = jobs.ByKey(ctx, id)
		require.ErrorIs(t, err, job.ErrNotFound, "%q", id)
		claim := &job.Claim{Job: job.Job{ID: id}, Token: 1}
		_, err = jobs.Renew(ctx, claim, time.Minute, nil)
		require.ErrorIs(t, err, job.ErrLeaseLost, "%q", id)
		_, err = jobs.Finish(ctx, claim, job.Success, "", nil)
		require.ErrorIs(t, err, job.ErrLeaseLost, "%q", id)
	}
	claim, err := jobs.Claim(ctx, "w", time.Minute, 1)
	require.NoError(t, err)
	require.Nil(t, claim)
}

// TestLargeDialects reads jobs as earlier versions stored them: a dialect of 14 MB each.
func TestLargeDialects(t *testing.T) {
	url := migrated(t)
	jobs := open(t, url, postgres.Options{}).Jobs()
	query(t, url,
		`INSERT INTO import_jobs (id, revision, size, created_at, not_before, priority, state, upload, sha256, file_name, settings, event, dialect, error)
		SELECT gen_random_uuid(), 1, 0, now(), now(), 0, 'PENDING', '', '', '', '{"mode":"ignore"}', '{}',
			('{"columns":[' || repeat('{"number":1,"name":"xxxxx"},', 500000) || '{"number":2}]}')::json, repeat('e', 1000000)
		FROM generate_series(1, 10)`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	listed, _, err := jobs.List(t.Context(), job.Query{Limit: 1_000})
	require.NoError(t, err)
	require.Len(t, listed, 10)
	for _, j := range listed {
		require.LessOrEqual(t, len(j.Error), driver.MaxError)
		j, err := jobs.Get(t.Context(), j.ID)
		require.NoError(t, err)
		require.Nil(t, j.Dialect)
	}
	claim, err := jobs.Claim(t.Context(), "w", time.Minute, 5)
	require.NoError(t, err)
	_, err = jobs.Renew(t.Context(), claim, time.Minute,
		&job.Update{State: job.Started, Dialect: &importer.Dialect{Delimiter: ";"}})
	require.NoError(t, err)
	j, err := jobs.Get(t.Context(), claim.Job.ID)
	require.NoError(t, err)
	require.Equal(t, ";", j.Dialect.Delimiter)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "what is too long isn't read")
}

func TestJobTakeover(t *testing.T) {
	db := open(t, migrated(t), postgres.Options{})
	jobs, ctx := db.Jobs(), t.Context()
	first := claimed(t, jobs, time.Microsecond)
	second, err := jobs.Claim(ctx, "second", time.Microsecond, 2)
	require.NoError(t, err)
	require.Equal(t, first.Token+1, second.Token)
	require.Equal(t, 1, second.Job.Attempts)
	require.Contains(t, second.Job.Error, "first")
	_, err = jobs.Renew(ctx, first, time.Minute, &job.Update{State: job.Progress})
	require.ErrorIs(t, err, job.ErrLeaseLost)
	_, err = jobs.Checkpoints(ctx, first)
	require.ErrorIs(t, err, job.ErrLeaseLost)
	_, err = jobs.Release(ctx, first, true, "", 0)
	require.ErrorIs(t, err, job.ErrLeaseLost)

	// Who commits a batch gets on, so its attempts begin anew; the next one's doesn't commit.
	require.NoError(t,
		db.InTx(ctx, func(ctx context.Context) error { return jobs.Checkpoint(ctx, second, commit(1, 5)) }))
	third, err := jobs.Claim(ctx, "third", time.Microsecond, 2)
	require.NoError(t, err)
	require.Equal(t, 1, third.Job.Attempts)
	none, err := jobs.Claim(ctx, "fourth", time.Minute, 2)
	require.NoError(t, err)
	require.Nil(t, none)
	end, err := jobs.Get(ctx, first.Job.ID)
	require.NoError(t, err)
	require.Equal(t, job.Failure, end.State)
	require.Equal(t, commit(1, 5).Counts, end.Event.Counts)

	// A job whose worker vanished is revoked at once.
	lost := claimed(t, jobs, time.Microsecond)
	revoked, err := jobs.Cancel(ctx, lost.Job.ID)
	require.NoError(t, err)
	require.Equal(t, job.Revoked, revoked.State)
	_, err = jobs.Finish(ctx, lost, job.Success, "", nil)
	require.ErrorIs(t, err, job.ErrLeaseLost)
}

func TestJobRelease(t *testing.T) {
	jobs, ctx := open(t, migrated(t), postgres.Options{}).Jobs(), t.Context()
	claim := claimed(t, jobs, time.Minute)
	j, err := jobs.Release(ctx, claim, true, "trouble", time.Hour)
	require.NoError(t, err)
	require.Equal(t, job.Pending, j.State)
	require.Equal(t, 1, j.Attempts)
	got, err := jobs.Get(ctx, j.ID)
	require.NoError(t, err)
	require.Equal(t, j, got)
	none, err := jobs.Claim(ctx, "w", time.Minute, 5)
	require.NoError(t, err)
	require.Nil(t, none, "it is to be left alone for an hour")
	_, err = jobs.Renew(ctx, claim, time.Minute, nil)
	require.ErrorIs(t, err, job.ErrLeaseLost)
}

// TestClaimOnce claims 2,000 jobs over two DBs with 8 workers.
func TestClaimOnce(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	dbs := []*postgres.DB{open(t, url, postgres.Options{}), open(t, url, postgres.Options{})}
	const all = 800
	query(t, url,
		`INSERT INTO import_jobs (id, revision, size, created_at, not_before, priority, state, upload, sha256, file_name, settings, event)
		SELECT gen_random_uuid(), 1, 0, now(), now(), 0, 'PENDING', '', '', '', '{"mode":"ignore"}', '{}' FROM generate_series(1, 800); ANALYZE import_jobs`)
	var mu sync.Mutex
	seen := map[string]int{}
	var workers sync.WaitGroup
	for i := range 8 {
		workers.Go(func() {
			for {
				claim, err := dbs[i%2].Jobs().Claim(t.Context(), "w", time.Hour, 1)
				if err != nil || claim == nil {
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				seen[claim.Job.ID]++
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	require.Len(t, seen, all)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

// TestHeartbeats: the updates of a job that runs touch no index, so that its table and indexes stay small.
func TestHeartbeats(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{MaxConns: 1})
	jobs := db.Jobs()
	claim := claimed(t, jobs, time.Minute)
	for i := range 1000 {
		state := job.Started
		if i > 10 {
			state = job.Progress
		}
		_, err := jobs.Renew(t.Context(), claim, time.Minute,
			&job.Update{State: state, Event: progress.Event{Bytes: int64(i)}})
		require.NoError(t, err)
	}
	require.NoError(t, db.Close()) // it reports its statistics
	open(t, url, postgres.Options{})
	require.Eventually(t, func() bool {
		return scan[int](t, url, `SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'import_jobs'`) >= 1001
	}, time.Minute, 50*time.Millisecond)
	require.GreaterOrEqual(t,
		scan[int](t, url, `SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'import_jobs'`), 950)
	require.LessOrEqual(t, scan[int](t, url, `SELECT pg_relation_size('import_jobs') / 8192`), 8)
}

func TestJobsUnavailable(t *testing.T) {
	db := open(t, migrated(t), postgres.Options{RetryFor: -1})
	require.NoError(t, db.Close())
	_, err := db.Jobs().Get(t.Context(), driver.NewID(time.Now()))
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = db.Jobs().Claim(ctx, "w", time.Minute, 1)
	require.ErrorIs(t, err, context.Canceled)
}
