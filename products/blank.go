package products

import (
	"unicode"
	"unicode/utf8"
)

// Blank reports whether people see nothing of s: it is empty, or has nothing but white space, control characters and
// characters without a form of their own, like the zero width space or the soft hyphen. A SKU, a name, or the name of
// an attribute must not be blank; inside them such characters stand as they are.
func Blank(s string) bool {
	for _, r := range s {
		if !unseen(r) {
			return false
		}
	}
	return true
}

// blankStart reports whether s is empty or begins with a character that nobody sees.
func blankStart(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s == "" || unseen(r)
}

// unseen reports whether nobody sees the character.
func unseen(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7f
	}
	return unicode.Is(unseenTable, r)
}

// unseenTable has the white space, control and format characters of Unicode and what it says to pass over where it
// can't be shown (Default_Ignorable_Code_Point), without the format characters that are drawn around digits, and with
// the blank pattern of Braille. It is one table, as any of the others would take as long.
var unseenTable = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0000, Hi: 0x0020, Stride: 1},
		{Lo: 0x007f, Hi: 0x00a0, Stride: 1},
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, // soft hyphen
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, // combining grapheme joiner
		{Lo: 0x061c, Hi: 0x061c, Stride: 1}, // Arabic letter mark
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x1680, Hi: 0x1680, Stride: 1},
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, // Mongolian selectors of forms, vowel separator
		{Lo: 0x2000, Hi: 0x200f, Stride: 1}, // spaces, zero width ones, joiners, marks of direction
		{Lo: 0x2028, Hi: 0x202f, Stride: 1},
		{Lo: 0x205f, Hi: 0x206f, Stride: 1}, // word joiner, invisible operators, isolates
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // blank pattern of Braille
		{Lo: 0x3000, Hi: 0x3000, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // selectors of forms
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, // zero width no-break space, the byte order mark
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
		{Lo: 0xfff0, Hi: 0xfffb, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x13430, Hi: 0x1343f, Stride: 1},
		{Lo: 0x1bca0, Hi: 0x1bca3, Stride: 1},
		{Lo: 0x1d173, Hi: 0x1d17a, Stride: 1},
		{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}, // tags, selectors of forms
	},
	LatinOffset: 3,
}
