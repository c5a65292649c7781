package products

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// typeOf is what the package knows of a type. A new type is a new entry of types, and nothing else.
type typeOf struct {
	// name is the type's name in a fields file.
	name string
	// code is that of a value that is none of the type, and what says what is one, in a sentence.
	code, what string
	// read returns the canonical text of a text that is not empty, or the code of what is wrong with it.
	read func(f *Field, text string) (canonical, code string)
	// readJSON does so for valid JSON that is not null. A type without it is written as a JSON string of its text.
	readJSON func(f *Field, raw []byte) (canonical, code string)
	// appendJSON appends a canonical text as JSON.
	appendJSON func(dst []byte, text string) []byte
	// compare orders canonical texts.
	compare func(a, b string) int
	// bounds says of which values those of the field are, in a sentence: for CodeOutOfRange.
	bounds func(f *Field) string
	// measure is what rules such as min and max look at.
	measure measure
	// less and greater are how sentences compare two values.
	less, greater string
}

// measure is what rules such as min and max look at.
type measure uint8

const (
	byNothing    measure = iota // there is no order, only eq, ne and oneof
	byValue                     // the value itself
	byCharacters                // how many characters it has
	byEntries                   // how many entries it has
)

var types = [...]typeOf{
	Text: {name: "text", code: CodeBadText, what: "a text", read: readText,
		appendJSON: appendJSONString, compare: strings.Compare, measure: byCharacters},
	Integer: {name: "integer", code: CodeBadInteger, what: "a whole number, such as 12",
		read: readInteger, readJSON: readJSONInteger, appendJSON: appendPlain, compare: compareNumbers,
		bounds: func(*Field) string {
			return "lie between -9223372036854775808 and 9223372036854775807"
		},
		measure: byValue, less: "less than", greater: "greater than"},
	Decimal: {name: "decimal", code: CodeBadDecimal, what: "a number, such as 12.5",
		read: readDecimal, readJSON: readJSONDecimal, appendJSON: appendJSONString, compare: compareNumbers,
		bounds: func(f *Field) string {
			return "have no more than " + strconv.Itoa(MaxDigits-f.Scale) + " digits before the point"
		},
		measure: byValue, less: "less than", greater: "greater than"},
	Boolean: {name: "boolean", code: CodeBadBoolean, what: "true or false",
		read: readBoolean, readJSON: readJSONBoolean, appendJSON: appendPlain, compare: strings.Compare},
	Date: {name: "date", code: CodeBadDate, what: "a day, such as 2006-01-02",
		read: readDate, appendJSON: appendJSONString, compare: strings.Compare,
		bounds:  func(*Field) string { return "be a day of the years 1 to 9999" },
		measure: byValue, less: "before", greater: "after"},
	Timestamp: {name: "timestamp", code: CodeBadTimestamp,
		what: "a time with a zone, such as 2006-01-02T15:04:05Z", read: readTimestamp,
		appendJSON: appendJSONString, compare: compareTimestamps,
		bounds:  func(*Field) string { return "be a time of the years 1 to 9999, in UTC" },
		measure: byValue, less: "before", greater: "after"},
	List: {name: "list", code: CodeBadList, what: `a list of texts that are not empty, such as ["a","b"]`,
		read: readList, readJSON: func(f *Field, raw []byte) (string, string) { return readList(f, string(raw)) },
		appendJSON: appendPlain, compare: compareLists, measure: byEntries},
}

// known reports whether it is one of the types.
func (t Type) known() bool { return t > 0 && int(t) < len(types) }

// notOfType is what the readers of types return for typeOf.code.
const notOfType = "not_of_type"

func readText(f *Field, text string) (string, string) {
	if code := storableCode(text); code != "" {
		return "", code
	}
	// A required text that nobody sees is refused, and must not be read as none.
	if f.Empty != EmptyIsText && !f.Required() && blankStart(text) && Blank(text) {
		return "", ""
	}
	return text, ""
}

