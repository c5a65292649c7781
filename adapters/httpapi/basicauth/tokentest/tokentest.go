// Package tokentest has the suite that every [basicauth.TokenStore] passes. Each case is one promise of its contract,
// and its failure says which one was broken.
//
// A store's tests call [Run]:
//
//	func TestTokens(t *testing.T) {
//		tokentest.Run(t, func(t *testing.T) tokentest.Stores {
//			db := memory.New(memory.Options{})
//			return tokentest.Stores{Tokens: db.Tokens(), InTx: db.InTx}
//		})
//	}
package tokentest

import (
	"context"
	"testing"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// Stores are what a case needs: an empty store, and its transactions.
type Stores struct {
	Tokens basicauth.TokenStore
	// InTx calls f with a context that carries a transaction, commits it when f returns nil, and otherwise rolls it
	// back and returns the error. Nil leaves the cases of transactions out.
	InTx func(ctx context.Context, f func(ctx context.Context) error) error
}

// Case is one promise.
type Case struct {
	// Name says what is promised.
	Name string
	run  func(c *check)
}

// Run runs every case as a subtest. open returns an empty store for one case, and closes it with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.run(&check{casetest.T{TestingT: t}, open(t)}) })
	}
}

// Check runs the case on an empty store, and returns an error that says which promise was broken, or nil.
func (c Case) Check(ctx context.Context, s Stores) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(&check{t, s}) })
}
