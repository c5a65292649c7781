package dialect

import "bytes"

// Block is a run of whole records, with the bytes that they are made of: some 256 KiB of them, one longer record, or
// 4,096 short ones. Blocks are for those who look at records in several goroutines; see [Reader.ReadBlock].
type Block struct {
	buf     []byte
	dialect Dialect
	spans   []Span
	fields  []Field
	offset  int64 // of buf[0] in the text
	end     int64 // offset behind the last span
}

// Span is a record in a block, or a damaged stretch of lines that no record could be made of.
type Span struct {
	// Start and End are its first byte, and the one behind its line end, in the block's bytes.
	Start, End int32
	// Damage is [Intact] for a record.
	Damage Damage
	// Line and LastLine are its first and last line in the text, from 1.
	Line, LastLine int64

	first, width int32 // fields[first : first+width]; of damage, the fields that it seems to have, if any
}

// Width returns how many fields the record has; of damage, how many it seems to have, 0 where that isn't known.
func (s *Span) Width() int { return int(s.width) }

// Field is where a field is in a block's bytes, without quotes around it.
type Field struct {
	Start, End int32
	escaped    bool // there are escaped quotes in it, or backslashes
}

// Of returns the field of a block with the given text.
func (f Field) Of(text string) string { return text[f.Start:f.End] }

// Len returns how many records the block has, and damaged stretches.
func (b *Block) Len() int { return len(b.spans) }

// Span returns the record, from 0. It is valid until the block is filled with others.
func (b *Block) Span(i int) *Span { return &b.spans[i] }

// Fields returns the fields of the record, from 0, once Text was called. They are valid until the block is filled with
// others.
func (b *Block) Fields(i int) []Field {
	s := &b.spans[i]
	return b.fields[s.first : s.first+s.width : s.first+s.width]
}

// Offset returns where in the text the block begins.
func (b *Block) Offset() int64 { return b.offset }

// End returns where in the text the block ends, with the empty lines that were passed over behind its last record.
func (b *Block) End() int64 { return b.end }

// Text returns the block's bytes as one string, of which the fields are parts, and unescapes the quotes in them. It
// stays valid when the block is filled with others.
func (b *Block) Text() string {
	b.unescape()
	return string(b.buf)
}

// unescape turns the escaped quotes of all fields into single ones, in place.
func (b *Block) unescape() {
	for i := range b.fields {
		if f := &b.fields[i]; f.escaped {
			b.unescapeField(f)
		}
	}
}

func (b *Block) unescapeField(f *Field) {
	f.escaped = false
	f.End = f.Start + int32(len(b.dialect.unescape(b.buf[f.Start:f.End])))
}

// Strings returns the fields of the record, from 0, as strings of their own.
func (b *Block) Strings(i int) []string {
	s := &b.spans[i]
	fields := make([]string, s.width)
	for i := range fields {
		f := b.fields[int(s.first)+i]
		field := b.buf[f.Start:f.End]
		if f.escaped {
			field = b.dialect.unescape(bytes.Clone(field))
		}
		fields[i] = string(field)
	}
	return fields
}

func (b *Block) reset() {
	b.buf, b.spans, b.fields = b.buf[:0], b.spans[:0], b.fields[:0]
}
