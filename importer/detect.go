package importer

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strings"
)

const (
	// sampleBytes is how much of a file's beginning its format is told by.
	sampleBytes = blockSize
	// preambleRecords is behind how many records, at most, a header is looked for.
	preambleRecords = 20
)

// delimiters are those that are looked for; where two fit as well, the first counts.
var delimiters = []byte{',', ';', '\t', '|'}

// detected is what was found out about a text's format.
type detected struct {
	format
	width    int   // fields of most records
	skip     int   // bytes before the header
	lines    int64 // lines before the header
	lineEnds string
	evidence Evidence
}

// detect finds out by a sample how a text is cut into records and fields, as far as the options leave it open: it reads
// the sample in every format that is possible, and takes the one in which the records agree best. Where the sample isn't
// whole, the record at its end is left out.
func detect(sample []byte, complete bool, o *Options) detected {
	comma, line := separatorLine(sample)
	text := sample[line:]
	d := detector{text: text, complete: complete, options: o}
	commas, why := delimiters, ""
	switch {
	case o.Delimiter != 0:
		commas, why = []byte{o.Delimiter}, "given"
	case comma != 0:
		commas, why = []byte{comma}, fmt.Sprintf("the first line is sep=%c", comma)
	}
	best := d.best(commas)
	if line > 0 {
		best.skip, best.lines = best.skip+line, best.lines+1
	}
	result := detected{format: best.format, skip: best.skip, lines: best.lines, lineEnds: best.lineEnds()}
	if best.fitting*2 > best.records {
		result.width = best.width
	}
	result.evidence = best.evidence(o)
	if why != "" {
		result.evidence.Delimiter = why + "; " + result.evidence.Delimiter
	}
	return result
}

// separatorLine looks for the line with which Excel is told the delimiter, sep=; for example, and returns that and the
// line's length; 0 without one.
func separatorLine(text []byte) (comma byte, length int) {
	length = bytes.IndexAny(text, "\r\n")
	if length < 0 || length > len(`"sep=,"`) {
		return 0, 0
	}
	line := bytes.Trim(text[:length], `"`)
	if len(line) != 5 || !strings.EqualFold(string(line[:4]), "sep=") || !isDelimiter(line[4]) || isLetter(line[4]) {
		return 0, 0
	}
	if length++; bytes.HasPrefix(text[length-1:], []byte("\r\n")) {
		length++
	}
	return line[4], length
}

// detector reads a sample in several formats.
type detector struct {
	text     []byte
	complete bool
	options  *Options
	block    block
}

// best returns how the text looks in the format in which it looks best.
func (d *detector) best(commas []byte) look {
	quotes, backslashes := []byte{'"', '\''}, []bool{false, true}
	if q := d.options.Quote; q != 0 {
		quotes = []byte{q}
	}
	if e := d.options.Escape; e != 0 {
		backslashes = []bool{e == '\\'}
	}
	crs := d.bareCRs()
	var best look
	for i, quote := range quotes {
		for j, backslash := range backslashes {
			if i+j > 0 && best.damaged == 0 && best.apostrophes == 0 {
				continue // nothing is to be mended by an unusual format
			}
			for _, comma := range commas {
				for _, cr := range crs {
					l := d.look(format{comma, quote, backslash, cr})
					if best.quote == 0 || l.betterThan(&best) {
						best = l
					}
				}
			}
		}
	}
	return best
}

// bareCRs returns whether CRs may end records, the likelier case first.
func (d *detector) bareCRs() []bool {
	bare := false
	for rest := d.text; !bare; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 || i+1 == len(rest) && !d.complete {
			break
		}
		bare = i+1 == len(rest) || rest[i+1] != '\n'
		rest = rest[i+1:]
	}
	switch {
	case !bare:
		return []bool{false}
	case bytes.IndexByte(d.text, '\n') < 0:
		return []bool{true}
	}
	return []bool{true, false}
}

// look is how a text looks in a format.
type look struct {
	format
	skip        int // bytes before the header, if one was found behind the beginning
	lines       int64
	known       int    // fields that the header names, and columns of rejects
	rejects     bool   // it has those
	records     int    // from the header on
	width       int    // fields of most of them
	fitting     int    // as many
	damaged     int64  // lines that are no record
	quoted      int    // fields in quotes
	quoting     int    // records with a field in quotes
	all         bool   // fields of the first record are in quotes
	apostrophes int    // fields that begin with one
	ends        [3]int // records that end with LF, CRLF, CR
	score       float64
}

