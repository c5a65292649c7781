package importer

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkReader reads 500,000 records on one core, from the bytes to fields without quotes around them. MB/s are
// those of the text. x-csv is how many times as long it takes as encoding/csv takes for the text in UTF-8 in the same
// run.
func BenchmarkReader(b *testing.B) {
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	text := file.Bytes()
	given := Options{Encoding: charset.UTF8, Delimiter: ',', Quote: '"', Escape: '"'}
	for _, c := range []struct {
		name    string
		options Options
		make    func(text []byte) []byte
	}{
		{"given", given, bytes.Clone},
		{"detected", Options{}, bytes.Clone},
		{"LF", Options{}, func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }},
		{"CR", Options{}, func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\r")) }},
		{"UTF-8", Options{}, func(text []byte) []byte { return beyondASCII(text, "ü") }},
		{"windows-1252", Options{}, func(text []byte) []byte { return beyondASCII(text, "\xfc") }},
		{"UTF-16", Options{}, func(text []byte) []byte {
			encoded, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes(text)
			require.NoError(b, err)
			return encoded
		}},
		{"gzip", Options{}, func(text []byte) []byte {
			var packed bytes.Buffer
			return compressed(b, text, gzip.NewWriter(&packed), &packed)
		}},
		{"zstd", Options{}, func(text []byte) []byte {
			var packed bytes.Buffer
			w, err := zstd.NewWriter(&packed)
			require.NoError(b, err)
			return compressed(b, text, w, &packed)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			file := c.make(text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var yardstick time.Duration
			for b.Loop() {
				b.StopTimer()
				started := time.Now()
				require.Equal(b, catalogtest.BenchRecords()+1, readCSV(b, text))
				yardstick += time.Since(started)
				b.StartTimer()
				require.Equal(b, catalogtest.BenchRecords(), readBlocks(b, file, c.options))
			}
			b.ReportMetric(b.Elapsed().Seconds()/yardstick.Seconds(), "x-csv")
		})
	}
}

// beyondASCII puts a letter in the place of another one, everywhere but in the header.
func beyondASCII(text []byte, letter string) []byte {
	header := len(catalogtest.Header)
	return append(bytes.Clone(text[:header]), bytes.ReplaceAll(text[header:], []byte("u"), []byte(letter))...)
}

func compressed(b *testing.B, text []byte, w io.WriteCloser, packed *bytes.Buffer) []byte {
	_, err := w.Write(text)
	require.NoError(b, err)
	require.NoError(b, w.Close())
	return packed.Bytes()
}

// readCSV reads the text with encoding/csv and counts the records.
func readCSV(b *testing.B, text []byte) (records int) {
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return records
		} else if err != nil {
			b.Fatal(err)
		}
		records++
	}
}

// readBlocks reads the file as Run does, up to what the parsers make of it, and counts the records behind the header.
func readBlocks(b *testing.B, file []byte, o Options) (records int) {
	r, err := newRun(Bytes(file), o, nil)
	require.NoError(b, err)
	in, err := r.open(b.Context())
	require.NoError(b, err)
	defer in.close()
	_, err = r.plan(in, products.ExactKeys)
	require.NoError(b, err)
	var one dialect.Block
	for {
		if err := in.next(&one); errors.Is(err, io.EOF) {
			return records
		} else if err != nil {
			b.Fatal(err)
		}
		one.Text()
		records += one.Len()
	}
}

// BenchmarkDetect finds out about the format of a file's beginning.
func BenchmarkDetect(b *testing.B) {
	const sampleBytes = 256 << 10
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, 5_000))
	sample := file.Bytes()[:sampleBytes:sampleBytes]
	for _, c := range []struct {
		name string
		text []byte
	}{
		{"usual", sample},
		{"damaged", append([]byte("a,5\" pipe\n"), sample...)},
		{"bare CRs", append([]byte("\r"), sample...)},
		{"nothing but quotes", bytes.Repeat([]byte(`"`), sampleBytes)},
		{"no delimiter", bytes.Repeat([]byte("\"a\" b's\n"), sampleBytes/8)},
	} {
		b.Run(c.name, func(b *testing.B) {
			o, err := Options{}.withDefaults(products.Standard())
			require.NoError(b, err)
			for b.Loop() {
				_, err := dialect.Detect(c.text, false, o.dialect(products.Standard(), 0))
				require.NoError(b, err)
			}
		})
	}
}
