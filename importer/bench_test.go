package importer_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkMemory imports 500,000 records into memory. x-csv is how many times as long it takes as encoding/csv takes
// to read the same bytes, measured in the same run.
func BenchmarkMemory(b *testing.B) {
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	for _, c := range []struct {
		name  string
		mode  products.Mode
		again bool
	}{
		{"fresh/ignore", products.Ignore, false},
		{"fresh/update", products.Update, false},
		{"unchanged/ignore", products.Ignore, true},
		{"unchanged/update", products.Update, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			store := memory.New(memory.Options{}).Products()
			if c.again {
				load(b, store, file.Bytes(), c.mode)
			}
			var yardstick time.Duration
			for b.Loop() {
				b.StopTimer()
				started := time.Now()
				readCSV(b, file.Bytes())
				yardstick += time.Since(started)
				if !c.again {
					store = memory.New(memory.Options{}).Products()
				}
				b.StartTimer()
				result := load(b, store, file.Bytes(), c.mode)
				n := catalogtest.BenchRecords()
				require.EqualValues(b, n-catalogtest.Distinct(n), result.Superseded)
			}
			b.ReportMetric(b.Elapsed().Seconds()/yardstick.Seconds(), "x-csv")
			b.ReportMetric(float64(catalogtest.BenchRecords()*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func load(b *testing.B, store importer.Store, file []byte, mode products.Mode) *importer.Result {
	result, err := importer.Run(b.Context(), importer.Bytes(file), store, importer.Options{Mode: mode})
	require.NoError(b, err)
	return result
}

func readCSV(b *testing.B, file []byte) {
	r := csv.NewReader(bytes.NewReader(file))
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
