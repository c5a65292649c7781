package importer

import (
	"errors"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/products"
)

const (
	// previewColumns is how many columns a preview shows, and a few more that set fields.
	previewColumns = 1_000
	// previewCell is how many characters of a value it shows.
	previewCell = 200
	// previewSamples is how many values of a column.
	previewSamples = 3
)

// What a column is used for.
const (
	UseField     = "field"       // it sets a field
	UseAttribute = "attribute"   // it is kept as an attribute
	UseGroup     = "group"       // it says which records are variants of one product
	UseKind      = "kind"        // it says what kind of row a record is
	UseStoreView = "store_view"  // it says for which store view a record is
	UseReject    = "reject_note" // it says why the record was rejected once
	UseIgnored   = "ignored"     // nothing is taken from it
)

// How it was found out what a column is used for.
const (
	FoundGiven    = "given"    // Options say so
	FoundName     = "name"     // it has the field's name
	FoundAlias    = "alias"    // it has a name that is known for it
	FoundValues   = "values"   // its values fit, and its name may mean that
	FoundPosition = "position" // the file has no header
)

// ColumnPreview is a column of a file, by the records that were looked at.
type ColumnPreview struct {
	// Number counts from 1.
	Number int `json:"column"`
	// Name is the header's, at most 200 characters of it; empty without a header.
	Name string `json:"name"`
	// Samples are up to three different values, the first ones, each cut to 200 characters.
	Samples []string `json:"samples"`
	// Filled is the share of the records that have something in the column, Unique that of these whose value no record
	// before them has: both from 0 to 1, and 0 where there are none.
	Filled float64 `json:"filled"`
	Unique float64 `json:"unique"`
	// Use is one of the constants.
	Use string `json:"use"`
	// Field is the field that it sets, Also those that it sets beside the key.
	Field *string  `json:"field"`
	Also  []string `json:"also,omitempty"`
	// Found is one of the constants, nil for a column that is kept as an attribute, and for one that is ignored without
	// being named by Options.LeaveOut.
	Found *string `json:"found"`
}

// lookedAt is what the records' cells of a column are like.
type lookedAt struct {
	traits
	samples []string
	seen    map[uint64]struct{}
}

// look looks at the cells of an input's records, and closes it. Rows with nothing in them don't count. With an error it
// returns what it saw until then.
func (p *plan) look(in *input) (columns []lookedAt, err error) {
	defer in.close()
	columns = make([]lookedAt, len(p.mapping.columns))
	seed := maphash.MakeSeed()
	var block parsed
	records := 0
	defer func() {
		for i := range columns {
			columns[i].records = records
		}
	}()
	for {
		b := &dialect.Block{}
		if err := in.next(b); errors.Is(err, io.EOF) || errors.Is(err, errBeyond) {
			return columns, nil
		} else if err != nil {
			return columns, in.readError(err)
		}
		block.block, block.text = b, b.Text()
		for i := range b.Len() {
			r := block.raw(i)
			if b.Span(i).Damage != dialect.Intact || r.empty() {
				continue
			}
			records++
			for at := range min(len(r.fields), len(columns)) { // and not all columns, which may be very many
				columns[at].add(r.cell(at), seed)
			}
		}
	}
}

func (c *lookedAt) add(cell string, seed maphash.Seed) {
	again := false
	if cell != "" {
		if c.seen == nil {
			c.seen = map[uint64]struct{}{}
		}
		sum := maphash.String(seed, cell)
		_, again = c.seen[sum]
		c.seen[sum] = struct{}{}
		if !again && len(c.samples) < previewSamples {
			c.samples = append(c.samples, shown(cell))
		}
	}
	c.traits.add(cell, again)
}

// shown is a text of a file as it can be shown: its beginning, and without bytes that are no text.
func shown(text string) string {
	if len(text) > utf8Max*(previewCell+1) {
		text = text[:utf8Max*(previewCell+1)]
	}
	return strings.Clone(truncate(printable(text), previewCell)) // of a block that goes
}

// utf8Max is how many bytes a character has at most.
const utf8Max = 4

