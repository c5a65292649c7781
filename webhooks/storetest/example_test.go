package storetest_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/storetest"
)

// unnumberedStore doesn't count the events of an import.
type unnumberedStore struct{ webhooks.Store }

func (s unnumberedStore) Append(ctx context.Context, events []webhooks.Event) (int, error) {
	stored, err := s.Store.Append(ctx, events)
	for i := range events {
		events[i].Number = 0
	}
	return stored, err
}

// A test calls Run with all cases. Any other program can ask whether a store keeps the promises of some of them.
func ExampleCase_Check() {
	for _, c := range storetest.Cases() {
		if !strings.HasPrefix(c.Name, "numbers/") {
			continue
		}
		var back time.Duration
		db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-back) }})
		err := c.Check(context.Background(), storetest.Stores{Webhooks: unnumberedStore{db.Webhooks()}, InTx: db.InTx,
			SetBack: func(_ context.Context, d time.Duration) error { back += d; return nil }})
		if err != nil {
			fmt.Println("broken:", c.Name)
		}
	}
	// Output:
	// broken: numbers/by import and type, from 1
	// broken: numbers/no gap where a transaction rolls back
	// broken: numbers/no gap where many append
}
