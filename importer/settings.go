package importer

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/products"
)

// HeaderMode is whether a file's first record names its columns.
type HeaderMode uint8

const (
	// HeaderAuto expects a header, and refuses a file whose first record has no known name.
	HeaderAuto HeaderMode = iota
	// HeaderYes is a header whatever it holds.
	HeaderYes
	// HeaderNo: the first record is a product; the columns are name, sku and description, in this order, or what
	// Options.Map says alone, if it names any.
	HeaderNo
	// HeaderSkip: the first record is passed over; the columns are those of HeaderNo.
	HeaderSkip
)

var headerModes = []string{"auto", "yes", "no", "skip"}

// String returns auto, yes, no or skip.
func (m HeaderMode) String() string { return wordOf(headerModes, uint8(m), "HeaderMode") }

// MarshalText returns String.
func (m HeaderMode) MarshalText() ([]byte, error) {
	return textOf(headerModes, uint8(m), "header mode")
}

// UnmarshalText takes what String returns.
func (m *HeaderMode) UnmarshalText(text []byte) error {
	i, err := indexOf(headerModes, text, "header mode")
	if err == nil {
		*m = HeaderMode(i)
	}
	return err
}

// ExtraMode is what happens to columns that no field claims.
type ExtraMode uint8

const (
	// ExtraIgnore passes them over.
	ExtraIgnore ExtraMode = iota
	// ExtraKeep keeps them as attributes, under the names of their columns.
	ExtraKeep
	// ExtraReject refuses a file that has any.
	ExtraReject
)

var extraModes = []string{"ignore", "keep", "reject"}

// String returns ignore, keep or reject.
func (m ExtraMode) String() string { return wordOf(extraModes, uint8(m), "ExtraMode") }

// MarshalText returns String.
func (m ExtraMode) MarshalText() ([]byte, error) {
	return textOf(extraModes, uint8(m), "mode for extra columns")
}

// UnmarshalText takes what String returns.
func (m *ExtraMode) UnmarshalText(text []byte) error {
	i, err := indexOf(extraModes, text, "mode for extra columns")
	if err == nil {
		*m = ExtraMode(i)
	}
	return err
}

// Delimiter is the character between fields: any ASCII character but quotes, line breaks and NUL. The zero Delimiter
// is found out.
type Delimiter byte

// String returns the character, or the word tab; auto for 0.
func (d Delimiter) String() string {
	switch {
	case d == 0:
		return "auto"
	case d == '\t':
		return "tab"
	case dialect.IsDelimiter(byte(d)):
		return string(rune(d))
	}
	return fmt.Sprintf("Delimiter(%d)", byte(d))
}

// MarshalText returns String.
func (d Delimiter) MarshalText() ([]byte, error) {
	if d != 0 && !dialect.IsDelimiter(byte(d)) {
		return nil, fmt.Errorf("bad delimiter %q", byte(d))
	}
	return []byte(d.String()), nil
}

// UnmarshalText takes what String returns, and `\t`.
func (d *Delimiter) UnmarshalText(text []byte) error {
	switch s := string(text); {
	case s == "auto":
		*d = 0
	case s == "tab", s == `\t`:
		*d = '\t'
	case len(s) == 1 && dialect.IsDelimiter(s[0]):
		*d = Delimiter(s[0])
	default:
		return fmt.Errorf("bad delimiter %q: want one ASCII character other than quotes and line breaks, "+
			"or the word tab or auto", products.Shorten(s))
	}
	return nil
}

// Quote is the character around fields: " or ', or [NoQuote]. The zero Quote is found out.
type Quote byte

// NoQuote says that a file's fields never stand in quotes, so that quotes are characters like others.
const NoQuote = Quote(dialect.NoQuote)

var quotes = map[string]Quote{"auto": 0, `"`: '"', `'`: '\'', "none": NoQuote}

// String returns the character; auto for 0, none for NoQuote.
func (q Quote) String() string { return nameOf(quotes, q, "Quote") }

// MarshalText returns String.
func (q Quote) MarshalText() ([]byte, error) {
	if _, ok := quotes[q.String()]; !ok {
		return nil, fmt.Errorf("bad quote %q", byte(q))
	}
	return []byte(q.String()), nil
}

// UnmarshalText takes what String returns.
func (q *Quote) UnmarshalText(text []byte) error {
	found, ok := quotes[string(text)]
	if !ok {
		return fmt.Errorf(`bad quote %q: want ", ', none or auto`, products.Shorten(string(text)))
	}
	*q = found
	return nil
}

