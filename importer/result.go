package importer

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/products-importer/products-importer/progress"
)

// Result is what an import did. With an error it is what was committed until then.
type Result struct {
	// Counts always add up, see [progress.Counts].
	progress.Counts
	// Rejects counts the rejected records by what was wrong.
	Rejects map[Code]int64
	// PassedOver counts the rows that are no record of a product by why they aren't. They are not among what was read,
	// and known once the file was checked.
	PassedOver map[Passed]int64
	// Inherited is how many valid records inherit from another one of their group, superseded ones too; see
	// Options.Group.
	Inherited int64
	// Bytes is how many bytes of the file, as it came, were imported: of one that is compressed, or not in UTF-8, in
	// proportion.
	Bytes int64
	// Batches is how many batches were committed, or would have been in a dry run.
	Batches int64
	// Resumed is how many of Batches earlier Runs had committed, see [Checkpoints].
	Resumed int64
	// Elapsed is how long the import took.
	Elapsed time.Duration
	// Dialect says how the file was read.
	Dialect Dialect
}

// passedOver is how many rows were passed over.
func (r *Result) passedOver() (n int64) {
	for _, count := range r.PassedOver {
		n += count
	}
	return n
}

// Dialect says how a file was read and what its columns were taken for.
type Dialect struct {
	// Compression is gzip, zstd or zip, empty for none.
	Compression string `json:"compression,omitempty"`
	// Encoding is the name of the file's encoding.
	Encoding string `json:"encoding"`
	// Delimiter separates fields.
	Delimiter string `json:"delimiter"`
	// Quote stands around fields; none where they never stand in quotes.
	Quote string `json:"quote"`
	// Escape stands before a quote in a quoted field: the quote itself, or a backslash; none where Quote is.
	Escape string `json:"escape"`
	// LineEnds are what was behind the records looked at: lf, crlf, cr or mixed, empty where there was none.
	LineEnds string `json:"line_ends,omitempty"`
	// SkippedLines is how many lines before the header were passed over.
	SkippedLines int64 `json:"skipped_lines,omitempty"`
	// Header: the first record names the columns.
	Header bool `json:"header"`
	// Columns are the file's, in its order.
	Columns []Column `json:"columns"`
	// MoreColumns is how many columns Bounded left out.
	MoreColumns int `json:"more_columns,omitempty"`
	// Hints are what looks like a mistake, and of an import that succeeded without creating or updating anything,
	// unless all is as the file has it, what to do next.
	Hints []Hint `json:"hints,omitempty"`
	// Evidence says why this was decided.
	Evidence Evidence `json:"evidence"`
}

// Bounded returns the dialect so that its JSON has about so many bytes at most, 4,096 or more. Where it would have
// more, names of columns are cut to 100 characters and the evidence of their formats to 200, and columns are left out:
// those behind the first that has no room, but not the few that set a field or group variants, which lose their
// evidence there.
func (d Dialect) Bounded(bytes int) Dialect {
	if text, err := json.Marshal(&d); err == nil && len(text) <= bytes {
		return d
	}
	for i, hint := range d.Hints {
		if i == 0 {
			d.Hints = slices.Clone(d.Hints)
		}
		hint.Column, hint.Text = truncate(hint.Column, 100), truncate(hint.Text, 300)
		d.Hints[i] = hint
	}
	all := d.Columns
	d.Columns = nil
	full := false
	for _, c := range all {
		c.Name, c.Attribute = truncate(c.Name, 100), truncate(c.Attribute, 100)
		if c.Format != nil {
			format := *c.Format
			if format.Evidence = truncate(format.Evidence, 200); full {
				format.Evidence = ""
			}
			c.Format = &format
		}
		text, err := json.Marshal(&c)
		if bytes -= len(text) + 1; err != nil || bytes < 0 {
			full = true
		}
		if !full || c.Field != "" || c.Group {
			d.Columns = append(d.Columns, c)
		}
	}
	d.MoreColumns = len(all) - len(d.Columns)
	return d
}

// Ignored returns the names of the columns from which the import takes nothing.
func (d *Dialect) Ignored() []string {
	var names []string
	for _, c := range d.Columns {
		if c.Ignored() {
			names = append(names, c.label())
		}
	}
	return names
}

// Evidence says, in words for people, by what the format of a file is known.
type Evidence struct {
	Encoding  string `json:"encoding,omitempty"`
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	LineEnds  string `json:"line_ends,omitempty"`
}
