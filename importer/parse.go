package importer

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// parser makes products of a block's records. It is safe for concurrent use.
type parser struct {
	mapping *mapping
	columns products.Columns
	formats []*spelling.Format // of the targets that have a column
	decided bool               // by the whole file
	noWords []wordKinds        // of the targets
	noOdd   []oddity
	even    bool // nearly all records have as many fields as there are columns
	exact   bool // and hardly one has empty fields behind them
	quotes  bool // that a field stands in quotes is not expected, see dialect.Detected.NeverQuotes
	rule    products.KeyRule
	// typedKey: keys are no texts, and one has several spellings: 007 and 7.
	typedKey bool
	seeds    [2]maphash.Seed
	max      int
	// headerKey is the name of the key's column, "" without a header, and below the line behind the header, 0 for none.
	headerKey string
	below     int64
	// tells: somebody wants to know the keys of rejected records too.
	tells     bool
	delimiter string
	room      int32 // bytes of text up to which a record can't make a product too large
}

// digest stands for a SKU's key: 128 bits under random seeds, so that no two keys of a file share one, not even on
// purpose.
type digest [2]uint64

// parsed is what came of a block, in the file's order.
type parsed struct {
	items []item
	// rejects are the items without a record.
	rejects []Reject
	// keys are those under which rejected records may be in the catalogue, where the parser tells them.
	keys []digest
	// values backs the records' Values, and made is the canonical text of those that aren't written so in the file.
	values []string
	made   []byte
	keeps  bool // somebody keeps the records, so that values and made must not be used again
	// undecided: a value is evidence that its column's format was decided without.
	undecided bool
	words     []wordKinds        // of the targets
	odd       []oddity           // likewise, and of the key behind them
	refused   bool               // in a survey: a record was rejected for a boolean before
	surveys   []*spelling.Survey // of the targets, in a survey
	source    int64              // bytes of the file that are behind the import with the block, about
	encoding  charset.Encoding
	// variants counts the items that are yet to inherit, inherited those that did.
	variants, inherited int64
	// block has a span for each item, and text is its bytes: for those who look at a record again before the block is
	// filled with others.
	block *dialect.Block
	text  string
}

// item is a valid record, a reject, or what is passed over.
type item struct {
	record  products.Record
	digest  digest
	end     int64 // offset in the text behind it
	bytes   int32 // of text that the record holds
	reject  bool
	passed  passage // it is no record of a product
	variant bool    // it lacks what it must have, but has a group to inherit it from
	long    bool    // an attribute, or the product, may be too long
	parent  *group  // from which it inherited, where somebody keeps the records; nil for none
}

// valid reports whether the item is a record that can be taken.
func (it *item) valid() bool { return !it.reject && it.passed == passNone }

