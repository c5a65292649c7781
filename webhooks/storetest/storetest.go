// Package storetest has the suite that every [webhooks.Store] passes. Each case is one promise of the contract in
// package webhooks, and its failure says which one was broken.
//
// A store's tests call [Run]:
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
// The leases in the suite last milliseconds of the store's time. The suite waits for their end by asking the store.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/webhooks"
)

// Stores are what a case needs: an empty store, its transactions, and its clock.
type Stores struct {
	Webhooks webhooks.Store
	// InTx calls f with a context that carries a transaction, commits it when f returns nil, and otherwise rolls it
	// back and returns the error.
	InTx func(ctx context.Context, f func(ctx context.Context) error) error
	// SetBack sets the store's clock back by d, or forward where d is negative. Moving all stored times of webhooks by
	// d into the future has the same effect.
	SetBack func(ctx context.Context, d time.Duration) error
}

// Case is one promise.
type Case struct {
	// Name is topic/promise.
	Name string
	run  func(c *check)
}

// Run runs every case as a subtest. open returns empty stores for one case, and closes them with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.run(newCheck(casetest.T{TestingT: t}, open(t))) })
	}
}

// Cases returns the cases of the suite.
func Cases() []Case {
	return slices.Concat(endpointCases, switchCases, appendCases, numberCases, claimCases, fairnessCases, leaseCases,
		finishCases,
		healthCases, deliveryCases, resendCases, pruneCases, transactionCases, clockCases, feedCases)
}

// Check runs the case on empty stores, and returns an error that says which promise was broken, or nil.
func (c Case) Check(ctx context.Context, s Stores) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(newCheck(t, s)) })
}
