package postgres

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// fieldType is what the package knows of a type of fields. A new type is a new entry of fieldTypes, and nothing else.
type fieldType struct {
	// column is the type of a field's column, as the server prints it.
	column func(f *products.Field) string
	// textual: the column has text of users, which it compares byte by byte, and which COPY's format escapes.
	textual bool
	// element is the type of the elements of an array that has values of the field, and add appends the value with a
	// canonical text to such an array. Where it isn't the column's type, but for the scale, an element is cast to it.
	element string
	oid     uint32
	add     func(a *array, text string) error
	// appendText appends a canonical text as the server reads it, nil where it reads it as it is.
	appendText func(to []byte, text string) []byte
	// text returns the canonical text of what the driver returns for a value. What others have put into the column and
	// is no value of the type, such as NaN, keeps the text that the server has for it.
	text func(value any) (string, error)
	// printed returns the canonical text of a value as the server prints it; nil where that is the canonical one.
	printed func(text string) (string, error)
	// bytes is an expression for an upper bound of the length of a column's canonical text. Where values are short it
	// is nil, and most is that bound.
	bytes func(column string) string
	most  int
	// index is the method and the columns of an index on a column.
	index func(column string) string
}

var fieldTypes = [...]fieldType{
	products.Text: {column: always("text"), textual: true, element: "text", oid: oidText, add: addText,
		text: textOf, bytes: func(column string) string { return "octet_length(" + column + ")" }, index: ordered},
	products.Integer: {column: always("bigint"), element: "bigint", oid: oidInt8, add: addInteger, text: textOf,
		most: 20, index: ordered},
	products.Decimal: {column: func(f *products.Field) string {
		return fmt.Sprintf("numeric(%d,%d)", products.MaxDigits, f.Scale)
	}, element: "numeric", oid: oidNumeric, add: addDecimal, text: textOf, most: products.MaxDigits + 3,
		index: ordered},
	products.Boolean: {column: always("boolean"), element: "boolean", oid: oidBool, add: addBoolean, text: textOf,
		most: 5, index: ordered},
	products.Date: {column: always("date"), element: "date", oid: oidDate, add: addDate, text: timeText(time.DateOnly),
		printed: printedTime(time.DateOnly), most: 10, index: ordered},
	products.Timestamp: {column: always("timestamp with time zone"), element: "timestamp with time zone", oid: oidTime,
		add: addTimestamp, text: timeText(timestampLayout), printed: printedTime(timestampLayout), most: 27,
		index: ordered},
	products.List: {column: always("text[]"), textual: true, element: "text", oid: oidText, add: addList,
		appendText: appendList, text: listText, printed: printedList,
		bytes: func(column string) string { return "octet_length(array_to_json(" + column + ")::text)" },
		index: func(column string) string { return "gin (" + column + ")" }},
}

// timestampLayout is that of canonical timestamps, which are in UTC.
const timestampLayout = "2006-01-02T15:04:05.999999Z"

func always(column string) func(*products.Field) string {
	return func(*products.Field) string { return column }
}

// ordered is an index for equality, ranges and pages: products that are equal by the column come by ID.
func ordered(column string) string { return "btree (" + column + ", id)" }

// typeOf returns what there is to know of the field's type.
func typeOf(f *products.Field) *fieldType { return &fieldTypes[f.Type] }

// columnOf is the field's column, quoted.
func columnOf(f *products.Field) string { return pq.QuoteIdentifier(f.Name) }

// definition is the type of the field's column as ADD COLUMN takes it, and as products_importer has it on record.
func definition(f *products.Field) string {
	t := typeOf(f)
	if t.textual {
		return t.column(f) + ` COLLATE "C"`
	}
	return t.column(f)
}

// castOf makes an element of an array for the field, or text, a value of its column. A canonical decimal has the
// column's scale already.
func (t *fieldType) castOf(f *products.Field, from string) string {
	if column := t.column(f); column != from && !strings.HasPrefix(column, from+"(") {
		return "::" + column
	}
	return ""
}

func addText(a *array, text string) error {
	a.add(text)
	return nil
}

func addInteger(a *array, text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	a.addInt(n)
	return err
}

