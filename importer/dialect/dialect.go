package dialect

import (
	"fmt"
	"unicode/utf8"
)

// MaxFields is the most fields of a record: as many as a sheet of Excel's has columns.
const MaxFields = 16_384

// NoQuote as a quote says that a text has none: each delimiter separates fields, each line end ends a record, and
// quotes are characters like others. So are files of tab-separated values, feeds of shops, exports of databases.
const NoQuote byte = '\n'

// Dialect is how a text is cut into records and fields.
type Dialect struct {
	// Delimiter separates fields, Quote stands around those that have special characters in them, see [NoQuote].
	Delimiter, Quote byte
	// Backslash: a quote inside a quoted field may stand behind a backslash, not only be doubled.
	Backslash bool
	// BareCR: a record may end with a CR without a LF. Otherwise such a CR is a character like others.
	BareCR bool
	// Spaces: spaces and tabs around fields, outside of quotes, are no part of them.
	Spaces bool
}

// Options say what is known of a text; the zero value is: nothing.
type Options struct {
	// Delimiter separates fields: an ASCII character, see [IsDelimiter]. 0 is the one of , ; TAB and | with which the
	// records agree best.
	Delimiter byte
	// Quote stands around fields: " or ', or [NoQuote]; 0 for what is used.
	Quote byte
	// Escape stands before a quote in a quoted field: a backslash, or the quote itself, which is only doubled then; 0
	// for whatever damages less, or where there is no quote.
	Escape byte
	// MaxRecordBytes is the length of the longest record: 1 KiB to 64 MiB, 0 for 1 MiB. A longer one is damage, and is
	// not held in memory.
	MaxRecordBytes int
	// Header, if not nil, is given the fields of the text's first records, 20 at most, the first one as 0, and returns
	// how many of them are names of columns that the caller knows. With two or more, the record is a header: the text
	// begins with it whatever is before it, and of two dialects the one in which more names are known is better. A
	// first record for which certain is true is the header beyond doubt, as of a file that the caller wrote himself,
	// with double quotes. Where no record has names that are known, lines with a single value above a table, such as
	// its title, are passed over too, unless known is negative for the record below them: it can be no header.
	Header func(record int, fields []string) (known int, certain bool)
	// Offset is where the first byte is: what all offsets count from.
	Offset int64
}

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	const least, most, byDefault = 1 << 10, 64 << 20, 1 << 20
	if o.MaxRecordBytes == 0 {
		o.MaxRecordBytes = byDefault
	}
	switch {
	case o.MaxRecordBytes < least || o.MaxRecordBytes > most:
		return o, fmt.Errorf("dialect: Options.MaxRecordBytes must be between %d and %d, not %d", least, most,
			o.MaxRecordBytes)
	case o.Delimiter != 0 && !IsDelimiter(o.Delimiter):
		return o, fmt.Errorf(
			"dialect: Options.Delimiter must be an ASCII character other than quotes and line breaks, not %q",
			o.Delimiter)
	case o.Quote != 0 && o.Quote != '"' && o.Quote != '\'' && o.Quote != NoQuote:
		return o, fmt.Errorf("dialect: Options.Quote must be \", ' or NoQuote, not %q", o.Quote)
	case o.Escape != 0 && o.Quote == NoQuote:
		return o, fmt.Errorf("dialect: Options.Escape must be 0 where there is no quote, not %q", o.Escape)
	case o.Escape != 0 && o.Escape != '\\' && o.Escape != o.Quote && (o.Quote != 0 || o.Escape != '"'):
		return o, fmt.Errorf("dialect: Options.Escape must be a backslash or the quote, not %q", o.Escape)
	case o.Offset < 0:
		return o, fmt.Errorf("dialect: Options.Offset must be at least 0, not %d", o.Offset)
	}
	return o, nil
}

// IsDelimiter reports whether the character may separate fields.
func IsDelimiter(c byte) bool {
	return c != 0 && c < utf8.RuneSelf && c != '"' && c != '\'' && c != '\r' && c != '\n'
}
