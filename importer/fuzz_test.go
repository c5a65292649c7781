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
// without an error as records of one length, it sees the same records.
func FuzzRun(f *testing.F) {
	for _, seed := range []string{
		"sku,name\na,b\n", "sku,name\r\n\"a\",\"b\"\"c\"\r\n", "sku,name\n\"a,b\nc,d\n", "sku,name\na\"b,c\nd,e\n", "\ufeffname,sku,description\nx,y,\"1\n2\"",
		"sku,name\n\n\r\n\r\r\n", "sku,name\n\"\"\n", "sku,name\n\"a\"b,c\n", "sku,name\n\x00,\xff\n", "sku;name\na;b", "sku,name\na,b,c\n,\n", "\"sku\",name\r\na,b\r",
	} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, update bool) {
		o := importer.Options{BatchRecords: 3, MaxRecordBytes: 1 << 10, Header: importer.HeaderYes, Map: map[string]string{"name": "1", "sku": "2"}}
		if update {
			o.Mode = products.Update
		}
		got, result, err := doImport(t, memory.New(memory.Options{}).Products(), string(data), o)
		if err != nil {
			require.ErrorIs(t, err, importer.ErrInput)
			return
		}
		require.Len(t, got.rejects, int(result.Rejected))
		require.Len(t, got.lost, int(result.Superseded))

		reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
		records, err := reader.ReadAll()
		if err != nil || len(data) > 1<<10 || strings.Contains(string(data), "\r\n\n") || strings.HasPrefix(string(data), "\r") {
			return
		}
		require.EqualValues(t, len(records)-1, result.Read, "as many records as encoding/csv finds")
	})
}
