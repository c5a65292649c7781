package importer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

// columnsOf checks a file, and returns what its columns were taken for, and its hints as "field column".
func columnsOf(t *testing.T, text string, o importer.Options) (columns, hints []string, err error) {
	result, err := importer.Check(t.Context(), importer.Bytes(text), importer.CheckOptions{Options: o})
	for _, hint := range result.Dialect.Hints {
		hints = append(hints, hint.Field+" "+hint.Column)
	}
	return mapped(result.Dialect.Columns), hints, err
}

// TestColumnsOfMoreShops has a record of the exports of shops, marketplaces and systems, and of tables in several
// languages.
func TestColumnsOfMoreShops(t *testing.T) {
	for _, c := range []struct{ name, text, want, product string }{
		{"eBay, reports", "Item number,Title,Variation details,Custom label (SKU),Available quantity,Format,Currency,Start price\n8002,n,,s,3,FIXED_PRICE,USD,1\n",
			"name Title, sku Custom label (SKU)", "s|n||false"},
		{"eBay, File Exchange", "*Action(SiteID=US|Version=941),CustomLabel,*Category,*Title,*Description,*StartPrice\nAdd,s,1,n,d,1\n",
			"sku CustomLabel, name *Title, description *Description", "s|n|d|false"},
		{"eBay in German", "Artikelnummer;Artikelbezeichnung;Bestandseinheit (SKU);Startpreis\n8002;n;s;1\n",
			"name Artikelbezeichnung, sku Bestandseinheit (SKU)", "s|n||false"},
		{"Amazon, listings", "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\tproduct-id-type\tasin1\tproduct-id\tstatus\nn\td\tL1\ts\t1\t2\t1\tB0\tB0\tActive\n",
			"name item-name, description item-description, sku seller-sku, status status", "s|n|d|true"},
		{"Amazon, templates", "item_sku,item_name,external_product_id,brand_name,product_description,part_number,standard_price\ns,n,1,b,d,p,1\n",
			"sku item_sku, name item_name, description product_description", "s|n|d|false"},
		{"Etsy", "TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,TAGS,MATERIALS,IMAGE1,VARIATION 1 TYPE,SKU\nn,d,1,EUR,2,t,m,i,,s\n",
			"name TITLE, description DESCRIPTION, sku SKU", "s|n|d|false"},
		{"Wix", "handleId,fieldType,name,description,productImageUrl,collection,sku,ribbon,price,surcharge,visible,discountMode\nh,Product,n,d,i,c,s,,1,,true,PERCENT\n",
			"group handleId, name name, description description, sku sku, status visible", "s|n|d|true"},
		{"Wix, newer", "handle,fieldType,name,visible,plainDescription,media,ribbon,brand,price,sku,barcode\nh,PRODUCT,n,TRUE,d,,,,1,s,\n",
			"group handle, name name, status visible, description plainDescription, sku sku", "s|n|d|true"},
		{"Squarespace", "Product ID [Non Editable],Variant ID [Non Editable],Product Type [Non Editable],Product Page,Product URL,Title,Description,SKU,Price,On Sale,Stock,Visible\np,v,PHYSICAL,shop,u,n,d,s,1,No,2,Yes\n",
			"group Product ID [Non Editable], name Title, description Description, sku SKU, status Visible", "s|n|d|true"},
		{"BigCommerce 2", "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Bin Picking Number,Brand Name,Product Description,Price,Product Visible?,Manufacturer Part Number\nProduct,1,n,P,s,,b,d,1,Y,m\n",
			"name Product Name, sku Product Code/SKU, description Product Description, status Product Visible?", "s|n|d|true"},
		{"BigCommerce 3", "Item,ID,Name,Type,SKU,Options,Price,Description,Page Title,Manufacturer Part Number,Is Visible,Is Featured\nProduct,1,n,physical,s,,1,d,t,m,FALSE,TRUE\n",
			"name Name, sku SKU, description Description, status Is Visible", "s|n|d|false"},
		{"Square", "Token,Item Name,Customer-facing Name,Variation Name,SKU,Description,Categories,GTIN,Item Type,Price,Archived\nT1,n,,Regular,s,d,c,,Physical,1,N\n",
			"name Item Name, sku SKU, description Description", "s|n|d|false"},
		{"Odoo", "External ID,Name,Internal Reference,Barcode,Sales Description,Active\n__export__.p_1,n,s,,d,True\n",
			"name Name, sku Internal Reference, description Sales Description, status Active", "s|n|d|true"},
		{"Odoo's names of fields", "id,name,default_code,barcode,description_sale,active\n__export__.p_1,n,s,,d,True\n",
			"name name, sku default_code, description description_sale, status active", "s|n|d|true"},
		{"NetSuite", "Internal ID,Item Name/Number,Display Name/Code,Sales Description,UPC Code,Inactive\n12,s,n,d,,No\n",
			"sku Item Name/Number, name Display Name/Code, description Sales Description", "s|n|d|false"},
		{"Vendure", "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand\nn,x,d,,,,,s,1,standard,2\n",
			"name name, group slug, description description, sku sku", "s|n|d|false"},
		{"WooCommerce in German", "ID;Typ;Artikelnummer;Name;Veröffentlicht;Ist hervorgehoben?;Sichtbarkeit im Katalog;Kurzbeschreibung;Beschreibung\n1;simple;s;n;1;0;visible;k;d\n",
			"sku Artikelnummer, name Name, status Veröffentlicht, description Beschreibung", "s|n|d|true"},
		{"WooCommerce in French", "ID,Type,UGS,Nom,Publié,Mis en avant ?,Description courte,Description\n1,simple,s,n,1,0,k,d\n",
			"sku UGS, name Nom, status Publié, description Description", "s|n|d|true"},
		{"WooCommerce in Spanish", "ID,Tipo,SKU,Nombre,Publicado,¿Está destacado?,Descripción corta,Descripción\n1,simple,s,n,0,0,k,d\n",
			"sku SKU, name Nombre, status Publicado, description Descripción", "s|n|d|false"},
		{"WooCommerce in Polish", "ID,Rodzaj,SKU,Nazwa,Opublikowano,Krótki opis,Opis\n1,simple,s,n,1,k,d\n",
			"sku SKU, name Nazwa, status Opublikowano, description Opis", "s|n|d|true"},
		{"PrestaShop in Italian", "ID;Attivo (0/1);Nome *;Riferimento #;Riepilogo;Descrizione\n1;1;n;s;k;d\n",
			"status Attivo (0/1), name Nome *, sku Riferimento #, description Descrizione", "s|n|d|true"},
		{"PrestaShop in Dutch", "ID;Actief (0/1);Naam *;Referentie nr.;Samenvatting;Omschrijving\n1;0;n;s;k;d\n",
			"status Actief (0/1), name Naam *, sku Referentie nr., description Omschrijving", "s|n|d|false"},
		{"Portuguese without accents", "Codigo do produto;Titulo;Descricao;Ativo\ns;n;d;sim\n",
			"sku Codigo do produto, name Titulo, description Descricao, status Ativo", "s|n|d|true"},
		{"German, from an ERP", "Artikel-Nr.;Bezeichnung;Langtext;Aktiv\ns;n;d;ja\n",
			"sku Artikel-Nr., name Bezeichnung, description Langtext, status Aktiv", "s|n|d|true"},
		{"French, from an ERP", "Réf.;Désignation;Descriptif;Actif\ns;n;d;oui\n",
			"sku Réf., name Désignation, description Descriptif, status Actif", "s|n|d|true"},
		{"Polish, from a wholesaler", "Indeks;Nazwa towaru;Opis\ns;n;d\n",
			"sku Indeks, name Nazwa towaru, description Opis", "s|n|d|false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, c.text, importer.Options{})
			require.NoError(t, err)
			require.Equal(t, c.want, strings.Join(mapped(result.Dialect.Columns), ", "))
			require.Equal(t, []string{c.product}, catalogue(t, store))
		})
	}
}

