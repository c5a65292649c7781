package importer

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// HeaderMode says whether a file's first record names its columns.
type HeaderMode uint8

const (
	// HeaderAuto expects a header, and refuses a file whose first record has no known name.
	HeaderAuto HeaderMode = iota
	// HeaderYes is a header whatever it holds.
	HeaderYes
	// HeaderNo: the first record is a product; the columns are Positions.
	HeaderNo
	// HeaderSkip: the first record is passed over; the columns are Positions.
	HeaderSkip
)

// Positions are the fields of a file without a header, in the order of its columns.
var Positions = []string{FieldName, FieldSKU, FieldDescription}

var headerModes = []string{"auto", "yes", "no", "skip"}

// ParseHeaderMode is the inverse of String.
func ParseHeaderMode(s string) (HeaderMode, error) {
	for i, name := range headerModes {
		if s == name {
			return HeaderMode(i), nil
		}
	}
	return 0, fmt.Errorf("unknown header mode %q: want %s", s, strings.Join(headerModes, ", "))
}

func (m HeaderMode) String() string { return headerModes[m] }

// ParseDelimiter takes one ASCII character that may separate fields, or one of the words tab and auto; auto is 0, for a
// delimiter that is to be found out.
func ParseDelimiter(s string) (byte, error) {
	switch {
	case s == "auto":
		return 0, nil
	case s == "tab", s == `\t`:
		return '\t', nil
	case len(s) == 1 && isDelimiter(s[0]):
		return s[0], nil
	}
	return 0, fmt.Errorf("bad delimiter %q: want one ASCII character other than quotes and line breaks, or the word tab or auto", products.Shorten(s))
}

// ExtraMode says what happens to columns that no field claims.
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

// ParseExtraMode is the inverse of String.
func ParseExtraMode(s string) (ExtraMode, error) {
	for i, name := range extraModes {
		if s == name {
			return ExtraMode(i), nil
		}
	}
	return 0, fmt.Errorf("unknown mode for extra columns %q: want %s", s, strings.Join(extraModes, ", "))
}

func (m ExtraMode) String() string { return extraModes[m] }

// RejectLimit is how many rejected records an import bears.
type RejectLimit struct {
	// Count is the most records that may be rejected; with Share it doesn't count.
	Count int64
	// Share is the largest part of all records that may be rejected, above 0 and at most 1; 0 for Count.
	Share float64
}

// ParseRejectLimit takes a count, "100", or a share, "2.5%".
func ParseRejectLimit(s string) (RejectLimit, error) {
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		if share, err := strconv.ParseFloat(percent, 64); err == nil && share > 0 && share <= 100 {
			return RejectLimit{Share: share / 100}, nil
		}
	} else if count, err := strconv.ParseInt(s, 10, 64); err == nil && count >= 0 {
		return RejectLimit{Count: count}, nil
	}
	return RejectLimit{}, fmt.Errorf("bad limit of rejects %q: want a count like 100, or a share like 2.5%%", s)
}

// exceeded tells whether so many rejects of so many records are too many.
func (l *RejectLimit) exceeded(rejected, read int64) bool {
	switch {
	case l == nil:
		return false
	case l.Share > 0:
		return float64(rejected) > l.Share*float64(read)
	}
	return rejected > l.Count
}

