package dialect

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

type scanResult uint8

const (
	whole      scanResult = iota // a record, ending at end
	unfinished                   // more bytes are needed, or a quote is never closed
	broken                       // a quote is out of place
	tooWide                      // more than most fields
)

// byteOrderMark stands at the beginning of files, and inside those that were made of several: before a quoted field it
// is no part of the text.
var byteOrderMark = []byte("\ufeff")

// record scans one record at pos and appends its fields to the block. Of a whole record, where is 0 if and only if it
// has no quoted field; of others it is what is broken, too much, or never closed.
func (s *scanner) record(b *Block, pos int, eof bool) (end, where int, result scanResult) {
	buf, quote, most := b.buf, s.dialect.Quote, len(b.fields)+s.most
	quotes := quote != NoQuote
	if rest, marked := bytes.CutPrefix(buf[pos:], byteOrderMark); marked && quotes && len(rest) > 0 &&
		rest[0] == quote {
		pos += len(byteOrderMark)
	}
	for len(b.fields) < most {
		if s.dialect.Spaces {
			pos = s.spaces(buf, pos)
		}
		if quotes && pos < len(buf) && buf[pos] == quote {
			start, escaped := pos+1, false
			i := start
			for {
				n := bytes.IndexByte(buf[i:], quote)
				if n < 0 {
					return 0, pos, unfinished
				}
				i += n + 1
				if s.dialect.Backslash && n > 0 {
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
			b.fields = append(b.fields, Field{int32(start), int32(i - 1), escaped})
			if s.dialect.Spaces {
				if i = s.spaces(buf, i); i == len(buf) && !eof {
					return 0, pos, unfinished
				}
			}
			where = start
			if i < len(buf) && buf[i] == s.dialect.Delimiter {
				pos = i + 1
				continue
			}
			end, result = s.lineBreak(buf, i, eof)
			if result == broken {
				return 0, i - 1, broken
			}
			return end, where, result
		}
		i := pos + s.unquoted(buf[pos:])
		if quotes && i == pos+1 && i < len(buf) && buf[i] == '"' && buf[pos] == '=' {
			i = s.textFormula(buf, i, eof)
		}
		for s.literal && i < len(buf) && buf[i] == quote {
			i += 1 + s.unquoted(buf[i+1:])
		}
		if i == len(buf) && !eof {
			return 0, pos, unfinished
		}
		f := Field{int32(pos), int32(i), false}
		if s.dialect.Spaces {
			f.End = s.trimmed(buf, f)
		}
		switch {
		case i == len(buf):
		case buf[i] == s.dialect.Delimiter:
			b.fields = append(b.fields, f)
			pos = i + 1
			continue
		case quotes && buf[i] == quote:
			return 0, i, broken
		case buf[i] == '\r':
			b.fields = append(b.fields, f)
			end, result = s.lineBreak(buf, i, eof)
			return end, where, result
		}
		if i > pos && buf[i-1] == '\r' {
			f.End = int32(i - 1)
			if s.dialect.Spaces {
				f.End = s.trimmed(buf, f)
			}
		}
		b.fields = append(b.fields, f)
		return min(i+1, len(buf)), where, whole
	}
	return 0, pos, tooWide
}

// textFormula returns where a formula like ="00123" ends that is a field without quotes around it, and whose quote is
// at i; i if it is none: where there is a delimiter or a line break in it, or anything else behind it. Programs write
// it for spreadsheets, which else would take the text for a number.
func (s *scanner) textFormula(buf []byte, i int, eof bool) (end int) {
	for end = i + 1; end < len(buf); end++ {
		switch c := buf[end]; {
		case c == s.dialect.Delimiter || c == '\n' || c == '\r':
			return i
		case c != '"':
			continue
		}
		if end++; end < len(buf) && buf[end] == '"' {
			continue
		}
		behind := end
		if s.dialect.Spaces {
			behind = s.spaces(buf, end)
		}
		if behind == len(buf) || buf[behind] == s.dialect.Delimiter {
			return behind
		}
		if _, result := s.lineBreak(buf, behind, eof); result == broken {
			return i
		}
		if buf[behind] == '\r' && !s.dialect.BareCR && behind+1 < len(buf) {
			behind++ // to its line feed, as unquoted goes
		}
		return behind
	}
	if eof {
		return i
	}
	return end
}

// spaces returns the first byte from pos on that is no space beside a field.
func (s *scanner) spaces(buf []byte, pos int) int {
	for pos < len(buf) && s.space(buf[pos]) {
		pos++
	}
	return pos
}

// trimmed returns the end of the field without the spaces behind it.
func (s *scanner) trimmed(buf []byte, f Field) int32 {
	for f.End > f.Start && s.space(buf[f.End-1]) {
		f.End--
	}
	return f.End
}

func (s *scanner) space(c byte) bool { return (c == ' ' || c == '\t') && c != s.dialect.Delimiter }

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
	case s.dialect.BareCR || i+1 == len(buf):
		return i + 1, whole
	}
	return 0, broken
}

