package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestLookups: a batch looks up its own records alone, at most three times, whatever the planner knows or takes for
// granted: that there is no row at all, or that a key is in each of many partitions.
func TestLookups(t *testing.T) {
	t.Parallel()
	const all, some = 8_000, 3_000
	for name, c := range map[string]struct {
		home       postgres.Distribution
		emptied    bool // most was deleted before, and counted
		statistics string
	}{
		"one table, all but empty":      {postgres.OneTable(), false, allButEmpty("products%")},
		"one table, emptied":            {postgres.OneTable(), true, `SELECT 1`},
		"partitions without statistics": {postgres.HashPartitions(64), false, `SELECT 1`},
		"partitions, all but empty":     {postgres.HashPartitions(64), false, allButEmpty("products%")},
		"partitions, emptied":           {postgres.HashPartitions(64), true, `SELECT 1`},
	} {
		t.Run(name, func(t *testing.T) {
			url := home.In(t, c.home)
			write := func(mode products.Mode, n int, name string, told bool) {
				db := open(t, url, postgres.Options{}) // what a connection has read is counted once it ends
				defer func() { require.NoError(t, db.Close()) }()
				b := &products.Batch{Mode: mode, Columns: described,
					Records: records(n, strings.Repeat("of many words ", 5), name)}
				if told {
					b.Differences = func() func(context.Context, []products.Difference) error {
						return func(context.Context, []products.Difference) error { return nil }
					}
				}
				_, err := db.Products().WriteBatch(t.Context(), b)
				require.NoError(t, err)
			}
			counts := func() (looked, read int) {
				const count = `SELECT sum(%s)::int FROM pg_stat_user_tables
					WHERE relname LIKE 'products%%' AND relname <> 'products_importer_settings'`
				return scan[int](t, url, fmt.Sprintf(count, "idx_scan")),
					scan[int](t, url, fmt.Sprintf(count, "idx_tup_fetch + seq_tup_read"))
			}
			write(products.Update, all, "made", false)
			if c.emptied {
				query(t, url, `DELETE FROM products WHERE id % 85 <> 1`)
				query(t, url, `VACUUM ANALYZE`)
				write(products.Update, all, "made", false)
			}
			for _, b := range []struct {
				mode  products.Mode
				told  bool
				times int
			}{{products.Update, false, 3}, {products.Update, true, 3}, {products.Ignore, false, 1}} {
				query(t, url, c.statistics)
				looked, read := counts()
				write(b.mode, some, fmt.Sprint("changed ", b), b.told)
				lookedNow, readNow := counts()
				require.GreaterOrEqual(t, lookedNow-looked, some, "each of the records is looked up, %+v", b)
				require.LessOrEqual(t, readNow-read, b.times*some+100, "nothing else is read, %+v", b)
			}
		})
	}
}
