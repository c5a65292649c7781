package importer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/products"
)

// GroupNone as Options.Group lets no record inherit.
const GroupNone = "none"

// errVariants ends the first pass over a file, to begin it again: a record wants to inherit, and nobody took note of
// what was before it. So files in which every record has a name pay nothing for those in which some have none.
var errVariants = errors.New("importer: the file has variants")

// grouping says how a file shows which records are variants of one product.
type grouping struct {
	column int // index of the column, -1 for none
	// parents: the column names a record's parent, as WooCommerce has it, and not what all records of a product share.
	parents bool
	id      int // index of the column that a parent may be named by, beside its SKU; -1 for none
	// product is the index of a column in which products have something, and their variants, directly below them,
	// nothing; -1 where the file's beginning doesn't show that it has such variants.
	product int
	none    bool // no record inherits
}

// findGrouping finds the column of the groups.
func (m *mapping) findGrouping(first []string, o *Options) (grouping, error) {
	g := grouping{column: -1, id: -1, product: -1, none: o.Group == GroupNone}
	switch {
	case g.none:
	case o.Group != "":
		i, err := m.findGiven("group", o.Group, first)
		if err != nil {
			return g, err
		}
		g.column = i
	case m.hasHeader:
		g.column = m.calledOne(slices.Concat(groupAliases, parentAliases), func(int) bool { return true })
		if g.column < 0 {
			g.column = m.calledOne(weakGroupAliases, m.isShared)
		}
	}
	if g.column < 0 {
		return g, nil
	}
	m.columns[g.column].Group = true
	if g.parents = slices.Contains(parentAliases, products.FoldName(m.columns[g.column].Name)); g.parents {
		g.id = m.called(idColumn)
	}
	return g, nil
}

// called returns the first column with the folded name, -1 for none.
func (m *mapping) called(name string) int {
	return slices.IndexFunc(m.columns, func(c Column) bool {
		return !m.isNote(c.Number-1) && products.FoldName(c.Name) == name
	})
}

// calledOne returns the column with the first of the names that one has of which fits is true, -1 for none.
func (m *mapping) calledOne(names []string, fits func(column int) bool) int {
	for _, name := range names {
		if i := m.called(name); i >= 0 && fits(i) {
			return i
		}
	}
	return -1
}

// groupName returns what the record's column of the group has, without white space around it; nothing where that is
// blank.
func (p *parser) groupName(r *rawRecord) string {
	m := p.mapping
	if m.grouping.column < 0 || m.grouping.column >= len(r.fields) {
		return ""
	}
	return trimmedName(r.value(m.grouping.column))
}

// trimmedName returns what names something, without white space around it; nothing where it is blank.
func trimmedName(s string) string {
	if products.Blank(s) {
		return ""
	}
	return strings.TrimSpace(s)
}

// groupKey is the group's digest. Names are compared as exact SKUs are, whatever the store's rule is, so that a check
// without a store decides as an import does.
func (p *parser) groupKey(name string) digest { return p.digest(products.ExactKeys.Key(name)) }

