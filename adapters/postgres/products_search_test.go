package postgres_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestSearchPages: the index for searches changes no page, whether what is searched for is in many products, in few, in
// those at the end alone or in none.
func TestSearchPages(t *testing.T) {
	t.Parallel()
	for _, d := range []postgres.Distribution{postgres.OneTable(), postgres.HashPartitions(8)} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			testSearchPages(t, home.In(t, d))
		})
	}
}

func testSearchPages(t *testing.T, url string) {
	schema, err := products.NewSchema(
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Search: true, Index: true},
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true},
		products.Field{Name: "stock", Type: products.Integer})
	require.NoError(t, err)
	db := open(t, url, postgres.Options{Fields: schema})
	require.NoError(t, db.BuildIndexes(t.Context()))
	add := func(from, to int) {
		query(t, url, fmt.Sprintf(`INSERT INTO products
				(id, sku_key, sku, name, description, status, brand, price, stock)
			SELECT n, n, 'SKU-' || n, CASE WHEN n %% 3 = 0 THEN 'Lamp ' ELSE 'Chair ' END
				|| CASE WHEN n %% 700 = 0 THEN 'CAFÉ 100%% [x]' WHEN n > 3600 THEN 'late' ELSE 'b' END,
				repeat('d', n %% 2000), n %% 2 = 0, CASE WHEN n %% 5 > 0 THEN 'Acme ' || n %% 7 END,
				CASE WHEN n %% 4 > 0 THEN n %% 50 END, n %% 10
			FROM generate_series(%d, %d) AS n`, from, to))
	}
	add(1, 3_500)
	type page struct {
		query products.Query
		products.Page
	}
	pages := func() (all []page) {
		for _, search := range []string{"lamp", "LATE", "cafe\u0301", "100% [X]", "acme 3", "zq", "nowhere", "--"} {
			for _, q := range []products.Query{{}, {Order: "-id"}, {Order: "price"}, {Order: "-price"}, {Order: "brand"},
				{Order: "name"}, {Order: "-updated_at"}, {Offset: 30}, {Offset: 5_000}, {Limit: 200}, {SKU: "SKU-7"},
				{MaxBytes: 4_000}, {MaxBytes: 4_000, Order: "-price"}, {Status: new(bool)}, {CountUpTo: 10_000},
				{Where: []products.Condition{{Field: "stock", Op: products.OpAtLeast, Value: "7"}}},
				{Where: []products.Condition{{Field: "price", Op: products.OpEqual, Value: "3"}}, Order: "price"}} {
				q.Search = search
				if q.Limit == 0 {
					q.Limit = 7
				}
				for range 2 {
					p := listed(t, db, q)
					all = append(all, page{q, p})
					if q.Cursor, q.Offset = p.Next, 0; p.Next == "" {
						break
					}
				}
			}
		}
		return all
	}
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	add(3_501, 4_000) // is behind what is in the index
	with := pages()
	require.NoError(t, db.DropSearchIndex(t.Context()))
	without := pages()
	require.Len(t, with, len(without))
	for i := range without {
		require.Equal(t, without[i], with[i], "%+v", without[i].query)
	}
}

// TestSearchReadsFew: a search for what is in few products or in none reads few rows, though the server believes that
// it is in many, or knows nothing of them.
func TestSearchReadsFew(t *testing.T) {
	t.Parallel()
	home.OneTable(t, "partitions have no index on the ID, in whose order a search could look at all")
	url := migrated(t)
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true}
	db := open(t, url, postgres.Options{Fields: schemaWith(t, price)})
	require.NoError(t, db.BuildIndexes(t.Context()))
	const all, late = 40_000, 39_000
	query(t, url, fmt.Sprintf(`ALTER TABLE products SET (autovacuum_enabled = off);
		INSERT INTO products (id, sku_key, sku, name, price)
		SELECT n, n, n, CASE WHEN n > %d THEN 'Lamp of ' WHEN n %% 80 = 0 OR n > 5000 AND n %% 10 = 0 THEN 'Sofa of '
			ELSE 'Chair of ' END || n, n FROM generate_series(1, %d) AS n`,
		late, all))
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	admin, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	requireFew := func(search string, found int) {
		for _, order := range []string{"id", "price"} {
			page := listed(t, db, products.Query{Search: search, Order: order, CountUpTo: 10_000})
			require.EqualValues(t, found, page.Count)
			statement, args := postgres.SearchStatement(t.Context(), db, products.Query{Search: search, Order: order})
			require.Less(t, readRows(t, admin, statement, args), all/10, "%s in the order of %s", search, order)
		}
	}
	requireFew("nowhere", 0)
	requireFew("lamp", all-late)
	query(t, url, `ANALYZE products`)
	requireFew("nowhere", 0)
	requireFew("lamp", all-late)
	// Those that are in many don't cost more than their page.
	page := listed(t, db, products.Query{Search: "chair", SkipCount: true})
	require.EqualValues(t, 1, page.Products[0].ID)
	statement, args := postgres.SearchStatement(t.Context(), db, products.Query{Search: "chair"})
	require.Less(t, readRows(t, admin, statement, args), 100)
	// Nor do those that are in one of 80, of which the first 1,000 have too few: 21 are among the first 1,680.
	statement, args = postgres.SearchStatement(t.Context(), db, products.Query{Search: "sofa"})
	require.Less(t, readRows(t, admin, statement, args), 1_000+1_680+100)
}

// readRows is how many rows of products a statement reads, by its EXPLAIN.
func readRows(t *testing.T, db *sql.DB, statement string, args []any) (n int) {
	t.Helper()
	type node struct {
		Relation string `json:"Relation Name"`
		Rows     int    `json:"Actual Rows"`
		Loops    int    `json:"Actual Loops"`
		Filtered int    `json:"Rows Removed by Filter"`
		Recheck  int    `json:"Rows Removed by Index Recheck"`
		Plans    []json.RawMessage
	}
	var count func(raw json.RawMessage)
	count = func(raw json.RawMessage) {
		var of node
		require.NoError(t, json.Unmarshal(raw, &of))
		if strings.HasPrefix(of.Relation, "products") {
			n += of.Loops * (of.Rows + of.Filtered + of.Recheck)
		}
		for _, under := range of.Plans {
			count(under)
		}
	}
	var explained []byte
	require.NoError(t, db.QueryRowContext(t.Context(), `EXPLAIN (ANALYZE, FORMAT JSON) `+statement, args...).
		Scan(&explained))
	var plans []struct{ Plan json.RawMessage }
	require.NoError(t, json.Unmarshal(explained, &plans))
	count(plans[0].Plan)
	return n
}
