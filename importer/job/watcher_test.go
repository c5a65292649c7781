package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
)

// counting counts what it is asked.
type counting struct {
	job.Store
	many, gets, asked atomic.Int64
	down              atomic.Bool
}

func (c *counting) GetMany(ctx context.Context, ids []string) ([]job.Job, error) {
	c.many.Add(1)
	c.asked.Add(int64(len(ids)))
	if c.down.Load() {
		return nil, errDead
	}
	return c.Store.GetMany(ctx, ids)
}

func (c *counting) Get(ctx context.Context, id string) (job.Job, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, id)
}

// seen is what subscribers get in these tests.
type seen struct {
	revision int64
	state    job.State
}

// watch starts a watcher that runs until the test's bubble ends.
func watch(t *testing.T, w *world) (store *counting, watcher *job.Watcher[seen], renders *atomic.Int64) {
	t.Helper()
	store, renders = &counting{Store: w.db.Jobs()}, &atomic.Int64{}
	watcher = job.NewWatcher(store, 100*time.Millisecond, func(j job.Job) seen {
		renders.Add(1)
		return seen{j.Revision, j.State}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- watcher.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.ErrorIs(t, <-done, context.Canceled) })
	return store, watcher, renders
}

// next waits for a value, for a second at most.
func next(t *testing.T, s *progress.Subscription[seen]) seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	v, err := s.Next(ctx)
	require.NoError(t, err)
	return v
}

func TestWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		store, watcher, renders := watch(t, w)
		time.Sleep(1_050 * time.Millisecond) // not on the tick
		require.Zero(t, store.many.Load(), "nothing is asked without subscribers")
		_, err := watcher.Subscribe(t.Context(), "no-uuid")
		require.ErrorIs(t, err, job.ErrNotFound)

		j := w.submit("sku,name\n", job.Settings{})
		const n = 500
		var subscriptions [n]*progress.Subscription[seen]
		for i := range n {
			s, err := watcher.Subscribe(t.Context(), j.ID)
			require.NoError(t, err)
			require.Equal(t, seen{1, job.Pending}, next(t, s), "a subscription begins with the job as it is")
			subscriptions[i] = s
		}
		require.EqualValues(t, 2, store.gets.Load(), "the snapshot is read once for all, beside the one of no job")
		require.EqualValues(t, 1, renders.Load())
		time.Sleep(time.Second)
		require.EqualValues(t, 10, store.many.Load(), "one question per interval, whatever the number of subscribers")
		require.EqualValues(t, 10, store.asked.Load())
		require.EqualValues(t, 1, renders.Load(), "a revision is rendered once")

		claim := w.claim(w.runner(nil, nil, nil, job.RunnerOptions{}))
		for _, s := range subscriptions {
			require.Equal(t, seen{2, job.Started}, next(t, s), "every subscriber hears of it")
		}
		require.EqualValues(t, 2, renders.Load(), "a revision is rendered once")

		store.down.Store(true)
		_, err = w.db.Jobs().Finish(t.Context(), claim, job.Success, "", nil)
		require.NoError(t, err)
		time.Sleep(time.Second)
		store.down.Store(false)
		for _, s := range subscriptions {
			require.Equal(t, seen{3, job.Success}, next(t, s), "a store that fails is asked again")
		}
		asked := store.many.Load()
		time.Sleep(time.Second)
		require.Equal(t, asked, store.many.Load(), "a job that has ended is not asked about")
		late, err := watcher.Subscribe(t.Context(), j.ID)
		require.NoError(t, err)
		require.Equal(t, seen{3, job.Success}, next(t, late))
		late.Close()
		for _, s := range subscriptions {
			s.Close()
		}
		// The value went with the last subscriber.
		again, err := watcher.Subscribe(t.Context(), j.ID)
		require.NoError(t, err)
		require.Equal(t, seen{3, job.Success}, next(t, again))
		again.Close()
	})
}

// TestWatcherCrowd: the more watch, the less often they are told of progress, and of the end at once all the same.
func TestWatcherCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, watcher, _ := watch(t, w)
		j := w.submit("sku,name\n", job.Settings{})
		first, err := watcher.Subscribe(t.Context(), j.ID)
		require.NoError(t, err)
		defer first.Close()
		for range 5_000 - 1 {
			s, err := watcher.Subscribe(t.Context(), j.ID)
			require.NoError(t, err)
			defer s.Close()
		}
		require.Equal(t, seen{1, job.Pending}, next(t, first))
		time.Sleep(time.Second)
		claim := w.claim(w.runner(nil, nil, nil, job.RunnerOptions{Lease: time.Hour}))
		require.Equal(t, seen{2, job.Started}, next(t, first))

		var told int
		ctx, cancel := context.WithTimeout(t.Context(), 10_050*time.Millisecond)
		defer cancel()
		go func() {
			for ctx.Err() == nil {
				_, _ = w.db.Jobs().Renew(ctx, claim, time.Hour, &job.Update{State: job.Progress})
				time.Sleep(100 * time.Millisecond)
			}
		}()
		for {
			if _, err := first.Next(ctx); err != nil {
				break
			}
			told++
		}
		require.Equal(t, 10, told, "in ten seconds")

		_, err = w.db.Jobs().Finish(t.Context(), claim, job.Success, "", nil)
		require.NoError(t, err)
		ended := time.Now()
		require.Equal(t, job.Success, next(t, first).state)
		require.LessOrEqual(t, time.Since(ended), 100*time.Millisecond)
	})
}

// TestWatcherComings lets subscribers come and go at any moment: each of them sees the job's end.
func TestWatcherComings(t *testing.T) {
	w := newWorld(t)
	watcher := job.NewWatcher(w.db.Jobs(), time.Millisecond, func(j job.Job) seen { return seen{j.Revision, j.State} })
	ctx, cancel := context.WithCancel(t.Context())
	var watching, subscribers sync.WaitGroup
	watching.Go(func() { _ = watcher.Run(ctx) })
	defer func() { cancel(); watching.Wait() }()

	j := w.submit(catalogue(1, 100), job.Settings{})
	visit := func(until func(v seen) bool) error {
		s, err := watcher.Subscribe(t.Context(), j.ID)
		if err != nil {
			return err
		}
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for last := (seen{}); !until(last); {
			v, err := s.Next(ctx)
			if err != nil {
				return err
			}
			if v.revision < last.revision {
				return fmt.Errorf("revision %d comes after %d", v.revision, last.revision)
			}
			last = v
		}
		return nil
	}
	const n = 8
	failures := make([]error, n)
	for i := range n {
		subscribers.Go(func() {
			for range 200 {
				failures[i] = errors.Join(failures[i], visit(func(v seen) bool { return v.revision > 0 }))
			}
			failures[i] = errors.Join(failures[i], visit(func(v seen) bool { return v.state.Final() }))
		})
	}
	w.work(w.runner(nil, nil, w.slow(), job.RunnerOptions{}))
	subscribers.Wait()
	require.NoError(t, errors.Join(failures...))
}
