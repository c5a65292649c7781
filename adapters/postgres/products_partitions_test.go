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

// TestLookupsInPartitions: a batch looks up its own records alone, at most three times, though there are no statistics,
// and the planner expects a key in each of many partitions.
func TestLookupsInPartitions(t *testing.T) {
	t.Parallel()
	const all, some = 20_000, 8_000
	url := home.In(t, postgres.HashPartitions(64))
	write := func(n int, name string, told bool) {
		db := open(t, url, postgres.Options{}) // what a connection has read is counted once it ends
		defer func() { require.NoError(t, db.Close()) }()
		b := &products.Batch{Mode: products.Update, Columns: described,
			Records: records(n, strings.Repeat("of many words ", 5), name)}
		if told {
			b.Differences = func() func(context.Context, []products.Difference) error {
				return func(context.Context, []products.Difference) error { return nil }
			}
		}
		_, err := db.Products().WriteBatch(t.Context(), b)
		require.NoError(t, err)
	}
	read := func() int {
		return scan[int](t, url, `SELECT sum(idx_tup_fetch + seq_tup_read)::int FROM pg_stat_user_tables
			WHERE relname LIKE 'products\_%' AND relname <> 'products_importer_settings'`)
	}
	write(all, "made", false)
	for i, told := range []bool{false, true} {
		before := read()
		write(some, fmt.Sprint("changed ", i), told)
		require.LessOrEqual(t, read()-before, 3*some+100, "rows read for %d that are changed, told %v", some, told)
	}
}
