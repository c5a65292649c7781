package importer

import "strings"

// formulaMark is what spreadsheets take for "this is text".
const formulaMark = '\''

// startsFormula tells whether a spreadsheet may run s, or a part of it, as a formula. The wide characters count in
// spreadsheets of East Asian languages, and control characters where leading white space is cut off.
func startsFormula(s string) bool {
	for _, start := range [...]string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

// escapable tells whether s is a formula, maybe behind apostrophes.
func escapable(s string) bool { return startsFormula(strings.TrimLeft(s, string(formulaMark))) }

// EscapeFormula returns s so that no spreadsheet runs it: with an apostrophe before it, if it begins as formulas do. What
// looks like the result of that gets one more, so that UnescapeFormula finds the way back for every s.
func EscapeFormula(s string) string {
	if s == "" || !escapable(s) {
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
