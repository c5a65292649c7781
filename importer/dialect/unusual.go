package dialect

import "bytes"

// orNoQuote returns how the text looks without quotes, if that explains it better than best, in which quotes damage
// records: if all of them are in order then but for quotes in the middle of fields, and not one shows that fields are
// quoted. Where that isn't sure it returns best, and how many records would be in order.
func (d *detector) orNoQuote(best look, delimiters []byte, bareCRs []bool) look {
	var none look
	for _, delimiter := range delimiters {
		for _, bareCR := range bareCRs {
			l := d.look(Dialect{Delimiter: delimiter, Quote: NoQuote, BareCR: bareCR})
			if none.dialect.Quote == 0 || l.betterThan(&none) {
				none = l
			}
		}
	}
	if none.width < 2 || none.fitting*10 < none.records*9 || none.header() < best.header() {
		return best
	}
	bare, quoted, torn := d.bareQuotes(&none)
	switch {
	case torn > 0:
	case quoted == 0 && bare >= 2:
		none.never = true
		return none
	default:
		best.bare = bare
	}
	return best
}

// bareQuotes counts the records with double quotes, read without quotes: those in order whose quotes stand where those
// around fields don't; those in order that have a field in quotes; and those that are torn apart, or have a field with
// doubled quotes: there fields are quoted.
func (d *detector) bareQuotes(none *look) (bare, quoted, torn int) {
	d.look(none.dialect)
	b := &d.block
	for i := range b.spans {
		sp := &b.spans[i]
		if int(sp.Start) < none.skip || bytes.IndexByte(b.buf[sp.Start:sp.End], '"') < 0 {
			continue
		}
		if int(sp.width) != none.width {
			torn++
			continue
		}
		out, around, doubled := false, false, false
		for _, f := range b.fields[sp.first : sp.first+sp.width] {
			field := b.buf[f.Start:f.End]
			if bytes.IndexByte(field, '"') < 0 {
				continue
			}
			inner, whole := bytes.CutPrefix(field, []byte{'"'})
			if whole {
				inner, whole = bytes.CutSuffix(inner, []byte{'"'})
			}
			rest := bytes.ReplaceAll(inner, []byte(`""`), nil)
			switch {
			case !whole || bytes.IndexByte(rest, '"') >= 0:
				out = true
			case len(rest) < len(inner):
				doubled = true
			default:
				around = true
			}
		}
		switch {
		case doubled:
			torn++
		case around:
			quoted++
		case out:
			bare++
		}
	}
	return bare, quoted, torn
}

// spaced reports whether there are spaces between quotes and delimiters, or the ends of lines.
func (d *detector) spaced(form *Dialect) bool {
	s := scanner{dialect: *form}
	if s.space(form.Delimiter) {
		return false
	}
	edge := func(i int) bool {
		return i < 0 || i >= len(d.text) || d.text[i] == form.Delimiter || d.text[i] == '\n' || d.text[i] == '\r'
	}
	for at := 0; ; at++ {
		n := bytes.IndexByte(d.text[at:], form.Quote)
		if n < 0 {
			return false
		}
		at += n
		behind := s.spaces(d.text, at+1)
		before := int(s.trimmed(d.text, Field{End: int32(at)})) - 1
		if behind > at+1 && edge(behind) || before < at-1 && edge(before) {
			return true
		}
	}
}

// alignedRecords is how many records there must be at least to see that their columns are aligned.
const alignedRecords = 3

// aligned reports whether spaces fill up the fields, so that each column begins at one place in all records.
func (d *detector) aligned(l *look) bool {
	if l.dialect.Spaces || l.dialect.Delimiter == ' ' || l.width < 2 || l.damaged > 0 || l.records < alignedRecords ||
		l.fitting < l.records || l.spaced*2 < l.records {
		return false
	}
	d.look(l.dialect)
	b := &d.block
	var inBytes, inRunes []int
	byBytes, byRunes := true, true
	for i := range b.spans {
		sp := &b.spans[i]
		if int(sp.Start) < l.skip {
			continue
		}
		first := inBytes == nil
		runes, from := 0, sp.Start
		for n, f := range b.fields[sp.first : sp.first+sp.width] {
			runes += runeCount(b.buf[from:f.Start])
			from = f.Start
			if first {
				inBytes, inRunes = append(inBytes, int(f.Start-sp.Start)), append(inRunes, runes)
				continue
			}
			byBytes, byRunes = byBytes && inBytes[n] == int(f.Start-sp.Start), byRunes && inRunes[n] == runes
		}
		if !byBytes && !byRunes {
			return false
		}
	}
	return true
}

// runeCount counts the characters of UTF-8.
func runeCount(b []byte) (n int) {
	for _, c := range b {
		if c&0xc0 != 0x80 {
			n++
		}
	}
	return n
}
