package catalogtest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

func read(t *testing.T, r io.Reader, header string) [][]string {
	t.Helper()
	all, err := csv.NewReader(r).ReadAll()
	require.NoError(t, err)
	require.Equal(t, header, strings.Join(all[0], ","))
	return all[1:]
}

const fieldsHeader = catalogtest.Header + ",price,stock,brand,ean,available_from"

// TestFields: the catalogue with fields is the one without them, and each field is one that the schema takes.
func TestFields(t *testing.T) {
	const n = 5_000
	plain := records(t, catalogtest.NewReader(n, catalogtest.HalfNew))
	schema := catalogtest.Schema()
	for i, r := range read(t, catalogtest.NewFieldsReader(n, catalogtest.HalfNew), fieldsHeader) {
		require.Equal(t, plain[i], r[:3])
		for k, f := range schema.Own() {
			canonical, fault := f.Parse(r[3+k])
			require.Nil(t, fault)
			require.Equal(t, r[3+k], canonical, "it is canonical already")
			require.Nil(t, f.Check(canonical))
		}
	}
}

func TestTheBytesWithFieldsAreAlwaysTheSame(t *testing.T) {
	for want, r := range map[string]io.Reader{
		"150353d5c2b63d70523f3c40af32027fb9abd6d82531858ab5ae25f3fc2e4420": catalogtest.NewFieldsReader(1_000, catalogtest.Base),
		"4d9fc9ee8324d5405002de9ca9399d4f9ba0cf7fbaee3290b731b4a5facda208": catalogtest.NewStockReader(1_000),
	} {
		sum := sha256.New()
		_, err := io.Copy(sum, r)
		require.NoError(t, err)
		require.Equal(t, want, hex.EncodeToString(sum.Sum(nil)))
	}
}

// TestStock: the file of stock has the stock of each record, and another one for a tenth of the SKUs.
func TestStock(t *testing.T) {
	const n = 20_000
	changed := map[string]bool{}
	full := read(t, catalogtest.NewFieldsReader(n, catalogtest.Base), fieldsHeader)
	for i, r := range read(t, catalogtest.NewStockReader(n), "sku,stock") {
		require.Equal(t, full[i][1], r[0])
		was, err := strconv.Atoi(full[i][4])
		require.NoError(t, err)
		is, err := strconv.Atoi(r[1])
		require.NoError(t, err)
		if is != was {
			require.Equal(t, was+1, is)
			changed[r[0]] = true
		}
	}
	distinct := catalogtest.Distinct(n)
	require.Len(t, changed, catalogtest.Restocked(distinct))
	require.InDelta(t, distinct/10, len(changed), float64(distinct)/100)
}

func TestWriteCleanFields(t *testing.T) {
	const n = 3_000
	var plain, fields bytes.Buffer
	require.NoError(t, catalogtest.WriteClean(&plain, n, catalogtest.Base, products.Update))
	require.NoError(t, catalogtest.WriteCleanFields(&fields, n, catalogtest.Base, products.Update))
	want := records(t, &plain)
	got := read(t, &fields, fieldsHeader)
	require.Len(t, got, len(want))
	require.Equal(t, want[n/2], got[n/2][:3])
}