const eachByte = 0x0101010101010101

// stops are what unquoted looks for. The bytes of a word are compared with a pattern once the bits that don't matter
// are masked out of them: of a line break only LF matters, or, if CR ends a record too, that it is one of the bytes 08
// to 0F.
type stops struct {
	delimiter, quote, lineBreak, lineMask uint64
}

func (d *Dialect) stops() stops {
	s := stops{uint64(d.Delimiter) * eachByte, uint64(d.Quote) * eachByte, '\n' * eachByte, 0xff * eachByte}
	if d.BareCR {
		s.lineBreak, s.lineMask = 0x08*eachByte, 0xf8*eachByte
	}
	return s
}

// unquoted returns how many bytes are before the first delimiter, quote or line break. It looks at eight bytes at a
// time: a byte of a word is zero where (w-1)&^w has the byte's top bit, but for bytes above the first such one, which a
// borrow may have reached (Warren, Hacker's Delight, 6-1).
func (s *scanner) unquoted(buf []byte) int {
	i, sp := 0, s.stops
	for ; i+8 <= len(buf); i += 8 {
		w := binary.LittleEndian.Uint64(buf[i:])
		a, b, c := w^sp.delimiter, w&sp.lineMask^sp.lineBreak, w^sp.quote
		if found := ((a-eachByte)&^a | (b-eachByte)&^b | (c-eachByte)&^c) & (eachByte << 7); found != 0 {
			at := i + bits.TrailingZeros64(found)/8
			if !s.dialect.BareCR || s.ends(buf[at]) {
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

// ends reports whether an unquoted field can't go on with the byte.
func (s *scanner) ends(c byte) bool {
	return c == s.dialect.Delimiter || c == '\n' || c == s.dialect.Quote || c == '\r' && s.dialect.BareCR
}

// oddBackslashes reports whether an odd number of backslashes is at the end.
func oddBackslashes(b []byte) bool {
	return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1
}

// unescape turns doubled quotes into single ones, in place, and where backslashes escape, \" and \\ as well. Any other
// backslash stays.
func (d *Dialect) unescape(in []byte) []byte {
	if d.Backslash {
		return d.unescapeBackslashes(in)
	}
	out := in[:0]
	for {
		n := bytes.IndexByte(in, d.Quote)
		if n < 0 {
			break
		}
		out = append(out, in[:n+1]...)
		in = in[n+2:]
	}
	return append(out, in...)
}

func (d *Dialect) unescapeBackslashes(in []byte) []byte {
	out := in[:0]
	for i := 0; i < len(in); i++ {
		if i+1 < len(in) && (in[i] == d.Quote && in[i+1] == d.Quote || in[i] == '\\' &&
			(in[i+1] == d.Quote || in[i+1] == '\\')) {
			i++
		}
		out = append(out, in[i])
	}
	return out
}
