package importer_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/products"
)

// FuzzRun: whatever the bytes, an import ends, doesn't panic, and its counts add up; and on what encoding/csv reads
// without an error as records of one length, it sees the same records, when it is told that the file is like that.
func FuzzRun(f *testing.F) {
	for _, seed := range []string{
		"sku,name\na,b\n", "sku,name\r\n\"a\",\"b\"\"c\"\r\n", "sku,name\n\"a,b\nc,d\n", "sku,name\na\"b,c\nd,e\n",
		"\ufeffname,sku,description\nx,y,\"1\n2\"",
		"sku,name\n\n\r\n\r\r\n", "sku,name\n\"\"\n", "sku,name\n\"a\"b,c\n", "sku,name\n\x00,\xff\n", "sku;name\na;b",
		"sku,name\na,b,c\n,\n", "\"sku\",name\r\na,b\r",
		"sep=;\nsku;name\na;'b'\n", "Export\n\nsku|name\ra|b\r", "\xff\xfes\x00,\x00n\x00\n\x00",
		"sku,name\n1,caf\xe9\n2,\x81", "'sku','na\\'me'\n'a','b'\n",
		gzipped(f, "sku,name\na,b\n"), zstandard(f, "sku,name\na,b\n"),
		zipped(f, "sku,name\na,b\n", "p.csv"),
	} {
		f.Add([]byte(seed), true, uint8(0))
		f.Add([]byte(seed), false, uint8(2))
	}
	f.Add([]byte("name,sku,slug\nA,a1,a\n,a2,a\n,,a\n,b1,b\n\xff,b2,b\n,b3,b\n"), false, uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, update bool, group uint8) {
		o := importer.Options{BatchRecords: 3, MaxRecordBytes: 1 << 10, MaxDecompressedBytes: 1 << 20,
			Header: importer.HeaderYes,
			Map:    map[string]string{"name": "1", "sku": "2"}}
		if o.Group = importer.GroupNone; group > 0 {
			o.Group = fmt.Sprint(group)
		}
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
			require.LessOrEqual(t, result.Inherited, result.Read-result.Rejected)
			if group == 0 {
				require.Zero(t, result.Inherited)
			}
			return result
		}
		addUp(o)
		o.Header = importer.HeaderAuto
		addUp(o)

		o.Header, o.Encoding, o.Delimiter, o.Quote, o.Escape = importer.HeaderYes, charset.UTF8, ',', '"', '"'
		result := addUp(o)
		text := string(data)
		if result == nil || result.Dialect.Compression != "" || result.Dialect.SkippedLines > 0 || len(text) > 1<<10 ||
			strings.Count(text, "\r") != strings.Count(text, "\r\n") {
			return
		}
		records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
		if err == nil {
			found := result.Read
			for _, n := range result.PassedOver {
				found += n
			}
			require.EqualValues(t, len(records)-1, found, "as many records as encoding/csv finds")
		}
	})
}

// FuzzRejects: whatever the bytes, the file of rejects has a record for each of them, and unmended each is rejected
// again for the same, but for those whose quotes are in order there.
func FuzzRejects(f *testing.F) {
	for _, seed := range []string{
		"name,sku\n,b\na,\n", "name,sku,x\r\n\"a\r\nb\",,=1\r\n", "name,sku\na,b,c,,d\n,,\n", "name,sku\n\"a,b\nc,d\n",
		"name,sku\na\"b,c\n", "name,sku,slug\n,a,x\nB,b,x\n,,x\n",
		"\xff,\r\n'=1,'\n\t,\n", "a\n\"\"\n", "a,b\n\xef\xbc,\n", "name,sku,status,description\nA,1\nB,2,,\xe9\n",
		"\ufeff\ufeffname;sku\n\xe9;\n",
	} {
		f.Add([]byte(seed), uint8(importer.HeaderYes))
		f.Add([]byte(seed), uint8(importer.HeaderAuto))
	}
	f.Fuzz(func(t *testing.T, data []byte, header uint8) {
		if strings.Contains(string(data), "_") {
			return // perhaps a column of earlier rejects
		}
		o := importer.Options{MaxRecordBytes: 1 << 10, Header: importer.HeaderMode(header % 4)}
		if o.Header == importer.HeaderYes {
			o.Map = map[string]string{"name": "1", "sku": "2"}
		}
		rejects, codes, err := rejectCodes(t, string(data), o)
		if err != nil || len(codes) == 0 {
			return
		}
		_, again, err := rejectCodes(t, rejects, o)
		if err != nil {
			require.ErrorIs(t, err, importer.ErrInput) // a header that is too long by now, or many NULs
			return
		}
		if damaged := count(codes, importer.CodeBadQuote); damaged > 0 {
			mended := len(codes) - len(again)
			require.True(t, mended >= 0 && mended <= damaged, "%q", rejects)
			return
		}
		require.Equal(t, codes, again, "%q", rejects)
	})
}

// rejectCodes checks the text and returns the file of its rejects, and why they are.
func rejectCodes(t testing.TB, text string, o importer.Options) (file string, codes []importer.Code, err error) {
	t.Helper()
	var b strings.Builder
	w := importer.NewRejectWriter(&b)
	o.OnHeader = w.Header
	o.OnReject = func(r importer.Reject) error {
		if r.Code == importer.CodeInvalidEncoding {
			codes = append(codes, importer.CodeInvalidUTF8) // as rejects are in UTF-8
		} else {
			codes = append(codes, r.Code)
		}
		return w.Write(r)
	}
	_, err = importer.Check(t.Context(), importer.Bytes(text), importer.CheckOptions{Options: o})
	require.NoError(t, w.Flush())
	return b.String(), codes, err
}

func count(codes []importer.Code, code importer.Code) (n int) {
	for _, c := range codes {
		if c == code {
			n++
		}
	}
	return n
}
