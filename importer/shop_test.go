package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

func shopStore(t testing.TB) *memory.Products {
	t.Helper()
	schema, err := products.NewSchema(products.ShopFields()...)
	require.NoError(t, err)
	return memory.New(memory.Options{Fields: schema}).Products()
}

// typed lists the store's products as "sku|name|status field=value ...", with the fields of one's own that they have.
func typed(t testing.TB, store *memory.Products) (lines []string) {
	t.Helper()
	page, err := store.List(t.Context(), products.Query{Limit: products.MaxLimit})
	require.NoError(t, err)
	for _, p := range page.Products {
		line := fmt.Sprintf("%s|%s|%t", p.SKU, p.Name, p.Status)
		for _, f := range store.Schema().Own() {
			if v := p.Fields[f.Name]; !v.IsNull() {
				line += fmt.Sprintf(" %s=%s", f.Name, v)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestShopExports imports files as shops write them, without a setting.
func TestShopExports(t *testing.T) {
	for _, c := range []struct {
		name, text string
		columns    []string // "field column", in the file's order
		want       []string
	}{
		{"Shopify", `Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Google Shopping / Google Product Category,Variant Image,Variant Weight Unit,Cost per item,Status
tee,Blue Tee,<p>Soft</p>,Acme,,Shirts,"cotton, summer",true,Size,S,TEE-S,226.796185,shopify,12,19.90,25,0012345678905,https://cdn.example/1.jpg,1,,,lb,7.25,active
tee,,,,,,,,,M,TEE-M,250.0,shopify,-1,19.90,,,https://cdn.example/2.jpg,2,,,lb,7.25,
`,
			[]string{"group Handle", "name Title", "description Body (HTML)", "brand Vendor", "category Product Category",
				"tags Tags", "sku Variant SKU", "weight_g Variant Grams", "stock Variant Inventory Qty",
				"price Variant Price", "compare_at_price Variant Compare At Price", "barcode Variant Barcode",
				"image Image Src", "cost Cost per item", "status Status"},
			[]string{
				`TEE-S|Blue Tee|true price=19.900000 compare_at_price=25.000000 cost=7.250000 stock=12 barcode=0012345678905 brand=Acme tags=["cotton","summer"] weight_g=226.796185 image=https://cdn.example/1.jpg`,
				`TEE-M|Blue Tee|true price=19.900000 cost=7.250000 stock=-1 brand=Acme tags=["cotton","summer"] weight_g=250.000000 image=https://cdn.example/2.jpg`,
			}},
		{"Shopify, newer", `Title,URL handle,Description,Vendor,Type,Tags,Published on online store,Status,SKU,Barcode,Price,Compare-at price,Cost per item,Inventory quantity,Weight value (grams),Weight unit for display,Product image URL,Image position,Variant image URL
Mug,mug,Warm,Acme,Cups,,true,Active,MUG,,8.5,,,3,350,g,https://cdn.example/m.jpg,1,
`,
			[]string{"name Title", "group URL handle", "description Description", "brand Vendor", "category Type", "tags Tags",
				"status Status", "sku SKU", "barcode Barcode", "price Price", "compare_at_price Compare-at price",
				"cost Cost per item", "stock Inventory quantity", "weight_g Weight value (grams)", "image Product image URL"},
			[]string{`MUG|Mug|true price=8.500000 stock=3 brand=Acme category=Cups weight_g=350.000000 image=https://cdn.example/m.jpg`}},
		{"WooCommerce", `ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,In stock?,Stock,Low stock amount,Weight (lbs),Length (in),Sale price,Regular price,Categories,Tags,Images,Parent,Brands
7,simple,HAT,4006381333931,Hat,1,1,5,2,.5,10,18,20,"Clothing, Clothing > Hats",wool,"https://shop.example/a.jpg, https://shop.example/b.jpg",,Acme
`,
			[]string{"sku SKU", "barcode GTIN, UPC, EAN, or ISBN", "name Name", "status Published", "stock Stock",
				"weight_lb Weight (lbs)", "sale_price Sale price", "price Regular price", "category Categories", "tags Tags",
				"images Images", "group Parent", "brand Brands"},
			[]string{`HAT|Hat|true price=20.000000 sale_price=18.000000 stock=5 barcode=4006381333931 brand=Acme category=Clothing, Clothing > Hats tags=["wool"] weight_lb=0.500000 images=["https://shop.example/a.jpg","https://shop.example/b.jpg"]`}},
		{"WooCommerce in German", `ID;Typ;SKU;GTIN, UPC, EAN oder ISBN;Name;Vorrätig?;Bestand;Geringe Lagermenge;Gewicht (kg);Länge (cm);Angebotspreis;Regulärer Preis;Kategorien;Schlagwörter;Bilder;Marken
7;simple;HUT;;Hut;1;5;2;0,5;10;;1.020,50;Mode > Hüte;Wolle;a.jpg;Acme
`,
			[]string{"sku SKU", "barcode GTIN, UPC, EAN oder ISBN", "name Name", "stock Bestand", "weight Gewicht (kg)",
				"sale_price Angebotspreis", "price Regulärer Preis", "category Kategorien", "tags Schlagwörter", "images Bilder",
				"brand Marken"},
			[]string{`HUT|Hut|false price=1020.500000 stock=5 brand=Acme category=Mode > Hüte tags=["Wolle"] weight=0.500000 images=["a.jpg"]`}},
		{"WooCommerce in Spanish", `ID,Tipo,SKU,Name,¿Existencias?,Inventario,Cantidad de bajo inventario,Peso (kg),Precio rebajado,Precio normal,Categorías,Etiquetas,Imágenes,Marcas
7,simple,SOL,Sol,1,5,2,0.25,9.5,12,Moda,verano,a.jpg,Acme
`,
			[]string{"sku SKU", "name Name", "stock Inventario", "weight Peso (kg)", "sale_price Precio rebajado",
				"price Precio normal", "category Categorías", "tags Etiquetas", "images Imágenes", "brand Marcas"},
			[]string{`SOL|Sol|false price=12.000000 sale_price=9.500000 stock=5 brand=Acme category=Moda tags=["verano"] weight=0.250000 images=["a.jpg"]`}},
		{"Magento", `sku,store_view_code,product_type,categories,name,description,weight,product_online,price,special_price,special_price_from_date,base_image,small_image,msrp_price,qty,out_of_stock_qty,is_in_stock,additional_images
LAMP,,simple,"Default Category/Home,Default Category/Light",Lamp,Warm,1.2500,1,34.0000,29.9900,,/l/a.jpg,/l/s.jpg,,100.0000,0.0000,1,"/l/b.jpg,/l/c.jpg"
`,
			[]string{"sku sku", "category categories", "name name", "description description", "weight weight",
				"status product_online", "price price", "sale_price special_price", "image base_image",
				"compare_at_price msrp_price", "stock qty", "images additional_images"},
			[]string{`LAMP|Lamp|true price=34.000000 sale_price=29.990000 stock=100 category=Default Category/Home,Default Category/Light weight=1.250000 image=/l/a.jpg images=["/l/b.jpg","/l/c.jpg"]`}},
		{"PrestaShop", `Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Tax rules ID;Wholesale price;Reference #;Supplier reference #;Supplier;Manufacturer;EAN13;UPC;Weight;Quantity;Minimal quantity;Low stock level;Unit price;Tags (x,y,z...);Image URLs (x,y,z...);Image alt texts (x,y,z...)
1;1;Desk;Home,Office;28.739496;1;12.5;D-1;S-1;Wood Ltd;Acme;4006381333931;;17.068357;40;1;;;oak, solid;http://shop.example/1.jpg,http://shop.example/2.jpg;
`,
			[]string{"status Active (0/1)", "name Name *", "category Categories (x,y,z...)", "price Price tax excluded",
				"cost Wholesale price", "sku Reference #", "brand Manufacturer", "barcode EAN13", "weight Weight",
				"stock Quantity", "tags Tags (x,y,z...)", "images Image URLs (x,y,z...)"},
			[]string{`D-1|Desk|true price=28.739496 cost=12.500000 stock=40 barcode=4006381333931 brand=Acme category=Home,Office tags=["oak","solid"] weight=17.068357 images=["http://shop.example/1.jpg","http://shop.example/2.jpg"]`}},
		{"PrestaShop's list of products", `Product ID;Image;Name;Reference;Category;Price (tax excl.);Price (tax incl.);Quantity;Status
1;http://shop.example/1.jpg;Desk;D-1;Office;€28.90;€34.68;40;1
`,
			[]string{"image Image", "name Name", "sku Reference", "category Category", "price Price (tax excl.)",
				"stock Quantity", "status Status"},
			[]string{`D-1|Desk|true price=28.900000 stock=40 category=Office image=http://shop.example/1.jpg`}},
		{"Google's feed", "id\ttitle\tdescription\tlink\timage_link\tadditional_image_link\tavailability\tprice\tsale_price\tcost_of_goods_sold\tbrand\tgtin\tmpn\tcondition\tgoogle_product_category\tproduct_type\tshipping_weight\n" +
			"G-1\tPan\tHot\thttps://shop.example/pan\thttps://shop.example/pan.jpg\thttps://shop.example/2.jpg,https://shop.example/3.jpg\tin_stock\t15.00 EUR\t12.50 EUR\t7.10 EUR\tAcme\t04006381333931\tX1\tnew\tHome & Garden > Kitchen & Dining\tPans\t1.5 kg\n",
			[]string{"sku id", "name title", "description description", "image image_link", "images additional_image_link",
				"price price", "sale_price sale_price", "cost cost_of_goods_sold", "brand brand", "barcode gtin",
				"category product_type", "weight shipping_weight"},
			[]string{`G-1|Pan|false price=15.000000 sale_price=12.500000 cost=7.100000 barcode=04006381333931 brand=Acme category=Pans weight=1.500000 image=https://shop.example/pan.jpg images=["https://shop.example/2.jpg","https://shop.example/3.jpg"]`}},
		{"Spree", `slug,sku,name,price,compare_at_price,currency,status,description,tags,product_type,category1,image1_src,weight,weight_unit,inventory_count,inventory_backorderable
fan,FAN,Fan,0,0,USD,active,Cool,"air, home",Air Treatment,Home -> Air,https://cdn.example/f.jpg,,lb,,FALSE
fan,FAN-W,,49.99,59.99,USD,,,,,,,4.4,lb,50,FALSE
`,
			[]string{"group slug", "sku sku", "name name", "price price", "compare_at_price compare_at_price",
				"currency currency", "status status", "description description", "tags tags", "category category1",
				"image image1_src", "weight weight", "weight_unit weight_unit", "stock inventory_count"},
			[]string{
				`FAN|Fan|true price=0.000000 compare_at_price=0.000000 currency=USD category=Home -> Air tags=["air","home"] weight_unit=lb image=https://cdn.example/f.jpg`,
				`FAN-W|Fan|true price=49.990000 compare_at_price=59.990000 currency=USD stock=50 category=Home -> Air tags=["air","home"] weight=4.400000 weight_unit=lb image=https://cdn.example/f.jpg`,
			}},
		{"Medusa", `Product Handle,Product Title,Product Status,Product Thumbnail,Product Type,Product Tags,Product Weight,Variant SKU,Variant Barcode,Variant Inventory Quantity,Variant Weight,Price EUR
bag,Bag,published,t.png,Bags,"new,sale",300,BAG,123,10,,45
`,
			[]string{"group Product Handle", "name Product Title", "status Product Status", "image Product Thumbnail",
				"category Product Type", "tags Product Tags", "sku Variant SKU", "barcode Variant Barcode",
				"stock Variant Inventory Quantity", "weight Variant Weight"},
			[]string{`BAG|Bag|true stock=10 barcode=123 category=Bags tags=["new","sale"] image=t.png`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := shopStore(t)
			out, result, err := doImport(t, store, c.text, importer.Options{Mode: products.Update})
			require.NoError(t, err)
			require.Empty(t, out.reasons)
			require.Equal(t, c.columns, mapped(result.Dialect.Columns))
			require.Equal(t, c.want, typed(t, store))
			require.Empty(t, result.Dialect.Hints)

			again, _, err := doImport(t, store, c.text, importer.Options{Mode: products.Update})
			require.NoError(t, err)
			require.Equal(t, again.counts.Read, again.counts.Unchanged)
		})
	}
}

// TestShopHeaders has headers of tables in several languages.
func TestShopHeaders(t *testing.T) {
	for header, want := range map[string]string{
		"SKU;Name;Preis (€);UVP;EK-Preis;Lagerbestand;EAN;Hersteller;Warengruppe;Gewicht (g);Bild-URL":                  "price compare_at_price cost stock barcode brand category weight_g image",
		"SKU;Name;Verkaufspreis;Streichpreis;Einkaufspreis;Bestand;Strichcode;Marke;Kategorie;Gewicht;Währung":          "price compare_at_price cost stock barcode brand category weight currency",
		"SKU;Name;Prix HT (€);Prix barré;Prix d'achat;Quantité;Code-barres;Marque;Catégorie;Poids (kg);Étiquettes":      "price compare_at_price cost stock barcode brand category weight tags",
		"SKU;Name;Tarif régulier;Tarif promo;Coût;Stock;GTIN, UPC, EAN ou ISBN;Fabricant;Catégories;Poids;Images":       "price sale_price cost stock barcode brand category weight images",
		"SKU;Name;Precio (MXN);Precio anterior;Costo;Existencias;Código de barras;Marca;Categoría;Peso (g);Imagen":      "price compare_at_price cost stock barcode brand category weight_g image",
		"SKU;Name;Prezzo;Prezzo barrato;Prezzo d'acquisto;Giacenza;Codice a barre;Produttore;Categoria;Peso (kg);Tag":   "price compare_at_price cost stock barcode brand category weight tags",
		"SKU;Name;Prijs;Adviesprijs;Inkoopprijs;Voorraad;Streepjescode;Merk;Categorieën;Gewicht (gr);Afbeeldingen":      "price compare_at_price cost stock barcode brand category weight_g images",
		"SKU;Name;Preço (R$);Preço promocional;Preço de custo;Estoque;Código de barras;Marca;Categorias;Peso (g);Moeda": "price sale_price cost stock barcode brand category weight_g currency",
		"SKU;Name;Cena brutto;Cena promocyjna;Cena zakupu;Stan magazynowy;Kod kreskowy;Producent;Kategoria;Waga [kg]":   "price sale_price cost stock barcode brand category weight",
		"SKU;Name;Price [USD];MSRP;Unit cost;On hand;UPC;Manufacturer;Product type;Weight_oz;Main image":                "price compare_at_price cost barcode brand category weight_oz image",
	} {
		t.Run(header, func(t *testing.T) {
			schema := shopStore(t).Schema()
			result, err := importer.Check(t.Context(), importer.Bytes(header+"\n"),
				importer.CheckOptions{Schema: schema})
			require.NoError(t, err)
			var fields []string
			for _, column := range result.Dialect.Columns[2:] {
				if column.Field != "" {
					fields = append(fields, column.Field)
				}
			}
			require.Equal(t, want, strings.Join(fields, " "))
		})
	}
}

func TestBracketsAreNoPartOfTheName(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "weight", Type: products.Decimal, Scale: 1, Unit: "kg"},
		products.Field{Name: "grams", Type: products.Decimal, Scale: 1, Unit: "g", Aliases: []string{"weight (g)"}},
		products.Field{Name: "title", Type: products.Text})
	require.NoError(t, err)
	for header, want := range map[string][]string{
		"sku,name,Weight (kg)":                 {"sku sku", "name name", "weight Weight (kg)"},
		"sku,name,Weight (g)":                  {"sku sku", "name name", "grams Weight (g)"},
		"sku,name,Weight (g),Weight (kg)":      {"sku sku", "name name", "grams Weight (g)", "weight Weight (kg)"},
		"sku,name,Weight (net),Weight":         {"sku sku", "name name", "weight Weight"},
		"SKU (ours),Name [en],Weight (lbs)":    {"sku SKU (ours)", "name Name [en]", "weight Weight (lbs)"},
		"Product Name (en),Name (en),sku":      {"name Name (en)", "sku sku"},
		"sku,Product Name,Name (short)":        {"sku sku", "name Product Name"},
		"sku,name,title (en),description (en)": {"sku sku", "name name", "title title (en)", "description description (en)"},
	} {
		result, err := importer.Check(t.Context(), importer.Bytes(header+"\n"), importer.CheckOptions{Schema: schema})
		if strings.Contains(header, "lbs") {
			require.ErrorContains(t, err, `the column Weight (lbs) is in lbs, but the field weight is in kg`)
			continue
		}
		require.NoError(t, err, header)
		require.Equal(t, want, mapped(result.Dialect.Columns), header)
	}
	_, err = importer.Check(t.Context(), importer.Bytes("sku,name,Weight (net),Weight (gross)\n"),
		importer.CheckOptions{Schema: schema})
	require.ErrorContains(t, err, "columns 3 and 4 are both called weight")
}

// TestNameOfAFieldIsNoAliasOfAnother: a field of one's own has the column of its name, also where others know it.
func TestNameOfAFieldIsNoAliasOfAnother(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "title", Type: products.Text},
		products.Field{Name: "summary", Type: products.Text})
	require.NoError(t, err)
	result, err := importer.Check(t.Context(), importer.Bytes("sku,product name,Title,Summary\n"),
		importer.CheckOptions{Schema: schema})
	require.NoError(t, err)
	require.Equal(t, []string{"sku sku", "name product name", "title Title", "summary Summary"},
		mapped(result.Dialect.Columns))
	_, err = importer.Check(t.Context(), importer.Bytes("sku,title\n"), importer.CheckOptions{Schema: schema})
	require.ErrorContains(t, err, "no column for name")
}

