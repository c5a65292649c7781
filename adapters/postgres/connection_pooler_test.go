package postgres_test

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestPooler uses the database by way of a pooler in transaction mode, from more goroutines than that has connections:
// an import as a job, products that are created, read, changed and deleted, and jobs that are watched. Everybody gets
// the answers to what he asked.
func TestPooler(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]way{"its own connections": directly, "a pool that exists": overPool(0)} {
		t.Run(name, func(t *testing.T) { runPooler(t, w) })
	}
}

func runPooler(t *testing.T, w way) {
	t.Helper()
	direct := migrated(t)
	url := pgtest.Pooler(t, direct)
	db, other := w.open(t, url, postgres.Options{}), w.open(t, url, postgres.Options{})
	other.Jobs().Wake(t.Context()) // nothing comes through, and nothing breaks
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	runner, err := job.NewRunner(other.Jobs(), other.Uploads(), other.Products(), job.RunnerOptions{Writers: 4})
	require.NoError(t, err)
	const records = 20_000
	file, err := io.ReadAll(catalogtest.NewReader(records, catalogtest.Base))
	require.NoError(t, err)
	submitted, _, err := service.Submit(t.Context(),
		job.Request{Settings: job.Settings{Mode: products.Update, BatchRecords: 200}}, bytes.NewReader(file))
	require.NoError(t, err)

	imported := make(chan struct{})
	var busy sync.WaitGroup
	for i := range 2 * pgtest.PoolSize {
		busy.Go(func() {
			store := []*postgres.Products{db.Products(), other.Products()}[i%2]
			for n := 0; ; n++ {
				select {
				case <-imported:
					return
				default:
				}
				sku := fmt.Sprintf("of-hand-%d-%d", i, n)
				err := useProduct(t, store, sku)
				var watched []job.Job
				if err == nil {
					watched, err = db.Jobs().GetMany(t.Context(), []string{submitted.ID})
				}
				if err != nil {
					t.Errorf("%s: %v", sku, err)
					return
				}
				if !assert.Len(t, watched, 1) || !assert.Equal(t, submitted.ID, watched[0].ID) {
					return
				}
			}
		})
	}
	claim, err := runner.Claim(t.Context(), "w")
	require.NoError(t, err)
	require.NotNil(t, claim)
	done, err := runner.Run(t.Context(), claim, nil)
	close(imported)
	busy.Wait()
	require.NoError(t, err)
	require.Equal(t, job.Success, done.State, done.Error)
	require.EqualValues(t, catalogtest.Distinct(records), done.Event.Created)
	require.Equal(t, done.Event.Created, scan[int64](t, direct, `SELECT count(*) FROM products`))
}

// useProduct lets a product live, and looks whether every answer is about it.
func useProduct(t *testing.T, store *postgres.Products, sku string) error {
	ctx := t.Context()
	created, err := store.Create(ctx, products.Product{SKU: sku, Name: "name of " + sku})
	if err != nil {
		return err
	}
	got, err := store.Get(ctx, created.ID)
	if err != nil {
		return err
	}
	assert.Equal(t, created, got)
	page, err := store.List(ctx, products.Query{SKU: sku})
	if err != nil {
		return err
	}
	assert.Equal(t, []products.Product{created}, page.Products)
	name := fmt.Sprint("new at ", time.Now())
	changed, err := store.Update(ctx, created.ID, created.Version, products.Patch{Name: &name})
	if err != nil {
		return err
	}
	assert.Equal(t, name, changed.Name)
	assert.Equal(t, sku, changed.SKU)
	return store.Delete(ctx, created.ID, changed.Version)
}
