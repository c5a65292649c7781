package memory_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

func TestProducts(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, c storetest.Case) products.Store {
		return memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields}).Products()
	})
}

func TestBatches(t *testing.T) {
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
		t.Run(rule.String(), func(t *testing.T) {
			storetest.RunBatchWriter(t, func(_ *testing.T, fields *products.Schema) (products.BatchWriter, storetest.Find) {
				store := memory.New(memory.Options{KeyRule: rule, Fields: fields}).Products()
				return store, storetest.FindIn(store)
			})
		})
	}
}
