package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/products"
)

// mapTo is a map of columns.
func mapTo(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// realFile is one of the kinds of files that shops, spreadsheets and suppliers make, and what their owner expects.
type realFile struct {
	name, text string
	options    importer.Options
	want       []string // the catalogue
	rejects    []string // "line column code"
	passed     map[importer.Passed]int64
	hint       string   // a part of a hint
	refused    []string // parts of the error of a file that is refused
	not        string   // what neither the error nor a reject may have
}

func realFiles(t testing.TB) []realFile {
	return []realFile{
		// Columns
		{name: "an item number beside a SKU, eBay", text: "Item number,Title,Custom label (SKU),Price\n4001,Kettle,K-7,20\n4002,Pot,P-8,10\n",
			want: []string{"K-7|Kettle||false", "P-8|Pot||false"}, hint: `"Custom label (SKU)" was taken for the sku, not "Item number"`},
		{name: "without a header, what is not mapped", text: "K-7;Kettle;20,00;3\nP-8;Pot;10,00;5\n",
			options: importer.Options{Header: importer.HeaderNo, Map: mapTo("sku", "1", "name", "2")},
			want:    []string{"K-7|Kettle||false", "P-8|Pot||false"}},
		{name: "an empty column beside the one that tells products apart", text: "Artikelnummer;EAN;Artikeltext1\n7;;Kanne\n8;;Topf\n9;;Glas\n",
			options: importer.Options{Map: mapTo("name", "Artikeltext1")},
			want:    []string{"7|Kanne||false", "8|Topf||false", "9|Glas||false"}},
		{name: "a SKU that is always empty, beside an ID", text: "ID,Type,SKU,Name,MPN\n7,simple,,Kettle,\n8,simple,,Pot,\n",
			rejects: []string{"2 SKU empty", "3 SKU empty"}, hint: `if the column "ID" tells products apart, map sku to it`},
		{name: "a column that another character separates", text: "SKU^Name\nK-7^Kettle\n", refused: []string{`such as "^"`},
			not: "did you mean"},
		{name: "no identifier at all", text: "NOME;PRECO\nChaleira;20\nPanela;10\n",
			options: importer.Options{Map: mapTo("name", "NOME", "sku", "NOME")},
			want:    []string{"Chaleira|Chaleira||false", "Panela|Panela||false"}},
		{name: "no identifier at all, advice", text: "NOME;PRECO\nChaleira;20\nPanela;10\n",
			refused: []string{`did you mean "NOME"`, "map both"}},
		{name: "Odoo", text: "id,name,default_code,description_sale,active\n__export__.p_7,Kettle,K-7,steel,True\n",
			want: []string{"K-7|Kettle|steel|true"}},
		{name: "a title above a header that nobody knows", text: "Price list of the Acme company, 2026\n\nArt. id;Text of item;Net\nK-7;Kettle;20\nP-8;Pot;10\n",
			options: importer.Options{Map: mapTo("sku", "Art. id", "name", "Text of item")},
			want:    []string{"K-7|Kettle||false", "P-8|Pot||false"}},
		{name: "a title above a header that nobody knows, advice", text: "Price list of the Acme company, 2026\n\nArt. id;Text of item;Net\nK-7;Kettle;20\nP-8;Pot;10\n",
			refused: []string{`"Art. id", "Text of item", "Net"`}},

		// Encodings
		{name: "Hungarian in windows-1250", text: "SKU;name\n7;V\xedzforral\xf3\n8;F\xf5z\xf5ed\xe9ny, \xfbr\xe1llom\xe1s\n9;T\xfbzhely\n",
			refused: []string{`windows-1250: "Vízforraló"`}},
		{name: "Hungarian in windows-1250, as it was answered", text: "SKU;name\n7;V\xedzforral\xf3\n8;F\xf5z\xf5ed\xe9ny\n",
			options: importer.Options{Encoding: charset.Windows1250}, want: []string{"7|Vízforraló||false", "8|Főzőedény||false"}},
		{name: "Russian in windows-1251", text: "SKU;name\n7;\xd7\xe0\xe9\xed\xe8\xea\n",
			options: importer.Options{Encoding: charset.Windows1251}, want: []string{"7|Чайник||false"}},
		{name: "a header in Shift JIS", text: "\x8f\xa4\x95i\x83R\x81[\x83h,\x8f\xa4\x95i\x96\xbc\nK-7,\x83\x84\x83J\x83\x93\n",
			refused: []string{"not UTF-8", "shift_jis", "save it as UTF-8"}},
		{name: "a character that a program cut off", text: "SKU,Name,Description\nK-7,Kettle,A kettle that whistles\xe2\x80\nP-8,Pot,steel\n",
			want: []string{"P-8|Pot|steel|false"}, rejects: []string{"2 Description invalid_utf8"}},

		// Quotes
		{name: "tabs and no quoting", text: "sku\tname\tdescription\nK-7\t\"Hot\" kettle\tsays \"tea\" aloud\nP-8\tPot 9\"\tsteel\nG-9\tGlass\tplain\n",
			want: []string{`K-7|"Hot" kettle|says "tea" aloud|false`, `P-8|Pot 9"|steel|false`, "G-9|Glass|plain|false"}},
		{name: "spaces before quotes", text: "\"SKU\", \"Name\", \"Description\"\n\"K-7\", \"Kettle, red\", \"hot\"\n\"P-8\", \"Pot, steel\", \"new\"\n",
			want: []string{"K-7|Kettle, red|hot|false", "P-8|Pot, steel|new|false"}, not: "1048576"},
		{name: "formulas that keep zeros", text: "SKU,Name\n=\"0071\",Kettle\n\"=\"\"0072\"\"\",Pot\n",
			want: []string{"0071|Kettle||false", "0072|Pot||false"}},

		// Shape
		{name: "a record that is one field short", text: "SKU,Name,Description,Price,Stock\nK-7,Kettle,hot,20,3\nP-8,Pot,10,4\n",
			want: []string{"K-7|Kettle|hot|false"}, rejects: []string{"3 Stock missing_column"}},
		{name: "records that are all wider than the header", text: "SKU,Name,Price\nK-7,Kettle,20,50\nP-8,Pot,10,50\n",
			refused: []string{"header has 3 columns, but every record has 4 fields", "decimal commas"}},

		// Rows that are no products
		{name: "rows with nothing in them", text: "SKU,Name,Price\nK-7,Kettle,1\n,,\n,,\nP-8,Pot,2\n ,,\n\t\n,,\n\x1a\n",
			want: []string{"K-7|Kettle||false", "P-8|Pot||false"}, passed: map[importer.Passed]int64{importer.PassedEmpty: 6}},
		{name: "more images of a product, Shopify", text: "Handle,Title,Body (HTML),Variant SKU,Variant Price,Image Src,Image Alt Text,Variant Image\n" +
			"cap,Cap,<p>warm</p>,C-1,10,1.jpg,front,r.jpg\ncap,,,C-2,10,2.jpg,,b.jpg\ncap,,,,,3.jpg,side,\ncap,,,,,4.jpg,,\n",
			want:   []string{"C-1|Cap|<p>warm</p>|false", "C-2|Cap|<p>warm</p>|false"},
			passed: map[importer.Passed]int64{importer.PassedMedia: 2}},
		{name: "files put together", text: "\ufeffSKU,Name\nK-7,Kettle\n\ufeffSKU,Name\n\ufeffP-8,Pot\n\ufeff\"G-9\",\"Glass, red\"\n",
			want:   []string{"K-7|Kettle||false", "P-8|Pot||false", "G-9|Glass, red||false"},
			passed: map[importer.Passed]int64{importer.PassedHeader: 1}},
		{name: "another store view, Magento", text: "sku,store_view_code,name,description\nK-7,,Kettle,hot\nK-7,fr,Bouilloire,chaude\n",
			options: importer.Options{Mode: products.Update}, want: []string{"K-7|Kettle|hot|false"},
			passed: map[importer.Passed]int64{importer.PassedStoreView: 1}},

		// Variants
		{name: "Wix", text: "handleId,fieldType,name,sku,visible\ncap,Product,Red Cap,C,true\ncap,Variant,,C-S,true\ncap,Variant,,C-L,false\n",
			want: []string{"C|Red Cap||true", "C-S|Red Cap||true", "C-L|Red Cap||false"}},
		{name: "below their product, Vendure", text: "name,slug,description,sku\nKettle,kettle,Hot,K-1\n,,,K-2\n,,,K-3\n",
			want: []string{"K-1|Kettle|Hot|false", "K-2|Kettle|Hot|false", "K-3|Kettle|Hot|false"}},
		{name: "choices in the column of the name, BigCommerce", text: "Item Type,Product ID,Product Name,Product Code/SKU,Product Visible?\n" +
			"Product,7,Red Cap,C,true\n  SKU,8,[RB]Size=L,C-L,\n",
			options: importer.Options{Map: mapTo("sku", "Product Code/SKU")}, want: []string{"C|Red Cap||true", "C-L|Red Cap||true"}},

		// Values
		{name: "a status of other words, left aside", text: "SKU,Name,Status\nK-7,Kettle,In stock\nP-8,Pot,Sold out\n",
			options: importer.Options{Map: mapTo("status", importer.MapNone)}, want: []string{"K-7|Kettle||false", "P-8|Pot||false"}},
		{name: "a status of other words", text: "SKU,Name,Status\nK-7,Kettle,In the shop\nP-8,Pot,Sold out\n",
			want: []string{"K-7|Kettle||false", "P-8|Pot||false"}, hint: "status is not set"},
		{name: "a status of letters", text: "SKU,Name,Active\nK-7,Kettle,Y\nP-8,Pot,N\n", want: []string{"K-7|Kettle||true", "P-8|Pot||false"}},
		{name: "a status of a shop, Shopify", text: "Handle,Title,Variant SKU,Status\nk,Kettle,K-7,active\np,Pot,P-8,unlisted\n",
			want: []string{"K-7|Kettle||true", "P-8|Pot||false"}},
		{name: "a status by another name", text: "handleId,fieldType,name,sku,visible\ncap,Product,Red Cap,C,true\n",
			want: []string{"C|Red Cap||true"}},
		{name: "characters that nobody sees around a SKU", text: "SKU,Name\nK-7\u200b,Kettle\n\u00adK-7,Kettle\n\ufeffK-7\ufeff,Kettle\n",
			want: []string{"K-7|Kettle||false"}},

		// What is no CSV file, and how files are packed
		{name: "JSON", text: "[{\"sku\":\"K-7\",\"name\":\"Kettle\"},\n{\"sku\":\"P-8\",\"name\":\"Pot\"}]\n", refused: []string{"it is JSON, not a CSV file"},
			not: "1048576"},
		{name: "zeros behind a gzip file", text: gzipped(t, "SKU,Name\nK-7,Kettle\n") + strings.Repeat("\x00", 500), want: []string{"K-7|Kettle||false"}},
	}
}

// TestRealFiles has a file of each kind that was once read wrongly.
func TestRealFiles(t *testing.T) {
	for _, c := range realFiles(t) {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			got, result, err := doImport(t, store, c.text, c.options)
			for _, reason := range append(got.reasons, fmt.Sprint(err)) {
				require.True(t, c.not == "" || !strings.Contains(reason, c.not), reason)
			}
			require.Equal(t, c.want, catalogue(t, store))
			if len(c.refused) > 0 {
				require.ErrorIs(t, err, importer.ErrInput)
				for _, part := range c.refused {
					require.ErrorContains(t, err, part)
				}
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.rejects, withoutPlaces(got.rejects), "%q", got.reasons)
			if c.passed == nil {
				c.passed = map[importer.Passed]int64{}
			}
			require.Equal(t, c.passed, result.PassedOver)
			hints := ""
			for _, hint := range result.Dialect.Hints {
				hints += hint.Text + "\n"
			}
			require.Contains(t, hints, c.hint)
		})
	}
}

// withoutPlaces leaves the line, the column and the code of rejects as doImport writes them.
func withoutPlaces(rejects []string) (short []string) {
	for _, reject := range rejects {
		line, rest, _ := strings.Cut(reject, "/")
		_, what, _ := strings.Cut(rest, " ")
		short = append(short, line+" "+what)
	}
	return short
}
