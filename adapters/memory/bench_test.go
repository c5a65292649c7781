package memory_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkWriteBatch writes 460,000 records in batches of 20,000 from two goroutines, as an import does.
func BenchmarkWriteBatch(b *testing.B) {
	const batches, size = 23, 20_000
	for _, v := range []struct {
		name string
		mode products.Mode
		// exist is how many of each batch's records exist, and changed how many of these differ.
		exist, changed int
	}{
		{"fresh", products.Ignore, 0, 0},
		{"unchanged/ignore", products.Ignore, size, 0},
		{"unchanged/update", products.Update, size, 0},
		{"half", products.Update, size / 2, size / 4},
	} {
		b.Run(v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				s := memory.New(memory.Options{}).Products()
				before := benchBatches(batches, size, v.mode)
				for _, batch := range before {
					batch.Records = batch.Records[:v.exist]
					for i := range v.changed {
						batch.Records[i].Values[0] = "another name"
					}
				}
				writeAll(b, s, before)
				todo := benchBatches(batches, size, v.mode)
				runtime.GC()
				b.StartTimer()
				writeAll(b, s, todo)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(batches*size), "ns/record")
		})
	}
}

func writeAll(b *testing.B, s products.Store, batches []*products.Batch) {
	todo := make(chan *products.Batch, len(batches))
	for _, batch := range batches {
		todo <- batch
	}
	close(todo)
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for batch := range todo {
				if _, err := s.WriteBatch(b.Context(), batch); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

// benchBatches makes batches of records that are the same every time. Like an importer's, the records of a batch are
// parts of one text.
func benchBatches(batches, size int, mode products.Mode) []*products.Batch {
	all := make([]*products.Batch, batches)
	for n := range all {
		var text strings.Builder
		for i := range size {
			fmt.Fprintf(&text, "sku-%08d|name of product %d|%s\n", (n*size+i)*7919%100_000_000, i,
				strings.Repeat("text ", 16))
		}
		records := make([]products.Record, 0, size)
		for line := range strings.Lines(text.String()) {
			f := strings.Split(line, "|")
			records = append(records, products.Record{Key: f[0], SKU: f[0], Values: f[1:]})
		}
		all[n] = &products.Batch{Number: int64(n + 1), Mode: mode, Records: records,
			Columns: products.Columns{Fields: []*products.Field{products.Standard().Find("name"),
				products.Standard().Find("description")}}}
	}
	return all
}
