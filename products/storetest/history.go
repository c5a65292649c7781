package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/products"
)

// HistoryStores are what a case of [RunHistory] needs: an empty history, and its transactions.
type HistoryStores struct {
	History products.History
	// InTx calls f with a context that carries a transaction, commits it when f returns nil, and otherwise rolls it
	// back and returns the error.
	InTx products.InTx
	// Age makes all entries older by d, by setting the store's clock for instance.
	Age func(ctx context.Context, d time.Duration) error
}

// HistoryCase is one promise of a [products.History].
type HistoryCase struct {
	// Name says what is promised.
	Name string
	run  func(c *historyCheck)
}

// historyCheck is a case under way.
type historyCheck struct {
	casetest.T
	HistoryStores
}

// RunHistory runs the suite of a [products.History]. open returns an empty one for one case, and closes it with
// t.Cleanup.
func RunHistory(t *testing.T, open func(t *testing.T) HistoryStores) {
	for _, c := range HistoryCases() {
		t.Run(c.Name, func(t *testing.T) { c.run(&historyCheck{casetest.T{TestingT: t}, open(t)}) })
	}
}

// Check runs the case on an empty history, and returns an error that says which promise was broken, or nil.
func (c HistoryCase) Check(ctx context.Context, s HistoryStores) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(&historyCheck{t, s}) })
}

// add stores an entry of the product.
func (c *historyCheck) add(ctx context.Context, product, version int64) {
	c.Helper()
	require.NoError(c, c.History.AddHistory(ctx, products.HistoryEntry{Kind: products.WasUpdated, ProductID: product,
		SKU: "s", Version: version}), "an entry is stored")
}

// list returns the entries that a query selects.
func (c *historyCheck) list(q products.HistoryQuery) []products.HistoryEntry {
	c.Helper()
	found, err := c.History.ListHistory(c.Context(), q)
	require.NoError(c, err)
	return found
}

// versions are those of the product's entries.
func (c *historyCheck) versions(product int64) (all []int64) {
	c.Helper()
	for _, e := range c.list(products.HistoryQuery{ProductID: product, Limit: 1_000}) {
		all = append(all, e.Version)
	}
	return all
}

// HistoryCases returns the cases of the suite.
func HistoryCases() []HistoryCase {
	text := func(s string) *string { return &s }
	whole := func() products.HistoryEntry {
		return products.HistoryEntry{Kind: products.WasDeleted, ProductID: 7, SKU: "Ä \"1\"", Version: 3,
			User: "Jürgen", Fields: []products.FieldChange{{Name: "name", Before: text("a\nb"), After: text("")},
				{Name: "price", After: text("1.50")}, {Name: "attributes.\"Größe\"", Before: text("<7>")}}}
	}
	return []HistoryCase{
		{"as it was added", func(c *historyCheck) {
			given, began := whole(), time.Now()
			require.NoError(c, c.History.AddHistory(c.Context(), given))
			require.NoError(c, c.History.AddHistory(c.Context(), products.HistoryEntry{Kind: products.AllDeleted}))
			*given.Fields[0].Before = "changed"
			for range 2 {
				found := c.list(products.HistoryQuery{ProductID: 7, Limit: 10})
				require.Len(c, found, 1, "an entry is found by its product")
				got := found[0]
				require.Positive(c, got.ID, "an entry gets an ID")
				require.WithinDuration(c, began, got.At, time.Minute, "an entry gets its time")
				require.Equal(c, time.UTC, got.At.Location(), "times are in UTC")
				want := whole()
				want.ID, want.At = got.ID, got.At
				require.Equal(c, want, got, "an entry comes back as it was added, whatever became of the caller's")
				*found[0].Fields[0].Before = "changed"
			}
			all := c.list(products.HistoryQuery{Limit: 10})
			require.Len(c, all, 1, "the entries of all products are found by 0")
			require.Equal(c, products.AllDeleted, all[0].Kind)
			require.Empty(c, all[0].Fields)
		}},
		{"newest first, in pages", func(c *historyCheck) {
			for i := range int64(5) {
				c.add(c.Context(), 1, i)
				c.add(c.Context(), 2, 100+i)
			}
			require.Equal(c, []int64{4, 3, 2, 1, 0}, c.versions(1), "entries of the product, the newest first")
			require.Empty(c, c.versions(3), "a product without entries has none")
			first := c.list(products.HistoryQuery{ProductID: 1, Limit: 2})
			require.Len(c, first, 2, "a page has its limit")
			second := c.list(products.HistoryQuery{ProductID: 1, Limit: 10, Before: first[1].ID})
			require.Len(c, second, 3, "the next page begins behind the last entry")
			require.EqualValues(c, 2, second[0].Version, "the next page begins behind the last entry")
			for _, limit := range []int{0, -1, 1_001} {
				_, err := c.History.ListHistory(c.Context(), products.HistoryQuery{ProductID: 1, Limit: limit})
				require.Error(c, err, "a limit of %d is an error", limit)
			}
		}},
		{"in the transaction of the change", func(c *historyCheck) {
			refused := errors.New("refused")
			err := c.InTx(c.Context(), func(ctx context.Context) error {
				c.add(ctx, 1, 1)
				return refused
			})
			require.ErrorIs(c, err, refused)
			require.Empty(c, c.versions(1), "what is rolled back leaves no entry")
			require.NoError(c, c.InTx(c.Context(), func(ctx context.Context) error {
				c.add(ctx, 1, 2)
				c.add(ctx, 1, 3)
				return nil
			}))
			require.Equal(c, []int64{3, 2}, c.versions(1), "what is committed is there")
			ctx, cancel := context.WithCancel(c.Context())
			cancel()
			require.ErrorIs(c, c.History.AddHistory(ctx, whole()), context.Canceled,
				"a context that has ended stops it")
			require.Empty(c, c.versions(7), "a context that has ended stops it")
		}},
		{"old ones are removed", func(c *historyCheck) {
			for i := range int64(5) {
				c.add(c.Context(), 1, i)
			}
			prune := func(limit int) int {
				n, err := c.History.PruneHistory(c.Context(), time.Hour, limit)
				require.NoError(c, err)
				return n
			}
			require.Zero(c, prune(10), "nothing is old yet")
			require.NoError(c, c.Age(c.Context(), 2*time.Hour))
			c.add(c.Context(), 1, 5)
			require.Equal(c, 2, prune(2), "at most as many as the limit are removed")
			require.Equal(c, []int64{5, 4, 3, 2}, c.versions(1), "the oldest are removed first")
			require.Equal(c, 3, prune(100), "what is older than the age is removed")
			require.Equal(c, []int64{5}, c.versions(1), "what is younger than the age stays")
			last := c.list(products.HistoryQuery{ProductID: 1, Limit: 1})[0].ID
			require.NoError(c, c.Age(c.Context(), 2*time.Hour))
			require.Equal(c, 1, prune(100))
			c.add(c.Context(), 1, 6)
			require.Greater(c, c.list(products.HistoryQuery{ProductID: 1, Limit: 1})[0].ID, last, "no ID is used again")
		}},
	}
}
