package importer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/products-importer/products-importer/products"
)

// MissingField is a field for which the file needs a column, and has none, or none that is certain.
type MissingField struct {
	Field string `json:"field"`
	// Detail is a sentence about what is wrong.
	Detail string `json:"detail"`
	// Suggestions are at most five columns that may be meant for it, the likeliest first.
	Suggestions []Suggestion `json:"suggestions"`
}

// Suggestion is a column that may be meant for a field.
type Suggestion struct {
	// Column is the column as Options.Map names it.
	Column string `json:"column"`
	// Detail says what is in it, such as "2,000 values, all different".
	Detail string `json:"detail"`
}

// mostSuggestions is how many columns are suggested for a field.
const mostSuggestions = 5

// missing returns the fields for which a plan that failed with the error has no column. The mapping knows what the
// columns' values are like: of the whole file, or so far.
func (m *mapping) missing(failed error, looked []lookedAt, whole bool, o *Options) (fields []MissingField) {
	var header *HeaderError
	if !errors.As(failed, &header) {
		header = &HeaderError{}
	}
	look := func(f *products.Field) {
		detail := header.Detail
		if detail == "" || slices.Contains(header.Missing, f.Name) && len(header.Missing) > 1 {
			detail = "the header has no column for " + f.Name
		}
		found := MissingField{Field: f.Name, Detail: detail, Suggestions: []Suggestion{}}
		for _, i := range m.mayBe(f, header.Suggestions[f.Name], looked, o) {
			detail := m.traits(i).describe()
			if !whole {
				detail += ", so far"
			}
			if other := m.columns[i].Field; other != "" {
				detail += fmt.Sprintf("; it is the %s too, so map both to it", other)
			}
			found.Suggestions = append(found.Suggestions, Suggestion{Column: m.reference(i), Detail: detail})
		}
		fields = append(fields, found)
	}
	if m.key < 0 {
		look(m.schema.Key())
	}
	for _, f := range m.schema.All() {
		if f.Required() && o.Mode != products.Existing &&
			!slices.ContainsFunc(m.targets, func(t target) bool { return t.field == f }) {
			look(f)
		}
	}
	return fields
}

// mayBe returns the columns that may be meant for a field, the likeliest first: what was suggested already, then those
// whose names say so, and then those whose values look like it.
func (m *mapping) mayBe(f *products.Field, suggested string, looked []lookedAt, o *Options) (found []int) {
	add := func(columns ...int) {
		for _, i := range columns {
			if i >= 0 && len(found) < mostSuggestions && !slices.Contains(found, i) && !m.traits(i).empty() {
				found = append(found, i)
			}
		}
	}
	add(m.referred(suggested))
	fitting := func(fits func(i int) bool) (fit []int) {
		for i, c := range m.columns {
			if unclaimed(c) && !o.claims(c) && m.traits(i).records > 0 && fits(i) {
				fit = append(fit, i)
			}
		}
		return fit
	}
	isKey := f == m.schema.Key()
	if m.hasHeader {
		if isKey {
			add(filter(m.saying(o), m.identifies)...)
		}
		add(filter(m.candidates(f.ColumnNames(), o), func(i int) bool { return m.traits(i).most() })...)
		if isKey {
			add(m.identifier())
		} else if f.Builtin() {
			add(m.standIn(f, nameLikes))
		}
	}
	if isKey {
		identify := fitting(func(i int) bool { return m.identifies(i) && !areMeasures(looked[i].samples) })
		add(filter(identify, func(i int) bool { return areNumbered(looked[i].samples) })...)
		add(identify...)
	} else {
		add(fitting(func(i int) bool { return m.traits(i).names() && areWords(looked[i].samples) })...)
		if f.Builtin() && m.key >= 0 && o.mapsTo(m.schema.Key().Name) {
			add(m.key) // both may be mapped to it
		}
	}
	return found
}

// referred returns the column that has such a reference, -1 for none.
func (m *mapping) referred(reference string) int {
	if reference == "" {
		return -1
	}
	return slices.IndexFunc(m.columns, func(c Column) bool {
		return (c.Name == reference || strconv.Itoa(c.Number) == reference) && m.reference(c.Number-1) == reference
	})
}

// names reports whether products may have the values as their names: most records have one, and most differ.
func (t traits) names() bool { return t.most() && 2*t.repeated <= t.filled }

// areNumbered reports whether each of the samples has a digit in it.
func areNumbered(samples []string) bool {
	return !slices.ContainsFunc(samples, func(s string) bool { return !strings.ContainsFunc(s, unicode.IsDigit) })
}

// areMeasures reports whether each of the samples is a number, and one has decimals, as prices and weights have them.
func areMeasures(samples []string) bool {
	other := func(r rune) bool { return !strings.ContainsRune("0123456789.,-+ ", r) }
	return slices.ContainsFunc(samples, func(s string) bool { return strings.ContainsAny(s, ".,") }) &&
		!slices.ContainsFunc(samples, func(s string) bool { return strings.ContainsFunc(s, other) })
}

// areWords reports whether each of the samples has three letters at least, and none is an address or has markup.
func areWords(samples []string) bool {
	return !slices.ContainsFunc(samples, func(s string) bool {
		letters := 0
		for _, r := range s {
			if unicode.IsLetter(r) {
				letters++
			}
		}
		return letters < 3 || strings.Contains(s, "://") || strings.Contains(s, "<")
	})
}

// describe says how many values there are, and how many differ.
func (t traits) describe() string {
	var text string
	switch {
	case t.records == 0:
		return "no record shows what is in it"
	case t.filled == 0:
		return "empty in all records"
	case t.filled == 1:
		text = "1 value"
	case t.repeated == 0:
		text = thousands(t.filled) + " values, all different"
	default:
		text = fmt.Sprintf("%s values, %s different", thousands(t.filled), thousands(t.filled-t.repeated))
	}
	switch empty := t.records - t.filled; {
	case empty == 1:
		text += "; empty in 1 record"
	case empty > 1:
		text += fmt.Sprintf("; empty in %s records", thousands(empty))
	}
	return text
}

// thousands writes a number with commas.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
