package importer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// BenchmarkMissing imports a file that lacks a thousandth of the catalogue, into memory. x-import is how many times as
// long it takes as the import of the same file, in the same run, that keeps what is missing.
func BenchmarkMissing(b *testing.B) {
	n := catalogtest.BenchRecords()
	store := memory.New(memory.Options{}).Products()
	_, err := importer.Run(b.Context(), lacking{n, 0}, store, importer.Options{})
	require.NoError(b, err)
	file := lacking{n, 1_000}
	b.ReportAllocs()
	var yardstick time.Duration
	for b.Loop() {
		b.StopTimer()
		started := time.Now()
		_, err := importer.Run(b.Context(), file, store, importer.Options{DryRun: true})
		require.NoError(b, err)
		yardstick += time.Since(started)
		b.StartTimer()
		result, err := importer.Run(b.Context(), file, store, importer.Options{DryRun: true, Missing: importer.MissingDelete})
		require.NoError(b, err)
		require.EqualValues(b, (n+999)/1_000, result.Deleted)
	}
	b.ReportMetric(b.Elapsed().Seconds()/yardstick.Seconds(), "x-import")
}
