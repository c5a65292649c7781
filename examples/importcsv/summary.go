package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/progress"
)

// english writes numbers for people: 466,693.
var english = message.NewPrinter(language.English)

// outcome is what became of the import.
type outcome struct {
	settings  *settings
	result    *importer.Result // nil when it didn't come to importing
	rejects   rejects
	err       error
	cancelled bool
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
	text := strings.Join(strings.FieldsFunc(o.err.Error(), func(r rune) bool { return r == '\n' }), "; ")
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
	case o.settings.options.DryRun, errors.Is(o.err, importer.ErrInput), errors.Is(o.err, importer.ErrTooManyRejects):
	case n.Created+n.Updated > 0:
		text += english.Sprintf("; committed until then: %d created, %d updated", n.Created, n.Updated)
	default:
		text += "; nothing was written"
	}
	return text
}

// writeJSON writes the outcome as one object on one line.
func (o *outcome) writeJSON(w io.Writer) error {
	object := struct {
		State string `json:"state"`
		progress.Counts
		Bytes   int64             `json:"bytes"`
		Seconds float64           `json:"seconds"`
		Dialect *importer.Dialect `json:"dialect"`
		// Inherited is how many records inherit from another one of their group.
		Inherited int64  `json:"inherited,omitempty"`
		Error     string `json:"error,omitempty"`
	}{State: o.state(), Error: o.message()}
	if r := o.result; r != nil {
		object.Counts, object.Inherited, object.Bytes, object.Seconds = r.Counts, r.Inherited, r.Bytes, r.Elapsed.Seconds()
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
	if r := o.result; r != nil && (o.err == nil || r.Read > 0) {
		o.describeCounts(&b, r)
		describeFormat(&b, &r.Dialect)
		o.describeColumns(&b, r)
	}
	o.rejects.describe(&b, o)
	if o.result != nil {
		describeHints(&b, o.result.Dialect.Hints)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o *outcome) describeCounts(b *strings.Builder, r *importer.Result) {
	file, into := o.settings.file, "PostgreSQL"
	if file == "-" {
		file = "standard input"
	}
	if o.settings.databaseURL == "" {
		into = "memory (nothing is kept: name a database with -database-url)"
	}
	verb := "imported"
	switch {
	case o.settings.options.DryRun:
		verb = "dry run, nothing written:"
	case o.err != nil:
		verb = "imported a part of"
	}
	english.Fprintf(b, "%s %s into %s, mode %v: %d records in %v\n\n", verb, file, into,
		o.settings.options.Mode, r.Read, r.Elapsed.Round(time.Millisecond))
	for _, line := range []struct {
		name  string
		count int64
		means string
	}{
		{"created", r.Created, "new products"},
		{"updated", r.Updated, "existed and were changed"},
		{"unchanged", r.Unchanged, "existed just so"},
		{"skipped", r.Skipped, "existed and were left alone"},
		{"superseded", r.Superseded, "another record of the file has the same SKU and counts"},
		{"rejected", r.Rejected, "invalid"},
	} {
		if line.count > 0 || line.name == "created" {
			english.Fprintf(b, "  %-10s %11d  %s\n", line.name, line.count, line.means)
		}
	}
	if r.Inherited > 0 {
		english.Fprintf(b, "\nnames inherited from another record of the group: %d\n", r.Inherited)
	}
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
	kept := 0
	from := func(what string, c importer.Column) {
		fmt.Fprintf(b, "  %-11s from column %d", what, c.Number)
		if c.Name != "" {
			fmt.Fprintf(b, ", %q", c.Name)
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
		if c.Group {
			from("group", c)
		}
	}
	if kept > 0 {
		fmt.Fprintf(b, "  attributes  from %s\n", plural(kept, "other column"))
	}
	if ignored := r.Dialect.Ignored(); len(ignored) > 0 {
		const most = 8
		names := ignored[:min(most, len(ignored))]
		fmt.Fprintf(b, "  ignored:    %s", strings.Join(names, ", "))
		if more := len(ignored) - most; more > 0 {
			fmt.Fprintf(b, " and %d more", more)
		}
		b.WriteByte('\n')
	}
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return english.Sprintf("%d %s", n, what)
}
