package importer

import (
	"context"

	"github.com/products-importer/products-importer/progress"
)

// Checkpoints keep what an import committed, so that a later [Run] with the same source, options and kind of store
// resumes it. The zero value keeps nothing.
type Checkpoints struct {
	// Save, if not nil, is given every batch inside its transaction, also one without a record that counts: what it
	// writes through the context is committed if and only if the batch is. An error rolls the batch back and ends the
	// import. Save is called from Options.Writers goroutines at a time, again where the store tries again, and not in a
	// dry run.
	Save func(ctx context.Context, done Commit) error
	// Committed are the batches that earlier Runs saved, by their number. They are not written again, and are counted
	// from the beginning: what is reported of an import that is resumed never goes back. Where they can't be of this
	// file and these options, or add up to something else, Run ends with [ErrSourceChanged].
	Committed map[int64]Commit
	// KeepMissing is needed beside Save where Options.Missing isn't MissingKeep. It is given, once and before anything
	// is written, which products are missing. It keeps all of the plan durably or, with an error, nothing, which ends
	// the import: a later Run is given it as Missing, so that it leaves alone what others have created meanwhile. It is
	// not called in a dry run, nor where there is a Missing.
	KeepMissing func(ctx context.Context, plan *MissingPlan) error
	// Missing is the plan that an earlier Run gave to KeepMissing, nil where none did.
	Missing *MissingPlan
}

// Commit is what a batch commits: a stretch of the file that it accounts for.
type Commit struct {
	// Batch is its number, from 1. Batches are committed in any order.
	Batch int64
	// Counts are those of the stretch.
	Counts progress.Counts
	// Bytes is how much of the file it is: all stretches together are the whole file, compressed or not.
	Bytes int64
	// Refused are the records of the batch that the store refused ([products.Refused]), as OnReject is given them.
	// Checkpoints.Save is given them, to be kept with the batch by whoever wants to report them later. Of those that
	// Run gets back it looks at the codes alone, to count them; without them all count as CodeTooLarge.
	Refused []Reject
	// Skipped are the records of the batch that mode existing left alone ([products.Skipped]), as OnSkipped is given
	// them, in the file's order. Checkpoints.Save is given them as those that were refused. In other modes there are
	// none: what is skipped there exists, and can be looked up.
	Skipped []Skipped
}

// sum adds up what was committed.
func (c *Checkpoints) sum() (sum Commit) {
	for _, done := range c.Committed {
		sum.Counts.Add(done.Counts)
		sum.Bytes += done.Bytes
	}
	return sum
}
