package job_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// own is a process that does its own jobs.
func (w *world) own() *job.Own {
	return &job.Own{Service: w.service, Runner: w.runner(nil, nil, nil, job.RunnerOptions{}), InTx: w.db.InTx, Worker: "own"}
}

// TestOwnImport: an import of a process's own is a job like others, that comes before those that wait, and is undone by
// the process.
func TestOwnImport(t *testing.T) {
	w := newWorld(t)
	waiting := w.submit("sku,name\nw,W\n", job.Settings{})
	var seen importer.Dialect
	j, result, err := w.own().Import(t.Context(), importer.Bytes("sku,name\na,A\nb,B\n,x\n"), importer.Options{
		OnDialect: func(d importer.Dialect) error { seen = d; return nil }},
		job.Request{FileName: "f.csv", User: "ann"})
	require.NoError(t, err)
	require.Equal(t, job.Success, j.State)
	require.EqualValues(t, 2, j.Event.Created)
	require.EqualValues(t, 1, result.Rejected)
	require.Len(t, seen.Columns, 2)
	stored, err := w.service.Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, "f.csv ann", stored.FileName+" "+stored.User)
	require.EqualValues(t, 1, stored.Rejects[importer.CodeEmpty])
	require.Len(t, w.changes(j.ID, job.ChangeQuery{}), 2)
	undo, err := w.own().Undo(t.Context(), j.ID, job.UndoRequest{})
	require.NoError(t, err)
	require.Equal(t, job.Success, undo.State)
	require.EqualValues(t, 2, undo.Event.Deleted)
	_, err = w.own().Undo(t.Context(), j.ID, job.UndoRequest{})
	require.ErrorIs(t, err, job.ErrUndone)
	_, err = w.own().Undo(t.Context(), waiting.ID, job.UndoRequest{})
	require.ErrorIs(t, err, job.ErrNotEnded)
	require.Equal(t, waiting.ID, w.work(w.runner(nil, nil, nil, job.RunnerOptions{})).ID, "it was left alone")
}

// TestOwnImportFails: the job says why, and what was committed; nobody does it again.
func TestOwnImportFails(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("broken")
	j, _, err := w.own().Import(t.Context(), importer.Bytes("sku,name\na,A\n"), importer.Options{
		Checkpoints: importer.Checkpoints{Save: func(context.Context, importer.Commit) error { return broken }}},
		job.Request{})
	require.ErrorIs(t, err, broken)
	require.Equal(t, job.Failure, j.State)
	require.Contains(t, j.Error, "broken")
	require.Empty(t, w.table())
	ctx, cancel := context.WithCancel(t.Context())
	j, _, err = w.own().Import(ctx, importer.Bytes("sku,name\na,A\n"), importer.Options{
		OnDialect: func(importer.Dialect) error { cancel(); return nil }}, job.Request{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, job.Revoked, j.State)
	j, _, err = w.own().Import(t.Context(), importer.Bytes("sku,name\na,A\n"), importer.Options{
		OnDialect: func(importer.Dialect) error {
			jobs, _, err := w.service.List(t.Context(), job.Query{Limit: 1})
			require.NoError(t, err)
			_, err = w.service.Cancel(t.Context(), jobs[0].ID)
			require.NoError(t, err)
			time.Sleep(time.Second)
			return nil
		}}, job.Request{})
	require.Error(t, err)
	require.Equal(t, job.Revoked, j.State)
}

// TestOwnImportOfAProcessThatIsGone: what it committed is undone by a process that waits until its lease has run out.
func TestOwnImportOfAProcessThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var id string
		func() { // the process that vanishes: it doesn't end its claim
			created, err := w.db.Jobs().Create(t.Context(), job.Job{Priority: job.MaxPriority + 1,
				Settings: job.Settings{Changes: job.ChangesAll}})
			require.NoError(t, err)
			claim, err := w.db.Jobs().Claim(t.Context(), "gone", time.Second, 5)
			require.NoError(t, err)
			id = created.ID
			_, err = importer.Run(t.Context(), importer.Bytes("sku,name\na,A\n"), w.db.Products(), importer.Options{
				Checkpoints: importer.Checkpoints{Save: func(ctx context.Context, done importer.Commit) error {
					return w.db.Jobs().Checkpoint(ctx, claim, done)
				}}})
			require.NoError(t, err)
		}()
		began := time.Now()
		_, err := w.own().Undo(t.Context(), id, job.UndoRequest{})
		require.NoError(t, err)
		require.InDelta(t, 2, time.Since(began).Seconds(), 1, "it waits until the lease has run out")
		j, err := w.service.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, job.Failure, j.State)
		require.Contains(t, j.Error, "is gone")
		require.EqualValues(t, 1, j.Event.Created)
		page, err := w.db.Products().List(t.Context(), products.Query{Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Products, 1)
	})
}

// leave claims a new job of a process's own, for 15 seconds, as a process does that vanishes then.
func (w *world) leave(settings job.Settings) *job.Claim {
	w.t.Helper()
	settings.Changes = job.ChangesAll
	_, err := w.db.Jobs().Create(w.t.Context(), job.Job{Priority: job.MaxPriority + 1, Settings: settings, Size: 1})
	require.NoError(w.t, err)
	claim, err := w.db.Jobs().Claim(w.t.Context(), "gone", 15*time.Second, 5)
	require.NoError(w.t, err)
	return claim
}