// storableCode returns the code of what keeps databases from keeping the text, "" for nothing.
func storableCode(text string) string {
	switch {
	case !utf8.ValidString(text):
		return CodeInvalidUTF8
	case strings.IndexByte(text, 0) >= 0:
		return CodeBadCharacter
	}
	return ""
}

// number is a decimal number: whole has no zeros in front, fraction none behind.
type number struct {
	negative        bool
	whole, fraction string
	// scale is how many digits stood behind the point.
	scale int
}

// scanNumber reads a number digit by digit: with a sign or without, and with a point or without.
func scanNumber(text string) (n number, ok bool) {
	digits := text
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		n.negative = digits[0] == '-'
		digits = digits[1:]
	}
	point := -1
	for i := range len(digits) {
		switch c := digits[i]; {
		case '0' <= c && c <= '9':
		case c == '.' && point < 0:
			point = i
		default:
			return number{}, false
		}
	}
	n.whole = digits
	if point >= 0 {
		n.whole, n.fraction = digits[:point], digits[point+1:]
	}
	if n.whole == "" && n.fraction == "" {
		return number{}, false
	}
	n.scale = len(n.fraction)
	n.whole, n.fraction = strings.TrimLeft(n.whole, "0"), strings.TrimRight(n.fraction, "0")
	n.negative = n.negative && (n.whole != "" || n.fraction != "")
	return n, true
}

// maxExponent bounds the exponents of JSON numbers, which cost memory: no value needs as much.
const maxExponent = 100

// scanJSONNumber reads a JSON number, which may have an exponent: exactly, whatever it is.
func scanJSONNumber(raw string) (n number, ok bool) {
	mantissa, exponent := raw, 0
	if i := strings.IndexAny(raw, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(raw[i+1:]); err != nil || exponent > maxExponent || exponent < -maxExponent {
			return number{}, false
		}
		mantissa = raw[:i]
	}
	if n, ok = scanNumber(mantissa); !ok || exponent == 0 {
		return n, ok
	}
	digits, point := n.whole+n.fraction, len(n.whole)+exponent
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	n.whole, n.fraction = strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	n.scale = len(n.fraction)
	return n, true
}

// text writes the number with so many digits behind the point, no fewer than its fraction has. It returns source where
// that is how the number is written.
func (n number) text(scale int, source string) string {
	size := max(1, len(n.whole))
	if n.negative {
		size++
	}
	if scale > 0 {
		size += 1 + scale
	}
	if n.scale == scale && len(source) == size && source[0] != '+' && (source[0] == '-') == n.negative {
		return source
	}
	b := make([]byte, 0, size)
	if n.negative {
		b = append(b, '-')
	}
	if n.whole == "" {
		b = append(b, '0')
	}
	b = append(b, n.whole...)
	if scale > 0 {
		b = append(append(b, '.'), n.fraction...)
		b = append(b, zeros[:scale-len(n.fraction)]...)
	}
	return string(b)
}

const zeros = "00000000000000000000000000000000000000"

func readInteger(_ *Field, text string) (string, string) {
	n, ok := scanNumber(text)
	return n.integer(text, ok)
}

func readJSONInteger(_ *Field, raw []byte) (string, string) {
	text := string(raw)
	n, ok := scanJSONNumber(text)
	if strings.ContainsAny(text, "eE") {
		return n.integer("", ok)
	}
	return n.integer(text, ok)
}

func (n number) integer(source string, ok bool) (string, string) {
	if !ok || n.fraction != "" {
		return "", notOfType
	}
	text := n.text(0, source)
	// 18 digits always fit.
	if len(n.whole) > 18 {
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return "", CodeOutOfRange
		}
	}
	return text, ""
}

func readDecimal(f *Field, text string) (string, string) {
	n, ok := scanNumber(text)
	return n.decimal(f, text, ok)
}

func readJSONDecimal(f *Field, raw []byte) (string, string) {
	if raw[0] == '"' {
		return readJSONText(f, raw, readDecimal)
	}
	text := string(raw)
	n, ok := scanJSONNumber(text)
	if strings.ContainsAny(text, "eE") {
		return n.decimal(f, "", ok)
	}
	return n.decimal(f, text, ok)
}

