package importer

import (
	"regexp"
	"strings"
)

// Some shops write the variants of a product directly below it, and leave out all that the product has already, what
// they have in common included. Such a variant is known by the column that says what kind of row it is, or else by a
// column that only products have something in. The latter has to show at the file's beginning: a record that somebody
// forgot to fill in is no variant.

// variantWords are what the column of the kind of rows has in those of variants, in lower case.
var variantWords = map[string]bool{"sku": true, "variant": true, "variation": true, "child": true}

// productWords are what it has in those of products.
var productWords = map[string]bool{"product": true, "parent": true, "master": true}

// kindAliases are names of columns that have the kinds of rows in some files, and other things in others.
var kindAliases = []string{"itemtype", "fieldtype", "rowtype", "recordtype", "linetype", "item", "type", "kind",
	"parentchild", "parentage", "parentagelevel"}

// oneVariantIn is in how many products there is one variant at least, in a file that has its variants below them.
const oneVariantIn = 20

// isVariant reports whether the row is one of a variant, by the column of the kinds; -1 for none.
func (r *rawRecord) isVariant(kinds int) bool {
	if kinds < 0 {
		return false
	}
	return variantWords[strings.ToLower(r.cell(kinds))]
}

// choices are what BigCommerce has in the column of the name of a variant: [RT]Size=S,[S]Colour=Red.
var choices = regexp.MustCompile(`^\s*\[[A-Za-z]{1,3}\][^=]+=`)

func areChoices(cell string) bool { return choices.MatchString(cell) }

// hasKinds reports whether each of the sample's records has a kind of row in the column, and they differ.
func (m *mapping) hasKinds(column int) bool {
	if m.columns[column].Field != "" {
		return false
	}
	ofProducts, others := 0, 0
	cells := m.sampledCells(column)
	for _, cell := range cells {
		word := strings.ToLower(cell)
		switch {
		case productWords[word]:
			ofProducts++
		case variantWords[word] || kindWords[word] != passNone:
			others++
		case cell != "":
			return false
		}
	}
	return ofProducts > 0 && others > 0 && 10*(ofProducts+others) >= 9*len(cells)
}

// isBelow reports whether a record without a name is a variant of the product above it.
func (p *parser) isBelow(r *rawRecord) bool {
	switch m := p.mapping; {
	case !p.looksAbove() || p.groupName(r) != "":
		return false
	case m.kinds.kind >= 0:
		return r.isVariant(m.kinds.kind)
	default:
		return r.cell(m.grouping.product) == ""
	}
}

// looksAbove reports whether records may be variants of the product above them.
func (p *parser) looksAbove() bool {
	m := p.mapping
	return m.kinds.kind >= 0 && !m.grouping.none || m.grouping.product >= 0
}

// sampledCells are those of a column of the sample's records.
func (m *mapping) sampledCells(column int) (cells []string) {
	m.sampled().cells(column, func(cell string) { cells = append(cells, cell) })
	return cells
}

// sampledNames returns which of the sample's records have all that a product must have and variants inherit; nil where
// the file doesn't have that.
func (m *mapping) sampledNames() (named []bool) {
	for _, i := range m.essential {
		cells := m.sampledCells(m.targets[i].column)
		if named == nil {
			named = make([]bool, len(cells))
			for at := range named {
				named[at] = true
			}
		}
		for at, cell := range cells {
			named[at] = named[at] && cell != ""
		}
	}
	return named
}

// isShared reports whether a record without a name has the same in the column as one with a name before it.
func (m *mapping) isShared(column int) bool {
	if m.columns[column].Field != "" {
		return false
	}
	names, cells := map[string]bool{}, m.sampledCells(column)
	for i, named := range m.sampledNames() {
		switch cell := cells[i]; {
		case cell == "":
		case named:
			names[cell] = true
		case names[cell]:
			return true
		}
	}
	return false
}

// findProductColumn finds a column that products alone have something in, and not their variants below them: one with
// such a name in which all records with a name have something, and all others nothing. These are some at least, unless
// the column of the groups was given.
func (m *mapping) findProductColumn(o *Options) {
	var columns []int
	g := &m.grouping
	switch {
	case m.kinds.kind >= 0 || g.none || g.parents || !m.hasHeader || len(m.essential) == 0:
		return
	case o.Group != "":
		columns = []int{g.column}
	default:
		for _, aliases := range [][]string{groupAliases, weakGroupAliases, productAliases} {
			for _, alias := range aliases {
				if i := m.called(alias); i >= 0 {
					columns = append(columns, i)
				}
			}
		}
		if i := m.called("producttype"); i >= 0 && m.called("variantid") >= 0 { // commercetools
			columns = append(columns, i)
		}
	}
	if len(columns) == 0 {
		return
	}
	named, keys := m.sampledNames(), m.sampledCells(m.key)
	groups := make([]string, len(named))
	if g.column >= 0 {
		groups = m.sampledCells(g.column)
	}
	for _, column := range columns {
		if m.columns[column].Field == "" && m.tellsProducts(named, keys, groups, m.sampledCells(column), o.Group != "") {
			g.product = column
			m.columns[column].Group = true
			return
		}
	}
}

// tellsProducts reports whether a column with these cells tells products from variants. Given says that it was said so.
func (m *mapping) tellsProducts(named []bool, keys, groups, cells []string, given bool) bool {
	above, below := 0, 0
	for i, cell := range cells {
		switch {
		case named[i] && cell == "", !named[i] && groups[i] != "":
			return false
		case named[i]:
			above++
		case keys[i] == "": // of pictures, and the like
		case cell != "" || above == 0:
			return false
		default:
			below++
		}
	}
	return above > 0 && (given || below > 0 && oneVariantIn*below >= above)
}
