package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// english writes numbers for people: 466,693.
var english = message.NewPrinter(language.English)

// outcome is what became of the import.
type outcome struct {
	settings *settings
	result   *importer.Result // nil when it didn't come to importing
	id       string           // of the job that the import is kept as, empty for none
	undone   *job.Job         // what an undo did, nil where there was none
	// wroteNothing says of an import or undo with an ID that there is nothing to be taken back.
	wroteNothing bool
	rejects      rejects
	partial      []string // files with what was reported of an import that failed
	err          error
	cancelled    bool
}

// state is the import's state as jobs have it.
func (o *outcome) state() string {
	switch {
	case o.cancelled:
		return "REVOKED"
	case o.err != nil:
		return "FAILURE"
	}
	return "SUCCESS"
}

// message says in one line what went wrong and what was committed all the same; empty after success.
func (o *outcome) message() string {
	if o.err == nil {
		return ""
	}
	text := errorline.Of(o.err)
	if o.cancelled {
		text = "cancelled"
	}
	if o.result == nil {
		return text
	}
	var header *importer.HeaderError
	if errors.As(o.err, &header) {
		text += headerAdvice(header)
	}
	switch n := o.result.Counts; {
	case errors.Is(o.err, importer.ErrTooManyMissing):
		text += "; where that is right, -max-missing allows more"
	case o.settings.options.DryRun, errors.Is(o.err, importer.ErrInput), errors.Is(o.err, importer.ErrTooManyRejects):
	case n.Created+n.Updated+n.Deactivated+n.Deleted > 0:
		text += english.Sprintf("; committed until then: %d created, %d updated", n.Created, n.Updated)
		if o.settings.options.Missing != importer.MissingKeep {
			text += english.Sprintf(", %d deactivated, %d deleted", n.Deactivated, n.Deleted)
		}
	default:
		text += "; nothing was written"
	}
	if len(o.partial) > 0 {
		text += "; what was reported until then is in " + strings.Join(o.partial, " and ")
	}
	return text
}

