package importer

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
)

const (
	// blockSize is how many bytes a block holds: large enough that handing it on costs nothing beside parsing it.
	blockSize = 256 << 10
	// blockRecords is the most records of a block: what is made of one takes a hundred times the bytes of the shortest. Those
	// of usual catalogues don't come near it.
	blockRecords = 4 << 10
	// MaxColumns is the most fields of a record, and so the most columns of a file: as many as a sheet of Excel's has. A
	// file whose header has more is refused, a record that has more is rejected.
	MaxColumns = 16_384
)

// block is a run of whole records, with the bytes that they are made of.
type block struct {
	buf    []byte
	format format
	spans  []span
	fields []field
	offset int64 // of buf[0] in the text
	end    int64 // offset behind the last span

	encoding Encoding // of the file, as far as this block shows it
	source   int64    // bytes of the file that are behind, about
}

// span is a record in a block's bytes, or a damaged stretch of lines that no record could be made of.
type span struct {
	start, end   int32 // in buf, the line end included
	first, width int32 // fields[first : first+width]; of damage, the fields that it seems to have, if any
	line         int64 // where it begins, from 1
	lastLine     int64
	damage       Code // empty for a record
}

// field is a field's bytes in a block, without quotes around it.
type field struct {
	start, end int32
	escaped    bool // there are escaped quotes in it, or backslashes
}

func (b *block) reset() {
	b.buf, b.spans, b.fields = b.buf[:0], b.spans[:0], b.fields[:0]
}

// scanner cuts a text into records as RFC 4180 has them, in the file's format. It goes on behind damage: after a quote
// that is out of place, at the next line at which a record of a usual width begins. Empty lines are passed over.
type scanner struct {
	r io.Reader
	format
	special  special
	max      int    // bytes of the longest record
	most     int    // fields of a record
	want     int    // bytes of the next block
	widths   [2]int // fields of a record: the header's, and those of most records; 0 while they aren't known
	rest     []byte // read, but not scanned
	skipping bool   // the rest of an overlong line has to be passed over
	literal  bool   // a quote in a field without quotes around it is a character
	offset   int64  // of rest[0]
	line     int64  // of rest[0]
	err      error  // of r; io.EOF at its end
	sum      uint32 // CRC-32C of what was read: tells whether two passes saw the same bytes
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// newScanner returns a scanner of what r gives from the offset on. It needs a format before it can scan.
func newScanner(r io.Reader, offset int64, maxRecord int) *scanner {
	return &scanner{r: r, offset: offset, max: maxRecord, most: MaxColumns, want: blockSize, line: 1}
}

// use sets the format.
func (s *scanner) use(f format) {
	s.format, s.special = f, f.special()
}

// peek returns what comes next, n bytes of it if there are as many. No record was scanned yet.
func (s *scanner) peek(n int) ([]byte, error) {
	s.rest = s.fill(s.rest, n)
	if s.err != nil && !errors.Is(s.err, io.EOF) {
		return nil, s.err
	}
	return s.rest, nil
}

// skip passes over n bytes of what was peeked at, which are so many lines.
func (s *scanner) skip(n int, lines int64) {
	s.rest, s.offset, s.line = s.rest[n:], s.offset+int64(n), s.line+lines
}

// next fills the block with up to limit whole records, at least one and at most blockRecords, and returns io.EOF when
// there are no more.
func (s *scanner) next(b *block, limit int) error {
	limit = min(limit, blockRecords)
	b.reset()
	b.format = s.format
	b.buf = append(b.buf, s.rest...)
	b.offset = s.offset
	want := max(s.want, len(b.buf))
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
			b.buf = b.buf[:pos]
			s.adapt(len(b.spans), pos)
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

// adapt sees to it that little is read of what the next block has no room for, where so many records took so many bytes.
func (s *scanner) adapt(records, bytes int) {
	if records == blockRecords {
		s.want = min(bytes+bytes/4, blockSize)
	} else {
		s.want = min(2*s.want, blockSize)
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
			n := s.lineEnd(b.buf[pos:], eof)
			if n < 0 {
				return s.allButCR(b.buf)
			}
			s.skipping = false
			s.line++
			pos += n
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
			if end = s.damaged(b, &sp, result, at, eof); end < 0 {
				b.fields = b.fields[:first]
				return pos
			}
		}
		b.spans = append(b.spans, sp)
		pos = end
	}
	return pos
}

// damaged makes the span one of damage and returns its end, or -1 when that can't be told before more was read. A record
// that is broken or too wide is so at at.
func (s *scanner) damaged(b *block, sp *span, result scanResult, at int, eof bool) (end int) {
	pos := int(sp.start)
	wait := !eof && len(b.buf)-pos <= s.max
	sp.damage, sp.width = CodeBadQuote, 0
	if result == tooWide {
		sp.damage = CodeFieldCount
	}
	if result == broken {
		end, guessed := s.guess(b, pos, eof)
		switch {
		case guessed == whole && end-pos <= s.max:
			sp.width = int32(len(b.fields)) - sp.first
			s.finish(b, sp, end)
			return end
		case guessed == unfinished && wait:
			return -1
		}
		b.fields = b.fields[:sp.first]
	}
	line := s.lineEnd(b.buf[pos:], eof)
	if line < 0 && !eof {
		if wait {
			return -1
		}
		// One line, longer than a record may be.
		sp.damage, s.skipping = CodeRecordTooLong, true
		end = s.allButCR(b.buf)
		sp.end = int32(end)
		return end
	}
	if result != unfinished && at < pos+line && !s.backslash && bytes.Count(b.buf[pos:pos+line], []byte{s.quote})%2 == 0 {
		end = pos + line // as many quotes are closed in it as opened
	} else if end = s.recover(b, pos, eof); end < 0 {
		return end
	}
	s.finish(b, sp, end)
	return end
}

// guess scans a record as if a quote in a field without quotes around it were a character. It is whole only if it has a
// usual number of fields.
func (s *scanner) guess(b *block, pos int, eof bool) (end int, result scanResult) {
	if s.widths[0] == 0 {
		return 0, broken
	}
	first := len(b.fields)
	s.literal = true
	end, _, result = s.record(b, pos, eof)
	s.literal = false
	if result == whole && !s.usual(len(b.fields)-first) {
		return 0, broken
	}
	return end, result
}

// finish makes the span end at end, and counts its lines.
func (s *scanner) finish(b *block, sp *span, end int) {
	sp.end = int32(end)
	lines := s.countLines(b.buf[sp.start:end])
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
		n := s.lineEnd(b.buf[at:], eof)
		if n < 0 {
			if eof {
				return len(b.buf)
			}
			if len(b.buf)-pos > s.max && at > pos {
				return at
			}
			return -1
		}
		at += n
		if at == len(b.buf) && eof {
			return at
		}
		b.fields = b.fields[:first]
		end, _, result := s.record(b, at, eof)
		if result == broken {
			b.fields = b.fields[:first]
			if end, result = s.guess(b, at, eof); result == whole {
				return at
			}
		}
		switch {
		case result == whole && (s.usual(len(b.fields)-first) || blank(b.buf[at:end])):
			return at
		case result == unfinished && !eof:
			if len(b.buf)-pos > s.max {
				return at
			}
			return -1
		}
	}
}

