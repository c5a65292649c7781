package importer

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
)

// RejectColumns are the columns that RejectWriter puts behind those of the file.
var RejectColumns = []string{"_line", "_column", "_code", "_reason"}

// RejectWriter writes rejected records as a CSV file that can be mended and imported again, with the options of the
// first import but for what they say of its format, Options.Encoding, Delimiter, Quote and Escape: it begins with the byte
// order mark of UTF-8, by which spreadsheets know it too, whatever bytes the records have, and its fields are separated by
// commas and stand in double quotes. Each record has its fields as they were,
// but that one which a spreadsheet would run as a formula has an apostrophe before it, as EscapeFormula puts it and an
// import takes it away. Behind them are RejectColumns, which an import passes over, and behind these the fields for
// which the file has no column. A damaged stretch of lines is in the first column as it is.
//
// The first line is the header of the file. One without a header gets one, by which HeaderNo knows the file again.
//
// Use its Write as Options.OnReject and its Header as Options.OnHeader; Flush it at the end. A file without rejects is
// left empty.
type RejectWriter struct {
	out    io.Writer
	csv    *csv.Writer
	header []string
	keep   []int // the columns of the file but those that are RejectColumns of an earlier import
	record []string
	begun  bool
}

// NewRejectWriter returns a RejectWriter that writes to w.
func NewRejectWriter(w io.Writer) *RejectWriter { return &RejectWriter{out: w, csv: csv.NewWriter(w)} }

// Header notes the names of the file's columns. It comes before the first Write.
func (w *RejectWriter) Header(names []string) error {
	w.header, w.keep = names, nil
	for i, name := range names {
		if !slices.Contains(RejectColumns, name) {
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
		if _, err := io.WriteString(w.out, marks[0].mark); err != nil { // nothing is buffered yet
			return err
		}
		if err := w.write(w.header, RejectColumns); err != nil {
			return err
		}
		w.begun = true
	}
	return w.write(r.Fields, []string{strconv.FormatInt(r.Line, 10), guarded(r.Column), string(r.Code), guarded(r.Reason)})
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
// already: an import reads both as the same.
func guarded(s string) string {
	if startsFormula(s) {
		return string(formulaMark) + s
	}
	return s
}

// Flush writes what is buffered and returns the first error there was.
func (w *RejectWriter) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
