package importer

import (
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// Where names leave it open what columns hold, the values of the records at the file's beginning are looked at: of its
// first block, which stays to be parsed. A file whose names are sure costs nothing.

// sample is the file's first records, nil for none.
type sample struct{ parsed }

// peek reads the first records behind the header, and leaves them to be read. Where there are none the sample is nil.
func (in *input) peek() (*sample, error) {
	b := &dialect.Block{}
	switch err := in.next(b); {
	case errors.Is(err, io.EOF), errors.Is(err, errBeyond):
		return nil, nil
	case err != nil:
		return nil, err
	}
	in.ahead = append(in.ahead, b)
	return &sample{parsed{block: b, text: b.Text()}}, nil
}

// cells calls f with what the records have in a column, but for white space around it: "" where they are too short.
func (s *sample) cells(column int, f func(cell string)) {
	if s == nil {
		return
	}
	for i := range s.block.Len() {
		r := s.raw(i)
		switch {
		case s.block.Span(i).Damage != dialect.Intact:
		case column < len(r.fields):
			f(trimmedName(r.value(column)))
		default:
			f("")
		}
	}
}

// traits are what a column's cells are like.
type traits struct {
	records  int // all of the sample
	filled   int
	repeated int // filled with what an earlier one has too
	codes    int // like a code: short, in one line, no address and no markup
}

func (s *sample) traits(column int) (t traits) {
	seen := map[string]bool{}
	s.cells(column, func(cell string) {
		t.add(cell, seen[cell])
		seen[cell] = true
	})
	return t
}

// add adds a record's cell; again says that an earlier record has the same.
func (t *traits) add(cell string, again bool) {
	t.records++
	if cell == "" {
		return
	}
	t.filled++
	if again {
		t.repeated++
	}
	if likeCode(cell) {
		t.codes++
	}
}

// maxCode is how many characters a code has at most, and maxSpaces how many spaces.
const maxCode, maxSpaces = 64, 3

func likeCode(cell string) bool {
	return utf8.RuneCountInString(cell) <= maxCode && strings.Count(cell, " ") <= maxSpaces &&
		!strings.Contains(cell, "://") && !strings.ContainsFunc(cell, func(r rune) bool {
		return unicode.IsControl(r) || r == '<' || r == '>'
	})
}

// identify reports whether the values can tell products apart: nearly all records have one, hardly any the same, and
// nearly all are like codes.
func (t traits) identify() bool {
	return t.filled > 0 && 10*t.filled >= 9*t.records && 20*t.repeated <= t.filled && 10*t.codes >= 9*t.filled
}

// most reports whether at least half of the records have something in the column. So does a file without records: there
// the names alone decide.
func (t traits) most() bool { return 2*t.filled >= t.records }

// empty reports whether no record has anything in the column, though there are records.
func (t traits) empty() bool { return t.filled == 0 && t.records > 0 }

// same reports whether all records have the same in both columns.
func (s *sample) same(a, b int) bool {
	var cells []string
	s.cells(a, func(cell string) { cells = append(cells, cell) })
	same := true
	s.cells(b, func(cell string) {
		same = same && cells[0] == cell
		cells = cells[1:]
	})
	return same
}

// readable returns how many of the column's filled cells are values of the field, and the first one that is none.
func (s *sample) readable(field *products.Field, c Column) (n int, other string) {
	format, _ := spelling.NewSurvey(field, c.Name, spelling.Settings{}).Decide()
	if format == nil {
		return 0, ""
	}
	s.cells(c.Number-1, func(cell string) {
		if cell == "" {
			return
		}
		if _, fault := format.Text(cell); fault == nil {
			n++
		} else if other == "" {
			other = cell
		}
	})
	return n, other
}

// sampled returns the file's first records. Where they can't be read the mapping fails in the end.
func (m *mapping) sampled() *sample {
	if m.look != nil {
		m.sample, m.unread = m.look()
		m.look = nil
	}
	return m.sample
}

// traits are those of the column at an index.
func (m *mapping) traits(i int) traits {
	t, known := m.looked[i]
	if !known {
		if m.looked == nil {
			m.looked = map[int]traits{}
		}
		t = m.sampled().traits(i)
		m.looked[i] = t
	}
	return t
}
