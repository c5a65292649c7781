package spelling

import "strings"

// What became of a cell in a spreadsheet.
const (
	longNumber = "which is how a spreadsheet shows a long number: its last digits are lost; give the column the format " +
		"text there and export it again"
	failedFormula = "which is what a spreadsheet shows for a formula that failed; mend it there and export it again"
	tooNarrow     = "which is what a spreadsheet shows where a column is too narrow; make it wider there and export it again"
)

// failures are what spreadsheets in several languages show behind a # where a formula failed, in lower case.
var failures = failuresOf("n/a, n/a!, ref!, value!, name?, div/0!, num!, null!, spill!, calc!, field!, error!, connect!, blocked!, " +
	"unknown!, busy!, getting_data, nv, bezug!, wert!, zahl!, überlauf!, valeur!, nom?, nombre!, nul!, n/d, n/d!, ¡ref!, ¡valor!, " +
	"¿nombre?, ¡num!, ¡nulo!, ¡div/0!, rif!, valore!, nome?, nullo!, valor!, núm!, num.!, nulo!, n/b, verw!, waarde!, " +
	"naam?, getal!, leeg!, deel/0!, adr!, arg!, nazwa?, liczba!, zero!, dziel/0!")

func failuresOf(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Split(list, ", ") {
		set[name] = true
	}
	return set
}

// Destroyed says, in words that go on from the cell, what a spreadsheet made of it and what to do, or "" where it is
// likely to be as it was: 4.00638E+12 was a code, #N/A the result of a formula, and ######## anything.
func Destroyed(cell string) string {
	s := trim(cell)
	switch {
	case len(s) < len("#NV"):
	case s[0] == '#':
		return hashed(s[1:])
	case LooksLikeSpreadsheetNumber(s), looksLikePrintedNumber(s):
		return longNumber
	case len(s) == len("Err:502") && strings.HasPrefix(s, "Err:") && allDigits(s[4:]):
		return failedFormula
	}
	return ""
}

// hashed is Destroyed for what stands behind a #.
func hashed(s string) string {
	var buf [32]byte
	switch {
	case len(s) <= len(buf) && failures[string(lower(&buf, s))]:
		return failedFormula
	case strings.Trim(s, "#") == "":
		return tooNarrow
	}
	return ""
}

// looksLikePrintedNumber reports whether the text is a number as programs print long ones, without a sign before the
// exponent: 4.006381E12.
func looksLikePrintedNumber(s string) bool {
	const least = 3 // decimals: a code may have fewer
	i := strings.IndexAny(s, "eE")
	return i >= len("1.")+least && digit(s[0]) && (s[1] == '.' || s[1] == ',') && allDigits(s[2:i]) &&
		allDigits(s[i+1:]) && len("E") < len(s)-i && len(s)-i <= len("E308")
}

// IsExponent reports whether a spreadsheet takes a code of digits and an E for a number, as it does 1E5 for 100000.
func IsExponent(s string) bool {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return i > 0 && i < len(s) && s[i]|0x20 == 'e' && len("E") < len(s)-i &&
		len(s)-i <= len("E308") && allDigits(s[i+1:])
}
