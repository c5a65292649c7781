package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// The fields that a column can be mapped to.
const (
	FieldSKU         = "sku"
	FieldName        = "name"
	FieldDescription = "description"
	FieldStatus      = "status"
)

var fieldNames = []string{FieldSKU, FieldName, FieldDescription, FieldStatus}

func isField(name string) bool { return slices.Contains(fieldNames, name) }

// aliases are the names under which shops and spreadsheets export a field, as plain leaves them, best first.
var aliases = map[string][]string{
	FieldSKU: {"sku", "variantsku", "productsku", "itemsku", "skucode", "stockkeepingunit", "reference", "productcode",
		"itemnumber", "articlenumber", "partnumber"},
	FieldName:        {"name", "title", "productname", "producttitle", "itemname"},
	FieldDescription: {"description", "bodyhtml", "productdescription", "longdescription", "body", "shortdescription", "summary"},
	FieldStatus:      {"status", "productstatus", "published", "active", "active01", "enabled", "isactive", "ispublished", "productonline"},
}

// plain reduces a column's name to its lower-case letters and digits.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Column is a column of a file, and what becomes of it.
type Column struct {
	// Number counts from 1.
	Number int `json:"number"`
	// Name is the header's, empty without one.
	Name string `json:"name,omitempty"`
	// Field is the field that it sets, empty for none.
	Field string `json:"field,omitempty"`
	// Attribute is the name under which it is kept, empty if it isn't.
	Attribute string `json:"attribute,omitempty"`
}

// Ignored tells whether nothing becomes of the column.
func (c Column) Ignored() bool { return c.Field == "" && c.Attribute == "" }

// label names the column in messages.
func (c Column) label() string {
	if c.Name != "" {
		return c.Name
	}
	return strconv.Itoa(c.Number)
}

// mapping says which column sets which field.
type mapping struct {
	columns []Column
	// Indexes of columns; -1 where a field has none.
	sku, name, description, status int
	extra                          []int // those of the attributes
	need                           int   // fields that a record must have to hold them all
	header                         []string
}

// mapColumns maps the columns of a file whose first record has the given fields.
func mapColumns(first []string, o *Options) (*mapping, error) {
	m := &mapping{columns: make([]Column, len(first))}
	named := o.Header == HeaderAuto || o.Header == HeaderYes
	if named {
		m.header = first
	}
	for i, name := range first {
		m.columns[i].Number = i + 1
		if named {
			m.columns[i].Name = UnescapeFormula(strings.TrimSpace(name))
		}
		if named && (!utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0) {
			return nil, inputError("the name of column %d is not UTF-8 text: %q", i+1, name)
		}
	}
	at := map[string]int{}
	for _, field := range fieldNames {
		i, err := m.find(field, named, first, o)
		if err != nil {
			return nil, err
		}
		at[field] = i
		if i < 0 {
			continue
		}
		if other := m.columns[i].Field; other != "" {
			return nil, &HeaderError{Found: first, Detail: fmt.Sprintf("column %q is wanted for both %s and %s", m.columns[i].label(), other, field)}
		}
		m.columns[i].Field = field
	}
	m.sku, m.name, m.description, m.status = at[FieldSKU], at[FieldName], at[FieldDescription], at[FieldStatus]
	var missing []string
	for _, field := range []string{FieldSKU, FieldName} {
		if at[field] < 0 {
			missing = append(missing, field)
		}
	}
	if len(missing) > 0 {
		e := &HeaderError{Found: first, Missing: missing}
		switch {
		case !named:
			e.Detail = fmt.Sprintf("without a header the columns are %s, but the first record has %d", strings.Join(Positions, ","), len(first))
		case len(missing) == 2 && m.description < 0 && m.status < 0:
			e.Detail = "the first record has no known column name; say so if the file has no header"
		}
		return nil, e
	}
	m.need = max(m.sku, m.name, m.description, m.status) + 1
	return m, m.keepExtra(o)
}

// find returns the column of a field, -1 for none.
func (m *mapping) find(field string, named bool, first []string, o *Options) (int, error) {
	if want, given := o.Map[field]; given {
		return m.findGiven(field, want, first)
	}
	if !named {
		if i := slices.Index(Positions, field); i < len(first) {
			return i, nil
		}
		return -1, nil
	}
	for _, alias := range aliases[field] {
		found := -1
		for i := range m.columns {
			if plain(m.columns[i].Name) != alias || o.claims(m.columns[i]) {
				continue
			}
			if found >= 0 {
				return -1, &HeaderError{Found: first, Detail: fmt.Sprintf("columns %d and %d are both called %s; map the right one", found+1, i+1, alias)}
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

// findGiven finds the column that Options.Map names: by its exact name, its plain name or its number.
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
	return -1, &HeaderError{Found: first, Detail: fmt.Sprintf("there is no column %q, to which %s is mapped", want, field)}
}

// keepExtra decides on the columns that no field claims.
func (m *mapping) keepExtra(o *Options) error {
	var unclaimed []string
	taken := map[string]bool{}
	for i := range m.columns {
		c := &m.columns[i]
		if c.Field != "" || slices.Contains(RejectColumns, c.Name) {
			continue
		}
		unclaimed = append(unclaimed, c.label())
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