func newParser(m *mapping, rule products.KeyRule, maxRecord int) *parser {
	p := &parser{rule: rule, max: maxRecord, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	p.setMapping(m)
	return p
}

func (p *parser) setMapping(m *mapping) {
	p.mapping, p.columns, p.room = m, m.batchColumns(), products.MaxBytes
	p.typedKey = m.schema.Key().Type != products.Text
	p.noOdd = make([]oddity, len(m.targets)+1)
	for _, i := range m.extra {
		p.room -= int32(len(m.columns[i].Attribute))
	}
}

// parse parses the block's records into out, which it empties first. Of the block nothing is kept.
func (p *parser) parse(b *dialect.Block, out *parsed) {
	// One string for the whole block: the records' fields are parts of it.
	text := b.Text()
	clean := utf8.ValidString(text) && strings.IndexByte(text, 0) < 0

	clear(out.items)
	clear(out.rejects)
	out.items, out.rejects = out.items[:0], out.rejects[:0]
	out.block, out.text, out.variants, out.inherited, out.undecided = b, text, 0, 0, false
	if out.keeps {
		out.values, out.made = make([]string, 0, b.Len()*(len(p.mapping.targets)+len(p.mapping.extra))), nil
	}
	out.values, out.made, out.keys = out.values[:0], out.made[:0], out.keys[:0]
	out.odd = append(out.odd[:0], p.noOdd...)
	out.words = append(out.words[:0], p.noWords...)
	for i := range b.Len() {
		s := b.Span(i)
		r := out.raw(i)
		out.items = append(out.items, item{end: b.Offset() + int64(s.End)})
		fault := p.damage(s)
		if fault == nil {
			fault = p.record(&r, clean, &out.items[i], out)
		}
		if fault != nil {
			if p.tells {
				p.tellKeys(&r, s, fault, out)
			}
			out.reject(i, &r, fault)
		}
	}
}

// raw is the record that the item was made of.
func (p *parsed) raw(i int) rawRecord {
	return rawRecord{text: p.text, fields: p.block.Fields(i), line: p.block.Span(i).Line, encoding: p.encoding}
}

// reject makes the item a rejected one.
func (p *parsed) reject(i int, r *rawRecord, fault *Reject) {
	s := p.block.Span(i)
	it := &p.items[i]
	it.reject, it.record = true, products.Record{}
	fault.Line, fault.LastLine, fault.Offset = s.Line, s.LastLine, p.block.Offset()+int64(s.Start)
	switch {
	case s.Damage != dialect.Intact && s.Width() == 0:
		fault.Fields = []string{strings.TrimRight(p.text[s.Start:min(s.End, s.Start+maxDamage)], "\r\n")}
	case fault.Fields == nil:
		fault.Fields = r.copyFields()
	}
	p.rejects = append(p.rejects, *fault)
}

// damage says what is wrong with a stretch of lines that is no record; nil for a record.
func (p *parser) damage(s *dialect.Span) *Reject {
	switch s.Damage {
	case dialect.Intact:
		return nil
	case dialect.TooLong:
		return &Reject{Code: CodeRecordTooLong, Reason: fmt.Sprintf("the record is longer than %d bytes", p.max)}
	case dialect.TooManyFields:
		return &Reject{Code: CodeFieldCount,
			Reason: fmt.Sprintf("the record has more than %d fields", dialect.MaxFields)}
	}
	if s.Damage == dialect.BadBreak {
		return &Reject{Code: CodeBadQuote, Reason: "a line break stands in a field without quotes around it, so these " +
			"lines are taken for one record; among the rejects the field stands in quotes, if that is what it is to be"}
	}
	if s.Width() > 0 {
		return &Reject{Code: CodeBadQuote,
			Reason: `a quote stands in a field without quotes around it, where it must be doubled ("") and ` +
				`the field must stand in quotes; ` +
				"among the rejects it does, if the quote is to be a character of the field"}
	}
	fault := &Reject{Code: CodeBadQuote,
		Reason: "a quote is out of place or never closed, so these lines can't be told apart into fields; " +
			`a quote inside a field must be doubled ("") and the field must stand in quotes`}
	if s.End-s.Start > maxDamage {
		fault.Reason += fmt.Sprintf("; only the first %d bytes of lines %d to %d are shown", maxDamage, s.Line,
			s.LastLine)
	}
	return fault
}

// rawRecord is a record's fields as text.
type rawRecord struct {
	text     string
	fields   []dialect.Field
	line     int64
	encoding charset.Encoding
}

func (r *rawRecord) at(i int) string { return r.fields[i].Of(r.text) }

// value is the field's value, see cellValue.
func (r *rawRecord) value(i int) string { return cellValue(r.at(i)) }

func (r *rawRecord) copyFields() []string {
	fields := make([]string, len(r.fields))
	for i := range fields {
		fields[i] = strings.Clone(r.at(i))
	}
	return fields
}

// record fills the item, or says why the record can't be taken.
func (p *parser) record(r *rawRecord, clean bool, it *item, out *parsed) *Reject {
	m := p.mapping
	if len(r.fields) > 0 && strings.HasPrefix(r.at(0), byteOrderMark) {
		r.fields[0].Start += int32(len(byteOrderMark))
	}
	key := ""
	if m.key < len(r.fields) {
		key = p.keyOf(r)
	}
	if p.mayPass(r, key) {
		if it.passed = p.passes(r, key); it.passed != passNone {
			return nil
		}
	}
	if fault := p.shape(r); fault != nil {
		return fault
	}
	if !clean {
		if fault := p.characters(r); fault != nil {
			return fault
		}
	}
	if p.quotes {
		if fault := p.inQuotes(r); fault != nil {
			return fault
		}
	}
	if fault := p.destroyedKey(r, key, out); fault != nil {
		return fault
	}
	if p.typedKey && key != "" {
		var fault *products.FieldError
		if key, fault = m.schema.Key().Parse(key); fault != nil {
			return &Reject{Code: Code(fault.Code), Column: m.columns[m.key].shortLabel(), Reason: fault.Message}
		}
	}
	rec := &it.record
	rec.Line, rec.SKU = r.line, key
	it.bytes = int32(len(rec.SKU))
	first := len(out.values)
	for i := range m.targets {
		text, fault := p.read(r, i, out)
		if fault != nil {
			return fault
		}
		it.bytes += int32(len(text))
		out.values = append(out.values, text)
	}
	for _, i := range m.extra {
		value := ""
		if i < len(r.fields) {
			value = r.value(i)
		}
		it.long = it.long || len(value) > products.MaxAttributeValue
		it.bytes += int32(len(value))
		out.values = append(out.values, value)
	}
	rec.Values = out.values[first:len(out.values):len(out.values)]
	it.long = it.long || it.bytes > p.room
	if it.variant = p.wantsToInherit(rec) && (p.groupName(r) != "" || key != "" && p.isBelow(r)); it.variant {
		out.variants++ // to be validated when it has inherited
	} else if fault := p.validate(it); fault != nil {
		return fault
	}
	rec.Key = p.rule.Key(rec.SKU)
	it.digest = p.digest(rec.Key)
	return nil
}

// read returns the canonical text of the record's value of a target.
func (p *parser) read(r *rawRecord, i int, out *parsed) (string, *Reject) {
	t := &p.mapping.targets[i]
	switch {
	case t.column < 0:
		return t.constant, nil
	case t.field.Type == products.Text:
		if fault := p.destroyedText(r, i, out); fault != nil {
			return "", fault
		}
	}
	if t.asIs {
		return t.cell(r), nil
	}
	return p.readCell(i, t.cell(r), out)
}

// readCell returns the canonical text of a cell of a target's column.
func (p *parser) readCell(i int, cell string, out *parsed) (string, *Reject) {
	text, made, fault := p.formats[i].Read(out.made, cell)
	if p.mapping.targets[i].leaves {
		out.words[i].note(text, fault)
	}
	if fault == nil {
		if n := len(out.made); len(made) > n {
			text = unsafe.String(&made[n], len(made)-n) // written to again where nobody keeps the record
		}
		out.made = made
		return text, nil
	}
	if fault.Undecided && !p.decided {
		out.undecided = true
	}
	return "", &Reject{Code: Code(fault.Code), Column: p.label(&p.mapping.targets[i]), Reason: fault.Message}
}

// digest is that of a key.
func (p *parser) digest(key string) digest {
	return digest{maphash.String(p.seeds[0], key), maphash.String(p.seeds[1], key)}
}

// keyOf is the record's key as the file has it, without what nobody sees around it: with that it would be another
// product.
func (p *parser) keyOf(r *rawRecord) string {
	return strings.TrimSpace(trimmedValue(r.at(p.mapping.key)))
}

// label names the column of a target in messages.
func (p *parser) label(t *target) string { return p.mapping.columns[t.column].shortLabel() }

// shape checks that the record has the fields that the mapping needs, and no more than there are columns. Columns at
// the end from which nothing is taken may be missing, where that is the file's habit: programs that write CSV leave
// them out. Some programs end each record with a delimiter: empty fields behind the last column are cut off. Where
// nearly all records have as many fields as there are columns, one that hasn't may have its values in wrong columns.
func (p *parser) shape(r *rawRecord) *Reject {
	m := p.mapping
	n, want := len(r.fields), len(m.columns)
	if n > want && !slices.ContainsFunc(r.fields[want:], func(f dialect.Field) bool { return f.End > f.Start }) {
		if p.exact {
			return &Reject{Code: CodeFieldCount, Column: m.columns[want-1].shortLabel(), Reason: fmt.Sprintf(
				"the record has %d fields, the last of them empty, but there %s; nearly all others have as many, so a "+
					"delimiter too many may have moved its values", n, soManyColumns(want))}
		}
		if fault := p.stillWrong(r); fault != nil {
			return fault // with all of its fields
		}
		n, r.fields = want, r.fields[:want]
	}
	switch {
	case n > want:
		return &Reject{Code: CodeFieldCount, Reason: fmt.Sprintf(
			"the record has %d fields, but there %s; a field with the delimiter in it must stand in quotes", n,
			soManyColumns(want))}
	case n < m.need:
		for i := n; ; i++ {
			if m.columns[i].Field != "" {
				return &Reject{Code: CodeMissingColumn, Column: m.columns[i].shortLabel(), Reason: fmt.Sprintf(
					"the record has %d of %d fields and ends before the column %s (%s)", n, want,
					m.columns[i].shortLabel(), m.columns[i].Field)}
			}
		}
	case n < want && p.even:
		return &Reject{Code: CodeMissingColumn, Column: m.columns[n].shortLabel(), Reason: fmt.Sprintf(
			"the record has %d of %d fields, and nearly all others have them all, so a delimiter that it lacks, or a "+
				"line break, may have moved its values", n, want)}
	}
	return p.stillWrong(r)
}

// soManyColumns says how many columns there are.
func soManyColumns(n int) string {
	if n == 1 {
		return "is a single column"
	}
	return fmt.Sprintf("are %d columns", n)
}

// stillWrong rejects a record of a file of rejects that was rejected for a column that it lacked, and has nothing there
// yet: else the empty field that stands in for it would be taken for what somebody wrote. It does so too with one that
// was rejected for empty fields behind its last column, which nobody can see there.
func (p *parser) stillWrong(r *rawRecord) *Reject {
	m := p.mapping
	if m.rejects < 0 || m.rejects+2 >= len(r.fields) {
		return nil
	}
	code, column := Code(r.at(m.rejects+2)), r.value(m.rejects+1)
	if code == CodeFieldCount && column != "" {
		return &Reject{Code: code, Column: column, Reason: "the record had empty fields too many; see whether its values " +
			"are in their columns, and empty _code then"}
	}
	if code != CodeMissingColumn {
		return nil
	}
	for i, c := range m.columns {
		if !c.ofRejects() && c.shortLabel() == column && i < len(r.fields) && r.at(i) == "" {
			return &Reject{Code: code, Column: column, Reason: fmt.Sprintf("the record ended before the column %s, and is "+
				"empty there; fill that in, or empty _code if it is to be empty", column)}
		}
	}
	return nil
}

// inQuotes rejects a record with a field in quotes, where those of the file's beginning are characters: it may be
// either.
func (p *parser) inQuotes(r *rawRecord) *Reject {
	for i := range r.fields {
		if value := r.at(i); len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			return &Reject{Code: CodeBadQuote, Column: p.mapping.columns[i].shortLabel(), Reason: fmt.Sprintf(
				"the field %q stands in quotes, but at the file's beginning quotes are characters of the fields; say which "+
					`it is (quote none or quote ")`, products.Shorten(value))}
		}
	}
	return nil
}

