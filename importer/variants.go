package importer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// GroupNone as Options.Group lets no record inherit.
const GroupNone = "none"

// errVariants ends the first pass over a file, to begin it again: a record wants to inherit, and nobody took note of what
// was before it. So files in which every record has a name pay nothing for those in which some have none.
var errVariants = errors.New("importer: the file has variants")

// family says how a file tells which records are variants of one product.
type family struct {
	group int // index of the column, -1 for none
	// parents: the column names a record's parent, as WooCommerce has it, and not what all records of a product share.
	parents bool
	id      int // index of the column that a parent may be named by, beside its SKU; -1 for none
}

// findFamily finds the column of the groups.
func (m *mapping) findFamily(first []string, o *Options) (family, error) {
	f := family{group: -1, id: -1}
	switch {
	case o.Group == GroupNone:
	case o.Group != "":
		i, err := m.findGiven("group", o.Group, first)
		if err != nil {
			return f, err
		}
		f.group = i
	case m.named:
		for _, alias := range groupAliases {
			if f.group = m.called(alias); f.group >= 0 {
				break
			}
		}
	}
	if f.group < 0 {
		return f, nil
	}
	m.columns[f.group].Group = true
	if f.parents = plain(m.columns[f.group].Name) == parentColumn; f.parents {
		f.id = m.called(idColumn)
	}
	return f, nil
}

// called returns the first column with the plain name, -1 for none.
func (m *mapping) called(name string) int {
	return slices.IndexFunc(m.columns, func(c Column) bool { return plain(c.Name) == name })
}

// belongs returns what the record's column of the group has, without white space around it; nothing where that is blank.
func (p *parser) belongs(r *rawRecord) string {
	if p.group < 0 || p.group >= len(r.fields) {
		return ""
	}
	return named(r.value(p.group))
}

// named returns what names something, without white space around it; nothing where it is blank.
func named(s string) string {
	if products.Blank(s) {
		return ""
	}
	return strings.TrimSpace(s)
}

// groupKey is the group's digest. Names are compared as exact SKUs are, whatever the store's rule is, so that a check
// without a store decides as an import does.
func (p *parser) groupKey(name string) digest { return p.digest(products.ExactKeys.Key(name)) }

// inherit completes the records of a block that inherit, in the file's order, and notes those from which later ones may.
// It is part of every pass: with the groups as they were left by the blocks before, or nil where none are kept.
func (r *run) inherit(g *groups, p *parsed) error {
	if g == nil {
		if p.variants > 0 {
			return errVariants
		}
		return nil
	}
	rejected := len(p.rejects)
	for i := range p.items {
		it := &p.items[i]
		raw := p.raw(i)
		switch {
		case it.variant:
			if fault := r.parser.complete(it, &raw, g); fault != nil {
				p.reject(i, &raw, fault)
				continue
			}
			p.inherited++
		case p.block.spans[i].damage == "":
			r.parser.noteParent(it, &raw, g)
		}
	}
	if len(p.rejects) > rejected {
		slices.SortFunc(p.rejects, func(a, b Reject) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	return nil
}

// noteParent notes a record with a name, whether or not it is valid: but not one whose fields can't be told apart, as
// there are too few or too many, since what stands in its name's place may be anything.
func (p *parser) noteParent(it *item, r *rawRecord, g *groups) {
	if it.reject && p.shape(r) != nil {
		return
	}
	parent := group{name: r.value(p.name), line: r.line, taken: !it.reject}
	if products.Blank(parent.name) {
		return
	}
	if p.description >= 0 {
		parent.description = r.value(p.description)
	}
	if p.status >= 0 {
		parent.status = r.value(p.status)
	}
	put := func(name string) {
		parent.key = p.groupKey(name)
		g.put(parent)
	}
	name := p.belongs(r)
	switch {
	case !p.parents:
		if name != "" {
			put(name)
		}
	case name != "":
		// A variation with a name of its own: others inherit from it only where their parent isn't there.
		if g.find(p.groupKey(name)) == nil {
			put(name)
		}
	default:
		if sku := named(r.value(p.sku)); sku != "" {
			put(sku)
		}
		if p.id >= 0 && p.id < len(r.fields) {
			if id := named(r.value(p.id)); id != "" {
				put("id:" + id)
			}
		}
	}
}

// complete fills in what a record inherits, or says why it can't be taken. The reject's fields are filled in too where
// the record would else be lost: its parent was taken, and so is not among the rejects that are imported again.
func (p *parser) complete(it *item, r *rawRecord, g *groups) *Reject {
	rec := &it.record
	parent := g.find(p.groupKey(p.belongs(r)))
	if parent == nil {
		fault := &Reject{Code: CodeNoParent, Column: p.columns[p.name].shown(), Reason: fmt.Sprintf(
			"name must not be empty: no earlier record with the %s %q has one to inherit", p.columns[p.group].shown(), products.Shorten(p.belongs(r)))}
		rec.Name = "x" // to see what else is wrong
		if more := p.validate(rec); more != nil {
			fault.Reason += "; " + more.Reason
		}
		return fault
	}
	rec.Name = parent.name
	if p.description >= 0 && rec.Description == "" {
		rec.Description = parent.description
	}
	it.bytes += int32(len(parent.name) + len(parent.description))
	it.long = it.long || len(p.extra) > 0 && it.bytes > p.room
	var fault *Reject
	if status := parent.status; p.status >= 0 && strings.TrimSpace(r.value(p.status)) == "" {
		var ok bool
		if rec.Status, rec.HasStatus, ok = p.statusOf(status); !ok {
			fault = p.badStatus(status)
		}
	}
	if fault == nil && (it.long || !parent.text || !products.Plain(rec.SKU, rec.Name, rec.Description)) {
		fault = p.validate(rec)
	}
	if fault == nil {
		return nil
	}
	fault.Reason += fmt.Sprintf(" (what is empty is inherited from line %d)", parent.line)
	if parent.taken {
		fault.Fields = p.filledIn(r, parent)
	}
	return fault
}

// filledIn returns the record's fields with what it inherits.
func (p *parser) filledIn(r *rawRecord, parent *group) []string {
	fields := r.copyFields()
	fields[p.name] = EscapeFormula(parent.name)
	if p.description >= 0 && r.value(p.description) == "" {
		fields[p.description] = EscapeFormula(parent.description)
	}
	if p.status >= 0 && strings.TrimSpace(r.value(p.status)) == "" {
		fields[p.status] = EscapeFormula(parent.status)
	}
	return fields
}
