package importer_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/stretchr/testify/require"
)

// FuzzRun: whatever the bytes, an import ends, doesn't panic, and its counts add up; and on what encoding/csv reads
// without an error as records of one length, it sees the same records, when it is told that the file is like that.
func FuzzRun(f *testing.F) {
	for _, seed := range []string{
		"sku,name\na,b\n", "sku,name\r\n\"a\",\"b\"\"c\"\r\n", "sku,name\n\"a,b\nc,d\n", "sku,name\na\"b,c\nd,e\n", "\ufeffname,sku,description\nx,y,\"1\n2\"",
		"sku,name\n\n\r\n\r\r\n", "sku,name\n\"\"\n", "sku,name\n\"a\"b,c\n", "sku,name\n\x00,\xff\n", "sku;name\na;b", "sku,name\na,b,c\n,\n", "\"sku\",name\r\na,b\r",
		"sep=;\nsku;name\na;'b'\n", "Export\n\nsku|name\ra|b\r", "\xff\xfes\x00,\x00n\x00\n\x00", "sku,name\n1,caf\xe9\n2,\x81", "'sku','na\\'me'\n'a','b'\n",
		gzipped(f, "sku,name\na,b\n"), zstandard(f, "sku,name\na,b\n"), zipped(f, entry{name: "p.csv", text: "sku,name\na,b\n", method: 8}),
	} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, update bool) {
		o := importer.Options{BatchRecords: 3, MaxRecordBytes: 1 << 10, MaxDecompressedBytes: 1 << 20, Header: importer.HeaderYes,
			Map: map[string]string{"name": "1", "sku": "2"}}
		if update {
			o.Mode = products.Update
		}
		addUp := func(o importer.Options) *importer.Result {
			got, result, err := doImport(t, memory.New(memory.Options{}).Products(), string(data), o)
			if err != nil {
				require.ErrorIs(t, err, importer.ErrInput)
				return nil
			}
			require.Len(t, got.rejects, int(result.Rejected))
			require.Len(t, got.lost, int(result.Superseded))
			require.EqualValues(t, len(data), result.Bytes)
			return result
		}
		addUp(o)
		o.Header = importer.HeaderAuto
		addUp(o)

		o.Header, o.Encoding, o.Delimiter, o.Quote, o.Escape = importer.HeaderYes, importer.UTF8, ',', '"', '"'
		result := addUp(o)
		text := string(data)
		if result == nil || result.Dialect.Compression != "" || result.Dialect.SkippedLines > 0 || len(text) > 1<<10 ||
			strings.Count(text, "\r") != strings.Count(text, "\r\n") {
			return
		}
		records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
		if err == nil {
			require.EqualValues(t, len(records)-1, result.Read, "as many records as encoding/csv finds")
		}
	})
}
