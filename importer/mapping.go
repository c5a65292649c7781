package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// mapping says which column sets which field.
type mapping struct {
	columns []Column
	// Indexes of columns; -1 where a field has none.
	sku, name, description, status int
	extra                          []int // those of the attributes
	need                           int   // fields that a record must have to hold them all
	twoIsOff                       bool  // a status of 2 is Magento's for disabled
	family
	// header names the columns where rejects are written; named tells that the names are the file's.
	header []string
	named  bool
	// rejects is the index of the first of RejectColumns, -1 where the file is none of rejects. In one that is the first
	// record is no product, whatever Options.Header says.
	rejects int
	hints   []Hint
}

// mapColumns maps the columns of a file whose first record has the given fields.
func mapColumns(first []string, o *Options) (*mapping, error) {
	m := &mapping{columns: make([]Column, len(first)), header: first, named: o.Header == HeaderAuto || o.Header == HeaderYes}
	if err := m.readNames(first); err != nil {
		return nil, err
	}
	at := map[string]int{}
	for _, field := range fieldNames {
		i, err := m.find(field, first, o)
		if err != nil {
			return nil, err
		}
		at[field] = i
		if i < 0 {
			continue
		}
		if other := m.columns[i].Field; other != "" {
			return nil, &HeaderError{Found: first, Detail: fmt.Sprintf("column %q is wanted for both %s and %s", m.columns[i].shown(), other, field)}
		}
		m.columns[i].Field = field
	}
	m.sku, m.name, m.description, m.status = at[FieldSKU], at[FieldName], at[FieldDescription], at[FieldStatus]
	if err := m.complete(first); err != nil {
		return nil, err
	}
	m.need = max(m.sku, m.name, m.description, m.status) + 1
	m.twoIsOff = m.status >= 0 && plain(m.columns[m.status].Name) == magentoStatus
	var err error
	if m.family, err = m.findFamily(first, o); err != nil {
		return nil, err
	}
	m.misspelt()
	if !m.named && o.Header == HeaderNo && m.rejects < 0 {
		m.header = m.madeUpHeader()
	}
	return m, m.keepExtra(o)
}

// readNames fills in the columns' names, as far as the file has any.
func (m *mapping) readNames(first []string) error {
	m.rejects = findRejects(first)
	for i, name := range first {
		m.columns[i].Number = i + 1
		if m.named || m.rejects >= 0 && i >= m.rejects && i < m.rejects+len(RejectColumns) {
			m.columns[i].Name = named(UnescapeFormula(name))
		}
		if m.named && (!utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0) {
			return inputError("the name of column %d is not UTF-8 text: %q", i+1, products.Shorten(name))
		}
	}
	return nil
}

// complete returns an error where a column is missing that every file must have.
func (m *mapping) complete(first []string) error {
	e := &HeaderError{Found: first, Suggestions: map[string]string{}}
	for _, field := range []string{FieldSKU, FieldName} {
		i := m.sku
		if field == FieldName {
			i = m.name
		}
		if i >= 0 {
			continue
		}
		e.Missing = append(e.Missing, field)
		if like := m.resembling(field); like >= 0 && m.named {
			e.Suggestions[field] = m.reference(like)
		}
	}
	switch {
	case len(e.Missing) == 0:
		return nil
	case !m.named:
		e.Detail = fmt.Sprintf("without a header the columns are %s, but the first record has %d", strings.Join(Positions, ","), len(first))
	case len(first) == 1 && strings.ContainsAny(first[0], ",;\t|"):
		e.Detail, e.Suggestions = "the first line has one column; say so if another character separates its columns", nil
	case len(e.Missing) == 2 && m.description < 0 && m.status < 0:
		e.Detail = "the first record has no known column name; say so if the file has no header"
	}
	return e
}

// madeUpHeader names the columns of a file without a header, so that its rejects can have one.
func (m *mapping) madeUpHeader() []string {
	names := make([]string, len(m.columns))
	for i, c := range m.columns {
		if names[i] = c.Field; c.Field == "" {
			names[i] = fmt.Sprintf("column %d", c.Number)
		}
	}
	return names
}

