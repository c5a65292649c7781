package job_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// checksUploads counts what is found and put of what checks found.
type checksUploads struct {
	job.Uploads
	job.Sweeper
	found, put atomic.Int64
	places     atomic.Int64 // that were found
	read       atomic.Int64 // bytes, of uploads of files
	full       bool
}

func (w *world) counted() *checksUploads {
	u := w.db.Uploads()
	return &checksUploads{Uploads: u, Sweeper: u}
}

func (u *checksUploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	in, err := u.Uploads.Open(ctx, key, offset, n)
	switch {
	case err != nil:
	case !strings.HasPrefix(key, "checked-"):
		in = &countedUpload{in, &u.read}
	case isPlace(key):
		u.places.Add(1)
	case strings.HasPrefix(key, "checked-"):
		u.found.Add(1)
	}
	return in, err
}

// countedUpload counts what is read of an upload.
type countedUpload struct {
	io.ReadCloser
	read *atomic.Int64
}

func (c *countedUpload) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// isPlace reports whether a place is kept under the key.
func isPlace(key string) bool {
	return strings.HasPrefix(key, "checked-") && strings.Count(key, "-") == 2
}

func (u *checksUploads) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if !strings.HasPrefix(key, "checked-") {
		return u.Uploads.Put(ctx, key, r)
	}
	if u.full {
		return 0, job.ErrFull
	}
	n, err := u.Uploads.Put(ctx, key, r)
	if err == nil && !isPlace(key) {
		u.put.Add(1)
	}
	return n, err
}

// large is a runner that takes files of that size for large.
func (w *world) large(uploads job.Uploads, size int64) *job.Runner {
	w.t.Helper()
	r := w.runner(nil, uploads, nil, job.RunnerOptions{})
	r.ChecksFrom(size)
	return r
}

// TestDryRunIsCommitted: an import of a large file that a dry run was made for, with the same settings, doesn't check
// the file again; with others it does.
func TestDryRunIsCommitted(t *testing.T) {
	text := catalogue(5, 1_200)
	for name, c := range map[string]struct {
		change func(s *job.Settings)
		size   int64
		full   bool
		found  int64
		put    int64
	}{
		"the same":        {func(*job.Settings) {}, 1, false, 1, 1},
		"changes kept":    {func(s *job.Settings) { s.Changes = job.ChangesAll }, 1, false, 1, 1},
		"another mode":    {func(s *job.Settings) { s.Mode = products.Update }, 1, false, 0, 2},
		"a limit":         {func(s *job.Settings) { s.MaxRejects = "90%" }, 1, false, 0, 2},
		"other batches":   {func(s *job.Settings) { s.BatchRecords = 30 }, 1, false, 0, 2},
		"a small file":    {func(*job.Settings) {}, int64(len(text)) + 1, false, 0, 0},
		"no room is left": {func(*job.Settings) {}, 1, true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			settings := job.Settings{}
			c.change(&settings)
			want := undisturbed(t, text, settings)

			w := newWorld(t)
			w.before()
			uploads := w.counted()
			uploads.full = c.full
			dry := w.submit(text, job.Settings{DryRun: true})
			require.Equal(t, job.Success, w.work(w.large(uploads, c.size)).State)
			j, _, err := w.service.Rerun(t.Context(), dry.ID, func(r *job.Request) error {
				r.Settings.DryRun, r.Settings.Changes = false, job.ChangesNone
				c.change(&r.Settings)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, job.Success, w.work(w.large(uploads, c.size)).State)
			require.Equal(t, c.found, uploads.found.Load())
			require.Equal(t, c.put, uploads.put.Load())
			got := w.outcome(j.ID)
			if name != "other batches" {
				require.Equal(t, want, got)
			}
		})
	}
}

// TestChecksAreRemoved: what was found goes with the import that it was kept for, or when it is old, or damaged counts
// for nothing.
func TestChecksAreRemoved(t *testing.T) {
	w := newWorld(t)
	uploads := w.counted()
	text := catalogue(6, 1_200)
	keys := func() (checks []string) {
		all, err := w.db.Uploads().Sweep(t.Context(), -1)
		require.NoError(t, err)
		for _, key := range all {
			if strings.HasPrefix(key, "checked-") {
				checks = append(checks, key)
			}
		}
		return checks
	}
	w.submit(text, job.Settings{})
	require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
	require.EqualValues(t, 1, uploads.put.Load())
	require.Empty(t, keys())

	w.submit(text, job.Settings{DryRun: true})
	require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
	kept := keys()
	require.Len(t, kept, 1, "a dry run commits nothing, so that it has no use for places")
	require.NoError(t, w.db.Uploads().Delete(t.Context(), kept[0]))
	_, err := w.db.Uploads().Put(t.Context(), kept[0], strings.NewReader("damaged"))
	require.NoError(t, err)
	again := w.submit(text, job.Settings{DryRun: true})
	require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
	w.outcome(again.ID)

	inUse, err := w.db.Jobs().UploadsInUse(t.Context(), kept)
	require.NoError(t, err)
	require.Empty(t, inUse, "so Prune deletes it once it is old")
}

