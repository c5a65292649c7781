package job_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"strings"
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

// outcome is what an import leaves.
type outcome struct {
	table      map[string]products.Product
	counts     progress.Counts
	inherited  int64
	bytes      int64
	rejects    map[importer.Code]int64
	file       string // of rejects
	superseded string // likewise
	skipped    string // likewise, where it is kept
	dialect    importer.Dialect
}

// before is in the store when the imports of these tests begin.
func (w *world) before() {
	w.t.Helper()
	w.submit(catalogue(1, 150), job.Settings{})
	require.Equal(w.t, job.Success, w.work(w.runner(nil, nil, nil, job.RunnerOptions{})).State)
}

// outcome makes sure that the job is a success, and returns what is left.
func (w *world) outcome(id string) outcome {
	w.t.Helper()
	j := w.get(id)
	require.Equal(w.t, job.Success, j.State, j.Error)
	require.Equal(w.t, progress.Done, j.Event.Phase)
	c := j.Event.Counts
	require.Equal(w.t, c.Read, c.Created+c.Updated+c.Unchanged+c.Skipped+c.Superseded+c.Rejected)
	require.NotNil(w.t, j.Dialect)
	var superseded bytes.Buffer
	require.NoError(w.t, w.service.Superseded(w.t.Context(), id, &superseded))
	require.Equal(w.t, int(c.Superseded)+1, strings.Count(superseded.String(), "\n"), "each superseded record is named")
	var skipped bytes.Buffer
	err := w.service.Skipped(w.t.Context(), id, &skipped)
	if j.Settings.Mode == products.Existing {
		require.NoError(w.t, err)
		require.Equal(w.t, int(c.Skipped)+1, strings.Count(skipped.String(), "\n"), "each skipped record is named")
	} else {
		require.ErrorIs(w.t, err, job.ErrNotKept)
	}
	return outcome{w.table(), c, j.Event.Inherited, j.Event.Bytes, j.Rejects, w.rejects(id), superseded.String(),
		skipped.String(), *j.Dialect}
}

// undisturbed is what an import leaves to which nothing happens.
func undisturbed(t *testing.T, text string, settings job.Settings) outcome {
	t.Helper()
	w := newWorld(t)
	w.before()
	id := w.submit(text, settings).ID
	w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
	return w.outcome(id)
}

// killing is a store of products that kills its process at the batch that is committed as number at.
func killing(w *world, at int64, afterCommit bool, kill func()) *stub {
	var commits atomic.Int64
	return &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
		next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
		own := *b
		own.BeforeCommit = func(ctx context.Context, r *products.BatchResult) error {
			mine := commits.Add(1) == at
			if mine && !afterCommit {
				kill()
			}
			err := b.BeforeCommit(ctx, r)
			if mine && afterCommit {
				kill() // the commit goes through, and nobody hears of it
			}
			return err
		}
		return next(context.WithoutCancel(ctx), &own)
	}}
}

// TestCrash kills the worker at every batch, before and after its commit, and lets another one go on.
func TestCrash(t *testing.T) { testCrash(t, math.MaxInt64) }

// TestCrashOfTheLarge does so with what the check found kept, as it is of large files.
func TestCrashOfTheLarge(t *testing.T) { testCrash(t, 1) }

func testCrash(t *testing.T, checksFrom int64) {
	for _, c := range []struct {
		mode     products.Mode
		text     string
		inherits bool
	}{
		{products.Ignore, catalogue(2, 500), false}, {products.Update, catalogue(2, 500), false},
		{products.Existing, catalogue(2, 500), false},
		{products.Ignore, variants(2, 700), true}, {products.Update, variants(2, 700), true},
	} {
		settings := job.Settings{Mode: c.mode}
		want := undisturbed(t, c.text, settings)
		require.Equal(t, c.inherits, want.inherited > 0)
		require.NotEmpty(t, want.rejects)
		require.Positive(t, want.counts.Superseded)
		require.Equal(t, c.mode != products.Update, want.counts.Skipped > 0)
		for _, afterCommit := range []bool{false, true} {
			crashes := 0
			for at := int64(1); ; at++ {
				died := false
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.before()
					id := w.submit(c.text, settings).ID
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					process := &mortal{Store: w.db.Jobs()}
					store := killing(w, at, afterCommit, func() { process.dead.Store(true); cancel() })
					first := w.runner(process, nil, store, job.RunnerOptions{})
					first.ChecksFrom(checksFrom)
					if _, err := first.Run(ctx, w.claim(first), nil); err == nil {
						require.False(t, process.dead.Load(), "a dead process ends no job")
						return // there was no such batch
					}
					died = true
					second := w.runner(nil, nil, nil, job.RunnerOptions{})
					second.ChecksFrom(checksFrom)
					claim, err := second.Claim(t.Context(), "second")
					require.NoError(t, err)
					require.Nil(t, claim, "the lease has not run out")
					time.Sleep(16 * time.Second)
					j := w.work(second)
					require.Equal(t, 1, j.Attempts, "a worker that vanished is a failed attempt")
					require.Equal(t, want, w.outcome(id), "%v, crash at batch %d, after its commit: %v", c.mode, at,
						afterCommit)
				})
				if !died {
					break
				}
				crashes++
			}
			require.Greater(t, crashes, 10, "the test is about many batches")
		}
	}
}

