package importer

import (
	"context"
	"fmt"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// errDryRun is what a store gets that calls a function of a batch that it must not commit.
var errDryRun = fmt.Errorf("%w: it called a function of the batch in a dry run", ErrStoreContract)

// calls records how the store called the functions of a batch. A store that tries again calls them again: what counts
// is the last attempt, which begins with BeforeCommit.
type calls struct {
	committing       bool            // BeforeCommit was called
	counts           progress.Counts // that Checkpoints.Save was given
	created, updated int64           // products that Changed was given
	early            bool            // Changed was called before BeforeCommit
	err              error           // the first that one of them returned
}

// hook gives the batch its functions. The notifier, nil for none, is called last, since events are numbered: from then
// on other batches may wait for this one.
func (w *writer) hook(b *batch, notifier WebhookNotifier) {
	b.calls = calls{}
	w.hookDifferences(b)
	b.given.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
		b.calls = calls{committing: true, early: b.calls.early}
		b.calls.err = w.inTransaction(ctx, b, result)
		return b.calls.err
	}
	if notifier == nil {
		return
	}
	b.given.Changed = func(ctx context.Context, created, updated []products.Product) error {
		b.calls.early = b.calls.early || !b.calls.committing
		b.calls.created += int64(len(created))
		b.calls.updated += int64(len(updated))
		err := notifier.NotifyBatch(ctx, Changes{Batch: b.given.Number, Created: created, Updated: updated})
		if b.calls.err == nil {
			b.calls.err = err
		}
		return err
	}
}

// inTransaction writes what is to be committed with the batch.
func (w *writer) inTransaction(ctx context.Context, b *batch, result *products.BatchResult) error {
	if b.given.DryRun {
		return errDryRun
	}
	if w.run.options.Checkpoints.Save == nil {
		return nil
	}
	var err error
	if b.calls.counts, err = b.total(result); err != nil {
		return err
	}
	return w.run.options.Checkpoints.Save(ctx, Commit{Batch: b.given.Number, Counts: b.calls.counts, Bytes: w.bytes(b),
		Refused: w.refusedBy(b, result), Skipped: w.skippedBy(b, result, products.Existing)})
}

// checkContract returns an error where the store committed the batch, but not as its contract says. The counts are
// those of the outcomes that it returned.
func (w *writer) checkContract(b *batch, counts progress.Counts) error {
	c := &b.calls
	fault := ""
	err := c.err
	if err == nil && b.differing != nil {
		err = b.differing.err
	}
	switch {
	case b.given.DryRun && c.committing:
		return b.fail(errDryRun)
	case err != nil:
		fault = fmt.Sprintf("although a function of the batch returned the error: %v", err)
	case b.differs(counts) != "":
		fault = b.differs(counts)
	case b.given.DryRun:
		return nil
	case !c.committing:
		fault = "and did not call its BeforeCommit, so that it has no checkpoint"
	case w.run.options.Checkpoints.Save != nil && c.counts != counts:
		fault = "with other outcomes than it gave to BeforeCommit, so that its checkpoint is wrong"
	case c.early:
		fault = "and called its Changed before its BeforeCommit"
	case b.given.Changed != nil && (c.created != counts.Created || c.updated != counts.Updated):
		fault = fmt.Sprintf("and gave %d created and %d updated products to its Changed, not %d and %d, so that "+
			"events are missing or wrong", c.created, c.updated, counts.Created, counts.Updated)
	default:
		return nil
	}
	if b.given.DryRun {
		return b.fail(fmt.Errorf("%w: it tried the batch %s", ErrStoreContract, fault))
	}
	return b.fail(fmt.Errorf("%w: it wrote the batch %s; what was written stays", ErrStoreContract, fault))
}
