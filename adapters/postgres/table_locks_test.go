package postgres_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestTableLocks: while a batch waits, written and not committed, its owner reads the table, and writes other rows of it,
// on a table with hash partitions and by way of a pooler.
func TestTableLocks(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE items (code text PRIMARY KEY, qty int, CHECK (qty < 90 OR code = '')) PARTITION BY HASH (code);
		CREATE TABLE items_0 PARTITION OF items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE items_1 PARTITION OF items FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		INSERT INTO items SELECT 'c-' || n, 1 FROM generate_series(1, 20) AS n`)
	table, err := postgres.OpenTable(t.Context(), pool(t, pgtest.Pooler(t, url)),
		postgres.TableOptions{Name: "items", Key: "code"})
	require.NoError(t, err)
	owner := &whileHeld{Table: table, do: func() {
		// Without its lock it is there at once; a lock that is held is waited for no longer than this.
		query(t, url, `SET lock_timeout = '10s'; SELECT count(*), sum(qty) FROM items; SELECT * FROM items WHERE code = 'c-1';
			UPDATE items SET qty = 7 WHERE code = 'c-11'; INSERT INTO items VALUES ('own', 1) ON CONFLICT (code) DO NOTHING;
			DELETE FROM items WHERE code = 'c-12'`)
	}}
	const file = "code,qty\nc-1,2\nc-2,1\nc-3,99\nnew-1,3\nnew-2,3\n" // changed, unchanged, refused, new
	result, rejects := runCSV(t, owner, file, importer.Options{Mode: products.Update})
	require.True(t, owner.held)
	require.Len(t, rejects, 1)
	require.EqualValues(t, 2, result.Created)
	require.EqualValues(t, 1, result.Updated)
	require.Equal(t, "2 7 f t", scan[string](t, url, `SELECT concat_ws(' ', (SELECT qty FROM items WHERE code = 'c-1'),
		(SELECT qty FROM items WHERE code = 'c-11'), EXISTS (SELECT FROM items WHERE code = 'c-12'),
		EXISTS (SELECT FROM items WHERE code = 'own'))`))
}

// TestTableLookups: records' rows are looked up though the statistics say that the table is all but empty.
func TestTableLookups(t *testing.T) {
	t.Parallel()
	const n = 5_000
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE items (code text PRIMARY KEY, name text);
		INSERT INTO items SELECT 'c-' || n, 'made' FROM generate_series(0, `+strconv.Itoa(n-1)+`) AS n;
		`+allButEmpty("items"))
	owner := pool(t, url)
	table, err := postgres.OpenTable(t.Context(), owner, postgres.TableOptions{Name: "items", Key: "code"})
	require.NoError(t, err)
	_, err = table.WriteBatch(t.Context(), &products.Batch{Mode: products.Update,
		Columns: columnsOf(table.Schema(), "name"), Records: records(n, "c", "changed")})
	require.NoError(t, err)
	require.NoError(t, owner.Close()) // what a connection has read is counted once it ends
	require.GreaterOrEqual(t, scan[int](t, url, `SELECT idx_scan::int FROM pg_stat_user_tables WHERE relname = 'items'`), n)
}

// whileHeld does something while a batch is written and not committed.
type whileHeld struct {
	*postgres.Table
	do   func()
	held bool
}

func (w *whileHeld) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	held := *b
	held.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
		w.do()
		w.held = true
		if b.BeforeCommit != nil {
			return b.BeforeCommit(ctx, result)
		}
		return nil
	}
	return w.Table.WriteBatch(ctx, &held)
}
