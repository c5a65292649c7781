package importer

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// format is how a text is cut into records and fields.
type format struct {
	comma, quote byte
	// backslash: a quote inside a quoted field may stand behind a backslash, not only be doubled.
	backslash bool
	// cr: a record may end with a CR without a LF. Otherwise such a CR is a character like others.
	cr bool
}

type scanResult uint8

const (
	whole      scanResult = iota // a record, ending at end
	unfinished                   // more bytes are needed, or a quote is never closed
	broken                       // a quote out of place, at at
	tooWide                      // more than most fields
)

// record scans one record at pos and appends its fields to the block. For a whole record at is 0 if and only if it has
// no quoted field.
func (s *scanner) record(b *block, pos int, eof bool) (end, at int, result scanResult) {
	buf, quote, most := b.buf, s.quote, len(b.fields)+s.most
	for len(b.fields) < most {
		if pos < len(buf) && buf[pos] == quote {
			start, escaped := pos+1, false
			i := start
			for {
				n := bytes.IndexByte(buf[i:], quote)
				if n < 0 {
					return 0, pos, unfinished
				}
				i += n + 1
				if s.backslash && n > 0 {
					escaped = escaped || bytes.IndexByte(buf[i-1-n:i], '\\') >= 0
					if oddBackslashes(buf[start : i-1]) {
						continue
					}
				}
				if i == len(buf) {
					if !eof {
						return 0, pos, unfinished
					}
					break
				}
				if buf[i] != quote {
					break
				}
				escaped = true
				i++
			}
			b.fields = append(b.fields, field{int32(start), int32(i - 1), escaped})
			at = start
			if i < len(buf) && buf[i] == s.comma {
				pos = i + 1
				continue
			}
			end, result = s.lineBreak(buf, i, eof)
			if result == broken {
				return 0, i - 1, broken
			}
			return end, at, result
		}
		i := pos + s.plain(buf[pos:])
		for s.literal && i < len(buf) && buf[i] == quote {
			i += 1 + s.plain(buf[i+1:])
		}
		if i == len(buf) && !eof {
			return 0, pos, unfinished
		}
		f := field{int32(pos), int32(i), false}
		switch {
		case i == len(buf):
		case buf[i] == s.comma:
			b.fields = append(b.fields, f)
			pos = i + 1
			continue
		case buf[i] == quote:
			return 0, i, broken
		case buf[i] == '\r':
			b.fields = append(b.fields, f)
			end, result = s.lineBreak(buf, i, eof)
			return end, at, result
		}
		if i > pos && buf[i-1] == '\r' {
			f.end--
		}
		b.fields = append(b.fields, f)
		return min(i+1, len(buf)), at, whole
	}
	return 0, pos, tooWide
}

// lineBreak returns where the line break at i ends; broken if there is none.
func (s *scanner) lineBreak(buf []byte, i int, eof bool) (end int, result scanResult) {
	switch {
	case i == len(buf):
		return i, whole
	case buf[i] == '\n':
		return i + 1, whole
	case buf[i] != '\r':
		return 0, broken
	case i+1 < len(buf) && buf[i+1] == '\n':
		return i + 2, whole
	case i+1 == len(buf) && !eof:
		return 0, unfinished
	case s.cr || i+1 == len(buf):
		return i + 1, whole
	}
	return 0, broken
}

const eachByte = 0x0101010101010101

// special is what plain looks for. The bytes of a word are compared with a pattern once the bits that don't matter are
// masked out of them: of a line break only LF matters, or, if CR ends a record too, that it is one of the bytes 08 to 0F.
type special struct {
	comma, quote, lineBreak, lineMask uint64
}

func (f *format) special() special {
	sp := special{uint64(f.comma) * eachByte, uint64(f.quote) * eachByte, '\n' * eachByte, 0xff * eachByte}
	if f.cr {
		sp.lineBreak, sp.lineMask = 0x08*eachByte, 0xf8*eachByte
	}
	return sp
}

// plain returns how many bytes are before the first comma, quote or line break. It looks at eight bytes at a time: a
// byte of a word is zero where (w-1)&^w has the byte's top bit, but for bytes above the first such one, which a borrow
// may have reached (Warren, Hacker's Delight, 6-1).
func (s *scanner) plain(buf []byte) int {
	i, sp := 0, s.special
	for ; i+8 <= len(buf); i += 8 {
		w := binary.LittleEndian.Uint64(buf[i:])
		a, b, c := w^sp.comma, w&sp.lineMask^sp.lineBreak, w^sp.quote
		if found := ((a-eachByte)&^a | (b-eachByte)&^b | (c-eachByte)&^c) & (eachByte << 7); found != 0 {
			at := i + bits.TrailingZeros64(found)/8
			if !s.cr || s.ends(buf[at]) {
				return at
			}
			// A tab or another control character: on, from the byte behind it.
			i = at + 1 - 8
		}
	}
	for ; i < len(buf); i++ {
		if s.ends(buf[i]) {
			break
		}
	}
	return i
}

// ends tells whether an unquoted field can't go on with the byte.
func (s *scanner) ends(c byte) bool {
	return c == s.comma || c == '\n' || c == s.quote || c == '\r' && s.cr
}

// oddBackslashes tells whether an odd number of backslashes is at the end.
func oddBackslashes(b []byte) bool {
	return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1
}

// unescape turns the escaped quotes of a field into single ones, in place.
func (b *block) unescape(f *field) {
	if !f.escaped {
		return
	}
	f.escaped = false
	f.end = f.start + int32(len(b.format.unescape(b.buf[f.start:f.end])))
}

// unescape turns doubled quotes into single ones, in place, and where backslashes escape, \" and \\ as well. Any other
// backslash stays.
func (f *format) unescape(in []byte) []byte {
	if f.backslash {
		return f.unescapeBackslashes(in)
	}
	out := in[:0]
	for {
		n := bytes.IndexByte(in, f.quote)
		if n < 0 {
			break
		}
		out = append(out, in[:n+1]...)
		in = in[n+2:]
	}
	return append(out, in...)
}

func (f *format) unescapeBackslashes(in []byte) []byte {
	out := in[:0]
	for i := 0; i < len(in); i++ {
		if i+1 < len(in) && (in[i] == f.quote && in[i+1] == f.quote || in[i] == '\\' && (in[i+1] == f.quote || in[i+1] == '\\')) {
			i++
		}
		out = append(out, in[i])
	}
	return out
}
