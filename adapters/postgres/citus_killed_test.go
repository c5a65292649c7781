package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// killing kills a node in the middle of some batches.
type killing struct {
	*postgres.Products
	batches atomic.Int64
	kill    func(ctx context.Context, wait bool) error
}

func (k *killing) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	switch k.batches.Add(1) {
	case 3: // before what it has written is committed
		own, done := *batch, false
		own.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
			if !done {
				done = true
				if err := k.kill(ctx, true); err != nil {
					return err
				}
			}
			return batch.BeforeCommit(ctx, result)
		}
		return k.Products.WriteBatch(ctx, &own)
	case 6, 9: // some time while it writes
		if err := k.kill(ctx, false); err != nil {
			return nil, err
		}
	}
	return k.Products.WriteBatch(ctx, batch)
}

// TestCitusNodeKilled kills a worker node in the middle of imports and starts it again: they count, and leave, what
// imports do that nobody disturbs.
func TestCitusNodeKilled(t *testing.T) {
	t.Parallel()
	cluster := pgtest.OwnCitus(t)
	url := cluster.URL()
	db := open(t, url, postgres.Options{RetryFor: 2 * time.Minute})
	distribute(t, url)
	orders, killed := make(chan chan struct{}), 0
	kill := func(ctx context.Context, wait bool) error {
		done := make(chan struct{})
		select {
		case orders <- done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if wait {
			<-done
		}
		return nil
	}
	distinct, shared := int64(catalogtest.Distinct(importRecords)), int64(catalogtest.Shared(importRecords))
	for i, file := range []importer.Bytes{catalogue(t, catalogtest.Base), catalogue(t, catalogtest.HalfNew)} {
		var saved progress.Counts
		o := importer.Options{Mode: products.Update, Writers: 1, BatchRecords: 1_000}
		o.Checkpoints.Save = func(context.Context, importer.Commit) error { return nil }
		type outcome struct {
			result *importer.Result
			err    error
		}
		ended := make(chan outcome)
		go func() {
			result, err := importer.Run(t.Context(), file, &killing{Products: db.Products(), kill: kill}, o)
			ended <- outcome{result, err}
		}()
		for done := false; !done; {
			select {
			case order := <-orders:
				worker := cluster.Workers[killed%len(cluster.Workers)]
				killed++
				worker.Crash()
				worker.Start()
				close(order)
			case got := <-ended:
				require.NoError(t, got.err)
				saved, done = got.result.Counts, true
			}
		}
		want := progress.Counts{Read: importRecords, Created: distinct, Superseded: importRecords - distinct}
		if i > 0 {
			want.Created, want.Updated = distinct-shared, shared
		}
		require.Equal(t, want, saved)
		if i == 0 {
			require.Equal(t, winners(t, file, products.Update), content(t, url))
		}
	}
	require.Equal(t, 6, killed)
	require.Equal(t, 2*distinct-shared, scan[int64](t, url, `SELECT count(DISTINCT id) FROM products`))
	require.Equal(t, shared, scan[int64](t, url, `SELECT count(*) FROM products WHERE version = 2`))
	require.Zero(t, scan[int64](t, url, `SELECT count(*) FROM products WHERE version > 2`))
}