// TestSureNamesGoBeforeWeakOnes whatever the columns' order is.
func TestSureNamesGoBeforeWeakOnes(t *testing.T) {
	for _, c := range []struct{ text, want, hints string }{
		{"Item number,Name,SKU\n1,n,s\n", "name Name, sku SKU", ""},
		{"Item number,Name,Seller SKU\n1,n,s\n", "name Name, sku Seller SKU", "sku Item number"},
		{"Product code,Name,SKU (ours)\n1,n,s\n", "name Name, sku SKU (ours)", ""},
		{"Reference,Name,Store SKU\nr,n,s\n", "name Name, sku Store SKU", "sku Reference"},
		{"Part number,Name,SKU/Our reference\nr,n,s\n", "sku Part number, name Name", ""},
		{"Part number,Name,SKU/Reference\nr,n,s\n", "name Name, sku SKU/Reference", "sku Part number"},
		{"Name,WebshopSku\nn,s\n", "name Name, sku WebshopSku", "sku WebshopSku"},
		{"Part number,Name,Supplier SKU,Parent SKU,related_skus,SKU image\np,n,a,b,c,d\n", "sku Part number, name Name, group Parent SKU", ""},
		{"Product SKU,Variant SKU,Name\np,v,n\n", "sku Variant SKU, name Name", "sku Product SKU"},
		{"Product SKU,Variant SKU,Name\n,v,n\n", "sku Variant SKU, name Name", ""},
		{"Visible,sku,name,Status\nx,s,n,1\n", "sku sku, name name, status Status", ""},
		{"Bezeichnung,sku,Produktname\nb,s,n\n", "sku sku, name Produktname", ""},
		{"Libellé,sku,Désignation\na,s,b\n", "sku sku, name Désignation", "name Libellé"},
	} {
		columns, hints, err := columnsOf(t, c.text, importer.Options{})
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, strings.Join(columns, ", "), c.text)
		require.Equal(t, c.hints, strings.Join(hints, ", "), c.text)
	}
	_, result, err := doImport(t, memory.New(memory.Options{}).Products(), "Item number,Title,Custom label (SKU)\n1,n,s\n",
		importer.Options{})
	require.NoError(t, err)
	require.Equal(t, `the column "Custom label (SKU)" was taken for the sku, not "Item number"`,
		result.Dialect.Hints[0].Text)
}

