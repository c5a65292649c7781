package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestInsertsInPartitions: batches, and undos that bring products back, insert the same keys at the same time, each with
// others beside them, and never wait for each other in a circle.
func TestInsertsInPartitions(t *testing.T) {
	t.Parallel()
	const rounds, keys = 20, 800
	url := home.In(t, postgres.HashPartitions(8))
	store := open(t, url, postgres.Options{}).Products()
	for round := range rounds {
		batch := func(some []products.Record) error {
			_, err := store.WriteBatch(t.Context(), &products.Batch{Mode: products.Ignore, Columns: described,
				Records: some, ExpectNew: true})
			return err
		}
		undo := func(some []products.Record) error {
			reverts := make([]products.Revert, len(some))
			for i, r := range some {
				reverts[i] = products.Revert{Key: r.Key, Product: &products.Product{ID: int64(1e9 + round*keys + i),
					Version: 1, CreatedAt: time.Now(), SKU: r.SKU, Name: "back"}}
			}
			_, err := store.RevertBatch(t.Context(), &products.RevertBatch{Reverts: reverts})
			return err
		}
		var all sync.WaitGroup
		for i, write := range []func(some []products.Record) error{batch, batch, batch, undo} {
			some := records(keys, fmt.Sprint(round), "new")
			random := rand.New(rand.NewPCG(uint64(round), uint64(i)))
			random.Shuffle(keys, func(a, b int) { some[a], some[b] = some[b], some[a] })
			all.Go(func() { assert.NoError(t, write(some[:keys/2])) })
		}
		all.Wait()
	}
	require.Zero(t, scan[int](t, url, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
}
