package products

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// shopScale is how many decimals amounts and weights of shops' exports have: PrestaShop writes six, Magento four.
const shopScale = 6

// weights are the names of columns with weights, without the unit. Some exports have it behind the name.
const weights = "variant weight, product weight, item weight, shipping weight, weight value, " +
	"gewicht, artikelgewicht, versandgewicht, poids, poids du produit, peso, peso del producto, peso do produto, waga, masa"

// ShopFields returns the usual fields of shops' exports for [NewSchema], with the names that their columns have in the
// exports of Shopify, WooCommerce, Magento, PrestaShop, Spree, Medusa and others, in Google's feeds, and in tables in
// English, German, French, Spanish, Italian, Dutch, Portuguese and Polish. A fields file has them with "like": "shop".
//
// Amounts and weights have six decimals, as the shops do. A weight is a field for each unit, since no number is ever
// converted: weight is in kg where the file says a unit, and else as the shop weighs; weight_unit is the unit where it
// has a column of its own. category is the text as the file has it: what stands between categories differs from shop to
// shop, and is part of their names in others.
//
// The fields may be changed, left out, and joined by others before they are used.
func ShopFields() []Field {
	amount := func(name, aliases string) Field {
		return Field{Name: name, Type: Decimal, Scale: shopScale, Rules: "gte=0", Aliases: names(aliases)}
	}
	weight := func(name, unit, aliases string, written ...string) Field {
		f := amount(name, aliases)
		f.Unit = unit
		for _, column := range append(names(weights), "weight") {
			for _, behind := range written {
				if alias := column + " " + behind; FoldName(alias) != FoldName(name) {
					f.Aliases = append(f.Aliases, alias)
				}
			}
		}
		return f
	}
	return []Field{
		amount("price", "variant price, product price, regular price, sales price, selling price, base price, "+
			"price tax excluded, price tax excl, price excl tax, price tax included, price tax incl, price incl tax, "+
			"net price, gross price, "+
			"Preis, Verkaufspreis, VK-Preis, VK, Regulärer Preis, Normalpreis, Einzelpreis, Stückpreis, Bruttopreis, "+
			"Preis brutto, VK brutto, Brutto-VK, Nettopreis, Preis netto, VK netto, Netto-VK, "+
			"prix, prix de vente, tarif, tarif régulier, prix unitaire, prix TTC, prix de vente TTC, prix HT, "+
			"prix de vente HT, prix public, "+
			"precio, precio de venta, precio normal, precio unitario, PVP, precio con IVA, precio sin IVA, "+
			"prezzo, prezzo di vendita, prezzo di listino, prezzo base, prezzo unitario, prezzo IVA inclusa, "+
			"prezzo IVA esclusa, "+
			"prijs, verkoopprijs, reguliere prijs, normale prijs, stukprijs, prijs incl btw, prijs excl btw, "+
			"preço, preco, preço de venda, preco de venda, preço normal, preço unitário, "+
			"cena, cena sprzedaży, cena regularna, cena katalogowa, cena jednostkowa, cena brutto, cena netto"),
		amount("sale_price", "special price, promotional price, promo price, discounted price, discount price, "+
			"Angebotspreis, Aktionspreis, Sonderpreis, "+
			"tarif promo, prix promo, prix promotionnel, prix soldé, prix remisé, "+
			"precio rebajado, precio de oferta, precio oferta, precio promocional, precio especial, "+
			"prezzo in offerta, prezzo scontato, prezzo speciale, prezzo promozionale, "+
			"actieprijs, aanbiedingsprijs, kortingsprijs, "+
			"preço promocional, preco promocional, preço de oferta, preço com desconto, "+
			"cena promocyjna, cena specjalna, cena po obniżce"),
		amount("compare_at_price", "variant compare at price, compare price, compared at price, original price, old price, "+
			"was price, msrp, msrp price, rrp, recommended retail price, "+
			"Vergleichspreis, Streichpreis, UVP, Ursprungspreis, Statt-Preis, unverbindliche Preisempfehlung, "+
			"prix barré, prix comparatif, prix avant réduction, prix conseillé, ancien prix, "+
			"precio de comparación, precio comparativo, precio anterior, precio original, "+
			"prezzo di confronto, prezzo barrato, prezzo comparativo, prezzo originale, prezzo consigliato, "+
			"vergelijkingsprijs, adviesprijs, van-prijs, oude prijs, "+
			"preço de comparação, preço comparativo, preço original, preço anterior, preço riscado, "+
			"cena porównawcza, cena przed obniżką, cena przekreślona, stara cena"),
		amount("cost", "cost per item, variant cost, product cost, cost price, unit cost, cost of goods, "+
			"cost of goods sold, purchase price, wholesale price, buying price, "+
			"Einkaufspreis, EK-Preis, EK, EK netto, Kosten pro Artikel, "+
			"prix d'achat, prix d'achat HT, coût, coût par article, prix de revient, prix de gros, "+
			"coste, costo, precio de coste, precio de costo, precio de compra, coste por artículo, costo por artículo, "+
			"precio mayorista, "+
			"prezzo di acquisto, prezzo d'acquisto, prezzo di costo, costo per articolo, prezzo all'ingrosso, "+
			"inkoopprijs, kostprijs, kosten per artikel, "+
			"custo, preço de custo, preco de custo, custo por item, preço de compra, "+
			"koszt, koszt własny, cena zakupu, cena hurtowa"),
		{Name: "currency", Type: Text, Rules: "max=100", Aliases: names("currency code, price currency, " +
			"Währung, devise, monnaie, moneda, divisa, valuta, moeda, waluta")},
		{Name: "stock", Type: Integer, Aliases: names("variant inventory qty, variant inventory quantity, " +
			"inventory quantity, inventory qty, inventory count, inventory level, stock quantity, stock qty, stock level, " +
			"current stock, current stock level, stock on hand, quantity on hand, quantity available, available quantity, " +
			"product quantity, units in stock, qty, quantity, " +
			"Bestand, Lagerbestand, verfügbarer Bestand, Lagermenge, Menge, " +
			"quantité, quantité en stock, quantité disponible, stock disponible, " +
			"inventario, existencias, cantidad, cantidad en stock, cantidad disponible, " +
			"giacenza, giacenze, scorte, quantità, quantità disponibile, " +
			"voorraad, voorraadniveau, aantal, aantal op voorraad, " +
			"estoque, quantidade, quantidade em estoque, quantidade em stock, existências, " +
			"stan magazynowy, ilość, ilość w magazynie, dostępna ilość")},
		{Name: "barcode", Type: Text, Rules: "max=255", Aliases: names("variant barcode, product barcode, gtin, ean, ean13, " +
			"ean code, variant ean, gtin upc ean or isbn, product upc ean, gtin ean, ean gtin, ean upc, upc ean, " +
			"gtin13, gtin14, gtin12, upc, upc code, variant upc, product upc, isbn, isbn13, " +
			"global trade item number, " +
			"Strichcode, EAN-Nummer, GTIN UPC EAN oder ISBN, " +
			"code-barres, code à barres, code EAN, gencod, GTIN UPC EAN ou ISBN, " +
			"código de barras, codigo de barras, código EAN, GTIN UPC EAN o ISBN, " +
			"codice a barre, codice EAN, streepjescode, GTIN UPC EAN of ISBN, " +
			"kod kreskowy, kod paskowy, kod EAN, GTIN UPC EAN lub ISBN")},
		{Name: "brand", Type: Text, Rules: "max=500", Inherit: true, Aliases: names("brand name, brands, product brand, " +
			"vendor, product vendor, manufacturer, manufacturer name, " +
			"Marke, Markenname, Marken, Hersteller, Herstellername, " +
			"marque, marques, fabricant, marca, marcas, fabricante, marchio, marchi, produttore, " +
			"merk, merknaam, merken, fabrikant, marka, marki, producent")},
		{Name: "category", Type: Text, Inherit: true, Aliases: names("categories, category name, category path, " +
			"product category, product categories, category 1, collection, collections, " +
			"product type, custom product type, standard product type, type, google product category, " +
			"google shopping google product category, " +
			"Kategorie, Kategorien, Produktkategorie, Warengruppe, Artikelgruppe, Produktgruppe, Produkttyp, " +
			"catégorie, catégories, catégorie de produit, type de produit, " +
			"categoría, categorías, tipo de producto, " +
			"categoria, categorie, tipo di prodotto, tipo prodotto, " +
			"categorieën, productcategorie, productgroep, " +
			"categorias, tipo de produto, kategoria, kategoria produktu, typ produktu")},
		{Name: "tags", Type: List, Inherit: true, Aliases: names("tag, product tags, " +
			"Schlagwörter, Schlagworte, Stichwörter, étiquettes, mots-clés, etiquetas, etichette, trefwoorden, marcadores, " +
			"tagi, znaczniki, etykiety")},
		weight("weight", "kg", weights, "kg"),
		weight("weight_g", "g", "variant grams, grams, weight value grams, weight in grams", "g", "gr"),
		weight("weight_lb", "lb", "weight in pounds", "lb", "lbs"),
		weight("weight_oz", "oz", "weight in ounces", "oz"),
		{Name: "weight_unit", Type: Text, Rules: "max=100", Aliases: names("Gewichtseinheit, unité de poids, " +
			"unidad de peso, unità di peso, gewichtseenheid, unidade de peso, jednostka wagi")},
		{Name: "image", Type: Text, Inherit: true, Aliases: names("image src, image url, image link, product image, " +
			"product image url, main image, main image url, base image, image 1, image1 src, image 1 url, featured image, " +
			"product thumbnail, thumbnail, photo, picture, " +
			"Bild, Bild-URL, Produktbild, Hauptbild, image principale, URL de l'image, photo principale, " +
			"imagen, imagen principal, URL de la imagen, immagine, immagine principale, URL immagine, foto, " +
			"afbeelding, afbeelding URL, hoofdafbeelding, imagem, imagem principal, URL da imagem, " +
			"zdjęcie, zdjęcie główne, obrazek, obraz")},
		{Name: "images", Type: List, Inherit: true, Aliases: names("image urls, product images, product image urls, " +
			"hosted image urls, additional images, additional image link, additional image links, photos, " +
			"Bilder, Bild-URLs, Produktbilder, imágenes, imagenes, immagini, afbeeldingen, imagens, zdjęcia, obrazki, obrazy, " +
			"fotos")},
	}
}

// fieldsLike returns the fields of a set that a fields file may name, without some of them; none for no set.
func fieldsLike(set string, without []string) ([]Field, error) {
	var fields []Field
	switch set {
	case "shop":
		fields = ShopFields()
	case "":
		if len(without) > 0 {
			return nil, errors.New(`"without" is for the fields of a set: say which with "like": "shop"`)
		}
	default:
		return nil, fmt.Errorf(`there is no set of fields %q to be like: want "shop"`, Shorten(set))
	}
	for _, name := range without {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf(`"without": the set %s has no field %q, or it is named twice`, set, Shorten(name))
		}
		fields = slices.Delete(fields, i, i+1)
	}
	return fields, nil
}

// names splits names at their commas.
func names(list string) []string { return strings.Split(list, ", ") }
