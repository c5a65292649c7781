package storetest

import (
	"context"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/products"
)

// RandomCase returns the case of a seed.
func RandomCase(seed uint64) Case { return randomCase(seed) }

// BatchWriterCases returns the names of the cases of RunBatchWriter.
func BatchWriterCases() (names []string) {
	for _, c := range batchWriterCases {
		names = append(names, c.name)
	}
	return names
}

// BatchWriterFields is the schema of the store for one of them.
func BatchWriterFields(name string) *products.Schema {
	for _, c := range batchWriterCases {
		if c.name == name {
			return c.schema()
		}
	}
	panic("no case " + name)
}

// CheckBatchWriter runs one of them on an empty store and returns what broke, or nil.
func CheckBatchWriter(ctx context.Context, name string, store products.BatchWriter, find Find) error {
	for _, c := range batchWriterCases {
		if c.name == name {
			return casetest.Check(ctx, func(t casetest.T) { c.run(&batchCheck{T: t, store: answering{store}, find: find}) })
		}
	}
	panic("no case " + name)
}