// writeJSON writes the outcome as one object on one line.
func (o *outcome) writeJSON(w io.Writer) error {
	object := struct {
		State string `json:"state"`
		progress.Counts
		PassedOver int64 `json:"passed_over"`
		// These are there even where there are none.
		Deactivated int64             `json:"deactivated"`
		Deleted     int64             `json:"deleted"`
		Bytes       int64             `json:"bytes"`
		Seconds     float64           `json:"seconds"`
		Dialect     *importer.Dialect `json:"dialect"`
		// Inherited is how many records inherit from another one of their group.
		Inherited int64  `json:"inherited,omitempty"`
		ID        string `json:"id,omitempty"`
		Error     string `json:"error,omitempty"`
	}{State: o.state(), Error: o.message(), ID: o.id}
	if o.undone != nil {
		object.Counts = o.undone.Event.Counts
		object.Seconds = o.undone.Event.Elapsed.Seconds()
		object.Deleted = o.undone.Event.Deleted
	}
	if r := o.result; r != nil {
		object.Counts, object.Inherited, object.Bytes, object.Seconds = r.Counts, r.Inherited, r.Bytes,
			r.Elapsed.Seconds()
		object.Deactivated, object.Deleted = r.Deactivated, r.Deleted
		for _, n := range r.PassedOver {
			object.PassedOver += n
		}
		if len(r.Dialect.Columns) > 0 {
			object.Dialect = &r.Dialect
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(object)
}

// writeSummary writes the outcome for people, as far as there is one.
func (o *outcome) writeSummary(w io.Writer) error {
	var b strings.Builder
	if o.undone != nil {
		o.describeUndo(&b)
	}
	if r := o.result; r != nil && (o.err == nil || r.Read > 0) {
		o.describeCounts(&b, r)
		describeFormat(&b, &r.Dialect)
		o.describeColumns(&b, r)
	}
	o.rejects.describe(&b, o)
	o.describeID(&b)
	if o.result != nil {
		describeHints(&b, o.result.Dialect.Hints)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o *outcome) describeCounts(b *strings.Builder, r *importer.Result) {
	file, into := o.settings.file, o.settings.database.URL.String()
	if file == "-" {
		file = "standard input"
	}
	if name := o.settings.table.Name; name != "" {
		into = "the table " + name
	}
	if !o.settings.database.URL.Stored() {
		into = "memory (nothing is kept: name a database with -database-url)"
	}
	verb := "imported"
	switch {
	case o.settings.options.DryRun:
		verb = "dry run, nothing written:"
	case o.err != nil:
		verb = "imported a part of"
	}
	skipped := "existed and were left alone"
	if o.settings.options.Mode == products.Existing {
		skipped = "don't exist, and were left alone"
	}
	english.Fprintf(b, "%s %s into %s, mode %v: %s in %v\n\n", verb, file, into,
		o.settings.options.Mode, plural(int(r.Read), "record"), r.Elapsed.Round(time.Millisecond))
	writeCounts(b, "created", []countLine{
		{"created", r.Created, "new products"},
		{"updated", r.Updated, "existed and were changed"},
		{"unchanged", r.Unchanged, "existed just so"},
		{"skipped", r.Skipped, skipped},
		{"superseded", r.Superseded, "another record of the file has the same SKU and counts"},
		{"rejected", r.Rejected, "invalid"},
	})
	describePassed(b, r.PassedOver)
	describeMissing(b, &r.Counts)
	if r.Inherited > 0 {
		english.Fprintf(b, "\nnames inherited from another record of the group: %d\n", r.Inherited)
	}
}

// countLine is a count, and what it means.
type countLine struct {
	name  string
	count int64
	means string
}

// writeCounts writes the lines that count anything, and the one with the name always.
func writeCounts(b *strings.Builder, always string, lines []countLine) {
	for _, line := range lines {
		if line.count > 0 || line.name == always {
			english.Fprintf(b, "  %-11s %10d  %s\n", line.name, line.count, line.means)
		}
	}
}

// passedMeans says what rows are that are passed over.
var passedMeans = map[importer.Passed]string{importer.PassedEmpty: "with nothing in them",
	importer.PassedHeader: "with the header again", importer.PassedMedia: "with more images or videos of a product",
	importer.PassedOption: "with options of a product", importer.PassedRule: "with rules for variants",
	importer.PassedStoreView: "with texts for other store views"}

func describePassed(b *strings.Builder, passed map[importer.Passed]int64) {
	if len(passed) == 0 {
		return
	}
	b.WriteString("\npassed over, as they are no products:\n")
	for _, reason := range slices.Sorted(maps.Keys(passed)) {
		english.Fprintf(b, "  %-10s %11d  rows %s\n", reason, passed[reason], passedMeans[reason])
	}
}

// describeMissing says what became of products that the file doesn't have.
func describeMissing(b *strings.Builder, n *progress.Counts) {
	if n.Missing == 0 {
		return
	}
	english.Fprintf(b, "\nmissing in the file: %s\n", plural(int(n.Missing), "product"))
	writeCounts(b, "", []countLine{
		{"deactivated", n.Deactivated, "were active"},
		{"deleted", n.Deleted, "are gone"},
		{"kept", n.Kept, "changed meanwhile, and were left alone"},
	})
}

// describeFormat says how the file was read, and why so.
func describeFormat(b *strings.Builder, d *importer.Dialect) {
	b.WriteString("\nread as:\n")
	for _, line := range []struct{ name, value, why string }{
		{"compression", d.Compression, "by its first bytes"},
		{"encoding", d.Encoding, d.Evidence.Encoding},
		{"delimiter", fmt.Sprintf("%q", d.Delimiter), d.Evidence.Delimiter},
		{"quote", d.Quote, d.Evidence.Quote},
		{"escape", d.Escape, "in front of quotes"},
		{"line ends", d.LineEnds, d.Evidence.LineEnds},
	} {
		usual := line.name == "quote" && d.Quote == `"` || line.name == "escape" && d.Escape == d.Quote
		if line.value != "" && !usual {
			fmt.Fprintf(b, "  %-11s %s: %s\n", line.name, line.value, line.why)
		}
	}
	if d.SkippedLines > 0 {
		fmt.Fprintf(b, "  before the header %s passed over\n", plural(int(d.SkippedLines), "line"))
	}
}

func (o *outcome) describeColumns(b *strings.Builder, r *importer.Result) {
	b.WriteString("\ncolumns:\n")
	kept, width := 0, 11
	for _, c := range r.Dialect.Columns {
		width = max(width, len(c.Field))
	}
	for field := range o.settings.options.Set {
		width = max(width, len(field))
	}
	from := func(what string, c importer.Column) {
		fmt.Fprintf(b, "  %-*s from column %d", width, what, c.Number)
		if c.Name != "" {
			fmt.Fprintf(b, ", %q", c.Name)
		}
		if c.Format != nil && what == c.Field {
			b.WriteString(describeFormatOf(c.Format))
		}
		b.WriteByte('\n')
	}
	for _, c := range r.Dialect.Columns {
		if c.Attribute != "" {
			kept++
		}
		if c.Field != "" {
			from(c.Field, c)
		}
		for _, field := range c.Also {
			from(field, c)
		}
		if c.Group {
			from("group", c)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(o.settings.options.Set)) {
		fmt.Fprintf(b, "  %-*s %q in every record\n", width, field, o.settings.options.Set[field])
	}
	if kept > 0 {
		fmt.Fprintf(b, "  %-*s from %s\n", width, "attributes", plural(kept, "other column"))
	}
	if ignored := r.Dialect.Ignored(); len(ignored) > 0 {
		const most = 8
		names := ignored[:min(most, len(ignored))]
		fmt.Fprintf(b, "  %-*s %s", width, "ignored:", strings.Join(names, ", "))
		if more := len(ignored) - most; more > 0 {
			fmt.Fprintf(b, " and %d more", more)
		}
		b.WriteByte('\n')
	}
}

// describeFormatOf says how the numbers or dates of a column were read, and why so.
func describeFormatOf(f *spelling.Description) string {
	var parts []string
	switch {
	case f.Number != "":
		parts = append(parts, "numbers like "+f.Number)
	case f.DecimalSign != 0:
		parts = append(parts, fmt.Sprintf("%q before the decimals", f.DecimalSign))
	}
	if f.Currency != "" {
		parts = append(parts, "in "+strings.ReplaceAll(f.Currency, " ", " or "))
	}
	if f.Unit != "" && f.Unit != f.Currency {
		parts = append(parts, "in "+f.Unit)
	}
	switch {
	case f.Layout != "":
		parts = append(parts, "dates like "+f.Layout)
	case f.Date != 0:
		parts = append(parts, fmt.Sprintf("dates as %v", f.Date))
	}
	if f.Zone != "" {
		parts = append(parts, "times without a zone in "+f.Zone)
	}
	if len(parts) == 0 {
		return ""
	}
	text := ": " + strings.Join(parts, ", ")
	if f.Evidence != "" {
		text += " (" + f.Evidence + ")"
	}
	return text
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return english.Sprintf("%d %s", n, what)
}
