package jobtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

// A program can ask which promises a store breaks; a test calls RunStore.
func ExampleStoreCases() {
	broken := 0
	for _, c := range jobtest.StoreCases() {
		var back time.Duration
		db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-back) }})
		stores := jobtest.Stores{Products: db.Products(), Jobs: db.Jobs(), OnEnd: db.Jobs().OnEnd,
			SetBack: func(_ context.Context, d time.Duration) error { back += d; return nil }}
		if err := c.Check(context.Background(), stores); err != nil {
			fmt.Println(c.Name, err)
			broken++
		}
	}
	fmt.Println(broken)
	// Output:
	// 0
}
