package job_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

func TestNewRunner(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		options job.RunnerOptions
		says    string
	}{
		{job.RunnerOptions{Lease: time.Millisecond}, "RunnerOptions.Lease"},
		{job.RunnerOptions{MaxAttempts: -1}, "RunnerOptions.MaxAttempts"},
		{job.RunnerOptions{Backoff: 1}, "RunnerOptions.Backoff"},
		{job.RunnerOptions{Backoff: time.Minute, MaxBackoff: time.Second}, "RunnerOptions.MaxBackoff"},
		{job.RunnerOptions{MaxWait: time.Millisecond}, "RunnerOptions.MaxWait"},
		{job.RunnerOptions{MaxWait: 31 * 24 * time.Hour}, "RunnerOptions.MaxWait"},
		{job.RunnerOptions{Writers: 65}, "RunnerOptions.Writers"},
		{job.RunnerOptions{Parsers: -1}, "RunnerOptions.Parsers"},
		{job.RunnerOptions{MaxDuplicates: 5}, "RunnerOptions.MaxDuplicates"},
	} {
		_, err := job.NewRunner(w.db.Jobs(), w.db.Uploads(), w.db.Products(), test.options)
		require.ErrorContains(t, err, test.says)
	}
	_, err := job.NewRunner(nil, w.db.Uploads(), w.db.Products(), job.RunnerOptions{})
	require.Error(t, err)
}

func TestRunTellsHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(1, 900), job.Settings{}).ID
		r := w.runner(nil, nil, w.slow(), job.RunnerOptions{})
		claim := w.claim(r)
		ended := make(chan error, 1)
		go func() {
			_, err := r.Run(t.Context(), claim, nil)
			ended <- err
		}()
		var seen []job.Job
		for j := w.get(id); !j.State.Final(); j = w.get(id) {
			seen = append(seen, j)
			time.Sleep(50 * time.Millisecond)
		}
		last := seen[len(seen)-1]
		require.Equal(t, job.Progress, last.State)
		require.Equal(t, progress.Importing, last.Event.Phase)
		require.Positive(t, last.Event.Created, "what is committed shows while the import goes on")
		require.NotNil(t, last.Dialect, "how the file is read is known while the import goes on")
		require.NotEmpty(t, last.Rejects, "what was rejected is known once the file was checked")
		revisions := map[int64]bool{}
		for i := range seen {
			revisions[seen[i].Revision] = true
			require.True(t, i == 0 || seen[i].Event.Created >= seen[i-1].Event.Created)
		}
		require.GreaterOrEqual(t, len(revisions), 3)
		require.LessOrEqual(t, len(revisions), 4+len(seen)/4, "at most one revision in 200 ms, and those of the states")
		require.NoError(t, <-ended)
		w.outcome(id)
	})
}

// renewals counts how often a claim is renewed.
type renewals struct {
	job.Store
	times int
}

func (r *renewals) Renew(ctx context.Context, claim *job.Claim, lease time.Duration,
	update *job.Update) (cancel bool, err error) {
	r.times++
	return r.Store.Renew(ctx, claim, lease, update)
}

// TestRunOfASmallImport stores its end, and nothing before that.
func TestRunOfASmallImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(1, 30), job.Settings{}).ID
		store := &renewals{Store: w.db.Jobs()}
		j := w.work(w.runner(store, nil, nil, job.RunnerOptions{}))
		require.Equal(t, job.Success, j.State)
		require.NotNil(t, j.Dialect, "how the file was read is stored with the end")
		require.Zero(t, store.times)
		w.outcome(id)
	})
}

func TestRunCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(1, 600), job.Settings{}).ID
		r := w.runner(nil, nil, w.slow(), job.RunnerOptions{})
		claim := w.claim(r)
		var asked time.Time
		time.AfterFunc(420*time.Millisecond, func() {
			asked = time.Now()
			_, err := w.service.Cancel(t.Context(), id)
			assert.NoError(t, err)
		})
		j, err := r.Run(t.Context(), claim, nil)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(asked), time.Second)
		require.Equal(t, job.Revoked, j.State)
		require.Equal(t, progress.Failed, j.Event.Phase)
		require.Positive(t, j.Event.Created)
		require.EqualValues(t, len(w.table()), j.Event.Created, "it states what was committed")
	})
}

