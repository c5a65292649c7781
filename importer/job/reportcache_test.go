package job_test

import (
	"bytes"
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

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
)

// sweptUploads is a place for uploads that can be swept.
type sweptUploads interface {
	job.Uploads
	job.Sweeper
}

// countedUploads counts how often uploads are opened, and may refuse new ones.
type countedUploads struct {
	sweptUploads
	opened sync.Map // key -> *atomic.Int64
	put    func(ctx context.Context, key string, r io.Reader) (int64, error)
}

func (u *countedUploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	count, _ := u.opened.LoadOrStore(key, &atomic.Int64{})
	count.(*atomic.Int64).Add(1)
	return u.sweptUploads.Open(ctx, key, offset, n)
}

func (u *countedUploads) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if u.put != nil {
		return u.put(ctx, key, r)
	}
	return u.sweptUploads.Put(ctx, key, r)
}

// opens is how often the upload was opened since it was asked for last.
func (u *countedUploads) opens(key string) int {
	if count, ok := u.opened.Load(key); ok {
		return int(count.(*atomic.Int64).Swap(0))
	}
	return 0
}

// keys lists all uploads.
func (u *countedUploads) keys(t *testing.T) []string {
	t.Helper()
	keys, err := u.Sweep(t.Context(), -time.Hour)
	require.NoError(t, err)
	return keys
}

// reports are a service over counted uploads and a job of it that has ended.
type reports struct {
	*world
	uploads *countedUploads
	job     job.Job
}

// newReports imports the text into a world with these uploads, nil for those in memory.
func newReports(t *testing.T, uploads sweptUploads, text string) *reports {
	t.Helper()
	r := &reports{world: newWorld(t), uploads: &countedUploads{sweptUploads: uploads}}
	if uploads == nil {
		r.uploads.sweptUploads = r.db.Uploads()
	}
	r.service = r.newService()
	r.job = r.ended(text)
	return r
}

func (r *reports) newService() *job.Service {
	r.t.Helper()
	service, err := job.NewService(r.db.Jobs(), r.uploads, job.ServiceOptions{})
	require.NoError(r.t, err)
	return service
}

// ended imports the text.
func (r *reports) ended(text string) job.Job {
	r.t.Helper()
	id := r.submit(text, job.Settings{}).ID
	done := r.work(r.runner(nil, r.uploads, nil, job.RunnerOptions{}))
	require.Equal(r.t, id, done.ID)
	require.Equal(r.t, job.Success, done.State, done.Error)
	r.uploads.opens(done.Upload)
	return done
}

// superseded is the file of superseded records.
func (r *reports) superseded(id string) string {
	r.t.Helper()
	var b bytes.Buffer
	require.NoError(r.t, r.service.Superseded(r.t.Context(), id, &b))
	return b.String()
}

func TestReportsAreKept(t *testing.T) {
	dir, err := job.NewDir(t.TempDir())
	require.NoError(t, err)
	for name, uploads := range map[string]sweptUploads{"memory": nil, "directory": dir} {
		t.Run(name, func(t *testing.T) {
			w := newReports(t, uploads, catalogue(3, 5_000))
			rejects, superseded := w.rejects(w.job.ID), w.superseded(w.job.ID)
			require.Greater(t, strings.Count(rejects, "\n"), 100)
			require.Greater(t, strings.Count(superseded, "\n"), 100)
			require.Equal(t, 2, w.uploads.opens(w.job.Upload), "the file is read to make the reports")
			require.ElementsMatch(t, []string{w.job.Upload, w.job.ID + "-rejects", w.job.ID + "-superseded"},
				w.uploads.keys(t))
			for _, service := range []*job.Service{w.service, w.newService()} {
				w.service = service // another process's
				require.Equal(t, rejects, w.rejects(w.job.ID))
				require.Equal(t, superseded, w.superseded(w.job.ID))
				require.Zero(t, w.uploads.opens(w.job.Upload), "the file is not read again")
			}

			sound := w.ended("sku,name\n1,a\n")
			for _, opens := range []int{1, 0} {
				require.Empty(t, w.rejects(sound.ID))
				require.Equal(t, opens, w.uploads.opens(sound.Upload), "an empty report is kept too")
			}
			waits := w.submit("sku,name\n1,\n", job.Settings{})
			for range 2 {
				require.Contains(t, w.rejects(waits.ID), "name must not be empty")
				require.Equal(t, 1, w.uploads.opens(waits.Upload), "of a job that goes on nothing is kept")
			}
		})
	}
}

