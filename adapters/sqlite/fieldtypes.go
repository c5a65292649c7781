package sqlite

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// fieldType is what the package knows of a type of fields. A new type is a new entry of fieldTypes, and nothing else.
type fieldType struct {
	// column is the type of a field's column. SQLite orders what is in it as products.Field.Compare orders the values,
	// but for lists, which nobody orders.
	column string
	// value returns what is stored for a canonical text, and text the canonical text for it.
	value func(text string) (any, error)
	text  func(value any) (string, error)
	// unordered: an index is of no use.
	unordered bool
	// long: its values may be long.
	long bool
}

var fieldTypes = [...]fieldType{
	products.Text:      {column: "TEXT", value: asIs, text: textOf, long: true},
	products.Integer:   {column: "INTEGER", value: integerValue, text: integerText},
	products.Decimal:   {column: "TEXT", value: decimalValue, text: decimalText},
	products.Boolean:   {column: "INTEGER", value: booleanValue, text: booleanText},
	products.Date:      {column: "TEXT", value: asIs, text: textOf},
	products.Timestamp: {column: "INTEGER", value: timestampValue, text: timestampText},
	// As JSON.
	products.List: {column: "TEXT", value: asIs, text: textOf, unordered: true, long: true},
}

// typeOf returns what there is to know of the field's type.
func typeOf(f *products.Field) *fieldType { return &fieldTypes[f.Type] }

// columnOf is the field's column, quoted. No field has a quote in its name.
func columnOf(f *products.Field) string { return `"` + f.Name + `"` }

// indexOf is the name of the field's index, empty where it has none. Behind the column an index has the ID.
func indexOf(f *products.Field) string {
	if !f.Index || typeOf(f).unordered {
		return ""
	}
	return "products_by_" + f.Name
}

// isNull reports whether the field is null where a record or a product has the canonical text for it. What the standard
// schema has is never null.
func isNull(f *products.Field, text string) bool { return text == "" && !f.Builtin() }

// stored returns what is stored for a canonical text.
func stored(f *products.Field, text string) (any, error) {
	if isNull(f, text) {
		return nil, nil
	}
	if f.Builtin() && f.Type == products.Boolean && text == "" {
		return int64(0), nil
	}
	value, err := typeOf(f).value(text)
	if err != nil {
		return nil, fmt.Errorf("sqlite: the field %q can't have the value %q: %w", f.Name, products.Shorten(text), err)
	}
	return value, nil
}

func asIs(text string) (any, error) { return text, nil }

func textOf(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	return "", errForeign(value)
}

// errForeign is for what this package doesn't write.
func errForeign(value any) error {
	return fmt.Errorf("sqlite: a field has a value that is none of its type: %v", value)
}

func integerOf(value any) (int64, error) {
	if n, ok := value.(int64); ok {
		return n, nil
	}
	return 0, errForeign(value)
}

func integerValue(text string) (any, error) { return strconv.ParseInt(text, 10, 64) }

func integerText(value any) (string, error) {
	n, err := integerOf(value)
	return strconv.FormatInt(n, 10), err
}

func booleanValue(text string) (any, error) {
	if text == "true" {
		return int64(1), nil
	}
	return int64(0), nil
}

func booleanText(value any) (string, error) {
	n, err := integerOf(value)
	return strconv.FormatBool(n != 0), err
}

// timestampLayout is that of canonical timestamps, which are in UTC.
const timestampLayout = "2006-01-02T15:04:05.999999Z"

func timestampValue(text string) (any, error) {
	at, err := time.Parse(timestampLayout, text)
	return at.UnixMicro(), err
}

func timestampText(value any) (string, error) {
	n, err := integerOf(value)
	return timeOf(n).Format(timestampLayout), err
}

// zeroDigits is the letter of a decimal without digits before the point; see decimalValue.
const zeroDigits = 'N'

// decimalValue returns a text that is ordered as the numbers are, byte by byte, and keeps every digit: SQLite's own
// numbers have 15 of them. In front of the digits stands a letter that says how many there are before the point,
// counted up from zeroDigits, and behind it all is as in the canonical text: 12.50 is P12.50. Below zero the letter
// is counted down, and every digit is what is missing to 9: -12.50 is L87.49.
func decimalValue(text string) (any, error) {
	unsigned, negative := strings.CutPrefix(text, "-")
	before := strings.IndexByte(unsigned, '.')
	if before < 0 {
		before = len(unsigned)
	}
	if before == 0 || before > products.MaxDigits {
		return nil, strconv.ErrSyntax
	}
	sortable := make([]byte, 1, len(unsigned)+1)
	sortable[0] = byte(zeroDigits + before)
	if !negative {
		return string(append(sortable, unsigned...)), nil
	}
	sortable[0] = byte(zeroDigits - before)
	return string(appendComplement(sortable, unsigned)), nil
}

func decimalText(value any) (string, error) {
	text, err := textOf(value)
	switch {
	case err != nil:
		return "", err
	case text == "":
		return "", errForeign(value)
	case text[0] > zeroDigits:
		return text[1:], nil
	}
	return string(appendComplement([]byte{'-'}, text[1:])), nil
}

// appendComplement appends the digits that are missing to 9, and other characters as they are.
func appendComplement(to []byte, digits string) []byte {
	for i := range len(digits) {
		c := digits[i]
		if '0' <= c && c <= '9' {
			c = '0' + '9' - c
		}
		to = append(to, c)
	}
	return to
}
