package job_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// oneWriter is a store that wants one batch at a time.
type oneWriter struct {
	importer.Store
	writing, most atomic.Int32
}

func (s *oneWriter) BatchSize() importer.BatchSize { return importer.BatchSize{Writers: 1} }

func (s *oneWriter) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	s.most.Store(max(s.most.Load(), s.writing.Add(1)))
	defer s.writing.Add(-1)
	time.Sleep(time.Second)
	return s.Store.WriteBatch(ctx, batch)
}

// A job is written by as many writers as its store says, unless the runner's options say otherwise.
func TestWritersOfTheStore(t *testing.T) {
	for _, c := range []struct {
		writers int
		most    int32
	}{{0, 1}, {2, 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			store := &oneWriter{Store: w.db.Products()}
			w.submit(catalogue(1, 200), job.Settings{})
			require.Equal(t, job.Success, w.work(w.runner(nil, nil, store, job.RunnerOptions{Writers: c.writers})).State)
			require.Equal(t, c.most, store.most.Load())
		})
	}
}
