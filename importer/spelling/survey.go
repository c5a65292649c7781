package spelling

import (
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// Survey looks at the cells of one column for what tells how they are spelled. It keeps the first cell of each kind of
// evidence, so that its size is bounded, and takes cells in any order. It is not safe for concurrent use; parts of a
// file can be surveyed by a Survey each, which then are merged.
type Survey struct {
	field    *products.Field
	heading  string
	settings Settings

	// numbers
	unit         string    // of the column's name
	point, comma witness   // decides that it is the sign
	twoWays      witnesses // numbers that can be read with either
	group        witness   // what stands between groups
	currencies   currencies

	// dates
	order    [4]witness // decides, by Order
	points   witnesses  // may be read in two orders, and have points
	slashes  witnesses  // may be read in two orders, and have none
	iso      witness    // has the year first
	zoneless witness

	// booleans
	reader *Format
	flags  flags
}

// witness is a cell that is evidence, and its line. The zero witness is none.
type witness struct {
	text string
	line int64
	seen bool
}

// note keeps the cell if it is the first.
func (w *witness) note(text string, line int64) {
	if !w.seen || line < w.line {
		*w = witness{strings.Clone(text), line, true}
	}
}

func (w *witness) merge(later witness) {
	if later.seen && (!w.seen || later.line < w.line) {
		*w = later
	}
}

// witnesses are the first cells of a kind, ordered by line.
type witnesses [3]witness

func (w *witnesses) note(text string, line int64) {
	if last := &w[len(w)-1]; last.seen && last.line <= line {
		return
	}
	w.insert(witness{strings.Clone(text), line, true})
}

// insert puts a witness to its place, behind those of the same line.
func (w *witnesses) insert(next witness) {
	for i := range w {
		if !w[i].seen || next.line < w[i].line {
			w[i], next = next, w[i]
		}
		if !next.seen {
			return
		}
	}
}

func (w *witnesses) merge(later *witnesses) {
	for _, l := range later {
		if l.seen {
			w.insert(l)
		}
	}
}

// NewSurvey begins a survey of the column of that name, "" for one without, that holds the field. The field must not be
// changed.
func NewSurvey(field *products.Field, heading string, settings Settings) *Survey {
	s := &Survey{field: field, heading: heading, settings: settings}
	if field.Type == products.Boolean {
		s.reader = newFormat(field, heading, settings)
	}
	if field.Type == products.Integer || field.Type == products.Decimal {
		s.unit = unitOf(heading, field.Unit)
		for _, unit := range [...]string{s.unit, field.Unit} {
			if codes := currency(unit); codes != "" {
				s.currencies.add(codes, unit, 0)
			}
		}
	}
	return s
}

// Add looks at the cell in a line of the file, counted from 1. It keeps nothing of the cell but copies.
func (s *Survey) Add(cell string, line int64) {
	switch s.field.Type {
	case products.Integer, products.Decimal:
		s.number(cell, line)
	case products.Date, products.Timestamp:
		if s.field.Layout == "" {
			s.date(cell, line)
		}
	case products.Boolean:
		s.flags.note(s.reader, cell, line)
	}
}

func (s *Survey) number(cell string, line int64) {
	if allDigits(cell) {
		return
	}
	n, ok := scan(cell)
	if !ok || n.exponent {
		return
	}
	_, _, point := n.split('.')
	_, _, comma := n.split(',')
	if !point && !comma {
		return
	}
	behind, known := n.currencies(s.field.Unit)
	if !known {
		return
	}
	for i, codes := range behind {
		if codes != "" {
			s.currencies.add(codes, [...]string{n.before, n.behind}[i], line)
		}
	}
	var sign Sign
	if point != comma {
		sign = '.'
		if comma {
			sign = ','
		}
	}
	s.noteGroup(&n, sign, line)
	switch {
	case s.settings.Sign != 0 || !n.signs():
	case sign == 0:
		s.twoWays.note(trim(cell), line)
	case sign == '.':
		s.point.note(trim(cell), line)
	default:
		s.comma.note(trim(cell), line)
	}
}

// noteGroup notes what stands between the number's groups, where that is known: sign is 0 if either can be the sign.
func (s *Survey) noteGroup(n *number, sign Sign, line int64) {
	if n.points+n.commas+n.groups == 0 {
		return
	}
	for i := range len(n.middle) {
		c := n.middle[i]
		if digit(c) || c == byte(sign) || sign == 0 && (c == '.' || c == ',') {
			continue
		}
		width := 1
		if c != '.' && c != ',' {
			width = groupAt(n.middle[i:])
		}
		s.group.note(n.middle[i:i+width], line)
		return
	}
}

// currencies returns the codes of what stands before and behind the number, "" for nothing or the unit that is
// declared. known is false if it is anything else.
func (n *number) currencies(unit string) (codes [2]string, known bool) {
	if n.before != "" {
		if codes[0] = currency(n.before); codes[0] == "" {
			return codes, false
		}
	}
	if n.behind != "" && !sameUnit(n.behind, unit) {
		if codes[1] = currency(n.behind); codes[1] == "" {
			return codes, false
		}
	}
	// A unit that is no currency leaves no room for one.
	return codes, codes == [2]string{} || unit == "" || currency(unit) != ""
}

func (s *Survey) date(cell string, line int64) {
	if cell == "" {
		return
	}
	if canonicalDay(cell) || canonicalTime(cell) {
		s.iso.note(cell, line)
		if s.field.Type == products.Timestamp && len(cell) == len("2006-01-02") {
			s.zoneless.note(cell, line)
		}
		return
	}
	text := trim(cell)
	st, ok := parseStamp(text)
	if !ok {
		return
	}
	if s.field.Type == products.Timestamp && !st.zoned {
		s.zoneless.note(text, line)
	}
	if st.order == YMD {
		s.iso.note(text, line)
	}
	if st.order != 0 || s.settings.Order != 0 {
		return
	}
	can, count, same := st.readings()
	switch {
	case count == 1:
		s.order[slices.Index(can[:], true)].note(text, line)
	case same:
	case st.between == '.':
		s.points.note(text, line)
	default:
		s.slashes.note(text, line)
	}
}

// Merge adds what another survey of the same column has seen. The other may go on.
func (s *Survey) Merge(later *Survey) {
	s.point.merge(later.point)
	s.comma.merge(later.comma)
	s.twoWays.merge(&later.twoWays)
	s.group.merge(later.group)
	for _, c := range later.currencies {
		s.currencies.add(c.codes, c.text, c.line)
	}
	for i := range s.order {
		s.order[i].merge(later.order[i])
	}
	s.points.merge(&later.points)
	s.slashes.merge(&later.slashes)
	s.iso.merge(later.iso)
	s.zoneless.merge(later.zoneless)
	s.flags.merge(&later.flags)
}

// Varies reports whether columns spell the values of such a field in several ways, so that a survey usually has
// something to find out. It seldom has for a Boolean.
func Varies(field *products.Field) bool {
	switch field.Type {
	case products.Integer, products.Decimal:
		return true
	case products.Date, products.Timestamp:
		return field.Layout == ""
	}
	return false
}
