package dialect

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strings"
)

const (
	// sampleBytes is how much of a text's beginning its dialect is known by.
	sampleBytes = blockSize
	// preambleRecords is behind how many records, at most, a header is looked for.
	preambleRecords = 20
)

// manyLines is of how many lines, at most, the whole sample is looked at in unusual dialects. Of shorter ones a quarter
// of it has enough.
const manyLines = 16_000

// delimiters are those that are looked for; where two fit as well, the first counts.
var delimiters = []byte{',', ';', '\t', '|'}

// Detected is what was found out about a text's dialect.
type Detected struct {
	Dialect Dialect
	// Width is how many fields most records have, 0 where there is no such number.
	Width int
	// SkippedBytes and SkippedLines are before the header: lines that are no part of the table.
	SkippedBytes int
	SkippedLines int64
	// Shape compares the records with the first one.
	Shape Shape
	// LineEnds are what is behind the records looked at: lf, crlf, cr or mixed, empty where there was none.
	LineEnds string
	// NeverQuotes: the dialect has [NoQuote], though that wasn't given. A field in quotes may be an exception then.
	NeverQuotes bool
	// BareQuotes is how many of the records looked at are damaged by quotes alone, where it isn't sure that fields of
	// the text never stand in quotes.
	BareQuotes int
	// Evidence says by what this is known.
	Evidence Evidence
}

// Detect finds out by a text's beginning how it is cut into records and fields, as far as the options leave it open: it
// reads the sample in every dialect that is possible, and takes the one in which the records agree best. Where the
// sample isn't the complete text, the record at its end is left out. Some 256 KiB are enough.
//
// The error names a bad option.
func Detect(sample []byte, complete bool, o Options) (Detected, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Detected{}, err
	}
	return detect(sample, complete, &o), nil
}

// detect is Detect with defaults filled in.
func detect(sample []byte, complete bool, o *Options) Detected {
	delimiter, line := separatorLine(sample)
	d := detector{text: sample[line:], complete: complete, options: o}
	tried, why := delimiters, ""
	switch {
	case o.Delimiter != 0:
		tried, why = []byte{o.Delimiter}, "given"
	case delimiter != 0:
		tried, why = []byte{delimiter}, fmt.Sprintf("the first line is sep=%c", delimiter)
	}
	best := d.best(tried)
	if line > 0 {
		best.skip, best.lines = best.skip+line, best.lines+1
	}
	found := Detected{Dialect: best.dialect, SkippedBytes: best.skip, SkippedLines: best.lines,
		Shape: d.shape(&best), LineEnds: best.lineEnds(), NeverQuotes: best.never, BareQuotes: best.bare,
		Evidence: best.evidence(o)}
	if best.fitting*2 > best.records {
		found.Width = best.width
	}
	if why != "" {
		found.Evidence.Delimiter = why + "; " + found.Evidence.Delimiter
	}
	return found
}

// separatorLine looks for the line with which Excel is given the delimiter, sep=; for example, and returns that and the
// line's length; 0 without one.
func separatorLine(text []byte) (delimiter byte, length int) {
	length = bytes.IndexAny(text, "\r\n")
	if length < 0 || length > len(`"sep=,"`) {
		return 0, 0
	}
	line := bytes.Trim(text[:length], `"`)
	if len(line) != 5 || !strings.EqualFold(string(line[:4]), "sep=") || !IsDelimiter(line[4]) || isLetter(line[4]) {
		return 0, 0
	}
	if length++; bytes.HasPrefix(text[length-1:], []byte("\r\n")) {
		length++
	}
	return line[4], length
}

// detector reads a sample in several dialects.
type detector struct {
	text     []byte
	complete bool
	options  *Options
	block    Block
}

