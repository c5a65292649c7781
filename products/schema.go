package products

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a schema.
const (
	// MaxFields is how many fields of one's own a schema may have.
	MaxFields = 200
	// MaxIndexes is how many of them may have Index: each makes every write slower.
	MaxIndexes = 8
	// MaxIndexed is how many characters a field with Index may have: databases can't index much longer texts.
	MaxIndexed = 500
	// maxScale is the largest Field.Scale.
	maxScale = 18
	// maxFieldName is as PostgreSQL has it.
	maxFieldName = 63
)

// Schema says which fields products have. It is immutable, and safe for concurrent use. The zero Schema has none: use
// [Standard], [NewSchema], [ParseSchema] or [SchemaOf].
type Schema struct {
	key    Field
	fields []Field
	byName map[string]int
	own    int  // where the fields of one's own begin
	table  bool // it is of a table of one's own
	bare   bool // and products have no attributes
}

// Standard is the schema of products without fields of one's own: name, description and status.
func Standard() *Schema { return standard }

// NewSchema returns the standard schema with fields of one's own behind its fields. It copies them. The error is a
// sentence that names the first field that is wrong, by its place from 1 and its name.
func NewSchema(own ...Field) (*Schema, error) {
	s := &Schema{key: standard.key, fields: slices.Concat(standard.fields, own), byName: maps.Clone(standard.byName),
		own: len(standard.fields)}
	if len(own) > MaxFields {
		return nil, fmt.Errorf("a schema has at most %d fields, but this one has %d", MaxFields, len(own))
	}
	// taken has who has a name in files.
	taken := map[string]string{FoldName(s.key.Name): s.key.Name}
	for i := range standard.fields {
		taken[FoldName(standard.fields[i].Name)] = standard.fields[i].Name
	}
	indexes := 0
	for i := range own {
		f := &s.fields[len(standard.fields)+i]
		f.builtin = ownField
		err := checkReserved(f.Name)
		if err == nil {
			err = s.add(f, len(standard.fields)+i, taken)
		}
		if err == nil && f.Empty != EmptyClears {
			err = errors.New("an empty cell must clear it: Empty is for the standard fields, and those of tables")
		}
		if f.Index {
			if indexes++; err == nil && indexes > MaxIndexes {
				err = fmt.Errorf("one index too many: at most %d fields of a schema have one", MaxIndexes)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place(i, f.Name), err)
		}
	}
	s.key.yield(taken)
	for i := range standard.fields {
		s.fields[i].yield(taken)
	}
	return s, nil
}

// yield gives up the aliases that fields of one's own have: a name of theirs is none of the standard fields any more.
func (f *Field) yield(taken map[string]string) {
	isTaken := func(alias string) bool { _, found := taken[FoldName(alias)]; return found }
	f.Aliases = slices.DeleteFunc(slices.Clone(f.Aliases), isTaken)
	f.weak = slices.DeleteFunc(slices.Clone(f.weak), isTaken)
	f.columns = f.foldNames()
}

// place names a field of one's own in errors, by its index and its name.
func place(i int, name string) string {
	if name == "" {
		return fmt.Sprintf("field %d", i+1)
	}
	return fmt.Sprintf("field %d, %q", i+1, Shorten(name))
}

