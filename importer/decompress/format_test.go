package decompress_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/decompress"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		start string
		want  decompress.Format
		err   string
	}{
		{"", decompress.None, ""},
		{"sku,name\n", decompress.None, ""},
		{"\x1f\x8b", decompress.Gzip, ""},
		{"\x28\xb5\x2f\xfd", decompress.Zstd, ""},
		{"\x50\x2a\x4d\x18", decompress.Zstd, ""},
		{"\x60\x2a\x4d\x18", decompress.None, ""},
		{"PK\x05\x06", decompress.Zip, ""},
		{zipped(t, entry{name: "p.csv", text: some}), decompress.Zip, ""},
		{zipped(t, entry{name: "xl/workbook.xml", text: some}), decompress.Zip, "save the sheet as CSV"},
		{zipped(t, entry{name: "mimetype", text: some})[:38], decompress.Zip, "save the sheet as CSV"},
		{zipped(t, entry{name: "mimetype", text: some})[:37], decompress.Zip, ""},
		{zipped(t, entry{name: "mimetype", text: some})[:29], decompress.Zip, ""},
	} {
		format, err := decompress.Detect([]byte(c.start))
		require.Equal(t, c.want, format, "%q", c.start)
		if c.err == "" {
			require.NoError(t, err, "%q", c.start)
			continue
		}
		require.ErrorIs(t, err, decompress.ErrInput)
		require.ErrorContains(t, err, c.err)
	}
}
