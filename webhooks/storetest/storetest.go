// Package storetest holds the suite that every webhooks.Store passes: each case is one promise of the contract in package
// webhooks, and its failure says which.
//
// A store's tests call Run:
//
//	func TestWebhooks(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Stores {
//			var back time.Duration
//			db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-back) }})
//			setBack := func(_ context.Context, d time.Duration) error { back += d; return nil }
//			return storetest.Stores{Webhooks: db.Webhooks(), InTx: db.InTx, SetBack: setBack}
//		})
//	}
//
// Leases in the suite run out in milliseconds of the store's time, and it waits for that by asking the store.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/products-importer/products-importer/products/casetest"
	"github.com/products-importer/products-importer/webhooks"
)

// Stores are a store of webhooks and the transactions that it joins.
type Stores struct {
	Webhooks webhooks.Store
	// InTx calls f with a context that carries a transaction, commits it when f returns nil, and else rolls it back and
	// returns the error.
	InTx func(ctx context.Context, f func(ctx context.Context) error) error
	// SetBack sets the store's clock back, and forward where d is below 0. To move all times that are stored for webhooks
	// into the future does as well.
	SetBack func(ctx context.Context, d time.Duration) error
}

// Case is one promise.
type Case struct {
	// Name is topic/promise.
	Name string
	run  func(c *check)
}

// Run runs every case as a subtest. open returns empty stores, for one case; what it opens it closes in t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.run(newCheck(casetest.T{TestingT: t}, open(t))) })
	}
}

// Cases returns the cases of the suite.
func Cases() []Case {
	return slices.Concat(endpointCases, switchCases, appendCases, numberCases, claimCases, fairnessCases, leaseCases, finishCases,
		healthCases, lookCases, againCases, keepCases, transactionCases, clockCases)
}

// Check runs the case on empty stores and returns what broke, or nil.
func (c Case) Check(ctx context.Context, s Stores) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(newCheck(t, s)) })
}
