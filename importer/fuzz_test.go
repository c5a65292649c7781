package importer_test

import (
	"encoding/csv"
	"fmt"
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
		f.Add([]byte(seed), true, uint8(0))
		f.Add([]byte(seed), false, uint8(2))
	}
	f.Add([]byte("name,sku,slug\nA,a1,a\n,a2,a\n,,a\n,b1,b\n\xff,b2,b\n,b3,b\n"), false, uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, update bool, group uint8) {
		o := importer.Options{BatchRecords: 3, MaxRecordBytes: 1 << 10, Header: importer.HeaderYes, Map: map[string]string{"name": "1", "sku": "2"}}
		if o.Group = importer.GroupNone; group > 0 {
			o.Group = fmt.Sprint(group)
		}
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
		require.LessOrEqual(t, result.Inherited, result.Read-result.Rejected)
		if group == 0 {
			require.Zero(t, result.Inherited)
		}

		reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
		records, err := reader.ReadAll()
		if err != nil || len(data) > 1<<10 || strings.Contains(string(data), "\r\n\n") || strings.HasPrefix(string(data), "\r") {
			return
		}
		require.EqualValues(t, len(records)-1, result.Read, "as many records as encoding/csv finds")
	})
}

// FuzzRejects: whatever the bytes, the file of rejects has a record for each of them, and unmended each is rejected again.
func FuzzRejects(f *testing.F) {
	for _, seed := range []string{
		"name,sku\n,b\na,\n", "name,sku,x\r\n\"a\r\nb\",,=1\r\n", "name,sku\na,b,c,,d\n,,\n", "name,sku\n\"a,b\nc,d\n", "name,sku\na\"b,c\n", "name,sku,slug\n,a,x\nB,b,x\n,,x\n",
		"\xff,\r\n'=1,'\n\t,\n", "a\n\"\"\n", "a,b\n\xef\xbc,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "_") {
			return // perhaps a column of earlier rejects
		}
		o := importer.Options{MaxRecordBytes: 1 << 10, Header: importer.HeaderYes, Map: map[string]string{"name": "1", "sku": "2"}}
		rejects, fields, err := tryRejects(t, string(data), o)
		if err != nil || len(fields) == 0 {
			return
		}
		again, fieldsAgain, err := tryRejects(t, rejects, o)
		if err != nil {
			require.ErrorIs(t, err, importer.ErrInput) // a header that is too long by now, or many NULs
			return
		}
		require.Len(t, fieldsAgain, len(fields), "%q", again)
	})
}