// inherit fills in the records of a block that inherit, in the file's order, and notes those from which later ones may.
// It is part of every pass: with the groups as the blocks before left them, or nil where none are kept.
func (p *parser) inherit(g *groups, out *parsed) error {
	if g == nil {
		if out.variants > 0 {
			return errVariants
		}
		return nil
	}
	rejected := len(out.rejects)
	for i := range out.items {
		it := &out.items[i]
		raw := out.raw(i)
		switch {
		case it.passed == passHeader:
			g.above = nil // another file begins
		case it.passed != passNone:
		case it.variant:
			if fault := p.fillIn(it, &raw, g, out); fault != nil {
				out.reject(i, &raw, fault)
				continue
			}
			out.inherited++
		case out.block.Span(i).Damage == dialect.Intact:
			p.noteParent(it, &raw, g)
		default:
			g.above = nil // it may be of another product
		}
	}
	if len(out.rejects) > rejected {
		slices.SortFunc(out.rejects, func(a, b Reject) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	return nil
}

// wantsToInherit reports whether the record lacks something that a product must have and that variants inherit.
func (p *parser) wantsToInherit(rec *products.Record) bool {
	for _, i := range p.mapping.essential {
		if products.Blank(rec.Values[i]) {
			return true
		}
	}
	return false
}

// lacks reports whether a variant has no value of its own in the cell.
func (t *target) lacks(cell string) bool {
	switch {
	case t.field.Required():
		return products.Blank(cell)
	case t.field.Type == products.Text:
		return cell == ""
	}
	return strings.TrimSpace(cell) == ""
}

// noteParent notes a record that has what others can inherit, whether or not it is valid: but not one that has too few
// or too many fields, since what stands in its cells may be anything.
func (p *parser) noteParent(it *item, r *rawRecord, g *groups) {
	m := p.mapping
	if it.reject && p.shape(r) != nil {
		g.above = nil
		return
	}
	parent := group{cells: make([]string, len(m.inherited)), line: r.line, taken: !it.reject,
		product: r.cell(m.grouping.product)}
	for i, at := range m.inherited {
		t := &m.targets[at]
		if parent.cells[i] = t.cell(r); t.field.Required() && t.lacks(parent.cells[i]) {
			if !p.isBelow(r) {
				g.above = nil
			}
			return
		}
	}
	variant := r.isVariant(m.kinds.kind)
	if !variant && p.looksAbove() {
		above := parent
		above.cells = slices.Clone(above.cells)
		above.own()
		g.above = &above
	}
	put := func(name string) {
		parent.key = p.groupKey(name)
		if parent.name = ""; g.keepsNames && len(name) <= maxGroupName {
			parent.name = name
		}
		g.put(&parent)
	}
	name := p.groupName(r)
	switch {
	case !m.grouping.parents && !variant:
		if name != "" {
			put(name)
		}
	case name != "":
		// A variant with a name of its own: others inherit from it only where their product isn't there.
		if g.find(p.groupKey(name)) == nil {
			put(name)
		}
	case variant:
	default:
		if key := p.keyOf(r); key != "" {
			put(key)
		}
		if m.grouping.id >= 0 && m.grouping.id < len(r.fields) {
			if id := trimmedName(r.value(m.grouping.id)); id != "" {
				put("id:" + id)
			}
		}
	}
}

// fillIn fills in what a record inherits, or says why it can't be taken. The reject's fields are filled in too where
// the record would else be lost: its parent was taken, and so is not among the rejects that are imported again.
func (p *parser) fillIn(it *item, r *rawRecord, g *groups, out *parsed) *Reject {
	m := p.mapping
	parent := g.above
	if name := p.groupName(r); name != "" {
		parent = g.find(p.groupKey(name))
		if g.above != nil && (parent == nil || parent.line != g.above.line) {
			g.above = nil
		}
	}
	if parent == nil {
		return p.noParent(it, r)
	}
	var fault *Reject
	for i, at := range m.inherited {
		t := &m.targets[at]
		if !t.lacks(t.cell(r)) {
			continue
		}
		text, wrong := p.readCell(at, parent.cells[i], out)
		if wrong != nil && fault == nil {
			fault = wrong
		}
		it.bytes += int32(len(text))
		it.record.Values[at] = text
	}
	it.long = it.long || it.bytes > p.room
	if fault == nil && parent.validText {
		fault = p.validate(it)
	} else if fault == nil {
		fault = p.explain(&it.record)
	}
	if fault == nil {
		if out.keeps {
			it.parent = &group{cells: parent.cells, product: parent.product}
		}
		return nil
	}
	fault.Reason += fmt.Sprintf(" (what is empty is inherited from line %d)", parent.line)
	if parent.taken {
		fault.Fields = p.fieldsWith(r, parent)
	}
	return fault
}

// noParent rejects a record that finds nothing to inherit.
func (p *parser) noParent(it *item, r *rawRecord) *Reject {
	m := p.mapping
	t := &m.targets[m.essential[0]]
	fault := &Reject{Code: CodeNoParent, Column: p.label(t)}
	if name := p.groupName(r); name != "" {
		fault.Reason = fmt.Sprintf("%s must not be empty: no earlier record with the %s %q has one to inherit",
			t.field.Name, m.columns[m.grouping.column].shortLabel(), products.Shorten(name))
	} else {
		fault.Reason = fmt.Sprintf("%s must not be empty: no product directly above it has one to inherit", t.field.Name)
	}
	for _, more := range p.columns.Check(m.schema.Key(), &it.record) {
		if more.Code != products.CodeEmpty || !p.isEssential(more.Field) {
			fault.Reason += "; " + more.Message
		}
	}
	return fault
}

// isEssential reports whether the field is one that a product must have and that variants inherit.
func (p *parser) isEssential(field string) bool {
	return slices.ContainsFunc(p.mapping.essential,
		func(i int) bool { return p.mapping.targets[i].field.Name == field })
}

// fieldsWith returns the record's fields with what it inherits from the parent.
func (p *parser) fieldsWith(r *rawRecord, parent *group) []string {
	fields := r.copyFields()
	for i, at := range p.mapping.inherited {
		if t := &p.mapping.targets[at]; t.lacks(t.cell(r)) {
			fields[t.column] = t.escape(parent.cells[i])
		}
	}
	if i := p.mapping.grouping.product; i >= 0 && i < len(fields) && p.isBelow(r) {
		fields[i] = EscapeFormula(parent.product) // it stands below other records there
	}
	return fields
}