// best returns how the text looks in the dialect in which it looks best.
func (d *detector) best(delimiters []byte) look {
	bareCRs := d.bareCRs()
	var best look
	for i, form := range d.forms() {
		if i == 1 && int64(best.records)+best.damaged > manyLines && len(d.text) > sampleBytes/4 {
			short := *d
			short.text, short.complete = d.text[:sampleBytes/4], false
			found := short.best(delimiters)
			best = d.look(found.dialect)
			best.never, best.bare, best.aligned = found.never, found.bare, found.aligned
			return best
		}
		if i > 0 && best.damaged == 0 && (best.apostrophes == 0 || form.Spaces) {
			continue // nothing is to be mended by an unusual dialect
		}
		for _, form.Delimiter = range delimiters {
			if form.Spaces && !d.spaced(&form) {
				continue
			}
			for _, form.BareCR = range bareCRs {
				l := d.look(form)
				if best.dialect.Quote == 0 || l.betterThan(&best) {
					best = l
				}
			}
		}
	}
	if best.damaged > 0 && d.options.Quote == 0 && !best.certain {
		best = d.orNoQuote(best, delimiters, bareCRs)
	}
	if d.aligned(&best) {
		best.dialect.Spaces = true
		best = d.look(best.dialect)
		best.aligned = true
	}
	return best
}

