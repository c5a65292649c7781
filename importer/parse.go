package importer

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// parser makes products of a block's records. It is safe for concurrent use.
type parser struct {
	*mapping
	rule  products.KeyRule
	seeds [2]maphash.Seed
	max   int
	room  int32 // how much text a record has that can't make a product too large
}

// digest stands for a SKU's key: 128 bits under random seeds, so that no two keys of a file share one, not even on purpose.
type digest [2]uint64

// parsed is what came of a block, in the file's order.
type parsed struct {
	items []item
	// rejects are the items without a record.
	rejects []Reject
	// attributes backs the records' Extra.
	attributes []string
	source     int64 // bytes of the file that are behind the import with the block, about
	// variants counts the items that are yet to inherit, inherited those that did.
	variants, inherited int64
	// block has a span for each item, and text is its bytes: for those who look at a record again before the block is
	// filled with others.
	block *block
	text  string
}

// item is a valid record, or a reject.
type item struct {
	record  products.Record
	digest  digest
	end     int64 // offset in the text behind it
	bytes   int32 // of text that the record holds
	reject  bool
	variant bool // it has no name, but a group to inherit one from
	long    bool // an attribute, or the product, may be too long
}

func newParser(m *mapping, rule products.KeyRule, maxRecord int) *parser {
	p := &parser{mapping: m, rule: rule, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, max: maxRecord}
	p.room = products.MaxBytes
	for _, i := range m.extra {
		p.room -= int32(len(m.columns[i].Attribute))
	}
	return p
}

// parse parses the block's records into out, which it empties first. Of the block nothing is kept.
func (p *parser) parse(b *block, out *parsed) {
	for i := range b.fields {
		b.unescape(&b.fields[i])
	}
	// One string for the whole block: the records' fields are parts of it.
	text := string(b.buf)
	clean := utf8.ValidString(text) && strings.IndexByte(text, 0) < 0

	clear(out.items)
	clear(out.rejects)
	out.items, out.rejects, out.source = out.items[:0], out.rejects[:0], b.source
	out.block, out.text, out.variants, out.inherited = b, text, 0, 0
	out.attributes = make([]string, 0, len(b.spans)*len(p.extra)) // kept by the records
	for i := range b.spans {
		s := &b.spans[i]
		r := out.raw(i)
		out.items = append(out.items, item{end: b.offset + int64(s.end)})
		fault := p.damage(s)
		if fault == nil {
			fault = p.record(&r, clean, &out.items[i], out)
		}
		if fault != nil {
			out.reject(i, &r, fault)
		}
	}
}

// raw is the record that the item was made of.
func (p *parsed) raw(i int) rawRecord {
	s := &p.block.spans[i]
	return rawRecord{text: p.text, fields: p.block.fields[s.first : s.first+s.width], line: s.line, encoding: p.block.encoding}
}

// reject makes the item a rejected one.
func (p *parsed) reject(i int, r *rawRecord, fault *Reject) {
	s := &p.block.spans[i]
	it := &p.items[i]
	it.reject, it.record = true, products.Record{}
	fault.Line, fault.LastLine, fault.Offset = s.line, s.lastLine, p.block.offset+int64(s.start)
	switch {
	case s.damage != "" && s.width == 0:
		fault.Fields = []string{strings.TrimRight(p.text[s.start:min(s.end, s.start+maxDamage)], "\r\n")}
	case fault.Fields == nil:
		fault.Fields = r.copyFields()
	}
	p.rejects = append(p.rejects, *fault)
}

// damage says what is wrong with a stretch of lines that is no record; nil for a record.
func (p *parser) damage(s *span) *Reject {
	switch s.damage {
	case "":
		return nil
	case CodeRecordTooLong:
		return &Reject{Code: s.damage, Reason: fmt.Sprintf("the record is longer than %d bytes", p.max)}
	case CodeFieldCount:
		return &Reject{Code: s.damage, Reason: fmt.Sprintf("the record has more than %d fields", MaxColumns)}
	}
	if s.width > 0 {
		return &Reject{Code: s.damage, Reason: `a quote stands in a field without quotes around it, where it must be doubled ("") and the field must stand in quotes; ` +
			"among the rejects it does, if the quote is to be a character of the field"}
	}
	fault := &Reject{Code: s.damage, Reason: "a quote is out of place or never closed, so these lines can't be told apart into fields; " +
		`a quote inside a field must be doubled ("") and the field must stand in quotes`}
	if s.end-s.start > maxDamage {
		fault.Reason += fmt.Sprintf("; only the first %d bytes of lines %d to %d are shown", maxDamage, s.line, s.lastLine)
	}
	return fault
}

