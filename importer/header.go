package importer

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
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
	FieldStatus: {"status", "productstatus", "published", "active", "active01", "enabled", "isactive", "ispublished",
		"publishedononlinestore", magentoStatus},
}

// magentoStatus is the plain name of a column with words of its own, see mapping.status.
const magentoStatus = "productonline"

// groupAliases are the names of the column that a product's variants share, as plain leaves them, best first.
var groupAliases = []string{"handle", "urlhandle", "producthandle", "slug", parentColumn}

const (
	// parentColumn is WooCommerce's: a variation's names its product's SKU, or "id:" and its ID.
	parentColumn = "parent"
	// idColumn is the plain name of the column of such IDs.
	idColumn = "id"
)

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
	// Name is the header's, empty without one, and where nobody sees anything of it.
	Name string `json:"name,omitempty"`
	// Field is the field that it sets, empty for none.
	Field string `json:"field,omitempty"`
	// Attribute is the name under which it is kept, empty if it isn't.
	Attribute string `json:"attribute,omitempty"`
	// Group tells that it says which records are variants of one product, see Options.Group.
	Group bool `json:"group,omitempty"`
}

// Ignored tells whether nothing becomes of the column.
func (c Column) Ignored() bool { return c.Field == "" && c.Attribute == "" && !c.Group }

// label is the column's name, or its number where it has none.
func (c Column) label() string {
	if c.Name != "" {
		return c.Name
	}
	return strconv.Itoa(c.Number)
}

// shown names the column in messages, which are many where records are: at most 100 characters of it.
func (c Column) shown() string { return cut(c.label(), 100) }

// cut cuts a text to so many characters.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "..."
		}
	}
	return text
}

// ofRejects tells whether the column is one that RejectWriter put behind those of a file.
func (c Column) ofRejects() bool { return slices.Contains(RejectColumns, c.Name) }

// findRejects returns the index of the first of RejectColumns among the names of a header, -1 where they aren't there.
func findRejects(names []string) int {
	for i := range len(names) - len(RejectColumns) + 1 {
		if slices.Equal(names[i:i+len(RejectColumns)], RejectColumns) {
			return i
		}
	}
	return -1
}
