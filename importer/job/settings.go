package job

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// The defaults of what decides where batches end. They are those of each job, whatever the importer's are by then.
const (
	defaultMaxRecordBytes = 1 << 20
	defaultBatchRecords   = 20_000
	defaultBatchBytes     = 4 << 20
)

// Bounds of the columns that settings name: how many characters a name has, where a column with a longer one has a
// number, and how many columns are left out.
const (
	maxColumnName = 1_000
	maxLeftOut    = 2_000
)

// SettingsError says which setting can't be taken.
type SettingsError struct {
	// Field is the JSON name of the setting.
	Field string
	// Message is a sentence for people.
	Message string
}

func (e *SettingsError) Error() string { return "job: " + e.Field + ": " + e.Message }

// checkChanges checks Settings.Changes.
func checkChanges(text string) error {
	if text != "" && text != ChangesNone && text != ChangesAll {
		return fmt.Errorf("unknown changes %q: want none or all", products.Shorten(text))
	}
	return nil
}

// withDefaults is withBatchDefaults for a new job. A dry run is made to see what would change. Of an import for which
// nobody asked changes aren't kept, since that takes time.
func (s Settings) withDefaults(size importer.BatchSize) Settings {
	switch {
	case s.Changes != "":
	case s.DryRun:
		s.Changes = ChangesAll
	default:
		s.Changes = ChangesNone
	}
	return s.withBatchDefaults(size)
}

// withBatchDefaults returns the settings with everything set that decides where batches end; size is what the store of
// products says of it.
func (s Settings) withBatchDefaults(size importer.BatchSize) Settings {
	for _, n := range []struct {
		value     *int
		byDefault int
	}{
		{&s.MaxRecordBytes, defaultMaxRecordBytes},
		{&s.BatchRecords, cmp.Or(size.BatchRecords, defaultBatchRecords)},
		{&s.BatchBytes, cmp.Or(size.BatchBytes, defaultBatchBytes)},
	} {
		if *n.value == 0 {
			*n.value = n.byDefault
		}
	}
	return s
}

// sameAs reports whether a submitter says the same with both, where the stored ones are those of a job: they have the
// schema and the destination of its day, and sizes of batches and what is kept of changes where the submitter said
// nothing of it.
func (s Settings) sameAs(stored Settings) bool {
	s.Changes = cmp.Or(s.Changes, stored.Changes)
	s.Fields, stored.Fields = nil, nil
	s.Into, stored.Into = "", ""
	s = s.withBatchDefaults(importer.BatchSize{BatchRecords: stored.BatchRecords, BatchBytes: stored.BatchBytes})
	for _, maps := range [][2]*map[string]string{{&s.Map, &stored.Map}, {&s.Set, &stored.Set},
		{&s.Number, &stored.Number}, {&s.Date, &stored.Date}} {
		for _, m := range maps {
			if len(*m) == 0 {
				*m = nil
			}
		}
	}
	for _, lists := range [][2]*[]string{{&s.LeaveOut, &stored.LeaveOut}, {&s.Scope, &stored.Scope}} {
		if len(*lists[0])+len(*lists[1]) == 0 {
			*lists[0], *lists[1] = nil, nil
		}
	}
	return reflect.DeepEqual(s, stored)
}