// TestRunEndsWhileItChecks ends imports that have not written anything yet.
func TestRunEndsWhileItChecks(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(w *world, id string, stop chan struct{})
		want job.State
	}{
		{"cancelled", func(w *world, id string, _ chan struct{}) {
			_, err := w.service.Cancel(w.t.Context(), id)
			assert.NoError(w.t, err)
		}, job.Revoked},
		{"stopped", func(_ *world, _ string, stop chan struct{}) { close(stop) }, job.Pending},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.submit(catalogue(1, 80_000), job.Settings{}).ID
				uploads := &cut{Uploads: w.db.Uploads(), wrap: func(_ int64, r io.Reader) io.Reader {
					return readFunc(func(p []byte) (int, error) {
						time.Sleep(100 * time.Millisecond)
						return r.Read(p[:min(len(p), 4_000)])
					})
				}}
				stop := make(chan struct{})
				var ended time.Time
				time.AfterFunc(5*time.Second, func() {
					ended = time.Now()
					test.end(w, id, stop)
				})
				r := w.runner(nil, uploads, nil, job.RunnerOptions{})
				j, err := r.Run(t.Context(), w.claim(r), stop)
				require.NoError(t, err)
				require.False(t, ended.IsZero(), "the test is about a file that takes longer to read")
				require.LessOrEqual(t, time.Since(ended), 10*time.Second)
				if test.want == job.Revoked {
					require.LessOrEqual(t, time.Since(ended), time.Second)
				}
				require.Equal(t, test.want, j.State)
				require.Zero(t, j.Attempts)
				require.Equal(t, progress.Counts{}, j.Event.Counts)
				require.Empty(t, w.table(), "nothing is written")
			})
		})
	}
}

func TestRunLosesItsLease(t *testing.T) {
	text := catalogue(2, 400)
	want := undisturbed(t, text, job.Settings{Mode: products.Update})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.before()
		id := w.submit(text, job.Settings{Mode: products.Update}).ID
		// The first worker hangs in its fifth batch, and can't renew.
		hang := make(chan struct{})
		jobs := &deaf{Store: w.db.Jobs(), hang: hang}
		var batches atomic.Int64
		store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
			next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			if batches.Add(1) >= 5 {
				<-hang
			}
			return next(ctx, b)
		}}
		first := w.runner(jobs, nil, store, job.RunnerOptions{})
		claim := w.claim(first)
		ended := make(chan error, 1)
		go func() {
			_, err := first.Run(t.Context(), claim, nil)
			ended <- err
		}()
		time.Sleep(30 * time.Second)
		second := w.runner(nil, nil, nil, job.RunnerOptions{})
		taken := w.claim(second)
		before := w.table()
		close(hang)
		require.ErrorIs(t, <-ended, job.ErrLeaseLost)
		require.Equal(t, before, w.table(), "a worker that lost its lease commits nothing any more")
		_, err := second.Run(t.Context(), taken, nil)
		require.NoError(t, err)
		require.Equal(t, want, w.outcome(id))
	})
}

// deaf is a store whose Renew hangs.
type deaf struct {
	job.Store
	hang chan struct{}
}

func (d *deaf) Renew(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
	<-d.hang
	return d.Store.Renew(ctx, claim, lease, update)
}

