package products

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Type is the type of a field.
type Type uint8

// The types of fields, each with the canonical text of its values. Two values of a field are the same if and only if
// their canonical texts are. An empty text is null: no value.
const (
	// Text is any text that databases can keep: valid UTF-8 without NUL. Its canonical text is the text itself.
	Text Type = iota + 1
	// Integer is a whole number of 64 bits: -?(0|[1-9][0-9]*), never -0.
	Integer
	// Decimal is an exact number with Field.Scale digits behind the point, all of them written: 12.50 where the scale
	// is 2. It has at most MaxDigits digits, and no zeros before those that count.
	Decimal
	// Boolean is true or false.
	Boolean
	// Date is a day, 2006-01-02, of the years 1 to 9999.
	Date
	// Timestamp is a point in time with microseconds, in UTC and RFC 3339, without zeros at the end of the fraction:
	// 2006-01-02T15:04:05.5Z.
	Timestamp
	// List is a list of texts that are not blank, as JSON without white space: ["a","b"]. An empty list is null.
	List
)

// MaxDigits is how many digits a Decimal may have, before and behind the point together.
const MaxDigits = 38

// String returns the name of the type as a fields file has it, such as "decimal".
func (t Type) String() string {
	if !t.known() {
		return fmt.Sprintf("Type(%d)", uint8(t))
	}
	return types[t].name
}

// MarshalText returns String.
func (t Type) MarshalText() ([]byte, error) {
	if !t.known() {
		return nil, fmt.Errorf("unknown type: %d", uint8(t))
	}
	return []byte(t.String()), nil
}

// UnmarshalText takes what String returns.
func (t *Type) UnmarshalText(text []byte) error {
	names := make([]string, 0, len(types))
	for i := range types[1:] {
		known := Type(i + 1)
		if known.String() == string(text) {
			*t = known
			return nil
		}
		names = append(names, known.String())
	}
	return fmt.Errorf("unknown type %q: want one of %s", Shorten(string(text)), strings.Join(names, ", "))
}

// Field is a field of the products of a [Schema].
type Field struct {
	// Name is the field's name in JSON and CSV, and the name of its column in a database: a lower-case letter, and then
	// lower-case letters, digits and underscores, at most 63 together.
	Name string
	// Type is that of its values.
	Type Type
	// Scale is how many digits a Decimal has behind the point: 0 to 18.
	Scale int
	// Rules are tags of go-playground/validator, such as "required,max=100" or "gte=0", that every value but null
	// keeps; "required" says that it must not be null, and a Text not Blank.
	//
	// min, max, len, gte, lte, gt and lt count the characters of a Text and the texts of a List; a number, a Date or a
	// Timestamp is compared, exactly: "gte=2000-01-01". eq, ne and oneof are for all types, but eq and ne count the
	// texts of a List, and oneof is none for it. A List takes unique, and dive: what is behind it are the rules of each
	// of its texts. These cost no more than a comparison. A Text takes all others that look at the value alone as well,
	// such as email, url or "len=8|len=13". omitempty changes nothing.
	Rules string
	// Aliases are other names of the columns that hold the field in a file, best first. Case, spaces and punctuation
	// don't count.
	Aliases []string
	// Separator stands between the texts of a List in a file: one character, "" for ",".
	Separator string
	// Layout is how a file writes a Date or a Timestamp, in the terms of [time.Layout], where that isn't to be found
	// out.
	Layout string
	// Unit may stand behind each number of a file, such as "g" or "%".
	Unit string
	// Words are words of a Boolean in a file, in lower case, beside the usual ones.
	Words map[string]bool
	// Index asks the store for an index: filters and orderings by the field are quick.
	Index bool
	// Search: Query.Search looks into the field too, which is a Text.
	Search bool
	// Inherit: a record without a value of its own takes that of its product's first record, where a file lists the
	// variants of one product.
	Inherit bool
	// Empty says what an empty cell of a file means. Fields of one's own have EmptyClears.
	Empty Empty

	builtin builtin
	rules   *fieldRules
	weak    []string // aliases behind Aliases, see WeakNames
	columns []string // see ColumnNames
}

// Empty says what an empty cell of a file means for a field.
type Empty uint8

const (
	// EmptyClears makes the field null.
	EmptyClears Empty = iota
	// EmptyIsText stores the empty text, which then is no null: Description has it.
	EmptyIsText
	// EmptyKeeps leaves the field of a product that exists as it is, and gives a new one the type's zero value: Status
	// has it.
	EmptyKeeps
)

// builtin is one of the fields that have a place of their own in Product.
type builtin uint8

const (
	ownField builtin = iota
	nameField
	descriptionField
	statusField
)

// Builtin reports whether the field is one of the standard schema, which has a place of its own in [Product]. The
// others are in Product.Fields.
func (f *Field) Builtin() bool { return f.builtin != ownField }

// ColumnNames returns the names of the columns that hold the field in a file, as [FoldName] leaves them: the field's,
// and then its aliases, best first; at the end are the [Field.WeakNames]. They must not be changed.
func (f *Field) ColumnNames() []string {
	if f.columns != nil {
		return f.columns
	}
	return f.foldNames()
}

