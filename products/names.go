package products

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The names that the columns of the standard fields have, beside the fields' own, best first: in English, German,
// French, Spanish, Italian, Dutch, Portuguese and Polish, and in the exports of Shopify, WooCommerce, Magento,
// PrestaShop, Spree, Medusa, eBay, Amazon, Etsy, Wix, Squarespace, BigCommerce, Square, Odoo, NetSuite and Vendure.
// The weak ones are those by which other things are called too.
var (
	skuNames = namesOf("variant sku, product sku, item sku, sku code, stock keeping unit, seller sku, merchant sku, " +
		"product code sku, custom label sku, custom label, default code, sku number, sku no, sku id, " +
		"UGS, SKU-Nummer, Händler-SKU, Bestandseinheit SKU, Bestandseinheit, Individuelle Bezeichnung SKU, " +
		"SKU vendeur, SKU du vendeur, étiquette personnalisée SKU, código SKU, SKU del vendedor, " +
		"etiqueta personalizada SKU, codice SKU, SKU venditore, etichetta personalizzata SKU, kod SKU, SKU do vendedor")
	weakSKUNames = namesOf("reference, product code, item number, article number, part number, " +
		"product reference, item reference, internal reference, reference number, reference no, item ref, product ref, " +
		"item code, article code, product number, product no, item no, article no, part no, stock code, item name number, " +
		"Artikelnummer, Artikelnr, Artikel-Nr., Art.-Nr., Artikelcode, Produktnummer, Produkt-Nr., Produktcode, " +
		"Materialnummer, Bestellnummer, Bestell-Nr., Interne Referenz, Interne Artikelnummer, Referenz, Artikelreferenz, " +
		"référence, référence n°, référence interne, référence produit, référence article, réf., réf. produit, " +
		"réf. article, code article, code produit, numéro d'article, numéro de produit, n° article, n° d'article, " +
		"referencia, referencia nº, referencia interna, código de producto, código del producto, código producto, " +
		"código de artículo, código del artículo, código artículo, número de artículo, número de producto, " +
		"riferimento, riferimento interno, codice articolo, codice prodotto, cod. articolo, cod. art., numero articolo, " +
		"numero di articolo, " +
		"productnummer, bestelnummer, referentie, referentie nr., interne referentie, productreferentie, " +
		"referência, referência interna, referência do produto, código do produto, código produto, código do artigo, " +
		"código do item, número do artigo, " +
		"numer katalogowy, nr katalogowy, kod produktu, kod towaru, indeks, indeks towaru, symbol, symbol towaru, " +
		"symbol produktu, numer artykułu, nr artykułu, numer produktu, numer referencyjny, referencja, odniesienie wewnętrzne")

	nameNames = namesOf("title, product name, product title, item name, item title, article name, " +
		"Titel, Produktname, Produkttitel, Produktbezeichnung, Artikelname, Artikeltitel, Artikelbezeichnung, " +
		"nom, titre, nom du produit, nom produit, titre du produit, titre produit, nom de l'article, titre de l'article, " +
		"nombre, título, nombre del producto, nombre de producto, nombre producto, nombre del artículo, " +
		"título del producto, título del artículo, " +
		"nome, titolo, nome prodotto, nome del prodotto, nome articolo, titolo prodotto, titolo del prodotto, " +
		"naam, productnaam, producttitel, artikelnaam, " +
		"nome do produto, nome produto, nome do artigo, título do produto, " +
		"nazwa, tytuł, nazwa produktu, nazwa towaru, nazwa artykułu, tytuł produktu")
	weakNameNames = namesOf("display name, display name code, item text, " +
		"Bezeichnung, Benennung, Artikeltext, désignation, désignation produit, désignation article, libellé, " +
		"libellé produit, libellé article, intitulé, denominación, denominazione, denominazione prodotto, benaming, " +
		"designação, denominação")

	descriptionNames = namesOf("body html, product description, long description, body, item description, " +
		"full description, description html, html description, plain description, sales description, description sale, " +
		"Beschreibung, Produktbeschreibung, Artikelbeschreibung, Langbeschreibung, Langtext, " +
		"description du produit, description produit, description de l'article, description longue, " +
		"description complète, descriptif, " +
		"descripción, descripción del producto, descripción de producto, descripción producto, descripción del artículo, " +
		"descripción larga, descripción completa, " +
		"descrizione, descrizione prodotto, descrizione del prodotto, descrizione articolo, descrizione lunga, " +
		"descrizione completa, descrizione estesa, " +
		"beschrijving, omschrijving, productbeschrijving, productomschrijving, artikelomschrijving, lange beschrijving, " +
		"lange omschrijving, " +
		"descrição, descrição do produto, descrição produto, descrição do artigo, descrição longa, descrição completa, " +
		"opis, opis produktu, opis towaru, pełny opis, długi opis, " +
		"short description, summary, Kurzbeschreibung, Zusammenfassung, description courte, résumé, descripción corta, " +
		"descripción breve, resumen, breve descrizione, descrizione breve, riepilogo, korte beschrijving, " +
		"korte omschrijving, samenvatting, descrição curta, descrição resumida, resumo, krótki opis, skrócony opis, " +
		"podsumowanie")

	statusNames = namesOf("product status, published, active, active 0/1, enabled, is active, is published, " +
		"published on online store, product online")
	weakStatusNames = namesOf("is enabled, product active, product published, item status, listing status, " +
		"visible, is visible, product visible, item visible, visibility, square online item visibility, online, " +
		"is online, " +
		"Aktiv, Aktiviert, Veröffentlicht, Sichtbar, Artikelstatus, Produktstatus, " +
		"statut, actif, publié, en ligne, estado, activo, activado, publicado, " +
		"stato, attivo, attivato, pubblicato, visibile, actief, ingeschakeld, gepubliceerd, zichtbaar, " +
		"ativo, ativado, visível, situação, aktywny, aktywne, aktywność, opublikowany, opublikowane, opublikowano, " +
		"widoczny, widoczność")
)

// namesOf splits names at their commas, and has those with accents without them too, as many write them. A name that
// is another one's for FoldName is left out.
func namesOf(list string) []string {
	var all []string
	known := map[string]bool{}
	for _, name := range names(list) {
		for _, spelled := range []string{name, plainGerman.Replace(name), withoutAccents(name)} {
			if folded := FoldName(spelled); !known[folded] {
				known[folded] = true
				all = append(all, spelled)
			}
		}
	}
	return slices.Clip(all)
}

// plainGerman writes German letters as those without a German keyboard do.
var plainGerman = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss")

// withoutAccents leaves letters their base: e for é, l for ł.
func withoutAccents(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ł':
			return 'l'
		}
		return r
	}, norm.NFD.String(s))
}
