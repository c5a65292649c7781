package job_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// undo asks for an undo, which must be accepted, and does it.
func (w *world) undo(r *job.Runner, id string, dry bool) job.Job {
	w.t.Helper()
	_, created, err := w.service.Undo(w.t.Context(), id, job.UndoRequest{User: "ann", DryRun: dry})
	require.NoError(w.t, err)
	require.True(w.t, created)
	j := w.work(r)
	require.Equal(w.t, job.Success, j.State, j.Error)
	return j
}

// all are the products whole, by ID.
func (w *world) all() []products.Product {
	w.t.Helper()
	page, err := w.db.Products().List(w.t.Context(), products.Query{Limit: products.MaxLimit})
	require.NoError(w.t, err)
	return page.Products
}

// TestUndo: the table is as before, but for what somebody has changed since, which is listed; and an undo is undone.
func TestUndo(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	w.submit("sku,name,description,color\na,A,d,red\nb,B,,\nc,C,,\n", job.Settings{Extra: "keep", Changes: job.ChangesAll})
	w.work(r)
	before := w.table()
	w.submit("sku,name,description,color\na,new,,blue\nb,new,x,\nc,C,,\nd,D,,\ne,E,,green\n",
		job.Settings{Mode: products.Update, Extra: "keep", Changes: job.ChangesAll})
	j := w.work(r)
	imported := w.all()
	byHand := func(sku string) products.Product {
		page, err := w.db.Products().List(t.Context(), products.Query{SKU: sku})
		require.NoError(t, err)
		text := "by hand"
		p, err := w.db.Products().Update(t.Context(), page.Products[0].ID, 0, products.Patch{Description: &text})
		require.NoError(t, err)
		return p
	}
	b, e := byHand("b"), byHand("e")

	want := []string{"updated a v3 name:new>A description:>d attributes.color:blue>red", "kept b v3changed",
		"deleted d v1 name:D> status:false>", "kept e v2changed"}
	dry := w.undo(r, j.ID, true)
	require.Equal(t, want, w.changes(dry.ID, job.ChangeQuery{}), "a dry run says what the undo would do")
	require.EqualValues(t, 2, dry.Event.Kept)
	undone := w.undo(r, j.ID, false)
	require.Equal(t, want, w.changes(undone.ID, job.ChangeQuery{}))
	require.Equal(t, []string{want[1], want[3]},
		w.changes(undone.ID, job.ChangeQuery{Kinds: []job.ChangeKind{job.ChangeKept}}))
	c := undone.Event.Counts
	require.Equal(t, []int64{4, 0, 1, 1, 2}, []int64{c.Read, c.Created, c.Updated, c.Deleted, c.Kept})
	require.Equal(t, dry.Event.Counts, c)
	require.EqualValues(t, 4, undone.Event.Bytes)
	require.Equal(t, "ann", undone.User)
	require.Equal(t, j.ID, undone.Settings.Undo)

	after := w.table()
	require.Equal(t, "by hand", after["b"].Description)
	require.Equal(t, b.Version, after["b"].Version)
	require.Equal(t, e.Version, after["e"].Version)
	for _, sku := range []string{"a", "c"} {
		got := after[sku]
		require.GreaterOrEqual(t, got.Version, before[sku].Version)
		got.Version = before[sku].Version
		require.Equal(t, before[sku], got, "%s is as it was", sku)
	}
	require.NotContains(t, after, "d")

	again := w.undo(r, undone.ID, false)
	require.Equal(t, []string{"updated a v4 name:A>new description:d> attributes.color:red>blue",
		"created d v2 name:>D status:>false"}, w.changes(again.ID, job.ChangeQuery{}))
	for _, was := range imported {
		got, err := w.db.Products().Get(t.Context(), was.ID)
		require.NoError(t, err, "with its ID")
		require.Equal(t, was.CreatedAt, got.CreatedAt)
		if was.SKU != "b" && was.SKU != "e" {
			require.True(t, products.SameContent(was, got), "%s is as it was imported", was.SKU)
		}
	}
}

// TestUndoIsRefused: with the reason.
func TestUndoIsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	undo := func(id, key string) (job.Job, bool, error) {
		return w.service.Undo(t.Context(), id, job.UndoRequest{IdempotencyKey: key})
	}
	_, _, err := undo("nobody's", "")
	require.ErrorIs(t, err, job.ErrNotFound)
	none := w.submit("sku,name\na,A\n", job.Settings{})
	_, _, err = undo(none.ID, "")
	require.ErrorIs(t, err, job.ErrNotEnded)
	w.work(r)
	_, _, err = undo(none.ID, "")
	require.ErrorIs(t, err, job.ErrNoChanges)
	w.submit("sku,name\na,A\n", job.Settings{DryRun: true})
	_, _, err = undo(w.work(r).ID, "")
	require.ErrorIs(t, err, job.ErrDryRun)
	_, _, err = undo(none.ID, "\n")
	var wrong *job.SettingsError
	require.ErrorAs(t, err, &wrong)

	w.submit("sku,name\nb,B\n", job.Settings{Changes: job.ChangesAll})
	j := w.work(r)
	first, created, err := undo(j.ID, "key")
	require.NoError(t, err)
	require.True(t, created)
	second, created, err := undo(j.ID, "key")
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, first.ID, second.ID)
	_, _, err = undo(none.ID, "key")
	require.ErrorIs(t, err, job.ErrKeyMismatch)
}

