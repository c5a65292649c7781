package job_test

import (
	"context"
	"errors"
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

// TestOwnImportOfAProcessThatIsGone: what it committed is undone once its lease has run out, by a process too.
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
		_, err := w.own().Undo(t.Context(), id, job.UndoRequest{})
		require.ErrorIs(t, err, job.ErrNotEnded)
		time.Sleep(2 * time.Second)
		_, err = w.own().Undo(t.Context(), id, job.UndoRequest{})
		require.NoError(t, err)
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
