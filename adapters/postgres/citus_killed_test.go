package postgres_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// killing kills a node in the middle of some batches.
type killing struct {
	*postgres.Products
	batches atomic.Int64
	kill    func(ctx context.Context, wait bool) error
}

// disturb has a node killed in the third batch before what it has written is committed, and in the sixth and ninth some
// time while it is written.
func (k *killing) disturb(ctx context.Context, commit *func(context.Context, *products.BatchResult) error) error {
	switch k.batches.Add(1) {
	case 3:
		own, done := *commit, false
		*commit = func(ctx context.Context, result *products.BatchResult) error {
			if !done {
				done = true
				if err := k.kill(ctx, true); err != nil {
					return err
				}
			}
			return own(ctx, result)
		}
	case 6, 9:
		return k.kill(ctx, false)
	}
	return nil
}

func (k *killing) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	own := *batch
	if err := k.disturb(ctx, &own.BeforeCommit); err != nil {
		return nil, err
	}
	return k.Products.WriteBatch(ctx, &own)
}

func (k *killing) RevertBatch(ctx context.Context, batch *products.RevertBatch) (*products.BatchResult, error) {
	own := *batch
	if err := k.disturb(ctx, &own.BeforeCommit); err != nil {
		return nil, err
	}
	return k.Products.RevertBatch(ctx, &own)
}

// whileNodesAreKilled calls f with a store that has the worker nodes killed, one after the other, and starts each again.
// It returns how many were.
func whileNodesAreKilled(t *testing.T, cluster *pgtest.Citus, db *postgres.DB, f func(store *killing)) (killed int) {
	t.Helper()
	orders, ended := make(chan chan struct{}), make(chan struct{})
	store := &killing{Products: db.Products(), kill: func(ctx context.Context, wait bool) error {
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
	}}
	go func() {
		defer close(ended)
		f(store)
	}()
	for {
		select {
		case order := <-orders:
			worker := cluster.Workers[killed%len(cluster.Workers)]
			killed++
			worker.Crash()
			worker.Start()
			close(order)
		case <-ended:
			return killed
		}
	}
}

// TestCitusNodeKilled kills a worker node in the middle of imports and starts it again: they count, and leave, what
// imports do that nobody disturbs.
func TestCitusNodeKilled(t *testing.T) {
	t.Parallel()
	cluster := pgtest.OwnCitus(t)
	url := cluster.URL()
	db := open(t, url, postgres.Options{RetryFor: 2 * time.Minute})
	distribute(t, url)
	distinct, shared := int64(catalogtest.Distinct(importRecords)), int64(catalogtest.Shared(importRecords))
	for i, file := range []importer.Bytes{catalogue(t, catalogtest.Base), catalogue(t, catalogtest.HalfNew)} {
		o := importer.Options{Mode: products.Update, Writers: 1, BatchRecords: 1_000}
		o.Checkpoints.Save = func(context.Context, importer.Commit) error { return nil }
		var result *importer.Result
		var err error
		require.Equal(t, 3, whileNodesAreKilled(t, cluster, db, func(store *killing) {
			result, err = importer.Run(t.Context(), file, store, o)
		}))
		require.NoError(t, err)
		want := progress.Counts{Read: importRecords, Created: distinct, Superseded: importRecords - distinct}
		if i > 0 {
			want.Created, want.Updated = distinct-shared, shared
		}
		require.Equal(t, want, result.Counts)
		if i == 0 {
			require.Equal(t, winners(t, file, products.Update), content(t, url))
		}
	}
	require.Equal(t, 2*distinct-shared, scan[int64](t, url, `SELECT count(DISTINCT id) FROM products`))
	require.Equal(t, shared, scan[int64](t, url, `SELECT count(*) FROM products WHERE version = 2`))
	require.Zero(t, scan[int64](t, url, `SELECT count(*) FROM products WHERE version > 2`))
}

// TestCitusNodeKilledInUndo does the same to an undo: everything is taken back once.
func TestCitusNodeKilledInUndo(t *testing.T) {
	t.Parallel()
	cluster := pgtest.OwnCitus(t)
	url := cluster.URL()
	db := open(t, url, postgres.Options{RetryFor: 2 * time.Minute})
	distribute(t, url)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	work := func(store importer.Store) (j job.Job, err error) {
		runner, err := job.NewRunner(db.Jobs(), db.Uploads(), store, job.RunnerOptions{})
		if err != nil {
			return j, err
		}
		claim, err := runner.Claim(t.Context(), "worker")
		if err != nil {
			return j, err
		}
		return runner.Run(t.Context(), claim, nil)
	}
	submit := func(v catalogtest.Variant) job.Job {
		_, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
			Changes: job.ChangesAll, BatchRecords: 1_000}}, bytes.NewReader(catalogue(t, v)))
		require.NoError(t, err)
		j, err := work(db.Products())
		require.NoError(t, err)
		require.Equal(t, job.Success, j.State, j.Error)
		return j
	}
	submit(catalogtest.Base)
	before := content(t, url)
	imported := submit(catalogtest.HalfNew)
	require.NotEqual(t, before, content(t, url))

	_, _, err = service.Undo(t.Context(), imported.ID, job.UndoRequest{})
	require.NoError(t, err)
	var undone job.Job
	require.Equal(t, 3, whileNodesAreKilled(t, cluster, db, func(store *killing) { undone, err = work(store) }))
	require.NoError(t, err)
	require.Equal(t, job.Success, undone.State, undone.Error)
	distinct, shared := int64(catalogtest.Distinct(importRecords)), int64(catalogtest.Shared(importRecords))
	require.Equal(t, progress.Counts{Read: distinct, Updated: shared, Deleted: distinct - shared}, undone.Event.Counts)
	require.Equal(t, before, content(t, url))
	require.Zero(t, scan[int64](t, url, `SELECT count(*) FROM products WHERE version > 3`))
}

// TestCitusNodeAway: while a worker node is away Ping says so, and an index that can't be built is built once it is back.
func TestCitusNodeAway(t *testing.T) {
	t.Parallel()
	cluster := pgtest.OwnCitus(t)
	url := cluster.URL()
	db := open(t, url, postgres.Options{Distribution: postgres.Citus()})
	query(t, url, `INSERT INTO products (id, sku_key, sku, name) SELECT i, i, i, 'Lamp' FROM generate_series(1, 100) i`)
	require.NoError(t, db.Ping(t.Context()))
	cluster.Workers[1].Crash()
	require.ErrorIs(t, db.Ping(t.Context()), products.ErrUnavailable)
	require.ErrorIs(t, db.BuildSearchIndex(t.Context()), products.ErrUnavailable)
	cluster.Workers[1].Start()
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	require.Equal(t, pgtest.CitusShards, scan[int](t, url, `SELECT sum(result::bigint) FROM run_command_on_shards('products',
		$$SELECT count(*) FROM pg_index WHERE indrelid = '%s'::regclass AND indisvalid
			AND pg_get_indexdef(indexrelid) LIKE '%%USING gin%%'$$)`))
}
