package importer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/stretchr/testify/require"
)

// TestHeadersOfShops has the columns that exports of shops have, as far as they matter.
func TestHeadersOfShops(t *testing.T) {
	for _, c := range []struct {
		name, text string
		delimiter  byte
		want       []string // "field column", in the file's order
		product    string
	}{
		{"Shopify", "Handle,Title,Body (HTML),Vendor,Published,Variant SKU,Variant Barcode,SEO Title,SEO Description,Status\nx,n,d,v,true,s,b,t,t,draft\n", 0,
			[]string{"group Handle", "name Title", "description Body (HTML)", "sku Variant SKU", "status Status"}, "s|n|d|false"},
		{"Shopify, newer", "Title,URL handle,Description,Vendor,Published on online store,Status,SKU\nn,x,d,v,true,active,s\n", 0,
			[]string{"name Title", "group URL handle", "description Description", "status Status", "sku SKU"}, "s|n|d|true"},
		{"WooCommerce", "ID,Type,SKU,Name,Published,Is featured?,Short description,Description,Parent\n1,simple,s,n,-1,0,short,d,\n", 0,
			[]string{"sku SKU", "name Name", "status Published", "description Description", "group Parent"}, "s|n|d|false"},
		{"Magento", "sku,store_view_code,product_type,name,description,short_description,product_online,visibility\ns,,simple,n,d,short,2,x\n", 0,
			[]string{"sku sku", "name name", "description description", "status product_online"}, "s|n|d|false"},
		{"PrestaShop", "Product ID;Active (0/1);Name *;Reference #;Supplier reference #;Supplier;Summary;Description;Visibility\n1;1;n;s;r;x;short;d;both\n", ';',
			[]string{"status Active (0/1)", "name Name *", "sku Reference #", "description Description"}, "s|n|d|true"},
		{"PrestaShop 1.4, a delimiter too many at the end of records", "id;Active (0/1);Name*;Reference #;Short description\n1;0;n;s;d;\n", ';',
			[]string{"status Active (0/1)", "name Name*", "sku Reference #", "description Short description"}, "s|n|d|false"},
		{"Spree", "slug,sku,name,price,status,description,meta_title\nx,s,n,1,archived,d,m\n", 0,
			[]string{"group slug", "sku sku", "name name", "status status", "description description"}, "s|n|d|false"},
		{"Medusa", "Product Id,Product Handle,Product Title,Product Status,Product Description,Variant Id,Variant Title,Variant Sku\np,x,n,proposed,d,v,t,s\n", 0,
			[]string{"group Product Handle", "name Product Title", "status Product Status", "description Product Description", "sku Variant Sku"}, "s|n|d|false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, c.text, importer.Options{Delimiter: c.delimiter})
			require.NoError(t, err)
			var got []string
			for _, column := range result.Dialect.Columns {
				switch {
				case column.Field != "":
					got = append(got, column.Field+" "+column.Name)
				case column.Group:
					got = append(got, "group "+column.Name)
				}
			}
			require.Equal(t, c.want, got)
			require.Equal(t, []string{c.product}, catalogue(t, store))
			require.Empty(t, result.Dialect.Hints)
		})
	}
}

