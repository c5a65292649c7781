package products

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/bits"
)

// Mode says what an import does with products that exist.
type Mode uint8

const (
	// Ignore leaves alone what exists. Of several records with one SKU the first counts.
	Ignore Mode = iota
	// Update overwrites what exists with the columns that the file has. Of several records with one SKU the last counts.
	Update
)

// ParseMode is the inverse of String.
func ParseMode(s string) (Mode, error) {
	switch s {
	case "ignore":
		return Ignore, nil
	case "update":
		return Update, nil
	}
	return 0, fmt.Errorf("unknown mode %q: want ignore or update", s)
}

func (m Mode) String() string {
	if m == Update {
		return "update"
	}
	return "ignore"
}

// MarshalText makes Mode print as in String.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText takes what ParseMode takes.
func (m *Mode) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMode(string(text))
	return err
}

// Record is a valid product on its way from a file to a store.
type Record struct {
	// Key is the KeyRule's key of SKU.
	Key string
	// SKU has no white space around it.
	SKU         string
	Name        string
	Description string
	// Extra holds the values of Columns.Attributes, in that order. An empty one means that the product has no such
	// attribute. It may be nil when there are none.
	Extra []string
	// Line is where the record begins in its file, counted from 1; 0 without a file.
	Line int64
	// Status counts where HasStatus is set; else a product that exists keeps its own, and a new one has false.
	Status    bool
	HasStatus bool
}

// Columns says which fields the records of an import set. SKU and name are always among them. What is absent is never
// changed in a product that exists, and is empty in a new one.
type Columns struct {
	Description bool
	Status      bool
	// Attributes names the columns that are kept as attributes, without repetition.
	Attributes []string
}

// Apply returns the product that the record makes of one that exists. It leaves ID, Version and times to the store.
func (c *Columns) Apply(r *Record, existing Product) Product {
	change := Patch{SKU: &r.SKU, Name: &r.Name}
	if c.Description {
		change.Description = &r.Description
	}
	if c.Status && r.HasStatus {
		change.Status = &r.Status
	}
	if len(c.Attributes) > 0 {
		change.Attributes = make(map[string]*string, len(c.Attributes))
		for i, name := range c.Attributes {
			change.Attributes[name] = nil
			if i < len(r.Extra) && r.Extra[i] != "" {
				change.Attributes[name] = &r.Extra[i]
			}
		}
	}
	return change.Apply(existing)
}

// MayOutgrow tells whether the record could have the outcome Refused, where the product has at most so many attributes, and
// at most so many bytes of description and attributes. So most products need not be looked at by Product.Outgrows.
func (c *Columns) MayOutgrow(r *Record, attributes, bytes int) bool {
	return len(c.Attributes) > 0 && attributes+len(c.Attributes) > MaxAttributes || bytes+c.Bytes(r) > MaxBytes
}

// Bytes is the size of the text that the record has for these columns.
func (c *Columns) Bytes(r *Record) int {
	n := len(r.SKU) + len(r.Name)
	if c.Description {
		n += len(r.Description)
	}
	for i, value := range r.Extra {
		if i < len(c.Attributes) && value != "" {
			n += len(c.Attributes[i]) + len(value)
		}
	}
	return n
}

// PartBytes bounds a part of what Batch.Changed is told: the Product.Bytes of all its products, unless it is one alone.
const PartBytes = 4 << 20

// Batch is what an import commits at once.
type Batch struct {
	// Number counts the batches of an import from 1.
	Number int64
	Mode   Mode
	// Columns says which fields the records set.
	Columns Columns
	// Records are valid: their SKU, name, description and attributes pass Product.Validate, and their Key is right.
	// Any order; a SKU may come several times. The store neither changes nor keeps the slice; strings that it keeps may
	// hold the text of many records in memory, so it copies those of which it keeps only a few.
	Records []Record
	// ExpectNew hints that probably no record exists yet. It changes nothing but the way that is tried first.
	ExpectNew bool
	// DryRun finds the outcomes and writes nothing. Neither BeforeCommit nor Changed is called.
	DryRun bool
	// BeforeCommit, if not nil, is called inside the transaction once every outcome is known; an error from it rolls the
	// batch back and is returned. Its context belongs to the transaction: what else is to be committed with the batch is
	// written through it. A store that tries again calls it again, and only the last call's effects remain. It is called
	// for a batch without records or changes too, but not in a dry run, which has nothing to commit. It must not call the
	// store with another context, or keep the result.
	BeforeCommit func(ctx context.Context, result *BatchResult) error
	// Changed, if not nil, is told of the products that the batch created or updated, as they are stored now: behind
	// BeforeCommit and under the same rules, part by part, since what is stored may be far larger than the records.
	// PartBytes bounds a part. Each product comes once, in any order, and is the callee's to keep and change. It isn't
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
	// Skipped: the product existed, and the mode is Ignore.
	Skipped
	// Superseded: another record of the batch has the same SKU and counts instead.
	Superseded
	// Refused: the product existed and was left alone, since with the record it would have had more than MaxBytes or
	// MaxAttributes, and more than before: see Product.Outgrows.
	Refused
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
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// BatchResult says what a batch did.
type BatchResult struct {
	// Outcomes has one entry for each record of the batch, in its order.
	Outcomes []Outcome
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
// and the rest zero. Stores begin with it.
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
				if b.Mode == Ignore {
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
