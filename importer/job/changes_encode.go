package job

import (
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/products-importer/products-importer/products"
)

// A chunk has at most so many changes, and about so many bytes of text: unless one change has more.
const (
	chunkChanges = 1_000
	chunkBytes   = 128 << 10
)

// packedBytes is room for the bodies of a part's chunks, of most parts.
const packedBytes = 5 * chunkBytes

// A kind is written as its place in ChangeKinds, but for these: that of a deleted product beside which something was
// kept, see products.Restored, and ChangeDeactivated, which there was not at first.
const (
	deletedRestored = 4
	deactivated     = 5
)

// changeEncoder makes chunks of changes.
//
// A body is the names of the fields in it, each behind its length, with their number before them; then the changes, one
// after the other: kind, length of the beginning that the key has in common with the one before, the rest of the key,
// SKU where it isn't the key, distance from the ID before, version, then of what was deleted the time of its creation
// in microseconds, of deletedRestored what was kept beside it and of what was kept the reason, and the fields, each as
// the number of its name, what it was and what it is. Texts stand behind their length; where there can be none, behind
// 0 for none, else behind their length and 1.
type changeEncoder struct {
	schema *products.Schema
	batch  int64
	done   []ChangeChunk

	names   map[string]int
	ordered []string
	named   int // bytes of the names
	counts  [5]int
	changes int
	first   string
	last    string
	lastID  int64
	records []byte
	// Of the change that is encoded.
	fields []byte
	n      uint64
	next   int // the place in ordered at which the next field's name is looked for first
	// Memory that is used again: for a body, and for bodies that are compressed.
	body, packed []byte
}

func newChangeEncoder(schema *products.Schema, batch int64) *changeEncoder {
	return &changeEncoder{schema: schema, batch: batch, names: map[string]int{}}
}

// reset begins the changes of a batch. What chunks returned before is overwritten.
func (e *changeEncoder) reset(batch int64) {
	e.batch, e.packed = batch, e.packed[:0]
}

// add adds a difference.
func (e *changeEncoder) add(d *products.Difference) {
	if d.Kept != "" {
		p := products.Product{SKU: d.Key}
		if d.Before != nil {
			p = *d.Before
		}
		e.keep(d.Key, &p, d.Kept)
		return
	}
	kind, p := ChangeUpdated, d.After
	switch {
	case d.Before == nil:
		kind = ChangeCreated
	case d.After == nil:
		kind, p = ChangeDeleted, d.Before
	case d.Missing:
		kind = ChangeDeactivated
	}
	e.begin()
	products.Compare(e.schema, d.Before, d.After, e.field)
	e.write(kind, d.Key, p, string(d.Restored))
}

// keep adds a product that was kept, and why.
func (e *changeEncoder) keep(key string, p *products.Product, reason string) {
	e.begin()
	e.write(ChangeKept, key, p, reason)
}

// begin begins a change.
func (e *changeEncoder) begin() { e.fields, e.n, e.next = e.fields[:0], 0, 0 }

// field adds a field to the change.
func (e *changeEncoder) field(name, was string, had bool, is string, has bool) {
	at := e.place(name)
	e.n++
	e.fields = binary.AppendUvarint(e.fields, uint64(at))
	e.fields = appendOptional(e.fields, was, had)
	e.fields = appendOptional(e.fields, is, has)
}

// place returns the number of a name. Most changes have the fields of the one before, in the same order.
func (e *changeEncoder) place(name string) int {
	at := e.next
	if at >= len(e.ordered) || e.ordered[at] != name {
		known := false
		if at, known = e.names[name]; !known {
			at = len(e.ordered)
			e.names[name] = at
			e.ordered = append(e.ordered, name)
			e.named += len(name)
		}
	}
	e.next = at + 1
	return at
}

// write adds a change whose fields are made.
// The text is why a product was kept, or what was kept beside one that was deleted.
func (e *changeEncoder) write(kind ChangeKind, key string, p *products.Product, text string) {
	at := slices.Index(ChangeKinds, kind)
	shared := 0
	if e.changes == 0 {
		e.first, e.lastID = key, 0
	} else {
		for shared < len(key) && shared < len(e.last) && key[shared] == e.last[shared] {
			shared++
		}
	}
	e.counts[at]++
	e.changes++
	code := byte(at)
	switch {
	case kind == ChangeDeactivated:
		code = deactivated
	case kind == ChangeDeleted && text != "":
		code = deletedRestored
	}
	r := append(e.records, code)
	r = binary.AppendUvarint(r, uint64(shared))
	r = appendText(r, key[shared:])
	r = appendOptional(r, p.SKU, p.SKU != key)
	r = binary.AppendVarint(r, p.ID-e.lastID)
	r = binary.AppendUvarint(r, uint64(p.Version))
	if kind == ChangeDeleted {
		r = binary.AppendVarint(r, p.CreatedAt.UnixMicro())
	}
	if kind == ChangeKept || code == deletedRestored {
		r = appendText(r, text)
	}
	r = binary.AppendUvarint(r, e.n)
	e.records = append(r, e.fields...)
	e.last, e.lastID = key, p.ID
	if e.changes == chunkChanges || len(e.records)+e.named >= chunkBytes {
		e.flush()
	}
}

// flush makes a chunk of what there is.
func (e *changeEncoder) flush() {
	if e.changes == 0 {
		return
	}
	body := binary.AppendUvarint(e.body[:0], uint64(len(e.ordered)))
	for _, name := range e.ordered {
		body = appendText(body, name)
	}
	body = append(body, e.records...)
	e.body = body
	c := ChangeChunk{Batch: e.batch, First: e.first, Last: e.last, Counts: e.counts, Size: len(body),
		Body: e.pack(body), Fields: slices.Sorted(slices.Values(e.ordered))}
	if len(c.Fields) > mostChunkFields {
		c.Fields = []string{AllFields}
	}
	e.done = append(e.done, c)
	clear(e.names)
	e.ordered, e.named, e.records, e.counts, e.changes = e.ordered[:0], 0, e.records[:0], [5]int{}, 0
}

// pack compresses a body, behind those before it.
func (e *changeEncoder) pack(body []byte) []byte {
	most, used := s2.MaxEncodedLen(len(body)), len(e.packed)
	if cap(e.packed)-used < most {
		e.packed, used = make([]byte, 0, max(most, packedBytes)), 0 // chunks keep what they have of the one before
	}
	packed := s2.Encode(e.packed[used:used+most], body)
	e.packed = e.packed[:used+len(packed)]
	return packed[:len(packed):len(packed)]
}

// chunks returns all chunks of what was added.
func (e *changeEncoder) chunks() []ChangeChunk {
	e.flush()
	done := e.done
	e.done = nil
	return done
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

func appendOptional(to []byte, text string, is bool) []byte {
	if !is {
		return append(to, 0)
	}
	return append(binary.AppendUvarint(to, uint64(len(text))+1), text...)
}