// look reads the text in the format.
func (d *detector) look(f format) look {
	l := look{format: f}
	s := newScanner(nil, 0, d.options.MaxRecordBytes)
	s.use(f)
	s.most = math.MaxInt32 // the delimiter of too many columns is one too
	b := &d.block
	b.reset()
	b.buf, b.format = d.text, f
	s.scan(b, d.complete, math.MaxInt)
	spans := b.spans[l.findHeader(b, d.options):]
	widths := map[int]int{}
	for i := range spans {
		sp := &spans[i]
		if sp.damage != "" {
			l.damaged += sp.lastLine - sp.line + 1
			continue
		}
		l.count(b, sp)
		l.records++
		widths[int(sp.width)]++
	}
	for i := range spans { // of two as frequent the first one
		if n := widths[int(spans[i].width)]; spans[i].damage == "" && n > l.fitting {
			l.width, l.fitting = int(spans[i].width), n
		}
	}
	if l.width > 1 {
		agreement := float64(l.fitting) / (float64(l.records) + float64(l.damaged))
		l.score = agreement * agreement * float64(l.width-1) / float64(l.width)
	}
	return l
}

// count takes a record's quotes and its line break.
func (l *look) count(b *block, sp *span) {
	quoted := l.quoted
	for _, f := range b.fields[sp.first : sp.first+sp.width] {
		switch {
		case f.start > 0 && b.buf[f.start-1] == l.quote:
			l.quoted++
		case f.end > f.start && b.buf[f.start] == '\'':
			l.apostrophes++
		}
	}
	if l.quoted > quoted {
		l.quoting++
	}
	if l.records == 0 {
		l.all = l.quoted == int(sp.width)
	}
	switch end := b.buf[sp.start:sp.end]; {
	case bytes.HasSuffix(end, []byte("\r\n")):
		l.ends[1]++
	case bytes.HasSuffix(end, []byte("\n")):
		l.ends[0]++
	case bytes.HasSuffix(end, []byte("\r")):
		l.ends[2]++
	}
}

// findHeader looks for the header, before which other lines may stand if the options leave it to be found, and returns
// the span that it, or the file, begins with. Rejects always begin with theirs.
func (l *look) findHeader(b *block, o *Options) int {
	if len(b.spans) > 0 && b.spans[0].damage == "" && findRejects(b.names(&b.spans[0])) >= 0 {
		l.rejects, l.known = true, o.known(b.names(&b.spans[0]))+len(RejectColumns)
		return 0
	}
	if o.Header != HeaderAuto && o.Header != HeaderYes {
		return 0
	}
	for i := range b.spans[:min(len(b.spans), preambleRecords)] {
		known := 0
		if sp := &b.spans[i]; sp.damage == "" {
			known = o.known(b.names(sp))
		}
		switch {
		case i == 0:
			l.known = known
		case known > l.known && known >= 2:
			l.known, l.skip, l.lines = known, int(b.spans[i].start), b.spans[i].line-1
			return i
		}
		if l.known >= 2 || o.Header == HeaderYes {
			break
		}
	}
	return 0
}

// betterThan tells whether the text looks better in this format than in another one that comes before it: first if the
// header has more names that are known, then by how well the records agree. Rejects have the usual quotes, if only their
// header can be read by them, however many apostrophes keep their fields from being run.
func (l *look) betterThan(other *look) bool {
	const same = 1e-9
	if other.rejects && (l.quote != other.quote || l.backslash != other.backslash) {
		return false
	}
	if l.quote != other.quote {
		switch {
		case l.quoted <= other.quoted: // what is hardly used is none
			return false
		case l.score > other.score-same && l.all && l.quoting*2 >= l.records && other.quoted == 0:
			return l.header() >= other.header()
		case other.damaged == 0 && other.fitting == other.records: // as it is, everything agrees
			return false
		}
	}
	if l.backslash != other.backslash && l.damaged >= other.damaged {
		return false
	}
	return cmp.Or(cmp.Compare(l.header(), other.header()), cmp.Compare(l.score, other.score+same)) > 0
}

// header returns how many names the header has that are known, 0 where there are too few to make it one.
func (l *look) header() int {
	if l.known < 2 {
		return 0
	}
	return l.known
}

// names returns the fields of a record as text.
func (b *block) names(sp *span) []string {
	names := make([]string, sp.width)
	for i := range names {
		f := b.fields[int(sp.first)+i]
		name := b.buf[f.start:f.end]
		if f.escaped {
			name = b.format.unescape(bytes.Clone(name))
		}
		names[i] = string(name)
	}
	return names
}

// known returns how many fields of a product the names are of, as far as that is known before they are mapped.
func (o *Options) known(names []string) (n int) {
	const longest = 100 // longer ones are no names
	plains := make(map[string]bool, len(names))
	for _, name := range names {
		if len(name) <= longest {
			plains[plain(name)] = true
		}
	}
	for _, field := range fieldNames {
		known := o.Map[field] != "" && plains[plain(o.Map[field])]
		for _, alias := range aliases[field] {
			known = known || plains[alias]
		}
		if known {
			n++
		}
	}
	return n
}
