package dialect

import "bytes"

// Shape says how the records behind the first one, the header perhaps, compare with it, as far as they were looked at.
// Empty fields behind as many as the first record has don't count, and neither do records with nothing in them.
type Shape struct {
	// Records is how many there are, Shorter how many of them have fewer fields than the first, one for each line where
	// line breaks tore them apart.
	Records, Shorter int
	// Narrowest and Widest are the fewest and most fields of one, 0 without any.
	Narrowest, Widest int
	// Exact: hardly any has empty fields behind as many as the first. Then one that has them has a field too many.
	Exact bool
	// Even: nearly all have as many fields as the first. Then one that has fewer has lost some, or was torn apart by a
	// line break without quotes around it, and is not one whose last fields were left out. See [BadBreak].
	Even bool

	// Of the first and the last field one has spaces in it in some records, the other in none.
	// So a piece of a line that has no delimiter belongs to the record before it, or behind it.
	textFirst, textLast bool
}

// shape looks once more at the text as it looked best.
func (d *detector) shape(best *look) (s Shape) {
	d.look(best.dialect)
	b := &d.block
	want, filled, lines := 0, 0, widthRun{}
	for i := range b.spans {
		sp := &b.spans[i]
		switch {
		case int(sp.Start) < best.skip:
			continue
		case sp.Damage != Intact:
			lines.end()
			continue
		case want == 0:
			want, lines.want = int(sp.width), int(sp.width)
			continue
		}
		fields := b.fields[sp.first : sp.first+sp.width]
		width, empty := len(fields), 0
		for j := width - 1; j >= 0 && fields[j].Start == fields[j].End; j-- {
			empty++
		}
		longer := width > want && width-empty <= want
		if width = max(min(width, want), width-empty); nothingIn(b.buf[sp.Start:sp.End], b.dialect.Delimiter) {
			continue
		}
		s.Records++
		if s.Narrowest = min(s.Narrowest, width); s.Records == 1 {
			s.Narrowest = width
		}
		s.Widest = max(s.Widest, width)
		if longer {
			filled++
		}
		if width < want {
			s.Shorter++
			lines.add(width)
			continue
		}
		lines.end()
		lines.full++
		s.textFirst = s.textFirst || hasSpace(b, fields[0])
		s.textLast = s.textLast || hasSpace(b, fields[want-1])
	}
	lines.end()
	s.Even = want > 1 && lines.full > 0 && (lines.bad <= 1 || lines.bad*10 <= lines.bad+lines.full)
	s.Exact = s.Even && filled*10 <= s.Records
	s.textFirst, s.textLast = s.textFirst && !s.textLast, s.textLast && !s.textFirst
	return s
}

// widthRun counts records by their widths: those that are full, and those that aren't. Lines that make up a full one
// together are one that isn't.
type widthRun struct {
	want, full, bad int
	run             []int
}

func (r *widthRun) add(width int) { r.run = append(r.run, width) }

// end ends a run of lines that are no full record.
func (r *widthRun) end() {
	for i := 0; i < len(r.run); r.bad++ {
		total, next := r.run[i], i+1
		for next < len(r.run) && total < r.want && next-i <= maxPieces {
			total += r.run[next] - 1
			next++
		}
		if total == r.want {
			i = next
		} else {
			i++
		}
	}
	r.run = r.run[:0]
}

// nothingIn reports whether a record has only delimiters, spaces, quotes and control characters.
func nothingIn(record []byte, delimiter byte) bool {
	for _, c := range record {
		if c > ' ' && c != delimiter && c != '"' && c != '\'' {
			return false
		}
	}
	return true
}

func hasSpace(b *Block, f Field) bool {
	return bytes.IndexByte(bytes.TrimSpace(b.buf[f.Start:f.End]), ' ') >= 0
}

// maxPieces is of how many lines a record that was torn apart is put together at most.
const maxPieces = 100

