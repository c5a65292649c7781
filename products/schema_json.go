package products

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// schemaJSON is a fields file.
type schemaJSON struct {
	Key        *fieldJSON  `json:"key,omitempty"`
	Attributes bool        `json:"attributes,omitempty"`
	Fields     []fieldJSON `json:"fields"`
}

// fieldJSON is a field in a fields file. Its keys are those that Field.setJSON knows.
type fieldJSON struct {
	Name      string          `json:"name"`
	Type      Type            `json:"type"`
	Scale     *int            `json:"scale,omitempty"`
	Rules     string          `json:"rules,omitempty"`
	Aliases   []string        `json:"aliases,omitempty"`
	Separator string          `json:"separator,omitempty"`
	Layout    string          `json:"layout,omitempty"`
	Unit      string          `json:"unit,omitempty"`
	Words     map[string]bool `json:"words,omitempty"`
	Index     bool            `json:"index,omitempty"`
	Search    bool            `json:"search,omitempty"`
	Inherit   bool            `json:"inherit,omitempty"`
	Empty     string          `json:"empty,omitempty"`
}

func (f *Field) written() fieldJSON {
	written := fieldJSON{Name: f.Name, Type: f.Type, Rules: f.Rules, Aliases: f.Aliases, Separator: f.Separator,
		Layout: f.Layout, Unit: f.Unit, Words: f.Words, Index: f.Index, Search: f.Search, Inherit: f.Inherit,
		Empty: emptyNames[f.Empty]}
	if f.Type == Decimal {
		written.Scale = &f.Scale
	}
	return written
}

// emptyNames are what a fields file has for Field.Empty.
var emptyNames = [...]string{EmptyClears: "", EmptyIsText: "text", EmptyKeeps: "keeps"}

// MarshalJSON returns the fields of one's own as [ParseSchema] takes them, of a table's schema the key too.
func (s *Schema) MarshalJSON() ([]byte, error) {
	file := schemaJSON{Fields: make([]fieldJSON, 0, len(s.Own()))}
	if s.table {
		key := s.key.written()
		file.Key, file.Attributes = &key, s.KeepsAttributes()
	}
	for _, f := range s.Own() {
		file.Fields = append(file.Fields, f.written())
	}
	return json.Marshal(file)
}

// UnmarshalJSON takes what [ParseSchema] does. It is for schemas that nobody else has yet.
func (s *Schema) UnmarshalJSON(data []byte) error {
	parsed, err := ParseSchema(data)
	if err != nil {
		return err
	}
	*s = *parsed
	return nil
}

// ParseSchema reads a fields file, which is JSON, and returns what [NewSchema] makes of its fields:
//
//	{"fields": [
//	  {"name": "price", "type": "decimal", "scale": 2, "rules": "gte=0", "aliases": ["regular price"], "index": true},
//	  {"name": "tags", "type": "list", "separator": "|"}
//	]}
//
// The keys of a field are name, type, scale, rules, aliases, separator, layout, unit, words, index, search and inherit,
// as [Field] explains them; a decimal needs its scale.
//
// "like": "shop" takes the fields of [ShopFields], but those whose names are in "without". What "fields" says of one of
// them, by its name, changes it: the rest stays as it is, but with another type only its aliases and inherit do. Its
// other fields come behind. Names and aliases that it gives are taken from the aliases of the set.
//
//	{"like": "shop", "without": ["cost"], "fields": [{"name": "price", "scale": 2, "index": true}]}
//
// With "key", a field too, it is the schema of a table of one's own, and returned by [TableSchema]; "attributes" is true
// where that keeps them. There a field may have "empty" as well, which is "text" or "keeps": see [Empty].
//
// Unknown and repeated keys are errors. The error is a sentence that names the place.
func ParseSchema(data []byte) (*Schema, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) {
		return nil, errors.New("fields: not in UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf("fields: %w%s", err, lineOf(data, err))
	}
	s, err := fieldsFile(whole)
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	return s, nil
}

// fieldsFile returns the schema of a fields file.
func fieldsFile(whole json.RawMessage) (*Schema, error) {
	var like string
	var without []string
	var fields json.RawMessage
	var key *Field
	attributes := false
	if err := eachKey(whole, func(name string, value json.RawMessage) error {
		switch name {
		case "like":
			return setJSON(name, "a text", value, &like)
		case "without":
			return setJSON(name, "an array of texts", value, &without)
		case "fields":
			fields = value
			return nil
		case "attributes":
			return setJSON(name, "true or false", value, &attributes)
		case "key":
			key = &Field{}
			if _, err := key.change(value); err != nil {
				return fmt.Errorf("the key: %w", err)
			}
			return nil
		}
		return fmt.Errorf(`unknown key %q: want fields, like or without, or, of a table, key or attributes`, Shorten(name))
	}); err != nil {
		return nil, err
	}
	own, err := fieldsLike(like, without)
	switch {
	case err != nil:
		return nil, err
	case fields != nil:
		if own, err = fieldsFromJSON(fields, own); err != nil {
			return nil, err
		}
	case like == "":
		return nil, errors.New(`the key "fields" is missing`)
	}
	if key != nil {
		return TableSchema(attributes, *key, own...)
	}
	if attributes {
		return nil, errors.New(`"attributes" is for a table, which has a "key"`)
	}
	return NewSchema(own...)
}

