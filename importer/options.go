package importer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

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
	// Encoding is that of the file; see charset.Auto for how it is detected otherwise.
	Encoding charset.Encoding
	// Delimiter separates fields: any ASCII character but quotes, line breaks and NUL. 0: the one of , ; TAB and | with
	// which the records at the file's beginning agree best.
	Delimiter Delimiter
	// Quote stands around fields: " or ', or [NoQuote]. 0: the one that the file's beginning uses, " where it uses
	// none.
	Quote Quote
	// Escape makes a quote inside a quoted field a character: '\\' before it, where a doubled quote is one too and a
	// doubled backslash one backslash, or the quote, where it is only to be doubled. 0: as the file's beginning is
	// damaged least, and where there is no quote.
	Escape Escape
	// Header says whether the first record names the columns.
	Header HeaderMode
	// Map names the column of a field: by its name in the header, or by its number from 1. It goes before the names
	// that are known. [MapNone] says that no column holds the field. One column can hold the key and other fields: in a
	// catalogue without an identifier the names may be the SKUs too.
	Map map[string]string
	// Set gives a field the same value in every record, whatever the file has. The value is written as [products.Type]
	// describes it. The key can't be set.
	Set map[string]string
	// Numbers say for fields which character stands before the decimals of numbers, Dates in which order the parts of
	// dates stand. Where nothing is said it is found out, column by column.
	Numbers spelling.Signs
	Dates   spelling.Orders
	// Zone is the time zone of times that don't have one, UTC if it isn't set.
	Zone spelling.Zone
	// Extra says what happens to columns that no field claims.
	Extra ExtraMode
	// LeaveOut names columns that no field claims, as Map does, by their names or numbers: whatever Extra says, they
	// are neither kept as attributes nor a reason to refuse the file. A name that no column has, and a column that a
	// field is taken from, are an [ErrInput]. One by which variants find their product still serves for that.
	LeaveOut []string
	// Group names the column that says which records are variants of one product, by its name or its number; with
	// [GroupNone] no record inherits. Where Group is empty it is the first of Handle, URL handle, Product Handle,
	// handleId, Reference Handle, slug, Product ID [Non Editable], Parent and Parent SKU that the file has, or a column
	// like Product ID or Item ID in which records without a name have the same as earlier ones.
	//
	// The records of a group have the same in that column. A record that has something there, but no name, inherits
	// name, description and status, each where its own is empty: from the last record before it that is of its group
	// and has a name, whether or not that one was valid. A column Parent, which WooCommerce has, is another kind: it
	// names the SKU of the record to inherit from, or "id:" and what that one has in a column ID.
	//
	// Variants may also have nothing in that column, and stand directly below their product or another such variant of
	// it: where a column of the row's kind says so (Item Type and Item of BigCommerce, fieldType of Wix, or a column
	// like Type or Row type that has nothing but such kinds at the file's beginning), or where all records with a name
	// at the file's beginning have something in a column like the group's, Product URL, or Product Type beside Variant
	// ID, and those without a name, one to 20 products at least, have not. For a column that is named here no variants
	// need to be there.
	//
	// The 65,536 groups used last are remembered, and at most 8 MiB of their text. A record that finds nothing to
	// inherit is rejected, with [CodeNoParent].
	Group string
	// MaxRejects, if not nil, is the limit beyond which the import fails, before anything is written: records that the
	// store refuses while it writes aren't counted for it.
	MaxRejects *RejectLimit
	// Missing says what happens to products of the store that the file doesn't have. These are the products within the
	// Scope, as they are at one moment after the file was checked, whose SKU no record of the file has: records that
	// are rejected or superseded count as present, those that were rejected as far as their SKU can be read, and where
	// their fields may stand in wrong columns by any of them. With MissingDeactivate the scope is of active products
	// alone. What is missing is decided once, and done in batches behind those of the file. What somebody else changes
	// meanwhile is kept, and counted so. It goes with every Mode, and needs a store that is a [products.KeyReader] and
	// a [products.Reverter], as a [products.Store] of this module is.
	Missing MissingMode
	// MaxMissing is the limit beyond which the import fails, before anything is written, in a dry run too. Nil is for
	// 5 % of the products within the scope.
	MaxMissing *MissingLimit
	// Scope are filters of the products that may be missing, as [products.Query.Filter] takes them, such as
	// "supplier=acme": those that match all of them; none for all products. A product with a SKU of the file is never
	// missing, be it within the scope or not.
	Scope []string
	// MaxRecordBytes is the length of the longest record: 1 KiB to 64 MiB, 0 for 1 MiB. Longer ones are rejected.
	MaxRecordBytes int
	// MaxDecompressedBytes is how long a compressed file may be without its compression: at least 1, 0 for 64 GiB.
	MaxDecompressedBytes int64

	// Writers is how many batches are written at the same time: 1 to 64, 0 for 2, or what a [BatchSizer] says.
	Writers int
	// BatchRecords is the most records of a batch: 1 to 1,000,000, 0 for 20,000, or what a [BatchSizer] says.
	BatchRecords int
	// BatchBytes is about the most bytes of text in a batch: 1 to 2^30, 0 for 4 MiB, or what a [BatchSizer] says.
	BatchBytes int
	// Parsers is how many goroutines parse and validate: 1 to 256, 0 for GOMAXPROCS.
	Parsers int
	// MaxDuplicates bounds how many repeated SKUs are kept in mind at a time, some 30 bytes each: 1,024 to 2^30, 0 for
	// 524,288. Where a file has more, and from some ten million SKUs on, all of them are sorted out in a temporary file
	// ([os.TempDir]), before anything is written. For that some 22 bytes a record are kept there while a file is
	// checked, beyond the first 2 MiB of them: a compressed one, or one with 512 bytes or more for each of
	// MaxDuplicates (256 MiB), of which 131,072 at most are kept in mind then. A smaller one with so many repeated SKUs
	// is checked twice instead. Where the temporary file is needed and can't be written, the import ends with an error
	// that names the folder.
	MaxDuplicates int

	// OnHeader is given the names of the file's columns as they are in it, made-up ones when it has no header, before
	// any other function is called.
	OnHeader func(names []string) error
	// OnDialect is given how the file is read, after OnHeader and before any other function is called; and again where
	// a later record shows how a column spells its values.
	OnDialect func(Dialect) error
	// OnReject is given every rejected record, before anything is written; but those that the store refuses
	// (products.Refused) while the import writes, batch by batch in the order in which they are written, and not again
	// by a Run that resumes it.
	OnReject func(Reject) error
	// OnSuperseded is given every superseded record, while the file is imported.
	OnSuperseded func(Superseded) error
	// OnSkipped is given every record that the mode leaves alone, [products.Skipped], while the import writes, batch by
	// batch in the order in which they are written, and not again by a Run that resumes it.
	OnSkipped func(Skipped) error
	// Progress receives how far the import is.
	Progress ProgressReporter
	// Notifier receives what each batch changed, inside the batch's transaction.
	Notifier WebhookNotifier

	// Differences, if not nil, is given what each batch does to each product, inside the batch's transaction and in the
	// order of the keys, part by part; in a dry run what it would do, see [products.Batch], and for what is missing
	// [products.RevertBatch]: those differences have Missing. It is called from Writers goroutines at a time, and again
	// for the same batch where the store tries again. An error rolls the batch back and ends the import. It must
	// neither keep nor change the part.
	Differences func(ctx context.Context, batch int64, part []products.Difference) error

	// Checkpoints make the import one that a later Run resumes.
	Checkpoints Checkpoints
	// OnChecked is given what the check of the file found, once it has ended well and before anything is written: for
	// Checked. It isn't called where that can't be kept: where a value behind the file's beginning decided how its
	// column is read, where a temporary file is needed and can't be written, see MaxDuplicates, or with OnSuperseded.
	OnChecked func(*Checked) error
	// Checked, if not nil, is what an earlier Run found, with the same version of this package, of the same file, and
	// with the same key rule, schema and options, but for DryRun, the functions, and what is about speed. The file is
	// not checked again: OnReject is not given what the check rejects, and OnChecked isn't called. Where the file is
	// another one, Run ends with [ErrSourceChanged], in general once it was written. OnSuperseded can't be set beside
	// it, nor a Missing that an earlier Run has no plan for. Check looks at neither.
	Checked *Checked
	// OnPlace, if not nil, is given where a batch begins, before any of its records is given to the store, of most
	// batches but the first: for Place. It is called only beside an OnChecked that was called, or a Checked. In a file
	// in which what stands before a record can decide what it means, one with variants or store views, places are
	// farther apart, and have what an import remembers there. An error ends the import.
	OnPlace func(*Place) error
	// Place, if not nil, is a place that an earlier Run told, with the same options as for Checked, which is set too.
	// Where all batches before it are in Checkpoints.Committed, as they were in that Run, the file is read from there
	// on; else, and where the place is of another file, it is read from its beginning. What stands before the place is
	// not read at all of an [OffsetSource] that is neither compressed nor in another encoding than UTF-8.
	Place *Place
	// Stop, if not nil, ends the import when it is closed: the batches in hand are committed and Run returns
	// ErrStopped.
	Stop <-chan struct{}
}