// TestTwoIsDisabledInMagentoOnly since anywhere else nobody knows what it means.
func TestTwoIsDisabledInMagentoOnly(t *testing.T) {
	got, _, err := doImport(t, memory.New(memory.Options{}).Products(), "sku,name,status\ns,n,2\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"2/2+16 status bad_boolean"}, got.rejects)
}

func TestSuggestions(t *testing.T) {
	for _, c := range []struct {
		header string
		o      importer.Options
		want   map[string]string
		detail string
	}{
		{"Skuu,name", importer.Options{}, map[string]string{"sku": "Skuu"}, "no column for sku; did you mean \"Skuu\" for sku?"},
		{"sku,Nmae", importer.Options{}, map[string]string{"name": "Nmae"}, ""},
		{"vairant skuu,Producttitel", importer.Options{}, map[string]string{"sku": "vairant skuu", "name": "Producttitel"}, "did you mean \"Producttitel\" for name?; did you mean \"vairant skuu\" for sku?"},
		{"Store SKU,name", importer.Options{}, map[string]string{"sku": "Store SKU"}, ""},
		{"name,price,EAN13,Handle", importer.Options{}, map[string]string{"sku": "Handle"}, ""},
		{"code,product_name", importer.Options{}, map[string]string{"sku": "code"}, ""},
		{"name,price", importer.Options{}, map[string]string{}, "no column for sku; needed"},
		{"foo,bar", importer.Options{}, map[string]string{}, "no known column name"},
		{"skuu,skuu,name", importer.Options{}, map[string]string{"sku": "1"}, ""},
		{"sku;name;price", importer.Options{Delimiter: ','}, nil, "another character separates"},
		{"sku,name,Vendor", importer.Options{Map: map[string]string{"status": "Vednor"}}, map[string]string{"status": "Vendor"}, "no column \"Vednor\""},
		{"sku,name,Name", importer.Options{}, nil, "columns 2 and 3 are both called name; map the right one by its number, name=2 or name=3"},
		{"_reason,name", importer.Options{}, map[string]string{}, "no column for sku; needed"},
	} {
		t.Run(c.header, func(t *testing.T) {
			_, err := importer.Check(t.Context(), importer.Bytes(c.header+"\n"), c.o)
			require.ErrorIs(t, err, importer.ErrInput)
			var header *importer.HeaderError
			require.ErrorAs(t, err, &header)
			require.Equal(t, c.want, header.Suggestions)
			require.ErrorContains(t, err, c.detail)
		})
	}
}

func TestHints(t *testing.T) {
	hints := func(text string, o importer.Options) []importer.Hint {
		_, result, err := doImport(t, memory.New(memory.Options{}).Products(), text, o)
		require.NoError(t, err)
		return result.Dialect.Hints
	}
	require.Equal(t, []importer.Hint{
		{Field: "description", Column: "Descripton", Text: `no column is known as the description; did you mean "Descripton"?`},
		{Field: "status", Column: "4", Text: `no column is known as the status; did you mean "statsu"?`},
	}, hints("sku,name,Descripton,statsu,Statsu\ns,n,d,1,1\n", importer.Options{}))
	require.Empty(t, hints("sku,name,description,descripton\ns,n,d,d\n", importer.Options{}), "the description has a column")
	require.Empty(t, hints("sku,name,vendor,price\ns,n,d,d\n", importer.Options{}))

	shopify := "Handle,Title,Variant SKU\na,A,\na,,\nb,B,\n"
	require.Equal(t, []importer.Hint{{Field: "sku", Column: "Handle",
		Text: `each of the 3 records was rejected for its empty SKU; if the column "Handle" tells products apart, map sku to it`}}, hints(shopify, importer.Options{}))
	require.Empty(t, hints(shopify+"c,C,c1\n", importer.Options{}), "not every record was")
	require.Empty(t, hints(shopify, importer.Options{Map: map[string]string{"sku": "Handle"}}))
	require.Empty(t, hints("sku,name\n,n\n", importer.Options{}), "there is nothing to suggest")
	require.Empty(t, hints("Handle,sku,name\n", importer.Options{}), "there are no records")
}

// TestBoundedDialects keeps what matters of files with very many columns.
func TestBoundedDialects(t *testing.T) {
	header := strings.Repeat("x,", 9_000) + strings.Repeat("y", 5_000) + ",sku," + strings.Repeat("z,", 6_000) + "name"
	_, result, err := doImport(t, memory.New(memory.Options{}).Products(), header+"\n", importer.Options{})
	require.NoError(t, err)
	d := &result.Dialect
	require.Equal(t, *d, d.Bounded(10<<20), "what fits is left as it is")
	b := d.Bounded(64 << 10)
	text, err := json.Marshal(b)
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), 65<<10)
	require.Len(t, d.Columns, 15_003, "the whole one stays as it is")
	require.Equal(t, len(d.Columns), len(b.Columns)+b.MoreColumns)
	n := len(b.Columns)
	require.Greater(t, n, 1_500)
	require.Equal(t, d.Columns[:n-2], b.Columns[:n-2], "the first columns")
	require.Equal(t, []importer.Column{{Number: 9_002, Name: "sku", Field: "sku"}, {Number: 15_003, Name: "name", Field: "name"}}, b.Columns[n-2:])

	d.Columns = d.Columns[9_000:]
	require.Equal(t, strings.Repeat("y", 100)+"...", d.Bounded(4_096).Columns[0].Name)
}
