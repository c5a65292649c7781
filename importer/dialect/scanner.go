package dialect

import (
	"bytes"
	"errors"
	"io"
)

const (
	// blockSize is how many bytes a block holds: large enough that handing it on costs nothing beside parsing it.
	blockSize = 256 << 10
	// blockRecords is the most records of a block: what is made of one takes a hundred times the bytes of the shortest.
	// Those of usual files don't come near it.
	blockRecords = 4 << 10
	// fewSize and fewRecords are for those who read one record after the other: what is looked at stays in the
	// processor's caches.
	fewSize    = 64 << 10
	fewRecords = 32
	// mostEmpty is how often a reader may give nothing.
	mostEmpty = 100
)

// scanner cuts a text into records as RFC 4180 has them, in the text's dialect. It goes on behind damage: after a quote
// that is out of place, at the next line at which a record of a usual width begins. Empty lines are passed over.
type scanner struct {
	r        io.Reader
	dialect  Dialect
	stops    stops
	max      int    // bytes of the longest record
	most     int    // fields of a record
	want     int    // bytes of the next block
	widths   [2]int // fields of a record: the header's, and those of most records; 0 while they aren't known
	even     int    // fields of nearly all records; 0 where they differ, or that isn't known
	shape    Shape
	rest     []byte // read, but not scanned
	at       int    // what the block has from there on was not scanned
	skipping bool   // the rest of an overlong line has to be passed over
	literal  bool   // a quote in a field without quotes around it is a character
	offset   int64  // of rest[0]
	line     int64  // of rest[0]
	err      error  // of r; io.EOF at its end
}

// newScanner returns a scanner of what r gives from the offset on. It needs a dialect before it can scan.
func newScanner(r io.Reader, offset int64, maxRecord int) *scanner {
	return &scanner{r: r, offset: offset, max: maxRecord, most: MaxFields, want: blockSize, line: 1}
}

// use sets the dialect.
func (s *scanner) use(d Dialect) {
	s.dialect, s.stops = d, d.stops()
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

// jump goes on at an offset, up to which all was read ahead or more, or from which on the reader gives what comes.
func (s *scanner) jump(offset, line int64) {
	s.rest = s.rest[min(offset-s.offset, int64(len(s.rest))):]
	s.offset, s.line = offset, line
}

// next fills the block with up to limit whole records, at least one and at most blockRecords, and returns io.EOF when
// there are no more.
func (s *scanner) next(b *Block, limit int) error {
	if err := s.load(b, blockSize, min(limit, blockRecords)); err != nil {
		return err
	}
	s.rest = append(s.rest[:0], b.buf[s.at:]...)
	b.buf = b.buf[:s.at]
	s.adapt(len(b.spans), s.at)
	return nil
}

// few is next for a few records, and for one who reads them one by one: it leaves in the block what it didn't scan.
func (s *scanner) few(b *Block) error {
	b.spans, b.fields = b.spans[:0], b.fields[:0]
	if s.at < len(b.buf) {
		s.scanFrom(b, s.at, fewRecords)
		if len(b.spans) > 0 {
			return nil
		}
	}
	s.rest = append(s.rest, b.buf[s.at:]...)
	return s.load(b, fewSize, fewRecords)
}

// load reads so many bytes into the block, or more, that they have a whole record, and scans up to limit of them.
func (s *scanner) load(b *Block, size, limit int) error {
	b.reset()
	b.dialect = s.dialect
	b.buf = append(b.buf, s.rest...)
	b.offset, s.rest, s.at = s.offset, s.rest[:0], 0
	want := max(min(s.want, size), len(b.buf))
	for {
		b.buf = s.fill(b.buf, want)
		if s.err != nil && !errors.Is(s.err, io.EOF) {
			return s.err
		}
		s.scanFrom(b, 0, limit)
		if len(b.spans) > 0 {
			return nil
		}
		if s.err != nil && s.at == len(b.buf) {
			return io.EOF
		}
		// Not one whole record: drop what was passed over, and read more than before.
		b.buf = append(b.buf[:0], b.buf[s.at:]...)
		b.offset = s.offset
		want = max(size, 2*len(b.buf))
	}
}

// scanFrom scans up to limit records from pos on, and notes where the first one begins that is yet to be scanned.
func (s *scanner) scanFrom(b *Block, pos, limit int) {
	if s.at = s.scan(b, pos, s.err != nil, limit); s.even > 0 && s.shape.textLast && limit > 1 {
		s.at = s.holdBack(b, s.at, s.err != nil)
	}
	s.offset = b.offset + int64(s.at)
	b.end = s.offset
}

// adapt sees to it that little is read of what the next block has no room for, where so many records took so many
// bytes.
func (s *scanner) adapt(records, bytes int) {
	if records == blockRecords {
		s.want = min(bytes+bytes/4, blockSize)
	} else {
		s.want = min(2*s.want, blockSize)
	}
}

// fill reads until buf has n bytes or the reader has no more.
func (s *scanner) fill(buf []byte, n int) []byte {
	for empty := 0; s.err == nil && len(buf) < n; {
		if cap(buf) < n {
			buf = append(make([]byte, 0, n), buf...)
		}
		k, err := s.r.Read(buf[len(buf):n])
		buf, s.err = buf[:len(buf)+k], err
		if empty++; k > 0 {
			empty = 0
		} else if empty == mostEmpty && err == nil {
			s.err = io.ErrNoProgress
		}
	}
	return buf
}

// scan appends the whole records of b.buf from pos on to the block and returns where the first unfinished one begins.
func (s *scanner) scan(b *Block, pos int, eof bool, limit int) int {
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
		if pos = s.wholeRecords(b, pos, limit); pos == len(b.buf) || len(b.spans) == limit {
			return pos
		}
		first := len(b.fields)
		end, where, result := s.record(b, pos, eof)
		sp := Span{Start: int32(pos), End: int32(end), first: int32(first), width: int32(len(b.fields) - first),
			Line: s.line, LastLine: s.line}
		switch {
		case result == whole && end-pos <= s.max:
			if sp.width == 1 && blank(b.buf[pos:end]) {
				b.fields = b.fields[:first]
				s.line++
				pos = end
				continue
			}
			if int(sp.width) < s.even && !nothingIn(b.buf[pos:end], s.dialect.Delimiter) {
				if whole := s.torn(b, &sp, eof); whole < 0 {
					b.fields = b.fields[:first]
					return pos
				} else if len(b.fields) == first {
					pos = whole // a part of the record before
					continue
				} else if whole > end {
					end = whole
					s.finish(b, &sp, end)
					break
				}
			}
			if where == 0 { // no quoted field, so one line
				s.line++
				break
			}
			s.finish(b, &sp, end)
		case result == whole:
			b.fields = b.fields[:first]
			sp.Damage, sp.width = TooLong, 0
			s.finish(b, &sp, end)
		case result == unfinished && len(b.buf)-pos <= s.max && !eof:
			b.fields = b.fields[:first]
			return pos
		default:
			b.fields = b.fields[:first]
			if end = s.damaged(b, &sp, result, where, eof); end < 0 {
				b.fields = b.fields[:first]
				return pos
			}
			if s.restOf(b, &sp, end) {
				pos = end
				continue
			}
		}
		b.spans = append(b.spans, sp)
		pos = end
	}
	return pos
}

