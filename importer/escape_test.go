package importer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestEscapedWhiteSpace: white space that is escaped, since a spreadsheet cuts it off before it runs what follows, is
// white space in every place in which a file has it, so that rejects decide as the file did that they are of.
func TestEscapedWhiteSpace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // of what is created
		rejects    string   // without the reasons
	}{
		{"a TAB is no SKU", "name,sku\nLamp,\"\t\"\n", nil,
			"name,sku,_line,_column,_code,_reason\nLamp,'\t,2,sku,empty,\n"},
		{"nor are line breaks", "name,sku\nLamp,\"\r\"\nTorch,\"\n \"\n", nil,
			"name,sku,_line,_column,_code,_reason\nLamp,\"'\r\",2,sku,empty,\nTorch,\"'\n \",4,sku,empty,\n"},
		{"nor is what was escaped in the file", "name,sku\nLamp,'\t\n", nil,
			"name,sku,_line,_column,_code,_reason\nLamp,'\t,2,sku,empty,\n"},
		{"around a SKU", "name,sku\nLamp,\"\t1 \"\nTorch,'\t2\nBulb,\"\t'=3\"\n",
			[]string{"1|Lamp||false", "2|Torch||false", "'=3|Bulb||false"}, ""},
		{"an apostrophe behind a space is the SKU's", "name,sku\nLamp, '=1\n", []string{"'=1|Lamp||false"}, ""},
		{"an apostrophe alone is a SKU", "name,sku\nLamp,'\n", []string{"'|Lamp||false"}, ""},
		{"a TAB is no name", "name,sku\n'\t,1\n", nil,
			"name,sku,_line,_column,_code,_reason\n'\t,1,2,name,empty,\n"},
		{"around the name of a column", "\"\tname\",'\tsku,\"'\r\nstatus\"\nLamp,1,\"\tyes\"\nTorch,2,'\tno\nBulb,,\n",
			[]string{"1|Lamp||true", "2|Torch||false"},
			"'\tname,'\tsku,\"'\r\nstatus\",_line,_column,_code,_reason\nBulb,,,5,sku,empty,\n"},
		{"around a group", "slug,name,sku\n\"\tlamp\",Lamp,1\n'\tlamp,,2\nlamp,,3\n'\t,,4\n",
			[]string{"1|Lamp||false", "2|Lamp||false", "3|Lamp||false"},
			"slug,name,sku,_line,_column,_code,_reason\n'\t,,4,5,name,empty,\n"},
		{"around a parent's SKU", "parent,name,sku\n,Lamp,\"\t1\"\n\"\t1\",,2\n'\t1,,3\n",
			[]string{"1|Lamp||false", "2|Lamp||false", "3|Lamp||false"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, _, err := doImport(t, store, c.text, importer.Options{})
			require.NoError(t, err)
			require.Equal(t, c.want, catalogue(t, store))

			rejects, fields := rejectsOf(t, c.text, importer.Options{})
			if c.rejects == "" {
				require.Empty(t, rejects)
				return
			}
			require.Equal(t, "\ufeff"+c.rejects, blankColumns(t, rejects, "_reason"))
			store = memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, rejects, importer.Options{})
			require.NoError(t, err)
			require.EqualValues(t, len(fields), result.Rejected, "unmended, they are rejected again")
			require.Empty(t, catalogue(t, store))
		})
	}
}

// TestEscapedNamesOfColumns: a column has the same name with and without the escape, and so does its attribute.
func TestEscapedNamesOfColumns(t *testing.T) {
	for _, header := range []string{"name,sku,\"\tcolor \"", "name,sku,'\tcolor", "name,sku,color"} {
		store := memory.New(memory.Options{}).Products()
		_, _, err := doImport(t, store, header+"\nLamp,1,red\n", importer.Options{Extra: importer.ExtraKeep})
		require.NoError(t, err)
		page, err := store.List(t.Context(), products.Query{})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"color": "red"}, page.Products[0].Attributes, header)
	}
}