// usual tells whether records may have so many fields.
func (s *scanner) usual(width int) bool {
	return s.widths[0] == 0 || width == s.widths[0] || width == s.widths[1]
}

// lineEnd returns where the first line ends, its line break included; -1 if it goes on, or that can't be told.
func (s *scanner) lineEnd(buf []byte, eof bool) int {
	var i int
	if s.cr {
		i = bytes.IndexAny(buf, "\r\n")
	} else {
		i = bytes.IndexByte(buf, '\n')
	}
	if i < 0 {
		return -1
	}
	end, result := s.lineBreak(buf, i, eof)
	if result == unfinished {
		return -1
	}
	return end
}

// allButCR is the end of the buffer, before a CR that a LF may follow.
func (s *scanner) allButCR(buf []byte) int {
	if s.cr && buf[len(buf)-1] == '\r' {
		return len(buf) - 1
	}
	return len(buf)
}

// countLines counts the lines that the text is made of, the last one maybe without its line break.
func (s *scanner) countLines(text []byte) int64 {
	lines := bytes.Count(text, lineFeed)
	if last := text[len(text)-1]; last != '\n' && !(s.cr && last == '\r') {
		lines++
	}
	if s.cr {
		for {
			i := bytes.IndexByte(text, '\r')
			if i < 0 {
				break
			}
			if text = text[i+1:]; len(text) == 0 || text[0] != '\n' {
				lines++
			}
		}
	}
	return int64(lines)
}

var lineFeed = []byte{'\n'}

// blank tells whether a line has nothing but its end.
func blank(line []byte) bool {
	return len(line) == 1 && line[0] == '\n' || len(line) == 2 && line[0] == '\r' && line[1] == '\n' || len(line) == 1 && line[0] == '\r'
}