// TestRunKeepsItsLease lets one renewal hang until it is given up: the next one comes before the lease has run out.
func TestRunKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(1, 900), job.Settings{}).ID
		jobs := &stuck{Store: w.db.Jobs(), at: 3}
		r := w.runner(jobs, nil, w.slow(), job.RunnerOptions{Lease: 1500 * time.Millisecond, Writers: 1})
		claim := w.claim(r)
		ended := make(chan error, 1)
		go func() {
			_, err := r.Run(t.Context(), claim, nil)
			ended <- err
		}()
		began := time.Now()
		for !w.get(id).State.Final() {
			other, err := r.Claim(t.Context(), "other")
			require.NoError(t, err)
			require.Nil(t, other, "a worker that is there keeps its job; after %v", time.Since(began))
			time.Sleep(20 * time.Millisecond)
		}
		require.NoError(t, <-ended)
		require.Greater(t, time.Since(began), 2*time.Second, "the test is about a longer time than the lease")
		require.Greater(t, jobs.renewals.Load(), jobs.at)
		w.outcome(id)
	})
}

// stuck is a store of which one Renew hangs until its context ends.
type stuck struct {
	job.Store
	at       int64
	renewals atomic.Int64
}

func (s *stuck) Renew(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
	if s.renewals.Add(1) == s.at {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return s.Store.Renew(ctx, claim, lease, update)
}

// unread is a place for uploads that are never opened.
type unread struct{ job.Uploads }

// TestRunOfAWorkerThatStops begins nothing that it would only have to give up.
func TestRunOfAWorkerThatStops(t *testing.T) {
	w := newWorld(t)
	id := w.submit(catalogue(1, 100), job.Settings{}).ID
	r := w.runner(nil, &unread{}, nil, job.RunnerOptions{MaxAttempts: 1})
	stop := make(chan struct{})
	close(stop)
	j, err := r.Run(t.Context(), w.claim(r), stop)
	require.NoError(t, err)
	require.Equal(t, job.Pending, j.State)
	require.Zero(t, j.Attempts)
	require.Equal(t, id, w.claim(r).Job.ID, "another worker goes on at once")
}

// TestRunAbandonsAtOnce takes the job away from an import that takes long for its batch.
func TestRunAbandonsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.submit(catalogue(1, 100), job.Settings{})
		store := &stub{w.db.Products(), func(ctx context.Context, _ *products.Batch,
			_ func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		r := w.runner(nil, nil, store, job.RunnerOptions{})
		claim := w.claim(r)
		time.AfterFunc(time.Second, func() {
			_, err := w.db.Jobs().Release(t.Context(), claim, false, "", time.Hour)
			assert.NoError(t, err)
		})
		began := time.Now()
		_, err := r.Run(t.Context(), claim, nil)
		require.ErrorIs(t, err, job.ErrLeaseLost)
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
	})
}

func TestRunTriesAgain(t *testing.T) {
	text := catalogue(2, 200)
	want := undisturbed(t, text, job.Settings{})
	for _, passing := range []error{products.ErrUnavailable, products.ErrCommitUnknown} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.before()
			id := w.submit(text, job.Settings{}).ID
			failures := 0
			store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
				next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult,
				error) {
				// What is not known may have been committed.
				if b.Number != 3 || failures >= 3 {
					return next(ctx, b)
				}
				if failures++; errors.Is(passing, products.ErrCommitUnknown) {
					if _, err := next(ctx, b); err != nil {
						return nil, err
					}
				}
				return nil, fmt.Errorf("connection reset: %w", passing)
			}}
			r := w.runner(nil, nil, store, job.RunnerOptions{Backoff: time.Second})
			first := w.work(r)
			require.Equal(t, job.Pending, first.State)
			require.Zero(t, first.Attempts, "trouble of the database is no failed attempt")
			require.Contains(t, first.Error, "connection reset")
			require.Equal(t, time.Second, first.NotBefore.Sub(first.CreatedAt).Round(time.Second))
			for w.get(id).State == job.Pending {
				claim, err := r.Claim(t.Context(), "w")
				require.NoError(t, err)
				if claim == nil {
					time.Sleep(100 * time.Millisecond)
					continue
				}
				_, err = r.Run(t.Context(), claim, nil)
				require.NoError(t, err)
			}
			require.Empty(t, w.get(id).Error)
			require.Equal(t, want, w.outcome(id))
		})
	}
}

