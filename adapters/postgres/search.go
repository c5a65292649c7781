package postgres

import (
	"strings"
	"unicode"
)

// searchPattern returns a regular expression that matches text with s in it, ignoring case just as strings.ToLower
// does. ILIKE would ignore case as the database's locale has it, which for C is ASCII only.
func searchPattern(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		same := lowerTo(r)
		switch {
		case len(same) > 1:
			b.WriteByte('[')
			for _, v := range same {
				b.WriteRune(v)
			}
			b.WriteByte(']')
		case r < 0x80 && !('a' <= r && r <= 'z') && !('0' <= r && r <= '9'):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// lowerTo returns the runes of which r is the lower case, r itself among them. All are letters.
func lowerTo(r rune) []rune {
	same := []rune{r}
	for v := unicode.SimpleFold(r); v != r; v = unicode.SimpleFold(v) {
		if unicode.ToLower(v) == r {
			same = append(same, v)
		}
	}
	if r == 'i' { // the one rune that folds to itself alone, yet has a lower case
		same = append(same, 'İ')
	}
	return same
}