// rawRecord is a record's fields as text.
type rawRecord struct {
	text     string
	fields   []field
	line     int64
	encoding Encoding
}

func (r *rawRecord) at(i int) string { return r.text[r.fields[i].start:r.fields[i].end] }

// value is the field without the escape that keeps spreadsheets from running it. White space is trimmed from this, never
// from the field as it is: it may be what the field was escaped for.
func (r *rawRecord) value(i int) string { return UnescapeFormula(r.at(i)) }

func (r *rawRecord) copyFields() []string {
	fields := make([]string, len(r.fields))
	for i := range fields {
		fields[i] = strings.Clone(r.at(i))
	}
	return fields
}

// record fills the item, or says why the record can't be taken.
func (p *parser) record(r *rawRecord, clean bool, it *item, out *parsed) *Reject {
	if fault := p.shape(r); fault != nil {
		return fault
	}
	if !clean {
		if fault := p.characters(r); fault != nil {
			return fault
		}
	}
	rec := &it.record
	rec.Line = r.line
	rec.SKU = p.skuOf(r)
	rec.Name = r.value(p.name)
	it.bytes = int32(len(rec.SKU) + len(rec.Name))
	if p.description >= 0 {
		rec.Description = r.value(p.description)
		it.bytes += int32(len(rec.Description))
	}
	if p.status >= 0 {
		var ok bool
		if rec.Status, rec.HasStatus, ok = p.statusOf(r.value(p.status)); !ok {
			return p.badStatus(r.value(p.status))
		}
	}
	if len(p.extra) > 0 {
		first := len(out.attributes)
		for _, i := range p.extra {
			value := ""
			if i < len(r.fields) {
				value = r.value(i)
			}
			it.long = it.long || len(value) > products.MaxAttributeValue
			it.bytes += int32(len(value))
			out.attributes = append(out.attributes, value)
		}
		rec.Extra = out.attributes[first:len(out.attributes):len(out.attributes)]
	}
	it.long = it.long || len(p.extra) > 0 && it.bytes > p.room
	if it.long || !products.Plain(rec.SKU, rec.Name, rec.Description) {
		if it.variant = products.Blank(rec.Name) && p.belongs(r) != ""; it.variant {
			out.variants++ // to be validated when it has inherited
		} else if fault := p.validate(rec); fault != nil {
			return fault
		}
	}
	rec.Key = p.rule.Key(rec.SKU)
	it.digest = p.digest(rec.Key)
	return nil
}

// digest is that of a key.
func (p *parser) digest(key string) digest {
	return digest{maphash.String(p.seeds[0], key), maphash.String(p.seeds[1], key)}
}

// skuOf is the record's SKU, without white space around it.
func (p *parser) skuOf(r *rawRecord) string {
	return strings.TrimSpace(r.value(p.sku))
}

// badStatus rejects a record for its status.
func (p *parser) badStatus(status string) *Reject {
	label := p.columns[p.status].shown()
	return &Reject{Code: CodeBadBoolean, Column: label, Reason: fmt.Sprintf(
		"%s must be a yes or a no (true/false, 1/0, yes/no, on/off, active/inactive, published/unpublished, enabled/disabled, draft, archived), not %q",
		label, products.Shorten(status))}
}

