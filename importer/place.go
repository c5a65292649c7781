package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/decompress"
	"github.com/products-importer/products-importer/importer/dialect"
)

// Place is where in a file a batch begins, for another [Run] that need not read what stands before it: see
// Options.Place. It can be kept as bytes.
type Place struct{ place place }

// Batch is how many batches are before the place.
func (p *Place) Batch() int64 { return p.place.Batch }

// place is a Place as it is kept. Offsets are those in the text.
type place struct {
	Batch int64
	// From is behind the last record of the batches before, Begin where the next one begins, at its line.
	From, Begin, Line int64
	// Read counts the records of the batches before, Rejected those of them that the check rejected.
	Read, Rejected int64
	// Mark is where reading can begin, at or before Begin, and MarkSum the checksum of the text before it.
	Mark    int64
	MarkSum uint32
	// Of the file as a whole, see extent.
	Source, Text int64
	Sum          uint32
}

// placeMagic begins the bytes. Its number grows when a later version of this package would read a file in another way,
// or the bytes.
const placeMagic = "products-import place 1\n"

// MarshalBinary returns the bytes to be kept, some hundreds.
func (p *Place) MarshalBinary() ([]byte, error) {
	text, err := json.Marshal(p.place)
	if err != nil {
		return nil, fmt.Errorf("importer: keep a place: %w", err)
	}
	return seal(append([]byte(placeMagic), text...)), nil
}

// errPlace: the bytes are none of a Place.
var errPlace = errors.New("importer: what was kept of a place can't be read")

// UnmarshalBinary takes what MarshalBinary returned. An error for anything else, what another version of this package
// kept among it; then the file has to be read from its beginning.
func (p *Place) UnmarshalBinary(b []byte) error {
	text, ok := unseal(b, placeMagic)
	if !ok {
		return errPlace
	}
	var read place
	if err := json.Unmarshal(text, &read); err != nil {
		return errors.Join(errPlace, err)
	}
	p.place = read
	return nil
}

// hasPlaces reports whether the write of what was checked can begin in the middle of the file: a record means the same
// whatever stands before it.
func (c *checked) hasPlaces() bool {
	return c.kept && !c.inherits && c.plan.mapping.kinds.view < 0
}

// startPlace returns Options.Place where all batches before it were committed, with what they were committed with; nil
// where the file is to be read from its beginning.
func (r *run) startPlace(c *checked) (at *place, before Commit) {
	if r.options.Place == nil || !c.hasPlaces() {
		return nil, before
	}
	p := &r.options.Place.place
	if c.end != (extent{source: p.Source, text: p.Text, sum: p.Sum}) {
		return nil, before
	}
	for batch := int64(1); batch <= p.Batch; batch++ {
		done, committed := r.options.Checkpoints.Committed[batch]
		if !committed {
			return nil, Commit{}
		}
		before.Counts.Add(done.Counts)
		before.Bytes += done.Bytes
		before.Refused = append(before.Refused, done.Refused...)
	}
	if before.Counts.Read != p.Read || before.Bytes != c.end.share(p.From) {
		return nil, Commit{}
	}
	return p, before
}

// begin begins at the place, in front of which so much was committed.
func (w *writer) begin(p *place, before Commit) {
	w.number, w.at, w.read, w.rejected = p.Batch, p.From, p.Read, p.Rejected
	w.resumed = before
	r := &w.run.result
	r.Batches, r.Resumed = p.Batch, p.Batch
	addRefusedEarlier(r.Rejects, before.Refused, before.Counts.Rejected-p.Rejected)
}

// tellPlace calls Options.OnPlace where the next batch begins with the item of the block, if that is a place: a record
// that is read as the same one whatever stands before it.
func (w *writer) tellPlace(p *parsed, item int) error {
	if w.run.options.OnPlace == nil || w.number == 0 || !w.checked.hasPlaces() {
		return nil
	}
	s, plan := p.block.Span(item), w.checked.plan
	if s.Damage != dialect.Intact || plan.parser.even && s.Width() < len(plan.mapping.columns) {
		return nil // it may be the rest of the record before it
	}
	at := place{Batch: w.number, From: w.at, Begin: p.block.Offset() + int64(s.Start), Line: s.Line, Read: w.read,
		Rejected: w.rejected, Source: w.checked.end.source, Text: w.checked.end.text, Sum: w.checked.end.sum}
	at.Mark, at.MarkSum = w.in.sum.before(at.Begin)
	return w.run.options.OnPlace(&Place{at})
}

// goOn passes over what stands before the place. Of a source that can be opened there it isn't read.
func (in *input) goOn(r *run, p *place) error {
	in.ahead, in.jumped = nil, true
	if source, seeks := r.source.(OffsetSource); seeks && p.Mark > in.sum.at &&
		in.content.Format() == decompress.None && r.result.Dialect.Encoding == charset.UTF8.String() {
		if err := in.seek(source, p); err != nil {
			return err
		}
	}
	if n := p.Begin - in.sum.at; n > 0 {
		switch _, err := io.CopyN(io.Discard, in.sum, n); {
		case errors.Is(err, io.EOF):
			return ErrSourceChanged
		case err != nil:
			return in.readError(err)
		}
	}
	in.records.Jump(p.Begin, p.Line)
	return nil
}

// seek opens the source anew, at the mark of the place.
func (in *input) seek(source OffsetSource, p *place) error {
	if !in.stop() {
		return context.Cause(in.ctx)
	}
	_ = in.file.Close()
	file, err := source.OpenAt(in.ctx, p.Mark)
	if err != nil {
		return fmt.Errorf("importer: open: %w", err)
	}
	in.keepFile(file)
	in.tail = &tail{r: file, end: p.Mark}
	in.sum.r = in.tail
	in.sum.goOn(p.Mark, p.MarkSum)
	return nil
}

// tail reads the rest of a file.
type tail struct {
	r   io.Reader
	end int64 // offset behind what was read
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.end += int64(n)
	return n, err
}
