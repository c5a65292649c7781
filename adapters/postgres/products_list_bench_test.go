package postgres_test

import (
	"bytes"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkList asks a catalogue of 466,693 products for pages of 20. median-ms is the middle of the times.
func BenchmarkList(b *testing.B) {
	url := migrated(b)
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	db := open(b, url, postgres.Options{})
	importOnce(b, url, nil, file.Bytes(), products.Ignore)
	query(b, url, `VACUUM ANALYZE products`)
	p := db.Products()

	// timed asks for what the queries say, one after the other.
	timed := func(name string, queries ...products.Query) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				page, err := p.List(b.Context(), queries[i%len(queries)])
				took = append(took, time.Since(began))
				require.NoError(b, err)
				require.NotEmpty(b, page.Products)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
		})
	}
	for _, order := range []string{"id", "-id"} {
		first := products.Query{Limit: 20, Order: order, SkipCount: true}
		timed("cursor-first/"+order, first)
		_, ordering, _, err := first.Check(p.Schema())
		require.NoError(b, err)
		last, err := p.List(b.Context(), products.Query{Limit: 21, Order: reversed(order), SkipCount: true})
		require.NoError(b, err)
		behind := first
		behind.Cursor = ordering.Cursor(&last.Products[20])
		timed("cursor-last/"+order, behind)
	}

	// What people type: a piece of a SKU, a piece of a name, a word.
	var searches []products.Query
	for offset := 1; offset < catalogtest.Distinct(catalogtest.BenchRecords()); offset += 9_001 {
		page, err := p.List(b.Context(), products.Query{Limit: 1, Offset: offset, SkipCount: true})
		require.NoError(b, err)
		found := page.Products[0]
		words := strings.Split(found.SKU, "-")
		searches = append(searches, products.Query{Limit: 20, Search: strings.ToUpper(words[1] + "-" + words[2])},
			products.Query{Limit: 20, Search: found.Name[len(found.Name)/2:]})
	}
	timed("search/no-index", searches[:6]...)
	require.NoError(b, db.BuildSearchIndex(b.Context()))
	query(b, url, `VACUUM ANALYZE products`)
	timed("search/index", searches...)
}

func reversed(order string) string {
	if field, ok := strings.CutPrefix(order, "-"); ok {
		return field
	}
	return "-" + order
}

// BenchmarkSearchIndex imports half a million new products with and without the search index; x-without is how many
// times as long it takes with it. Then it searches for what is in few products, in many and in none, after the new
// products are brought into the index, for which s-update is how long that takes, and before for what is in few.
func BenchmarkSearchIndex(b *testing.B) {
	url := migrated(b)
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	db := open(b, url, postgres.Options{})
	admin, err := sql.Open("postgres", url)
	require.NoError(b, err)
	defer func() { require.NoError(b, admin.Close()) }()
	const few, many, none = "hedge-oasis-r", "lamp", "zzqqxx"
	var with, without, update time.Duration
	took := map[string][]time.Duration{}
	search := func(as, text string) {
		for range 9 {
			began := time.Now()
			_, err := db.Products().List(b.Context(), products.Query{Search: text, SkipCount: true})
			require.NoError(b, err)
			took[as] = append(took[as], time.Since(began))
		}
	}
	for range b.N {
		require.NoError(b, db.DropSearchIndex(b.Context()))
		empty(b, admin)
		without += importOnce(b, url, nil, file.Bytes(), products.Ignore).Elapsed
		empty(b, admin)
		require.NoError(b, db.BuildSearchIndex(b.Context()))
		with += importOnce(b, url, nil, file.Bytes(), products.Ignore).Elapsed
		search("ms-few-before", few)
		began := time.Now()
		require.NoError(b, db.BuildSearchIndex(b.Context()))
		update += time.Since(began)
		search("ms-few", few)
		search("ms-many", many)
		search("ms-none", none)
	}
	for as, all := range took {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2].Seconds()*1_000, as)
	}
	b.ReportMetric(with.Seconds()/without.Seconds(), "x-without")
	b.ReportMetric(update.Seconds()/float64(b.N), "s-update")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}