// TestRunFindsABatchCommitted has a store commit a batch, not hear of it, and send it again by itself.
func TestRunFindsABatchCommitted(t *testing.T) {
	text := catalogue(2, 200)
	want := undisturbed(t, text, job.Settings{})
	w := newWorld(t)
	w.before()
	id := w.submit(text, job.Settings{}).ID
	twice := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
		next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
		if b.Number == 3 {
			if _, err := next(ctx, b); err != nil {
				return nil, err
			}
		}
		return next(ctx, b)
	}}
	j := w.work(w.runner(nil, nil, twice, job.RunnerOptions{Backoff: time.Millisecond}))
	require.Equal(t, job.Pending, j.State, "the next attempt knows that the batch is committed")
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	require.Eventually(t, func() bool {
		claim, err := r.Claim(t.Context(), "w")
		if err != nil || claim == nil {
			return false
		}
		_, err = r.Run(t.Context(), claim, nil)
		return err == nil
	}, time.Minute, time.Millisecond)
	require.Equal(t, want, w.outcome(id))
}

// TestRunTellsNothingTwice lets an import stand still: watchers are not told what they know.
func TestRunTellsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(1, 100), job.Settings{}).ID
		store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
			next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			time.Sleep(time.Minute)
			return next(ctx, b)
		}}
		r := w.runner(nil, nil, store, job.RunnerOptions{})
		claim := w.claim(r)
		ended := make(chan error, 1)
		go func() {
			_, err := r.Run(t.Context(), claim, nil)
			ended <- err
		}()
		time.Sleep(10 * time.Second)
		before := w.get(id)
		require.Equal(t, job.Progress, before.State)
		time.Sleep(40 * time.Second)
		require.Equal(t, before, w.get(id), "a renewed lease is no news")
		require.NoError(t, <-ended)
	})
}

func TestRunGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(2, 200), job.Settings{}).ID
		store := &stub{w.db.Products(), func(context.Context, *products.Batch,
			func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			return nil, fmt.Errorf("out of reach: %w", products.ErrUnavailable)
		}}
		r := w.runner(nil, nil, store, job.RunnerOptions{MaxAttempts: 1, Backoff: time.Second, MaxBackoff: time.Minute})
		began, pauses := time.Now(), []time.Duration(nil)
		var j job.Job
		for j = w.work(r); !j.State.Final(); j = w.work(r) {
			require.True(t, j.Waiting())
			require.Zero(t, j.Attempts)
			require.Contains(t, j.Error, "out of reach")
			require.True(t, began.Equal(j.WaitingSince), "since when")
			pauses = append(pauses, time.Until(j.NotBefore))
			time.Sleep(time.Until(j.NotBefore))
		}
		require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}, each(pauses[:8], time.Second), "pauses grow")
		require.Equal(t, time.Hour, time.Since(began), "an hour is waited in all")
		require.Equal(t, job.Failure, j.State)
		require.Contains(t, j.Error, "gave up after it waited for 1h0m0s: ")
		require.Contains(t, j.Error, "out of reach")
		require.Equal(t, j, w.get(id))
	})
}

// each are the lengths in units.
func each(all []time.Duration, unit time.Duration) []time.Duration {
	units := make([]time.Duration, len(all))
	for i := range all {
		units[i] = all[i] / unit
	}
	return units
}

// TestRunWaitsAnew has trouble between any two batches, for longer than is waited for in all: an import that gets on is
// never given up.
func TestRunWaitsAnew(t *testing.T) {
	text := catalogue(2, 200)
	want := undisturbed(t, text, job.Settings{})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.before()
		id := w.submit(text, job.Settings{}).ID
		var troubles, calm atomic.Int64
		store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
			next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			if calm.Add(1)%4 != 0 { // three attempts in four
				troubles.Add(1)
				return nil, products.ErrUnavailable
			}
			return next(ctx, b)
		}}
		r := w.runner(nil, nil, store, job.RunnerOptions{Writers: 1, MaxWait: 10 * time.Second})
		began := time.Now()
		for j := w.work(r); !j.State.Final(); j = w.work(r) {
			time.Sleep(time.Until(j.NotBefore))
		}
		require.Greater(t, troubles.Load(), int64(10))
		require.Greater(t, time.Since(began), 30*time.Second)
		require.Equal(t, want, w.outcome(id))
	})
}

