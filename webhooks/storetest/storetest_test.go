package storetest_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/storetest"
)

func open() storetest.Stores {
	var back atomic.Int64
	db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }})
	return storetest.Stores{Webhooks: db.Webhooks(), InTx: db.InTx,
		SetBack: func(_ context.Context, d time.Duration) error {
			back.Add(int64(d))
			return nil
		}}
}

func TestCasesPassASoundStore(t *testing.T) {
	for _, c := range storetest.Cases() {
		require.NoError(t, c.Check(t.Context(), open()), c.Name)
	}
}

func TestCaseNames(t *testing.T) {
	var names []string
	for _, c := range storetest.Cases() {
		names = append(names, c.Name)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "every case has a name of its own")
}

// TestCasesFindBrokenStores breaks one promise at a time and wants the case to say which.
func TestCasesFindBrokenStores(t *testing.T) {
	found := map[string]bool{}
	for _, test := range brokenStores {
		t.Run(test.name, func(t *testing.T) {
			at := slices.IndexFunc(storetest.Cases(), func(c storetest.Case) bool { return c.Name == test.found })
			require.GreaterOrEqual(t, at, 0, "there is a case %q", test.found)
			found[test.found] = true
			var err error
			for try := 0; err == nil && try < 20; try++ { // some break by chance
				synctest.Test(t, func(t *testing.T) { // where patience costs nothing
					s := open()
					b := breakAll(s.Webhooks, s.InTx)
					b.setBack = s.SetBack
					test.spoil(b)
					err = storetest.Cases()[at].Check(t.Context(), storetest.Stores{Webhooks: b, InTx: b.inTx,
						SetBack: b.setBack})
				})
			}
			require.Error(t, err, "the case finds the broken store")
			require.ErrorContains(t, err, test.says, "the failure says which promise broke")
		})
	}
	for _, c := range storetest.Cases() {
		require.True(t, found[c.Name], "some broken store is found by the case %q", c.Name)
	}
}

// TestCasesEndWithTheirContext makes sure that a case that waits for a lease can be broken off.
func TestCasesEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	at := slices.IndexFunc(storetest.Cases(),
		func(c storetest.Case) bool { return c.Name == "lease/one that runs out is taken over" })
	require.ErrorContains(t, storetest.Cases()[at].Check(ctx, open()), "a new endpoint is stored")
}

var _ webhooks.Store = (*broken)(nil)
