package importer_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// TestExampleStore holds the store of the example to the contract.
func TestExampleStore(t *testing.T) {
	storetest.RunBatchWriter(t, func(_ *testing.T, fields *products.Schema) (products.BatchWriter, storetest.Find) {
		store := &mapStore{schema: fields, byKey: map[string]products.Product{}}
		return store, store.find
	})
}

// TestNoSKUComesTwice holds what products.Batch.Records promises to stores for imports alone.
func TestNoSKUComesTwice(t *testing.T) {
	text, _ := randomFile(rand.New(rand.NewPCG(11, 12)), 6_000, 2_000)
	text = strings.NewReplacer("s1", "S1", "\ns2", "\n s2").Replace(text) + text[len("sku,name\n"):]
	for _, o := range []importer.Options{{}, {Mode: products.Update, Writers: 4, BatchRecords: 100},
		{Mode: products.Update, MaxDuplicates: 1024}, {MaxDuplicates: 1024, DryRun: true}} {
		for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
			store := &collectingStore{Store: memory.New(memory.Options{KeyRule: rule}).Products(),
				batches: map[int64][]string{}}
			_, result, err := doImport(t, store, text, o)
			require.NoError(t, err)
			require.Positive(t, result.Superseded)
			seen := map[string]bool{}
			for _, batch := range store.batches {
				for _, sku := range batch {
					require.False(t, seen[rule.Key(sku)], "%v %q", rule, sku)
					seen[rule.Key(sku)] = true
				}
			}
			require.EqualValues(t, len(seen), result.Created)
		}
	}
}

func (s *mapStore) find(_ context.Context, key string) (products.Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if product, ok := s.byKey[key]; ok {
		return product, nil
	}
	return products.Product{}, products.ErrNotFound
}

// sizing is a store that wants batches of its own.
type sizing struct {
	importer.Store
	size importer.BatchSize
	got  map[int]int // batches by their number of records
}

func (s *sizing) BatchSize() importer.BatchSize { return s.size }

func (s *sizing) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	s.got[len(b.Records)]++
	return s.Store.WriteBatch(ctx, b)
}

// TestBatchSizer: a store's batches are those that suit it, unless the options say otherwise.
func TestBatchSizer(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    importer.BatchSize
		options importer.Options
		want    map[int]int
	}{
		{"the store's", importer.BatchSize{BatchRecords: 40, Writers: 1}, importer.Options{},
			map[int]int{40: 2, 20: 1}},
		{"the options'", importer.BatchSize{BatchRecords: 40, Writers: 1},
			importer.Options{BatchRecords: 30, Writers: 1}, map[int]int{30: 3, 10: 1}},
		{"the store's bytes", importer.BatchSize{BatchBytes: 1, Writers: 1}, importer.Options{}, map[int]int{1: 100}},
		{"the usual ones", importer.BatchSize{Writers: 1}, importer.Options{}, map[int]int{100: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := &sizing{memory.New(memory.Options{}).Products(), c.size, map[int]int{}}
			_, _, err := doImport(t, store, lines(100), c.options)
			require.NoError(t, err)
			require.Equal(t, c.want, store.got)
		})
	}
	_, _, err := doImport(t, &sizing{memory.New(memory.Options{}).Products(), importer.BatchSize{Writers: 65}, nil},
		lines(1), importer.Options{})
	require.EqualError(t, err, "importer: Options.Writers must be between 1 and 64, not 65")
}
