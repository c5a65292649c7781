package importer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/products"
)

// What is in another encoding is not stored in silence, and is imported when the answer is given.
func TestEncodingsAreAsked(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       charset.Encoding
		imported   string
	}{
		{"Hungarian", "SKU;name\n1;T\xfbz\xf5g\xe9p\n2;F\xfcrd\xf5szoba t\xfck\xf6r\n", charset.Windows1250, "Tűzőgép"},
		{"Turkish", "SKU;name\n1;\xc7al\xfd\xfema masas\xfd\n2;Ah\xfeap ka\xfe\xfdk\n", charset.Windows1254, "Çalışma masası"},
		{"Russian", "SKU;name\n1;\xcb\xe0\xec\xef\xe0\n2;\xd1\xf2\xee\xeb\n", charset.Windows1251, "Лампа"},
		{"Japanese, header and all", "\x8f\xa4\x95i\x83R\x81[\x83h,\x8f\xa4\x95i\x96\xbc\nA-1,\x83\x89\x83\x93\x83v\n",
			charset.ShiftJIS, "ランプ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, c.file, importer.Options{})
			require.ErrorIs(t, err, importer.ErrInput)
			var question *charset.QuestionError
			require.ErrorAs(t, err, &question)
			require.Equal(t, c.want, question.Readings[0].Encoding)
			require.Zero(t, result.Created)

			o := importer.Options{Encoding: question.Readings[0].Encoding}
			if c.want == charset.ShiftJIS {
				o.Map = map[string]string{"sku": "商品コード", "name": "商品名"}
			}
			_, result, err = doImport(t, store, c.file, o)
			require.NoError(t, err)
			require.Equal(t, result.Read, result.Created)
			require.Equal(t, c.want.String(), result.Dialect.Encoding)
			page, err := store.List(t.Context(), products.Query{Name: c.imported})
			require.NoError(t, err)
			require.Len(t, page.Products, 1)
		})
	}
}

// What contradicts late is refused before anything is written.
func TestLateEncodingIsAsked(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	file := "sku,name\na,Gr\xf6\xdfe\nb,caf\xe9\n" + strings.Repeat("c,plain\n", 50_000) +
		"d,\xa3y\xbfka\ne,p\xf3\xb3ka wisz\xb9ca\nf,r\xeacznik\ng,\x9cwi\xeata\nh,\xbf\xf3\xb3ty\ni,pi\xea\xe6\n"
	_, result, err := doImport(t, store, file, importer.Options{})
	var question *charset.QuestionError
	require.ErrorAs(t, err, &question)
	require.Zero(t, result.Created)
}

// A character that was cut off in a file of UTF-8 costs its record.
func TestCutOffUTF8CostsItsRecord(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	_, result, err := doImport(t, store, "SKU,Name,Description\nA-1,Lamp,a warm light\xe2\x80\nA-2,Desk,oak\n",
		importer.Options{})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Created)
	require.Equal(t, map[importer.Code]int64{importer.CodeInvalidUTF8: 1}, result.Rejects)
}
