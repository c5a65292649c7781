package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// trim cuts off what nobody sees at both ends: white space, and the marks that spreadsheets put around dates.
func trim(s string) string {
	if s == "" || plain(s[0]) && plain(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, unseen)
}

// plain tells whether the byte is a character that is seen, and no part of a longer one.
func plain(b byte) bool { return b > ' ' && b < 0x7f }

func unseen(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7f
	}
	if 0xad < r && r < 0x34f || 0x20a0 <= r && r < 0x20d0 { // letters with accents, and currencies
		return false
	}
	var buf [utf8.UTFMax]byte
	return products.Blank(string(buf[:utf8.EncodeRune(buf[:], r)]))
}

// spaceAt returns the length of the space at the string's beginning, 0 without one: a plain one, or one that keeps
// numbers together, U+00A0, U+2007, U+2009 and U+202F.
func spaceAt(s string) int {
	switch {
	case s == "":
	case s[0] == ' ':
		return 1
	case strings.HasPrefix(s, "\u00a0"):
		return 2
	case strings.HasPrefix(s, "\u202f"), strings.HasPrefix(s, "\u2009"), strings.HasPrefix(s, "\u2007"):
		return 3
	}
	return 0
}

// trimSpaces cuts off the spaces at the string's beginning.
func trimSpaces(s string) string {
	for n := spaceAt(s); n > 0; n = spaceAt(s) {
		s = s[n:]
	}
	return s
}

// lower makes the letters lower case, in buf if that is large enough.
func lower(buf *[32]byte, s string) []byte {
	out := buf[:0]
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return lowerRunes(out, s[i:])
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return out
}

func lowerRunes(out []byte, s string) []byte {
	for _, r := range s {
		out = utf8.AppendRune(out, unicode.ToLower(r))
	}
	return out
}

func digit(b byte) bool { return '0' <= b && b <= '9' }
