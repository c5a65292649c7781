package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// longName is as long as a field's name may be.
var longName = "long" + strings.Repeat("x", 59)

// indexedFields has a field with an index of every type.
func indexedFields(t testing.TB) *products.Schema {
	t.Helper()
	return schemaWith(t,
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true},
		products.Field{Name: longName, Type: products.Integer, Index: true},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=500", Index: true},
		products.Field{Name: "since", Type: products.Date, Index: true},
		products.Field{Name: "seen_at", Type: products.Timestamp, Index: true},
		products.Field{Name: "fragile", Type: products.Boolean, Index: true},
		products.Field{Name: "order", Type: products.List, Rules: "dive,max=500", Index: true},
		products.Field{Name: "stock", Type: products.Integer})
}

// indexes are the valid indexes of fields, on which table and how.
const indexes = `SELECT coalesce(string_agg(replace(replace(i.indexdef, ' public.', ' '), 'CREATE INDEX ', ''), E'\n' ORDER BY i.indexname), '')
	FROM pg_indexes i JOIN pg_index x ON x.indexrelid = to_regclass(quote_ident(i.indexname)) AND x.indisvalid
	WHERE i.indexname ~ '_by_'`

const wantIndexes = `products_by_brand ON products USING btree (brand, id)
products_by_fragile ON products USING btree (fragile, id)
products_by_%[1]s ON products USING btree (%[2]s, id)
products_by_order ON products USING gin ("order")
products_by_price ON products USING btree (price, id)
products_by_seen_at ON products USING btree (seen_at, id)
products_by_since ON products USING btree (since, id)`

func wantedIndexes(t *testing.T, url string) string {
	t.Helper()
	long := scan[string](t, url, `SELECT indexname FROM pg_indexes WHERE indexname ~ '^products_by_longx'`)
	require.Len(t, long, 63)
	return fmt.Sprintf(wantIndexes, strings.TrimPrefix(long, "products_by_"), longName)
}