// Options are the settings of an import; the zero value is an import in mode ignore that finds out about the file's
// format and expects a header.
//
// The functions are called from one goroutine at a time, in the file's order; an error from one ends the import.
type Options struct {
	// Mode says what happens to products that exist.
	Mode products.Mode
	// DryRun finds out what an import would do and writes nothing. The counts are those of the real one, if nobody else
	// changes the store.
	DryRun bool
	// Encoding is that of the file; see EncodingAuto for how it is found out otherwise.
	Encoding Encoding
	// Delimiter separates fields: any ASCII character but quotes, line breaks and NUL. 0: the one of , ; TAB and | with
	// which the records at the file's beginning agree best.
	Delimiter byte
	// Quote stands around fields: " or '. 0: the one that the file's beginning uses, " where it uses none.
	Quote byte
	// Escape makes a quote inside a quoted field a character: '\\' before it, where a doubled quote is one too and a
	// doubled backslash one backslash, or the quote, where it is only to be doubled. 0: as the file's beginning is damaged least.
	Escape byte
	// Header says whether the first record names the columns.
	Header HeaderMode
	// Map names the column of a field: by its name in the header, or by its number from 1. It goes before the names that
	// are known.
	Map map[string]string
	// Extra says what happens to columns that no field claims.
	Extra ExtraMode
	// Group names the column that says which records are variants of one product, by its name or its number; GroupNone is
	// none. Empty, the column is the first that is known: Handle, URL handle, Product Handle, slug, Parent.
	//
	// A record without a name but with something in that column inherits name, description and status, each where its own
	// is empty, from the last earlier record of its group that has a name and could be told apart into fields, whether or
	// not that one was valid. The records of a group have the same in that column. A column Parent is another kind, which
	// WooCommerce has: it names the SKU of the record to inherit from, or "id:" and what that one has in a column ID. The
	// 65,536 groups used last are remembered, and at most 8 MiB of their text. Who finds none is rejected: CodeNoParent.
	Group string
	// MaxRejects, if not nil, is the limit beyond which the import fails, before anything is written: records that the store
	// refuses while it writes aren't counted for it.
	MaxRejects *RejectLimit
	// MaxRecordBytes is the length of the longest record: 1 KiB to 64 MiB, 0 for 1 MiB. Longer ones are rejected.
	MaxRecordBytes int
	// MaxDecompressedBytes is how long a compressed file may be without its compression: at least 1, 0 for 64 GiB.
	MaxDecompressedBytes int64

	// Writers is how many batches are written at the same time: 1 to 64, 0 for 2.
	Writers int
	// BatchRecords is the most records of a batch: 1 to 1,000,000, 0 for 20,000.
	BatchRecords int
	// BatchBytes is about the most bytes of text in a batch: at least 1, 0 for 4 MiB.
	BatchBytes int
	// Parsers is how many goroutines parse and validate: 1 to 256, 0 for GOMAXPROCS.
	Parsers int
	// MaxDuplicates bounds how many repeated SKUs are kept in mind at a time, some 30 bytes each: 1,024 to 2^30, 0 for
	// 524,288. A file with more is read several times, a part of its SKUs each time, and OnSuperseded hears of them part
	// by part, before the file is imported.
	MaxDuplicates int

	// KeyRule says which SKUs are the same, for Check: Run asks its store.
	KeyRule products.KeyRule

	// OnHeader is given the names of the file's columns as they are in it, made-up ones when it has no header, before any
	// other function is called.
	OnHeader func(names []string) error
	// OnDialect is told how the file is read, after OnHeader and before any other function is called.
	OnDialect func(Dialect) error
	// OnReject is given every rejected record, before anything is written; but those that the store refuses
	// (products.Refused) while the import writes, batch by batch in the order in which they are written, and not again by a
	// Run that resumes it.
	OnReject func(Reject) error
	// OnSuperseded is given every superseded record, while the file is imported; see MaxDuplicates.
	OnSuperseded func(Superseded) error
	// Progress is told how far the import is.
	Progress ProgressReporter
	// Notifier is told what each batch changed, inside the batch's transaction.
	Notifier WebhookNotifier

	// Checkpoint is given every batch inside its transaction, also one without a record that counts: what it writes
	// through the context is committed if and only if the batch is. Called from Writers goroutines at a time, again where
	// the store tries again, and not in a dry run.
	Checkpoint func(ctx context.Context, done Commit) error
	// Committed tells what an earlier Run with the same source, options and kind of store gave to Checkpoint for a batch,
	// if that was committed. Such a batch is counted, and not written again: so an import is resumed. One that can't be of
	// this file and these options ends the import with ErrSourceChanged.
	Committed func(batch int64) (done Commit, committed bool)
	// Resumed, if not nil, is what the batches that Committed knows add up to: the result and all events count them from
	// the beginning, and not when they come by, so that what is told of an import that is resumed never goes back.
	// ErrSourceChanged when they add up to something else.
	Resumed *Commit
	// Stop, if not nil, ends the import when it is closed: the batches in hand are committed and Run returns ErrStopped.
	Stop <-chan struct{}
}