// pieces puts a record together that line breaks without quotes around them tore apart: sp is the first line of it,
// with fewer fields than a record has. With those that follow it must come to exactly as many, none of them being a
// full record itself; but before one where the first column has texts. It returns where the last line ends, end where
// there is no such record, or -1 when that isn't known before more was read.
//
// Of the fields those are made one that were torn apart.
func (s *scanner) pieces(b *Block, sp *Span, end int, eof bool) int {
	first, last := int(sp.first), b.fields[sp.first+sp.width-1]
	total, alone := int(sp.width), sp.width == 1
	if alone && !(s.shape.textFirst && isPiece(b, sp)) {
		return end
	}
	at, result := end, unfinished
	for range maxPieces {
		n := len(b.fields)
		var next int
		if next, _, result = s.record(b, at, eof); result != whole || next == at {
			break
		}
		width := len(b.fields) - n
		if width == 1 && blank(b.buf[at:next]) {
			b.fields = b.fields[:n]
			at = next
			continue
		}
		full := width == s.even
		if total += width - 1; total > s.even || full != (alone && total == s.even) || alone && width > 1 && !full ||
			s.quotedField(b, b.fields[n-1]) || s.quotedField(b, b.fields[n]) {
			result = broken
			break
		}
		b.fields[n-1].End = b.fields[n].End
		b.fields = append(b.fields[:n], b.fields[n+1:]...)
		if at = next; total == s.even && at-int(sp.Start) <= s.max {
			sp.Damage, sp.width = BadBreak, int32(len(b.fields)-first)
			return at
		}
	}
	b.fields = b.fields[:first+int(sp.width)]
	b.fields[len(b.fields)-1] = last
	if result == unfinished && !eof && len(b.buf)-int(sp.Start) <= s.max {
		return -1
	}
	return end
}

// tail puts lines without a delimiter to the record before them where the last column has texts, and another record
// follows: they are the rest of its last field. The first of these lines is sp. It returns as pieces does.
func (s *scanner) tail(b *Block, sp *Span, end int, eof bool) int {
	if len(b.spans) == 0 || !isPiece(b, sp) {
		return end
	}
	before := &b.spans[len(b.spans)-1]
	field := &b.fields[before.first+before.width-1]
	if before.Damage != Intact || int(before.width) != s.even || s.quotedField(b, *field) {
		return end
	}
	at, rest, result := end, b.fields[sp.first].End, unfinished
	for range maxPieces {
		n := len(b.fields)
		var next int
		if next, _, result = s.record(b, at, eof); result != whole || next == at {
			break
		}
		width, piece := len(b.fields)-n, b.fields[len(b.fields)-1]
		b.fields = b.fields[:n]
		if width == s.even && at-int(before.Start) <= s.max {
			b.fields = b.fields[:sp.first]
			field.End, before.Damage = rest, BadBreak
			s.line = before.Line
			s.finish(b, before, at)
			return at
		}
		if width != 1 || s.quotedField(b, piece) {
			return end
		}
		if !blank(b.buf[at:next]) {
			rest = piece.End
		}
		at = next
	}
	if result == unfinished && !eof && len(b.buf)-int(before.Start) <= s.max {
		return -1
	}
	return end
}

// restOf puts damage to the record before it where it is the rest of its last field, whose quote at the beginning was
// lost: the line that the damage begins with has no delimiter, and ends with a quote or has doubled ones.
func (s *scanner) restOf(b *Block, sp *Span, end int) bool {
	if s.even == 0 || !s.shape.textLast || len(b.spans) == 0 || sp.Damage != BadQuote || sp.width > 0 {
		return false
	}
	before, quote := &b.spans[len(b.spans)-1], []byte{s.dialect.Quote}
	line, _, _ := bytes.Cut(b.buf[sp.Start:end], lineFeed)
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if before.Damage != Intact || int(before.width) != s.even || end-int(before.Start) > s.max ||
		s.quotedField(b, b.fields[before.first+before.width-1]) || bytes.HasPrefix(line, quote) ||
		bytes.IndexByte(line, s.dialect.Delimiter) >= 0 ||
		!bytes.HasSuffix(line, quote) && !bytes.Contains(line, bytes.Repeat(quote, 2)) {
		return false
	}
	before.Damage, before.width, s.line, b.fields = BadQuote, 0, before.Line, b.fields[:before.first]
	s.finish(b, before, end)
	return true
}

// isPiece reports whether a line of one field may be a piece of a text: it has letters or digits, and is no comment.
func isPiece(b *Block, sp *Span) bool {
	line := b.buf[sp.Start:sp.End]
	return line[0] != '#' && bytes.ContainsFunc(line, func(r rune) bool { return r > ' ' })
}

// quotedField reports whether the field stands in quotes.
func (s *scanner) quotedField(b *Block, f Field) bool {
	return s.dialect.Quote != NoQuote && f.Start > 0 && b.buf[f.Start-1] == s.dialect.Quote
}

// holdBack leaves the last record of a block to the next one where its last field may go on there: see tail.
func (s *scanner) holdBack(b *Block, at int, eof bool) int {
	n := len(b.spans) - 1
	if n < 0 || b.spans[n].Damage != Intact || int(b.spans[n].width) != s.even {
		return at
	}
	line := b.buf[at:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	} else if eof {
		return at
	}
	if bytes.IndexByte(line, s.dialect.Delimiter) >= 0 {
		return at
	}
	last := b.spans[n]
	b.spans, b.fields, s.line = b.spans[:n], b.fields[:last.first], last.Line
	return int(last.Start)
}