// printable replaces what is no text: invalid bytes, and control characters but for tabs and line breaks.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// share is n of all, to four digits.
func share(n, all int) float64 {
	if all == 0 {
		return 0
	}
	return math.Round(float64(n)/float64(all)*1e4) / 1e4
}

// previews returns the columns: the first ones, and behind them those that set a field or group variants. more is how
// many are left out.
func (m *mapping) previews(looked []lookedAt, o *Options) (shownColumns []ColumnPreview, more int) {
	for i, c := range m.columns {
		if i >= previewColumns && c.Field == "" && !c.Group {
			more++
			continue
		}
		p := ColumnPreview{Number: c.Number, Name: shown(c.Name), Samples: []string{}, Also: c.Also}
		if i < len(looked) {
			l := &looked[i]
			p.Samples = append(p.Samples, l.samples...)
			p.Filled, p.Unique = share(l.filled, l.records), share(l.filled-l.repeated, l.filled)
		}
		var found string
		if p.Use, found = m.use(i, o); found != "" {
			p.Found = &found
		}
		if c.Field != "" {
			field := c.Field
			p.Field = &field
		}
		shownColumns = append(shownColumns, p)
	}
	return shownColumns, more
}

// use returns what a column is used for, and how that was found out, "" where it wasn't.
func (m *mapping) use(i int, o *Options) (use, found string) {
	c := m.columns[i]
	switch {
	case c.Field != "":
		return UseField, m.foundBy(i, o)
	case c.Group && o.Group != "":
		return UseGroup, FoundGiven
	case c.Group && (slices.Contains(groupAliases, m.names[i]) || slices.Contains(parentAliases, m.names[i])):
		return UseGroup, FoundAlias
	case c.Group:
		return UseGroup, FoundValues
	case i == m.kinds.kind && slices.Contains(kindAliases, m.names[i]):
		return UseKind, FoundValues
	case i == m.kinds.kind:
		return UseKind, FoundAlias
	case i == m.kinds.view:
		return UseStoreView, FoundAlias
	case c.ofRejects():
		return UseReject, FoundName
	case c.Attribute != "":
		return UseAttribute, ""
	case c.LeftOut:
		return UseIgnored, FoundGiven
	}
	return UseIgnored, ""
}

// foundBy returns how the column of a field was found.
func (m *mapping) foundBy(i int, o *Options) string {
	field := m.schema.Find(m.columns[i].Field)
	if field == nil {
		field = m.schema.Key()
	}
	called := func(names ...string) bool {
		return slices.Contains(names, m.names[i]) || slices.Contains(names, m.bare[i])
	}
	switch {
	case o.mapsTo(field.Name):
		return FoundGiven
	case !m.hasHeader:
		return FoundPosition
	case called(field.ColumnNames()[0]):
		return FoundName
	case called(surest(field)...), field == m.schema.Key() && m.isFeed() && called(idColumn):
		return FoundAlias
	}
	return FoundValues
}

// FieldPreview is a field of the schema, and where its values come from.
type FieldPreview struct {
	Name string        `json:"name"`
	Type products.Type `json:"type"`
	// Required: the file needs a column for it, or a constant, with these settings.
	Required bool `json:"required"`
	// Column is the number of its column, Constant the value that every record gets; nil for none.
	Column   *int    `json:"column"`
	Constant *string `json:"constant"`
}

// fieldPreviews returns the fields, the key first.
func (m *mapping) fieldPreviews(schema *products.Schema, o *Options) []FieldPreview {
	key := schema.Key()
	fields := []FieldPreview{{Name: key.Name, Type: key.Type, Required: true}}
	for _, f := range schema.All() {
		fields = append(fields, FieldPreview{Name: f.Name, Type: f.Type,
			Required: f.Required() && o.Mode != products.Existing})
	}
	for i := range fields {
		f := &fields[i]
		if text, set := o.Set[f.Name]; set {
			text = shown(text)
			f.Constant = &text
		}
		for _, c := range m.columns {
			if c.Field == f.Name || slices.Contains(c.Also, f.Name) {
				number := c.Number
				f.Column = &number
			}
		}
	}
	return fields
}