func (n number) decimal(f *Field, source string, ok bool) (string, string) {
	switch {
	case !ok:
		return "", notOfType
	case len(n.fraction) > f.Scale:
		return "", CodeTooPrecise
	case len(n.whole) > MaxDigits-f.Scale:
		return "", CodeOutOfRange
	}
	return n.text(f.Scale, source), ""
}

// compareNumbers compares two numbers without zeros in front and without -0, whatever their scales.
func compareNumbers(a, b string) int {
	negative := strings.HasPrefix(a, "-")
	switch {
	case negative != strings.HasPrefix(b, "-"):
		if negative {
			return -1
		}
		return 1
	case negative:
		a, b = b[1:], a[1:]
	}
	wholeA, fractionA, _ := strings.Cut(a, ".")
	wholeB, fractionB, _ := strings.Cut(b, ".")
	switch {
	case len(wholeA) != len(wholeB):
		return len(wholeA) - len(wholeB)
	case wholeA != wholeB:
		return strings.Compare(wholeA, wholeB)
	}
	return strings.Compare(strings.TrimRight(fractionA, "0"), strings.TrimRight(fractionB, "0"))
}

func readBoolean(_ *Field, text string) (string, string) {
	switch text {
	case "true", "false":
		return text, ""
	}
	return "", notOfType
}

func readJSONBoolean(f *Field, raw []byte) (string, string) { return readBoolean(f, string(raw)) }

// digits returns the value of a text of digits alone.
func digits(text string) (n int, ok bool) {
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// isDay reports whether the text is a day, 2006-01-02, of the years 0 to 9999.
func isDay(text string) bool {
	if len(text) != len(time.DateOnly) || text[4] != '-' || text[7] != '-' {
		return false
	}
	year, okYear := digits(text[:4])
	month, okMonth := digits(text[5:7])
	day, okDay := digits(text[8:])
	if !okYear || !okMonth || !okDay || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	// The 31st of a shorter month becomes a day of the next one.
	return day <= 28 || time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

func readDate(_ *Field, text string) (string, string) {
	switch {
	case !isDay(text):
		return "", notOfType
	case strings.HasPrefix(text, "0000"):
		return "", CodeOutOfRange
	}
	return text, ""
}

// timestampLayout is that of canonical timestamps, which are in UTC.
const timestampLayout = "2006-01-02T15:04:05.999999Z"

func readTimestamp(_ *Field, text string) (string, string) {
	const seconds = len("2006-01-02T15:04:05")
	if len(text) <= seconds || !isDay(text[:10]) || !strings.ContainsRune("Tt ", rune(text[10])) ||
		text[13] != ':' || text[16] != ':' {
		return "", notOfType
	}
	hour, okHour := digits(text[11:13])
	minute, okMinute := digits(text[14:16])
	second, okSecond := digits(text[17:seconds])
	if !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 59 {
		return "", notOfType
	}
	fraction, zone := "", text[seconds:]
	if zone[0] == '.' {
		end := 1
		for end < len(zone) && '0' <= zone[end] && zone[end] <= '9' {
			end++
		}
		if fraction, zone = zone[1:end], zone[end:]; fraction == "" {
			return "", notOfType
		}
	}
	offset, ok := zoneOffset(zone)
	if !ok {
		return "", notOfType
	}
	micros := strings.TrimRight(fraction, "0")
	if len(micros) > 6 {
		return "", CodeTooPrecise
	}
	if zone == "Z" && text[10] == 'T' && micros == fraction && (fraction != "" || len(text) == seconds+1) &&
		!strings.HasPrefix(text, "0000") {
		return text, ""
	}
	year, _ := digits(text[:4])
	month, _ := digits(text[5:7])
	day, _ := digits(text[8:10])
	nanos, _ := digits((micros + zeros)[:9])
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-offset)
	if t.Year() < 1 || t.Year() > 9999 {
		return "", CodeOutOfRange
	}
	return t.Format(timestampLayout), ""
}

// zoneOffset reads Z, or a zone such as +01:00.
func zoneOffset(zone string) (time.Duration, bool) {
	if zone == "Z" || zone == "z" {
		return 0, true
	}
	if len(zone) != len("+01:00") || zone[0] != '+' && zone[0] != '-' || zone[3] != ':' {
		return 0, false
	}
	hours, okHours := digits(zone[1:3])
	minutes, okMinutes := digits(zone[4:])
	if !okHours || !okMinutes || hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if zone[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// compareTimestamps compares canonical timestamps: without the Z at the end their order is that of the texts.
func compareTimestamps(a, b string) int {
	return strings.Compare(strings.TrimSuffix(a, "Z"), strings.TrimSuffix(b, "Z"))
}

func readList(_ *Field, text string) (string, string) {
	if code := storableCode(text); code != "" {
		return "", code
	}
	var texts []string
	if text[0] != '[' || json.Unmarshal([]byte(text), &texts) != nil {
		return "", notOfType
	}
	for _, t := range texts {
		// An entry that is null is empty here.
		if Blank(t) {
			return "", notOfType
		}
		if code := storableCode(t); code != "" {
			return "", code
		}
	}
	canonical := ListText(texts)
	if len(canonical) > MaxDescription && utf8.RuneCountInString(canonical) > MaxDescription {
		return "", CodeTooLong
	}
	if canonical == text {
		return text, ""
	}
	return canonical, ""
}

// ListText returns the canonical text of a List of texts, "" for none: JSON as RFC 8785 writes it. The texts are valid
// UTF-8, and not blank.
func ListText(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	size := 1
	for _, t := range texts {
		size += len(t) + 3
	}
	b := append(make([]byte, 0, size), '[')
	for i, t := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, t)
	}
	return string(append(b, ']'))
}

// ListTexts returns the texts of a canonical List, nil for none. They may share its memory.
func ListTexts(canonical string) []string {
	if canonical == "" {
		return nil
	}
	texts := make([]string, 0, listCount(canonical))
	for rest := canonical[1:]; rest != "" && rest[0] == '"'; {
		end := 1
		escaped := false
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				escaped = true
				end++
			}
			end++
		}
		if end >= len(rest) {
			break
		}
		t := rest[1:end]
		if escaped {
			// The escapes of a canonical text are among Go's.
			t, _ = strconv.Unquote(rest[:end+1])
		}
		texts = append(texts, t)
		rest = strings.TrimPrefix(rest[end+1:], ",")
	}
	return texts
}