// Validate returns an [*OptionError] that names the first option that is out of its bounds, or doesn't fit the schema
// of the store, or nil. [Run] and [Check] begin with it.
func (o Options) Validate(schema *products.Schema) error {
	_, err := o.withDefaults(schema)
	return err
}

// OptionError says which of the [Options] can't be taken.
type OptionError struct {
	// Field is the name of the option.
	Field string
	// Message says what is wrong with it, such as "must be between 1 and 64, not 65".
	Message string
}

func (e *OptionError) Error() string { return "importer: Options." + e.Field + " " + e.Message }

func badOption(field, format string, a ...any) error {
	return &OptionError{Field: field, Message: fmt.Sprintf(format, a...)}
}

// sizedFor returns the options with what the store says of its batches, where they leave that to it.
func (o Options) sizedFor(store Store) Options {
	if sizer, ok := store.(BatchSizer); ok {
		size := sizer.BatchSize()
		o.Writers = cmp.Or(o.Writers, size.Writers)
		o.BatchRecords = cmp.Or(o.BatchRecords, size.BatchRecords)
		o.BatchBytes = cmp.Or(o.BatchBytes, size.BatchBytes)
	}
	return o
}

// withDefaults returns the options with the defaults filled in, or an *OptionError. Here are the bounds of all of them.
func (o Options) withDefaults(schema *products.Schema) (Options, error) {
	for _, n := range []struct {
		name                   string
		value                  *int
		least, most, byDefault int
	}{
		{"MaxRecordBytes", &o.MaxRecordBytes, 1 << 10, 64 << 20, 1 << 20},
		{"Writers", &o.Writers, 1, 64, 2},
		{"BatchRecords", &o.BatchRecords, 1, 1_000_000, 20_000},
		{"BatchBytes", &o.BatchBytes, 1, 1 << 30, 4 << 20},
		{"Parsers", &o.Parsers, 1, 256, min(runtime.GOMAXPROCS(0), 256)},
		{"MaxDuplicates", &o.MaxDuplicates, 1 << 10, 1 << 30, 1 << 19},
	} {
		if *n.value == 0 {
			*n.value = n.byDefault
		}
		if *n.value < n.least || *n.value > n.most {
			return o, badOption(n.name, "must be between %d and %d, not %d", n.least, n.most, *n.value)
		}
	}
	if o.MaxDecompressedBytes == 0 {
		o.MaxDecompressedBytes = 64 << 30
	}
	if o.MaxDecompressedBytes < 1 {
		return o, badOption("MaxDecompressedBytes", "must be at least 1, not %d", o.MaxDecompressedBytes)
	}
	if err := o.validateFormat(); err != nil {
		return o, err
	}
	if err := o.validateFields(schema); err != nil {
		return o, err
	}
	return o, o.validateMissing(schema)
}

