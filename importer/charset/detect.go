package charset

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Detected is what was found out about a file's encoding.
type Detected struct {
	Encoding Encoding
	// Unknown: it is neither valid UTF-8 nor likely to be in another encoding, and counts as UTF-8.
	Unknown bool
	// Readings are the encodings that the file may be in, the likeliest first, where that isn't clear. Encoding is
	// Windows1252 then, until what follows makes it clear, or the file ends: see [QuestionError].
	Readings []Reading
	// Evidence says, in words for people, by what the encoding is known.
	Evidence string
}

// Detect returns the encoding of a file that begins with the given bytes; complete says that they are all of it.
// Without a byte beyond ASCII, and without those of UTF-16, it is UTF-8. A Reader looks on where the beginning leaves
// that open.
func Detect(start []byte, complete bool) Detected {
	if found := detectUnicode(start[:min(len(start), startBytes)]); found.Encoding != Auto {
		return found
	}
	n := countASCII(start)
	if n == len(start) {
		return onlyASCII
	}
	rest := start[n:min(len(start), n+judgedBytes)]
	found, _ := judge(start[max(0, n-beforeBytes):n], rest, complete && len(rest) < judgedBytes)
	return found
}

var onlyASCII = Detected{Encoding: UTF8, Evidence: "only ASCII characters"}

// detectUnicode returns the encoding that a file's first bytes leave no doubt about, or Auto.
func detectUnicode(start []byte) Detected {
	if marked, _ := ByteOrderMark(start); marked != Auto {
		return Detected{Encoding: marked, Evidence: "it begins with a byte order mark"}
	}
	if unmarked := detectUTF16(start); unmarked != Auto {
		return Detected{Encoding: unmarked, Evidence: "every other byte of its beginning is NUL"}
	}
	return Detected{}
}

// marks are the byte order marks.
var marks = []struct {
	mark     string
	encoding Encoding
}{{"\xef\xbb\xbf", UTF8}, {"\xff\xfe", UTF16LE}, {"\xfe\xff", UTF16BE}}

// ByteOrderMark returns the encoding that the byte order mark at a file's beginning names, and the mark's length; Auto
// and 0 without one.
func ByteOrderMark(start []byte) (Encoding, int) {
	for _, m := range marks {
		if bytes.HasPrefix(start, []byte(m.mark)) {
			return m.encoding, len(m.mark)
		}
	}
	return Auto, 0
}

// detectUTF16 recognizes UTF-16 without a byte order mark by its NUL bytes: in most languages' text, and in every CSV
// file's delimiters and line ends, one byte of two is NUL, always the same one.
func detectUTF16(start []byte) Encoding {
	var nuls [2]int
	for i, c := range start {
		if c == 0 {
			nuls[i%2]++
		}
	}
	pairs := len(start) / 2
	switch {
	case nuls[0]+nuls[1] < 2: // a stray one
	case nuls[1] > pairs/5 && nuls[0] <= nuls[1]/10:
		return UTF16LE
	case nuls[0] > pairs/5 && nuls[1] <= nuls[0]/10:
		return UTF16BE
	}
	return Auto
}

// judge decides on a file by a stretch of it that begins with its first byte beyond ASCII, and the few bytes before
// that. Where the stretch isn't the file's end, a character may be cut off at its end.
//
// Text in another encoding is hardly ever UTF-8 by chance, and damaged UTF-8 has more characters that are whole, or a
// few that are cut off. What makes no sense in any encoding is left as it is, invalid, rather than read as characters
// that nobody wrote.
//
// Where it is, or may be, Windows1252, the survey is to go on, so that the rest of the file has a say.
func judge(before, text []byte, end bool) (Detected, *survey) {
	unicode := countUTF8(text, end)
	switch {
	case unicode.cut+unicode.broken == 0:
		return Detected{Encoding: UTF8, Evidence: "its first characters beyond ASCII are valid UTF-8"}, nil
	case unicode.whole >= 10*(unicode.cut+unicode.broken):
		return unicode.detected(), nil
	}
	s := &survey{}
	s.add(slices.Concat(before, text))
	v := s.verdict()
	asian := eastAsian(text)
	switch {
	case len(asian) > 0:
		readings := append(asian, v.readings...)
		v.sure, v.readings = false, readings[:min(len(readings), mostReadings)]
		return v.detected(), nil
	case unicode.whole >= unicode.cut+unicode.broken, unicode.likelihood() > v.best:
		return unicode.detected(), nil
	case !v.anySense:
		return Detected{Encoding: UTF8, Unknown: true, Evidence: "neither valid UTF-8 nor likely in another encoding"}, nil
	case !v.sure && (end || v.hopeless):
		return v.detected(), nil
	}
	return v.detected(), s
}

// unicodeCount counts what is UTF-8 in a text, and what isn't.
type unicodeCount struct {
	whole, cut, broken int // cut: as a character that was cut off at the end of a value
	bytes              int
}

func countUTF8(text []byte, end bool) (n unicodeCount) {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i += countASCII(text[i:])
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			n.whole++
		case !end && !utf8.FullRune(text[i:]):
			return n
		default:
			for size < 3 && i+size < len(text) && text[i+size]&0xc0 == 0x80 && text[i] >= 0xe0 && text[i] < 0xf5 {
				size++
			}
			if text[i] >= 0xc2 && text[i] < 0xf5 && (i+size == len(text) || endsValue(text[i+size])) {
				n.cut++
			} else {
				n.broken++
			}
		}
		n.bytes += size
		i += size
	}
	return n
}

func endsValue(c byte) bool {
	return c < ' ' || c == ',' || c == ';' || c == '|' || c == '"'
}

// detected is for a text that is UTF-8 for the most part.
func (n unicodeCount) detected() Detected {
	if n.whole == 0 {
		return Detected{Encoding: UTF8, Evidence: "it has characters of UTF-8 that are cut off"}
	}
	return Detected{Encoding: UTF8, Evidence: fmt.Sprintf(
		"most of its first characters beyond ASCII are valid UTF-8 (%d of %d)", n.whole, n.whole+n.cut+n.broken)}
}

// likelihood is how likely a byte is on the average.
func (n unicodeCount) likelihood() float64 {
	return (-8*float64(n.whole) - 11*float64(n.cut) - 20*float64(n.broken)) / float64(n.bytes)
}
