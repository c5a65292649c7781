package importer

import (
	"fmt"
	"slices"

	"github.com/products-importer/products-importer/importer/internal/refuse"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// A column that was taken for a boolean by its name alone, and has no word for yes or no in any record, is probably
// something else: it is left out with a hint, instead of rejecting every record. Whether it is so is known only when
// the whole file was read. Where the first unknown word has a known one before it, or in its block, it isn't; else the
// file is surveyed. Rejects in which such a word was rejected before are not taken without it.

// wordKinds is what kinds of words a boolean's column has.
type wordKinds struct{ known, unknown bool }

// note notes what came of a cell.
func (w *wordKinds) note(text string, fault *spelling.Fault) {
	if fault != nil {
		w.unknown = true
	} else if text != "" {
		w.known = true
	}
}

// meaningless adds the words of a block to those before it, and reports whether some column now has unknown words
// alone.
func meaningless(before, block []wordKinds) bool {
	found := false
	for i := range before {
		w := &before[i]
		w.known, w.unknown = w.known || block[i].known, w.unknown || block[i].unknown
		found = found || w.unknown && !w.known
	}
	return found
}

// refused reports whether the record is a reject that was rejected for a boolean, and isn't mended yet.
func (p *parser) refused(r *rawRecord) bool {
	m := p.mapping
	return m.rejects >= 0 && m.rejects+2 < len(r.fields) && Code(r.at(m.rejects+2)) == CodeBadBoolean
}

// leavesTo reports whether the record leaves the target to one that it inherits from, if there is one.
func (p *parser) leavesTo(t *target, r *rawRecord) bool {
	m := p.mapping
	return t.leaves && t.field.Inherit && products.Blank(r.value(t.column)) &&
		slices.ContainsFunc(m.essential, func(i int) bool { return products.Blank(m.targets[i].cell(r)) })
}

// leaveMeaningless leaves out the columns in which the surveys of the whole file saw unknown words alone. It returns
// the plan without them, and the surveys of the others.
func (p *plan) leaveMeaningless(surveys []*spelling.Survey, o *Options) (*plan, []*spelling.Survey, error) {
	m := *p.mapping
	m.columns, m.hints = slices.Clone(m.columns), slices.Clip(m.hints)
	m.targets, m.inherited, m.essential, m.need = nil, nil, nil, m.key+1
	var left []*spelling.Survey
	for i := range p.mapping.targets {
		t := &p.mapping.targets[i]
		if t.leaves {
			if first, words, yes := surveys[i].Meaningless(); yes {
				m.columns[t.column].Field = ""
				m.hintLeftOut(t, first, words, o)
				continue
			}
		}
		m.addTarget(*t)
		left = append(left, surveys[i])
	}
	if len(left) == len(surveys) {
		return p, surveys, nil
	}
	m.extra = nil
	if err := m.keepExtra(o); err != nil {
		return nil, nil, err
	}
	if o.Mode == products.Existing && len(m.targets)+len(m.extra) == 0 {
		return nil, nil, refuse.Errorf("there is nothing to change: %s", m.hints[len(m.hints)-1].Text)
	}
	next, parser := *p, *p.parser
	parser.setMapping(&m)
	next.mapping, next.parser = &m, &parser
	return &next, left, nil
}

// hintLeftOut tells that nothing was taken from a column.
func (m *mapping) hintLeftOut(t *target, first spelling.Value, words int64, o *Options) {
	field := t.field.Name
	all := fmt.Sprintf("none of the %d values", words)
	if words == 1 {
		all = "the only value"
	}
	text := fmt.Sprintf("%s of the column %q is a yes or a no (line %d: %q), so nothing is taken from it and %s is not "+
		"set; map %[5]s to the column that has it, or to %s", all, m.columns[t.column].shortLabel(), first.Line,
		products.Shorten(first.Text), field, MapNone)
	hint := Hint{Field: field, Column: MapNone}
	if !t.field.Builtin() {
		text += ", or declare the words of the field"
	}
	if others := m.candidates(t.field.WeakNames(), o); len(others) > 0 {
		hint.Column = m.reference(others[0])
		text += fmt.Sprintf("; %q may be it", m.columns[others[0]].Name)
	}
	hint.Text = text
	m.hints = append(m.hints, hint)
}

// hintLetters tells that letters were taken for words.
func (m *mapping) hintLetters(t *target, d *spelling.Description) Hint {
	return Hint{Field: t.field.Name, Column: MapNone, Text: fmt.Sprintf("the column %q has %q and %q, which were taken "+
		"for yes and no; if they are something else, map %s to %s", m.columns[t.column].shortLabel(), d.Yes, d.No,
		t.field.Name, MapNone)}
}