// validateFormat checks the options that are no numbers.
func (o *Options) validateFormat() error {
	switch {
	case !o.Mode.Valid():
		return badOption("Mode", "is unknown: %d", o.Mode)
	case !o.Encoding.Valid():
		return badOption("Encoding", "is unknown: %d", o.Encoding)
	case o.Header > HeaderSkip:
		return badOption("Header", "is unknown: %d", o.Header)
	case o.Extra > ExtraReject:
		return badOption("Extra", "is unknown: %d", o.Extra)
	case o.Delimiter != 0 && !dialect.IsDelimiter(byte(o.Delimiter)):
		return badOption("Delimiter", "must be an ASCII character other than quotes and line breaks, not %q",
			byte(o.Delimiter))
	case o.Quote != 0 && o.Quote != '"' && o.Quote != '\'' && o.Quote != NoQuote:
		return badOption("Quote", "must be \", ' or NoQuote, not %q", byte(o.Quote))
	case o.Escape != 0 && o.Quote == NoQuote:
		return badOption("Escape", "must be 0 where there is no quote, not %q", byte(o.Escape))
	case o.Escape != 0 && o.Escape != '\\' && o.Escape != Escape(o.Quote) && (o.Quote != 0 || o.Escape != '"'):
		return badOption("Escape", "must be a backslash or the quote, not %q", byte(o.Escape))
	case o.Checked != nil && o.OnSuperseded != nil:
		return badOption("Checked", "doesn't know the winners that OnSuperseded is given")
	case o.MaxRejects != nil && !o.MaxRejects.valid():
		return badOption("MaxRejects", "is out of bounds: count %d, share %g", o.MaxRejects.Count, o.MaxRejects.Share)
	}
	return nil
}