// forms returns the dialects that are possible, but for delimiters and CRs, the likelier ones first.
func (d *detector) forms() (forms []Dialect) {
	quotes, backslashes := []byte{'"', '\''}, []bool{false, true}
	if q := d.options.Quote; q != 0 {
		quotes = []byte{q}
	}
	if d.options.Quote == NoQuote {
		backslashes = backslashes[:1]
	} else if e := d.options.Escape; e != 0 {
		backslashes = []bool{e == '\\'}
	}
	for _, quote := range quotes {
		for _, backslash := range backslashes {
			forms = append(forms, Dialect{Quote: quote, Backslash: backslash})
			if quote != NoQuote {
				forms = append(forms, Dialect{Quote: quote, Backslash: backslash, Spaces: true})
			}
		}
	}
	return forms
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

// look is how a text looks in a dialect.
type look struct {
	dialect     Dialect
	skip        int // bytes before the header, if one was found behind the beginning
	lines       int64
	known       int    // names of the header that are
	certain     bool   // it is the header beyond doubt
	records     int    // from the header on
	width       int    // fields of most of them
	fitting     int    // as many
	damaged     int64  // lines that are no record
	quoted      int    // fields in quotes
	quoting     int    // records with a field in quotes
	all         bool   // fields of the first record are in quotes
	apostrophes int    // fields that begin with one
	between     int    // records behind the first with a field that begins and ends with one
	spaced      int    // records with a field beside which there are spaces
	aligned     bool   // spaces fill up the columns
	never       bool   // quotes are characters, since they would damage records
	bare        int    // records in order, but for their quotes
	ends        [3]int // records that end with LF, CRLF, CR
	score       float64
}

// look reads the text in the dialect.
func (d *detector) look(dialect Dialect) look {
	l := look{dialect: dialect}
	s := newScanner(nil, 0, d.options.MaxRecordBytes)
	s.use(dialect)
	s.most = math.MaxInt32 // the delimiter of too many columns is one too
	b := &d.block
	b.reset()
	b.buf, b.dialect = d.text, dialect
	s.scan(b, 0, d.complete, math.MaxInt)
	begin := l.findHeader(b, d.options)
	if begin == 0 && l.known == 0 && !l.certain {
		begin = l.findTable(b, d.options)
	}
	spans := b.spans[begin:]
	var few [64]int // of few fields, without the map's time
	many := map[int32]int{}
	count := func(width, add int32) int {
		if width < int32(len(few)) {
			few[width] += int(add)
			return few[width]
		}
		if add > 0 {
			many[width] += int(add)
		}
		return many[width]
	}
	for i := range spans {
		sp := &spans[i]
		if sp.Damage != Intact {
			l.damaged += sp.LastLine - sp.Line + 1
			continue
		}
		l.count(b, sp)
		l.records++
		count(sp.width, 1)
	}
	for i := range spans { // of two as frequent the first one
		if n := count(spans[i].width, 0); spans[i].Damage == Intact && n > l.fitting {
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
func (l *look) count(b *Block, sp *Span) {
	quoted, between, spaced := l.quoted, false, false
	for _, f := range b.fields[sp.first : sp.first+sp.width] {
		switch {
		case f.Start > sp.Start && b.buf[f.Start-1] == l.dialect.Quote && l.dialect.Quote != NoQuote:
			l.quoted++
		case f.End > f.Start && b.buf[f.Start] == '\'':
			l.apostrophes++
			between = between || b.buf[f.End-1] == '\'' && f.End-f.Start > 1
		}
		spaced = spaced || f.End > f.Start && (b.buf[f.Start] == ' ' || b.buf[f.End-1] == ' ')
	}
	if l.quoted > quoted {
		l.quoting++
	}
	if between && l.records > 0 {
		l.between++
	}
	if spaced {
		l.spaced++
	}
	if l.records == 0 {
		l.all = l.quoted == int(sp.width)
	}
	switch end := b.buf[sp.Start:sp.End]; {
	case bytes.HasSuffix(end, []byte("\r\n")):
		l.ends[1]++
	case bytes.HasSuffix(end, []byte("\n")):
		l.ends[0]++
	case bytes.HasSuffix(end, []byte("\r")):
		l.ends[2]++
	}
}

// findHeader looks for the header, before which other lines may stand if the options know one, and returns the span
// that it, or the text, begins with.
func (l *look) findHeader(b *Block, o *Options) int {
	if o.Header == nil {
		return 0
	}
	for i := range b.spans[:min(len(b.spans), preambleRecords)] {
		known, certain := 0, false
		if sp := &b.spans[i]; sp.Damage == Intact {
			known, certain = o.Header(i, b.Strings(i))
		}
		switch {
		case i == 0:
			l.known, l.certain = known, certain
		case known > l.known && known >= 2:
			l.known = known
			l.begin(&b.spans[i])
			return i
		}
		if l.known >= 2 || l.certain {
			break
		}
	}
	return 0
}

// betterThan reports whether the text looks better in this dialect than in another one that comes before it: first if
// the header has more names that are known, then by how well the records agree. Under a header beyond doubt fields have
// the usual quotes, if only it can be read by them, however many begin with apostrophes.
func (l *look) betterThan(other *look) bool {
	const same = 1e-9
	sameQuote := l.dialect.Quote == other.dialect.Quote
	sameEscape := l.dialect.Backslash == other.dialect.Backslash
	if other.certain && (!sameQuote || !sameEscape) {
		return false
	}
	if !sameQuote {
		switch {
		case l.quoted <= other.quoted: // what is hardly used is none
			return false
		case l.quotesMost(other):
			return l.header() >= other.header()
		case l.score > other.score-same && l.all && l.quoting*2 >= l.records && other.quoted == 0:
			return l.header() >= other.header()
		case other.damaged == 0 && other.fitting == other.records: // as it is, everything agrees
			return false
		}
	}
	if (!sameEscape || l.dialect.Spaces != other.dialect.Spaces) && l.damaged >= other.damaged {
		return false
	}
	return cmp.Or(cmp.Compare(l.header(), other.header()), cmp.Compare(l.score, other.score+same)) > 0
}

// quotesMost reports whether nearly all records but the header have a field between apostrophes and none has one in
// other quotes. Then those are the quotes, though a record may be damaged by an apostrophe that isn't doubled.
func (l *look) quotesMost(other *look) bool {
	return other.quoted == 0 && other.between >= 2 && other.between*10 >= (other.records-1)*9 &&
		l.quoting*10 >= (l.records-1)*9 && int64(l.records) > l.damaged
}

// header returns how many names the header has that are known, 0 where there are too few to make it one.
func (l *look) header() int {
	if l.known < 2 {
		return 0
	}
	return l.known
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
