package storetest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// brokenHistory is a history with some methods replaced.
type brokenHistory struct {
	products.History
	add   func(ctx context.Context, e products.HistoryEntry) error
	list  func(ctx context.Context, q products.HistoryQuery) ([]products.HistoryEntry, error)
	prune func(ctx context.Context, age time.Duration, limit int) (int, error)
	inTx  products.InTx
}

func (b *brokenHistory) AddHistory(ctx context.Context, e products.HistoryEntry) error {
	return b.add(ctx, e)
}
func (b *brokenHistory) ListHistory(ctx context.Context, q products.HistoryQuery) ([]products.HistoryEntry, error) {
	return b.list(ctx, q)
}
func (b *brokenHistory) PruneHistory(ctx context.Context, age time.Duration, limit int) (int, error) {
	return b.prune(ctx, age, limit)
}

// TestHistorySuite runs the suite on a history that keeps the contract, and on some that don't.
func TestHistorySuite(t *testing.T) {
	for name, fault := range map[string]struct {
		breaks func(b *brokenHistory)
		says   string
	}{
		"": {func(*brokenHistory) {}, ""},
		"forgets the user": {func(b *brokenHistory) {
			b.add = func(ctx context.Context, e products.HistoryEntry) error {
				e.User = ""
				return b.History.AddHistory(ctx, e)
			}
		}, "comes back as it was added"},
		"takes null for empty": {func(b *brokenHistory) {
			b.add = func(ctx context.Context, e products.HistoryEntry) error {
				e.Fields = slices.Clone(e.Fields)
				for i := range e.Fields {
					if e.Fields[i].After == nil {
						e.Fields[i].After = new(string)
					}
				}
				return b.History.AddHistory(ctx, e)
			}
		}, "comes back as it was added"},
		"lists the oldest first": {func(b *brokenHistory) {
			b.list = func(ctx context.Context, q products.HistoryQuery) ([]products.HistoryEntry, error) {
				all, err := b.History.ListHistory(ctx, q)
				slices.Reverse(all)
				return all, err
			}
		}, "the newest first"},
		"begins each page anew": {func(b *brokenHistory) {
			b.list = func(ctx context.Context, q products.HistoryQuery) ([]products.HistoryEntry, error) {
				q.Before = 0
				return b.History.ListHistory(ctx, q)
			}
		}, "behind the last entry"},
		"survives a rollback": {func(b *brokenHistory) {
			b.inTx = func(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }
		}, "leaves no entry"},
		"removes all": {func(b *brokenHistory) {
			b.prune = func(ctx context.Context, _ time.Duration, limit int) (int, error) {
				return b.History.PruneHistory(ctx, -time.Hour, limit)
			}
		}, "nothing is old yet"},
		"removes without a limit": {func(b *brokenHistory) {
			b.prune = func(ctx context.Context, age time.Duration, _ int) (int, error) {
				return b.History.PruneHistory(ctx, age, 1_000)
			}
		}, "at most as many as the limit"},
	} {
		var broke []string
		for _, c := range storetest.HistoryCases() {
			var ahead time.Duration
			db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(ahead) }})
			h := db.History()
			b := &brokenHistory{History: h, add: h.AddHistory, list: h.ListHistory, prune: h.PruneHistory, inTx: db.InTx}
			fault.breaks(b)
			if err := c.Check(t.Context(), storetest.HistoryStores{History: b, InTx: b.inTx,
				Age: func(_ context.Context, d time.Duration) error { ahead += d; return nil }}); err != nil {
				broke = append(broke, err.Error())
			}
		}
		if fault.says == "" {
			require.Empty(t, broke)
			continue
		}
		require.Contains(t, strings.Join(broke, "\n"), fault.says, name)
	}
}
