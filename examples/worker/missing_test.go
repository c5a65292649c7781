package main

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// preparedMissing is a scene with Base imported, and a file submitted that lacks most of it. Nobody works.
func preparedMissing(t *testing.T) (s *scene, id string) {
	t.Helper()
	s = newScene(t, withBase(t))
	some := bytes.Join(bytes.SplitAfter(catalogue(t, catalogtest.Base), []byte("\r\n"))[:5*batchRecords], nil)
	j, _, err := s.service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
		BatchRecords: batchRecords, Changes: job.ChangesAll, Missing: "delete", MaxMissing: "100%"}}, bytes.NewReader(some))
	require.NoError(t, err)
	return s, j.ID
}

// others creates a product as others do meanwhile.
func (s *scene) others() {
	s.t.Helper()
	_, err := s.db.Products().Create(s.t.Context(), products.Product{SKU: "others", Name: "others"})
	require.NoError(s.t, err)
}

// TestKilledMissing kills the worker that holds an import whose file lacks products, as TestKilledWorkers does. What it
// lacks is deleted once, and what others create meanwhile stays.
func TestKilledMissing(t *testing.T) {
	t.Parallel()
	kills := casetest.Times(6, 2)
	s, id := preparedMissing(t)
	p := s.worker()
	s.end(id)
	s.others()
	want := s.end(id)
	s.kill(p, syscall.SIGTERM)
	wantChanges := s.changes(id)
	require.Greater(t, want.job.Event.Deleted, int64(8_000))
	require.Equal(t, want.job.Event.Missing, want.job.Event.Deleted)
	require.Len(t, wantChanges, int(want.job.Event.Created+want.job.Event.Updated+want.job.Event.Deleted))

	s, id = preparedMissing(t)
	s.killWorkers(id, len(want.batches), kills, rand.New(rand.NewPCG(7, 22)))
	s.others()
	got := s.end(id)
	requireSame(t, want, got)
	require.Equal(t, wantChanges, s.changes(id), "each deletion is kept once")
}
