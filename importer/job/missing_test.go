package job_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// active is a file of products that are.
func active(skus ...string) string {
	text := "sku,name,status\n"
	for _, sku := range skus {
		text += sku + ",N,true\n"
	}
	return text
}

// TestMissing: a file without products deactivates or deletes them, which webhooks are told, and an undo brings them
// back.
func TestMissing(t *testing.T) {
	for _, missing := range []string{"deactivate", "delete"} {
		t.Run(missing, func(t *testing.T) {
			w := newWorld(t)
			var updated, deleted []string
			r := w.runner(nil, nil, nil, job.RunnerOptions{Notifier: func(job.Job) importer.WebhookNotifier {
				return notifyFunc(func(c importer.Changes) error {
					for _, p := range c.Updated {
						updated = append(updated, p.SKU)
					}
					for _, p := range c.Deleted {
						deleted = append(deleted, p.SKU)
					}
					return nil
				})
			}})
			w.submit(active("a", "b", "c", "d"), job.Settings{})
			w.work(r)
			before := w.all()
			settings := job.Settings{Missing: missing, MaxMissing: "2", Changes: job.ChangesAll, Scope: []string{"name=N"}}
			file := active("a", "e") + "c,,true\n" // c is rejected
			dry := settings
			dry.DryRun = true
			w.submit(file, dry)
			tried := w.work(r)
			require.Equal(t, job.Success, tried.State, tried.Error)
			require.Equal(t, before, w.all())
			w.submit(file, settings)
			j := w.work(r)
			require.Equal(t, job.Success, j.State, j.Error)
			require.Equal(t, tried.Event.Counts, j.Event.Counts)
			require.EqualValues(t, 2, j.Event.Missing)
			require.EqualValues(t, 2, j.Event.Deactivated+j.Event.Deleted)
			want := []string{"created e v1 name:>N status:>true", "deactivated b v2 status:true>false",
				"deactivated d v2 status:true>false"}
			if missing == "delete" {
				want = []string{want[0], "deleted b v1 name:N> status:true>", "deleted d v1 name:N> status:true>"}
				require.Equal(t, []string{"b", "d"}, deleted)
				require.Equal(t, []string{"a", "c", "e"}, slices.Sorted(maps.Keys(w.table())))
			} else {
				require.Equal(t, []string{"b", "d"}, updated)
				require.False(t, w.table()["b"].Status)
			}
			require.Equal(t, want, w.changes(j.ID, job.ChangeQuery{}))
			if missing == "deactivate" {
				of := func(kind job.ChangeKind) []string {
					return w.changes(j.ID, job.ChangeQuery{Kinds: []job.ChangeKind{kind}})
				}
				require.Equal(t, want[1:], of(job.ChangeDeactivated))
				require.Empty(t, of(job.ChangeUpdated))
			}
			tries := w.changes(tried.ID, job.ChangeQuery{})
			require.Equal(t, want[0], strings.Replace(tries[0], "e v0", "e v1", 1))
			require.Equal(t, want[1:], tries[1:], "a dry run's changes are those of the import")

			undone := w.undo(r, j.ID, false)
			require.EqualValues(t, 3, undone.Event.Read)
			require.Zero(t, undone.Event.Kept)
			after := w.all()
			require.Len(t, after, len(before))
			for i := range after {
				require.Equal(t, before[i].ID, after[i].ID)
				require.Equal(t, before[i].CreatedAt, after[i].CreatedAt)
				require.True(t, products.SameContent(before[i], after[i]))
				if sku := after[i].SKU; sku == "b" || sku == "d" {
					require.Greater(t, after[i].Version, before[i].Version, "versions go on")
				}
			}
		})
	}
}

// TestMissingTooMany: the job fails with both figures, and writes nothing.
func TestMissingTooMany(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	w.submit(active("a", "b", "c", "d"), job.Settings{})
	w.work(r)
	before := w.all()
	for _, dry := range []bool{true, false} {
		w.submit(active("a", "new"), job.Settings{Missing: "delete", MaxMissing: "2", DryRun: dry})
		j := w.work(r)
		require.Equal(t, job.Failure, j.State)
		require.Contains(t, j.Error, "3 of 4 within the scope, and at most 2 may be; nothing was written")
		require.Equal(t, before, w.all())
	}
}

