package charset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// decoder appends to dst what src stands for, and returns how much of src it used: all of it at the file's end, else up
// to three bytes less. It may remember what came before.
type decoder func(dst, src []byte, end bool) (out []byte, used int)

// newDecoder returns a decoder of the encoding for a file, nil for UTF-8.
func newDecoder(e Encoding) decoder {
	switch e {
	case Auto, UTF8:
		return nil
	case UTF16LE:
		return func(dst, src []byte, end bool) ([]byte, int) { return fromUTF16(dst, src, end, false) }
	case UTF16BE:
		return func(dst, src []byte, end bool) ([]byte, int) { return fromUTF16(dst, src, end, true) }
	}
	if table, single := newTable(e); single {
		return func(dst, src []byte, _ bool) ([]byte, int) { return table.decode(dst, src, nil), len(src) }
	}
	return fromTransformer(known[e].text.NewDecoder().Transformer, e == ISO2022JP || e == HZGB2312)
}

// noCharacter is what a byte without a character stands for.
const noCharacter rune = -1

// table has the character of each byte of an encoding that has one for a byte.
type table [256]rune

// newTable returns the encoding's table, and whether it has one.
func newTable(e Encoding) (t table, single bool) {
	m, single := known[e].text.(*charmap.Charmap)
	if !single {
		return t, false
	}
	for c := range t {
		r := m.DecodeByte(byte(c))
		// The Encoding Standard makes control characters of the bytes for which Windows has nothing.
		if r == utf8.RuneError || r >= 0x80 && r < 0xa0 && e <= Windows1258 && e != ISO8859_1 {
			r = noCharacter
		}
		t[c] = r
	}
	return t, true
}

// decode writes bytes without a character as bytes that are no UTF-8 wherever they stand behind a whole character. The
// survey, unless it is nil, goes on with src.
func (t *table) decode(dst, src []byte, s *survey) []byte {
	ascii := t['A'] == 'A' // else it is EBCDIC
	for i := 0; i < len(src); {
		if ascii {
			n := countASCII(src[i:])
			dst = append(dst, src[i:i+n]...)
			i += n
		}
		for ; i < len(src) && (!ascii || src[i] >= utf8.RuneSelf); i++ {
			c := src[i]
			switch r := t[c]; {
			case r != noCharacter:
				dst = utf8.AppendRune(dst, r)
			case c >= 0x80 && c < 0xc0:
				dst = append(dst, c)
			default:
				dst = append(dst, 0xff)
			}
			if s != nil && s.counts[c-0x80] < settled {
				s.note(src, i)
			}
		}
	}
	if s != nil {
		s.goOn(src)
	}
	return dst
}

// fromTransformer makes a decoder of one of x/text, which writes U+FFFD for bytes that are no characters. An encoding
// that shifts is in ASCII again at the end of a line, so that a lost shift costs one line.
func fromTransformer(t transform.Transformer, shifts bool) decoder {
	return func(dst, src []byte, end bool) (out []byte, used int) {
		begin := len(dst)
		for shifts {
			line := bytes.IndexAny(src[used:], "\r\n")
			if line < 0 {
				break
			}
			dst, _ = transformed(t, dst, src[used:used+line], true)
			t.Reset()
			used += line + 1
			dst = append(dst, src[used-1])
		}
		dst, n := transformed(t, dst, src[used:], end)
		return withoutReplacements(dst, begin), used + n
	}
}

// transformed appends to dst what the transformer makes of src, and returns how much of src it used.
func transformed(t transform.Transformer, dst, src []byte, end bool) (out []byte, used int) {
	for {
		dst = slices.Grow(dst, 3*(len(src)-used)+utf8.UTFMax)
		wrote, read, err := t.Transform(dst[len(dst):cap(dst)], src[used:], end)
		dst, used = dst[:len(dst)+wrote], used+read
		if !errors.Is(err, transform.ErrShortDst) {
			return dst, used
		}
	}
}

// withoutReplacements puts a byte that is no UTF-8 in the place of each U+FFFD in text[begin:].
func withoutReplacements(text []byte, begin int) []byte {
	kept := begin
	for rest := text[begin:]; ; {
		n := bytes.Index(rest, []byte("\uFFFD"))
		if n < 0 {
			return text[:kept+copy(text[kept:], rest)]
		}
		kept += copy(text[kept:], rest[:n])
		text[kept] = 0xff
		kept, rest = kept+1, rest[n+len("\uFFFD"):]
	}
}

// countASCII returns how many bytes are before the first one beyond ASCII.
func countASCII(b []byte) int {
	const beyond = 0x8080808080808080
	i := 0
	for ; i+32 <= len(b); i += 32 {
		w := b[i : i+32 : i+32]
		if (binary.LittleEndian.Uint64(w)|binary.LittleEndian.Uint64(w[8:])|binary.LittleEndian.Uint64(
			w[16:])|binary.LittleEndian.Uint64(w[24:]))&beyond != 0 {
			break
		}
	}
	for ; i+8 <= len(b); i += 8 {
		if w := binary.LittleEndian.Uint64(b[i:]) & beyond; w != 0 {
			return i + bits.TrailingZeros64(w)/8
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// fromUTF16 encodes half of a pair of surrogates without the other half as if it were a character, which UTF-8 forbids,
// and writes an odd byte at the end as one that UTF-8 never has.
func fromUTF16(dst, src []byte, end, big bool) (out []byte, used int) {
	i := 0
	for i+2 <= len(src) {
		if i+8 <= len(src) {
			w := binary.LittleEndian.Uint64(src[i:])
			if big {
				w = bits.RotateLeft64(w, -8)
			}
			if w&0xff80ff80ff80ff80 == 0 { // four ASCII characters
				dst = append(dst, byte(w), byte(w>>16), byte(w>>32), byte(w>>48))
				i += 8
				continue
			}
		}
		r := unit(src[i:], big)
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		case !utf16.IsSurrogate(r):
			dst = utf8.AppendRune(dst, r)
		case r < 0xdc00 && i+4 > len(src) && !end:
			return dst, i
		default:
			whole := utf8.RuneError
			if i+4 <= len(src) {
				whole = utf16.DecodeRune(r, unit(src[i+2:], big))
			}
			if whole != utf8.RuneError {
				dst = utf8.AppendRune(dst, whole)
				i += 2
			} else {
				dst = append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
			}
		}
		i += 2
	}
	if end && i < len(src) {
		return append(dst, 0xff), len(src)
	}
	return dst, i
}

// unit returns the first unit of UTF-16.
func unit(src []byte, big bool) rune {
	if big {
		return rune(src[0])<<8 | rune(src[1])
	}
	return rune(src[1])<<8 | rune(src[0])
}
