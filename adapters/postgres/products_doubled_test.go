package postgres_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// TestSequenceBehind opens a database whose data came without its sequences, in several processes at once.
func TestSequenceBehind(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(300, "before", "name")})
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
	require.Equal(t, 15,
		scan[int](t, url, `SELECT count(DISTINCT id) FROM webhook_deliveries WHERE endpoint IS NOT NULL`), e.ID)

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

// TestDoubledIDs: what finds two products by an ID says so, lists pass over none of them, and they are told of at the
// start.
func TestDoubledIDs(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	// The index has them in the order in which they were written, which is not that of their keys.
	_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(40, "b", "name")})
	require.NoError(t, err)
	query(t, url, `ALTER SEQUENCE product_ids RESTART`)
	_, err = db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(40, "a", "name")})
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

	for _, field := range products.OrderBy(products.Standard()) {
		for _, order := range []string{field, "-" + field} {
			for _, maxBytes := range []int{0, 200} {
				byCursor := walk(t, db, products.Query{Limit: 7, Order: order, MaxBytes: maxBytes}, true)
				require.Len(t, byCursor, 80)
				for i, sku := range byCursor {
					require.NotContains(t, byCursor[:i], sku, "twice by %s", order)
				}
				for _, limit := range []int{1, 7} {
					q := products.Query{Limit: limit, Order: order, MaxBytes: maxBytes * 100}
					require.Equal(t, byCursor, walk(t, db, q, false), order)
				}
			}
		}
	}

	var log strings.Builder
	query(t, url, `ALTER SEQUENCE product_ids RESTART`)
	open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Contains(t, log.String(), `several products have one ID`)
	require.Contains(t, log.String(), `id=1 skus="a-0, b-0" ids=40`)
	require.Equal(t, 20, strings.Count(log.String(), "several products"))

	_, remedy, _ := strings.Cut(doubled.Error(), "give one a new one with ")
	query(t, url, strings.Replace(remedy, "..", "'"+doubled.SKUs[0]+"'", 1))
	_, err = db.Products().Get(t.Context(), 7)
	require.NoError(t, err)
}

// walk returns the SKUs that the query's pages have, one behind the other by their cursors or by offsets.
func walk(t *testing.T, db *postgres.DB, q products.Query, byCursor bool) (skus []string) {
	t.Helper()
	for {
		page, err := db.Products().List(t.Context(), q)
		require.NoError(t, err)
		for _, p := range page.Products {
			skus = append(skus, p.SKU)
		}
		switch {
		case page.Next == "":
			return skus
		case byCursor:
			q.Cursor = page.Next
		default:
			q.Offset += q.Limit
		}
	}
}
