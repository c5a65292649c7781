package importer

import (
	"encoding/csv"
	"io"
	"strconv"
)

// Superseded is a valid record that doesn't count, because another record of the file has the same SKU.
type Superseded struct {
	SKU string
	// Line is where the record begins, Winner where the one begins that counts.
	Line, Winner int64
}

// SupersededWriter writes superseded records as a CSV file with the columns sku, line and winner, fields separated by
// commas. A SKU that a spreadsheet would run is escaped by EscapeFormula. Use its Write as Options.OnSuperseded and
// Flush it at the end.
type SupersededWriter struct {
	csv   *csv.Writer
	begun bool
}

// NewSupersededWriter returns a SupersededWriter that writes to w.
func NewSupersededWriter(w io.Writer) *SupersededWriter {
	return &SupersededWriter{csv: csv.NewWriter(w)}
}

// Write writes one record.
func (w *SupersededWriter) Write(s Superseded) error {
	if err := w.begin(); err != nil {
		return err
	}
	return w.csv.Write([]string{EscapeFormula(s.SKU), strconv.FormatInt(s.Line, 10), strconv.FormatInt(s.Winner, 10)})
}

// begin writes the header, once.
func (w *SupersededWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	return w.csv.Write([]string{"sku", "line", "winner"})
}

// Flush writes what is buffered, the header of a file without records too, and returns the first error there was.
func (w *SupersededWriter) Flush() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.csv.Flush()
	return w.csv.Error()
}
