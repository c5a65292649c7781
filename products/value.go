package products

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Value is the value of a field: a type, and the canonical text that [Type] describes. The zero Value is null. Values
// can be compared with ==: they are equal where a database takes them for the same.
//
// The functions that make one from a Go value don't know the field. [Field.Canonical] fits it in, or says why it
// doesn't; so do the stores.
type Value struct {
	kind Type
	text string
}

// TextValue returns a text, null for an empty one. It does for any other type but Boolean and List too, as Field.Parse
// takes it: TextValue("12.50") is a price.
func TextValue(text string) Value { return valueOf(Text, text) }

// IntegerValue returns an integer, which does for a decimal too.
func IntegerValue(n int64) Value { return Value{kind: Integer, text: strconv.FormatInt(n, 10)} }

// DecimalValue returns a decimal with so many digits behind the point, 0 to 18: DecimalValue(1250, 2) is 12.50.
func DecimalValue(unscaled int64, scale int) Value {
	text := strconv.FormatInt(unscaled, 10)
	if scale = min(max(scale, 0), maxScale); scale > 0 {
		digits, negative := strings.CutPrefix(text, "-")
		if len(digits) <= scale {
			digits = zeros[:scale+1-len(digits)] + digits
		}
		text = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
		if negative {
			text = "-" + text
		}
	}
	return Value{kind: Decimal, text: text}
}

// BooleanValue returns a boolean.
func BooleanValue(b bool) Value { return Value{kind: Boolean, text: strconv.FormatBool(b)} }

// DateValue returns the day that it is in the time's own zone. The year is one of 1 to 9999.
func DateValue(t time.Time) Value { return Value{kind: Date, text: t.Format(time.DateOnly)} }

// TimestampValue returns the point in time, without what is below microseconds. Its year in UTC is one of 1 to 9999.
func TimestampValue(t time.Time) Value {
	return Value{kind: Timestamp, text: t.UTC().Truncate(time.Microsecond).Format(timestampLayout)}
}

// ListValue returns a list of texts, null for none. The texts are valid UTF-8, and not blank.
func ListValue(texts ...string) Value { return valueOf(List, ListText(texts)) }

// valueOf returns the value of a type with that canonical text, null for none.
func valueOf(t Type, text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{kind: t, text: text}
}

// Type returns the value's type, 0 for null.
func (v Value) Type() Type { return v.kind }

// Text returns the canonical text, "" for null.
func (v Value) Text() string { return v.text }

// String returns the canonical text, and null for null.
func (v Value) String() string {
	if v.IsNull() {
		return "null"
	}
	return v.text
}

// IsNull reports whether there is no value.
func (v Value) IsNull() bool { return v.kind == 0 }

// Bool returns a boolean, false for every other value.
func (v Value) Bool() bool { return v.kind == Boolean && v.text == "true" }

// Int64 returns an integer, 0 for every other value.
func (v Value) Int64() int64 {
	if v.kind != Integer {
		return 0
	}
	n, _ := strconv.ParseInt(v.text, 10, 64)
	return n
}

// Time returns a date, at midnight in UTC, or a timestamp; the zero Time for every other value.
func (v Value) Time() (t time.Time) {
	switch v.kind {
	case Date:
		t, _ = time.Parse(time.DateOnly, v.text)
	case Timestamp:
		t, _ = time.Parse(time.RFC3339Nano, v.text)
	}
	return t
}

// Texts returns the texts of a list, nil for every other value.
func (v Value) Texts() []string {
	if v.kind != List {
		return nil
	}
	return ListTexts(v.text)
}

// AppendJSON appends the value as JSON: an integer as a number, a boolean as true or false, a list as an array of
// strings, null as null, and the rest, decimals too, as strings.
func (v Value) AppendJSON(dst []byte) []byte {
	if v.IsNull() {
		return append(dst, "null"...)
	}
	return types[v.kind].appendJSON(dst, v.text)
}

// MarshalJSON returns what AppendJSON appends.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// UnmarshalJSON takes any value of a field. JSON doesn't tell all types: a decimal, a date or a timestamp that
// MarshalJSON wrote comes back as a Text, which [Field.Canonical] makes what it was. A number is an Integer, or, where
// it is none, a Decimal with the digits that it has behind the point. [Field.ParseJSON] reads JSON with its field.
func (v *Value) UnmarshalJSON(raw []byte) error {
	if isNull(raw) {
		*v = Value{}
		return nil
	}
	if len(raw) == 0 {
		return fmt.Errorf("a value of a field is missing")
	}
	f := Field{Name: "a value", Empty: EmptyIsText} // whether blank text is null is for its field to say
	switch raw[0] {
	case '"':
		f.Type = Text
	case '[':
		f.Type = List
	case 't', 'f':
		f.Type = Boolean
	case '{':
		return fmt.Errorf("a value of a field must not be an object: %s", Shorten(string(raw)))
	default:
		f.Type = Integer
		if n, ok := scanJSONNumber(string(raw)); ok && (n.fraction != "" || len(n.whole) > 18) {
			f.Type, f.Scale = Decimal, len(n.fraction)
		}
	}
	if f.Scale > maxScale {
		return fmt.Errorf("a value must have no more than %d digits behind the point: %s", maxScale, Shorten(string(raw)))
	}
	text, err := f.ParseJSON(json.RawMessage(raw))
	if err != nil {
		return err
	}
	*v = f.Value(text)
	return nil
}