// TestAnAttemptGoesOnWithoutACheck: what an attempt found whose worker was given notice is what the next one goes by.
func TestAnAttemptGoesOnWithoutACheck(t *testing.T) {
	w := newWorld(t)
	uploads := w.counted()
	id := w.submit(catalogue(7, 1_200), job.Settings{}).ID
	stop := make(chan struct{})
	store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
		next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
		if b.Number == 20 {
			close(stop)
		}
		return next(ctx, b)
	}}
	first := w.runner(nil, uploads, store, job.RunnerOptions{Writers: 1})
	first.ChecksFrom(1)
	j, err := first.Run(t.Context(), w.claim(first), stop)
	require.NoError(t, err)
	require.Equal(t, job.Pending, j.State)
	require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
	require.EqualValues(t, 1, uploads.found.Load())
	w.outcome(id)
}

// TestAnAttemptGoesOnAtAPlace: the next attempt reads the file from near where the one before had come, and what was
// kept of that goes with the job.
func TestAnAttemptGoesOnAtAPlace(t *testing.T) {
	text := strings.ReplaceAll(catalogue(8, 1_400), "text\n", strings.Repeat("more text ", 100)+"\n")
	want := undisturbed(t, text, job.Settings{Mode: products.Update})
	w := newWorld(t)
	w.before()
	uploads := w.counted()
	id := w.submit(text, job.Settings{Mode: products.Update}).ID
	for attempt, ends := range []int64{5, 20, 30} {
		stop := make(chan struct{})
		store := &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
			next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
			if b.Number == ends {
				close(stop)
			}
			return next(ctx, b)
		}}
		r := w.runner(nil, uploads, store, job.RunnerOptions{Writers: 1})
		r.ChecksFrom(1)
		uploads.places.Store(0)
		j, err := r.Run(t.Context(), w.claim(r), stop)
		require.NoError(t, err)
		require.Equal(t, job.Pending, j.State)
		require.EqualValues(t, attempt/2, uploads.places.Load(), "the first place is behind 16 batches")
	}
	uploads.places.Store(0)
	require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
	require.EqualValues(t, 1, uploads.places.Load())
	all, err := w.db.Uploads().Sweep(t.Context(), -1)
	require.NoError(t, err)
	for _, key := range all {
		require.False(t, strings.HasPrefix(key, "checked-"), "what was kept goes with the import")
	}
	require.Equal(t, want, w.outcome(id))
}

// TestResumeReadsLittle counts what an attempt reads of the upload: its beginning, and what is behind the last place
// that was kept, and nothing of what is between these. So it is for files with variants, and after a dry run.
func TestResumeReadsLittle(t *testing.T) {
	const records = 1_000 // in 45 to 49 batches
	rng := rand.New(rand.NewPCG(41, 42))
	file := func(name func(i int) string) string {
		var b strings.Builder
		b.WriteString("slug,sku,name,remarks\n")
		for i := range records {
			fmt.Fprintf(&b, "g%d,sku-%d,%s,", i%31, i-i%50/49, name(i)) // some repeat a SKU
			for range 1_000 {
				fmt.Fprintf(&b, "%016x", rng.Uint64())
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	plain := file(func(i int) string { return fmt.Sprint("name ", i) })
	families := file(func(i int) string {
		if i%4 > 0 {
			return ""
		}
		return fmt.Sprint("name ", i)
	})
	for name, c := range map[string]struct {
		text string
		dry  bool
	}{"plain": {plain, false}, "variants": {families, false}, "after a dry run": {families, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := job.Settings{Mode: products.Update}
			want := undisturbed(t, c.text, settings)
			w := newWorld(t)
			w.before()
			uploads := w.counted()
			settings.DryRun = c.dry
			id := w.submit(c.text, settings).ID
			stored, err := w.db.Uploads().Open(t.Context(), w.get(id).File, 0, -1)
			require.NoError(t, err)
			size, err := io.Copy(io.Discard, stored)
			require.NoError(t, err)
			if c.dry {
				require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
				again, _, err := w.service.Rerun(t.Context(), id, func(r *job.Request) error {
					r.Settings.DryRun, r.Settings.Changes = false, job.ChangesNone
					return nil
				})
				require.NoError(t, err)
				id = again.ID
			}
			for _, ends := range []int64{20, 42} {
				stop := make(chan struct{})
				r := w.runner(nil, uploads, &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
					next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
					if b.Number == ends {
						close(stop)
					}
					return next(ctx, b)
				}}, job.RunnerOptions{Writers: 1})
				r.ChecksFrom(1)
				j, err := r.Run(t.Context(), w.claim(r), stop)
				require.NoError(t, err)
				require.Equal(t, job.Pending, j.State)
			}
			uploads.read.Store(0)
			require.Equal(t, job.Success, w.work(w.large(uploads, 1)).State)
			read := float64(uploads.read.Load()) / float64(size)
			require.Less(t, read, 0.6, "the third attempt went on behind 32 batches")
			require.Equal(t, want, w.outcome(id))
		})
	}
}
