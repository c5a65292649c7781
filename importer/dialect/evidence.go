package dialect

import (
	"fmt"
	"strings"
)

// Evidence says, in words for people, by what a dialect is known.
type Evidence struct {
	Delimiter, Quote, LineEnds string
}

var lineEndNames = [3]string{"lf", "crlf", "cr"}

// lineEnds names the line breaks behind records: lf, crlf, cr or mixed, empty where there was none.
func (l *look) lineEnds() (name string) {
	for i, n := range l.ends {
		switch {
		case n == 0:
		case name == "":
			name = lineEndNames[i]
		default:
			return "mixed"
		}
	}
	return name
}

// evidence puts what was counted into words.
func (l *look) evidence(o *Options) (e Evidence) {
	switch {
	case l.records == 1 && l.fitting == 1 && l.width > 1:
		e.Delimiter = fmt.Sprintf("the only record looked at has %d fields", l.width)
	case l.records == 1 && l.width == 1:
		e.Delimiter = "the only record looked at has a single field whatever the delimiter"
	case l.width > 1:
		e.Delimiter = fmt.Sprintf("%d of %d records looked at have %d fields", l.fitting, l.records, l.width)
	default:
		e.Delimiter = fmt.Sprintf("most of %d records looked at have a single field whatever the delimiter", l.records)
	}
	if l.header() > 0 {
		e.Delimiter += ", and there is a header with known names"
	}
	if l.damaged > 0 {
		e.Delimiter += fmt.Sprintf("; damaged lines: %d", l.damaged)
	}
	switch {
	case l.dialect.Quote == NoQuote:
		e.Quote = "quotes are characters of the fields"
	case l.quoted > 0:
		e.Quote = fmt.Sprintf("it stands around %d of the fields looked at", l.quoted)
	default:
		e.Quote = "it is the usual one; none of the fields looked at stands in quotes"
	}
	switch {
	case l.never:
		e.Quote = "there is none: quotes stand in the middle of fields, around none, and without them the records agree"
	case l.aligned:
		e.Quote += "; spaces that align the columns are no part of the fields"
	case l.dialect.Spaces:
		e.Quote += "; spaces around fields are no part of them, else more lines would be damaged"
	}
	if l.dialect.Backslash && o.Escape == 0 {
		e.Quote += "; with quotes behind backslashes fewer lines are damaged"
	}
	if o.Quote != 0 {
		e.Quote = "given; " + e.Quote
	}
	var ends []string
	for i, n := range l.ends {
		if n > 0 {
			ends = append(ends, fmt.Sprintf("%d %s", n, strings.ToUpper(lineEndNames[i])))
		}
	}
	if len(ends) > 0 {
		e.LineEnds = strings.Join(ends, ", ") + " behind the records looked at"
	}
	return e
}