// find returns the column of a field, -1 for none.
func (m *mapping) find(field string, first []string, o *Options) (int, error) {
	if want, given := o.Map[field]; given {
		return m.findGiven(field, want, first)
	}
	if !m.named {
		i := slices.Index(Positions, field)
		if i < 0 || i >= len(first) || m.columns[i].ofRejects() || o.claims(m.columns[i]) {
			return -1, nil
		}
		return i, nil
	}
	for _, alias := range aliases[field] {
		found := -1
		for i := range m.columns {
			if plain(m.columns[i].Name) != alias || o.claims(m.columns[i]) {
				continue
			}
			if found >= 0 {
				return -1, &HeaderError{Found: first, Detail: fmt.Sprintf(
					"columns %d and %d are both called %s; map the right one by its number, %s=%d or %s=%d", found+1, i+1, alias, field, found+1, field, i+1)}
			}
			found = i
		}
		if found >= 0 {
			return found, nil
		}
	}
	return -1, nil
}

// claims tells whether the map gives the column to a field.
func (o *Options) claims(c Column) bool {
	for _, want := range o.Map {
		if want == c.Name || want == strconv.Itoa(c.Number) {
			return true
		}
	}
	return false
}

// findGiven finds the column that the options name: by its exact name, its plain name or its number.
func (m *mapping) findGiven(field, want string, first []string) (int, error) {
	for _, same := range []func(name string) bool{
		func(name string) bool { return name != "" && name == strings.TrimSpace(want) },
		func(name string) bool { return plain(name) != "" && plain(name) == plain(want) },
	} {
		found := slices.IndexFunc(m.columns, func(c Column) bool { return same(c.Name) })
		if found < 0 {
			continue
		}
		if again := slices.IndexFunc(m.columns[found+1:], func(c Column) bool { return same(c.Name) }); again >= 0 {
			return -1, &HeaderError{Found: first, Detail: fmt.Sprintf("columns %d and %d are both called %q; map %s by number", found+1, found+again+2, want, field)}
		}
		return found, nil
	}
	if n, err := strconv.Atoi(want); err == nil && n >= 1 && n <= len(m.columns) {
		return n - 1, nil
	}
	e := &HeaderError{Found: first, Detail: fmt.Sprintf("there is no column %q, to which %s is mapped", want, field)}
	if like := closest(m.columns, []string{plain(want)}, nil); like >= 0 {
		e.Suggestions = map[string]string{field: m.reference(like)}
	}
	return -1, e
}

// keepExtra decides on the columns that no field claims.
func (m *mapping) keepExtra(o *Options) error {
	var unclaimed []string
	taken := map[string]bool{}
	for i := range m.columns {
		c := &m.columns[i]
		if c.Field != "" || c.ofRejects() {
			continue
		}
		if !c.Group || o.Group == "" {
			unclaimed = append(unclaimed, c.label())
		}
		if o.Extra != ExtraKeep {
			continue
		}
		// Two columns of one name are both kept: the later one goes by its number too.
		c.Attribute = c.label()
		if c.Name == "" || taken[c.Attribute] {
			c.Attribute = strings.TrimSpace(fmt.Sprintf("%s column %d", c.Name, c.Number))
		}
		taken[c.Attribute] = true
		if utf8.RuneCountInString(c.Attribute) > products.MaxAttributeName {
			return inputError("the name of column %d is longer than the %d characters of an attribute's name", c.Number, products.MaxAttributeName)
		}
		m.extra = append(m.extra, i)
	}
	if len(m.extra) > products.MaxAttributes {
		return inputError("it has %d columns to be kept as attributes, more than %d", len(m.extra), products.MaxAttributes)
	}
	if o.Extra == ExtraReject && len(unclaimed) > 0 {
		return inputError("it has columns that no field claims: %s", quoteList(unclaimed))
	}
	return nil
}

// batchColumns says what the records of the file set.
func (m *mapping) batchColumns() products.Columns {
	c := products.Columns{Description: m.description >= 0, Status: m.status >= 0}
	for _, i := range m.extra {
		c.Attributes = append(c.Attributes, m.columns[i].Attribute)
	}
	return c
}