// WeakNames returns the last of [Field.ColumnNames]: other things are called so too, so whoever goes by one of them
// looks at the values as well. Only the standard fields have any. They must not be changed.
func (f *Field) WeakNames() []string {
	names := f.ColumnNames()
	return names[len(names)-len(f.weak):]
}

func (f *Field) foldNames() []string {
	names := make([]string, 0, 1+len(f.Aliases)+len(f.weak))
	names = append(names, FoldName(f.Name))
	for _, alias := range f.Aliases {
		names = append(names, FoldName(alias))
	}
	for _, alias := range f.weak {
		names = append(names, FoldName(alias))
	}
	return names
}

// Value returns the value with that canonical text, null for none.
func (f *Field) Value(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{kind: f.Type, text: text}
}

// Parse returns the canonical text of a value that is written nearly so: with white space around it, zeros in front or
// behind, a plus sign, in another time zone, with a space for the T. The value stays what it is: it is never rounded.
// An empty text is null, as are an empty list, white space and, of a Text that isn't required, what is [Blank]. How
// spreadsheets write numbers and dates is none of its business. It doesn't check the field's rules: see [Field.Check].
//
// The error has one of the codes bad_text, bad_integer, bad_decimal, bad_boolean, bad_date, bad_timestamp, bad_list,
// too_precise, out_of_range, too_long, invalid_utf8 and bad_character.
func (f *Field) Parse(text string) (canonical string, err *FieldError) {
	if f.Type != Text {
		text = strings.TrimSpace(text)
	}
	if text == "" {
		return "", nil
	}
	canonical, code := types[f.Type].read(f, text)
	if code != "" {
		return "", f.unread(code, fmt.Sprintf("%q", Shorten(text)))
	}
	return canonical, nil
}

// ParseJSON is as Parse for a value as the API has it. An integer is a number, a decimal a string or a number, which is
// read digit by digit; a boolean is true or false, a list an array of strings, and the rest strings. null, an empty
// string and an empty array are null. Numbers may have exponents of at most 100, and are exact then too.
func (f *Field) ParseJSON(raw json.RawMessage) (canonical string, err *FieldError) {
	raw = bytes.TrimSpace(raw)
	if isNull(raw) {
		return "", nil
	}
	code := notOfType
	if info := &types[f.Type]; json.Valid(raw) {
		if info.readJSON != nil {
			canonical, code = info.readJSON(f, raw)
		} else {
			canonical, code = readJSONText(f, raw, info.read)
		}
	}
	if code != "" {
		value := Shorten(strings.ToValidUTF8(string(raw), "\uFFFD"))
		if value == "" {
			value = "nothing"
		}
		return "", f.unread(code, value)
	}
	return canonical, nil
}

// unread says why a value could not be read. It is shown as it is.
func (f *Field) unread(code, value string) *FieldError {
	info := &types[f.Type]
	var must string
	switch code {
	case notOfType:
		code = info.code
		return f.broken(code, fmt.Sprintf("be %s, not %s", info.what, value))
	case CodeInvalidUTF8:
		must = "be valid UTF-8"
	case CodeBadCharacter:
		return f.broken(code, "not contain the character NUL: "+value)
	case CodeTooPrecise:
		digits := f.Scale
		if f.Type == Timestamp {
			digits = 6
		}
		must = fmt.Sprintf("have no more than %d digits behind the point", digits)
	case CodeOutOfRange:
		must = info.bounds(f)
	case CodeTooLong:
		must = fmt.Sprintf("not be longer than %d characters", MaxDescription)
	}
	return f.broken(code, must+": "+value)
}

// broken returns the error that says what the field must do.
func (f *Field) broken(code, must string) *FieldError {
	return &FieldError{Field: f.Name, Code: code, Message: f.Name + " must " + must}
}

// Canonical returns the canonical text that a value has in this field: that of the field's type, or one from which it
// can be had exactly, such as a text from JSON that was read without its schema, or an integer for a decimal.
func (f *Field) Canonical(v Value) (string, *FieldError) {
	switch {
	case v.kind == f.Type, v.kind == 0, v.kind == Text, v.kind == Integer && f.Type == Decimal,
		v.kind == Decimal && f.Type == Integer:
		return f.Parse(v.text)
	}
	return "", f.unread(notOfType, Shorten(v.String()))
}

// Compare orders two canonical texts as databases do: texts byte by byte, numbers and times by their value, false
// before true, and lists text by text. What is null comes last.
func (f *Field) Compare(a, b string) int {
	if a == b {
		return 0
	}
	if f.Empty != EmptyIsText {
		switch "" {
		case a:
			return 1
		case b:
			return -1
		}
	}
	return types[f.Type].compare(a, b)
}

// SameStorage reports whether a database keeps the values of both fields in the same form: of one type, and one scale.
func (f *Field) SameStorage(other *Field) bool { return f.Type == other.Type && f.Scale == other.Scale }
