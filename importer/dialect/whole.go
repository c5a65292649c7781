package dialect

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// wholeRecords appends records to the block that are in order, up to the limit, and returns where the first one begins
// that isn't, or may not be complete: it is for record to look at. It finds what record would find, in less time:
// outside of quotes it goes from one special byte to the next, of which it finds those of a chunk at once; inside, the
// bytes package looks for quotes and line breaks.
func (s *scanner) wholeRecords(b *Block, pos, limit int) int {
	if s.dialect.Backslash || s.dialect.BareCR || s.dialect.Spaces {
		return pos
	}
	buf, spans := b.buf, b.spans
	delimiter, even := s.dialect.Delimiter, s.even
	// The record begins at start with the field first; the field at pos, and the chunk's special bytes, are yet to be
	// looked at.
	start, line, lines := pos, s.line, int64(1)
	first, n := len(b.fields), len(b.fields)
	fields := roomFor(b.fields[:cap(b.fields)], n)
	chunk, special := pos, s.specials(buf[pos:])
	for len(spans) < limit {
		i := pos
		for ; special != 0; special &= special - 1 {
			i = chunk + bits.TrailingZeros64(special)
			if buf[i] != delimiter {
				break
			}
			fields[n] = Field{int32(pos), int32(i), false}
			n++
			pos = i + 1
		}
		if n-first >= s.most {
			break
		}
		if special == 0 {
			if chunk += chunkSize; chunk >= len(buf) {
				break
			}
			special, fields = s.specials(buf[chunk:]), roomFor(fields, n)
			continue
		}
		if buf[i] == '\n' {
			end := i
			if end > pos && buf[end-1] == '\r' {
				end--
			}
			fields[n] = Field{int32(pos), int32(end), false}
			n++
			pos = i + 1
			special &= special - 1
		} else {
			if i > pos {
				break // a quote in a field
			}
			end, escaped, breaks := closingQuote(buf, chunk, special)
			if end+2 >= len(buf) {
				break
			}
			fields[n] = Field{int32(pos + 1), int32(end), escaped}
			n++
			lines += int64(breaks)
			behind := buf[end+1]
			pos = end + 2
			if behind == '\r' && buf[pos] == '\n' {
				behind = '\n'
				pos++
			}
			if pos < chunk+chunkSize {
				special &= ^uint64(0) << (pos - chunk)
			} else {
				chunk, special, fields = pos, s.specials(buf[pos:]), roomFor(fields, n)
			}
			if behind == delimiter {
				continue
			}
			if behind != '\n' {
				break
			}
		}
		if pos-start > s.max || n < first+even || n == first+1 && blank(buf[start:pos]) {
			break
		}
		spans = append(spans, Span{})
		sp := &spans[len(spans)-1] // filled in place: a Span that is copied takes much longer
		sp.Start, sp.End, sp.Line, sp.LastLine = int32(start), int32(pos), line, line+lines-1
		sp.first, sp.width = int32(first), int32(n-first)
		start, line, lines, first = pos, line+lines, 1, n
	}
	s.line = line
	b.spans, b.fields = spans, fields[:first]
	return start
}

// roomFor returns the fields, of which n are in use, with room for those that end in a chunk: so wholeRecords needn't
// see to it for each.
func roomFor(fields []Field, n int) []Field {
	if len(fields)-n < chunkSize {
		fields = append(fields, make([]Field, max(len(fields), chunkSize))...)
	}
	return fields
}

// chunkSize is of how many bytes specials finds those that are special.
const chunkSize = 64

// specials returns where the delimiters, quotes and line feeds are in the chunk that the text begins with: bit i is set
// for byte i.
func (s *scanner) specials(text []byte) uint64 {
	if len(text) < chunkSize {
		var padded [chunkSize]byte
		copy(padded[:], text)
		return s.specials(padded[:]) & (1<<len(text) - 1)
	}
	c := (*[chunkSize]byte)(text)
	const top = 0x80 * eachByte
	st := s.stops
	// Bit 8*k+i is that of byte k of word i, and set if the byte is not special.
	usual := st.usual(c[0:])&top>>7 | st.usual(c[8:])&top>>6 | st.usual(c[16:])&top>>5 | st.usual(c[24:])&top>>4 |
		st.usual(c[32:])&top>>3 | st.usual(c[40:])&top>>2 | st.usual(c[48:])&top>>1 | st.usual(c[56:])&top
	return transpose(^usual)
}

// usual returns a word in which the top bit of each byte is clear if the byte is special: 7 bits that aren't all zero
// carry into it when 7f is added.
func (st *stops) usual(word []byte) uint64 {
	const low = 0x7f * eachByte
	w := binary.LittleEndian.Uint64(word)
	a := w & low
	return (a^st.delimiter+low)&(a^st.quote+low)&(a^('\n'*eachByte)+low) | w
}

// transpose swaps bit 8*k+i and bit 8*i+k (Warren, Hacker's Delight, 7-3).
func transpose(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

// closingQuote returns where the quoted field ends whose quote is the chunk's first special byte, len(buf) where it
// doesn't, whether there are doubled quotes in it, and how many line breaks.
func closingQuote(buf []byte, chunk int, special uint64) (end int, escaped bool, breaks int) {
	pos := chunk + bits.TrailingZeros64(special)
	quote := buf[pos]
	pos++
	for special &= special - 1; special != 0; special &= special - 1 {
		i := chunk + bits.TrailingZeros64(special)
		switch {
		case buf[i] == '\n':
			breaks++
		case buf[i] != quote || i < pos: // a delimiter, or the second quote of two
		case i+1 < len(buf) && buf[i+1] == quote:
			escaped = true
			pos = i + 2
		default:
			return i, escaped, breaks
		}
	}
	pos = max(pos, chunk+chunkSize)
	for start := pos; pos < len(buf); pos += 2 {
		n := bytes.IndexByte(buf[pos:], quote)
		if n < 0 {
			break
		}
		pos += n
		if pos+1 == len(buf) || buf[pos+1] != quote {
			return pos, escaped, breaks + bytes.Count(buf[start:pos], lineFeed)
		}
		escaped = true
	}
	return len(buf), escaped, breaks
}