// Commit is what a batch commits: a stretch of the file that it accounts for.
type Commit struct {
	// Batch is its number, from 1. Batches are committed in any order.
	Batch int64
	// Counts are those of the stretch.
	Counts progress.Counts
	// Bytes is how much of the file it is: all stretches together are the whole file, compressed or not.
	Bytes int64
}

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	for _, n := range []struct {
		name               string
		value              *int
		least, most, usual int
	}{
		{"MaxRecordBytes", &o.MaxRecordBytes, 1 << 10, 64 << 20, 1 << 20},
		{"Writers", &o.Writers, 1, 64, 2},
		{"BatchRecords", &o.BatchRecords, 1, 1_000_000, 20_000},
		{"BatchBytes", &o.BatchBytes, 1, 1 << 30, 4 << 20},
		{"Parsers", &o.Parsers, 1, 256, min(runtime.GOMAXPROCS(0), 256)},
		{"MaxDuplicates", &o.MaxDuplicates, 1 << 10, 1 << 30, 1 << 19},
	} {
		if *n.value == 0 {
			*n.value = n.usual
		}
		if *n.value < n.least || *n.value > n.most {
			return o, fmt.Errorf("importer: Options.%s must be between %d and %d, not %d", n.name, n.least, n.most, *n.value)
		}
	}
	if o.MaxDecompressedBytes == 0 {
		o.MaxDecompressedBytes = 64 << 30
	}
	if o.MaxDecompressedBytes < 1 {
		return o, fmt.Errorf("importer: Options.MaxDecompressedBytes must be at least 1, not %d", o.MaxDecompressedBytes)
	}
	if o.Encoding > ISO8859_1 {
		return o, fmt.Errorf("importer: Options.Encoding is unknown: %d", o.Encoding)
	}
	if o.Delimiter != 0 && !isDelimiter(o.Delimiter) {
		return o, fmt.Errorf("importer: Options.Delimiter must be an ASCII character other than quotes and line breaks, not %q", o.Delimiter)
	}
	if o.Quote != 0 && o.Quote != '"' && o.Quote != '\'' {
		return o, fmt.Errorf("importer: Options.Quote must be \" or ', not %q", o.Quote)
	}
	if o.Escape != 0 && o.Escape != '\\' && o.Escape != o.Quote && (o.Quote != 0 || o.Escape != '"') {
		return o, fmt.Errorf("importer: Options.Escape must be a backslash or the quote, not %q", o.Escape)
	}
	if o.Mode > products.Update {
		return o, fmt.Errorf("importer: Options.Mode is unknown: %d", o.Mode)
	}
	if o.Header > HeaderSkip {
		return o, fmt.Errorf("importer: Options.Header is unknown: %d", o.Header)
	}
	if o.Extra > ExtraReject {
		return o, fmt.Errorf("importer: Options.Extra is unknown: %d", o.Extra)
	}
	if o.KeyRule > products.FoldedKeys {
		return o, fmt.Errorf("importer: Options.KeyRule is unknown: %d", o.KeyRule)
	}
	if l := o.MaxRejects; l != nil && (l.Count < 0 || l.Share < 0 || l.Share > 1) {
		return o, fmt.Errorf("importer: Options.MaxRejects is out of bounds: %+v", *l)
	}
	for field := range o.Map {
		if !isField(field) {
			return o, fmt.Errorf("importer: Options.Map has no field %q: want one of %s", field, strings.Join(fieldNames, ", "))
		}
	}
	return o, nil
}

// isDelimiter tells whether the character may separate fields.
func isDelimiter(c byte) bool {
	return c != 0 && c < utf8.RuneSelf && c != '"' && c != '\'' && c != '\r' && c != '\n'
}
