package importer

import (
	"fmt"
	"strings"
)

// Evidence says, in words for people, by what a file's format was told.
type Evidence struct {
	Encoding  string `json:"encoding,omitempty"`
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	LineEnds  string `json:"line_ends,omitempty"`
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
	if l.width > 1 {
		e.Delimiter = fmt.Sprintf("%d of %d records looked at have %d fields", l.fitting, l.records, l.width)
	} else {
		e.Delimiter = fmt.Sprintf("most of %d records looked at have a single field whatever the delimiter", l.records)
	}
	if l.header() > 0 {
		e.Delimiter += ", and there is a header with known names"
	}
	if l.damaged > 0 {
		e.Delimiter += fmt.Sprintf("; damaged lines: %d", l.damaged)
	}
	if l.quoted > 0 {
		e.Quote = fmt.Sprintf("it stands around %d of the fields looked at", l.quoted)
	} else {
		e.Quote = "it is the usual one; none of the fields looked at stands in quotes"
	}
	if l.backslash && o.Escape == 0 {
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
