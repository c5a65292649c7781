package job_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// meter keeps what it is told.
type meter struct {
	mu       sync.Mutex
	claims   []*job.Claim
	nothing  int
	outages  []error
	counts   progress.Counts
	reports  int
	left     []job.Left
	vanished []string
}

func (m *meter) Looked(claim *job.Claim, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err != nil:
		m.outages = append(m.outages, err)
	case claim == nil:
		m.nothing++
	default:
		m.claims = append(m.claims, claim)
		if claim.Vanished != "" {
			m.vanished = append(m.vanished, claim.Vanished)
		}
	}
}

func (m *meter) Committed(counts progress.Counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts.Add(counts)
	m.reports++
}

func (m *meter) Left(left job.Left) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = append(m.left, left)
}

// unreachable is a store of jobs in which nobody can look for one.
type unreachable struct{ job.Store }

func (unreachable) Claim(context.Context, string, time.Duration, int) (*job.Claim, error) {
	return nil, products.ErrUnavailable
}

// TestMeter does one import in pieces, by workers of which one is stopped and one vanishes: what was committed is told
// once.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(t), &meter{}
		options := job.RunnerOptions{Meter: m, Lease: time.Second}
		id := w.submit(catalogue(1, 2_000), job.Settings{}).ID

		stop := make(chan struct{})
		time.AfterFunc(450*time.Millisecond, func() { close(stop) })
		first := w.runner(nil, nil, w.slow(), options)
		_, err := first.Run(t.Context(), w.claim(first), stop)
		require.NoError(t, err)
		require.Len(t, m.left, 1)
		require.Equal(t, job.Pending, m.left[0].Job.State)
		require.Empty(t, m.left[0].Retry, "it was just given back")
		require.InDelta(t, 450*time.Millisecond, m.left[0].Took, float64(200*time.Millisecond))
		require.Positive(t, m.reports)
		require.Equal(t, w.get(id).Event.Counts, m.counts, "what is committed is told while the import goes on")

		dying := &mortal{Store: w.db.Jobs()}
		time.AfterFunc(450*time.Millisecond, func() { dying.dead.Store(true) })
		second := w.runner(dying, nil, w.slow(), options)
		_, err = second.Run(t.Context(), w.claim(second), nil)
		require.Error(t, err)
		require.ErrorIs(t, m.left[1].Err, err)
		require.Equal(t, id, m.left[1].Job.ID)

		time.Sleep(2 * time.Second)
		third := w.runner(nil, nil, nil, options)
		done := w.work(third)
		require.Equal(t, job.Success, done.State)
		require.Equal(t, []string{"worker"}, m.vanished)
		require.Equal(t, done, m.left[2].Job)
		require.Equal(t, done.Event.Counts, m.counts, "every record is told once")
		require.Len(t, m.claims, 3)

		none, err := third.Claim(t.Context(), "worker")
		require.NoError(t, err)
		require.Nil(t, none)
		require.Equal(t, 1, m.nothing)
		far := w.runner(unreachable{w.db.Jobs()}, nil, nil, options)
		_, err = far.Claim(t.Context(), "worker")
		require.ErrorIs(t, err, products.ErrUnavailable)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = far.Claim(ctx, "worker")
		require.Error(t, err)
		require.Len(t, m.outages, 1, "what the worker broke off itself is no outage")
	})
}

func TestMeterOfDryRuns(t *testing.T) {
	w, m := newWorld(t), &meter{}
	w.submit(catalogue(1, 100), job.Settings{DryRun: true})
	require.Equal(t, job.Success, w.work(w.runner(nil, nil, nil, job.RunnerOptions{Meter: m})).State)
	require.Zero(t, m.counts)
	require.Len(t, m.left, 1)
	require.NotEmpty(t, m.left[0].Job.Rejects, "what was rejected is known all the same")
}

// TestRetryReasons ends attempts for each of the reasons.
func TestRetryReasons(t *testing.T) {
	away := func(context.Context, *products.Batch, func(context.Context, *products.Batch) (*products.BatchResult, error)) (
		*products.BatchResult, error) {
		return nil, products.ErrUnavailable
	}
	price, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal})
	require.NoError(t, err)
	seen := []job.RetryReason{}
	for reason, work := range map[job.RetryReason]func(w *world, m *meter){
		job.RetryDatabase: func(w *world, m *meter) {
			w.submit(catalogue(1, 20), job.Settings{})
			w.work(w.runner(nil, nil, &stub{w.db.Products(), away}, job.RunnerOptions{Meter: m}))
		},
		job.RetryFields: func(w *world, m *meter) {
			service, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Fields: price})
			require.NoError(t, err)
			_, _, err = service.Submit(t.Context(), job.Request{}, strings.NewReader("sku,name,price\na,A,1\n"))
			require.NoError(t, err)
			w.work(w.runner(nil, nil, nil, job.RunnerOptions{Meter: m}))
		},
		job.RetryUpload: func(w *world, m *meter) {
			w.submit(catalogue(1, 20), job.Settings{})
			w.work(w.runner(nil, unreadable{}, nil, job.RunnerOptions{Meter: m}))
		},
		job.RetryConflict: func(w *world, m *meter) {
			w.submit(catalogue(1, 20), job.Settings{})
			w.work(w.runner(nil, nil, &stub{w.db.Products(), func(context.Context, *products.Batch,
				func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
				return nil, job.ErrCommitted
			}}, job.RunnerOptions{Meter: m}))
		},
	} {
		m := &meter{}
		work(newWorld(t), m)
		require.Len(t, m.left, 1)
		require.Equal(t, job.Pending, m.left[0].Job.State, "%s: %s", reason, m.left[0].Job.Error)
		require.Equal(t, reason, m.left[0].Retry)
		seen = append(seen, reason)
	}
	require.ElementsMatch(t, job.RetryReasons(), seen)

	m := &meter{}
	w := newWorld(t)
	w.submit(catalogue(1, 20), job.Settings{})
	w.work(w.runner(nil, unreadable{}, nil, job.RunnerOptions{Meter: m, MaxAttempts: 1}))
	require.Equal(t, job.Failure, m.left[0].Job.State)
	require.Empty(t, m.left[0].Retry, "what has ended isn't tried again")
}
