package importer

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
)

var rejectColumns = []string{"_line", "_column", "_code", "_reason"}

// RejectColumns returns the names of the columns that RejectWriter puts behind those of the file.
func RejectColumns() []string { return slices.Clone(rejectColumns) }

// RejectWriter writes rejected records as a CSV file that can be mended and imported again. Use its Write as
// Options.OnReject and its Header as Options.OnHeader; Flush it at the end. A file without rejects is left empty.
//
// Each record has its fields as they were. A field that a spreadsheet would run as a formula gets an apostrophe before
// it, which the next import takes away, see [EscapeFormula]. Behind the file's columns stand [RejectColumns], which an
// import passes over, and behind these the fields for which the file has no column. A damaged stretch of lines stands
// in the first column as it is.
//
// The first line is the header of the file. A file without a header gets one, which [HeaderNo] recognizes.
//
// What is written is UTF-8 with a byte order mark, by which spreadsheets know it, with commas and double quotes. It is
// imported with the options of the first import, but without Options.Encoding, Delimiter, Quote and Escape.
type RejectWriter struct {
	out    io.Writer
	csv    *csv.Writer
	header []string
	keep   []int // the columns of the file but those that are rejectColumns of an earlier import
	record []string
	begun  bool
}

// NewRejectWriter returns a RejectWriter that writes to w.
func NewRejectWriter(w io.Writer) *RejectWriter { return &RejectWriter{out: w, csv: csv.NewWriter(w)} }

// Header notes the names of the file's columns. It comes before the first Write.
func (w *RejectWriter) Header(names []string) error {
	w.header, w.keep = names, nil
	for i, name := range names {
		if !slices.Contains(rejectColumns, name) {
			w.keep = append(w.keep, i)
		}
	}
	return nil
}

// Write writes one record. Records with too few fields are filled up with empty ones, so that what is behind them
// stands in its column. An import rejects such a record again until the column that it lacked is filled in, or its
// _code emptied.
func (w *RejectWriter) Write(r Reject) error {
	if !w.begun {
		if _, err := io.WriteString(w.out, "\ufeff"); err != nil { // nothing is buffered yet
			return err
		}
		if err := w.write(w.header, rejectColumns); err != nil {
			return err
		}
		w.begun = true
	}
	return w.write(r.Fields, []string{strconv.FormatInt(r.Line, 10), guarded(r.Column), string(r.Code),
		guarded(r.Reason)})
}

// write writes the fields with others between those that have a column and those that have none.
func (w *RejectWriter) write(fields, others []string) error {
	w.record = w.record[:0]
	for _, i := range w.keep {
		value := ""
		if i < len(fields) {
			value = guarded(fields[i])
		}
		w.record = append(w.record, value)
	}
	w.record = append(w.record, others...)
	if len(fields) > len(w.header) {
		for _, value := range fields[len(w.header):] {
			w.record = append(w.record, guarded(value))
		}
	}
	return w.csv.Write(w.record)
}

// guarded keeps a spreadsheet from running a field of a file. Unlike EscapeFormula it leaves a field that is escaped
// already: an import reads both as the same. Of a formula that is a text it leaves the text.
func guarded(s string) string {
	if text, ok := textFormula(s); ok {
		s = text
	}
	if startsFormula(s) && !isNumber(s) {
		return string(formulaMark) + s
	}
	return s
}

// Flush writes what is buffered and returns the first error there was.
func (w *RejectWriter) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
