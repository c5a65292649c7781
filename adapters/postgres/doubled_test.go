package postgres_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

// TestSequenceBehind opens a database whose data came without its sequences, in several processes at once.
func TestSequenceBehind(t *testing.T) {
	url := pgtest.URL(t)
	db := open(t, url, postgres.Options{})
	_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Records: records(300, "before", "name")})
	require.NoError(t, err)
	e := listen(t, db.Webhooks())
	_, err = db.Webhooks().Append(t.Context(), numbered("product.created", 3))
	require.NoError(t, err)
	query(t, url, `ALTER SEQUENCE product_ids RESTART; ALTER SEQUENCE webhook_delivery_ids RESTART`)

	var log strings.Builder
	var opening sync.WaitGroup
	dbs, errs := make([]*postgres.DB, 4), make([]error, 4)
	for i := range dbs {
		o := postgres.Options{}
		if i == 0 {
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		}
		opening.Go(func() { dbs[i], errs[i] = postgres.Open(t.Context(), url, o) })
	}
	opening.Wait()
	for i, db := range dbs {
		require.NoError(t, errs[i])
		for n := range 100 {
			create(t, db, fmt.Sprint("after-", i, "-", n))
		}
		_, err = db.Webhooks().Append(t.Context(), numbered("product.created", 3))
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
	require.Equal(t, 700, scan[int](t, url, `SELECT count(DISTINCT id) FROM products`))
	require.Equal(t, 15, scan[int](t, url, `SELECT count(DISTINCT id) FROM webhook_deliveries WHERE endpoint IS NOT NULL`), e.ID)

	last := scan[int](t, url, `SELECT last_value FROM product_ids`)
	open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Equal(t, last, scan[int](t, url, `SELECT last_value FROM product_ids`), "it is moved once")
	query(t, url, `ALTER SEQUENCE product_ids RESTART`)
	log.Reset()
	open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Contains(t, log.String(), "moved a sequence on that was behind its table")
	require.Contains(t, log.String(), "sequence=product_ids from=0 to=")
	require.NotContains(t, log.String(), "several products")
}

// TestDoubledIDs: what finds two products by an ID says so, lists pass over none of them, and they are told of at the start.
func TestDoubledIDs(t *testing.T) {
	url := pgtest.URL(t)
	db := open(t, url, postgres.Options{})
	_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Records: records(40, "a", "name")})
	require.NoError(t, err)
	query(t, url, `ALTER SEQUENCE product_ids RESTART`)
	_, err = db.Products().WriteBatch(t.Context(), &products.Batch{Records: records(40, "b", "name")})
	require.NoError(t, err)

	var doubled *postgres.DoubledIDError
	name := "other"
	_, err = db.Products().Get(t.Context(), 7)
	require.ErrorAs(t, err, &doubled)
	require.EqualValues(t, 7, doubled.ID)
	require.Len(t, doubled.SKUs, 2)
	require.ErrorContains(t, err, `have the same ID, 7: give one a new one`)
	_, err = db.Products().Update(t.Context(), 7, 0, products.Patch{Name: &name})
	require.ErrorAs(t, err, &doubled)
	require.ErrorAs(t, db.Products().Delete(t.Context(), 7, 0), &doubled)

	for _, field := range products.OrderBy {
		for _, order := range []string{field, "-" + field} {
			seen := map[string]bool{}
			q := products.Query{Limit: 7, Order: order}
			for more := true; more; more = q.Cursor != "" {
				page, err := db.Products().List(t.Context(), q)
				require.NoError(t, err)
				for _, p := range page.Products {
					require.False(t, seen[p.SKU], "%s twice by %s", p.SKU, order)
					seen[p.SKU] = true
				}
				q.Cursor = page.Next
			}
			require.Len(t, seen, 80, order)
		}
	}

	var log strings.Builder
	query(t, url, `ALTER SEQUENCE product_ids RESTART`)
	open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Contains(t, log.String(), `several products have one ID`)
	require.Contains(t, log.String(), `id=1 skus="a-0, b-0" ids=40`)
	require.Equal(t, 20, strings.Count(log.String(), "several products"))

	query(t, url, `UPDATE products SET id = nextval('product_ids') WHERE sku_key LIKE 'b-%'`)
	_, err = db.Products().Get(t.Context(), 7)
	require.NoError(t, err)
}
