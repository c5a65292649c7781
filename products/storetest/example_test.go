package storetest_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// forgetfulStore commits batches without their checkpoints.
type forgetfulStore struct{ products.Store }

func (s forgetfulStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	withoutHook := *b
	withoutHook.BeforeCommit = nil
	return s.Store.WriteBatch(ctx, &withoutHook)
}

// A test calls Run with all cases. Any other program can ask whether a store keeps the promises of some of them.
func ExampleCase_Check() {
	for _, c := range storetest.Cases() {
		if !strings.HasPrefix(c.Name, "commit/") {
			continue
		}
		store := forgetfulStore{memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields}).Products()}
		if err := c.Check(context.Background(), store); err != nil {
			fmt.Println("broken:", c.Name)
		}
	}
	// Output:
	// broken: commit/BeforeCommit knows the outcomes
	// broken: commit/an error of BeforeCommit leaves nothing
	// broken: commit/an error of Changed leaves nothing
}