// listCount returns how many texts a canonical List has.
func listCount(canonical string) int {
	quotes := 0
	for i := 0; i < len(canonical); i++ {
		switch canonical[i] {
		case '\\':
			i++
		case '"':
			quotes++
		}
	}
	return quotes / 2
}

// compareLists compares element by element; of two lists of which one begins with the other, that one is greater.
func compareLists(a, b string) int {
	textsA, textsB := ListTexts(a), ListTexts(b)
	for i := range min(len(textsA), len(textsB)) {
		if c := strings.Compare(textsA[i], textsB[i]); c != 0 {
			return c
		}
	}
	return len(textsA) - len(textsB)
}

// readJSONText reads a JSON string with read.
func readJSONText(f *Field, raw []byte, read func(f *Field, text string) (string, string)) (string, string) {
	if !utf8.Valid(raw) {
		return "", CodeInvalidUTF8
	}
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", notOfType
	}
	if text == "" {
		return "", ""
	}
	return read(f, text)
}

func appendPlain(dst []byte, text string) []byte { return append(dst, text...) }

// appendJSONString appends the text as a JSON string, as RFC 8785 writes it. What is no valid UTF-8 becomes U+FFFD.
func appendJSONString(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	text = strings.ToValidUTF8(text, "\uFFFD")
	dst = append(dst, '"')
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
			dst = append(dst, '\\', `"\bfnrt`[short])
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[from:]...)
	return append(dst, '"')
}

// isNull reports whether the JSON is null.
func isNull(raw []byte) bool { return bytes.Equal(raw, []byte("null")) }
