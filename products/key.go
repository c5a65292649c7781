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
	// ExactKeys distinguishes SKUs by every character, except for white space around them and Unicode's several ways to
	// write one character (NFC).
	ExactKeys KeyRule = iota
	// FoldedKeys ignores case too, by Unicode's full case folding.
	FoldedKeys
	// PlainKeys distinguishes SKUs by every character, as a database compares texts byte by byte, except for white
	// space around them. It is for stores over tables of others: those of products have one of the two rules above.
	PlainKeys
	// LowerKeys is as PlainKeys but ignores case, as the type citext does: letter by letter.
	LowerKeys
)

// keyRules are the rules' names, in their order.
var keyRules = [...]string{ExactKeys: "exact", FoldedKeys: "fold", PlainKeys: "plain", LowerKeys: "lower"}

// String returns exact, fold, plain or lower.
func (r KeyRule) String() string {
	if int(r) < len(keyRules) {
		return keyRules[r]
	}
	return fmt.Sprintf("KeyRule(%d)", uint8(r))
}

// Valid reports whether the rule is one of these.
func (r KeyRule) Valid() bool { return int(r) < len(keyRules) }

// MarshalText returns String.
func (r KeyRule) MarshalText() ([]byte, error) {
	if !r.Valid() {
		return nil, fmt.Errorf("products: unknown key rule: %d", uint8(r))
	}
	return []byte(r.String()), nil
}

// UnmarshalText takes what String returns.
func (r *KeyRule) UnmarshalText(text []byte) error {
	for i, name := range keyRules {
		if name == string(text) {
			*r = KeyRule(i)
			return nil
		}
	}
	return fmt.Errorf("products: unknown key rule %q: want exact or fold, of a table of one's own plain or lower",
		Shorten(string(text)))
}

// Key returns the key of a SKU, its identity in a store: two SKUs are the same if and only if their keys are equal.
// The key of a key is itself. It allocates only where the key differs from the trimmed SKU.
func (r KeyRule) Key(sku string) string {
	sku = strings.TrimSpace(sku)
	switch r {
	case PlainKeys:
		return sku
	case LowerKeys:
		return strings.ToLower(sku)
	}
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
