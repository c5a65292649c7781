package importer

import (
	"slices"
	"strconv"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// MapNone as a column of Options.Map says that no column holds the field.
const MapNone = "none"

// columnWords are the words of booleans in columns of single shops, by the columns' folded names: Magento's for
// disabled is 2.
var columnWords = map[string]map[string]bool{"productonline": {"2": false}}

// groupAliases are the names of the column that a product's variants share, as FoldName leaves them, best first.
var groupAliases = []string{"handle", "urlhandle", "producthandle", "handleid", "referencehandle", "slug",
	"productidnoneditable"}

// weakGroupAliases are those of columns that variants share in some files, and that each record has for itself in
// others.
var weakGroupAliases = []string{"productid", "itemid", "itemgroupid", "groupid", "parentid", "masterid"}

// parentAliases are the names of WooCommerce's column, in several languages, and of its like: a variation's names its
// product's SKU, or "id:" and its ID.
var parentAliases = []string{"parent", "parentsku", "übergeordnet", "superior", "genitore", "ascendente", "nadrzędny"}

// idColumn is the folded name of the column of such IDs.
const idColumn = "id"

// productAliases are the names of columns that in some files only a product has something in, and not its variants
// below it: those of groups, and these.
var productAliases = []string{"producturl", "urlslug", "urlkey", "permalink", "productpage"}

// feedColumns are the folded names of columns that every feed of products for Google has. There the ID is what tells
// products apart.
var feedColumns = []string{idColumn, "title", "link", "imagelink", "availability"}

// Column is a column of a file, and what becomes of it.
type Column struct {
	// Number counts from 1.
	Number int `json:"number"`
	// Name is the header's; empty without a header, and where the name has no character that people see.
	Name string `json:"name,omitempty"`
	// Field is the field that it sets, empty for none.
	Field string `json:"field,omitempty"`
	// Also are fields that it sets beside the key, since Options.Map says so.
	Also []string `json:"also,omitempty"`
	// Attribute is the name under which it is kept, empty if it isn't.
	Attribute string `json:"attribute,omitempty"`
	// LeftOut: Options.LeaveOut names it.
	LeftOut bool `json:"left_out,omitempty"`
	// Format says how the field's values are spelled, nil where there is nothing to say.
	Format *spelling.Description `json:"format,omitempty"`
	// Group: it says which records are variants of one product, see Options.Group.
	Group bool `json:"group,omitempty"`
}

// Ignored reports whether the import takes nothing from the column.
func (c Column) Ignored() bool { return c.Field == "" && c.Attribute == "" && !c.Group }

// label is the column's name, or its number where it has none.
func (c Column) label() string {
	if c.Name != "" {
		return c.Name
	}
	return strconv.Itoa(c.Number)
}

// shortLabel names the column in messages, which are many where records are: at most 100 characters of it.
func (c Column) shortLabel() string { return truncate(c.label(), 100) }

// truncate cuts a text to so many characters.
func truncate(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "..."
		}
	}
	return text
}

// ofRejects reports whether the column is one that RejectWriter put behind those of a file.
func (c Column) ofRejects() bool { return slices.Contains(rejectColumns, c.Name) }

func notOfRejects(c Column) bool { return !c.ofRejects() }

// isNote reports whether the column is one of those that RejectWriter puts behind those of a file, in a file of
// rejects. Nothing is taken from it by its name alone.
func (m *mapping) isNote(i int) bool {
	return m.rejects >= 0 && i >= m.rejects && i < m.rejects+len(rejectColumns)
}

// findRejects returns the index of the first of RejectColumns among the names of a header, -1 where they aren't there.
func findRejects(names []string) int {
	for i := range len(names) - len(rejectColumns) + 1 {
		if slices.Equal(names[i:i+len(rejectColumns)], rejectColumns) {
			return i
		}
	}
	return -1
}

// header returns how many fields of a product have their names in one of a file's first records, as far as that is
// known before they are mapped. Rejects always begin with their header.
func (o *Options) header(schema *products.Schema, record int, names []string) (known int, certain bool) {
	switch {
	case record == 0 && findRejects(names) >= 0:
		i := findRejects(names)
		own := slices.Delete(slices.Clone(names), i, i+len(rejectColumns))
		return o.known(own, schema) + len(rejectColumns), true
	case o.Header == HeaderYes && record == 0:
		return o.known(names, schema), false
	case o.Header == HeaderAuto:
		known = o.known(names, schema)
		if record > 0 && known == 0 && o.mapsNumbers() {
			return -1, false // what is mapped so may have no name
		}
		return known, false
	case record > 0:
		return -1, false
	}
	return 0, false
}

// mapsNumbers reports whether the map has a column that may be meant by its number.
func (o *Options) mapsNumbers() bool {
	for _, column := range o.Map {
		if _, err := strconv.Atoi(column); err == nil {
			return true
		}
	}
	return false
}

// known returns how many fields of a product the names are of, as far as that is known before they are mapped.
func (o *Options) known(names []string, schema *products.Schema) (n int) {
	const longest = 100 // longer ones are no names
	plains := make(map[string]bool, 2*len(names))
	for _, name := range names {
		if len(name) <= longest {
			bare, _ := spelling.Heading(name)
			plains[products.FoldName(name)], plains[products.FoldName(bare)] = true, true
		}
	}
	count := func(field *products.Field) {
		mapped := o.Map[field.Name]
		known := mapped != "" && mapped != MapNone && plains[products.FoldName(mapped)]
		for _, alias := range field.ColumnNames() {
			known = known || plains[alias]
		}
		if known {
			n++
		}
	}
	count(schema.Key())
	for i := range schema.Len() {
		count(schema.At(i))
	}
	return n
}
