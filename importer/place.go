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
type Place struct {
	place place
	// remembered is what is remembered of the records before Begin, see groups.appendTo; empty where that is nothing.
	remembered []byte
}

// Batch is how many batches are before the place.
func (p *Place) Batch() int64 { return p.place.Batch }

// Offset is what OpenAt of an [OffsetSource] is given, where it is called at all.
func (p *Place) Offset() int64 { return p.place.Mark }

// place is a Place as it is kept. Offsets are those in the text.
type place struct {
	Batch int64
	// From is behind the last record of the batches before. Begin is where the record begins, at its line, with which
	// reading goes on: the next batch's first one, or an earlier one in a file that needs a memory.
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
const placeMagic = "products-import place 2\n"

// MarshalBinary returns the bytes to be kept, some hundreds, or up to some 10 MiB for a file with variants.
func (p *Place) MarshalBinary() ([]byte, error) {
	text, err := json.Marshal(p.place)
	if err != nil {
		return nil, fmt.Errorf("importer: keep a place: %w", err)
	}
	b := make([]byte, 0, len(placeMagic)+len(text)+len(p.remembered)+16)
	b = appendText(append(b, placeMagic...), text)
	return seal(append(b, p.remembered...)), nil
}

// errPlace: the bytes are none of a Place.
var errPlace = errors.New("importer: what was kept of a place can't be read")

// UnmarshalBinary takes what MarshalBinary returned. An error for anything else, what another version of this package
// kept among it; then the file has to be read from its beginning.
func (p *Place) UnmarshalBinary(b []byte) error {
	rest, ok := unseal(b, placeMagic)
	if !ok {
		return errPlace
	}
	text, remembered, ok := cutText(rest)
	if !ok {
		return errPlace
	}
	var read place
	if err := json.Unmarshal(text, &read); err != nil {
		return errors.Join(errPlace, err)
	}
	*p = Place{read, remembered}
	return nil
}

// needsMemory reports whether what stands before a record can decide what it means.
func (c *checked) needsMemory() bool { return c.inherits || c.plan.mapping.kinds.view >= 0 }

// startPlace returns Options.Place where all batches before it were committed, with what they were committed with, and
// remembers what was remembered there; nil where the file is to be read from its beginning.
func (w *writer) startPlace() (at *place, before Commit) {
	given, c := w.run.options.Place, w.checked
	if given == nil || !c.kept {
		return nil, before
	}
	p := &given.place
	if c.end != (extent{source: p.Source, text: p.Text, sum: p.Sum}) {
		return nil, before
	}
	for batch := int64(1); batch <= p.Batch; batch++ {
		done, committed := w.run.options.Checkpoints.Committed[batch]
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
	if c.inherits {
		groups, ok := readGroups(given.remembered, c.plan.parser.groupKey)
		if !ok {
			return nil, Commit{}
		}
		w.memory.groups = groups
	}
	return p, before
}

// begin begins at the place, in front of which so much was committed.
func (w *writer) begin(p *place, before Commit) {
	w.number, w.at, w.read, w.rejected = p.Batch, p.From, p.Read, p.Rejected
	w.from, w.told = p.From, p.From
	w.resumed = before
	r := &w.run.result
	r.Batches, r.Resumed = p.Batch, p.Batch
	addRefusedEarlier(r.Rejects, before.Refused, before.Counts.Rejected-p.Rejected)
}

// moment is a record at which reading can begin, with what was remembered in front of it.
type moment struct {
	begin, line int64
	remembered  []byte
}

const (
	// momentsEvery is how much text is between two moments at least, and momentsWritten how many times as much that is
	// as what was written down of the last one.
	momentsEvery   = 64 << 10
	momentsWritten = 8
)

// noteMoments has the pass note moments, in a file that needs a memory, if somebody wants to know of places.
func (w *writer) noteMoments() {
	c := w.checked
	if w.run.options.OnPlace == nil || !c.kept || !c.needsMemory() {
		return
	}
	if w.memory.groups != nil {
		w.memory.groups.keepsNames = true
	}
	w.memory.before = w.noteMoment
}

// noteMoment notes the beginning of a block as a moment, if it is one, and there was none for so long.
func (w *writer) noteMoment(p *parsed) {
	begin, groups := p.block.Offset()+int64(p.block.Span(0).Start), w.memory.groups
	every := int64(momentsEvery)
	if groups != nil {
		every = max(every, momentsWritten*int64(groups.written()))
	}
	if w.moment != nil || begin-w.told < every || !w.checked.isPlace(p, 0) {
		return
	}
	m := &moment{begin: begin, line: p.block.Span(0).Line}
	if groups != nil {
		ok := false
		if m.remembered, ok = groups.appendTo(make([]byte, 0, groups.written()*5/4)); !ok {
			return
		}
	}
	w.moment = m
}

// isPlace reports whether reading can begin at the item of the block, with what was remembered in front of it: the
// record is read as the same one whatever stands before it.
func (c *checked) isPlace(p *parsed, item int) bool {
	s, plan := p.block.Span(item), c.plan
	if s.Damage != dialect.Intact || plan.parser.even && s.Width() < len(plan.mapping.columns) {
		return false // it may be the rest of the record before it
	}
	if view := plan.mapping.kinds.view; view >= 0 {
		r := p.raw(item)
		return p.items[item].passed == passNone && isDefaultView(r.cell(view))
	}
	return true
}

// tellPlace calls Options.OnPlace where the next batch begins with the item of the block, if there is a place.
func (w *writer) tellPlace(p *parsed, item int) error {
	c := w.checked
	if w.run.options.OnPlace == nil || w.number == 0 || !c.kept {
		return nil
	}
	at := Place{place: place{Batch: w.number, From: w.at, Read: w.read, Rejected: w.rejected, Source: c.end.source,
		Text: c.end.text, Sum: c.end.sum}}
	switch {
	case !c.needsMemory() && c.isPlace(p, item):
		s := p.block.Span(item)
		at.place.Begin, at.place.Line = p.block.Offset()+int64(s.Start), s.Line
	case w.moment != nil:
		at.place.Begin, at.place.Line, at.remembered = w.moment.begin, w.moment.line, w.moment.remembered
		w.moment, w.told = nil, w.at
	default:
		return nil
	}
	at.place.Mark, at.place.MarkSum = w.in.sum.before(at.place.Begin)
	return w.run.options.OnPlace(&at)
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