// TestCrashAgainAndAgain kills one worker after the other: an import that gets on is never given up.
func TestCrashAgainAndAgain(t *testing.T) {
	text := catalogue(3, 400)
	want := undisturbed(t, text, job.Settings{Mode: products.Update})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.before()
		id := w.submit(text, job.Settings{Mode: products.Update}).ID
		deaths := 0
		for w.get(id).State != job.Success {
			ctx, cancel := context.WithCancel(t.Context())
			process := &mortal{Store: w.db.Jobs()}
			r := w.runner(process, nil, killing(w, 2, false, func() { process.dead.Store(true); cancel() }),
				job.RunnerOptions{MaxAttempts: 2})
			if _, err := r.Run(ctx, w.claim(r), nil); err != nil {
				deaths++
				time.Sleep(16 * time.Second)
			}
			cancel()
		}
		require.Greater(t, deaths, 5)
		require.Equal(t, want, w.outcome(id))
	})
}

// watched is a store of jobs that calls look when something was told of one.
type watched struct {
	job.Store
	look func()
}

func (s *watched) Renew(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
	cancel, err := s.Store.Renew(ctx, claim, lease, update)
	s.look()
	return cancel, err
}

// TestNothingGoesBack watches an import whose workers are killed one after the other: a new one checks the file again,
// but what is told of the import never goes back.
func TestNothingGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit(catalogue(3, 900), job.Settings{}).ID
		slow := &cut{Uploads: w.db.Uploads(), wrap: func(_ int64, r io.Reader) io.Reader {
			return readFunc(func(p []byte) (int, error) {
				time.Sleep(100 * time.Millisecond) // so that a check is seen
				return r.Read(p)
			})
		}}
		last, checks := w.get(id), 0
		look := func() {
			now := w.get(id)
			assert.GreaterOrEqual(t, now.Event.Percent(), last.Event.Percent())
			assert.GreaterOrEqual(t, now.Event.Read, last.Event.Read)
			assert.GreaterOrEqual(t, now.Event.Created, last.Event.Created)
			assert.GreaterOrEqual(t, now.Event.Superseded, last.Event.Superseded)
			if last.Event.Phase == progress.Importing && now.Event.Phase == progress.Checking {
				checks++
			}
			last = now
		}
		for !last.State.Final() {
			ctx, cancel := context.WithCancel(t.Context())
			process := &mortal{Store: &watched{w.db.Jobs(), look}}
			store := killing(w, 5, false, func() { process.dead.Store(true); cancel() })
			store.Store = w.slow()
			r := w.runner(process, slow, store, job.RunnerOptions{})
			claim := w.claim(r)
			look()
			if _, err := r.Run(ctx, claim, nil); err != nil {
				time.Sleep(16 * time.Second)
			}
			look()
			cancel()
		}
		require.Greater(t, checks, 3, "it was checked again")
		require.InDelta(t, 100, last.Event.Percent(), 0)
	})
}

// TestDrain stops one worker after the other: what is in hand is committed, and the next one goes on at once.
func TestDrain(t *testing.T) {
	text := catalogue(4, 900)
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		want := undisturbed(t, text, job.Settings{Mode: mode})
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.before()
			id := w.submit(text, job.Settings{Mode: mode}).ID
			drains, created := 0, int64(0)
			for w.get(id).State != job.Success {
				stop := make(chan struct{})
				r := w.runner(nil, nil, w.slow(), job.RunnerOptions{MaxAttempts: 1})
				time.AfterFunc(250*time.Millisecond, func() { close(stop) })
				j, err := r.Run(t.Context(), w.claim(r), stop)
				require.NoError(t, err)
				require.Zero(t, j.Attempts)
				require.Empty(t, j.Error)
				if j.State == job.Pending {
					drains++
					now := int64(len(w.table()))
					require.Greater(t, now, created, "the batches in hand are committed")
					created = now
				}
			}
			require.Greater(t, drains, 2)
			require.Equal(t, want, w.outcome(id))
		})
	}
}