// away is a store of jobs that can't be reached for a while.
type away struct {
	job.Store
	away atomic.Bool
}

func (s *away) err() error {
	if s.away.Load() {
		return fmt.Errorf("no route: %w", products.ErrUnavailable)
	}
	return nil
}

func (s *away) Get(ctx context.Context, id string) (job.Job, error) {
	if err := s.err(); err != nil {
		return job.Job{}, err
	}
	return s.Store.Get(ctx, id)
}

func (s *away) Claim(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Claim(ctx, worker, lease, maxAttempts)
}

func (s *away) Renew(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
	if err := s.err(); err != nil {
		return false, err
	}
	return s.Store.Renew(ctx, claim, lease, update)
}

func (s *away) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (job.Job, error) {
	if err := s.err(); err != nil {
		return job.Job{}, err
	}
	return s.Store.Release(ctx, claim, failed, reason, delay)
}

// TestRunOutlivesAnOutage has the store out of reach for a minute, again and again, each time for longer than a lease,
// and idle workers look for work all the time: nobody is taken for vanished, whether the batch in hand waits for the
// store, or fails at once.
func TestRunOutlivesAnOutage(t *testing.T) {
	text := catalogue(2, 1_000)
	want := undisturbed(t, text, job.Settings{})
	for name, patient := range map[string]bool{"the batch waits": true, "the batch fails": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.before()
				id := w.submit(text, job.Settings{}).ID
				jobs := &away{Store: w.db.Jobs()}
				store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
					next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult,
					error) {
					for err := jobs.err(); err != nil; err = jobs.err() {
						if !patient {
							return nil, err
						}
						time.Sleep(50 * time.Millisecond)
					}
					time.Sleep(time.Second)
					return next(ctx, b)
				}}
				ctx, cancel := context.WithCancel(t.Context())
				var working sync.WaitGroup
				for i := range 3 {
					r := w.runner(jobs, nil, store, job.RunnerOptions{MaxAttempts: 1, Writers: 1})
					working.Go(func() {
						for ctx.Err() == nil {
							claim, err := r.Claim(ctx, fmt.Sprint("worker-", i))
							if err == nil && claim != nil {
								_, err = r.Run(ctx, claim, nil)
							}
							assert.True(t, err == nil || ctx.Err() != nil || errors.Is(err, products.ErrUnavailable),
								"%v", err)
							time.Sleep(time.Second)
						}
					})
				}
				for range 4 {
					time.Sleep(5 * time.Second)
					jobs.away.Store(true)
					time.Sleep(time.Minute)
					jobs.away.Store(false)
				}
				for !w.get(id).State.Final() {
					require.Zero(t, w.get(id).Attempts)
					time.Sleep(time.Second)
				}
				cancel()
				working.Wait()
				require.Equal(t, want, w.outcome(id))
			})
		})
	}
}

// unreadable is a place for uploads whose disk is broken.
type unreadable struct{ job.Uploads }

func (unreadable) Open(context.Context, string, int64, int64) (io.ReadCloser, error) {
	return nil, errors.New("input/output error")
}