// add checks the field at an index of s.fields, and makes it known.
func (s *Schema) add(f *Field, at int, taken map[string]string) error {
	f.Aliases, f.Words, f.weak = slices.Clone(f.Aliases), maps.Clone(f.Words), nil
	if err := checkForm(f.Name); err != nil {
		return err
	}
	if _, twice := s.byName[f.Name]; twice {
		return errors.New("another field has this name")
	}
	s.byName[f.Name] = at
	if !f.Type.known() {
		return errors.New("it has no type, or none of the known ones")
	}
	mine := map[string]bool{}
	f.columns = f.foldNames()
	for i, folded := range f.columns {
		what, alias := "its name", f.Name
		if i > 0 {
			alias = f.Aliases[i-1]
			what = fmt.Sprintf("the alias %q", Shorten(alias))
		}
		switch other, found := taken[folded]; {
		case folded == "" || !storable(alias):
			return fmt.Errorf("%s has no letter and no digit, or is no text", what)
		case mine[folded] && i > 0:
			return fmt.Errorf("%s is given twice, or is its name: case, spaces and punctuation don't count", what)
		case found:
			return fmt.Errorf("%s is one of the field %q: case, spaces and punctuation don't count", what, other)
		}
		mine[folded] = true
		taken[folded] = f.Name
	}
	if err := f.checkOptions(); err != nil {
		return err
	}
	if !storable(f.Rules) {
		return errors.New("its rules are no text: valid UTF-8 without NUL")
	}
	rules, err := f.compile()
	if err != nil {
		return err
	}
	f.rules = rules
	if f.Index && (f.Type == Text || f.Type == List) && f.MaxLength() > MaxIndexed {
		dive := ""
		if f.Type == List {
			dive = "dive,"
		}
		return fmt.Errorf(`an index takes texts of at most %d characters: give it a rule such as "%smax=%[1]d"`, MaxIndexed,
			dive)
	}
	return nil
}

// reserved are names that a field must not have: those of Product and its table, and of the API's parameters.
var reserved = []string{"id", "sku", "sku_key", "name", "description", "status", "attributes", "fields", "version",
	"created_at", "updated_at", "restored_versions", "limit", "offset", "cursor", "ordering", "search", "count",
	// The columns that every table of PostgreSQL has.
	"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}

func checkReserved(name string) error {
	if slices.Contains(reserved, name) {
		return errors.New("the name is taken")
	}
	return nil
}

// checkForm checks how a name is written.
func checkForm(name string) error {
	switch {
	case name == "":
		return errors.New("it has no name")
	case len(name) > maxFieldName:
		return fmt.Errorf("its name is longer than %d characters", maxFieldName)
	case strings.Contains(name, "__") || strings.HasSuffix(name, "_"):
		return errors.New("its name must not have two underscores side by side, or one at its end: the API's filters do")
	}
	for i, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || i > 0 && (c == '_' || '0' <= c && c <= '9')) {
			return errors.New("its name must be a letter from a to z, and then such letters, digits and underscores")
		}
	}
	return nil
}

// checkOptions checks what of a field fits only some types.
func (f *Field) checkOptions() error {
	if f.Scale != 0 && f.Type != Decimal {
		return fmt.Errorf("only a decimal has a scale, not %s", f.Type)
	}
	if f.Scale < 0 || f.Scale > maxScale {
		return fmt.Errorf("its scale must be one of 0 to %d, not %d", maxScale, f.Scale)
	}
	if f.Separator != "" {
		switch {
		case f.Type != List:
			return fmt.Errorf("only a list has a separator, not %s", f.Type)
		case utf8.RuneCountInString(f.Separator) != 1 || !storable(f.Separator) || !separates(f.Separator):
			return fmt.Errorf("its separator must be one character, and no letter, digit, quote or line break, not %q",
				Shorten(f.Separator))
		}
	}
	if f.Layout != "" {
		if f.Type != Date && f.Type != Timestamp {
			return fmt.Errorf("only a date and a timestamp have a layout, not %s", f.Type)
		}
		// A day that can't be taken for another one, whatever is left out of it or exchanged.
		day := time.Date(2019, time.November, 28, 0, 0, 0, 0, time.UTC)
		read, err := time.Parse(f.Layout, day.Format(f.Layout))
		if !storable(f.Layout) || err != nil || read.Format(time.DateOnly) != day.Format(time.DateOnly) {
			return fmt.Errorf("its layout %q must write the 2nd of January 2006 with its day, month and year, "+
				"such as 02.01.2006", Shorten(f.Layout))
		}
	}
	if f.Unit != "" {
		switch {
		case f.Type != Integer && f.Type != Decimal:
			return fmt.Errorf("only an integer and a decimal have a unit, not %s", f.Type)
		case len(f.Unit) > 20 || !storable(f.Unit) || f.Unit != strings.TrimSpace(f.Unit) || Blank(f.Unit) ||
			strings.ContainsFunc(f.Unit, unicode.IsDigit):
			return fmt.Errorf("its unit must be a short text without digits and spaces around it, not %q", Shorten(f.Unit))
		case strings.Trim(f.Unit, "+-−()[].,'’") == "":
			return fmt.Errorf("its unit must not be what numbers themselves are written with, as %q", Shorten(f.Unit))
		}
	}
	if len(f.Words) > 0 && f.Type != Boolean {
		return fmt.Errorf("only a boolean has words, not %s", f.Type)
	}
	for _, word := range slices.Sorted(maps.Keys(f.Words)) {
		if word != strings.ToLower(strings.TrimSpace(word)) || Blank(word) || !storable(word) {
			return fmt.Errorf("its words must be in lower case, without spaces around them, not %q", Shorten(word))
		}
	}
	if f.Search && f.Type != Text {
		return fmt.Errorf("search looks into texts alone, not into %s", f.Type)
	}
	return nil
}

