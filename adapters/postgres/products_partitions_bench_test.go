package postgres_test

import (
	"bytes"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkPartitions compares products in 8 and in 64 partitions with those in one table. x-server is how many times
// as many processor seconds the server takes, x-time how many times as long it all takes: of an import of new products,
// of the same one again, of one that changes all of them, of reading products by their IDs, and of pages of 20 by ID.
// The first needs a server on this machine whose files the user may read.
func BenchmarkPartitions(b *testing.B) {
	n := catalogtest.BenchRecords()
	var before, changed bytes.Buffer
	require.NoError(b, catalogtest.Write(&before, n))
	require.NoError(b, catalogtest.WriteVariant(&changed, n, catalogtest.Changed))
	reads := 2_000
	if testing.Short() {
		reads = 100
	}
	one := map[string]spent{}
	for _, d := range []postgres.Distribution{postgres.OneTable(), postgres.HashPartitions(8),
		postgres.HashPartitions(64)} {
		b.Run(d.String(), func(b *testing.B) {
			url := home.In(b, d)
			admin, err := sql.Open("postgres", url)
			require.NoError(b, err)
			defer func() { require.NoError(b, admin.Close()) }()
			sum := map[string]spent{}
			measure := func(what string, f func()) {
				s := spend(b, admin, f)
				sum[what] = spent{sum[what].seconds + s.seconds, sum[what].server + s.server, 0}
			}
			read := func(f func(store *postgres.Products, i int64)) {
				db, err := postgres.Open(b.Context(), url, postgres.Options{})
				require.NoError(b, err)
				for i := range int64(reads) {
					f(db.Products(), 1+i*7919%int64(n/2))
				}
				require.NoError(b, db.Close())
			}
			for range b.N {
				empty(b, admin)
				exec(b, admin, `DELETE FROM product_keys`)
				var result int64
				imported := func(file []byte) func() {
					return func() {
						r := importOnce(b, url, nil, file, products.Update)
						result = r.Created + r.Updated
					}
				}
				measure("fresh", imported(before.Bytes()))
				exec(b, admin, `VACUUM ANALYZE`)
				exec(b, admin, `CHECKPOINT`)
				measure("unchanged", imported(before.Bytes()))
				require.Zero(b, result)
				measure("get", func() {
					read(func(store *postgres.Products, i int64) {
						_, err := store.Get(b.Context(), i)
						require.NoError(b, err)
					})
				})
				measure("list", func() {
					read(func(store *postgres.Products, i int64) {
						_, err := store.List(b.Context(),
							products.Query{Limit: 20, Offset: int(i % 1000), SkipCount: true})
						require.NoError(b, err)
					})
				})
				measure("changed", imported(changed.Bytes()))
				require.EqualValues(b, catalogtest.Distinct(n), result)
			}
			b.ReportMetric(0, "ns/op")
			for _, what := range []string{"fresh", "unchanged", "changed", "get", "list"} {
				s := sum[what]
				if d == postgres.OneTable() {
					one[what] = spent{s.seconds / float64(b.N), s.server / float64(b.N), 0}
					b.ReportMetric(s.seconds/float64(b.N), what+"-s")
					continue
				}
				b.ReportMetric(s.seconds/float64(b.N)/one[what].seconds, what+"-x-time")
				if one[what].server > 0 {
					b.ReportMetric(s.server/float64(b.N)/one[what].server, what+"-x-server")
				}
			}
		})
	}
}

// BenchmarkDistribute moves a catalogue into 64 partitions and back: how long nobody reads or writes products.
func BenchmarkDistribute(b *testing.B) {
	n := catalogtest.BenchRecords()
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, n))
	url := home.In(b, postgres.OneTable())
	importOnce(b, url, nil, file.Bytes(), products.Update)
	var there, back time.Duration
	for range b.N {
		for _, d := range []postgres.Distribution{postgres.HashPartitions(64), postgres.OneTable()} {
			started := time.Now()
			db, err := postgres.Open(b.Context(), url, postgres.Options{Distribution: d})
			require.NoError(b, err)
			if d == postgres.OneTable() {
				back += time.Since(started)
			} else {
				there += time.Since(started)
			}
			require.NoError(b, db.Close())
		}
	}
	million := float64(catalogtest.Distinct(n)) * float64(b.N) / 1e6
	b.ReportMetric(there.Seconds()/million, "s/million-there")
	b.ReportMetric(back.Seconds()/million, "s/million-back")
	b.ReportMetric(0, "ns/op")
}