// TestOwnAfterProcessesThatAreGone: what they left keeps no other process from importing. Imports end, and an undo is
// gone on with, by the process that asks for it again once its lease has run out.
func TestOwnAfterProcessesThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		imports := func(text string) job.Job {
			j, _, err := w.own().Import(t.Context(), importer.Bytes(text), importer.Options{}, job.Request{})
			require.NoError(t, err)
			require.Equal(t, job.Success, j.State)
			return j
		}
		first := imports("sku,name\na,A\n")
		gone := w.leave(job.Settings{})
		tried := w.leave(job.Settings{Undo: first.ID, DryRun: true})
		undo := w.leave(job.Settings{Undo: first.ID})
		time.Sleep(10 * time.Second)
		began := time.Now()
		j, err := w.own().Undo(t.Context(), first.ID, job.UndoRequest{})
		require.NoError(t, err)
		require.InDelta(t, 6, time.Since(began).Seconds(), 1, "it waits until the lease has run out")
		require.Equal(t, undo.Job.ID, j.ID, "it goes on with the one that was left")
		require.Equal(t, job.Success, j.State, j.Error)
		require.Empty(t, w.table())
		for _, claim := range []*job.Claim{gone, tried} {
			left := w.get(claim.Job.ID)
			require.Equal(t, job.Failure, left.State)
			require.Contains(t, left.Error, "is gone")
		}

		second := imports("sku,name\nb,B\n")
		undo = w.leave(job.Settings{Undo: second.ID})
		gone = w.leave(job.Settings{})
		time.Sleep(time.Minute)
		waiting := w.submit("sku,name\nw,W\n", job.Settings{})
		imports("sku,name\nc,C\n")
		require.Equal(t, job.Failure, w.get(gone.Job.ID).State)
		require.Equal(t, job.Pending, w.get(undo.Job.ID).State, "it is there to be gone on with")
		j, err = w.own().Undo(t.Context(), second.ID, job.UndoRequest{})
		require.NoError(t, err)
		require.Equal(t, undo.Job.ID, j.ID)
		require.Equal(t, job.Success, j.State, j.Error)
		require.Equal(t, waiting.ID, w.work(w.runner(nil, nil, nil, job.RunnerOptions{})).ID, "it was left alone")

		third := imports("sku,name\nd,D\n")
		undo = w.leave(job.Settings{Undo: third.ID})
		_, err = w.service.Cancel(t.Context(), undo.Job.ID)
		require.NoError(t, err)
		j, err = w.own().Undo(t.Context(), third.ID, job.UndoRequest{})
		require.NoError(t, err)
		require.NotEqual(t, undo.Job.ID, j.ID, "one that somebody has cancelled isn't gone on with")
		require.Equal(t, job.Revoked, w.get(undo.Job.ID).State)
	})
}

// TestOwnUndoThatSomebodyDoes: an undo that is being done is waited for no longer than a process that is gone keeps it.
func TestOwnUndoThatSomebodyDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		j, _, err := w.own().Import(t.Context(), importer.Bytes("sku,name\na,A\n"), importer.Options{}, job.Request{})
		require.NoError(t, err)
		undo := w.leave(job.Settings{Undo: j.ID})
		ctx, cancel := context.WithCancel(t.Context())
		var renewing sync.WaitGroup
		defer func() { cancel(); renewing.Wait() }()
		renewing.Go(func() {
			for ctx.Err() == nil {
				_, _ = w.db.Jobs().Renew(ctx, undo, 15*time.Second, nil)
				time.Sleep(time.Second)
			}
		})
		began := time.Now()
		own := w.own()
		var waits []string
		own.OnWait = func(id string, until time.Time) { waits = append(waits, id+" until "+until.Format(time.TimeOnly)) }
		_, err = own.Undo(t.Context(), j.ID, job.UndoRequest{})
		var undone *job.UndoneError
		require.ErrorAs(t, err, &undone)
		require.Equal(t, undo.Job.ID, undone.By.ID)
		require.InDelta(t, 17, time.Since(began).Seconds(), 1)
		require.Equal(t, []string{undo.Job.ID + " until " + began.Add(16*time.Second).Format(time.TimeOnly)}, waits,
			"the wait is told once")
		short, stop := context.WithTimeout(ctx, 3*time.Second)
		defer stop()
		_, err = w.own().Undo(short, j.ID, job.UndoRequest{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// TestOwnImportOfWhatIsMissing: an import that deletes what the file doesn't have keeps that plan and its changes, tells
// of them, and is undone.
func TestOwnImportOfWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	own := w.own()
	told := map[string]int{}
	own.Runner = w.runner(nil, nil, nil, job.RunnerOptions{Notifier: func(j job.Job) importer.WebhookNotifier {
		return notifyFunc(func(c importer.Changes) error {
			told[j.ID] += len(c.Created) + len(c.Deleted)
			return nil
		})
	}})
	w.submit(active("a", "b", "c"), job.Settings{})
	w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
	before := w.table()
	options := importer.Options{Missing: importer.MissingDelete, MaxMissing: new(importer.MissingLimit)}
	require.NoError(t, options.MaxMissing.UnmarshalText([]byte("2")))
	j, result, err := own.Import(t.Context(), importer.Bytes(active("a", "d")), options,
		job.Request{Settings: job.Settings{Missing: "delete", MaxMissing: "2"}})
	require.NoError(t, err)
	require.EqualValues(t, 2, result.Deleted)
	require.EqualValues(t, 2, j.Event.Deleted)
	require.Equal(t, "delete", w.get(j.ID).Settings.Missing)
	require.Len(t, w.table(), 2)
	undo, err := own.Undo(t.Context(), j.ID, job.UndoRequest{})
	require.NoError(t, err)
	require.Equal(t, job.Success, undo.State, undo.Error)
	require.Equal(t, map[string]int{j.ID: 3, undo.ID: 3}, told)
	after := w.table()
	require.ElementsMatch(t, slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
}
