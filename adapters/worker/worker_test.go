package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// world is what servers and workers share, and how slow it is.
type world struct {
	t       *testing.T
	db      *memory.DB
	service *job.Service
	batch   time.Duration // that each batch takes
	busy    atomic.Int64  // batches at this moment
	busiest atomic.Int64
	files   int // submitted
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: memory.New(memory.Options{}), batch: 100 * time.Millisecond}
	var err error
	w.service, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	return w
}

// KeyRule is the store's.
func (w *world) KeyRule() products.KeyRule { return w.db.Products().KeyRule() }

func (w *world) Schema() *products.Schema { return w.db.Products().Schema() }

// WriteBatch takes its time.
func (w *world) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	now := w.busy.Add(1)
	defer w.busy.Add(-1)
	for most := w.busiest.Load(); now > most && !w.busiest.CompareAndSwap(most, now); most = w.busiest.Load() {
	}
	select {
	case <-time.After(w.batch):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return w.db.Products().WriteBatch(ctx, b)
}

// RevertBatch takes no time.
func (w *world) RevertBatch(ctx context.Context, b *products.RevertBatch) (*products.BatchResult, error) {
	return w.db.Products().RevertBatch(ctx, b)
}

var _ importer.Store = (*world)(nil)

// submit makes a job of n new products, in batches of 10.
func (w *world) submit(n int) string {
	w.t.Helper()
	w.files++
	var text strings.Builder
	text.WriteString("sku,name\n")
	for i := range n {
		fmt.Fprintf(&text, "%d-%d,name\n", w.files, i)
	}
	j, _, err := w.service.Submit(w.t.Context(), job.Request{Settings: job.Settings{BatchRecords: 10}},
		strings.NewReader(text.String()))
	require.NoError(w.t, err)
	return j.ID
}

func (w *world) get(id string) job.Job {
	w.t.Helper()
	j, err := w.service.Get(w.t.Context(), id)
	require.NoError(w.t, err)
	return j
}

// running is a worker that runs.
type running struct {
	*worker.Worker
	stop context.CancelFunc
	done chan error
}

// begin begins a worker. jobs may be nil, for the world's.
func (w *world) begin(jobs job.Store, options worker.Options) *running {
	w.t.Helper()
	if jobs == nil {
		jobs = w.db.Jobs()
	}
	r, err := job.NewRunner(jobs, w.db.Uploads(), w, job.RunnerOptions{Writers: 1})
	require.NoError(w.t, err)
	one, err := worker.New(r, options)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	running := &running{one, cancel, make(chan error, 1)}
	go func() { running.done <- one.Run(ctx) }()
	synctest.Wait()
	return running
}

// end ends the worker and returns how long that took.
func (r *running) end(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	r.stop()
	require.NoError(t, <-r.done)
	return time.Since(began)
}

func TestNew(t *testing.T) {
	w := newWorld(t)
	r, err := job.NewRunner(w.db.Jobs(), w.db.Uploads(), w, job.RunnerOptions{})
	require.NoError(t, err)
	for _, test := range []struct {
		options worker.Options
		says    string
	}{
		{worker.Options{Concurrency: -1}, "Options.Concurrency"},
		{worker.Options{Poll: 1}, "Options.Poll"},
		{worker.Options{DrainTimeout: -1}, "Options.DrainTimeout"},
		{worker.Options{PruneEvery: time.Second}, "Options.PruneEvery"},
		{worker.Options{Retention: -1}, "Options.Retention"},
		{worker.Options{Name: strings.Repeat("x", 101)}, "Options.Name"},
	} {
		_, err := worker.New(r, test.options)
		require.ErrorContains(t, err, test.says)
	}
	_, err = worker.New(nil, worker.Options{})
	require.ErrorContains(t, err, "Options.Dispatcher")
	a, err := worker.New(r, worker.Options{})
	require.NoError(t, err)
	b, err := worker.New(r, worker.Options{})
	require.NoError(t, err)
	require.NotEqual(t, a.Name(), b.Name(), "workers have names of their own")
	require.Error(t, a.Healthy(), "a worker that doesn't run is not healthy")
}

func textLogger(to io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }

func TestWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var log bytes.Buffer
		one := w.begin(nil, worker.Options{Concurrency: 3, Name: "worker-7", Logger: textLogger(&log)})
		var ids []string
		for range 8 {
			ids = append(ids, w.submit(50))
		}
		bad, _, err := w.service.Submit(t.Context(), job.Request{Settings: job.Settings{MaxRejects: "0"}},
			strings.NewReader("sku,name\n1,\n"))
		require.NoError(t, err)
		time.Sleep(time.Second / 4)
		require.EqualValues(t, 3, one.Stats().Running)
		require.NoError(t, one.Healthy())
		time.Sleep(10 * time.Second)
		for _, id := range ids {
			require.Equal(t, job.Success, w.get(id).State)
		}
		require.Equal(t, job.Failure, w.get(bad.ID).State)
		require.EqualValues(t, 3, w.busiest.Load(), "so many imports at a time, and no more")
		require.Equal(t, worker.Stats{Claimed: 9, Success: 8, Failure: 1}, one.Stats())
		one.end(t)
		require.Error(t, one.Healthy())
		for _, says := range []string{"worker=worker-7", "job=" + ids[0], "state=SUCCESS", "counts.created=50", "took=",
			"state=FAILURE", "too many rejected records"} {
			require.Contains(t, log.String(), says)
		}
	})
}

// TestCountsOfAnUndo: its line says what was deleted, and what was kept.
func TestCountsOfAnUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var log bytes.Buffer
		one := w.begin(nil, worker.Options{Logger: textLogger(&log)})
		imported, _, err := w.service.Submit(t.Context(), job.Request{Settings: job.Settings{Changes: job.ChangesAll}},
			strings.NewReader("sku,name\na,n\nb,n\nc,n\n"))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		_, err = w.db.Products().Update(t.Context(), 2, 0, products.Patch{Name: new("changed")})
		require.NoError(t, err)
		_, _, err = w.service.Undo(t.Context(), imported.ID, job.UndoRequest{})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		one.end(t)
		require.Contains(t, log.String(), "counts.deleted=0 counts.kept=0")
		require.Contains(t, log.String(), "counts.deleted=2 counts.kept=1")
	})
}

func TestWokenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.begin(nil, worker.Options{Poll: 24 * time.Hour})
		id := w.submit(10)
		time.Sleep(time.Second)
		require.Equal(t, job.Success, w.get(id).State, "a job that comes is begun at once")
		one.end(t)
	})
}

// silent is a store that wakes nobody, and may be out of reach.
type silent struct {
	job.Store
	down   atomic.Bool
	claims atomic.Int64
}

func (*silent) Wake(context.Context) <-chan struct{} { return nil }

func (s *silent) Claim(ctx context.Context, name string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
	s.claims.Add(1)
	if s.down.Load() {
		return nil, fmt.Errorf("dial: %w", products.ErrUnavailable)
	}
	return s.Store.Claim(ctx, name, lease, maxAttempts)
}

func (s *silent) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (job.Job, error) {
	if s.down.Load() {
		return job.Job{}, products.ErrUnavailable
	}
	return s.Store.Release(ctx, claim, failed, reason, delay)
}

func TestPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		jobs := &silent{Store: w.db.Jobs()}
		one := w.begin(jobs, worker.Options{Poll: time.Second})
		time.Sleep(100 * time.Second)
		require.InDelta(t, 100, jobs.claims.Load(), 25, "an idle worker looks about once per interval")
		id := w.submit(10)
		time.Sleep(2 * time.Second)
		require.Equal(t, job.Success, w.get(id).State)
		one.end(t)
	})
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		jobs := &silent{Store: w.db.Jobs()}
		jobs.down.Store(true)
		one := w.begin(jobs, worker.Options{})
		id := w.submit(10)
		time.Sleep(10 * time.Minute)
		require.ErrorIs(t, one.Healthy(), products.ErrUnavailable)
		require.Less(t, jobs.claims.Load(), int64(70), "a store that fails is asked less and less often")
		require.Equal(t, jobs.claims.Load(), one.Stats().Outages)
		jobs.down.Store(false)
		// The pause is 19 s at most; then other workers get half a lease, 7.5 s, to return to their jobs.
		time.Sleep(30 * time.Second)
		require.NoError(t, one.Healthy())
		require.Equal(t, job.Success, w.get(id).State, "the worker goes on once the store is back")
		one.end(t)
	})
}

