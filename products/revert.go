package products

import (
	"context"
	"slices"
	"strings"
)

// Why a product was left alone by a batch that takes changes back: Difference.Kept.
const (
	// KeptChanged: somebody has changed it since.
	KeptChanged = "changed"
	// KeptDeleted: somebody has deleted it since.
	KeptDeleted = "deleted"
	// KeptExists: it was to be brought back, and a product with its SKU or its ID is there.
	KeptExists = "exists"
)

// Revert takes back what was done to one product, if nobody has done anything to it since.
type Revert struct {
	// Key is the KeyRule's key of the product's SKU.
	Key string
	// ID and Version are those that the product must have, or its version is the same as that one, see [Restored].
	// Version is 0 where there must be none.
	ID, Version int64
	// Patch says what the product gets back. It is nil for one that is to be deleted, and where there is none.
	Patch *Patch
	// Onward says that Patch is a change as others are, and gives the product nothing back: its new version is the same
	// as no earlier one.
	Onward bool
	// Product is brought back where there must be none: with its ID, Version and CreatedAt. Restored is what it had
	// when it was deleted.
	Product  *Product
	Restored Restored
}

// RevertBatch is what is taken back at once.
type RevertBatch struct {
	// Reverts come in any order, and no Key twice. They are only read. What is deleted or brought back is held in
	// memory: who makes a batch bounds it.
	Reverts []Revert
	// DryRun finds the outcomes and writes no product. Neither BeforeCommit nor Changed is called.
	DryRun bool
	// Differences is as Batch.Differences. It is told of what is kept too, with the reason.
	Differences func() func(ctx context.Context, part []Difference) error
	// BeforeCommit is as Batch.BeforeCommit: the outcomes are Created for what is brought back, Updated, Unchanged,
	// Deleted or Kept.
	BeforeCommit func(ctx context.Context, result *BatchResult) error
	// Changed, if not nil, is called as Batch.Changed is, with what was brought back, what was updated, as they are
	// stored now, and what was deleted, as it was.
	Changed func(ctx context.Context, created, updated, deleted []Product) error
}

// Order returns the places of the reverts, ascending by key: the order in which stores take them back.
func (b *RevertBatch) Order() []int {
	order := make([]int, len(b.Reverts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return strings.Compare(b.Reverts[x].Key, b.Reverts[y].Key) })
	return order
}

// Reverter takes changes back. Every [Store] of this module is one.
type Reverter interface {
	// RevertBatch takes back what it can, and says what became of each: all of it or, with an error, nothing. What gets
	// back what it had has its version grow by one, which is the same as the one that it had then, see [Restored], and
	// its rules are not looked at. What has it back already is Unchanged. The error ErrCommitUnknown alone
	// leaves open what was done. A product that somebody changes meanwhile is either kept, or changed by them
	// afterwards. Batches of any kind that meet over the same products never deadlock.
	RevertBatch(ctx context.Context, batch *RevertBatch) (*BatchResult, error)
}

// RevertParts calls RevertBatch.Changed with products that come one by one, in parts of PartBytes. Stores use it, as
// Parts.
type RevertParts struct {
	// Changed is RevertBatch.Changed. Where it is nil nothing is called.
	Changed func(ctx context.Context, created, updated, deleted []Product) error

	part part
}

// Add adds the product of an outcome: Created, Updated or Deleted.
func (p *RevertParts) Add(ctx context.Context, outcome Outcome, product Product) error {
	if p.Changed == nil {
		return nil
	}
	to := &p.part.created
	switch outcome {
	case Updated:
		to = &p.part.updated
	case Deleted:
		to = &p.part.deleted
	}
	return p.part.add(ctx, to, product, p.Flush)
}

// Flush calls Changed with the products with which it was not called yet, if there are any.
func (p *RevertParts) Flush(ctx context.Context) error {
	full := p.part.take()
	if full.empty() {
		return nil
	}
	return p.Changed(ctx, full.created, full.updated, full.deleted)
}

// Outcome finds what becomes of a product by the revert: found is the product with its key, nil for none, and restored
// what is kept beside it. It returns the product as it becomes, nil for none, what is kept beside it then, and why the
// product is kept.
func (r *Revert) Outcome(found *Product, restored Restored) (outcome Outcome, after *Product, becomes Restored,
	kept string) {
	switch {
	case r.Version == 0 && found != nil:
		return Kept, nil, "", KeptExists
	case r.Version == 0:
		p := r.Product.Owned()
		return Created, &p, r.Restored.with(p.Version, p.Version-1), ""
	case found == nil:
		return Kept, nil, "", KeptDeleted
	case found.ID != r.ID:
		return Kept, nil, "", KeptChanged
	}
	switch is := restored.As(found.Version); {
	case is == restored.As(r.Version):
	case r.Patch != nil && !r.Onward && is == restored.As(r.Version-1):
		return Unchanged, nil, "", ""
	default:
		return Kept, nil, "", KeptChanged
	}
	if r.Patch == nil {
		return Deleted, nil, "", ""
	}
	p := r.Patch.Apply(*found)
	if SameContent(p, *found) {
		return Unchanged, nil, "", ""
	}
	p.Version++
	if r.Onward {
		return Updated, &p, restored, ""
	}
	return Updated, &p, restored.with(p.Version, r.Version-1), ""
}
