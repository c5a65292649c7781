package importer

import (
	"encoding/csv"
	"io"
	"strconv"
)

// Code says why a record was rejected. Codes are stable; Reject.Reason is for people.
type Code string

// The codes of rejected records. The first five are those of products.FieldError.
const (
	CodeEmpty           Code = "empty"            // a field that must not be empty is
	CodeTooLong         Code = "too_long"         // a field has too many characters
	CodeTooMany         Code = "too_many"         // too many attributes
	CodeBadCharacter    Code = "bad_character"    // a field has a NUL in it
	CodeInvalidUTF8     Code = "invalid_utf8"     // a field is not in the file's encoding, which is UTF-8
	CodeInvalidEncoding Code = "invalid_encoding" // a field is not in the file's encoding, which is another one
	CodeBadBoolean      Code = "bad_boolean"      // the status is no known word
	CodeMissingColumn   Code = "missing_column"   // the record ends before a column that it needs
	CodeFieldCount      Code = "field_count"      // the record has more or fewer fields than the header
	CodeBadQuote        Code = "bad_quote"        // a quote is out of place or never closed
	CodeRecordTooLong   Code = "record_too_long"  // the record has more bytes than Options.MaxRecordBytes
)

// Reject is a record that was not taken, or a damaged stretch of lines that no record could be made of.
type Reject struct {
	// Line and LastLine are the first and last line of it in the file, from 1.
	Line     int64 `json:"line"`
	LastLine int64 `json:"last_line"`
	// Offset is the first byte of it in the file without its compression, from 0: in the file as it is, if that is in
	// UTF-8; else in what it becomes as UTF-8, without a byte order mark.
	Offset int64 `json:"offset"`
	// Column is the name of the column that is wrong, its number from 1 where it has no name, or empty where the record
	// as a whole is.
	Column string `json:"column,omitempty"`
	Code   Code   `json:"code"`
	// Reason is a sentence that names what is wrong.
	Reason string `json:"reason"`
	// Fields are the record's fields as the file has them. Of damage it is one field: the lines as they are, at most
	// 64 KiB of them. A line that would be a record if quotes out of place were characters comes as its fields.
	Fields []string `json:"-"`
}

// maxDamage bounds what is kept of a damaged stretch.
const maxDamage = 64 << 10

// RejectColumns are the columns that RejectWriter puts behind those of the file.
var RejectColumns = []string{"_line", "_column", "_code", "_reason"}

// RejectWriter writes rejected records as a CSV file that can be mended and imported again: the fields as they were,
// and behind them RejectColumns, which an import passes over. Use its Write as Options.OnReject and its Header as
// Options.OnHeader; Flush it at the end. A file without rejects is left empty.
type RejectWriter struct {
	csv    *csv.Writer
	header []string
	begun  bool
}

// NewRejectWriter returns a RejectWriter that writes to w, separating fields by a comma.
func NewRejectWriter(w io.Writer) *RejectWriter { return &RejectWriter{csv: csv.NewWriter(w)} }

// Header notes the file's header, nil when it has none: then the rejects have none either.
func (w *RejectWriter) Header(names []string) error {
	w.header = names
	return nil
}

// Write writes one record. Records with too few fields are filled up with empty ones, so that what is behind them
// stands in its column; surplus ones are left out.
func (w *RejectWriter) Write(r Reject) error {
	if !w.begun && w.header != nil {
		if err := w.csv.Write(append(append([]string{}, w.header...), RejectColumns...)); err != nil {
			return err
		}
	}
	w.begun = true
	record := make([]string, 0, len(w.header)+len(RejectColumns))
	record = append(record, r.Fields...)
	for w.header != nil && len(record) < len(w.header) {
		record = append(record, "")
	}
	if w.header != nil {
		record = record[:len(w.header)]
	}
	return w.csv.Write(append(record, strconv.FormatInt(r.Line, 10), r.Column, string(r.Code), r.Reason))
}

// Flush writes what is buffered and returns the first error there was.
func (w *RejectWriter) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
