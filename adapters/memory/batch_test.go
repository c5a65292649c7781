package memory

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// TestWriteBatchKeepsText looks whether stored text is the records' own: that of a few products must not keep the text
// of a whole file in memory, that of many needn't be copied.
func TestWriteBatchKeepsText(t *testing.T) {
	write := func(s *Products, mode products.Mode, name string, n int) (text string) {
		text = strings.Repeat(name, 10)
		b := &products.Batch{Mode: mode, Columns: products.Columns{Fields: []*products.Field{s.Schema().Find("name"),
			s.Schema().Find("description"), s.Schema().Find("note")}, Attributes: []string{"a"}}}
		for i := range n {
			sku := fmt.Sprint("sku-", i)
			b.Records = append(b.Records, products.Record{Key: sku, SKU: sku,
				Values: []string{text, text, text, text}})
		}
		_, err := s.WriteBatch(t.Context(), b)
		require.NoError(t, err)
		return text
	}
	same := func(a, b string) bool { return unsafe.StringData(a) == unsafe.StringData(b) }
	check := func(s *Products, key, text string, want bool) {
		r := s.byKey.get(hashKey(key), key)
		require.Equal(t, text, r.Name)
		require.Equal(t, want, same(text, r.Name), "name")
		require.Equal(t, want, same(text, r.Description), "description")
		require.Equal(t, want, same(text, r.Fields["note"].Text()), "field of one's own")
		require.Equal(t, want, same(text, r.Attributes["a"]), "attribute")
		require.True(t, same(r.key, r.SKU), "a key that is the SKU takes no memory of its own")
	}

	schema, err := products.NewSchema(products.Field{Name: "note", Type: products.Text})
	require.NoError(t, err)
	s := New(Options{Fields: schema}).Products()
	text := write(s, products.Ignore, "many", 10)
	check(s, "sku-3", text, true)
	text = write(s, products.Ignore, "few", 12)
	check(s, "sku-11", text, false)
	text = write(s, products.Update, "all", 12)
	check(s, "sku-3", text, true)
	_, err = s.Update(t.Context(), 1, 0, products.Patch{Name: new("other")})
	require.NoError(t, err)
	text = write(s, products.Update, "all", 12)
	check(s, "sku-0", text, false)
}
