package importer

import (
	"encoding/binary"

	"github.com/products-importer/products-importer/importer/dialect"
)

// originals are the records of a batch as the file has them, for those that the store refuses. They share the text of
// the records' blocks, of which records hold parts anyway: what is kept beside it are some two bytes for each field.
type originals struct {
	records []original
	places  []byte // of the fields: for each how far it is from the one before, and its length
}

// original is a record as the file has it.
type original struct {
	text   string // of its block
	first  int    // where in places its fields begin
	width  int    // how many it has
	parent *group // from which it inherits, nil for none
}

// add keeps a record.
func (o *originals) add(r *rawRecord, parent *group) {
	o.records = append(o.records, original{text: r.text, first: len(o.places), width: len(r.fields), parent: parent})
	at := int32(0)
	for _, f := range r.fields {
		o.places = binary.AppendUvarint(o.places, uint64(f.Start-at))
		o.places = binary.AppendUvarint(o.places, uint64(f.End-f.Start))
		at = f.End
	}
}

// at returns a record, from 0.
func (o *originals) at(i int) (r rawRecord, parent *group) {
	kept := &o.records[i]
	places, at := o.places[kept.first:], int32(0)
	next := func() int32 {
		n, size := binary.Uvarint(places)
		places = places[size:]
		at += int32(n)
		return at
	}
	r = rawRecord{text: kept.text, fields: make([]dialect.Field, kept.width)}
	for i := range r.fields {
		r.fields[i].Start = next()
		r.fields[i].End = next()
	}
	return r, kept.parent
}

// emptied returns o without records, for other ones.
func (o originals) emptied() originals {
	clear(o.records) // they hold text
	return originals{records: o.records[:0], places: o.places[:0]}
}

// originalOf returns the fields of a valid record as the file has them, and in its empty ones what it inherits. That it
// has too where the other record was rejected: what the store refuses comes behind the other rejects, and so may not be
// below that one.
func (p *parser) originalOf(o *originals, i int) []string {
	r, parent := o.at(i)
	r.fields = r.fields[:min(len(r.fields), len(p.mapping.columns))] // others are empty
	if parent == nil {
		return r.copyFields()
	}
	return p.fieldsWith(&r, parent)
}
