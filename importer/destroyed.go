package importer

import (
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// What a spreadsheet destroyed is no SKU and no name. Other texts are taken as they are, with a hint.

// oddity counts the values of a column that a spreadsheet seems to have destroyed, or may destroy.
type oddity struct {
	count, line int64 // line is that of the first
	text        string
}

func (o *oddity) note(text string, line int64) {
	if o.count++; o.count == 1 {
		o.line, o.text = line, strings.Clone(text)
	}
}

// addOddities adds those of a block to those before it.
func addOddities(before, block []oddity) []oddity {
	if before == nil {
		before = make([]oddity, len(block))
	}
	for i := range block {
		if before[i].count == 0 {
			before[i] = block[i]
		} else {
			before[i].count += block[i].count
		}
	}
	return before
}

// destroyedKey rejects a record whose key a spreadsheet destroyed. One that says that it is a text, as ="1E+12" does,
// is meant so.
func (p *parser) destroyedKey(r *rawRecord, key string, out *parsed) *Reject {
	if key == "" || key[0] != '#' && (key[0] < '0' || key[0] > '9') && key[0] != '-' && key[0] != 'E' {
		return nil
	}
	column := p.mapping.key
	if spelling.IsExponent(key) {
		out.odd[len(out.odd)-1].note(key, r.line)
		return nil
	}
	why := spelling.Destroyed(key)
	if why == "" || meant(r.at(column)) {
		return nil
	}
	return p.destroyed(column, key, why)
}

// destroyedText rejects a record whose name is what a spreadsheet shows for a failure, and notes others.
func (p *parser) destroyedText(r *rawRecord, i int, out *parsed) *Reject {
	t := &p.mapping.targets[i]
	cell := trimmed(r.at(t.column))
	if cell == "" || cell[0] != '#' && (t.trims || cell[0] < '0' || cell[0] > '9') {
		return nil
	}
	why := spelling.Destroyed(cell)
	switch {
	case why == "":
		return nil
	case t.trims && meant(r.at(t.column)):
		return nil
	case t.trims:
		return p.destroyed(t.column, cell, why)
	}
	out.odd[i].note(cell, r.line)
	return nil
}

// meant reports whether EscapeTrimmed or a formula says that the cell is as it is to be.
func meant(cell string) bool {
	_, isText := textFormula(cell)
	return isText || strings.HasPrefix(cell, trimGuard) && strings.HasSuffix(cell, trimGuard)
}

func (p *parser) destroyed(column int, cell, why string) *Reject {
	c := &p.mapping.columns[column]
	return &Reject{Code: CodeDestroyed, Column: c.shortLabel(), Reason: fmt.Sprintf(
		`%s is "%s", %s; if it is meant to be so, write ="%[2]s"`, c.shortLabel(), products.Shorten(cell), why)}
}

// hintOddities tells of what is odd in a file.
func (m *mapping) hintOddities(odd []oddity) (hints []Hint) {
	for i := range odd {
		o := &odd[i]
		switch {
		case o.count == 0:
		case i == len(m.targets):
			hints = append(hints, Hint{Text: fmt.Sprintf("%s of the column %q such as %q in line %d: a spreadsheet takes "+
				"that for a number, so see whether all of them are as they were, and give the column the format text there",
				values(o.count), m.columns[m.key].shortLabel(), products.Shorten(o.text), o.line)})
		default:
			hints = append(hints, Hint{Text: fmt.Sprintf("%s of the column %q such as %q in line %d, %s; they are taken as "+
				"they stand", values(o.count), m.columns[m.targets[i].column].shortLabel(), products.Shorten(o.text),
				o.line, spelling.Destroyed(o.text))})
		}
	}
	return hints
}

// values is so many values.
func values(n int64) string {
	if n == 1 {
		return "there is 1 value"
	}
	return fmt.Sprintf("there are %d values", n)
}