// counts are those of an undo: changes, and what was brought back, updated, unchanged, deleted and kept.
func undoCounts(j job.Job) []int64 {
	c := j.Event.Counts
	return []int64{c.Read, c.Created, c.Updated, c.Unchanged, c.Deleted, c.Kept}
}

// TestUndoInTurn: two imports of the same products are undone one after the other, and what somebody has edited in
// between is kept; then all of it is brought back, and undone again.
func TestUndoInTurn(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	imports := func(file string) job.Job {
		w.submit(file, job.Settings{Mode: products.Update, Changes: job.ChangesAll})
		j := w.work(r)
		require.Equal(t, job.Success, j.State, j.Error)
		return j
	}
	names := func() (all []string) {
		for _, p := range w.all() {
			all = append(all, p.SKU+p.Name)
		}
		return all
	}
	imports("sku,name\na,0\nb,0\nc,0\n")
	first := imports("sku,name\na,1\nb,1\nc,1\nd,1\ne,1\n")
	second := imports("sku,name\na,2\nb,2\nd,2\ne,2\nf,2\n")
	undoSecond := w.undo(r, second.ID, false)
	require.Equal(t, []int64{5, 0, 4, 0, 1, 0}, undoCounts(undoSecond))
	text := "by hand"
	for _, id := range []int64{2, 5} { // b and e
		_, err := w.db.Products().Update(t.Context(), id, 0, products.Patch{Description: &text})
		require.NoError(t, err)
	}
	require.Equal(t, []int64{5, 0, 2, 0, 1, 2}, undoCounts(w.undo(r, first.ID, true)))
	undoFirst := w.undo(r, first.ID, false)
	require.Equal(t, []int64{5, 0, 2, 0, 1, 2}, undoCounts(undoFirst))
	require.Equal(t, []string{"a0", "b1", "c0", "e1"}, names())
	require.Equal(t, []string{"kept b v5changed", "kept e v4changed"},
		w.changes(undoFirst.ID, job.ChangeQuery{Kinds: []job.ChangeKind{job.ChangeKept}}))

	require.Equal(t, []int64{3, 1, 2, 0, 0, 0}, undoCounts(w.undo(r, undoFirst.ID, false)))
	require.Equal(t, []string{"a1", "b1", "c1", "d1", "e1"}, names())
	require.Equal(t, []int64{5, 1, 2, 0, 0, 2}, undoCounts(w.undo(r, undoSecond.ID, false)))
	require.Equal(t, []string{"a2", "b1", "c1", "d2", "e1", "f2"}, names())
	require.Equal(t, []int64{5, 0, 2, 0, 1, 2}, undoCounts(w.undo(r, second.ID, false)), "it is possible again")
	require.Equal(t, []int64{5, 0, 2, 0, 1, 2}, undoCounts(w.undo(r, first.ID, false)), "it is possible again")
	require.Equal(t, []string{"a0", "b1", "c0", "e1"}, names())
	for _, p := range w.all() {
		require.Equal(t, p.SKU == "b" || p.SKU == "e", p.Description == text, "an edit is never lost")
	}
}

// TestUndoneTwice: it is refused with the job that did it, unless that one has failed, was cancelled or undone.
func TestUndoneTwice(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	w.submit("sku,name\na,A\n", job.Settings{Changes: job.ChangesAll})
	j := w.work(r)
	refused := func(id, by string) {
		t.Helper()
		for _, dry := range []bool{true, false} {
			_, _, err := w.service.Undo(t.Context(), id, job.UndoRequest{DryRun: dry})
			require.ErrorIs(t, err, job.ErrUndone)
			var undone *job.UndoneError
			require.ErrorAs(t, err, &undone)
			require.Equal(t, by, undone.By.ID)
		}
	}
	undo := func(id string) job.Job {
		t.Helper()
		j, _, err := w.service.Undo(t.Context(), id, job.UndoRequest{})
		require.NoError(t, err)
		return j
	}
	cancelled := undo(j.ID)
	refused(j.ID, cancelled.ID)
	_, err := w.service.Cancel(t.Context(), cancelled.ID)
	require.NoError(t, err)
	w.undo(r, j.ID, true)
	first := w.undo(r, j.ID, false)
	refused(j.ID, first.ID)
	back := undo(first.ID)
	refused(j.ID, back.ID)
	refused(first.ID, back.ID)
	require.Equal(t, job.Success, w.work(r).State)
	refused(first.ID, back.ID)
	again := w.undo(r, j.ID, false)
	require.EqualValues(t, 1, again.Event.Deleted, "what was brought back is as the import left it")
	refused(j.ID, again.ID)
	refused(back.ID, again.ID) // what it brought back is taken back
}

// named is a file of n products.
func named(n int) string {
	var file strings.Builder
	file.WriteString("sku,name\n")
	for i := range n {
		fmt.Fprintf(&file, "s-%d,n\n", i)
	}
	return file.String()
}

