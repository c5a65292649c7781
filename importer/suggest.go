package importer

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// Hint is advice on what a file or its columns were taken for: something that looks like a mistake, but need not be
// one.
type Hint struct {
	// Field is the field to map, as in Options.Map, Column the name of the column that may be meant for it, or its
	// number from 1 where the name isn't unique; [MapNone] where it is to be said that there is none. Both are empty
	// where the hint is on something else.
	Field  string `json:"field"`
	Column string `json:"column"`
	// Text is a sentence that says why.
	Text string `json:"text"`
}

// identifiers are the names of columns that can stand in for a SKU, as FoldName leaves them, best first.
var identifiers = []string{"handle", "urlhandle", "producthandle", "slug", "articleno", "itemno", "partno", "model",
	"mpn", "manufacturerpartnumber", "code", "codice", "código", "codigo", "kod", "clave", "ean", "ean13", "gtin", "upc",
	"barcode", "variantbarcode", "id", "productid", "itemid", "variantid", "internalid", "externalid", "token", "asin"}

// nameLikes are the names of columns that may have the name of a product, or something else of it, detailLikes those of
// columns that may have its description.
var (
	nameLikes = []string{"item", "product", "article", "model", "modelname", "headline", "label", "caption", "artikel",
		"produkt", "produit", "producto", "artículo", "articulo", "prodotto", "articolo", "produto", "artigo", "towar",
		"artykuł", "artykul", "modell", "modèle", "modelo", "modello"}
	detailLikes = []string{"details", "productdetails", "text", "producttext", "content", "info", "information",
		"longtext", "texte", "texto", "testo", "tekst", "treść", "dettagli", "detalles", "détails"}
)

// reference is how Options.Map names the column.
func (m *mapping) reference(i int) string {
	name := m.columns[i].Name
	for j, c := range m.columns {
		if j != i && !m.isNote(j) && products.FoldName(c.Name) == products.FoldName(name) {
			return strconv.Itoa(i + 1)
		}
	}
	return name
}

// unclaimed reports whether the column may be suggested for a field.
func unclaimed(c Column) bool { return c.Field == "" && !c.LeftOut && !c.ofRejects() }

// resembling returns the column that may be meant for a field for which there is none, -1 for none: one whose name is
// misspelt, then one whose name begins or ends with the field's, then one that can stand in for it. One without values
// is none; for the key one that tells products apart goes before others.
func (m *mapping) resembling(field *products.Field, o *Options) int {
	if o.Map[field.Name] == MapNone || !m.hasHeader {
		return -1
	}
	var found []int
	add := func(i int) {
		if i >= 0 && !m.traits(i).empty() {
			found = append(found, i)
		}
	}
	add(closest(m.columns, surest(field), func(c Column) bool { return unclaimed(c) && m.filled(c) }))
	want := products.FoldName(field.Name)
	add(slices.IndexFunc(m.columns, func(c Column) bool {
		name := m.names[c.Number-1]
		return unclaimed(c) && (strings.HasPrefix(name, want) || strings.HasSuffix(name, want)) && m.filled(c)
	}))
	switch {
	case field == m.schema.Key():
		add(m.identifier())
	case field.Builtin() && field.Required():
		add(m.standIn(field, nameLikes))
	}
	if field == m.schema.Key() {
		if i := slices.IndexFunc(found, m.identifies); i >= 0 {
			return found[i]
		}
	}
	if len(found) == 0 {
		return -1
	}
	return found[0]
}

// surest are the names of a field without those that other things have too.
func surest(field *products.Field) []string {
	names := field.ColumnNames()
	return names[:len(names)-len(field.WeakNames())]
}

// filled reports whether a record has something in the column, or there are no records.
func (m *mapping) filled(c Column) bool { return !m.traits(c.Number - 1).empty() }

// standIn returns the column that can stand in for a field that is a text, -1 for none: one that has a name of the
// field and a number, one that has one of the other names, one that has the description.
func (m *mapping) standIn(field *products.Field, others []string) int {
	names := field.ColumnNames()
	for _, fits := range []func(i int) bool{
		func(i int) bool { return slices.Contains(names, strings.TrimRight(m.names[i], "0123456789")) },
		func(i int) bool { return slices.Contains(others, m.names[i]) },
	} {
		for i, c := range m.columns {
			if unclaimed(c) && fits(i) && m.filled(c) {
				return i
			}
		}
	}
	if !field.Required() {
		return -1
	}
	return slices.IndexFunc(m.columns, func(c Column) bool {
		f := m.schema.Find(c.Field)
		return f != nil && f.Builtin() && f.Type == products.Text && m.filled(c)
	})
}

// identifier returns the column that can best stand in for the SKU, -1 for none: the first that tells products apart,
// or else the first with values. A field of one's own may have it, such as a barcode.
func (m *mapping) identifier() int {
	best := -1
	for _, name := range slices.Concat(m.schema.Key().WeakNames(), identifiers) {
		for i, c := range m.columns {
			if m.names[i] != name && m.bare[i] != name {
				continue
			}
			if field := m.schema.Find(c.Field); !unclaimed(c) && (field == nil || field.Builtin()) {
				continue
			}
			t := m.traits(i)
			if t.identify() {
				return i
			}
			if best < 0 && t.most() {
				best = i
			}
		}
	}
	return best
}

