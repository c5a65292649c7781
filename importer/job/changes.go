package job

import (
	"errors"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

// ErrNoChanges: the job keeps no changes.
var ErrNoChanges = errors.New("job: it keeps no changes")

// The settings of what is kept of a job's changes, see Settings.Changes.
const (
	ChangesNone = "none"
	ChangesAll  = "all"
)

// ChangeKind is what happened to a product.
type ChangeKind string

const (
	// ChangeCreated: there was no such product, or one was brought back.
	ChangeCreated ChangeKind = "created"
	// ChangeUpdated: it was changed.
	ChangeUpdated ChangeKind = "updated"
	// ChangeDeleted: it was deleted.
	ChangeDeleted ChangeKind = "deleted"
	// ChangeKept: it was to be changed, and was left alone; Change.Reason says why.
	ChangeKept ChangeKind = "kept"
	// ChangeDeactivated: its status was set to false, since the file of an import lacks it.
	ChangeDeactivated ChangeKind = "deactivated"
)

// ChangeKinds are all kinds there are.
var ChangeKinds = []ChangeKind{ChangeCreated, ChangeUpdated, ChangeDeleted, ChangeKept, ChangeDeactivated}

// Change is what a job did to one product, or would do in a dry run.
type Change struct {
	Kind ChangeKind
	// Key is the key of the product's SKU, and SKU the SKU as it is written now, or was written last.
	Key, SKU string
	// ID is the product's. It is 0 of one that a dry run would create.
	ID int64
	// Version is the product's after the change; of one that was deleted its last one, and of one that was kept the one
	// that it had then, 0 where it was not there.
	Version int64
	// CreatedAt is when a product was created that was deleted; zero for other changes.
	CreatedAt time.Time
	// Fields are those that differ, in the order of the schema and behind them the attributes in the order of their
	// names: all that have a value of a product that was created or deleted.
	Fields []FieldChange
	// Reason says why a product was kept, in a word such as changed or deleted.
	Reason string
	// Restored is what was kept beside a product that an undo deleted.
	Restored products.Restored
}

// FieldChange is what happened to one field of a product, or to one of its attributes.
type FieldChange = products.FieldChange

// AllFields is in ChangeChunk.Fields where they are too many to be named.
const AllFields = "*"

// mostChunkFields is how many fields a chunk names.
const mostChunkFields = 300

// ChangeChunk is some of the changes of one batch, as they are stored: what stands beside the Body is for finding it.
type ChangeChunk struct {
	// Batch is the number of the batch. Each key comes once in a job at most. Below 0 it has no changes, see
	// Holder.KeepChanges.
	Batch int64
	// First and Last are the keys of the chunk's first and last change. Those of a batch's chunks ascend.
	First, Last string
	// Counts has how many changes of each kind there are, by their place in ChangeKinds.
	Counts [5]int
	// Fields are the names of the fields that changed in it, sorted, or AllFields alone.
	Fields []string
	// Size is how long the Body is, uncompressed.
	Size int
	// Body has the changes.
	Body []byte
	// At is the time of the store's clock in the transaction that kept the chunk, which the store sets; zero where that
	// isn't known.
	At time.Time
}

// Changes is how many changes the chunk has.
func (c *ChangeChunk) Changes() (n int) {
	for _, count := range c.Counts {
		n += count
	}
	return n
}

// ChunkQuery says which chunks are wanted: those behind a place, in the order of batches and keys, that may have what
// is looked for. Stores compare with its Wants, or do the same.
type ChunkQuery struct {
	// AfterBatch and AfterKey: only chunks of later batches, and of this one those whose Last is greater.
	AfterBatch int64
	AfterKey   string
	// Kinds, unless empty: only chunks with a change of one of them.
	Kinds []ChangeKind
	// Field, unless empty: only chunks that name the field, or AllFields.
	Field string
	// Limit is the most chunks that are wanted, 1 or more.
	Limit int
}

// Wants reports whether the query wants the chunk, but for the Limit.
func (q *ChunkQuery) Wants(c *ChangeChunk) bool {
	if c.Batch < q.AfterBatch || c.Batch == q.AfterBatch && c.Last <= q.AfterKey {
		return false
	}
	if q.Field != "" && !slices.Contains(c.Fields, q.Field) && !slices.Contains(c.Fields, AllFields) {
		return false
	}
	if len(q.Kinds) == 0 {
		return true
	}
	return slices.ContainsFunc(q.Kinds, func(k ChangeKind) bool {
		at := slices.Index(ChangeKinds, k)
		return at >= 0 && c.Counts[at] > 0
	})
}
