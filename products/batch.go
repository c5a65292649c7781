package products

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"math/bits"
)

// Mode says what an import does with products that exist.
type Mode uint8

const (
	// Ignore leaves alone what exists. Of several records with one SKU the first counts.
	Ignore Mode = iota
	// Update overwrites what exists with the columns that the file has. Of several records with one SKU the last
	// counts.
	Update
	// Existing is Update for products that exist; a record of another SKU is Skipped. So a file needs no more than the
	// SKU and what it changes.
	Existing
)

// modeNames are the modes' names, in their order.
var modeNames = [...]string{Ignore: "ignore", Update: "update", Existing: "existing"}

// FirstCounts reports whether of several records with one SKU the first counts, else the last.
func (m Mode) FirstCounts() bool { return m == Ignore }

// String returns ignore, update or existing.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// MarshalText returns String.
func (m Mode) MarshalText() ([]byte, error) {
	if !m.Valid() {
		return nil, fmt.Errorf("unknown mode: %d", uint8(m))
	}
	return []byte(m.String()), nil
}

// Valid reports whether the mode is one of these.
func (m Mode) Valid() bool { return int(m) < len(modeNames) }

// UnmarshalText takes what String returns.
func (m *Mode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if string(text) == name {
			*m = Mode(i)
			return nil
		}
	}
	return fmt.Errorf("unknown mode %q: want ignore, update or existing", Shorten(string(text)))
}

// Record is a valid product on its way from a file to a store: a key, values, a line.
type Record struct {
	// Key is the KeyRule's key of SKU.
	Key string
	// SKU has no white space around it.
	SKU string
	// Values are the canonical texts of Columns.Fields, in that order, and behind them the values of
	// Columns.Attributes. What an empty one means says [Empty] for a field; of an attribute it means that the product
	// has none. There are as many as there are columns.
	Values []string
	// Line is where the record begins in its file, counted from 1; 0 without a file.
	Line int64
}

// Columns says what the records of an import set, by position. What is absent is never changed in a product that
// exists, and is null in a new one.
type Columns struct {
	// Fields are fields of the store's schema. Unless the mode is Existing they have all those that are required.
	Fields []*Field
	// Attributes names the columns that are kept as attributes, without repetition.
	Attributes []string
}

// Attribute returns the record's value of Attributes[i], empty where it has none.
func (c *Columns) Attribute(r *Record, i int) string { return r.Values[len(c.Fields)+i] }

// Sets reports whether the record sets Fields[i] in a product that exists.
func (c *Columns) Sets(r *Record, i int) bool {
	return r.Values[i] != "" || c.Fields[i].Empty != EmptyKeeps
}

// Apply returns the product that the record makes of one that exists. It leaves ID, Version and times to the store.
func (c *Columns) Apply(r *Record, existing Product) Product {
	p := existing
	p.SKU = r.SKU
	own := len(existing.Fields)
	for _, f := range c.Fields {
		if !f.Builtin() {
			own++
		}
	}
	p.Fields = make(map[string]Value, own)
	maps.Copy(p.Fields, existing.Fields)
	for i, f := range c.Fields {
		if c.Sets(r, i) {
			p.Set(f, r.Values[i])
		}
	}
	p.Attributes = make(map[string]string, len(existing.Attributes)+len(c.Attributes))
	maps.Copy(p.Attributes, existing.Attributes)
	for i, name := range c.Attributes {
		if value := c.Attribute(r, i); value != "" {
			p.Attributes[name] = value
		} else {
			delete(p.Attributes, name)
		}
	}
	return p
}

// Create returns the product that the record makes where there is none. It leaves ID, Version and times to the store.
// Maps that have nothing are nil.
func (c *Columns) Create(r *Record) Product {
	p := Product{SKU: r.SKU}
	for i, f := range c.Fields {
		if c.Sets(r, i) {
			p.Set(f, r.Values[i])
		}
	}
	for i, name := range c.Attributes {
		value := c.Attribute(r, i)
		if value == "" {
			continue
		}
		if p.Attributes == nil {
			p.Attributes = map[string]string{}
		}
		p.Attributes[name] = value
	}
	return p
}

// MayOutgrow reports whether the record could have the outcome Refused for a product with at most so many attributes,
// and at most so many bytes of text beside its SKU and name. For most it couldn't, and Product.Outgrows need not be
// called.
func (c *Columns) MayOutgrow(r *Record, attributes, bytes int) bool {
	return len(c.Attributes) > 0 && attributes+len(c.Attributes) > MaxAttributes || bytes+c.Bytes(r) > MaxBytes
}

// Bytes is the size of the text that the record has for these columns.
func (c *Columns) Bytes(r *Record) int {
	n := len(r.SKU)
	for _, value := range r.Values {
		n += len(value)
	}
	for i, name := range c.Attributes {
		if c.Attribute(r, i) != "" {
			n += len(name)
		}
	}
	return n
}

// PartBytes bounds the products of one call of Batch.Changed: the sum of their Product.Bytes, unless it is one product.
const PartBytes = 4 << 20

