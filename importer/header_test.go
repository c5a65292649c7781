package importer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// TestHeadersOfShops has the columns that exports of shops have, as far as they matter.
func TestHeadersOfShops(t *testing.T) {
	for _, c := range []struct {
		name, text string
		delimiter  importer.Delimiter
		want       []string // "field column", in the file's order
		product    string
	}{
		{"Shopify", "Handle,Title,Body (HTML),Vendor,Published,Variant SKU,Variant Barcode,SEO Title,SEO " +
			"Description,Status\nx,n,d,v,true,s,b,t,t,draft\n", 0,
			[]string{"group Handle", "name Title", "description Body (HTML)", "sku Variant SKU", "status Status"},
			"s|n|d|false"},
		{"Shopify, newer",
			"Title,URL handle,Description,Vendor,Published on online store,Status,SKU\nn,x,d,v,true,active,s\n", 0,
			[]string{"name Title", "group URL handle", "description Description", "status Status", "sku SKU"},
			"s|n|d|true"},
		{"WooCommerce",
			"ID,Type,SKU,Name,Published,Is featured?,Short " +
				"description,Description,Parent\n1,simple,s,n,-1,0,short,d,\n", 0,
			[]string{"sku SKU", "name Name", "status Published", "description Description", "group Parent"},
			"s|n|d|false"},
		{"Magento", "sku,store_view_code,product_type,name,description,short_description,product_online,visibility\ns,,simple,n,d,short,2,x\n", 0,
			[]string{"sku sku", "name name", "description description", "status product_online"}, "s|n|d|false"},
		{"PrestaShop",
			"Product ID;Active (0/1);Name *;Reference #;Supplier reference " +
				"#;Supplier;Summary;Description;Visibility\n1;1;n;s;r;x;short;d;both\n", ';',
			[]string{"status Active (0/1)", "name Name *", "sku Reference #", "description Description"}, "s|n|d|true"},
		{"PrestaShop 1.4, a delimiter too many at the end of records",
			"id;Active (0/1);Name*;Reference #;Short description\n1;0;n;s;d;\n", ';',
			[]string{"status Active (0/1)", "name Name*", "sku Reference #", "description Short description"},
			"s|n|d|false"},
		{"Spree", "slug,sku,name,price,status,description,meta_title\nx,s,n,1,archived,d,m\n", 0,
			[]string{"group slug", "sku sku", "name name", "status status", "description description"}, "s|n|d|false"},
		{"Medusa", "Product Id,Product Handle,Product Title,Product Status,Product Description,Variant Id,Variant " +
			"Title,Variant Sku\np,x,n,proposed,d,v,t,s\n", 0,
			[]string{"group Product Handle", "name Product Title", "status Product Status",
				"description Product Description", "sku Variant Sku"}, "s|n|d|false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, c.text, importer.Options{Delimiter: c.delimiter})
			require.NoError(t, err)
			require.Equal(t, c.want, mapped(result.Dialect.Columns))
			require.Equal(t, []string{c.product}, catalogue(t, store))
			require.Empty(t, result.Dialect.Hints)
		})
	}
}

// mapped lists the columns from which something is taken, as "field column", in the file's order.
func mapped(columns []importer.Column) (lines []string) {
	for _, column := range columns {
		switch {
		case column.Field != "":
			lines = append(lines, column.Field+" "+column.Name)
		case column.Group:
			lines = append(lines, "group "+column.Name)
		}
	}
	return lines
}

