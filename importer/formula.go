package importer

import (
	"strings"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// formulaMark is what spreadsheets take for "this is text".
const formulaMark = '\''

// startsFormula reports whether a spreadsheet may run s, or a part of it, as a formula. The wide characters count in
// spreadsheets of East Asian languages, and control characters where leading white space is cut off.
func startsFormula(s string) bool {
	for _, start := range [...]string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

// escapable reports whether s is a formula, maybe behind apostrophes.
func escapable(s string) bool { return startsFormula(strings.TrimLeft(s, string(formulaMark))) }

// isNumber reports whether s is a negative number and nothing else, with or without decimals or groups of digits: it
// begins as formulas do, and is none. One that is positive by a sign isn't meant: a spreadsheet takes the sign away.
func isNumber(s string) bool {
	digit := false // the last character is one
	for i := range len(s) {
		switch c := s[i]; {
		case i == 0 && c == '-':
		case i > 0 && '0' <= c && c <= '9':
			digit = true
		case (c == '.' || c == ',') && digit:
			digit = false
		default:
			return false
		}
	}
	return digit
}

// EscapeFormula returns s so that no spreadsheet runs it: with an apostrophe before it, if it begins as formulas do and
// isn't a number such as -1 or -1,234.50, which is none. What looks like the result of that gets one more, so that
// UnescapeFormula finds the way back for every s.
func EscapeFormula(s string) string {
	if s == "" || !escapable(s) || isNumber(s) {
		return s
	}
	return string(formulaMark) + s
}

// UnescapeFormula is the inverse of EscapeFormula: it removes one apostrophe where EscapeFormula puts one. Other text,
// apostrophes or not, stays as it is.
func UnescapeFormula(s string) string {
	if s == "" || s[0] != formulaMark || !escapable(s) {
		return s
	}
	return s[1:]
}

// trimGuard is a character that nobody sees: at both ends of a text it keeps what is between from being trimmed.
const trimGuard = "\u2060"

// Trims reports whether an import trims the values of a field that is not the SKU, which it always trims: it does those
// of the name.
func Trims(f *products.Field) bool { return f.Builtin() && f.Type == products.Text && f.Required() }

// Cell returns the cell of a field with the canonical text, as an import reads it: escaped where a spreadsheet would
// run it as a formula, or an import would take something away.
func Cell(f *products.Field, text string) string {
	var cell [128]byte
	text = string(spelling.AppendCell(cell[:0], f, text))
	switch {
	case Trims(f):
		return EscapeTrimmed(text)
	case f.Type == products.Text, f.Type == products.List:
		return EscapeFormula(text)
	}
	return text
}

// EscapeTrimmed is EscapeFormula for the SKU and the fields of which [Trims] is true. Where there is something to trim,
// or the text seems to be one that a spreadsheet destroyed, it puts U+2060 at both ends, which an import takes away
// instead.
func EscapeTrimmed(s string) string {
	if trimmed(s) == s && spelling.Destroyed(s) == "" {
		return EscapeFormula(s)
	}
	return trimGuard + EscapeFormula(s) + trimGuard
}

// trimmedValue is the value of a cell in such a column. One in which nobody sees anything is left, to be refused with
// what it holds.
func trimmedValue(cell string) string {
	if guarded := strings.TrimPrefix(cell, trimGuard); len(guarded) < len(cell) && guarded != "" {
		if text, both := strings.CutSuffix(guarded, trimGuard); both {
			return cellValue(text)
		}
	}
	value := cellValue(cell)
	if text := trimmed(value); text != "" {
		return text
	}
	return value
}

// cellValue is the value of a cell: without the escape that keeps spreadsheets from running it, or the text of a
// formula that is nothing but a text. White space is trimmed from this, never from the cell as it is: it may be what
// the cell was escaped for.
func cellValue(cell string) string {
	if text, ok := textFormula(cell); ok {
		return text
	}
	return UnescapeFormula(cell)
}

// textFormula returns the text of a formula like ="00123". Programs write that for spreadsheets, which else would take
// the text for a number.
func textFormula(cell string) (text string, ok bool) {
	if len(cell) < len(`=""`) || cell[:2] != `="` || cell[len(cell)-1] != '"' {
		return "", false
	}
	text = cell[2 : len(cell)-1]
	if strings.IndexByte(text, '"') < 0 {
		return text, true
	}
	// Quotes in it are doubled.
	if strings.Contains(strings.ReplaceAll(text, `""`, ""), `"`) {
		return "", false
	}
	return strings.ReplaceAll(text, `""`, `"`), true
}

// trimmed returns s without the characters at its ends that nobody sees: white space, and such as U+200B and U+FEFF,
// but not NUL, for which a record is rejected.
func trimmed(s string) string {
	if s == "" || plain(s[0]) && plain(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return r != 0 && products.Blank(string(r)) })
}

// plain reports whether the byte is a character that is seen, and no part of a longer one.
func plain(b byte) bool { return ' ' < b && b < 0x7f }
