package importer

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// decoderOf returns the encoding's decoder, nil for UTF-8.
func decoderOf(e Encoding) decoder {
	switch e {
	case UTF16LE:
		return func(dst, src []byte, end bool) ([]byte, int) { return fromUTF16(dst, src, end, false) }
	case UTF16BE:
		return func(dst, src []byte, end bool) ([]byte, int) { return fromUTF16(dst, src, end, true) }
	case Windows1252:
		return func(dst, src []byte, _ bool) ([]byte, int) { return fromWestern(dst, src, &windows1252), len(src) }
	case ISO8859_1:
		return func(dst, src []byte, _ bool) ([]byte, int) { return fromWestern(dst, src, nil), len(src) }
	}
	return nil
}

// countASCII returns how many bytes are before the first one beyond ASCII.
func countASCII(b []byte) int {
	const beyond = 0x80 * eachByte
	i := 0
	for ; i+32 <= len(b); i += 32 {
		w := b[i : i+32 : i+32]
		if (binary.LittleEndian.Uint64(w)|binary.LittleEndian.Uint64(w[8:])|binary.LittleEndian.Uint64(w[16:])|binary.LittleEndian.Uint64(w[24:]))&beyond != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// fromWestern decodes text in which the bytes 80 to 9F have the characters of the table; without a table, and beyond it,
// they are those of Unicode. It leaves bytes without a character as they are: behind a whole character they are no UTF-8.
func fromWestern(dst, src []byte, table *[32]rune) []byte {
	for len(src) > 0 {
		n := countASCII(src)
		dst = append(dst, src[:n]...)
		for src = src[n:]; len(src) > 0 && src[0] >= utf8.RuneSelf; src = src[1:] {
			r := rune(src[0])
			if table != nil && r < 0xa0 {
				r = table[r-0x80]
			}
			if r != 0 {
				dst = utf8.AppendRune(dst, r)
			} else {
				dst = append(dst, src[0])
			}
		}
	}
	return dst
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
