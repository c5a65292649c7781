package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

var concurrentCases = []Case{
	{Name: "concurrent/mode ignore creates each SKU once", run: func(c *check) {
		const writers, n = 4, 200
		c.eitherWay(func(expectNew bool) {
			var total [writers]products.BatchResult
			c.Together(writers, "batches that meet over the same SKUs are all written, and never deadlock",
				func(ctx context.Context, w int) error {
					result, err := c.store.WriteBatch(ctx, c.opposite(w, n, products.Ignore, expectNew))
					if err == nil {
						total[w] = *result
					}
					return err
				})
			var made, left int64
			for w := range total {
				made += total[w].Count(created)
				left += total[w].Count(skipped)
			}
			require.EqualValues(c, n, made, "each SKU is created by one batch, and by that alone")
			require.EqualValues(c, (writers-1)*n, left, "the other batches skip it")
			all := c.all()
			require.Len(c, all, n, "each SKU is stored once")
			for _, p := range all {
				require.Equal(c, p.Name, p.Description, "a product is the record of one batch")
				require.EqualValues(c, 1, p.Version, "mode ignore changes nothing that exists")
			}
		})
	}},
	{Name: "concurrent/mode update leaves the last batch to commit", run: func(c *check) {
		const writers, rounds, n = 4, 3, 100
		c.eitherWay(func(expectNew bool) {
			var made, changed, clock atomic.Int64
			var mu sync.Mutex
			last, lastName := int64(0), ""
			c.Together(writers, "batches that meet over the same SKUs are all written, and never deadlock",
				func(ctx context.Context, w int) error {
					for round := range rounds {
						b := c.opposite(w+writers*round, n, products.Update, expectNew)
						// Batches over the same SKUs exclude each other from the first write to the commit,
						// so BeforeCommit is called in the order of the commits.
						var at int64
						b.BeforeCommit = c.hook(func() error { at = clock.Add(1); return nil })
						result, err := c.store.WriteBatch(ctx, b)
						if err != nil {
							return err
						}
						made.Add(result.Count(created))
						changed.Add(result.Count(updated))
						mu.Lock()
						if at > last {
							last, lastName = at, b.Records[0].Values[0]
						}
						mu.Unlock()
					}
					return nil
				})
			require.EqualValues(c, n, made.Load(), "each SKU is created by one batch, and by that alone")
			require.EqualValues(c, (writers*rounds-1)*n, changed.Load(), "the other batches update it")
			all := c.all()
			require.Len(c, all, n, "each SKU is stored once")
			for _, p := range all {
				require.Equal(c, lastName, p.Name, "every product is the record of the last batch to commit")
				require.Equal(c, p.Name, p.Description, "a product is the record of one batch")
			}
			for _, p := range all {
				require.EqualValues(c, writers*rounds, p.Version, "the version counts every change")
			}
		})
	}},
	{Name: "concurrent/batches and single changes", run: func(c *check) {
		const n, rounds = 40, 8
		p := c.create(products.Product{Name: "before", SKU: "c-0", Attributes: map[string]string{"count": "0"}})
		var counted atomic.Int64
		count := func(ctx context.Context) error {
			for range rounds {
				now, err := c.store.Get(ctx, p.ID)
				if err != nil {
					return err
				}
				value, err := strconv.Atoi(now.Attributes["count"])
				if err != nil {
					return err
				}
				_, err = c.store.Update(ctx, p.ID, now.Version,
					products.Patch{Attributes: map[string]*string{"count": ptr(strconv.Itoa(value + 1))}})
				if errors.Is(err, products.ErrVersion) {
					continue
				} else if err != nil {
					return err
				}
				counted.Add(1)
			}
			return nil
		}
		churn := func(ctx context.Context) error {
			for i := range rounds {
				made, err := c.store.Create(ctx, products.Product{Name: "single", SKU: fmt.Sprint("c-", 1+i)})
				if errors.Is(err, products.ErrExists) {
					continue
				} else if err != nil {
					return err
				}
				if err := c.store.Delete(ctx, made.ID, 0); err != nil && !errors.Is(err, products.ErrNotFound) {
					return err
				}
			}
			return nil
		}
		batches := func(w int) func(context.Context) error {
			return func(ctx context.Context) error {
				for round := range rounds {
					batch := c.opposite(w+2*round, n, both[round%2], round%3 == 0)
					if _, err := c.store.WriteBatch(ctx, batch); err != nil {
						return err
					}
				}
				return nil
			}
		}
		calls := []func(ctx context.Context) error{count, count, churn, batches(0), batches(1)}
		c.Together(len(calls), "batches and single changes of the same SKUs don't fail each other",
			func(ctx context.Context, i int) error {
				return calls[i](ctx)
			})
		all := c.all()
		require.Len(c, slices.Compact(slices.Sorted(slices.Values(skus(all)))), len(all), "each SKU is stored once")
		require.Equal(c, fmt.Sprint(counted.Load()), c.get(p.ID).Attributes["count"],
			"a change that named the version is never lost")
		c.write(*c.opposite(999, n, products.Update, false))
		for _, p := range c.all() {
			require.Equal(c, "batch 999", p.Name, "the next batch finds every product")
		}
	}},
}

// opposite makes batch number w over n SKUs, each time in the opposite order. Name and description are its number.
func (c *check) opposite(w, n int, mode products.Mode, expectNew bool) *products.Batch {
	b := &products.Batch{Number: int64(w), Mode: mode, ExpectNew: expectNew,
		Columns: c.columns("name", "description")}
	for i := range n {
		b.Records = append(b.Records, c.record(fmt.Sprint("c-", i), fmt.Sprint("batch ", w), fmt.Sprint("batch ", w)))
	}
	if w%2 == 1 {
		slices.Reverse(b.Records)
	}
	return b
}
