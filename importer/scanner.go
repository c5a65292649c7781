package importer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
)

// blockSize is how many bytes a block holds: large enough that handing it on costs nothing beside parsing it.
const blockSize = 256 << 10

// block is a run of whole records, with the bytes that they are made of.
type block struct {
	buf    []byte
	spans  []span
	fields []field
	offset int64 // of buf[0] in the file
	end    int64 // offset behind the last span
}

// span is a record in a block's bytes, or a damaged stretch of lines that no record could be made of.
type span struct {
	start, end   int32 // in buf, the line end included
	first, width int32 // fields[first : first+width]
	line         int64 // where it begins, from 1
	lastLine     int64
	damage       Code // empty for a record
	at           int32
}

// field is a field's bytes in a block, without quotes around it.
type field struct {
	start, end int32
	escaped    bool // quotes in it are doubled
}

func (b *block) reset() {
	b.buf, b.spans, b.fields = b.buf[:0], b.spans[:0], b.fields[:0]
}

// scanner cuts a CSV file into records as RFC 4180 has them, with LF or CRLF behind a record. It goes on behind damage:
// after a quote that is out of place, at the next line at which a record of the right width begins. Empty lines
// are passed over.
type scanner struct {
	r        io.Reader
	comma    byte
	max      int       // bytes of the longest record
	width    int       // fields of a record, 0 while it isn't known
	special  [3]uint64 // comma, line feed and quote, in every byte of a word
	rest     []byte    // read, but not scanned
	skipping bool      // the rest of an overlong line has to be passed over
	offset   int64     // of rest[0]
	line     int64     // of rest[0]
	err      error     // of r; io.EOF at its end
	sum      uint32    // CRC-32C of what was read: tells whether two passes saw the same bytes
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newScanner(r io.Reader, comma byte, maxRecord int) *scanner {
	s := &scanner{r: r, comma: comma, max: maxRecord, line: 1}
	for i, c := range []byte{comma, '\n', '"'} {
		s.special[i] = uint64(c) * eachByte
	}
	return s
}

// next fills the block with up to limit whole records, at least one, and io.EOF when there are no more.
func (s *scanner) next(b *block, limit int) error {
	b.reset()
	b.buf = append(b.buf, s.rest...)
	b.offset = s.offset
	want := max(blockSize, len(b.buf))
	for {
		b.buf = s.fill(b.buf, want)
		eof := s.err != nil
		if eof && !errors.Is(s.err, io.EOF) {
			return s.err
		}
		pos := s.scan(b, eof, limit)
		s.rest = append(s.rest[:0], b.buf[pos:]...)
		s.offset = b.offset + int64(pos)
		b.end = s.offset
		if len(b.spans) > 0 {
			return nil
		}
		if eof && pos == len(b.buf) {
			return io.EOF
		}
		// Not one whole record: drop what was passed over, and read more than before.
		b.buf = append(b.buf[:0], s.rest...)
		b.offset = s.offset
		want = max(blockSize, 2*len(b.buf))
	}
}

// fill reads until buf has n bytes or the reader has no more.
func (s *scanner) fill(buf []byte, n int) []byte {
	for s.err == nil && len(buf) < n {
		if cap(buf) < n {
			buf = append(make([]byte, 0, n), buf...)
		}
		k, err := s.r.Read(buf[len(buf):n])
		s.sum = crc32.Update(s.sum, castagnoli, buf[len(buf):len(buf)+k])
		buf, s.err = buf[:len(buf)+k], err
	}
	return buf
}

// scan appends the whole records of b.buf to the block and returns where the first unfinished one begins.
func (s *scanner) scan(b *block, eof bool, limit int) (pos int) {
	for pos < len(b.buf) && len(b.spans) < limit {
		if s.skipping {
			n := bytes.IndexByte(b.buf[pos:], '\n')
			if n < 0 {
				return len(b.buf)
			}
			s.skipping = false
			s.line++
			pos += n + 1
			continue
		}
		first := len(b.fields)
		end, at, result := s.record(b, pos, eof)
		sp := span{start: int32(pos), end: int32(end), first: int32(first), width: int32(len(b.fields) - first), line: s.line, lastLine: s.line}
		switch {
		case result == whole && end-pos <= s.max:
			if sp.width == 1 && blank(b.buf[pos:end]) {
				b.fields = b.fields[:first]
				s.line++
				pos = end
				continue
			}
			if at == 0 { // no quoted field, so one line
				s.line++
				break
			}
			s.finish(b, &sp, end)
		case result == whole:
			b.fields = b.fields[:first]
			sp.damage, sp.width = CodeRecordTooLong, 0
			s.finish(b, &sp, end)
		case result == unfinished && len(b.buf)-pos <= s.max && !eof:
			b.fields = b.fields[:first]
			return pos
		default:
			b.fields = b.fields[:first]
			sp.damage, sp.width, sp.at = CodeBadQuote, 0, int32(at)
			lineEnd := bytes.IndexByte(b.buf[pos:], '\n')
			if lineEnd < 0 && !eof && len(b.buf)-pos <= s.max {
				return pos
			}
			if lineEnd < 0 && !eof { // one line, longer than a record may be
				sp.damage, sp.at = CodeRecordTooLong, 0
				s.skipping = true
				sp.end = int32(len(b.buf))
				b.spans = append(b.spans, sp)
				return len(b.buf)
			}
			end = s.recover(b, pos, eof)
			if end < 0 {
				return pos
			}
			s.finish(b, &sp, end)
		}
		b.spans = append(b.spans, sp)
		pos = end
	}
	return pos
}

// finish makes the span end at end, and counts its lines.
func (s *scanner) finish(b *block, sp *span, end int) {
	sp.end = int32(end)
	lines := int64(bytes.Count(b.buf[sp.start:end], lineFeed))
	if b.buf[end-1] != '\n' {
		lines++
	}
	sp.lastLine = sp.line + lines - 1
	s.line += lines
}

// recover returns where behind the damage at pos the next record begins, len(b.buf) at the end of the file, or -1 when
// that can't be told before more was read.
func (s *scanner) recover(b *block, pos int, eof bool) int {
	at := pos
	first := len(b.fields)
	defer func() { b.fields = b.fields[:first] }()
	for {
		n := bytes.IndexByte(b.buf[at:], '\n')
		if n < 0 {
			if eof {
				return len(b.buf)
			}
			if len(b.buf)-pos > s.max && at > pos {
				return at
			}
			return -1
		}
		at += n + 1
		if at == len(b.buf) && eof {
			return at
		}
		b.fields = b.fields[:first]
		end, _, result := s.record(b, at, eof)
		switch {
		case result == whole && (s.width == 0 || len(b.fields)-first == s.width || blank(b.buf[at:end])):
			return at
		case result == unfinished && !eof:
			if len(b.buf)-pos > s.max {
				return at
			}
			return -1
		}
	}
}

var lineFeed = []byte{'\n'}

// blank tells whether a line has nothing but its end.
func blank(line []byte) bool {
	return len(line) == 1 && line[0] == '\n' || len(line) == 2 && line[0] == '\r' && line[1] == '\n' || len(line) == 1 && line[0] == '\r'
}

type scanResult uint8

const (
	whole      scanResult = iota // a record, ending at end
	unfinished                   // more bytes are needed, or a quote is never closed
	broken                       // a quote out of place, at at
)

// record scans one record at pos and appends its fields to the block. For a whole record at is 0 if and only if it has
// no quoted field.
func (s *scanner) record(b *block, pos int, eof bool) (end, at int, result scanResult) {
	buf := b.buf
	for {
		if pos < len(buf) && buf[pos] == '"' {
			start, escaped := pos+1, false
			i := start
			for {
				n := bytes.IndexByte(buf[i:], '"')
				if n < 0 {
					return 0, pos, unfinished
				}
				i += n + 1
				if i == len(buf) {
					if !eof {
						return 0, pos, unfinished
					}
					break
				}
				if buf[i] != '"' {
					break
				}
				escaped = true
				i++
			}
			b.fields = append(b.fields, field{int32(start), int32(i - 1), escaped})
			at = start
			switch {
			case i == len(buf):
				return i, at, whole
			case buf[i] == s.comma:
				pos = i + 1
				continue
			case buf[i] == '\n':
				return i + 1, at, whole
			case buf[i] == '\r' && i+1 == len(buf):
				if eof {
					return i + 1, at, whole
				}
				return 0, pos, unfinished
			case buf[i] == '\r' && buf[i+1] == '\n':
				return i + 2, at, whole
			}
			return 0, i - 1, broken
		}
		i := pos + s.plain(buf[pos:])
		if i == len(buf) && !eof {
			return 0, pos, unfinished
		}
		if i < len(buf) && buf[i] == '"' {
			return 0, i, broken
		}
		f := field{int32(pos), int32(i), false}
		if i < len(buf) && buf[i] == s.comma {
			b.fields = append(b.fields, f)
			pos = i + 1
			continue
		}
		if i > pos && buf[i-1] == '\r' {
			f.end--
		}
		b.fields = append(b.fields, f)
		return min(i+1, len(buf)), at, whole
	}
}

const eachByte = 0x0101010101010101

// plain returns how many bytes are before the first comma, line feed or quote. It looks at eight bytes at a time: a
// byte of a word is zero where (w-1)&^w has the byte's top bit, but for bytes above the first such one, which a borrow
// may have reached (Warren, Hacker's Delight, 6-1).
func (s *scanner) plain(buf []byte) int {
	i := 0
	for ; i+8 <= len(buf); i += 8 {
		w := binary.LittleEndian.Uint64(buf[i:])
		a, b, c := w^s.special[0], w^s.special[1], w^s.special[2]
		if found := ((a-eachByte)&^a | (b-eachByte)&^b | (c-eachByte)&^c) & (eachByte << 7); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(buf); i++ {
		if c := buf[i]; c == s.comma || c == '\n' || c == '"' {
			break
		}
	}
	return i
}

// unescape turns the doubled quotes of a field into single ones, in place.
func (b *block) unescape(f *field) {
	if !f.escaped {
		return
	}
	f.escaped = false
	in := b.buf[f.start:f.end]
	out := in[:0]
	for {
		n := bytes.IndexByte(in, '"')
		if n < 0 {
			break
		}
		out = append(out, in[:n+1]...)
		in = in[n+2:]
	}
	out = append(out, in...)
	f.end = f.start + int32(len(out))
}
