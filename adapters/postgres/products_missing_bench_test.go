package postgres_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkMissing imports a file that lacks a thousandth of 500,000 products, and is as they are otherwise. x-keep is
// how many times as long it takes where what is missing is deleted as where it is kept, in the same run.
func BenchmarkMissing(b *testing.B) {
	n := catalogtest.BenchRecords()
	file := func(every int) importer.Source {
		var text bytes.Buffer
		text.WriteString("sku,name,description\n")
		for i := range n {
			if every == 0 || i%every != 0 {
				fmt.Fprintf(&text, "SKU-%08d,Product number %d,A description of the product that says what it is\n", i*7919%n, i)
			}
		}
		return importer.Bytes(text.String())
	}
	all, most := file(0), file(1_000)
	db, err := postgres.Open(b.Context(), migrated(b), postgres.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	run := func(file importer.Source, missing importer.MissingMode) (*importer.Result, time.Duration) {
		result, err := importer.Run(b.Context(), file, db.Products(), importer.Options{Mode: products.Update, Missing: missing})
		require.NoError(b, err)
		return result, result.Elapsed
	}
	var took [2]time.Duration
	for range b.N {
		run(all, importer.MissingKeep)
		run(most, importer.MissingKeep) // what is read for the first time is read more slowly
		_, keeps := run(most, importer.MissingKeep)
		result, deletes := run(most, importer.MissingDelete)
		require.EqualValues(b, (n+999)/1_000, result.Deleted)
		took[0] += keeps
		took[1] += deletes
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "x-keep")
	b.ReportMetric(took[0].Seconds()/float64(b.N), "s/keep")
	b.ReportMetric(took[1].Seconds()/float64(b.N), "s/delete")
	b.ReportMetric(0, "ns/op")
}
