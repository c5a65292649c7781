package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSummaryStatesAReasonOnce(t *testing.T) {
	var file strings.Builder
	file.WriteString("name,sku,status\n\"two\nlines\",,\n")
	for range 1_998 {
		file.WriteString("x,,yes\n")
	}
	file.WriteString("x,a,perhaps\nx,,no\n")
	s := importcsv(t, nil, "", write(t, "bad.csv", file.String()))
	require.Equal(t, 0, s.status, s.stderr)
	_, rest, found := strings.Cut(s.stdout, "\nrejected:\n")
	require.True(t, found)
	require.Equal(t, `  line 2 to 3 and 1,999 more, column sku: sku must not be empty
  line 2002, column status: status must be a yes or a no (true/false, 1/0, yes/no, on/off, active/inactive, published/unpublished, enabled/disabled, draft, archived), not "perhaps"
  in all: 2,000 empty, 1 bad_boolean
  -rejects FILE keeps them, to be mended and imported again

hint: nothing was imported, as every record was rejected (2000 empty, 1 bad_boolean); mend what the reasons name, or the mapping of the columns, and import it again
`, rest)
}

func TestSummaryNamesSoManyReasons(t *testing.T) {
	var header, file strings.Builder
	header.WriteString("name,sku")
	for i := range 12 {
		fmt.Fprintf(&header, ",c%d", i)
		fmt.Fprintf(&file, "n,s%s,\xff%s\n", strings.Repeat(",x", i), strings.Repeat(",x", 11-i))
	}
	s := importcsv(t, nil, "", write(t, "bad.csv", header.String()+"\n"+file.String()))
	require.Contains(t, s.stdout, "line 9, column c7: ")
	require.NotContains(t, s.stdout, "line 10, ")
	require.Contains(t, s.stdout, "  and 4 other reasons\n  in all: 12 invalid_utf8\n")
}

func TestSummaryOfAShopsExport(t *testing.T) {
	text := "Product Handle,Title,Variant SKU\na,A,\na,,\nb,B,\n"
	s := importcsv(t, nil, "", write(t, "shop.csv", text))
	require.Equal(t, 0, s.status, s.stderr)
	require.Equal(t, 1, strings.Count(s.stdout, "sku must not be empty"))
	require.Contains(t, s.stdout, "  line 2 and 2 more, column Variant SKU: sku must not be empty\n")
	require.True(t, strings.HasSuffix(s.stdout, `
hint: each of the 3 records was rejected for its empty sku; if the column "Product Handle" tells products apart, map sku to it
  -map sku="Product Handle"
`), s.stdout)

	s = importcsv(t, nil, "", "-map", "sku=Product Handle", write(t, "shop.csv", text))
	require.Contains(t, s.stdout, `
  created              2  new products
  superseded           1  another record of the file has the same SKU and counts

names inherited from another record of the group: 1
`)
	require.Contains(t, s.stdout, `
columns:
  sku         from column 1, "Product Handle"
  group       from column 1, "Product Handle"
  name        from column 2, "Title"
  ignored:    Variant SKU
`)
	object := importcsv(t, nil, "", "-json", write(t, "shop.csv", text)).decode(t)
	hints := object["dialect"].(map[string]any)["hints"].([]any)
	require.Equal(t, "Product Handle", hints[0].(map[string]any)["column"])
}
