package products

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// TableSchema returns the schema of a table of one's own, which has just these fields: none of the standard schema's is
// among them by itself, and the key may have another name and another type than sku. Names that are reserved in other
// schemas are allowed, and so is [Field.Empty]. Attributes says that products of the table keep what a file has beside
// the fields.
//
// The key is required, and is none of the types Boolean and List. Files may call its column as they call the SKU's. A
// field name or description that is a Text, and a Boolean status that is never null, are those of [Product], and files
// may call their columns as they call those of the standard schema. The error is a sentence that names the first field
// that is wrong.
func TableSchema(attributes bool, key Field, fields ...Field) (*Schema, error) {
	s := &Schema{key: key, fields: slices.Clone(fields), byName: map[string]int{}, table: true, bare: !attributes}
	if len(fields) > MaxFields {
		return nil, fmt.Errorf("a schema has at most %d fields, but this one has %d", MaxFields, len(fields))
	}
	taken := map[string]string{}
	if err := s.addKey(taken); err != nil {
		return nil, fmt.Errorf("the key %q: %w", Shorten(key.Name), err)
	}
	for i := range s.fields {
		f := &s.fields[i]
		err := s.add(f, i, taken)
		if err == nil && f.Name == s.key.Name {
			err = errors.New("the key has this name")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place(i, f.Name), err)
		}
	}
	s.key.nameAs(&standard.key, taken)
	for i := range s.fields {
		f := &s.fields[i]
		if f.builtin = builtinOf(f); f.Builtin() {
			f.Inherit = true
			f.nameAs(standard.Find(f.Name), taken)
		}
	}
	return s, nil
}

// addKey checks the key, and makes its names known.
func (s *Schema) addKey(taken map[string]string) error {
	key := &s.key
	if key.Type == Boolean || key.Type == List {
		return fmt.Errorf("a key can't be of the type %s", key.Type)
	}
	if !slices.Contains(strings.Split(key.Rules, ","), "required") {
		key.Rules = strings.TrimSuffix("required,"+key.Rules, ",")
	}
	key.Empty = EmptyClears
	err := s.add(key, -1, taken)
	delete(s.byName, key.Name)
	return err
}

// builtinOf returns which field of Product the field of a table is.
func builtinOf(f *Field) builtin {
	switch {
	case f.Name == "name" && f.Type == Text:
		return nameField
	case f.Name == "description" && f.Type == Text:
		return descriptionField
	case f.Name == "status" && f.Type == Boolean && (f.Empty == EmptyKeeps || f.Required()):
		return statusField
	}
	return ownField
}

// nameAs adds the names that files have for a field of the standard schema, as far as no field of the table has them,
// and its words.
func (f *Field) nameAs(like *Field, taken map[string]string) {
	given := f.Aliases
	others := *like
	others.Aliases = slices.Concat([]string{like.Name}, like.Aliases)
	others.yield(taken)
	f.Aliases, f.weak = slices.Concat(given, others.Aliases), others.weak
	if f.Words == nil {
		f.Words = like.Words
	}
	f.columns = f.foldNames()
}

// IsTable reports whether the schema is of a table of one's own: [TableSchema].
func (s *Schema) IsTable() bool { return s.table }

// KeepsAttributes reports whether products keep what a file has beside the fields of the schema.
func (s *Schema) KeepsAttributes() bool { return !s.bare }