// TestRunStopsTrying makes attempts that fail by themselves: only so many.
func TestRunStopsTrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(2, 200), job.Settings{}).ID
		r := w.runner(nil, unreadable{}, nil, job.RunnerOptions{MaxAttempts: 4, Backoff: time.Second,
			MaxBackoff: 3 * time.Second})
		for _, pause := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
			began := time.Now()
			j := w.work(r)
			require.Equal(t, job.Pending, j.State)
			require.WithinDuration(t, began.Add(pause), j.NotBefore, time.Millisecond, "pauses grow")
			time.Sleep(pause)
		}
		j := w.work(r)
		require.Equal(t, job.Failure, j.State)
		require.Contains(t, j.Error, "gave up after 4 attempts")
		require.Contains(t, j.Error, "input/output error")
		require.Equal(t, j, w.get(id))
	})
}

func TestRunFails(t *testing.T) {
	for _, test := range []struct {
		name     string
		text     string
		settings job.Settings
		says     string
	}{
		{"no header", "a,b\n1,2\n", job.Settings{}, "no known column name"},
		{"too many rejects", "sku,name\n1,\n2,\n3,x\n", job.Settings{MaxRejects: "1"}, "too many rejected records"},
		{"unwanted columns", "sku,name,color\n1,a,b\n", job.Settings{Extra: "reject"}, "color"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.submitAnyhow(test.text, test.settings)
			j := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
			require.Equal(t, job.Failure, j.State, "it is not tried again")
			require.Contains(t, j.Error, test.says)
			require.Equal(t, progress.Counts{}, j.Event.Counts)
			require.Empty(t, w.table(), "nothing is written")
		})
	}
	t.Run("a store that refuses", func(t *testing.T) {
		w := newWorld(t)
		w.submit(catalogue(1, 200), job.Settings{})
		store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
			next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			if b.Number == 4 {
				return nil, errors.New("no such table")
			}
			return next(ctx, b)
		}}
		j := w.work(w.runner(nil, nil, store, job.RunnerOptions{Writers: 1}))
		require.Equal(t, job.Failure, j.State)
		require.Contains(t, j.Error, "no such table")
		require.Contains(t, j.Error, "batch 4, lines")
		require.EqualValues(t, len(w.table()), j.Event.Created, "it states what was committed")
		require.Positive(t, j.Event.Created)
	})
}

func TestRunDry(t *testing.T) {
	text := catalogue(2, 300)
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		want := undisturbed(t, text, job.Settings{Mode: mode})
		w := newWorld(t)
		w.before()
		before := w.table()
		w.submit(text, job.Settings{Mode: mode, DryRun: true})
		j := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		require.Equal(t, job.Success, j.State)
		require.Equal(t, want.counts, j.Event.Counts, "a dry run counts as the real one does")
		require.Equal(t, want.rejects, j.Rejects)
		require.Equal(t, before, w.table(), "a dry run writes nothing")
	}
}

// cut gives uploads that are not what they were.
type cut struct {
	job.Uploads
	opens atomic.Int64
	wrap  func(open int64, r io.Reader) io.Reader
}

func (c *cut) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	r, err := c.Uploads.Open(ctx, key, offset, n)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{c.wrap(c.opens.Add(1), r), r}, nil
}

