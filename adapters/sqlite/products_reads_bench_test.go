package sqlite_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// full is a file with the 466,693 products of the catalogue.
func full(b *testing.B) *sqlite.DB {
	path := newPath(b)
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	importOnce(b, path, file.Bytes(), products.Ignore)
	return open(b, path, sqlite.Options{})
}

// BenchmarkReads reads from 466,693 products, from as many goroutines as there are processors.
func BenchmarkReads(b *testing.B) {
	store := full(b).Products()
	run := func(name string, read func(i int64) error) {
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for i := int64(1); pb.Next(); i++ {
					if err := read(i); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
		})
	}
	before := int64(catalogtest.Distinct(catalogtest.BenchRecords()))
	run("get", func(i int64) error {
		_, err := store.Get(b.Context(), i*7919%before+1)
		return err
	})
	run("list", func(int64) error {
		_, err := store.List(b.Context(), products.Query{})
		return err
	})
	run("by-sku", func(int64) error {
		_, err := store.List(b.Context(), products.Query{SKU: "a-b-c-d"})
		return err
	})
}

// BenchmarkReadsDuringImport reads a product every two milliseconds while 500,000 records are imported, half of them new
// and half of them changed: p50-ms and p99-ms are how long a read took.
func BenchmarkReadsDuringImport(b *testing.B) {
	file := catalogue(b, catalogtest.HalfNew)
	before := int64(catalogtest.Distinct(catalogtest.BenchRecords()))
	var took []time.Duration
	for range b.N {
		b.StopTimer()
		store := full(b).Products()
		b.StartTimer()
		ended := make(chan error, 1)
		go func() {
			_, err := importer.Run(b.Context(), importer.Bytes(file), store, importer.Options{Mode: products.Update})
			ended <- err
		}()
		tick := time.NewTicker(2 * time.Millisecond)
		for i, running := int64(1), true; running; i++ {
			select {
			case err := <-ended:
				require.NoError(b, err)
				running = false
			case <-tick.C:
				began := time.Now()
				_, err := store.Get(b.Context(), i*7919%before+1)
				require.NoError(b, err)
				took = append(took, time.Since(began))
			}
		}
		tick.Stop()
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
}

// BenchmarkSearch searches in 466,693 products, without the index and with it, counting what is found.
func BenchmarkSearch(b *testing.B) {
	db := full(b)
	store := db.Products()
	page, err := store.List(b.Context(), products.Query{Limit: 1, Offset: catalogtest.BenchRecords() / 2})
	require.NoError(b, err)
	sku := page.Products[0].SKU
	for _, way := range []string{"scan", "index"} {
		if way == "index" {
			began := time.Now()
			require.NoError(b, db.BuildSearchIndex(b.Context()))
			b.Logf("built in %v, %d KiB", time.Since(began), scan[int64](b, db.Path(),
				`SELECT sum(length(block)) / 1024 FROM products_search_data`))
		}
		for _, c := range []struct{ name, text string }{{"one", sku}, {"many", sku[:4]}, {"none", "qqqq"},
			{"short", "qq"}} {
			b.Run(way+"/"+c.name, func(b *testing.B) {
				var n int64
				for b.Loop() {
					page, err := store.List(b.Context(), products.Query{Search: c.text})
					require.NoError(b, err)
					n = page.Count
				}
				b.ReportMetric(float64(n), "found")
			})
		}
	}
}
