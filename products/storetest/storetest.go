// Package storetest holds the suites that stores pass: [Run] that of a whole [products.Store], [RunBatchWriter] that of
// a store that imports write to. Each case is one promise of the contract in package products, and its failure says
// which.
//
// A store's tests call one of them, or both:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T, c storetest.Case) products.Store {
//			return memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields}).Products()
//		})
//	}
package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/products"
)

// Case is one promise.
type Case struct {
	// Name is topic/promise.
	Name string
	// Rule is the key rule of the store that the case needs.
	Rule products.KeyRule
	// Fields is the schema of that store, nil for that of products.Standard.
	Fields *products.Schema
	run    func(c *check)
}

// Run runs every case as a subtest. open returns an empty store for one case, with the case's rule and fields; what it
// opens it closes in t.Cleanup. In all cases a field of one name has one type and one scale, so that stores may be
// opened in one database.
func Run(t *testing.T, open func(t *testing.T, c Case) products.Store) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.run(&check{T: casetest.T{TestingT: t}, store: open(t, c)}) })
	}
}

// Cases returns the cases of the suite.
func Cases() []Case {
	return slices.Concat(createCases, updateCases, replaceCases, deleteCases, keyCases, textCases, filterCases,
		orderCases, pagingCases, batchCases, columnCases, sizeCases, duplicateCases, fieldCases, randomCases,
		fieldListCases, commitCases, endCases, concurrentCases, differenceWholeCases, revertCases, keyReaderCases)
}

// Check runs the case on an empty store and returns what broke, or nil.
func (c Case) Check(ctx context.Context, store products.Store) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(&check{T: t, store: store}) })
}
