// Package storetest holds the suite that every products.Store passes: each case is one promise of the contract in
// package products, and its failure says which.
//
// A store's tests call Run:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T, rule products.KeyRule) products.Store {
//			return memory.New(memory.Options{KeyRule: rule}).Products()
//		})
//	}
package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/casetest"
)

// Case is one promise.
type Case struct {
	// Name is topic/promise.
	Name string
	// Rule is the key rule of the store that the case needs.
	Rule products.KeyRule
	run  func(c *check)
}

// Run runs every case as a subtest. open returns an empty store with the rule, for one case; what it opens it closes in
// t.Cleanup.
func Run(t *testing.T, open func(t *testing.T, rule products.KeyRule) products.Store) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.run(&check{T: casetest.T{TestingT: t}, Store: open(t, c.Rule)}) })
	}
}

// Cases returns the cases of the suite.
func Cases() []Case {
	return slices.Concat(createCases, updateCases, deleteCases, keyCases, textCases, filterCases, orderCases, pagingCases,
		batchCases, columnCases, sizeCases, duplicateCases, commitCases, endCases, concurrentCases)
}

// Check runs the case on an empty store and returns what broke, or nil.
func (c Case) Check(ctx context.Context, store products.Store) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(&check{T: t, Store: store}) })
}