// overlooked adds hints at columns from which nothing is taken, but which may be meant for fields that have no column:
// their names are nearly those of the fields, or some that other things have too. Of a field of one's own only the name
// counts, and a first letter that is right: its aliases may be so many that other columns are near to some, as the
// height is to the weight.
func (m *mapping) overlooked(o *Options) {
	look := func(field *products.Field) {
		_, mapped := o.Map[field.Name]
		_, set := o.Set[field.Name]
		if mapped || set || !m.hasHeader ||
			slices.ContainsFunc(m.columns, func(c Column) bool { return c.Field == field.Name }) {
			return
		}
		names, first := surest(field), ""
		if field != m.schema.Key() && !field.Builtin() {
			names, first = names[:1], names[0][:1]
		}
		if i := closest(m.columns, names, func(c Column) bool {
			return unclaimed(c) && !c.Group && strings.HasPrefix(m.names[c.Number-1], first) &&
				!opposites[m.names[c.Number-1]] && m.filled(c)
		}); i >= 0 {
			m.hints = append(m.hints, Hint{Field: field.Name, Column: m.reference(i), Text: fmt.Sprintf(
				"no column is known as the %s; did you mean %q?", field.Name, m.columns[i].Name)})
		} else if field.Builtin() {
			m.hintProbable(field, o)
		}
	}
	look(m.schema.Key())
	for i := range m.schema.Len() {
		look(m.schema.At(i))
	}
}

// opposites are the folded names of columns that say the opposite of what the status does.
var opposites = map[string]bool{"inactive": true, "isinactive": true, "unpublished": true, "disabled": true,
	"inaktiv": true, "inactif": true, "inactivo": true, "inattivo": true, "inactief": true, "inativo": true}

// hintProbable adds a hint at a column that is probably a field's.
func (m *mapping) hintProbable(field *products.Field, o *Options) {
	hint := func(i int, why string) {
		m.hints = append(m.hints, Hint{Field: field.Name, Column: m.reference(i), Text: fmt.Sprintf(
			"no column is known as the %s; %q may be it%s", field.Name, m.columns[i].Name, why)})
	}
	if field.Type == products.Boolean {
		for _, i := range m.candidates(field.WeakNames(), o) {
			if n, other := m.sampled().readable(field, m.columns[i]); n > 0 {
				hint(i, fmt.Sprintf(", but some of its values are none of a %s, such as %q", field.Name,
					products.Shorten(other)))
				return
			}
		}
		return
	}
	i := slices.IndexFunc(m.columns, func(c Column) bool { return unclaimed(c) && !c.Group && m.mentions(field, c) })
	if i < 0 {
		i = m.standIn(field, detailLikes)
	}
	if i >= 0 {
		hint(i, "")
	}
}

// otherTexts are words in the names of columns with texts for something else than the product's page.
var otherTexts = setOf("seo, meta, page, search, google, og, image, images, variant, option, category, brand, vendor, " +
	"collection, tax, purchase, social, alt, attribute, shipping, warranty, url, id, type, html, seite, bild, kategorie")

// mentions reports whether one word of a column's name is a long name of the field, and none says that it is about
// something else: Beschreibung DE, but not Meta description.
func (m *mapping) mentions(field *products.Field, c Column) bool {
	const long = 6 // characters
	found := false
	for _, word := range words(c.Name) {
		if otherTexts[word] {
			return false
		}
		found = found || len(word) >= long && slices.Contains(surest(field), word)
	}
	return found && m.filled(c)
}

// lacksKey returns the hint, if there is one to give, for a file in which every record lacked a SKU.
func (m *mapping) lacksKey(records int64) []Hint {
	i := m.identifier()
	if i < 0 {
		return nil
	}
	key := m.schema.Key().Name
	all := fmt.Sprintf("each of the %d records", records)
	if records == 1 {
		all = "the only record"
	}
	return []Hint{{Field: key, Column: m.reference(i), Text: fmt.Sprintf(
		"%s was rejected for its empty %s; if the column %q tells products apart, map %s to it", all, key,
		m.columns[i].Name, key)}}
}

// closest returns the column whose name is the least misspelt of the given folded names, -1 where none is near enough.
// Of equals the first wins.
func closest(columns []Column, names []string, filter func(Column) bool) int {
	found, least := -1, 3
	letters := make([]uint32, len(names))
	for i, name := range names {
		letters[i] = lettersOf(name)
	}
	for i, c := range columns {
		have := products.FoldName(c.Name)
		mine := lettersOf(have)
		for j, name := range names {
			// Each change adds and takes away one letter at most.
			if have == "" || bits.OnesCount32(mine^letters[j]) > 2*(least-1) {
				continue
			}
			// A third of the letters may differ, and two at most.
			if d := distance(have, name); d < least && 3*d <= len(name) && filter(c) {
				found, least = i, d
			}
		}
	}
	return found
}

// lettersOf has a bit for each letter that the text has; some share one.
func lettersOf(text string) (set uint32) {
	for _, r := range text {
		set |= 1 << (uint32(r) % 32)
	}
	return set
}

// distance is how many letters must be added, dropped, replaced or swapped with their neighbour to turn a into b: the
// optimal string alignment distance. From 3 on it may be any number above 2, since nobody wants to know.
func distance(a, b string) int {
	if len(a) > len(b)+8 || len(b) > len(a)+8 { // bytes, of 4 in a letter at most
		return 3
	}
	s, t := []rune(a), []rune(b)
	before, above, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range t {
			replaced := above[j]
			if s[i] != t[j] {
				replaced++
			}
			row[j+1] = min(replaced, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(t)]
}