// TestWeakNamesAreJudgedByTheirValues: one that is filled, unique and like a code is the SKU; two that are so are a
// question.
func TestWeakNamesAreJudgedByTheirValues(t *testing.T) {
	for text, want := range map[string]string{
		"Reference,Part number,Name\n,p1,a\n,p2,b\n":                                 "sku Part number, name Name",
		"Reference,Part number,Name\nr,p1,a\nr,p2,b\n":                               "sku Part number, name Name",
		"Reference,Part number,Name\nsee https://a.example/,p1,a\nx <b>y</b>,p2,b\n": "sku Part number, name Name",
		"Reference,Part number,Name\nr1,r1,a\nr2,r2,b\n":                             "sku Reference, name Name",
		"Reference,Store SKU,Name\nr1,,a\nr2,,b\n":                                   "sku Reference, name Name",
		"Reference,Name\nr,a\nr,b\n":                                                 "sku Reference, name Name",
		"Reference,Name\n,a\n,b\n":                                                   "sku Reference, name Name",
		"Reference,Name\n":                                                           "sku Reference, name Name",
	} {
		columns, _, err := columnsOf(t, text, importer.Options{})
		require.NoError(t, err, text)
		require.Equal(t, want, strings.Join(columns, ", "), text)
	}
	for text, want := range map[string]string{
		"Reference,Part number,Name\nr1,p1,a\nr2,p2,b\n":    `"Reference", "Part number"`,
		"Reference,Part number,Name\nr,p,a\nr,p,b\nr,q,c\n": `"Reference", "Part number"`,
		"Store SKU,Name,Web SKU\nr1,a,p1\nr2,b,p2\n":        `"Store SKU", "Web SKU"`,
		"Reference,reference,Name\nr1,p1,a\nr2,p2,b\n":      `"1", "2"`,
	} {
		_, _, err := columnsOf(t, text, importer.Options{})
		require.ErrorIs(t, err, importer.ErrInput, text)
		require.ErrorContains(t, err, "each of the columns "+want+" may be the sku; map the right one", text)
		columns, _, err := columnsOf(t, text, importer.Options{Map: map[string]string{"sku": "1"}})
		require.NoError(t, err, text)
		require.Contains(t, columns[0], "sku ", text)
	}
	_, hints, err := columnsOf(t, "Reference,Name,ID\nr,a,1\nr,b,2\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"sku ID"}, hints, "it tells apart what the reference doesn't")
	_, _, err = columnsOf(t, "Reference,Name,ID\n,a,1\n,b,2\n", importer.Options{})
	var header *importer.HeaderError
	require.ErrorAs(t, err, &header)
	require.Equal(t, map[string]string{"sku": "ID"}, header.Suggestions)
}

// TestSuggestionsHaveValues: no column is suggested that is empty, and for the SKU one that tells products apart goes
// before others.
func TestSuggestionsHaveValues(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"Handle,Name,EAN\n,a,1\n,b,2\n":                            {"sku": "EAN"},
		"Handle,Name,EAN\nh,a,1\nh,b,2\n":                          {"sku": "EAN"},
		"Handle,Name,EAN\nh,a,\nh,b,\n":                            {"sku": "Handle"},
		"Skuu,Name,EAN\n,a,1\n,b,2\n":                              {"sku": "EAN"},
		"Parent SKU,Name,EAN\np,a,1\np,b,2\n":                      {"sku": "EAN"},
		"Handle,Name,EAN\n,a,\n,a,\n":                              {},
		"sku,Nmae,Artikeltext1\n1,,a\n":                            {"name": "Artikeltext1"},
		"sku,Produkt\n1,a\n":                                       {"name": "Produkt"},
		"Artikelnummer;Beschreibung\n1;a\n":                        {"name": "Beschreibung"},
		"Name;Preis\na;1\nb;2\n":                                   {"sku": "Name", "name": "Name"},
		"Name;Preis\na;1\na;2\n":                                   {},
		"Artikelnummer;Barcode;Artikeltext1\n1;;Pfand\n2;;Kiste\n": {"name": "Artikeltext1"},
	} {
		_, _, err := columnsOf(t, text, importer.Options{})
		var header *importer.HeaderError
		require.ErrorAs(t, err, &header, text)
		require.Equal(t, want, header.Suggestions, text)
	}
	_, hints, err := columnsOf(t, "ID,Type,SKU,Name,MPN\n1,simple,,Lamp,\n2,simple,,Desk,\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"sku ID"}, hints)
	_, _, err = columnsOf(t, "SKU^Name\nA-1^Lamp\n", importer.Options{})
	require.ErrorContains(t, err, `say so if another character separates its columns, such as "^"`)
	require.NotContains(t, err.Error(), "did you mean")
}

// TestWeakStatus is taken where all its values are known words, and is a hint where some are.
func TestWeakStatus(t *testing.T) {
	for text, want := range map[string][2]string{
		"sku,name,visible\ns,n,true\n":                  {"status visible", ""},
		"sku,name,Estado\ns,n,1\nt,n,\n":                {"status Estado", ""},
		"sku,name,Estado\ns,n,Nuevo\n":                  {"", ""},
		"sku,name,Estado\ns,n,1\nt,n,Nuevo\n":           {"", "status Estado"},
		"sku,name,visible\ns,n,\n":                      {"", ""},
		"sku,name,visible,Is Online\ns,n,x,1\n":         {"status Is Online", ""},
		"sku,name,visible,Is Online\ns,n,0,1\n":         {"status visible", "status Is Online"},
		"sku,name,Inactive\ns,n,1\n":                    {"", ""},
		"sku,name,Beschreibung DE\ns,n,d\n":             {"", "description Beschreibung DE"},
		"sku,name,Beschreibung DE\ns,n,\n":              {"", ""},
		"sku,name,Meta Description,SEO Title\ns,n,d,\n": {"", ""},
		"sku,name,Description 2\ns,n,d\n":               {"", "description Description 2"},
		"sku,name,Product details\ns,n,d\n":             {"", "description Product details"},
		"sku,name,Descripton\ns,n,d\n":                  {"", "description Descripton"},
		"sku,name,Descripton\ns,n,\n":                   {"", ""},
	} {
		columns, hints, err := columnsOf(t, text, importer.Options{})
		require.NoError(t, err, text)
		require.Equal(t, want[0], strings.Join(columns[2:], ", "), text)
		require.Equal(t, want[1], strings.Join(hints, ", "), text)
	}
	columns, hints, err := columnsOf(t, "sku,name,visible\ns,n,true\n", importer.Options{Map: map[string]string{"status": "none"}})
	require.NoError(t, err)
	require.Len(t, columns, 2)
	require.Empty(t, hints)
}

// TestWithoutHeaderOnlyWhatIsMapped: a price that no one mapped is no description.
func TestWithoutHeaderOnlyWhatIsMapped(t *testing.T) {
	const text = "ART-1;Lamp;19.99;0\nART-2;Desk;29.99;5\n"
	store := memory.New(memory.Options{}).Products()
	_, _, err := doImport(t, store, text, importer.Options{Header: importer.HeaderNo,
		Map: map[string]string{"sku": "1", "name": "2"}})
	require.NoError(t, err)
	require.Equal(t, []string{"ART-1|Lamp||false", "ART-2|Desk||false"}, catalogue(t, store))

	_, _, err = columnsOf(t, text, importer.Options{Header: importer.HeaderNo, Map: map[string]string{"sku": "1"}})
	require.ErrorContains(t, err, "without a header, and with columns that are mapped, it has what is mapped alone: "+
		"no column for name")

	store = memory.New(memory.Options{}).Products()
	_, _, err = doImport(t, store, "Lamp,ART-1,19.99\n", importer.Options{Header: importer.HeaderNo,
		Map: map[string]string{"description": importer.MapNone}})
	require.NoError(t, err, "what is left aside maps nothing")
	require.Equal(t, []string{"ART-1|Lamp||false"}, catalogue(t, store))
}

// TestNameAsSKU: a catalogue without an identifier has its names.
func TestNameAsSKU(t *testing.T) {
	o := importer.Options{Map: map[string]string{"sku": "NOME", "name": "NOME"}}
	store := memory.New(memory.Options{}).Products()
	got, result, err := doImport(t, store, "NOME;PRECO\nLamp;1\nDesk;2\nLamp;3\n;4\n", o)
	require.NoError(t, err)
	require.Equal(t, []string{"Lamp|Lamp||false", "Desk|Desk||false"}, catalogue(t, store))
	require.Len(t, got.rejects, 1)
	require.Equal(t, importer.Column{Number: 1, Name: "NOME", Field: "sku", Also: []string{"name"}},
		result.Dialect.Columns[0])

	store = memory.New(memory.Options{}).Products()
	_, _, err = doImport(t, store, "Lamp;1\nDesk;2\n", importer.Options{Header: importer.HeaderNo,
		Map: map[string]string{"sku": "1", "name": "1"}})
	require.NoError(t, err)
	require.Equal(t, []string{"Lamp|Lamp||false", "Desk|Desk||false"}, catalogue(t, store))

	_, _, err = columnsOf(t, "sku,Title\ns,n\n", importer.Options{Map: map[string]string{"name": "Title", "description": "Title"}})
	require.ErrorContains(t, err, `column "Title" is wanted for both name and description`)
}
