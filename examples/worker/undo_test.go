package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// preparedUndo is a scene in which HalfNew was imported over Base and two of its products were changed by hand since: one
// that it created and one that it updated. The undo of the import is submitted. Nobody works.
func preparedUndo(t *testing.T) (s *scene, id string) {
	t.Helper()
	s, imported := prepared(t, products.Update)
	p := s.worker()
	s.end(imported)
	s.kill(p, syscall.SIGTERM)
	for _, kind := range []job.ChangeKind{job.ChangeCreated, job.ChangeUpdated} {
		changes, _, err := s.service.Changes(t.Context(), imported, job.ChangeQuery{Kinds: []job.ChangeKind{kind}}, 1)
		require.NoError(t, err)
		text := "by hand"
		_, err = s.db.Products().Update(t.Context(), changes[0].ID, 0, products.Patch{Description: &text})
		require.NoError(t, err)
	}
	j, _, err := s.service.Undo(t.Context(), imported, job.UndoRequest{})
	require.NoError(t, err)
	return s, j.ID
}

// changes are the changes of a job, each in a line, sorted.
func (s *scene) changes(id string) (all []string) {
	s.t.Helper()
	require.NoError(s.t, s.service.EachChange(s.t.Context(), id, job.ChangeQuery{},
		func(c *job.Change, _ job.ChangePlace) (bool, error) {
			all = append(all, fmt.Sprint(c.Kind, " ", c.Key, " ", c.Version, c.Reason, len(c.Fields)))
			return true, nil
		}))
	slices.Sort(all)
	return all
}

// TestKilledUndo kills the worker that holds an undo, again and again, as TestKilledWorkers does with imports. What was
// changed by hand stays, everything else is taken back once.
func TestKilledUndo(t *testing.T) {
	t.Parallel()
	kills := casetest.Times(10, 3)
	s, id := preparedUndo(t)
	p := s.worker()
	want := s.end(id)
	s.kill(p, syscall.SIGTERM)
	wantChanges := s.changes(id)
	require.EqualValues(t, 2, want.job.Event.Kept)
	require.NotZero(t, want.job.Event.Deleted)
	require.NotZero(t, want.job.Event.Updated)
	require.Len(t, wantChanges, int(want.job.Event.Read))

	s, id = preparedUndo(t)
	s.killWorkers(id, len(want.batches), kills, rand.New(rand.NewPCG(7, 21)))
	got := s.end(id)
	requireSame(t, want, got)
	require.Equal(t, wantChanges, s.changes(id), "each change is kept once")
}