// shape checks that the record has the fields that the mapping needs, and no more than there are columns. Columns at
// the end of which nothing becomes may be missing: programs that write CSV leave them off. Some of them end each record
// with a delimiter: empty fields behind the last column are cut off.
func (p *parser) shape(r *rawRecord) *Reject {
	n, want := len(r.fields), len(p.columns)
	if n > want && !slices.ContainsFunc(r.fields[want:], func(f field) bool { return f.end > f.start }) {
		n, r.fields = want, r.fields[:want]
	}
	if n > want {
		return &Reject{Code: CodeFieldCount, Reason: fmt.Sprintf(
			"the record has %d fields, but there are %d columns; a field with the delimiter in it must stand in quotes", n, want)}
	}
	if n >= p.need {
		return p.stillShort(r)
	}
	for i := n; ; i++ {
		if p.columns[i].Field != "" {
			return &Reject{Code: CodeMissingColumn, Column: p.columns[i].shown(), Reason: fmt.Sprintf(
				"the record has %d of %d fields and ends before the column %s (%s)", n, want, p.columns[i].shown(), p.columns[i].Field)}
		}
	}
}

// stillShort rejects a record of a file of rejects that was rejected for a column that it lacked, and has nothing there
// yet: else the empty field that stands in for it would be taken for what somebody wrote.
func (p *parser) stillShort(r *rawRecord) *Reject {
	if p.rejects < 0 || p.rejects+2 >= len(r.fields) || r.at(p.rejects+2) != string(CodeMissingColumn) {
		return nil
	}
	lacked := r.value(p.rejects + 1)
	for i, c := range p.columns {
		if c.Field != "" && c.label() == lacked && i < len(r.fields) && r.at(i) == "" {
			return &Reject{Code: CodeMissingColumn, Column: lacked, Reason: fmt.Sprintf(
				"the record ended before the column %s (%s), and is empty there; fill that in, or empty _code if it is to be empty", lacked, c.Field)}
		}
	}
	return nil
}

// characters checks every field for bytes that are no text.
func (p *parser) characters(r *rawRecord) *Reject {
	for i := range r.fields {
		value, label := r.at(i), p.columns[i].shown()
		if !utf8.ValidString(value) && r.encoding != UTF8 {
			return &Reject{Code: CodeInvalidEncoding, Column: label, Reason: fmt.Sprintf("%s has bytes that are no characters in %v: %q", label, r.encoding, products.Shorten(value))}
		}
		if !utf8.ValidString(value) {
			return &Reject{Code: CodeInvalidUTF8, Column: label, Reason: fmt.Sprintf("%s must be valid UTF-8: %q", label, products.Shorten(value))}
		}
		if strings.IndexByte(value, 0) >= 0 {
			return &Reject{Code: CodeBadCharacter, Column: label, Reason: fmt.Sprintf("%s must not contain the character NUL: %q", label, products.Shorten(value))}
		}
	}
	return nil
}

// fieldsOf returns the fields of the file that a record was made of, as far as something became of them.
func (p *parser) fieldsOf(rec *products.Record) []string {
	fields := make([]string, len(p.columns))
	fields[p.sku], fields[p.name] = EscapeFormula(rec.SKU), EscapeFormula(rec.Name)
	if p.description >= 0 {
		fields[p.description] = EscapeFormula(rec.Description)
	}
	if p.status >= 0 && rec.HasStatus {
		fields[p.status] = strconv.FormatBool(rec.Status)
	}
	for i, column := range p.extra {
		fields[column] = EscapeFormula(rec.Extra[i])
	}
	return fields
}

// validate applies the rules of a product, and names the column of the first that is broken.
func (p *parser) validate(rec *products.Record) *Reject {
	c := p.batchColumns()
	candidate := c.Apply(rec, products.Product{})
	err := candidate.Validate()
	if err == nil {
		return nil
	}
	var invalid *products.ValidationError
	if !errors.As(err, &invalid) {
		return &Reject{Code: CodeEmpty, Reason: err.Error()}
	}
	first := invalid.Fields[0]
	fault := &Reject{Code: Code(first.Code), Reason: first.Message}
	for _, column := range p.columns {
		if first.Field == column.Field || column.Attribute != "" && first.Field == "attributes["+column.Attribute+"]" {
			fault.Column = column.shown()
		}
	}
	for _, more := range invalid.Fields[1:] {
		fault.Reason += "; " + more.Message
	}
	return fault
}
