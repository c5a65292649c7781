package job

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// What Settings.fixed fills in. Changing the importer's defaults must not change how a job is cut that waits.
const (
	defaultMaxRecordBytes = 1 << 20
	defaultBatchRecords   = 20_000
	defaultBatchBytes     = 4 << 20
)

// maxColumnName bounds the names of columns in settings, in characters. A column with a longer one has a number.
const maxColumnName = 1_000

// SettingsError says which setting can't be taken.
type SettingsError struct {
	// Field is the JSON name of the setting.
	Field string
	// Message is a sentence for people.
	Message string
}

func (e *SettingsError) Error() string { return "job: " + e.Field + ": " + e.Message }

// fixed returns the settings with everything set that decides where batches end.
func (s Settings) fixed() Settings {
	for _, n := range []struct {
		value *int
		usual int
	}{
		{&s.MaxRecordBytes, defaultMaxRecordBytes},
		{&s.BatchRecords, defaultBatchRecords},
		{&s.BatchBytes, defaultBatchBytes},
	} {
		if *n.value == 0 {
			*n.value = n.usual
		}
	}
	return s
}

// Options returns the options of the import, or a *SettingsError that names the first bad setting. Delimiter,
// Encoding and so on are as importer.ParseDelimiter and its like take them, or empty for what the importer does by itself.
func (s Settings) Options() (o importer.Options, err error) {
	fail := func(field string, err error) (importer.Options, error) {
		return importer.Options{}, &SettingsError{Field: field, Message: err.Error()}
	}
	o.Mode, o.DryRun, o.Map, o.Group = s.Mode, s.DryRun, s.Map, s.Group
	if o.Mode > products.Update {
		return fail("mode", fmt.Errorf("unknown mode %d", o.Mode))
	}
	if s.Delimiter != "" {
		if o.Delimiter, err = importer.ParseDelimiter(s.Delimiter); err != nil {
			return fail("delimiter", err)
		}
	}
	if s.Encoding != "" {
		if o.Encoding, err = importer.ParseEncoding(s.Encoding); err != nil {
			return fail("encoding", err)
		}
	}
	if s.Header != "" {
		if o.Header, err = importer.ParseHeaderMode(s.Header); err != nil {
			return fail("header", err)
		}
	}
	if s.Extra != "" {
		if o.Extra, err = importer.ParseExtraMode(s.Extra); err != nil {
			return fail("extra", err)
		}
	}
	if err := checkMap(s.Map); err != nil {
		return fail("map", err)
	}
	if utf8.RuneCountInString(s.Group) > maxColumnName {
		return fail("group", fmt.Errorf("the name of a column has at most %d characters here", maxColumnName))
	}
	if !storable(s.Group) {
		return fail("group", errNotStorable)
	}
	if s.Group != "" && strings.TrimSpace(s.Group) == "" {
		return fail("group", errors.New("no column is named; leave it out, or say none"))
	}
	if s.MaxRejects != "" {
		limit, err := importer.ParseRejectLimit(s.MaxRejects)
		if err != nil {
			return fail("max_rejects", err)
		}
		o.MaxRejects = &limit
	}
	for _, n := range []struct {
		field       string
		value       int
		to          *int
		least, most int
	}{
		{"max_record_bytes", s.MaxRecordBytes, &o.MaxRecordBytes, 1 << 10, 64 << 20},
		{"batch_records", s.BatchRecords, &o.BatchRecords, 1, 1_000_000},
		{"batch_bytes", s.BatchBytes, &o.BatchBytes, 1, 1 << 30},
	} {
		if *n.to = n.value; n.value != 0 && (n.value < n.least || n.value > n.most) {
			return fail(n.field, fmt.Errorf("want %d to %d, not %d", n.least, n.most, n.value))
		}
	}
	return o, nil
}

// mappable are the fields that a column can be mapped to.
var mappable = []string{importer.FieldSKU, importer.FieldName, importer.FieldDescription, importer.FieldStatus}

func checkMap(columns map[string]string) error {
	for field, column := range columns {
		if !slices.Contains(mappable, field) {
			return fmt.Errorf("there is no field %q: want one of %s", products.Shorten(field), strings.Join(mappable, ", "))
		}
		if strings.TrimSpace(column) == "" {
			return fmt.Errorf("no column is named for %s", field)
		}
		if !storable(column) {
			return errNotStorable
		}
		if utf8.RuneCountInString(column) > maxColumnName {
			return fmt.Errorf("the name of a column has at most %d characters here, that for %s has more; give its number", maxColumnName, field)
		}
	}
	return nil
}

var errNotStorable = errors.New("the name of a column must be valid UTF-8 without the character NUL")

// storable tells whether every database takes the text.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }
