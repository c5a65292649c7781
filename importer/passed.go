package importer

import (
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/products"
)

// Passed is why a row was passed over: it is no record of a product. The reasons are stable.
type Passed string

// The reasons for which rows are passed over.
const (
	PassedEmpty     Passed = "empty"      // nothing is in it that people see
	PassedHeader    Passed = "header"     // it names the columns again
	PassedMedia     Passed = "media"      // it has one more image or video of a product
	PassedOption    Passed = "option"     // it has a choice that buyers of a product have
	PassedRule      Passed = "rule"       // it has a rule for prices or stock of a product's variants
	PassedStoreView Passed = "store_view" // it has the texts of the product above it for another store view
)

// passage is a Passed in one byte: an index of passages.
type passage uint8

const (
	passNone passage = iota
	passEmpty
	passHeader
	passMedia
	passOption
	passRule
	passStoreView
)

var passages = [...]Passed{passEmpty: PassedEmpty, passHeader: PassedHeader, passMedia: PassedMedia,
	passOption: PassedOption, passRule: PassedRule, passStoreView: PassedStoreView}

// rowKinds are the columns by which a row is known for what it is; -1 for one that the file doesn't have.
type rowKinds struct {
	kind  int // Product, and SKU, Rule, Variant, Image ..
	view  int // of Magento: the store view, nothing for the product itself
	media []bool
}

// kindWords are what the column of the kind has, in lower case, in rows that are no product.
var kindWords = map[string]passage{"rule": passRule, "option": passOption, "modifier": passOption, "choice": passOption,
	"image": passMedia, "video": passMedia, "media": passMedia}

// mediaWords are parts of the folded names of columns with pictures and videos.
var mediaWords = []string{"image", "immagin", "media", "video", "picture", "photo", "foto", "bild",
	"afbeelding", "zdjęci"}

// byteOrderMark stands at the beginning of files, and inside those that were made of several.
const byteOrderMark = "\ufeff"

// findRowKinds finds the columns by which rows that are no product are known.
func (m *mapping) findRowKinds() {
	m.kinds = rowKinds{kind: -1, view: -1, media: make([]bool, len(m.columns))}
	if !m.hasHeader {
		return
	}
	free := func(name string) int {
		if i := m.called(name); i >= 0 && m.columns[i].Field == "" {
			return i
		}
		return -1
	}
	// A column with such a general name is one of these shops' only beside another of their columns.
	for _, kind := range [...]struct{ name, beside string }{{"fieldtype", "handleid"}, {"fieldtype", "handle"},
		{"itemtype", "productcodesku"}, {"itemtype", "productid"}, {"item", "inventorytracking"}} {
		if i := free(kind.name); i >= 0 && m.called(kind.beside) >= 0 {
			m.kinds.kind = i
			break
		}
	}
	if m.kinds.kind < 0 && !m.grouping.parents {
		m.kinds.kind = m.calledOne(kindAliases, m.hasKinds)
	}
	if i := m.kinds.kind; i >= 0 {
		for at := range m.targets {
			if t := &m.targets[at]; Trims(t.field) && t.column >= 0 {
				t.choices = i
			}
		}
	}
	if m.kinds.view = free("storeviewcode"); m.kinds.view < 0 {
		if i := free("store"); i >= 0 && m.columns[i].Name == "_store" {
			m.kinds.view = i
		}
	}
	for i, c := range m.columns {
		name := products.FoldName(c.Name)
		m.kinds.media[i] = slices.ContainsFunc(mediaWords,
			func(word string) bool { return strings.Contains(name, word) })
	}
}

// cell is the record's value in a column, without white space around it; nothing where the file or the record has no
// such column.
func (r *rawRecord) cell(column int) string {
	if column < 0 || column >= len(r.fields) {
		return ""
	}
	return trimmedName(r.value(column))
}

// passes reports why a record with that key is to be passed over, as far as it shows by itself.
func (p *parser) passes(r *rawRecord, key string) passage {
	m := p.mapping
	if products.Blank(key) {
		key = ""
	}
	switch {
	case key == "" && r.empty():
		return passEmpty
	case key != "" && (key == p.headerKey || r.line == p.below) && p.isHeader(r, key):
		return passHeader
	}
	if m.kinds.kind >= 0 {
		kind := kindWords[strings.ToLower(r.cell(m.kinds.kind))]
		if kind != passNone && (key == "" || kind == passRule) {
			return kind
		}
	}
	switch {
	case key == "" && r.cell(m.kinds.view) != "":
		return passStoreView
	case (key == "" || m.key == m.grouping.column) && p.isMedia(r):
		return passMedia
	}
	return passNone
}

// mayPass reports whether a record with that key is worth a look by passes.
func (p *parser) mayPass(r *rawRecord, key string) bool {
	return products.Blank(key) || key == p.headerKey || r.line == p.below || p.mapping.kinds.kind >= 0 ||
		p.mapping.key == p.mapping.grouping.column
}

// empty reports whether nothing is in the record that people see. NUL is something: it stands where data was lost.
func (r *rawRecord) empty() bool {
	for i := range r.fields {
		if value := r.at(i); !products.Blank(value) || strings.IndexByte(value, 0) >= 0 {
			return false
		}
	}
	return true
}

// isHeader reports whether the record has the names of the columns again, or, directly below the header, other names
// of the fields.
func (p *parser) isHeader(r *rawRecord, key string) bool {
	m := p.mapping
	if !m.hasHeader {
		return false
	}
	again := key == p.headerKey
	for i := 0; again && i < len(m.columns); i++ {
		again = products.FoldName(r.cell(i)) == products.FoldName(m.columns[i].Name)
	}
	if again || r.line != p.below || !slices.Contains(m.schema.Key().ColumnNames(), products.FoldName(key)) {
		return again
	}
	named := 0
	for i := range m.targets {
		t := &m.targets[i]
		name := r.cell(t.column)
		if name == "" {
			continue
		}
		if !slices.Contains(t.field.ColumnNames(), products.FoldName(name)) {
			return false
		}
		named++
	}
	return named > 0
}

// isMedia reports whether the record has pictures or videos, and else nothing but its group.
func (p *parser) isMedia(r *rawRecord) bool {
	m := p.mapping
	if m.grouping.column < 0 || len(r.fields) > len(m.columns) {
		return false
	}
	found := false
	for i := range r.fields {
		switch {
		case i == m.grouping.column || products.Blank(r.at(i)):
		case !m.kinds.media[i]:
			return false
		default:
			found = true
		}
	}
	return found
}

// storeViews tells rows with the texts of other store views from products: they stand directly below their product,
// whose row has none. So a file with the texts of one store view alone is one of products.
type storeViews struct {
	product digest // the key of the last row without a store view
	known   bool   // there was one
	damaged bool   // and nobody knows its key
}

// passViews passes over the block's rows for other store views.
func (p *parser) passViews(views *storeViews, out *parsed) {
	for i := range out.items {
		it := &out.items[i]
		if it.passed != passNone {
			continue
		}
		if out.block.Span(i).Damage != dialect.Intact {
			views.known, views.damaged = true, true
			continue
		}
		r := out.raw(i)
		key := p.digest(p.rule.Key(r.cell(p.mapping.key)))
		if isDefaultView(r.cell(p.mapping.kinds.view)) {
			*views = storeViews{product: key, known: true}
		} else if views.known && (views.damaged || views.product == key) {
			if it.variant {
				out.variants--
			}
			*it = item{end: it.end, passed: passStoreView}
			at := out.block.Offset() + int64(out.block.Span(i).Start)
			out.rejects = slices.DeleteFunc(out.rejects, func(r Reject) bool { return r.Offset == at })
		}
	}
}

// isDefaultView reports whether the cell of the store view is that of a product itself.
func isDefaultView(cell string) bool { return cell == "" || cell == "admin" }
