package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// words are the usual words for yes and no, in lower case: those of the languages that spreadsheets are used in most,
// with the words of their cells that are true or false.
var words = wordsOf(
	"true, 1, yes, on, t, y, 1.0, 1,0, ja, wahr, oui, vrai, si, sí, verdadero, sì, vero, waar, sim, verdadeiro, tak, "+
		"prawda, sant, sand, kyllä, tosi, ano, áno, pravda, igen, igaz, da, evet, doğru, да, истина, так, ναι, ✓, ✔",
	"false, 0, no, off, f, n, 0.0, 0,0, nein, falsch, non, faux, falso, nee, onwaar, não, nao, nie, fałsz, falsz, nej, "+
		"nei, falskt, falsk, ei, epätosi, ne, nepravda, nem, hamis, nu, hayır, hayir, yanlış, yanliş, нет, ложь, ні, όχι, "+
		"✗, ✘")

// stateWords are yes and no for fields of one's own that say that something is so: not for one that says that it isn't.
var stateWords = wordsOf("active, enabled, in stock, instock, available",
	"inactive, disabled, out of stock, outofstock, not in stock, unavailable, not available, sold out, soldout")

// denials are parts of the names of fields, as FoldName leaves them, for which stateWords would be the wrong way round.
var denials = []string{"inactive", "deactivate", "disable", "outofstock", "soldout", "unavailable", "notavailable"}

// letters are the first letters of words for yes that stand beside N in some languages, as S does for sí, sim and sì,
// J for ja and O for oui. Alone they may be anything.
const letters = "sjo"

// wordsOf returns what the words of two lists mean, which are separated by ", ".
func wordsOf(yes, no string) map[string]bool {
	means := map[string]bool{}
	for list, b := range map[string]bool{yes: true, no: false} {
		for _, word := range strings.Split(list, ", ") {
			means[word] = b
		}
	}
	return means
}

// denies reports whether a field of one's own says that something isn't so.
func denies(f *products.Field) bool {
	name := products.FoldName(f.Name)
	for _, part := range denials {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// word returns what a trimmed cell means, and whether it is a word that is known: as it stands, in lower case, or with
// spaces for what stands between its words.
func (f *Format) word(s string) (b, ok bool) {
	if b, ok = f.lookUp(s); ok {
		return b, ok
	}
	var buf [32]byte
	low := lower(&buf, s)
	if b, ok = f.lookUp(string(low)); ok || !hasGaps(low) {
		return b, ok
	}
	var spaced [32]byte
	return f.lookUp(string(appendSpaced(spaced[:0], low)))
}

// lookUp returns what a word means, the words of the column and the field before the usual ones.
func (f *Format) lookUp(s string) (b, ok bool) {
	if b, ok = f.words[s]; ok {
		return b, ok
	}
	if b, ok = f.field.Words[s]; ok {
		return b, ok
	}
	if b, ok = words[s]; !ok && f.states {
		b, ok = stateWords[s]
	}
	return b, ok
}

// hasGaps reports whether anything but single spaces may stand between the words of a text.
func hasGaps(s []byte) bool {
	for i, c := range s {
		if c == '_' || c == '-' || c < ' ' || c >= utf8.RuneSelf || c == ' ' && s[i-1] == ' ' {
			return true
		}
	}
	return false
}

// appendSpaced appends the text with a single space for whatever separates its words: spaces, hyphens and low lines. A
// hyphen in front is a minus.
func appendSpaced(dst, s []byte) []byte {
	gap := false
	for i, r := range string(s) {
		was := gap
		if gap = i > 0 && (r == '_' || r == '-' || unicode.IsSpace(r)); !gap {
			dst = utf8.AppendRune(dst, r)
		} else if !was {
			dst = append(dst, ' ')
		}
	}
	return dst
}