// TestReportsOfDamagedCopies: what was kept and can't be read is made again.
func TestReportsOfDamagedCopies(t *testing.T) {
	w := newReports(t, nil, catalogue(3, 1_000))
	_, err := w.uploads.Put(t.Context(), w.job.ID+"-rejects", strings.NewReader("no report"))
	require.NoError(t, err)
	require.Contains(t, w.rejects(w.job.ID), "name must not be empty")
	require.Equal(t, 1, w.uploads.opens(w.job.Upload))
}

// TestReportsThatAreBrokenOff: a client that goes away leaves nothing.
func TestReportsThatAreBrokenOff(t *testing.T) {
	w := newReports(t, nil, catalogue(3, 5_000))
	want := w.superseded(w.ended(catalogue(3, 5_000)).ID)
	before := w.uploads.keys(t)
	gone := errors.New("the client is gone")
	for _, after := range []int{0, 1, 4} {
		n := 0
		err := w.service.Superseded(t.Context(), w.job.ID, writerFunc(func(p []byte) (int, error) {
			if n++; n > after {
				return 0, gone
			}
			return len(p), nil
		}))
		require.ErrorIs(t, err, gone)
		require.ElementsMatch(t, before, w.uploads.keys(t))
	}
	for range 20 { // more than there are places
		require.Panics(t, func() {
			_ = w.service.Superseded(t.Context(), w.job.ID, writerFunc(func([]byte) (int, error) { panic(gone) }))
		})
	}
	require.ElementsMatch(t, before, w.uploads.keys(t))
	ctx, cancel := context.WithCancel(t.Context())
	err := w.service.Superseded(ctx, w.job.ID, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	require.ErrorIs(t, err, context.Canceled)
	require.ElementsMatch(t, before, w.uploads.keys(t))
	require.Equal(t, want, w.superseded(w.job.ID))
	require.Len(t, w.uploads.keys(t), len(before)+1)
}

// TestReportsThatCannotBeKept are made each time, and nobody notices.
func TestReportsThatCannotBeKept(t *testing.T) {
	reading := func(bytes int64, err error) func(context.Context, string, io.Reader) (int64, error) {
		return func(_ context.Context, _ string, r io.Reader) (int64, error) {
			_, _ = io.CopyN(io.Discard, r, bytes)
			return 0, err
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := newReports(t, nil, catalogue(3, 5_000))
		_, err := w.uploads.Put(t.Context(), w.job.ID+"-rejects", strings.NewReader("x"))
		require.NoError(t, err)
		want := w.superseded(w.ended(catalogue(3, 5_000)).ID)
		for name, put := range map[string]func(context.Context, string, io.Reader) (int64, error){
			"the key is in use":      reading(0, errors.New("in use")),
			"there is no room":       reading(0, job.ErrFull),
			"there is room for some": reading(1_000, job.ErrFull),
			"it fails at the end":    reading(1<<40, errors.New("trouble")),
			"it hangs": func(ctx context.Context, _ string, r io.Reader) (int64, error) {
				_, _ = io.Copy(io.Discard, r)
				<-ctx.Done()
				return 0, ctx.Err()
			},
		} {
			w.uploads.put = put
			began := time.Now()
			require.Equal(t, want, w.superseded(w.job.ID), name)
			require.LessOrEqual(t, time.Since(began), 10*time.Second, name)
			require.Positive(t, w.uploads.opens(w.job.Upload), name)
		}
		w.uploads.put = nil
		require.Equal(t, want, w.superseded(w.job.ID))
		require.Positive(t, w.uploads.opens(w.job.Upload))
		require.Equal(t, want, w.superseded(w.job.ID))
		require.Zero(t, w.uploads.opens(w.job.Upload), "it is kept once it can be")
	})
	t.Run("uploads that nobody sweeps", func(t *testing.T) {
		w := newReports(t, nil, catalogue(3, 1_000))
		var err error
		w.service, err = job.NewService(w.db.Jobs(), struct{ job.Uploads }{w.uploads}, job.ServiceOptions{})
		require.NoError(t, err)
		for range 2 {
			w.rejects(w.job.ID)
			require.Equal(t, 1, w.uploads.opens(w.job.Upload))
		}
		require.Len(t, w.uploads.keys(t), 1)
	})
}

// TestReportsByMany: those who ask at the same time get the whole report each, and one is kept.
func TestReportsByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // who waits for room does so for as long as the others take
		w := newReports(t, nil, catalogue(3, 5_000))
		want := w.superseded(w.ended(catalogue(3, 5_000)).ID)
		before := len(w.uploads.keys(t))
		var group sync.WaitGroup
		var got [20]bytes.Buffer
		for i := range got {
			service := w.service
			if i%2 == 1 {
				service = w.newService()
			}
			group.Go(func() {
				if err := service.Superseded(t.Context(), w.job.ID, &got[i]); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for i := range got {
			require.Equal(t, want, got[i].String())
		}
		require.Len(t, w.uploads.keys(t), before+1)
	})
}

// TestReportsThatAreKeptWaitForNobody: a copy needs no place at work.
func TestReportsThatAreKeptWaitForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newReports(t, nil, "sku,name\n1,\n")
		want := w.rejects(w.job.ID)
		waits := w.submit("sku,name\n1,\n", job.Settings{}).ID
		goOn := make(chan struct{})
		slow := func(id string) {
			if err := w.service.Rejects(t.Context(), id, writerFunc(func(p []byte) (int, error) {
				<-goOn
				return len(p), nil
			})); err != nil {
				t.Error(err)
			}
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { slow(waits) })
		}
		synctest.Wait()
		began := time.Now()
		require.Equal(t, want, w.rejects(w.job.ID))
		require.Zero(t, time.Since(began))
		for range 32 {
			group.Go(func() { slow(w.job.ID) })
		}
		synctest.Wait()
		require.ErrorIs(t, w.service.Rejects(t.Context(), w.job.ID, io.Discard), job.ErrBusy)
		close(goOn)
		group.Wait()
		require.Equal(t, want, w.rejects(w.job.ID))
	})
}

// TestReportsGo: what is kept goes when it is old, with its job, for newer ones, and where uploads find no room.
func TestReportsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newReports(t, nil, "sku,name\n1,\n")
		w.rejects(w.job.ID)
		w.superseded(w.job.ID)
		pruned, err := w.service.Prune(t.Context(), 24*time.Hour)
		require.NoError(t, err)
		require.Zero(t, pruned)
		time.Sleep(time.Hour + time.Second)
		pruned, err = w.service.Prune(t.Context(), 24*time.Hour)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{Uploads: 2}, pruned, "what is older than UploadAge goes")
		require.Equal(t, []string{w.job.Upload}, w.uploads.keys(t))

		w.rejects(w.job.ID)
		time.Sleep(time.Minute)
		_, err = w.service.Prune(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Empty(t, w.uploads.keys(t), "reports go with their job")

		first := w.ended("sku,name\n1,\n")
		w.rejects(first.ID)
		for i := range 100 {
			w.rejects(w.ended(fmt.Sprintf("sku,name\n1,\n,%d\n", i)).ID)
		}
		keys := w.uploads.keys(t)
		require.Len(t, keys, 101+100)
		require.NotContains(t, keys, first.ID+"-rejects", "the oldest goes")
		require.Contains(t, w.rejects(first.ID), "name must not be empty")
	})
	t.Run("an upload finds no room", func(t *testing.T) {
		text := catalogue(3, 2_000)
		stored := len(put(t, memory.New(memory.Options{}).Uploads(), "key", []byte(text)))
		db := memory.New(memory.Options{UploadBytes: int64(2*stored + 1_000)})
		w := newReports(t, db.Uploads(), text)
		w.superseded(w.job.ID)
		require.Len(t, w.uploads.keys(t), 2)
		other := strings.Replace(text, "name 1", "Name 1", 1)
		_, _, err := w.service.Submit(t.Context(), job.Request{}, strings.NewReader(other))
		require.ErrorIs(t, err, job.ErrFull)
		require.Equal(t, []string{w.job.Upload}, w.uploads.keys(t), "reports go where there is no room")
		_, _, err = w.service.Submit(t.Context(), job.Request{}, strings.NewReader(other))
		require.NoError(t, err, "there is room for the next one")
		w.superseded(w.job.ID)
		require.Len(t, w.uploads.keys(t), 2, "a report that finds no room is not kept")
	})
}