// TestMissingIsResumed: by the plan of the attempt that began, so that others' products stay. What the check of a large
// file found isn't asked for before there is a plan, and is then.
func TestMissingIsResumed(t *testing.T) {
	for checksFrom, found := range map[int64]int64{math.MaxInt64: 0, 1: 1} {
		testMissingIsResumed(t, checksFrom, found)
	}
}

func testMissingIsResumed(t *testing.T, checksFrom, found int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		text := named(25_000)
		w.submit(text, job.Settings{})
		w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		uploads, settings := w.counted(), job.Settings{Missing: "delete", MaxMissing: "100%", DryRun: true}
		w.submit("sku,name\nnew,n\n", settings)
		require.Equal(t, job.Success, w.work(w.large(uploads, checksFrom)).State)
		require.Equal(t, found, uploads.put.Load())
		settings.DryRun = false
		j := w.submit("sku,name\nnew,n\n", settings)
		batches := 0
		failing := &revertingStore{Products: w.db.Products(), before: func() error {
			if batches++; batches == 3 {
				return products.ErrUnavailable
			}
			return nil
		}}
		first := w.runner(nil, uploads, failing, job.RunnerOptions{})
		first.ChecksFrom(checksFrom)
		half := w.work(first)
		require.Equal(t, job.Pending, half.State)
		require.Zero(t, uploads.found.Load())
		require.EqualValues(t, 2_000, half.Event.Deleted)
		chunks, err := w.db.Jobs().Chunks(t.Context(), j.ID, job.ChunkQuery{AfterBatch: math.MinInt64, Limit: 10})
		require.NoError(t, err)
		require.Len(t, chunks, 3, "the plan is kept with the job")
		_, err = w.db.Products().Create(t.Context(), products.Product{SKU: "others", Name: "others"})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		done := w.work(w.large(uploads, checksFrom))
		require.Equal(t, job.Success, done.State, done.Error)
		require.Equal(t, found, uploads.found.Load())
		require.EqualValues(t, 25_000, done.Event.Deleted)
		require.Equal(t, []string{"new", "others"}, slices.Sorted(maps.Keys(w.table())))
		_, _, err = w.service.Changes(t.Context(), j.ID, job.ChangeQuery{}, 10)
		require.ErrorIs(t, err, job.ErrNoChanges, "a plan is no change")
	})
}

// TestMissingPlanOfTheLatestClaim: a claim that is lost may still keep a plan, by which nothing was done.
func TestMissingPlanOfTheLatestClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.submit(active("a", "b"), job.Settings{})
		w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		j := w.submit(active("a"), job.Settings{Missing: "delete", MaxMissing: "100%"})
		crash := func() { // before anything is deleted
			failing := &revertingStore{Products: w.db.Products(), before: func() error { return products.ErrUnavailable }}
			require.Equal(t, job.Pending, w.work(w.runner(nil, nil, failing, job.RunnerOptions{})).State)
			time.Sleep(time.Minute)
		}
		crash()
		// Another one's, with another token.
		claim := w.claim(w.runner(nil, nil, nil, job.RunnerOptions{}))
		chunks, err := w.db.Jobs().Chunks(t.Context(), j.ID, job.ChunkQuery{AfterBatch: math.MinInt64, Limit: 10})
		require.NoError(t, err)
		require.Len(t, chunks, 1)
		require.EqualValues(t, -1, chunks[0].Batch)
		later := chunks[0]
		later.Batch, later.First, later.Last = -claim.Token, "", ""
		later.Body = []byte{0} // no products
		require.NoError(t, w.db.Jobs().KeepChanges(t.Context(), claim, []job.ChangeChunk{later}))
		_, err = w.db.Jobs().Release(t.Context(), claim, false, "", 0)
		require.NoError(t, err)
		done := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		require.Equal(t, job.Success, done.State, done.Error)
		require.Zero(t, done.Event.Missing)
		require.Len(t, w.table(), 2)
	})
}
