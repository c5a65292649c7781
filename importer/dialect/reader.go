package dialect

import (
	"errors"
	"io"
	"iter"
	"math"
	"strings"
)

// maxRaw bounds what is kept of a damaged stretch of lines.
const maxRaw = 64 << 10

// Record is a record of a text, or a damaged stretch of lines that no record could be made of. It is valid until the
// next call of Read.
type Record struct {
	// Line and LastLine are the first and last line of it, from 1.
	Line, LastLine int64
	// Offset is its first byte in the text, from Options.Offset.
	Offset int64
	// Err is nil for a record, else the [Damage]: what is broken.
	Err error

	block  *Block
	bytes  []byte // the block's
	span   *Span
	fields []Field
}

// Len returns how many fields the record has. Of damage they are those that it seems to have, as if quotes out of place
// were characters; 0 where that isn't known.
func (r *Record) Len() int { return len(r.fields) }

// Field returns a field, from 0, without quotes around it. The bytes are valid until the next call of Read.
func (r *Record) Field(i int) []byte {
	f := &r.fields[i]
	if f.escaped {
		r.unescape()
	}
	return r.bytes[f.Start:f.End]
}

func (r *Record) unescape() {
	for i := range r.fields {
		if f := &r.fields[i]; f.escaped {
			r.block.unescapeField(f)
		}
	}
}

// Strings returns the fields, as strings that stay valid.
func (r *Record) Strings() []string {
	r.unescape()
	begin := r.span.Start
	text := string(r.bytes[begin:r.span.End])
	fields := make([]string, len(r.fields))
	for i, f := range r.fields {
		fields[i] = text[f.Start-begin : f.End-begin]
	}
	return fields
}

// Raw returns damaged lines that have no fields as they are, at most 64 KiB of them; nothing for a record.
func (r *Record) Raw() string {
	if r.Err == nil || len(r.fields) > 0 {
		return ""
	}
	return strings.TrimRight(string(r.bytes[r.span.Start:min(r.span.End, r.span.Start+maxRaw)]), "\r\n")
}

// Reader reads the records of a text that may be damaged. It is not safe for concurrent use.
type Reader struct {
	scanner  *scanner
	options  Options
	detected *Detected // nil until the text's beginning was read
	begun    bool      // the first record was read

	// Of Read.
	block  Block
	next   int
	record Record
}

// NewReader returns a reader of the text that r gives, in UTF-8 or another encoding that has ASCII in it. What the
// options leave open about its dialect is detected by its beginning, when that is read. The error names a bad option.
//
// The memory that it takes is bounded whatever the text.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Reader{scanner: newScanner(r, o.Offset, o.MaxRecordBytes), options: o}, nil
}

// Detected reads the text's beginning, if that wasn't read yet, and returns in which dialect it is. The error is one of
// reading.
func (r *Reader) Detected() (Detected, error) {
	if r.detected == nil {
		sample, err := r.scanner.peek(sampleBytes)
		if err != nil {
			return Detected{}, err
		}
		found := detect(sample, len(sample) < sampleBytes, &r.options)
		if err := r.Use(found); err != nil {
			return Detected{}, err
		}
	}
	return *r.detected, nil
}

// Use sets in which dialect the text is, and what is before its header, instead of detecting that: for one that is read
// again. It is called before anything is read. The error is io.ErrUnexpectedEOF where the text is shorter than what was
// before its header, or one of reading.
func (r *Reader) Use(d Detected) error {
	sample, err := r.scanner.peek(sampleBytes)
	switch {
	case err != nil:
		return err
	case len(sample) < d.SkippedBytes:
		return io.ErrUnexpectedEOF
	}
	r.detected = &d
	r.scanner.use(d.Dialect)
	r.scanner.skip(d.SkippedBytes, d.SkippedLines)
	return nil
}

// ReadBlock fills the block with the next records, and returns io.EOF when there are no more. The first block has the
// first record alone, which may be a header. A block can be handed to another goroutine, and the next one read
// meanwhile. It isn't mixed with Read.
//
// Empty lines are passed over. A record that is broken is damage up to the next line at which one begins that has as
// many fields as the first record, or as most have.
func (r *Reader) ReadBlock(b *Block) error {
	if r.begun {
		return r.scanner.next(b, math.MaxInt)
	}
	if _, err := r.Detected(); err != nil {
		return err
	}
	if err := r.scanner.next(b, 1); err != nil {
		return err
	}
	r.begun = true
	r.scanner.widths = [2]int{r.detected.Width, r.detected.Width}
	if first := b.Span(0); first.Damage == Intact {
		r.scanner.widths[0] = first.Width()
		if r.scanner.shape = r.detected.Shape; r.detected.Shape.Even {
			r.scanner.even = first.Width()
		}
	}
	return nil
}

// Jump makes the block that ReadBlock fills next begin at the offset in the text, with the record that begins there and
// has the line: for a text that is read again. It is called after the first block; the offset is behind that, and what
// the reader gives next is at the offset, or before it only what was read ahead already.
func (r *Reader) Jump(offset, line int64) { r.scanner.jump(offset, line) }

// Read returns the next record, and io.EOF when there are no more. Errors are those of reading: what is broken in the
// text is in the record, and reading goes on behind it.
func (r *Reader) Read() (*Record, error) {
	for r.next == len(r.block.spans) {
		r.next, r.record.block = 0, &r.block
		if err := r.readFew(); err != nil {
			return nil, err
		}
		r.record.bytes = r.block.buf
	}
	s := &r.block.spans[r.next]
	r.next++
	record := &r.record
	record.Line, record.LastLine, record.Offset, record.span = s.Line, s.LastLine, r.block.offset+int64(s.Start), s
	record.fields = r.block.fields[s.first : s.first+s.width]
	record.Err = nil
	if s.Damage != Intact {
		record.Err = s.Damage
	}
	return record, nil
}

// readFew fills the reader's own block with the next records.
func (r *Reader) readFew() error {
	if r.begun {
		return r.scanner.few(&r.block)
	}
	return r.ReadBlock(&r.block)
}

// All returns the records up to the text's end, or up to an error of reading, which comes alone. Each is valid until
// the next one.
func (r *Reader) All() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for {
			record, err := r.Read()
			if errors.Is(err, io.EOF) || !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// InputOffset returns the offset behind the last record or block that was read: at the end, the one behind the text.
func (r *Reader) InputOffset() int64 {
	if r.next < r.block.Len() {
		return r.block.offset + int64(r.block.spans[r.next].Start)
	}
	return r.scanner.offset
}