// torn looks whether a line with too few fields is a piece of a record: see pieces and tail. In the latter case no
// field of it is left.
func (s *scanner) torn(b *Block, sp *Span, eof bool) (end int) {
	end = int(sp.End)
	if sp.width == 1 && s.shape.textLast {
		return s.tail(b, sp, end, eof)
	}
	return s.pieces(b, sp, end, eof)
}

// damaged makes the span one of damage and returns its end, or -1 when that isn't known before more was read. A record
// that is broken or too wide is so from where on.
func (s *scanner) damaged(b *Block, sp *Span, result scanResult, where int, eof bool) (end int) {
	pos := int(sp.Start)
	wait := !eof && len(b.buf)-pos <= s.max
	sp.Damage, sp.width = BadQuote, 0
	if result == tooWide {
		sp.Damage = TooManyFields
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
		sp.Damage, s.skipping = TooLong, true
		end = s.allButCR(b.buf)
		sp.End = int32(end)
		return end
	}
	if s.dialect.Quote == NoQuote || result != unfinished && where < pos+line && !s.dialect.Backslash &&
		bytes.Count(b.buf[pos:pos+line], []byte{s.dialect.Quote})%2 == 0 {
		end = pos + line // as many quotes are closed in it as opened
	} else if end = s.recover(b, pos, eof); end < 0 {
		return end
	}
	s.finish(b, sp, end)
	return end
}

// guess scans a record as if a quote in a field without quotes around it were a character. It is whole only if it has a
// usual number of fields.
func (s *scanner) guess(b *Block, pos int, eof bool) (end int, result scanResult) {
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
func (s *scanner) finish(b *Block, sp *Span, end int) {
	sp.End = int32(end)
	lines := s.countLines(b.buf[sp.Start:end])
	sp.LastLine = sp.Line + lines - 1
	s.line += lines
}

// recover returns where behind the damage at pos the next record begins, len(b.buf) at the end of the file, or -1 when
// that isn't known before more was read.
func (s *scanner) recover(b *Block, pos int, eof bool) int {
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

// usual reports whether records may have so many fields.
func (s *scanner) usual(width int) bool {
	return s.widths[0] == 0 || width == s.widths[0] || width == s.widths[1]
}

// lineEnd returns where the first line ends, its line break included; -1 if it goes on, or that isn't known.
func (s *scanner) lineEnd(buf []byte, eof bool) int {
	var i int
	if s.dialect.BareCR {
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
	if s.dialect.BareCR && buf[len(buf)-1] == '\r' {
		return len(buf) - 1
	}
	return len(buf)
}

// countLines counts the lines that the text is made of, the last one maybe without its line break.
func (s *scanner) countLines(text []byte) int64 {
	lines := bytes.Count(text, lineFeed)
	if last := text[len(text)-1]; last != '\n' && !(s.dialect.BareCR && last == '\r') {
		lines++
	}
	if s.dialect.BareCR {
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

// blank reports whether a line has nothing but its end.
func blank(line []byte) bool {
	return len(line) == 1 && line[0] == '\n' || len(line) == 2 && line[0] == '\r' && line[1] == '\n' ||
		len(line) == 1 && line[0] == '\r'
}