// Escape is the character that makes a quote inside a quoted field a character of the field: a backslash, or the quote
// itself. The zero Escape is found out.
type Escape byte

var escapes = map[string]Escape{"auto": 0, `\`: '\\', `"`: '"', `'`: '\''}

// String returns the character; auto for 0.
func (e Escape) String() string { return nameOf(escapes, e, "Escape") }

// MarshalText returns String.
func (e Escape) MarshalText() ([]byte, error) {
	if _, ok := escapes[e.String()]; !ok {
		return nil, fmt.Errorf("bad escape %q", byte(e))
	}
	return []byte(e.String()), nil
}

// UnmarshalText takes what String returns.
func (e *Escape) UnmarshalText(text []byte) error {
	found, ok := escapes[string(text)]
	if !ok {
		return fmt.Errorf(`bad escape %q: want \, ", ' or auto`, products.Shorten(string(text)))
	}
	*e = found
	return nil
}

// RejectLimit is how many rejected records an import may have: beyond that it fails.
type RejectLimit struct {
	// Count is the most records that may be rejected; with Share it doesn't count.
	Count int64
	// Share is the largest part of all records that may be rejected, above 0 and at most 1; 0 for Count.
	Share float64
}

// String returns a count, "100", or a share, "2.5%".
func (l RejectLimit) String() string {
	if l.Share == 0 {
		return strconv.FormatInt(l.Count, 10)
	}
	percent := l.Share * 100 // may be off by a bit: 0.07 * 100 is not 7
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(percent, 'g', 15, 64), 64)
	if err == nil && rounded/100 == l.Share {
		percent = rounded
	}
	return strconv.FormatFloat(percent, 'f', -1, 64) + "%"
}

// MarshalText returns String.
func (l RejectLimit) MarshalText() ([]byte, error) {
	if !l.valid() {
		return nil, fmt.Errorf("bad limit of rejects: %+v", struct {
			Count int64
			Share float64
		}(l))
	}
	return []byte(l.String()), nil
}

// UnmarshalText takes what String returns, and 0% for 0.
func (l *RejectLimit) UnmarshalText(text []byte) error {
	if percent, ok := strings.CutSuffix(string(text), "%"); ok {
		if share, err := strconv.ParseFloat(percent, 64); err == nil && share >= 0 && share <= 100 {
			*l = RejectLimit{Share: share / 100}
			return nil
		}
	} else if count, err := strconv.ParseInt(string(text), 10, 64); err == nil && count >= 0 {
		*l = RejectLimit{Count: count}
		return nil
	}
	return fmt.Errorf("bad limit of rejects %q: want a count like 100, or a share like 2.5%%",
		products.Shorten(string(text)))
}

func (l *RejectLimit) valid() bool { return l.Count >= 0 && l.Share >= 0 && l.Share <= 1 }

// exceeded reports whether so many rejects of so many records are too many. A nil limit is none.
func (l *RejectLimit) exceeded(rejected, read int64) bool {
	switch {
	case l == nil:
		return false
	case l.Share > 0:
		return float64(rejected) > l.Share*float64(read)
	}
	return rejected > l.Count
}

// tooMany is the error for a limit that is exceeded.
func (l *RejectLimit) tooMany(rejected, read int64) error {
	if l.Share == 0 {
		return fmt.Errorf("%w: more than %d; nothing was written", ErrTooManyRejects, l.Count)
	}
	return fmt.Errorf("%w: %d of %d, more than %g %%; nothing was written", ErrTooManyRejects, rejected, read, l.Share*100)
}

// wordOf returns the word of a value, or the type's name and the number where there is none.
func wordOf(words []string, value uint8, typeName string) string {
	if int(value) < len(words) {
		return words[value]
	}
	return fmt.Sprintf("%s(%d)", typeName, value)
}

// textOf is wordOf for values that are stored: one without a word is an error.
func textOf(words []string, value uint8, what string) ([]byte, error) {
	if int(value) >= len(words) {
		return nil, fmt.Errorf("unknown %s: %d", what, value)
	}
	return []byte(words[value]), nil
}

// indexOf returns the value whose word the text is.
func indexOf(words []string, text []byte, what string) (uint8, error) {
	for i, word := range words {
		if word == string(text) {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("unknown %s %q: want %s", what, products.Shorten(string(text)), strings.Join(words, ", "))
}

// nameOf returns the name of a character, or the type's name and the number where there is none.
func nameOf[C ~byte](names map[string]C, c C, typeName string) string {
	for name, value := range names {
		if value == c {
			return name
		}
	}
	return fmt.Sprintf("%s(%d)", typeName, c)
}
