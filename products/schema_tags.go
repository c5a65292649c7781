package products

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// SchemaOf returns the schema of a struct's fields. Embedded structs count as if their fields were T's own.
//
// The name of a field is that of the tag csv, else of the tag db, else its own in snake case; a column's name in csv
// that is no name of a field is an alias. A field with the name "-" is left out, as is one that isn't exported. The
// tag validate has its rules, and the tag import the rest, separated by commas:
//
//	key                 it is the SKU, as is a field named sku
//	aliases=a|b         Field.Aliases
//	sep=|               Field.Separator
//	layout=02.01.2006   Field.Layout
//	unit=g              Field.Unit
//	scale=2             a string is a Decimal
//	date                a time.Time is a Date
//	index, search, inherit
//
// A string is a Text, a slice of strings a List, a time.Time a Timestamp, a bool a Boolean, and all integers are an
// Integer; so are pointers to them. Fields named name, description and status are those of the standard schema, with
// its rules, and must be of their types.
func SchemaOf[T any]() (*Schema, error) {
	t, err := structTypeOf[T]()
	if err != nil {
		return nil, err
	}
	var own []Field
	err = eachField(t, func(f Field, key bool) error {
		builtin := standard.Find(f.Name)
		switch {
		case key && f.Type != Text:
			return fmt.Errorf("the key must be a string, not %s", f.Type)
		case key:
		case builtin == nil:
			own = append(own, f)
		case builtin.Type != f.Type:
			return fmt.Errorf("%s is a field that all products have, of the type %s", f.Name, builtin.Type)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s, err := NewSchema(own...)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	return s, nil
}

// TableSchemaOf is as [SchemaOf] for a table of one's own: it returns what [TableSchema] makes of the struct's fields,
// of which one is the key, without attributes. The key may be a string, an integer or a time.Time too, and no name is
// that of a field which all products have.
func TableSchemaOf[T any]() (*Schema, error) {
	t, err := structTypeOf[T]()
	if err != nil {
		return nil, err
	}
	var key Field
	var fields []Field
	err = eachField(t, func(f Field, isKey bool) error {
		if isKey {
			key = f
		} else {
			fields = append(fields, f)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if key.Name == "" {
		return nil, fmt.Errorf(`%v has no key: give one of its fields the tag import:"key"`, t)
	}
	s, err := TableSchema(false, key, fields...)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	return s, nil
}

// structTypeOf returns the type T, or what it points to, if that is a struct.
func structTypeOf[T any]() (reflect.Type, error) {
	t := reflect.TypeFor[T]()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is no struct", t)
	}
	return t, nil
}

// eachField calls do for each field that a struct declares; one at most is the key. An error names its place.
func eachField(t reflect.Type, do func(f Field, key bool) error) error {
	key := ""
	for _, sf := range reflect.VisibleFields(t) {
		if sf.Anonymous && structOf(sf.Type) || !sf.IsExported() || leftOut(t, sf) {
			continue
		}
		f, isKey, err := fieldOf(sf)
		if err == nil && f == nil {
			continue
		}
		if err == nil && isKey && key != "" {
			err = fmt.Errorf("%s is the key already", key)
		}
		if err == nil {
			err = do(*f, isKey)
		}
		if err != nil {
			return fmt.Errorf("%v: field %s: %w", t, sf.Name, err)
		}
		if isKey {
			key = sf.Name
		}
	}
	return nil
}

// structOf reports whether the type is a struct whose fields are visible where it is embedded: no time.Time.
func structOf(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]()
}

// leftOut reports whether the field is one of an embedded struct that is left out, or of a time.Time.
func leftOut(t reflect.Type, sf reflect.StructField) bool {
	for n := 1; n < len(sf.Index); n++ {
		if outer := t.FieldByIndex(sf.Index[:n]); !structOf(outer.Type) || columnName(outer) == "-" {
			return true
		}
	}
	return false
}

// columnName returns the name of the tag csv or else db, "" for none.
func columnName(sf reflect.StructField) string {
	for _, key := range []string{"csv", "db"} {
		if name, _, _ := strings.Cut(sf.Tag.Get(key), ","); name != "" {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// fieldOf returns the field that a field of a struct declares, nil for none, and whether it is the key.
func fieldOf(sf reflect.StructField) (f *Field, key bool, err error) {
	name := columnName(sf)
	if name == "-" {
		return nil, false, nil
	}
	f = &Field{Name: name, Rules: sf.Tag.Get("validate")}
	if f.Rules == "-" {
		f.Rules = ""
	}
	if checkForm(name) != nil {
		if f.Name = sf.Tag.Get("db"); checkForm(f.Name) != nil {
			f.Name = snakeCase(sf.Name)
		}
		if name != "" && FoldName(name) != FoldName(f.Name) {
			f.Aliases = []string{name}
		}
	}
	day, scaled := false, false
	if tag := sf.Tag.Get("import"); tag != "" {
		for option := range strings.SplitSeq(tag, ",") {
			name, value, hasValue := strings.Cut(option, "=")
			switch {
			case option == "key":
				key = true
			case option == "date":
				day = true
			case option == "index":
				f.Index = true
			case option == "search":
				f.Search = true
			case option == "inherit":
				f.Inherit = true
			case !hasValue:
				return nil, false, unknownOption(option)
			case name == "aliases":
				f.Aliases = append(f.Aliases, strings.Split(value, "|")...)
			case name == "sep":
				f.Separator = value
			case name == "layout":
				f.Layout = value
			case name == "unit":
				f.Unit = value
			case name == "scale":
				scaled = true
				if f.Scale, err = strconv.Atoi(value); err != nil {
					return nil, false, fmt.Errorf("import: scale must be a whole number, not %q", Shorten(value))
				}
			default:
				return nil, false, unknownOption(option)
			}
		}
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if f.Type = typeFor(t); f.Type == 0 {
		return nil, false, unsupported(sf.Type)
	}
	switch {
	case scaled && f.Type != Text:
		return nil, false, fmt.Errorf("import: scale makes a string a decimal, not %v", sf.Type)
	case scaled:
		f.Type = Decimal
	case day && f.Type != Timestamp:
		return nil, false, fmt.Errorf("import: date is for a time.Time, not for %v", sf.Type)
	case day:
		f.Type = Date
	}
	if t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64 {
		f.Rules = strings.TrimSuffix("gte=0,"+f.Rules, ",")
	}
	return f, key || f.Name == standard.key.Name, nil
}

func unknownOption(option string) error {
	return fmt.Errorf("import: unknown option %q: want key, date, index, search, inherit, aliases=, sep=, layout=, "+
		"unit= or scale=", Shorten(option))
}

// typeFor returns the type of field for a type of Go, 0 for none.
func typeFor(t reflect.Type) Type {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return Timestamp
	case t.Kind() == reflect.String:
		return Text
	case t.Kind() == reflect.Bool:
		return Boolean
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return Integer
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return List
	}
	return 0
}

func unsupported(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		return fmt.Errorf(`%v is not exact: take a string with import:"scale=2"`, t)
	}
	return errors.New("a field can't be " + t.String() +
		`: take a string, an integer, a bool, a time.Time or a slice of strings, or leave it out with csv:"-"`)
}

// snakeCase returns the name of a Go field in snake case: regular_price for RegularPrice, ean_code for EANCode.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