// FoldName reduces the name of a column or a field to its lower-case letters and digits. Names that are the same then
// are taken for the same in files.
func FoldName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Key is the field that identifies a product.
func (s *Schema) Key() *Field { return &s.key }

// Len returns how many fields the schema has, the key not among them.
func (s *Schema) Len() int { return len(s.fields) }

// At returns the field at a position: first those of the standard schema, then those of one's own, in the order in
// which they were declared. It must not be changed.
func (s *Schema) At(i int) *Field { return &s.fields[i] }

// All returns the fields with their positions. They must not be changed.
func (s *Schema) All() iter.Seq2[int, *Field] {
	return func(yield func(int, *Field) bool) {
		for i := range s.fields {
			if !yield(i, &s.fields[i]) {
				return
			}
		}
	}
}

// Own returns the fields of one's own, in the order in which they were declared. They must not be changed.
func (s *Schema) Own() []Field {
	return slices.Clip(s.fields[min(s.own, len(s.fields)):])
}

// Find returns the field of that name, nil for none. The key is none.
func (s *Schema) Find(name string) *Field {
	if i := s.Index(name); i >= 0 {
		return &s.fields[i]
	}
	return nil
}

// Index returns the position of the field of that name, -1 for none.
func (s *Schema) Index(name string) int {
	if i, found := s.byName[name]; found {
		return i
	}
	return -1
}

// Equal reports whether both schemas have the same fields, in the same order, with the same settings.
func (s *Schema) Equal(other *Schema) bool {
	return s.table == other.table && s.bare == other.bare && sameField(s.key, other.key) &&
		slices.EqualFunc(s.fields, other.fields, sameField)
}

func sameField(a, b Field) bool {
	return a.Name == b.Name && a.SameStorage(&b) && a.Rules == b.Rules && slices.Equal(a.Aliases, b.Aliases) &&
		a.Separator == b.Separator && a.Layout == b.Layout && a.Unit == b.Unit && maps.Equal(a.Words, b.Words) &&
		a.Index == b.Index && a.Search == b.Search && a.Inherit == b.Inherit && a.Empty == b.Empty &&
		a.builtin == b.builtin
}

// standard is the schema of products without fields of one's own.
var standard = newStandard()

func newStandard() *Schema {
	s := &Schema{
		key: Field{Name: "sku", Type: Text, Rules: "required,max=255", Aliases: skuNames, weak: weakSKUNames},
		fields: []Field{
			{Name: "name", Type: Text, Rules: "required,max=500", Inherit: true, builtin: nameField,
				Aliases: nameNames, weak: weakNameNames},
			{Name: "description", Type: Text, Rules: "max=65535", Inherit: true, Empty: EmptyIsText,
				builtin: descriptionField, Aliases: descriptionNames},
			{Name: "status", Type: Boolean, Inherit: true, Empty: EmptyKeeps, builtin: statusField,
				Aliases: statusNames, weak: weakStatusNames, Words: newStatusWords()},
		},
		byName: map[string]int{},
		own:    3,
	}
	compile := func(f *Field) {
		rules, err := f.compile()
		must(err)
		f.rules, f.columns = rules, f.foldNames()
	}
	compile(&s.key)
	for i := range s.fields {
		compile(&s.fields[i])
		s.byName[s.fields[i].Name] = i
	}
	return s
}

// separates reports whether a list can have the text between its entries, in a cell of a CSV file.
func separates(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("\"'\\\r\n", r)
	})
}