// characters checks every field for bytes that are no text.
func (p *parser) characters(r *rawRecord) *Reject {
	for i := range r.fields {
		value, label := r.at(i), p.mapping.columns[i].shortLabel()
		if !utf8.ValidString(value) && r.encoding != charset.UTF8 {
			return &Reject{Code: CodeInvalidEncoding, Column: label,
				Reason: fmt.Sprintf("%s has bytes that are no characters in %v: %q", label, r.encoding,
					products.Shorten(value))}
		}
		if !utf8.ValidString(value) {
			return &Reject{Code: CodeInvalidUTF8, Column: label, Reason: fmt.Sprintf("%s must be valid UTF-8: %q",
				label, products.Shorten(value))}
		}
		if strings.IndexByte(value, 0) >= 0 {
			return &Reject{Code: CodeBadCharacter, Column: label,
				Reason: fmt.Sprintf("%s must not contain the character NUL: %q", label, products.Shorten(value))}
		}
	}
	return nil
}

// validate applies the rules of a product, and names the column of the first that is broken.
func (p *parser) validate(it *item) *Reject {
	rec := &it.record
	valid := !it.long && keeps(p.mapping.schema.Key(), rec.SKU)
	for i := 0; valid && i < len(p.mapping.targets); i++ {
		valid = keeps(p.mapping.targets[i].field, rec.Values[i])
	}
	if valid {
		return nil
	}
	return p.explain(rec)
}

// keeps reports whether a canonical text, valid UTF-8, keeps the field's rules.
func keeps(f *products.Field, text string) bool { return f.SurelyValid(text) || f.Check(text) == nil }

// explain returns what is wrong with a record, nil for nothing.
func (p *parser) explain(rec *products.Record) *Reject {
	broken := p.columns.Check(p.mapping.schema.Key(), rec)
	if len(broken) == 0 {
		return nil
	}
	first := broken[0]
	fault := &Reject{Code: Code(first.Code), Reason: first.Message}
	for _, column := range p.mapping.columns {
		if first.Field == column.Field || column.Attribute != "" && first.Field == "attributes["+column.Attribute+"]" {
			fault.Column = column.shortLabel()
		}
	}
	for _, more := range broken[1:] {
		fault.Reason += "; " + more.Message
	}
	return fault
}