// insistent is a store that wakes workers all the time.
type insistent struct{ silent }

func (*insistent) Wake(context.Context) <-chan struct{} {
	c := make(chan struct{}, 1_000)
	for range cap(c) {
		c <- struct{}{}
	}
	return c
}

func TestOutageIsNotHurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		jobs := &insistent{silent{Store: w.db.Jobs()}}
		jobs.down.Store(true)
		one := w.begin(jobs, worker.Options{})
		time.Sleep(time.Minute)
		require.Less(t, jobs.claims.Load(), int64(15), "hints don't make a worker ask a store more often that fails")
		one.end(t)
	})
}

func TestDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.begin(nil, worker.Options{Concurrency: 2})
		ids := []string{w.submit(200), w.submit(200), w.submit(200)}
		time.Sleep(350 * time.Millisecond)
		require.LessOrEqual(t, one.end(t), 200*time.Millisecond, "the batches in hand are all that is waited for")
		require.Equal(t, worker.Stats{Claimed: 2, Released: 2}, one.Stats())
		for _, id := range ids {
			j := w.get(id)
			require.Equal(t, job.Pending, j.State)
			require.Zero(t, j.Attempts, "giving back is no failed attempt")
		}
		two := w.begin(nil, worker.Options{})
		require.EqualValues(t, 1, two.Stats().Running, "the next worker goes on at once")
		time.Sleep(20 * time.Second)
		two.end(t)
		for _, id := range ids {
			j := w.get(id)
			require.Equal(t, job.Success, j.State)
			require.EqualValues(t, 200, j.Event.Created)
		}
	})
}

// departing is a store of jobs whose worker is told to stop while it claims one.
type departing struct {
	job.Store
	stop context.CancelFunc
}

func (d *departing) Claim(ctx context.Context, name string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
	claim, err := d.Store.Claim(ctx, name, lease, maxAttempts)
	if claim != nil {
		d.stop()
	}
	return claim, err
}

// TestGivesBackWhatItClaimedLast: a job that was claimed when the worker was told to stop doesn't wait for its lease.
func TestGivesBackWhatItClaimedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		jobs := &departing{Store: w.db.Jobs()}
		r := w.begin(jobs, worker.Options{})
		jobs.stop = r.stop
		id := w.submit(100)
		require.NoError(t, <-r.done)
		require.Equal(t, job.Pending, w.get(id).State)
		require.Zero(t, w.get(id).Attempts)
		require.Zero(t, w.busiest.Load(), "nothing was begun")
		require.EqualValues(t, 1, r.Stats().Released)
	})
}

func TestDrainsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.batch = time.Hour
		one := w.begin(nil, worker.Options{})
		id := w.submit(20)
		time.Sleep(time.Minute)
		took := one.end(t)
		require.GreaterOrEqual(t, took, 7*time.Second, "the batch in hand is waited for")
		require.LessOrEqual(t, took, 10*time.Second, "but not for ever")
		j := w.get(id)
		require.Equal(t, job.Pending, j.State, "the job is given back all the same")
		require.Zero(t, j.Attempts)
	})
}

func TestDrainsWithoutItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		jobs := &silent{Store: w.db.Jobs()}
		id := w.submit(200)
		one := w.begin(jobs, worker.Options{})
		time.Sleep(250 * time.Millisecond)
		jobs.down.Store(true)
		began := time.Now()
		one.stop()
		err := <-one.done
		require.ErrorIs(t, err, products.ErrUnavailable)
		require.ErrorContains(t, err, id)
		require.LessOrEqual(t, time.Since(began), 10*time.Second)
		require.EqualValues(t, 1, one.Stats().Lost)
		time.Sleep(15 * time.Second)
		two := w.begin(nil, worker.Options{})
		time.Sleep(10 * time.Second)
		two.end(t)
		require.Equal(t, job.Success, w.get(id).State, "the job is taken over once its lease has run out")
	})
}

func TestManyWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var ids []string
		for range 20 {
			ids = append(ids, w.submit(20))
		}
		var workers []*running
		for range 4 {
			workers = append(workers, w.begin(nil, worker.Options{Concurrency: 2}))
		}
		time.Sleep(30 * time.Second)
		var done int64
		for _, one := range workers {
			done += one.Stats().Success
			one.end(t)
		}
		require.EqualValues(t, len(ids), done, "each job is done once")
		page, err := w.db.Products().List(t.Context(), products.Query{})
		require.NoError(t, err)
		require.EqualValues(t, 400, page.Count)
	})
}

func TestRunsOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.begin(nil, worker.Options{})
		require.Error(t, one.Run(t.Context()))
		require.NoError(t, one.Healthy(), "the one that runs goes on")
		one.end(t)
	})
}

// historyPruner has so many entries that are old.
type historyPruner struct{ old int }

func (h *historyPruner) PruneHistory(_ context.Context, age time.Duration, limit int) (int, error) {
	if age != 90*24*time.Hour {
		return 0, errors.New("not the age that it should be")
	}
	n := min(h.old, limit)
	h.old -= n
	return n, nil
}

// TestPruneHistory: what is old of the history goes in batches, until nothing is left.
func TestPruneHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &historyPruner{old: 2_500}
		var log bytes.Buffer
		one := w.begin(nil, worker.Options{HistoryPruner: h, Logger: textLogger(&log)})
		time.Sleep(time.Minute)
		one.end(t)
		require.Zero(t, h.old)
		require.Contains(t, log.String(), "history=2500")
	})
}

// jobPruner counts its calls.
type jobPruner struct {
	calls     atomic.Int64
	retention time.Duration
}

func (h *jobPruner) Prune(_ context.Context, retention time.Duration) (job.Pruned, error) {
	h.retention = retention
	if h.calls.Add(1)%2 == 0 {
		return job.Pruned{}, errors.New("out of reach")
	}
	return job.Pruned{Jobs: 3}, nil
}

func TestKeepsHouse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &jobPruner{}
		one := w.begin(nil, worker.Options{JobPruner: h, Retention: 24 * time.Hour})
		time.Sleep(100 * time.Hour)
		require.NoError(t, one.Healthy(), "housekeeping that fails is no illness")
		one.end(t)
		require.InDelta(t, 100, h.calls.Load(), 26, "about once an hour, also after it failed")
		require.Equal(t, 24*time.Hour, h.retention)
	})
}

// TestKeepsHouseSoon: a process that ends after a minute has kept house.
func TestKeepsHouseSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &jobPruner{}
		var log bytes.Buffer
		one := w.begin(nil, worker.Options{JobPruner: h, Logger: textLogger(&log)})
		time.Sleep(4 * time.Second)
		require.Zero(t, h.calls.Load(), "not while it starts")
		time.Sleep(12 * time.Second)
		require.EqualValues(t, 1, h.calls.Load())
		time.Sleep(30 * time.Minute)
		require.EqualValues(t, 1, h.calls.Load(), "one call was enough")
		one.end(t)
		require.Equal(t, 1, strings.Count(log.String(), "housekeeping"))
		require.Contains(t, log.String(), "jobs=3 uploads=0 deliveries=0 history=0 took=0s more=false")
	})
}

// backlog is so long that Prune is broken off before its end, five times.
type backlog struct{ calls int }

func (b *backlog) Prune(ctx context.Context) (int64, error) {
	if b.calls++; b.calls > 5 {
		return 1, nil
	}
	<-ctx.Done()
	return 1_000, fmt.Errorf("broken off: %w", products.ErrUnavailable)
}

// TestCatchesUp: what a round doesn't manage comes in the next ones, not an hour later, and jobs get their turn too.
func TestCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, b := &jobPruner{}, &backlog{}
		var log bytes.Buffer
		one := w.begin(nil, worker.Options{JobPruner: h, WebhookPruner: b, Logger: textLogger(&log)})
		time.Sleep(5 * time.Minute)
		one.end(t)
		require.Equal(t, 6, b.calls)
		require.EqualValues(t, 6, h.calls.Load())
		require.Equal(t, 5, strings.Count(log.String(), "deliveries=1000 history=0 took=30s more=true"))
		require.Equal(t, 1, strings.Count(log.String(), "deliveries=1 history=0 took=0s more=false"))
		require.NotContains(t, log.String(), "broken off", "that is no failure")
	})
}