// Batch is what an import commits at once.
type Batch struct {
	// Number counts the batches of an import from 1.
	Number int64
	Mode   Mode
	// Columns says which fields the records set.
	Columns Columns
	// Records are valid: what they make of a product passes Schema.Validate, and their Key is right.
	// They come in any order. No SKU comes twice in the batches of one import, so a store for imports alone need not
	// expect it; a whole [Store] has to, see Winners. The store neither changes nor keeps the slice; strings that it
	// keeps may hold the text of many records in memory, so it copies those of which it keeps only a few.
	Records []Record
	// ExpectNew hints that probably no record exists yet. It changes nothing but the way that is tried first.
	ExpectNew bool
	// DryRun finds the outcomes and writes no product. Neither BeforeCommit nor Changed is called.
	DryRun bool
	// Differences, if not nil, is called when an attempt to write the batch begins, and returns a function that is
	// given what the attempt does to each product, or would do in a dry run: ascending by Key, in parts of
	// PartDifferences and PartBytes, and before BeforeCommit. Its context belongs to the batch's transaction, under the
	// rules of BeforeCommit; in a dry run to a transaction that writes no product and is committed. It must neither
	// keep nor change what it is given. What is unchanged or left alone is not given; where nothing changes it is not
	// called. A store that begins again has rolled back what was written through the context, and calls Differences
	// again: only what it returned last counts.
	Differences func() func(ctx context.Context, part []Difference) error
	// BeforeCommit, if not nil, is called inside the transaction once every outcome is known; an error from it rolls
	// the batch back and is returned. Its context belongs to the transaction: what else is to be committed with the
	// batch is written through it. A store that tries again calls it again, and only the last call's effects remain. It
	// is called for a batch without records or changes too, but not in a dry run, which has nothing to commit. It must
	// not call the store with another context, or keep the result.
	BeforeCommit func(ctx context.Context, result *BatchResult) error
	// Changed, if not nil, is called with the products that the batch created or updated, as they are stored now: after
	// BeforeCommit and under the same rules, in parts of PartBytes, since what is stored may be far larger than the
	// records. Each product comes once, in any order, and is the callee's to keep and change. It isn't
	// called where nothing was created or updated.
	Changed func(ctx context.Context, created, updated []Product) error
}

// Outcome says what became of a record.
type Outcome uint8

const (
	// Created: the SKU was new.
	Created Outcome = iota + 1
	// Updated: the product existed and was changed.
	Updated
	// Unchanged: the product existed just so, and was not written.
	Unchanged
	// Skipped: the product existed, and the mode is Ignore; or it didn't, and the mode is Existing.
	Skipped
	// Superseded: another record of the batch has the same SKU and counts instead.
	Superseded
	// Refused: the record was left out, and nothing was changed for it. Why, says BatchResult.Reasons. Where that says
	// nothing the product existed, and the record would have made it larger than MaxBytes or MaxAttributes, and larger
	// than it was: see Product.Outgrows.
	Refused
	// Deleted and Kept are outcomes of a RevertBatch alone: the product was deleted, or left alone since somebody else
	// has changed it.
	Deleted
	Kept
)

func (o Outcome) String() string {
	switch o {
	case Created:
		return "created"
	case Updated:
		return "updated"
	case Unchanged:
		return "unchanged"
	case Skipped:
		return "skipped"
	case Superseded:
		return "superseded"
	case Refused:
		return "refused"
	case Deleted:
		return "deleted"
	case Kept:
		return "kept"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// BatchResult says what a batch did.
type BatchResult struct {
	// Outcomes has one entry for each record of the batch, in its order.
	Outcomes []Outcome
	// Reasons says of records with the outcome Refused, by their index, what a database refused them for. Its Code is
	// one of those that end with _violation, or CodeRefused; its Field is that of the column, "" where it isn't one.
	Reasons map[int]FieldError
}

// Count returns how many records had the outcome.
func (r *BatchResult) Count(o Outcome) (n int64) {
	for _, have := range r.Outcomes {
		if have == o {
			n++
		}
	}
	return n
}

// Winners returns the outcomes of a batch with every record that another one of the batch supersedes marked as such
// and the rest zero: the first record of a SKU counts in mode Ignore, else the last one. A [Store] begins with it.
func (b *Batch) Winners() []Outcome {
	outcomes := make([]Outcome, len(b.Records))
	// An open hash table at most half full. An entry is 0, or half a hash over a record's index + 1, so that keys are
	// compared only where they are most likely equal. It takes half the time of a map of strings.
	table := make([]uint64, 2<<bits.Len(uint(len(b.Records))))
	mask := uint64(len(table) - 1)
	seed := maphash.MakeSeed()
	for i := range b.Records {
		key := b.Records[i].Key
		hash := maphash.String(seed, key)
		at := hash & mask
		for ; table[at] != 0; at = (at + 1) & mask {
			if table[at]>>32 != hash>>32 {
				continue
			}
			if earlier := uint32(table[at]) - 1; b.Records[earlier].Key == key {
				if b.Mode.FirstCounts() {
					outcomes[i] = Superseded
				} else {
					outcomes[earlier] = Superseded
				}
				break
			}
		}
		if outcomes[i] != Superseded {
			table[at] = hash>>32<<32 | uint64(i+1)
		}
	}
	return outcomes
}