// TestTwoIsDisabledInMagentoOnly since anywhere else nobody knows what it means.
func TestTwoIsDisabledInMagentoOnly(t *testing.T) {
	got, _, err := doImport(t, memory.New(memory.Options{}).Products(), "sku,name,status\ns,n,2\nt,n,1\n", importer.Options{})
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
		{"Skuu,name", importer.Options{}, map[string]string{"sku": "Skuu"},
			"no column for sku; did you mean \"Skuu\" for sku?"},
		{"sku,Nmae", importer.Options{}, map[string]string{"name": "Nmae"}, ""},
		{"vairant skuu,Produkttitle", importer.Options{}, map[string]string{"sku": "vairant skuu",
			"name": "Produkttitle"}, "did you mean \"Produkttitle\" for name?; did you mean \"vairant skuu\" for sku?"},
		{"Store SKU,name", importer.Options{}, map[string]string{"sku": "Store SKU"}, ""},
		{"name,price,EAN13,Handle", importer.Options{}, map[string]string{"sku": "Handle"}, ""},
		{"code,product_name", importer.Options{}, map[string]string{"sku": "code"}, ""},
		{"name,price", importer.Options{}, map[string]string{}, "no column for sku; needed"},
		{"foo,bar", importer.Options{}, map[string]string{}, "no known column name"},
		{"skuu,skuu,name", importer.Options{}, map[string]string{"sku": "1"}, ""},
		{"sku;name;price", importer.Options{Delimiter: ','}, nil, "another character separates"},
		{"sku,name,Vendor", importer.Options{Map: map[string]string{"status": "Vednor"}},
			map[string]string{"status": "Vendor"}, "no column \"Vednor\""},
		{"sku,name,Name", importer.Options{}, nil,
			"columns 2 and 3 are both called name; map the right one by its number, name=2 or name=3"},
		{"_reason,name", importer.Options{}, map[string]string{}, "no column for sku; needed"},
	} {
		t.Run(c.header, func(t *testing.T) {
			_, err := importer.Check(t.Context(), importer.Bytes(c.header+"\n"), importer.CheckOptions{Options: c.o})
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
		{Field: "description", Column: "Descripton",
			Text: `no column is known as the description; did you mean "Descripton"?`},
		{Field: "status", Column: "4", Text: `no column is known as the status; did you mean "statsu"?`},
	}, hints("sku,name,Descripton,statsu,Statsu\ns,n,d,1,1\n", importer.Options{}))
	require.Empty(t, hints("sku,name,description,descripton\ns,n,d,d\n", importer.Options{}),
		"the description has a column")
	require.Empty(t, hints("sku,name,vendor,price\ns,n,d,d\n", importer.Options{}))

	shopify := "Handle,Title,Variant SKU\na,A,\na,,\nb,B,\n"
	require.Equal(t, []importer.Hint{{Field: "sku", Column: "Handle",
		Text: `each of the 3 records was rejected for its empty sku; if the column "Handle" tells products apart, map sku to it`}}, hints(shopify, importer.Options{}))
	require.Empty(t, hints(shopify+"c,C,c1\n", importer.Options{}), "not every record was")
	require.Empty(t, hints(shopify, importer.Options{Map: map[string]string{"sku": "Handle"}}))
	for _, text := range []string{"sku,name\n,n\n", "Handle,sku,name\n"} {
		found := hints(text, importer.Options{})
		require.Len(t, found, 1, "what to do next")
		require.Empty(t, found[0].Field, "there is no column to suggest, or no record")
	}
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
	require.Equal(t, []importer.Column{{Number: 9_002, Name: "sku", Field: "sku"},
		{Number: 15_003, Name: "name", Field: "name"}}, b.Columns[n-2:])

	d.Columns = d.Columns[9_000:]
	require.Equal(t, strings.Repeat("y", 100)+"...", d.Bounded(4_096).Columns[0].Name)
}

// TestBoundedFormats: how the columns of very many fields are written has its bound, too.
func TestBoundedFormats(t *testing.T) {
	d := importer.Dialect{}
	for i := range products.MaxFields {
		d.Columns = append(d.Columns, importer.Column{Number: i + 1, Name: "price", Field: "price",
			Format: &spelling.Description{Number: "1.234,50", DecimalSign: ',', Evidence: strings.Repeat("e", 2_000)}})
	}
	const most = 32 << 10
	b := d.Bounded(most)
	text, err := json.Marshal(b)
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), most+products.MaxFields*150)
	require.Len(t, b.Columns, products.MaxFields)
	require.Equal(t, strings.Repeat("e", 200)+"...", b.Columns[0].Format.Evidence)
	require.Empty(t, b.Columns[products.MaxFields-1].Format.Evidence)
	require.Equal(t, "1.234,50", b.Columns[products.MaxFields-1].Format.Number)
	require.Len(t, d.Columns[0].Format.Evidence, 2_000, "the whole one stays as it is")
}

// TestTitlesAreNoHeader: a title above a header that nobody knows is passed over, unless the first record is said to be
// the header, or columns are mapped by number and it may be one.
func TestTitlesAreNoHeader(t *testing.T) {
	const text = "Prices of Acme\n\nStore SKU;Label;Net\nK-7;Kettle;20\nP-8;Pot;10\n"
	for _, c := range []struct {
		options importer.Options
		skipped int64
		want    string
	}{
		{importer.Options{Map: mapTo("name", "Label")}, 2, ""},
		{importer.Options{}, 2, `did you mean "Label" for name?`},
		{importer.Options{Header: importer.HeaderYes, Map: mapTo("name", "Label")}, 0, `no column "Label"`},
		{importer.Options{Map: mapTo("sku", "1", "name", "2")}, 0, `no column "2"`},
	} {
		store := memory.New(memory.Options{}).Products()
		_, result, err := doImport(t, store, text, c.options)
		if c.want != "" {
			require.ErrorContains(t, err, c.want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.skipped, result.Dialect.SkippedLines)
		require.Equal(t, []string{"K-7|Kettle||false", "P-8|Pot||false"}, catalogue(t, store))
	}
}
