package sqlite

import (
	"context"
	"testing"
	"time"

	"github.com/products-importer/products-importer/products/storetest"
)

func TestHistory(t *testing.T) {
	storetest.RunHistory(t, func(t *testing.T) storetest.HistoryStores {
		db, setBack := openClocked(t)
		return storetest.HistoryStores{History: db.History(), InTx: db.InTx,
			Age: func(ctx context.Context, d time.Duration) error { return setBack(ctx, -d) }}
	})
}
