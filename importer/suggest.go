package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Hint is advice on what the columns of a file were taken for: something that looks like a mistake, but need not be one.
type Hint struct {
	// Field is the field to map, as in Options.Map, Column the name of the column that may be meant for it, or its number
	// from 1 where the name isn't unique.
	Field  string `json:"field"`
	Column string `json:"column"`
	// Text is a sentence that says why.
	Text string `json:"text"`
}

// identifiers are the names of columns that can stand in for a SKU, as plain leaves them, best first.
var identifiers = []string{"handle", "urlhandle", "producthandle", "slug", "articleno", "itemno", "partno", "model", "mpn",
	"code", "ean", "ean13", "gtin", "upc", "barcode", "variantbarcode", "id", "productid"}

// reference is how Options.Map names the column.
func (m *mapping) reference(i int) string {
	name := m.columns[i].Name
	for j, c := range m.columns {
		if j != i && plain(c.Name) == plain(name) {
			return strconv.Itoa(i + 1)
		}
	}
	return name
}

// unclaimed tells whether the column may be suggested for a field.
func unclaimed(c Column) bool { return c.Field == "" && !c.ofRejects() }

// resembling returns the column that may be meant for a field for which there is none, -1 for none: one whose name is
// misspelt, then one whose name begins or ends with the field's, then one that can stand in for it.
func (m *mapping) resembling(field string) int {
	if i := closest(m.columns, aliases[field], unclaimed); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(m.columns, func(c Column) bool {
		return unclaimed(c) && (strings.HasPrefix(plain(c.Name), field) || strings.HasSuffix(plain(c.Name), field))
	}); i >= 0 {
		return i
	}
	if field == FieldSKU {
		return m.identifier()
	}
	return -1
}

// identifier returns the column that can best stand in for the SKU, -1 for none.
func (m *mapping) identifier() int {
	for _, name := range identifiers {
		if i := slices.IndexFunc(m.columns, func(c Column) bool { return unclaimed(c) && plain(c.Name) == name }); i >= 0 {
			return i
		}
	}
	return -1
}

// misspelt gives hints at columns that nothing becomes of, but whose names are nearly those of fields for which there is
// none.
func (m *mapping) misspelt() {
	for _, field := range fieldNames {
		if slices.ContainsFunc(m.columns, func(c Column) bool { return c.Field == field }) {
			continue
		}
		if i := closest(m.columns, aliases[field], func(c Column) bool { return unclaimed(c) && !c.Group }); i >= 0 {
			m.hints = append(m.hints, Hint{Field: field, Column: m.reference(i), Text: fmt.Sprintf(
				"no column is known as the %s; did you mean %q?", field, m.columns[i].Name)})
		}
	}
}

// lacksSKU gives a hint when every record of a file lacked a SKU.
func (m *mapping) lacksSKU(records int64) {
	i := m.identifier()
	if i < 0 {
		return
	}
	m.hints = append(m.hints, Hint{Field: FieldSKU, Column: m.reference(i), Text: fmt.Sprintf(
		"each of the %d records was rejected for its empty SKU; if the column %q tells products apart, map sku to it", records, m.columns[i].Name)})
}

// closest returns the column whose name is the least misspelt of the given plain names, -1 where none is near enough. Of
// equals the first wins. A nil filter takes every column.
func closest(columns []Column, names []string, filter func(Column) bool) int {
	found, least := -1, 3
	for i, c := range columns {
		if filter != nil && !filter(c) {
			continue
		}
		have := plain(c.Name)
		for _, name := range names {
			// A third of the letters may differ, and two at most.
			if d := distance(have, name); d < least && 3*d <= len(name) && have != "" {
				found, least = i, d
			}
		}
	}
	return found
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