func TestRunUploads(t *testing.T) {
	// Longer than what is kept in memory, so that it is read twice.
	text := strings.ReplaceAll(catalogue(1, 200), "text\n", strings.Repeat("more text ", 1_000)+"\n")
	broken := errors.New("connection reset by peer")
	for _, test := range []struct {
		name string
		wrap func(open int64, r io.Reader) io.Reader
		want job.State
		says string
	}{
		{"is too short", func(_ int64, r io.Reader) io.Reader { return io.LimitReader(r, 100) }, job.Failure,
			"damaged"},
		{"is too long", func(_ int64, r io.Reader) io.Reader { return io.MultiReader(r, strings.NewReader("x,y\n")) },
			job.Failure, "damaged"},
		{"changes", func(open int64, r io.Reader) io.Reader {
			if open == 2 {
				return strings.NewReader(strings.Replace(text, "name 1", "name 2", 1))
			}
			return r
		}, job.Failure, "the source changed"},
		{"can't be read now", func(open int64, r io.Reader) io.Reader {
			if open == 2 {
				return io.MultiReader(io.LimitReader(r, 4_000), failing{broken})
			}
			return r
		}, job.Pending, "connection reset by peer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.submit(text, job.Settings{})
			j := w.work(w.runner(nil, &cut{Uploads: w.db.Uploads(), wrap: test.wrap}, nil, job.RunnerOptions{}))
			require.Equal(t, test.want, j.State, j.Error)
			require.Contains(t, j.Error, test.says)
		})
	}
	t.Run("is gone", func(t *testing.T) {
		w := newWorld(t)
		submitted := w.submit(text, job.Settings{})
		require.NoError(t, w.db.Uploads().Delete(t.Context(), submitted.Upload))
		j := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		require.Equal(t, job.Failure, j.State, "a file that is gone doesn't come back")
		require.Contains(t, j.Error, "not found")
	})
	t.Run("was deleted", func(t *testing.T) {
		w := newWorld(t)
		submitted := w.submit(text, job.Settings{})
		require.NoError(t, w.db.Jobs().DropUpload(t.Context(), submitted.ID))
		d, err := job.NewDir(t.TempDir())
		require.NoError(t, err)
		j := w.work(w.runner(nil, d, nil, job.RunnerOptions{}))
		require.Equal(t, job.Failure, j.State, "a file that was deleted doesn't come back")
		require.Contains(t, j.Error, "not found")
	})
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// flaky is a store of jobs whose Finish can't be reached for a while.
type flaky struct {
	job.Store
	fails atomic.Int64
}

func (f *flaky) Finish(ctx context.Context, claim *job.Claim, state job.State, reason string,
	update *job.Update) (job.Job, error) {
	if f.fails.Add(-1) >= 0 {
		return job.Job{}, products.ErrUnavailable
	}
	return f.Store.Finish(ctx, claim, state, reason, update)
}

func TestRunInsistsOnTheEnd(t *testing.T) {
	for _, test := range []struct {
		fails int64
		lost  bool
	}{{3, false}, {1_000, true}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			id := w.submit(catalogue(1, 100), job.Settings{}).ID
			jobs := &flaky{Store: w.db.Jobs()}
			jobs.fails.Store(test.fails)
			r := w.runner(jobs, nil, nil, job.RunnerOptions{})
			began := time.Now()
			_, err := r.Run(t.Context(), w.claim(r), nil)
			require.LessOrEqual(t, time.Since(began), 20*time.Second)
			if test.lost {
				require.ErrorIs(t, err, products.ErrUnavailable)
				time.Sleep(16 * time.Second)
				w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
			} else {
				require.NoError(t, err)
			}
			w.outcome(id)
		})
	}
}

// TestRunEndsWithItsContext gives the job back without waiting for the batches.
func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.submit(catalogue(1, 400), job.Settings{})
		r := w.runner(nil, nil, w.slow(), job.RunnerOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), 333*time.Millisecond)
		defer cancel()
		began := time.Now()
		j, err := r.Run(ctx, w.claim(r), nil)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(began), time.Second)
		require.Equal(t, job.Pending, j.State)
		require.Zero(t, j.Attempts)
		require.Equal(t, job.Success, w.work(w.runner(nil, nil, nil, job.RunnerOptions{})).State,
			"the next one goes on at once")
	})
}

func TestRunNotifies(t *testing.T) {
	w := newWorld(t)
	w.submit(catalogue(1, 100), job.Settings{})
	n := &notifier{}
	var made []string
	j := w.work(w.runner(nil, nil, nil,
		job.RunnerOptions{Writers: 1, Notifier: func(j job.Job) importer.WebhookNotifier {
			made = append(made, j.ID)
			return n
		}}))
	require.Equal(t, []string{j.ID}, made)
	require.EqualValues(t, j.Event.Created, n.created)
}

type notifier struct{ created int }

func (n *notifier) NotifyBatch(_ context.Context, changes importer.Changes) error {
	n.created += len(changes.Created)
	return nil
}
