package importer_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
	"github.com/stretchr/testify/require"
)

func TestRejectsAsCSV(t *testing.T) {
	text := "sku,name,description,note\n,\"a, \"\"b\"\"\",\"one\ntwo\",x\nok,fine,,\ns2\ns3,n,d,x,surplus\n"
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	store := memory.New(memory.Options{}).Products()
	_, err := importer.Run(t.Context(), importer.Bytes(text), store, importer.Options{OnHeader: w.Header, OnReject: w.Write})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.Equal(t, `sku,name,description,note,_line,_column,_code,_reason
,"a, ""b""","one
two",x,2,sku,empty,sku must not be empty
s2,,,,5,name,missing_column,the record has 1 of 4 fields and ends before the column name (name)
s3,n,d,x,6,,field_count,"the record has 5 fields, but there are 4 columns; a field with the delimiter in it must stand in quotes"
`, rejects.String())

	mended := strings.NewReplacer("\n,\"a", "\ns1,\"a", "s2,,", "s2,mended,").Replace(rejects.String())
	result, err := importer.Run(t.Context(), importer.Bytes(mended), store, importer.Options{Extra: importer.ExtraReject, Map: map[string]string{"status": "note"}})
	require.NoError(t, err, "the columns of the rejects are no extra columns")
	require.Equal(t, progress.Counts{Read: 3, Created: 1, Rejected: 2}, result.Counts, "x is no status")

	result, err = importer.Run(t.Context(), importer.Bytes(mended), store, importer.Options{Mode: products.Update})
	require.NoError(t, err)
	require.Equal(t, progress.Counts{Read: 3, Created: 2, Unchanged: 1}, result.Counts)
}

func TestNoRejectsLeaveAnEmptyFile(t *testing.T) {
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	_, err := importer.Check(t.Context(), importer.Bytes("sku,name\na,b\n"), importer.Options{OnHeader: w.Header, OnReject: w.Write})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.Empty(t, rejects.String())
}

func TestRejectsWithoutAHeader(t *testing.T) {
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	_, err := importer.Check(t.Context(), importer.Bytes("n,s,d\n,s2,d\n"), importer.Options{Header: importer.HeaderNo, OnHeader: w.Header, OnReject: w.Write})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.Equal(t, ",s2,d,2,1,empty,name must not be empty\n", rejects.String())
}
