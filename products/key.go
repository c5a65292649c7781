package products

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// KeyRule says which SKUs are the same. A store has one rule for its whole life.
type KeyRule uint8

const (
	// ExactKeys tells SKUs apart by every character, but for white space around them and Unicode's several ways to write
	// one character (NFC).
	ExactKeys KeyRule = iota
	// FoldedKeys ignores case too, by Unicode's full case folding.
	FoldedKeys
)

// ParseKeyRule is the inverse of String.
func ParseKeyRule(s string) (KeyRule, error) {
	switch s {
	case "exact":
		return ExactKeys, nil
	case "fold":
		return FoldedKeys, nil
	}
	return 0, fmt.Errorf("products: unknown key rule %q: want exact or fold", s)
}

func (r KeyRule) String() string {
	if r == FoldedKeys {
		return "fold"
	}
	return "exact"
}

// Key returns the key of a SKU, its identity in a store: two SKUs are the same if and only if their keys are equal.
// The key of a key is itself. It allocates only where the key differs from the trimmed SKU.
func (r KeyRule) Key(sku string) string {
	sku = strings.TrimSpace(sku)
	if isASCII(sku) {
		if r == FoldedKeys {
			return strings.ToLower(sku)
		}
		return sku
	}
	sku = norm.NFC.String(sku)
	if r == FoldedKeys {
		// Folding can undo composition, so compose again: https://www.unicode.org/reports/tr15/ section 5.
		sku = norm.NFC.String(strings.Map(foldCherokee, cases.Fold().String(sku)))
	}
	return sku
}

// foldCherokee folds Cherokee letters to upper case, as Unicode wants it for these alone. x/text swaps the cases:
// https://go.dev/issue/46101.
func foldCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