// lineOf says where in a text a syntax error of JSON is.
func lineOf(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	before := data[:min(max(int(syntax.Offset)-1, 0), len(data))]
	return fmt.Sprintf(" (line %d, column %d)", bytes.Count(before, []byte("\n"))+1,
		utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])+1)
}

// eachKey calls set with each key and value of a valid JSON object, and refuses a key that comes twice.
func eachKey(raw json.RawMessage, set func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return errors.New("it must be an object: {...}")
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("the key %q comes twice", Shorten(key))
		}
		seen[key] = true
		if err := set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// fieldsFromJSON returns the fields of a set with what an array of fields changes in them, and then those that it adds.
// A name that the array gives is no alias of the set's.
func fieldsFromJSON(raw json.RawMessage, set []Field) ([]Field, error) {
	var values []json.RawMessage
	if err := setJSON("fields", "an array of objects", raw, &values); err != nil {
		return nil, err
	}
	own := slices.Clone(set)
	given := map[string]bool{}                             // names and aliases, as FoldName leaves them
	names, aliases := map[string]bool{}, map[string]bool{} // of which fields they are given
	for i, value := range values {
		name := nameIn(value)
		at := slices.IndexFunc(set, func(f Field) bool { return f.Name == name })
		if at < 0 || names[name] {
			own, at = append(own, Field{}), len(own)
		}
		names[name], given[FoldName(name)] = true, true
		keys, err := own[at].change(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place(i, name), err)
		}
		if keys["aliases"] {
			aliases[name] = true
			for _, alias := range own[at].Aliases {
				given[FoldName(alias)] = true
			}
		}
	}
	for i := range set {
		if f := &own[i]; !aliases[f.Name] {
			f.Aliases = slices.DeleteFunc(f.Aliases, func(alias string) bool { return given[FoldName(alias)] })
		}
	}
	return own, nil
}

// change sets what an object of a fields file has, and returns its keys. Where it gives the field another type, what
// fits types of one kind alone doesn't stay.
func (f *Field) change(object json.RawMessage) (keys map[string]bool, err error) {
	was := *f
	keys = map[string]bool{}
	set := func(key string, value json.RawMessage) error {
		keys[key] = true
		return f.setJSON(key, value)
	}
	if err := eachKey(object, set); err != nil {
		return nil, err
	}
	if was.Type != 0 && f.Type != was.Type {
		*f = Field{Aliases: was.Aliases, Inherit: was.Inherit}
		if err := eachKey(object, set); err != nil {
			return nil, err
		}
	}
	if f.Type == Decimal && was.Type != Decimal && !keys["scale"] {
		return nil, errors.New(`a decimal needs its "scale": how many digits it has behind the point, such as 2`)
	}
	return keys, nil
}

// nameIn returns the name of a field, wherever it stands in it, "" where that is not to be had.
func nameIn(raw json.RawMessage) string {
	var f struct {
		Name any `json:"name"`
	}
	_ = json.Unmarshal(raw, &f) // it is for a message
	name, _ := f.Name.(string)
	return name
}

// setJSON sets what a key of a fields file means.
func (f *Field) setJSON(key string, value json.RawMessage) error {
	const text, yes = "a text", "true or false"
	switch key {
	case "name":
		return setJSON(key, text, value, &f.Name)
	case "type":
		var name string
		if err := setJSON(key, text, value, &name); err != nil {
			return err
		}
		return f.Type.UnmarshalText([]byte(name))
	case "scale":
		return setJSON(key, "a whole number", value, &f.Scale)
	case "rules":
		return setJSON(key, text, value, &f.Rules)
	case "aliases":
		return setJSON(key, "an array of texts", value, &f.Aliases)
	case "separator":
		return setJSON(key, text, value, &f.Separator)
	case "layout":
		return setJSON(key, text, value, &f.Layout)
	case "unit":
		return setJSON(key, text, value, &f.Unit)
	case "words":
		f.Words = map[string]bool{}
		err := eachKey(value, func(word string, value json.RawMessage) error {
			var means bool
			if err := setJSON(word, yes, value, &means); err != nil {
				return err
			}
			f.Words[word] = means
			return nil
		})
		if err != nil {
			return fmt.Errorf(`"words": %w`, err)
		}
		return nil
	case "index":
		return setJSON(key, yes, value, &f.Index)
	case "search":
		return setJSON(key, yes, value, &f.Search)
	case "inherit":
		return setJSON(key, yes, value, &f.Inherit)
	case "empty":
		var name string
		if err := setJSON(key, text, value, &name); err != nil {
			return err
		}
		i := slices.Index(emptyNames[:], name)
		if i < 0 {
			return fmt.Errorf(`"empty" must be text or keeps, not %q`, Shorten(name))
		}
		f.Empty = Empty(i)
		return nil
	}
	return fmt.Errorf("unknown key %q: want name, type, scale, rules, aliases, separator, layout, unit, words, index, "+
		"search or inherit, or, in a table, empty", Shorten(key))
}

// setJSON sets the value of a key, in which nothing must be null.
func setJSON(key, what string, value json.RawMessage, to any) error {
	if isNull(value) || hasNull(value) || json.Unmarshal(value, to) != nil {
		return fmt.Errorf("%q must be %s, not %s", Shorten(key), what, Shorten(strings.TrimSpace(string(value))))
	}
	return nil
}

// hasNull reports whether the JSON is an array with a null.
func hasNull(raw json.RawMessage) bool {
	var values []json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return false
	}
	for _, value := range values {
		if isNull(value) {
			return true
		}
	}
	return false
}
