package spelling

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// What the column of a Boolean has, in bits: cells by which it is known whether a letter is a word for yes.
const (
	seenNo     = 1 << iota // the letter N
	seenOther              // another word that is known
	seenLetter             // the first of letters; those of the others are behind it
)

// yesLetter returns the one of letters that is a word for yes in a column that has such cells, 0 for none: the only one
// of them, where N stands beside it and no other word for yes or no.
func yesLetter(seen uint8) byte {
	for i := range len(letters) {
		if seen == seenNo|seenLetter<<i {
			return letters[i]
		}
	}
	return 0
}

// kindOf returns the bit of a trimmed cell, 0 for an unknown word that is no letter.
func kindOf(s string, known bool) uint8 {
	switch i := -1; {
	case known && (s == "N" || s == "n"):
		return seenNo
	case known:
		return seenOther
	default:
		if len(s) == 1 {
			i = strings.IndexByte(letters, s[0]|0x20)
		}
		if i < 0 {
			return 0
		}
		return seenLetter << i
	}
}

// boolean reads a cell that is not blank.
func (f *Format) boolean(cell string) (string, *Fault) {
	s := trim(cell)
	b, ok := f.word(s)
	if !ok || f.seen >= seenLetter {
		kind := kindOf(s, ok)
		isLetter := kind >= seenLetter
		switch {
		case f.seen&kind == 0 && isLetter && f.seen&seenOther == 0,
			f.seen&kind == 0 && kind != 0 && yesLetter(f.seen|kind) != yesLetter(f.seen):
			return "", f.undecided("must be a yes or a no as those before it, and of %s it isn't known which", quote(cell))
		case isLetter && yesLetter(f.seen) == s[0]|0x20:
			b = true
		case !ok:
			return "", f.bad("must be a yes or a no (true/false, 1/0, yes/no, on/off%s), not %q", f.ownWords(),
				products.Shorten(cell))
		}
	}
	if b {
		return "true", nil
	}
	return "false", nil
}

// ownWords lists the words that the field has beside the usual ones, each behind a comma.
func (f *Format) ownWords() string {
	if f.field.Builtin() {
		return ", active/inactive, published/unpublished, enabled/disabled, draft, archived"
	}
	if len(f.field.Words) == 0 {
		return ""
	}
	var yes, no []string
	for _, word := range slices.Sorted(maps.Keys(f.field.Words)) {
		if f.field.Words[word] {
			yes = append(yes, word)
		} else {
			no = append(no, word)
		}
	}
	list := ""
	if len(yes) > 0 {
		list += "; yes: " + strings.Join(yes, ", ")
	}
	if len(no) > 0 {
		list += "; no: " + strings.Join(no, ", ")
	}
	return list
}

// flags is what a survey sees in the column of a Boolean.
type flags struct {
	kinds [2 + len(letters)]witness // the first cell of each kind, by its bit
	// unknown is the first cell that has no known word, where strange are so many, filled are not blank and cells are
	// all.
	unknown                witness
	cells, filled, strange int64
}

func (w *flags) note(f *Format, cell string, line int64) {
	w.cells++
	if products.Blank(cell) {
		return
	}
	w.filled++
	text := trim(cell)
	_, known := f.word(text)
	if kind := kindOf(text, known); kind != 0 {
		w.kinds[bits.TrailingZeros8(kind)].note(text, line)
	}
	if !known {
		w.strange++
		w.unknown.note(text, line)
	}
}

func (w *flags) merge(later *flags) {
	for i := range w.kinds {
		w.kinds[i].merge(later.kinds[i])
	}
	w.unknown.merge(later.unknown)
	w.cells, w.filled, w.strange = w.cells+later.cells, w.filled+later.filled, w.strange+later.strange
}

// decideWords decides whether a letter is a word.
func (f *Format) decideWords(w *flags) {
	for i := range w.kinds {
		if w.kinds[i].seen {
			f.seen |= 1 << i
		}
	}
	if letter := yesLetter(f.seen); letter != 0 {
		yes, no := &w.kinds[2+strings.IndexByte(letters, letter)], &w.kinds[0]
		f.yes, f.no = yes.text, no.text
		f.found = fmt.Sprintf("%s: %q and %s: %q stand for yes and no, as nothing else does", place(yes.line), yes.text,
			place(no.line), no.text)
	}
}

// Meaningless reports whether a survey of a Boolean has seen words, in at least half of the cells that were added, but
// none that is a yes or a no. It returns how many, and the first. A Format takes none of them.
func (s *Survey) Meaningless() (first Value, words int64, yes bool) {
	w := &s.flags
	first = Value{Line: w.unknown.line, Text: w.unknown.text}
	return first, w.strange, w.strange > 0 && w.strange == w.filled && 2*w.strange >= w.cells
}
