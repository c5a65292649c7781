package spelling

import (
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// The kinds of a [Question].
const (
	KindNumber   = "number"
	KindDate     = "date"
	KindCurrency = "currency"
	KindUnit     = "unit"
)

// Question says why a column can't be read without being told more.
type Question struct {
	// Field is the field's name, Column that of its column in the file.
	Field, Column string
	// Kind is one of the constants: what it is about.
	Kind string
	// Text is the question: a sentence with the values, their lines, and how each can be read.
	Text string
	// Answers are the settings that answer it, as [Signs] or [Orders] take them; none if the file or the field is to be
	// changed.
	Answers []string
	// Values are the cells that it is about, by line.
	Values []Value
	// Readings are how the first of Values reads with each of Answers, in their order; Reads is "" where it can't be.
	Readings []Reading
	// Final: it remains whatever other cells the column has. Else a cell that was not surveyed may answer it.
	Final bool
}

// Value is a cell of a file.
type Value struct {
	Line int64 // 0 for the column's name
	Text string
}

// Reading is what an answer makes of a cell.
type Reading struct {
	// Answer is a Sign or an Order, as its MarshalText writes it.
	Answer string
	// Reads is the number, with a point before the decimals, or the date as YYYY-MM-DD.
	Reads string
}

// Error returns the text.
func (q *Question) Error() string { return q.Text }

// Decide returns how the column is spelled, as far as the cells that were added tell; or the question that they leave.
// Of two cells that decide in different ways the first one does. The survey may go on.
func (s *Survey) Decide() (*Format, *Question) {
	f := newFormat(s.field, s.heading, s.settings)
	switch s.field.Type {
	case products.Integer, products.Decimal:
		return f.decideNumbers(s)
	case products.Date, products.Timestamp:
		return f.decideDates(s)
	case products.Boolean:
		f.decideWords(&s.flags)
	}
	return f, nil
}

func (f *Format) decideNumbers(s *Survey) (*Format, *Question) {
	if unit := s.unit; unit != "" && !sameUnit(unit, s.field.Unit) &&
		(currency(unit) == "" || s.field.Unit != "" && currency(s.field.Unit) == "") {
		q := s.question(KindUnit, true, witness{text: trim(s.heading), seen: true})
		if s.field.Unit == "" {
			q.Text = fmt.Sprintf("the column %s is in %s, but the field %s declares no unit: declare it, or change the column",
				f.label, unit, s.field.Name)
		} else {
			q.Text = fmt.Sprintf("the column %s is in %s, but the field %s is in %s: convert the column, or declare the unit",
				f.label, unit, s.field.Name, s.field.Unit)
		}
		return nil, q
	}
	codes, clash := s.currencies.decide()
	if clash != nil {
		q := s.question(KindCurrency, true)
		var seen []string
		for _, c := range clash {
			q.Values = append(q.Values, Value{c.line, c.text})
			if c.line == 0 && c.text == s.field.Unit {
				seen = append(seen, fmt.Sprintf("the field's unit is %s", c.text))
			} else {
				seen = append(seen, fmt.Sprintf("%s has %s", place(c.line), c.text))
			}
		}
		q.Text = fmt.Sprintf("the column %s has several currencies: %s; a column can only have one",
			f.label, strings.Join(seen, ", "))
		return nil, q
	}
	f.codes, f.currency = codes, s.currencies.name(codes)
	if s.group.seen {
		f.group = s.group.text
	}
	switch {
	case s.settings.Sign != 0:
	case s.point.seen && (!s.comma.seen || s.point.line <= s.comma.line):
		f.sign, f.decider = '.', s.point
	case s.comma.seen:
		f.sign, f.decider = ',', s.comma
	case s.twoWays[0].seen:
		q := s.question(KindNumber, false, s.twoWays[:]...)
		q.Answers = []string{s.field.Name + "=,", s.field.Name + "=."}
		first := q.Values[0].Text
		q.Readings = []Reading{{",", readAs(first, ',')}, {".", readAs(first, '.')}}
		var ways []string
		for _, v := range q.Values {
			ways = append(ways, fmt.Sprintf("%s: %q is %s or %s", place(v.Line), v.Text,
				readAs(v.Text, ','), readAs(v.Text, '.')))
		}
		q.Text = fmt.Sprintf(`the numbers of the column %s can be read in two ways (%s): `+
			`say whether "," or "." stands before the decimals`, f.label, strings.Join(ways, "; "))
		return nil, q
	}
	return f, nil
}

// readAs is the number in the cell, read with that sign, for a sentence.
func readAs(cell string, sign Sign) string {
	n, _ := scan(cell)
	whole, decimals, _ := n.split(sign)
	text, _, _ := appendNumber(nil, n.negative, whole, decimals, len(decimals))
	return string(text)
}

func (f *Format) decideDates(s *Survey) (*Format, *Question) {
	if s.zoneless.seen {
		f.zoneless = s.zoneless
	}
	f.iso = s.iso.seen
	if s.settings.Order != 0 {
		return f, nil
	}
	for order, w := range s.order {
		if w.seen && (!f.decider.seen || w.line < f.decider.line) {
			f.order, f.decider = Order(order), w
		}
	}
	switch {
	case f.decider.seen:
	case s.slashes[0].seen:
		q := s.question(KindDate, false, s.slashes[:]...)
		s.askOrder(q, f.label)
		return nil, q
	case s.points[0].seen:
		f.order, f.assumed, f.decider = DMY, true, s.points[0]
	}
	return f, nil
}

// askOrder asks for the order of the question's dates.
func (s *Survey) askOrder(q *Question, label string) {
	var all [4]bool
	var dates []string
	for _, v := range q.Values {
		st, _ := parseStamp(v.Text)
		can, _, _ := st.readings()
		var days []string
		for _, order := range [...]Order{DMY, MDY, YMD} {
			if can[order] {
				d, _ := st.day(order)
				days = append(days, string(d.append(nil)))
				all[order] = true
			}
		}
		dates = append(dates, fmt.Sprintf("%s: %q is %s", place(v.Line), v.Text, either(days)))
	}
	first, _ := parseStamp(q.Values[0].Text)
	can, _, _ := first.readings()
	var firsts []string
	for _, order := range [...]Order{DMY, MDY, YMD} {
		if all[order] {
			q.Answers = append(q.Answers, s.field.Name+"="+order.String())
			reads := ""
			if can[order] {
				d, _ := first.day(order)
				reads = string(d.append(nil))
			}
			q.Readings = append(q.Readings, Reading{order.String(), reads})
			firsts = append(firsts, fmt.Sprintf("the %s (%v)", order.first(), order))
		}
	}
	q.Text = fmt.Sprintf("the dates of the column %s can be read in several ways (%s): say whether %s comes first",
		label, strings.Join(dates, "; "), either(firsts))
}

// either lists the choices of a sentence.
func either(choices []string) string {
	last := len(choices) - 1
	if last < 1 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

func (s *Survey) question(kind string, final bool, values ...witness) *Question {
	q := &Question{Field: s.field.Name, Column: s.heading, Kind: kind, Final: final}
	for _, v := range values {
		if v.seen {
			q.Values = append(q.Values, Value{v.line, v.text})
		}
	}
	return q
}

// place names a line in a sentence.
func place(line int64) string {
	if line == 0 {
		return "the header"
	}
	return fmt.Sprintf("line %d", line)
}