// TestIndexes: several processes build the indexes once, and what an interrupted build left behind is built again. In
// the way of nobody: not of the processes that import meanwhile either.
func TestIndexes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		prepare  func(t *testing.T) (url, through string)
		maxConns int
	}{
		{"direct", func(t *testing.T) (string, string) {
			url := home.In(t, postgres.OneTable())
			return url, url
		}, 0},
		{"one connection", func(t *testing.T) (string, string) {
			url := home.In(t, postgres.OneTable())
			return url, url
		}, 1},
		{"pgbouncer", func(t *testing.T) (string, string) {
			url := home.In(t, postgres.OneTable())
			return url, pgtest.Pooler(t, url)
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			direct, url := c.prepare(t)
			schema := indexedFields(t)
			o := postgres.Options{Fields: schema, MaxConns: c.maxConns}
			var opening sync.WaitGroup
			errs := make([]error, 3)
			for i := range errs {
				db := open(t, url, o)
				opening.Go(func() { errs[i] = db.BuildIndexes(t.Context()) })
				opening.Go(func() {
					if _, err := db.Products().WriteBatch(t.Context(), typedIndexBatch(schema, fmt.Sprint(i))); err != nil {
						t.Error(err)
					}
				})
			}
			opening.Wait()
			for _, err := range errs {
				require.NoError(t, err)
			}
			require.Equal(t, wantedIndexes(t, direct), scan[string](t, direct, indexes))
			require.Equal(t, 300, scan[int](t, direct, `SELECT count(*) FROM products`))

			const numbers = `SELECT string_agg(oid::text, ' ' ORDER BY oid) FROM pg_class WHERE relname ~ '_by_'`
			before := scan[string](t, direct, numbers)
			db := open(t, url, o)
			require.NoError(t, db.BuildIndexes(t.Context()), "again")
			require.Equal(t, before, scan[string](t, direct, numbers), "what is there stays")

			query(t, direct, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'products_by_price'::regclass;
				DROP INDEX products_by_order`)
			require.NoError(t, db.BuildIndexes(t.Context()))
			require.Equal(t, wantedIndexes(t, direct), scan[string](t, direct, indexes))
			// A program without them leaves them alone.
			require.NoError(t, open(t, url, postgres.Options{Fields: schemaWith(t, price)}).BuildIndexes(t.Context()))
			require.Equal(t, wantedIndexes(t, direct), scan[string](t, direct, indexes))
		})
	}
}

// typedIndexBatch has 100 products with values.
func typedIndexBatch(schema *products.Schema, prefix string) *products.Batch {
	b := &products.Batch{Columns: columnsOf(schema, "name", "price", "brand", "order"), ExpectNew: true}
	for i := range 100 {
		sku := fmt.Sprintf("%s-%d", prefix, i)
		b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{"name", fmt.Sprintf("%d.50", i),
			strings.Repeat("😀", 500), `["a","b"]`}})
	}
	return b
}

// TestIndexesInBackground: Open returns before the indexes are there, and Close doesn't wait for them.
func TestIndexesInBackground(t *testing.T) {
	url := home.In(t, postgres.OneTable())
	require.NoError(t, open(t, url, postgres.Options{Fields: schemaWith(t, price)}).Close())
	holder := newRivalOf(t, url, `LOCK TABLE products IN ROW EXCLUSIVE MODE`).tx
	indexedPrice := price
	indexedPrice.Index = true
	db := open(t, url, postgres.Options{Fields: schemaWith(t, indexedPrice)})
	waits := func() bool {
		return scan[bool](t, url, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND query ~ '^CREATE INDEX CONCURRENTLY' AND wait_event_type = 'Lock')`)
	}
	for !waits() {
		require.NoError(t, t.Context().Err())
		time.Sleep(5 * time.Millisecond)
	}
	_, err := db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A"})
	require.NoError(t, err, "it is not in the way")
	require.NoError(t, db.Close())
	require.NoError(t, holder.Rollback())
	require.Empty(t, scan[string](t, url, indexes))
	db = open(t, url, postgres.Options{Fields: schemaWith(t, indexedPrice)})
	for scan[string](t, url, indexes) == "" {
		require.NoError(t, t.Context().Err())
		time.Sleep(5 * time.Millisecond)
	}
	require.NoError(t, db.Close())
	require.Equal(t, `products_by_price ON products USING btree (price, id)`, scan[string](t, url, indexes))
}

// TestFieldsPartitioned: columns and indexes come to all parts of a partitioned table.
func TestFieldsPartitioned(t *testing.T) {
	url := home.In(t, postgres.HashPartitions(8))
	// One part is in parts again.
	query(t, url, `ALTER TABLE products DETACH PARTITION products_3; DROP TABLE products_3;
		CREATE TABLE "Part 3" PARTITION OF products FOR VALUES WITH (MODULUS 8, REMAINDER 3)
			PARTITION BY HASH (sku_key);
		CREATE TABLE products_30 PARTITION OF "Part 3" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE products_31 PARTITION OF "Part 3" FOR VALUES WITH (MODULUS 2, REMAINDER 1)`)
	schema := indexedFields(t)
	db := open(t, url, postgres.Options{Fields: schema})
	_, err := db.Products().WriteBatch(t.Context(), typedIndexBatch(schema, "p"))
	require.NoError(t, err)
	require.NoError(t, db.BuildIndexes(t.Context()))
	const valid = `SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
		WHERE relname ~ '_by_' AND indisvalid`
	require.Equal(t, 7*(1+8+2), scan[int](t, url, valid), "on the table, its parts, and the parts of one of them")
	// As after an interruption between the parts and the whole.
	query(t, url, `DROP INDEX products_by_price`)
	require.Equal(t, 6*(1+8+2), scan[int](t, url, valid))
	require.NoError(t, db.BuildIndexes(t.Context()))
	require.Equal(t, 7*(1+8+2), scan[int](t, url, valid))
}

// TestIndexesJoinedWhileRead: whoever reads in a partition and then in the others waits for none of their indexes while
// these become one of the table.
func TestIndexesJoinedWhileRead(t *testing.T) {
	url := home.In(t, postgres.HashPartitions(8))
	indexedPrice := price
	indexedPrice.Index = true
	o := postgres.Options{Fields: schemaWith(t, indexedPrice)}
	require.NoError(t, open(t, url, o).BuildIndexes(t.Context()))
	statement := `DROP INDEX products_by_price`
	for i := range 8 {
		statement += fmt.Sprintf(`; CREATE INDEX products_%[1]d_by_price ON products_%[1]d (price, id)`, i)
	}
	query(t, url, statement)
	reader := newRivalOf(t, url, `SET LOCAL lock_timeout = 1; SELECT FROM products_7`).tx
	db := open(t, url, o) // begins to build in the background
	require.Eventually(t, func() bool {
		return scan[bool](t, url, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND query ~ 'ATTACH PARTITION' AND wait_event_type = 'Lock')`)
	}, time.Minute, time.Millisecond)
	_, err := reader.ExecContext(t.Context(), `SELECT FROM products`)
	require.NoError(t, err)
	require.NoError(t, reader.Rollback())
	require.NoError(t, db.BuildIndexes(t.Context()))
	require.Equal(t, 9, scan[int](t, url, `SELECT count(*) FROM pg_index WHERE indisvalid
		AND indexrelid IN (SELECT relid FROM pg_partition_tree('products_by_price'))`))
}
