package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestLongKeys stores the longest keys there are. An entry of PostgreSQL's index has at most 2,704 bytes; 255
// characters have 1,020, but for some symbols of music, the only characters of which a key makes three (12 bytes each).
// These few are so alike that PostgreSQL compresses them to far less.
func TestLongKeys(t *testing.T) {
	music := []rune(
		"\U0001D15E\U0001D15F\U0001D160\U0001D161\U0001D162\U0001D163\U0001D164\U0001D1BB\U0001D1BC\U0001D1BD\U0001D1BE\U0001D1BF\U0001D1C0")
	r := rand.New(rand.NewPCG(1, 2))
	// A random character of four bytes, from a plane that has no character yet, and so no other form.
	anything := func() rune { return 0x40000 + rune(r.IntN(0xFFF0)) }
	stores := []*postgres.Products{}
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
		stores = append(stores, open(t, migrated(t), postgres.Options{KeyRule: &rule}).Products())
	}
	for _, c := range []struct {
		name string
		next func(i int) rune
		key  int // its least bytes
	}{
		{"four bytes each, random", func(int) rune { return anything() }, 1020},
		{"music", func(int) rune { return music[r.IntN(len(music))] }, 2500},
		{"music of the longest kind", func(int) rune { return music[2+r.IntN(5)] }, 3060},
		{"music among others", func(i int) rune {
			if i%6 == 0 {
				return anything()
			}
			return music[2+r.IntN(5)]
		}, 2705},
	} {
		for _, store := range stores {
			t.Run(c.name+", "+store.KeyRule().String(), func(t *testing.T) {
				var rs []products.Record
				for range 20 {
					var b strings.Builder
					for i := range products.MaxSKU {
						b.WriteRune(c.next(i))
					}
					p := products.Product{Name: "long", SKU: b.String()}
					require.NoError(t, products.Standard().Validate(&p))
					key := store.KeyRule().Key(p.SKU)
					require.GreaterOrEqual(t, len(key), c.key)
					rs = append(rs, products.Record{Key: key, SKU: p.SKU, Values: []string{p.Name}})
				}
				for _, outcome := range []products.Outcome{products.Created, products.Unchanged} {
					result, err := store.WriteBatch(t.Context(), &products.Batch{Mode: products.Update, ExpectNew: true,
						Columns: columns("name"), Records: rs})
					require.NoError(t, err)
					require.EqualValues(t, len(rs), result.Count(outcome))
				}
				page, err := store.List(t.Context(), products.Query{SKU: rs[3].SKU})
				require.NoError(t, err)
				require.Len(t, page.Products, 1)
			})
		}
	}
}

// TestLargeBatch writes more text than goes into one statement, in records of every size.
func TestLargeBatch(t *testing.T) {
	t.Parallel()
	store := open(t, migrated(t), postgres.Options{}).Products()
	b := &products.Batch{Mode: products.Update, Columns: columns("name", "description", "status")}
	b.Columns.Attributes = []string{"a", "b"}
	for i := range 12_345 {
		sku := fmt.Sprintf("sku-%05d", i)
		b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{"first",
			strings.Repeat("\\\n\t\r\"", i%50), []string{"true", "", "", "false"}[i%4], strings.Repeat("\"", i%7), "b"}})
	}
	b.Records[777].Values[1] = strings.Repeat("ä", products.MaxDescription)
	for i := 0; i < 40; i++ { // above the limit of one statement in a few records
		b.Records[5_000+i].Values[3] = strings.Repeat("x", products.MaxAttributeValue)
	}
	for _, step := range []struct {
		name    string
		outcome products.Outcome
		n       int
	}{{"first", products.Created, 12_345}, {"first", products.Unchanged, 12_345},
		{"second", products.Updated, 12_345}} {
		for i := range b.Records {
			b.Records[i].Values[0] = step.name
		}
		result, err := store.WriteBatch(t.Context(), b)
		require.NoError(t, err)
		require.EqualValues(t, step.n, result.Count(step.outcome), step.name)
	}
	page, err := store.List(t.Context(), products.Query{SKU: "sku-00777"})
	require.NoError(t, err)
	got := page.Products[0]
	require.Equal(t, b.Records[777].Values[1], got.Description)
	require.Equal(t, map[string]string{"b": "b"}, got.Attributes, "777 is a multiple of 7: no value of a")
	require.EqualValues(t, 2, got.Version)
}

// TestUpdatesAreHOT: where pages have room, as fillfactor leaves it, PostgreSQL updates products without new entries in
// indexes, however many at once: none has a column that every update changes.
func TestUpdatesAreHOT(t *testing.T) {
	home.OneTable(t, "partitions have a fillfactor each")
	const n = 6_000
	url := migrated(t)
	query(t, url, `ALTER TABLE products SET (fillfactor = 50)`)
	db := open(t, url, postgres.Options{})
	for _, name := range []string{"before", "behind"} {
		_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Mode: products.Update, Columns: described,
			Records: records(n, "a", name)})
		require.NoError(t, err)
	}
	require.NoError(t, db.Close()) // at its end a connection counts what it did
	require.Eventually(t, func() bool {
		return scan[int](t, url, `SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'products'`) == n
	}, time.Minute, 100*time.Millisecond)
	require.Greater(t, scan[int](t, url, `SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'products'`),
		n*95/100)
}
