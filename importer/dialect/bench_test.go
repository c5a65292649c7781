package dialect_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/dialect"
)

// BenchmarkReader reads 500,000 records, and looks at their fields or keeps them as strings. x-csv is how many times as
// long it takes as encoding/csv takes for the same in the same run, with its ReuseRecord for who only looks.
func BenchmarkReader(b *testing.B) {
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	text := file.Bytes()
	numbers := bytes.Repeat([]byte("123,4.50,6,78,true,,9012,34\n5,67.80,,9,false,12,3,4567\n"),
		catalogtest.BenchRecords()/2)
	given := dialect.Options{Delimiter: ',', Quote: '"', Escape: '"'}
	for _, c := range []struct {
		name    string
		text    []byte
		options dialect.Options
		keep    bool
	}{
		{"look", text, given, false},
		{"look/detected", text, dialect.Options{}, false},
		{"look/numbers", numbers, given, false},
		{"keep", text, given, true},
		{"keep/detected", text, dialect.Options{}, true},
		{"keep/numbers", numbers, given, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			var yardstick time.Duration
			for b.Loop() {
				b.StopTimer()
				started := time.Now()
				want := readCSV(b, c.text, c.keep)
				yardstick += time.Since(started)
				b.StartTimer()
				// encoding/csv makes LF of CRLF in quotes: there is none.
				require.Equal(b, want, readRecords(b, c.text, c.options, c.keep))
			}
			b.ReportMetric(b.Elapsed().Seconds()/yardstick.Seconds(), "x-csv")
		})
	}
}

// found is what is seen of the records.
type found struct{ records, fields, bytes int }

// readCSV reads with encoding/csv.
func readCSV(b *testing.B, text []byte, keep bool) (f found) {
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = !keep
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f
		} else if err != nil {
			b.Fatal(err)
		}
		f.records++
		f.fields += len(record)
		for _, field := range record {
			f.bytes += len(field)
		}
	}
}

// readRecords reads with a Reader.
func readRecords(b *testing.B, text []byte, o dialect.Options, keep bool) (f found) {
	r, err := dialect.NewReader(bytes.NewReader(text), o)
	require.NoError(b, err)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f
		} else if err != nil {
			b.Fatal(err)
		}
		f.records++
		f.fields += record.Len()
		if !keep {
			for i := range record.Len() {
				f.bytes += len(record.Field(i))
			}
			continue
		}
		for _, field := range record.Strings() {
			f.bytes += len(field)
		}
	}
}