// validateFields checks the options that name fields.
func (o *Options) validateFields(schema *products.Schema) error {
	if o.Extra == ExtraKeep && !schema.KeepsAttributes() {
		return badOption("Extra", "can't keep other columns: the table has no place for them")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Map)) {
		if _, err := findField(schema, name); err != nil {
			return badOption("Map", "%v", err)
		}
	}
	for _, column := range o.LeaveOut {
		if strings.TrimSpace(column) == "" {
			return badOption("LeaveOut", "has an empty name of a column")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Numbers)) {
		if f := schema.Find(name); f == nil || f.Type != products.Integer && f.Type != products.Decimal {
			return badOption("Numbers", "names %q, which is no field with numbers", products.Shorten(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Dates)) {
		if f := schema.Find(name); f == nil || f.Type != products.Date && f.Type != products.Timestamp {
			return badOption("Dates", "names %q, which is no field with dates", products.Shorten(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Set)) {
		field, err := findField(schema, name)
		switch {
		case err != nil:
			return badOption("Set", "%v", err)
		case field == schema.Key():
			return badOption("Set", "can't give every record the same %s", name)
		}
		if column, mapped := o.Map[name]; mapped && column != MapNone {
			return badOption("Set", "gives %s a value, and Map a column", name)
		}
		if _, fault := constant(field, o.Set[name]); fault != nil {
			return badOption("Set", "has a value that can't be taken: %s", fault.Message)
		}
	}
	return nil
}

// findField returns the field of that name, the key too.
func findField(schema *products.Schema, name string) (*products.Field, error) {
	if name == schema.Key().Name {
		return schema.Key(), nil
	}
	if field := schema.Find(name); field != nil {
		return field, nil
	}
	names := []string{schema.Key().Name}
	for i := range schema.Len() {
		names = append(names, schema.At(i).Name)
	}
	return nil, fmt.Errorf("has no field %q: want one of %s", products.Shorten(name), strings.Join(names, ", "))
}

// dialect returns what is known of a text that begins at the offset.
func (o *Options) dialect(schema *products.Schema, offset int64) dialect.Options {
	return dialect.Options{Delimiter: byte(o.Delimiter), Quote: byte(o.Quote), Escape: byte(o.Escape),
		MaxRecordBytes: o.MaxRecordBytes, Offset: offset,
		Header: func(record int, names []string) (int, bool) { return o.header(schema, record, names) }}
}