// addDecimal adds a number in the format of numeric_send: how many digits there are of base 10,000, the power of the
// first one, the sign, how many decimal digits stand behind the point, and the digits. The server cuts off zeros.
func addDecimal(a *array, text string) error {
	unsigned, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	const width = 4 // decimal digits of a digit
	before, behind := (len(whole)+width-1)/width, (len(fraction)+width-1)/width
	sign := uint16(0)
	if negative {
		sign = 0x4000
	}
	start := a.open()
	for _, v := range [...]uint16{uint16(before + behind), uint16(before - 1), sign, uint16(len(fraction))} {
		a.buf = binary.BigEndian.AppendUint16(a.buf, v)
	}
	filled, v := before*width-len(whole), uint16(0)
	for _, part := range [...]string{whole, fraction} {
		for i := range len(part) {
			c := part[i] - '0'
			if c > 9 {
				return strconv.ErrSyntax
			}
			v = v*10 + uint16(c)
			if filled++; filled == width {
				a.buf = binary.BigEndian.AppendUint16(a.buf, v)
				filled, v = 0, 0
			}
		}
	}
	for ; filled%width != 0; filled++ {
		v *= 10
		if filled == width-1 {
			a.buf = binary.BigEndian.AppendUint16(a.buf, v)
		}
	}
	a.close(start)
	return nil
}

func addBoolean(a *array, text string) error {
	b, err := strconv.ParseBool(text)
	a.addBool(b)
	return err
}

func addDate(a *array, text string) error {
	day, err := time.Parse(time.DateOnly, text)
	const seconds = 24 * 60 * 60
	a.addDays(int32(day.Unix()/seconds - epoch/1e6/seconds))
	return err
}

func addTimestamp(a *array, text string) error {
	at, err := time.Parse(timestampLayout, text)
	a.addInt(at.UnixMicro() - epoch)
	return err
}

func addList(a *array, text string) error {
	start := a.open()
	a.buf = appendList(a.buf, text)
	a.close(start)
	return nil
}

// appendList appends a list in the server's text format: {"a","b"}.
func appendList(to []byte, text string) []byte {
	to = append(to, '{')
	for i, entry := range products.ListTexts(text) {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, '"')
		for j := range len(entry) {
			if entry[j] == '"' || entry[j] == '\\' {
				to = append(to, '\\')
			}
			to = append(to, entry[j])
		}
		to = append(to, '"')
	}
	return append(to, '}')
}

// textOf takes what is canonical as the server has it.
func textOf(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", fmt.Errorf("postgres: the driver returns a %T for a field", value)
}

func timeText(layout string) func(value any) (string, error) {
	return func(value any) (string, error) {
		if at, ok := value.(time.Time); ok {
			return at.UTC().Format(layout), nil
		}
		return textOf(value) // infinity
	}
}

// printedTime is timeText of what the driver makes of a printed time.
func printedTime(layout string) func(text string) (string, error) {
	return func(text string) (string, error) {
		at, err := pq.ParseTimestamp(nil, text)
		if err != nil {
			return text, nil //nolint:nilerr // infinity
		}
		return at.UTC().Format(layout), nil
	}
}

// listText reads a list. What others have put in and no list has, entries that are blank or null, is left out.
func listText(value any) (string, error) {
	text, err := textOf(value)
	if err != nil {
		return "", err
	}
	return printedList(text)
}

func printedList(text string) (string, error) {
	var entries []string
	for _, entry := range arrayTexts(text) {
		if !products.Blank(entry) {
			entries = append(entries, entry)
		}
	}
	return products.ListText(entries), nil
}

// arrayTexts returns the elements of an array of text as the server prints it, those of one with several dimensions in
// a row. Null is the empty text.
func arrayTexts(text string) (elements []string) {
	if _, rest, bounds := strings.Cut(text, "]="); bounds && text[0] == '[' {
		text = rest // it doesn't begin at 1
	}
	for i := 0; i < len(text); {
		switch text[i] {
		case '{', '}', ',':
			i++
		case '"':
			var b strings.Builder
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' && i+1 < len(text) {
					i++
				}
				b.WriteByte(text[i])
			}
			i++
			elements = append(elements, b.String())
		default:
			start := i
			for i < len(text) && text[i] != ',' && text[i] != '}' {
				i++
			}
			element := text[start:i]
			if element == "NULL" { // the text NULL is quoted
				element = ""
			}
			elements = append(elements, element)
		}
	}
	return elements
}

// fieldValue reads a column of a field.
type fieldValue struct {
	of   *fieldType
	text string // canonical
}

// Scan reads what the driver gives.
func (v *fieldValue) Scan(value any) (err error) {
	v.text = ""
	if value != nil {
		v.text, err = v.of.text(value)
	}
	return err
}