// TestOwnFieldsGetFewHints: the height is no misspelt weight.
func TestOwnFieldsGetFewHints(t *testing.T) {
	hints := func(header string) (got []string) {
		result, err := importer.Check(t.Context(), importer.Bytes(header+"\n"),
			importer.CheckOptions{Schema: shopStore(t).Schema()})
		require.NoError(t, err)
		for _, hint := range result.Dialect.Hints {
			got = append(got, hint.Field+" "+hint.Column)
		}
		return got
	}
	require.Empty(t, hints("sku,name,Width,Height,Depth,File URL,Product Type Id,Product Image 2,Product Tag 2"))
	require.Equal(t, []string{"price Pirce", "stock Sotck"}, hints("sku,name,Pirce,Sotck"))
}

// TestBarcodeAsSKU: a column that a field of one's own has can stand in for the SKU.
func TestBarcodeAsSKU(t *testing.T) {
	store := shopStore(t)
	_, _, err := doImport(t, store, "EAN,Name,Price\n1,n,2.50\n", importer.Options{})
	var header *importer.HeaderError
	require.ErrorAs(t, err, &header)
	require.Equal(t, map[string]string{"sku": "EAN"}, header.Suggestions)
	_, _, err = doImport(t, store, "EAN,Name,Price\n1,n,2.50\n", importer.Options{Map: map[string]string{"sku": "EAN"}})
	require.NoError(t, err)
	require.Equal(t, []string{"1|n|false price=2.500000"}, typed(t, store))
}

// TestIDIsTheSKUOfAFeedAlone since in other files nobody knows.
func TestIDIsTheSKUOfAFeedAlone(t *testing.T) {
	for header, want := range map[string]string{
		"id,title,link,image link,availability":     "id",
		"id,title,link,image link,availability,SKU": "SKU",
		"id,title,link,image link":                  "",
		"title,link,image link,availability":        "",
	} {
		result, err := importer.Check(t.Context(), importer.Bytes(header+"\n"), importer.CheckOptions{})
		if want == "" {
			require.ErrorIs(t, err, importer.ErrInput, header)
			continue
		}
		require.NoError(t, err, header)
		require.Contains(t, mapped(result.Dialect.Columns), "sku "+want)
	}
}