// Options returns the options of the import, or a [*SettingsError] that names the first bad setting. Delimiter,
// Quote and so on are the texts of the options' types, as their UnmarshalText takes them; an empty one stands for
// the zero value.
func (s Settings) Options() (o importer.Options, err error) {
	fail := func(field string, err error) (importer.Options, error) {
		return importer.Options{}, &SettingsError{Field: field, Message: err.Error()}
	}
	o.Mode, o.DryRun, o.Map, o.Set, o.Group, o.LeaveOut = s.Mode, s.DryRun, s.Map, s.Set, s.Group, s.LeaveOut
	o.Scope = s.Scope
	var limit importer.RejectLimit
	var missing importer.MissingLimit
	for _, setting := range []struct {
		field, text string
		to          encoding.TextUnmarshaler
	}{
		{"delimiter", s.Delimiter, &o.Delimiter},
		{"quote", s.Quote, &o.Quote},
		{"encoding", s.Encoding, &o.Encoding},
		{"header", s.Header, &o.Header},
		{"extra", s.Extra, &o.Extra},
		{"max_rejects", s.MaxRejects, &limit},
		{"zone", s.Zone, &o.Zone},
		{"missing", s.Missing, &o.Missing},
		{"max_missing", s.MaxMissing, &missing},
	} {
		if setting.text == "" {
			continue
		}
		if err := setting.to.UnmarshalText([]byte(setting.text)); err != nil {
			return fail(setting.field, err)
		}
	}
	if s.MaxRejects != "" {
		o.MaxRejects = &limit
	}
	if s.MaxMissing != "" {
		o.MaxMissing = &missing
	}
	if o.Numbers, err = byField[spelling.Sign](s.Number); err != nil {
		return fail("number", err)
	}
	if o.Dates, err = byField[spelling.Order](s.Date); err != nil {
		return fail("date", err)
	}
	if err := checkMap(s.Map); err != nil {
		return fail("map", err)
	}
	if err := checkColumn(s.Group); err != nil {
		return fail("group", err)
	}
	if s.Group != "" && strings.TrimSpace(s.Group) == "" {
		return fail("group", errors.New("no column is named; leave it out, or say none"))
	}
	if err := checkLeftOut(s.LeaveOut); err != nil {
		return fail("leave_out", err)
	}
	if err := checkChanges(s.Changes); err != nil {
		return fail("changes", err)
	}
	o.MaxRecordBytes, o.BatchRecords, o.BatchBytes = s.MaxRecordBytes, s.BatchRecords, s.BatchBytes
	var bad *importer.OptionError
	if errors.As(o.Validate(s.schema()), &bad) {
		return fail(settingNames[bad.Field], errors.New(bad.Message))
	}
	return o, nil
}

// settingNames has the JSON names of the options that are only checked as such.
var settingNames = map[string]string{"Mode": "mode", "MaxRecordBytes": "max_record_bytes",
	"BatchRecords": "batch_records", "BatchBytes": "batch_bytes", "Map": "map", "Set": "set",
	"Numbers": "number", "Dates": "date", "LeaveOut": "leave_out", "Extra": "extra",
	"Missing": "missing", "MaxMissing": "max_missing", "Scope": "scope"}

// byField reads the texts that are given for fields. Which fields take them is the importer's to check.
func byField[V any, P interface {
	*V
	encoding.TextUnmarshaler
}](texts map[string]string) (map[string]V, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	values := make(map[string]V, len(texts))
	for _, field := range slices.Sorted(maps.Keys(texts)) {
		var value V
		if err := P(&value).UnmarshalText([]byte(texts[field])); err != nil {
			return nil, fmt.Errorf("%s: %w", products.Shorten(field), err)
		}
		values[field] = value
	}
	return values, nil
}

// schema is that by which the file is read.
func (s *Settings) schema() *products.Schema {
	if s.Fields == nil {
		return products.Standard()
	}
	return s.Fields
}

// checkMap checks the names of the columns. Those of the fields are the importer's to check.
func checkMap(columns map[string]string) error {
	for field, column := range columns {
		if strings.TrimSpace(column) == "" {
			return fmt.Errorf("no column is named for %s", products.Shorten(field))
		}
		if err := checkColumn(column); err != nil {
			return fmt.Errorf("%s: %w", products.Shorten(field), err)
		}
	}
	return nil
}

// checkLeftOut checks the names of columns that are left out.
func checkLeftOut(columns []string) error {
	if len(columns) > maxLeftOut {
		return fmt.Errorf("%d columns are named, and at most %d may be", len(columns), maxLeftOut)
	}
	for _, column := range columns {
		if err := checkColumn(column); err != nil {
			return err
		}
	}
	return nil
}

// checkColumn checks the name of a column.
func checkColumn(name string) error {
	if !storable(name) {
		return errNotStorable
	}
	if utf8.RuneCountInString(name) > maxColumnName {
		return fmt.Errorf("the name of a column has at most %d characters here; give its number", maxColumnName)
	}
	return nil
}

var errNotStorable = errors.New("the name of a column must be valid UTF-8 without the character NUL")

// storable reports whether every database takes the text.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }
