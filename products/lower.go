package products

import "unicode"

// LowerTo returns the runes of which r, a rune that [strings.ToLower] may return, is the lower case, r itself first.
// All but r are letters. Stores whose database has a notion of case of its own make patterns of it, see
// [Query].Search.
func LowerTo(r rune) []rune {
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
