package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products/storetest"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	runHistory(t, directly)
}

func runHistory(t *testing.T, w way) {
	t.Helper()
	url := migrated(t)
	db := w.open(t, url, postgres.Options{})
	storetest.RunHistory(t, func(t *testing.T) storetest.HistoryStores {
		query(t, w.side(url), `TRUNCATE product_history`)
		age := setBack(w.side(url), `UPDATE product_history SET at = at + $1::interval`)
		return storetest.HistoryStores{History: db.History(), InTx: db.InTx,
			Age: func(ctx context.Context, d time.Duration) error { return age(ctx, -d) }}
	})
}
