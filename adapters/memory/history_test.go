package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products/storetest"
)

func TestHistory(t *testing.T) {
	storetest.RunHistory(t, func(*testing.T) storetest.HistoryStores {
		var back time.Duration
		db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-back) }})
		return storetest.HistoryStores{History: db.History(), InTx: db.InTx,
			Age: func(_ context.Context, d time.Duration) error { back -= d; return nil }}
	})
}