// TestUndoIsResumed: what an attempt committed isn't taken back again, and the counts are those of an undisturbed undo.
func TestUndoIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.runner(nil, nil, nil, job.RunnerOptions{})
		text := named(25_000)
		_, _, err := w.service.Submit(t.Context(), job.Request{Settings: job.Settings{Changes: job.ChangesAll}}, strings.NewReader(text))
		require.NoError(t, err)
		j := w.work(r)
		_, _, err = w.service.Undo(t.Context(), j.ID, job.UndoRequest{})
		require.NoError(t, err)
		batches, told := 0, 0
		failing := &revertingStore{Products: w.db.Products(), before: func() error {
			if batches++; batches == 2 {
				return products.ErrUnavailable
			}
			return nil
		}}
		notifier := func(job.Job) importer.WebhookNotifier {
			return notifyFunc(func(c importer.Changes) error { told += len(c.Deleted); return nil })
		}
		half := w.work(w.runner(nil, nil, failing, job.RunnerOptions{Notifier: notifier, Writers: 1}))
		require.Equal(t, job.Pending, half.State)
		require.Less(t, half.Event.Deleted, int64(25_000))
		require.NotZero(t, half.Event.Deleted)
		time.Sleep(time.Minute)
		done := w.work(w.runner(nil, nil, nil, job.RunnerOptions{Notifier: notifier}))
		require.Equal(t, job.Success, done.State, done.Error)
		require.EqualValues(t, 25_000, done.Event.Deleted)
		require.EqualValues(t, 25_000, done.Event.Bytes)
		require.Equal(t, 25_000, told, "each deletion is told once")
		require.Len(t, w.changes(done.ID, job.ChangeQuery{}), 25_000)
		require.Empty(t, w.table())
	})
}

// TestUndoWritesSideBySide: an undo takes back as many batches at a time as an import writes, and ends with the first
// error of one.
func TestUndoWritesSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, _, err := w.service.Submit(t.Context(), job.Request{Settings: job.Settings{Changes: job.ChangesAll,
			BatchRecords: 1_000}}, strings.NewReader(named(4_000)))
		require.NoError(t, err)
		j := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		_, _, err = w.service.Undo(t.Context(), j.ID, job.UndoRequest{})
		require.NoError(t, err)
		var mu sync.Mutex
		atOnce, most, fails := 0, 0, true
		store := &revertingStore{Products: w.db.Products(), before: func() error {
			mu.Lock()
			atOnce++
			most = max(most, atOnce)
			mu.Unlock()
			time.Sleep(time.Second) // until all others wait
			mu.Lock()
			defer mu.Unlock()
			atOnce--
			if fails {
				fails = false
				return products.ErrUnavailable
			}
			return nil
		}}
		r := w.runner(nil, nil, store, job.RunnerOptions{Writers: 3})
		require.Equal(t, job.Pending, w.work(r).State, "the error of a batch ends the attempt")
		time.Sleep(time.Minute)
		done := w.work(r)
		require.Equal(t, job.Success, done.State, done.Error)
		require.EqualValues(t, 4_000, done.Event.Deleted)
		require.Equal(t, 3, most)
		require.Empty(t, w.table())
	})
}

// TestUndoWithoutItsChanges: what was deleted meanwhile is missed, not passed over in silence.
func TestUndoWithoutItsChanges(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	w.submit("sku,name\nb,B\n", job.Settings{Changes: job.ChangesAll})
	j := w.work(r)
	_, _, err := w.service.Undo(t.Context(), j.ID, job.UndoRequest{})
	require.NoError(t, err)
	_, err = w.db.Jobs().ExpireChanges(t.Context(), time.Now().Add(time.Hour), 10)
	require.NoError(t, err)
	undone := w.work(r)
	require.Equal(t, job.Failure, undone.State)
	require.Contains(t, undone.Error, "made 1 changes, of which 0 are kept")
}

// revertingStore fails before some batches that are taken back.
type revertingStore struct {
	*memory.Products
	before func() error
}

func (s *revertingStore) RevertBatch(ctx context.Context, b *products.RevertBatch) (*products.BatchResult, error) {
	if err := s.before(); err != nil {
		return nil, err
	}
	return s.Products.RevertBatch(ctx, b)
}

type notifyFunc func(c importer.Changes) error

func (f notifyFunc) NotifyBatch(_ context.Context, c importer.Changes) error { return f(c) }

// TestStoreThatTakesNothingBack: a store of one's own need not.
func TestStoreThatTakesNothingBack(t *testing.T) {
	w := newWorld(t)
	w.submit("sku,name\nb,B\n", job.Settings{Changes: job.ChangesAll})
	j := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
	_, _, err := w.service.Undo(t.Context(), j.ID, job.UndoRequest{})
	require.NoError(t, err)
	undone := w.work(w.runner(nil, nil, struct{ importer.Store }{w.db.Products()}, job.RunnerOptions{}))
	require.Equal(t, job.Failure, undone.State)
	require.Contains(t, undone.Error, "takes no changes back")
}
