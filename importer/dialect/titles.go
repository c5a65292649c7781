package dialect

import (
	"bytes"
	"strings"
)

// begin begins the table with the span.
func (l *look) begin(sp *Span) { l.skip, l.lines = int(sp.Start), sp.Line-1 }

// titledWidth is how many columns a table has at least under lines from which no empty line parts it.
const titledWidth = 3

// findTable looks for lines with a single value above a table, such as its title, an address or a date, and returns the
// span that the table begins with: nearly all records behind have as many fields as its header, whose fields are like
// names. It is 0 where there are no such lines.
func (l *look) findTable(b *Block, o *Options) int {
	if o.Header == nil {
		return 0
	}
	spans, n, narrow := b.spans, 0, true
	for ; n < min(len(spans), preambleRecords) && spans[n].Damage == Intact; n++ {
		filled := b.filled(&spans[n])
		if filled > 1 || n == 0 && filled == 0 {
			break
		}
		narrow = narrow && spans[n].width == 1
	}
	if n == 0 || n == preambleRecords || len(spans) < n+2 {
		return 0
	}
	header := &spans[n]
	parted := spans[n-1].LastLine+1 < header.Line && narrow
	if header.width < 2 || header.width < titledWidth && !parted || !b.likeNames(header) {
		return 0
	}
	others := 0
	for i := range spans[n:] {
		if sp := &spans[n+i]; sp.Damage != Intact || sp.width != header.width {
			others++
		}
	}
	if 10*others > len(spans[n:]) {
		return 0
	}
	if known, _ := o.Header(n, b.Strings(n)); known < 0 {
		return 0
	}
	l.begin(header)
	return n
}

// filled returns how many of the record's fields have something.
func (b *Block) filled(sp *Span) (n int) {
	for _, f := range b.fields[sp.first : sp.first+sp.width] {
		if len(bytes.TrimSpace(b.buf[f.Start:f.End])) > 0 {
			n++
		}
	}
	return n
}

// likeNames reports whether the record's fields may be names of columns: they all have something, no two the same, and
// none is a number.
func (b *Block) likeNames(sp *Span) bool {
	seen := map[string]bool{}
	for _, f := range b.fields[sp.first : sp.first+sp.width] {
		name := strings.TrimSpace(string(b.buf[f.Start:f.End]))
		if seen[name] || strings.Trim(name, "0123456789.,+- \u00a0") == "" {
			return false
		}
		seen[name] = true
	}
	return true
}
