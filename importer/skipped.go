package importer

import (
	"encoding/csv"
	"io"
	"strconv"
)

// Skipped is a valid record that the import's mode leaves alone: in mode ignore its product exists, in mode existing it
// doesn't.
type Skipped struct {
	SKU string
	// Line is where the record begins.
	Line int64
}

// SkippedWriter writes skipped records as a CSV file with the columns sku and line, fields separated by commas. A SKU
// that a spreadsheet would run is escaped by EscapeFormula. Use its Write as Options.OnSkipped and Flush it at the end.
type SkippedWriter struct {
	csv   *csv.Writer
	begun bool
}

// NewSkippedWriter returns a SkippedWriter that writes to w.
func NewSkippedWriter(w io.Writer) *SkippedWriter { return &SkippedWriter{csv: csv.NewWriter(w)} }

// Write writes one record.
func (w *SkippedWriter) Write(s Skipped) error {
	if err := w.begin(); err != nil {
		return err
	}
	return w.csv.Write([]string{EscapeFormula(s.SKU), strconv.FormatInt(s.Line, 10)})
}

// begin writes the header, once.
func (w *SkippedWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	return w.csv.Write([]string{"sku", "line"})
}

// Flush writes what is buffered, the header of a file without records too, and returns the first error there was.
func (w *SkippedWriter) Flush() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.csv.Flush()
	return w.csv.Error()
}
