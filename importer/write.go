package importer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// batch is a batch and the stretch of the file that it accounts for.
type batch struct {
	products.Batch
	// counts are those of the records in the stretch that are not in the batch.
	counts   progress.Counts
	bytes    int64 // of text
	from, to int64 // offsets in the text
}

// writing is the second half of an import: winners go into batches, and batches to the store.
type writing struct {
	*run
	columns products.Columns
	ready   chan *batch // for the writers
	free    chan *batch
	current *batch
	number  int64
	at      int64 // offset in the text where the next batch begins
	index   int64 // of the next valid record

	mu        sync.Mutex // guards what follows, and run.result
	expectNew bool
	resumed   Commit   // what earlier Runs committed of what has come by
	failure   error    // the first, which made the others
	refused   []Reject // by the store, not told yet
}

// write reads the file again and writes the records that count.
func (r *run) write(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.meter = progress.Meter{} // rates are those of the phase
	r.report(ctx, progress.Importing, 0, r.result.Bytes)

	// One batch is filled while the others are written.
	w := &writing{run: r, columns: r.parser.batchColumns(), ready: make(chan *batch), free: make(chan *batch, r.options.Writers+1)}
	for range cap(w.free) {
		w.free <- &batch{}
	}
	var writers sync.WaitGroup
	for range r.options.Writers {
		writers.Go(func() {
			for b := range w.ready {
				if err := w.commit(ctx, b); err != nil {
					w.fail(err, cancel)
				}
				w.free <- b
			}
		})
	}
	err := r.pass(ctx, func(p *parsed) error { return w.add(ctx, p) })
	if err == nil {
		err = w.finish(ctx)
	}
	// What is in hand when the import is stopped gets committed.
	stopped := errors.Is(err, ErrStopped)
	if err != nil && !stopped {
		w.fail(err, cancel)
	}
	close(w.ready)
	writers.Wait()
	if err := w.tellRefused(); err != nil {
		w.fail(err, cancel)
	}
	switch {
	case w.failure != nil:
		return w.failure
	case stopped:
		return ErrStopped
	}
	if done := r.options.Resumed; done != nil && (done.Counts != w.resumed.Counts || done.Bytes != w.resumed.Bytes) {
		return fmt.Errorf("importer: other batches were committed than this file has: %w", ErrSourceChanged)
	}
	r.result.Bytes = r.end.source
	return nil
}

// fail notes the error, if it is the first, and stops everybody.
func (w *writing) fail(err error, cancel context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		w.failure = err
		cancel(err)
	}
}

// add puts what counts into batches. Where a batch ends depends on the file and the options alone.
func (w *writing) add(ctx context.Context, p *parsed) error {
	for i := range p.items {
		it := &p.items[i]
		b, err := w.open(ctx)
		if err != nil {
			return err
		}
		b.to = it.end
		switch counts, err := w.counts(it); {
		case err != nil:
			return err
		case it.reject:
			b.counts.Read++
			b.counts.Rejected++
		case !counts:
			b.counts.Read++
			b.counts.Superseded++
		default:
			b.Records = append(b.Records, it.record)
			b.bytes += int64(it.bytes)
		}
		full := len(b.Records) >= w.options.BatchRecords || b.bytes >= int64(w.options.BatchBytes)
		// A stretch without winners is told now and then, or the import would seem to stand.
		if full || b.to-b.from >= 16*int64(w.options.BatchBytes) {
			if err := w.send(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// counts tells whether the record counts for its SKU.
func (w *writing) counts(it *item) (bool, error) {
	if it.reject {
		return false, nil
	}
	index := w.index
	w.index++
	if w.survey.of > 1 {
		return !w.survey.marked(index), nil
	}
	return w.wins(it)
}

// open returns the batch that is being filled.
func (w *writing) open(ctx context.Context) (*batch, error) {
	if w.current != nil {
		return w.current, nil
	}
	var b *batch
	select {
	case b = <-w.free:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := w.tellRefused(); err != nil {
		return nil, err
	}
	if w.stopped() {
		w.free <- b
		return nil, ErrStopped
	}
	clear(b.Records)
	w.number++
	*b = batch{from: w.at, Batch: products.Batch{Number: w.number, Mode: w.options.Mode, Columns: w.columns,
		Records: b.Records[:0], DryRun: w.options.DryRun}}
	w.current = b
	return b, nil
}

// send gives the current batch to the writers.
func (w *writing) send(ctx context.Context) error {
	b := w.current
	w.current, w.at = nil, b.to
	select {
	case w.ready <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finish sends what is left.
func (w *writing) finish(ctx context.Context) error {
	if w.current == nil {
		return nil
	}
	return w.send(ctx)
}

// bytes is how much of the file the batch accounts for.
func (w *writing) bytes(b *batch) int64 { return w.end.share(b.to) - w.end.share(b.from) }

// commit writes a batch and counts what became of it.
func (w *writing) commit(ctx context.Context, b *batch) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if w.options.Committed != nil {
		if done, committed := w.options.Committed(b.Number); committed {
			if done.Bytes != w.bytes(b) || done.Counts.Read != b.counts.Read+int64(len(b.Records)) {
				return fmt.Errorf("importer: batch %d was committed with other records: %w", b.Number, ErrSourceChanged)
			}
			w.account(ctx, b, done, true)
			return nil
		}
	}
	done := Commit{Batch: b.Number, Counts: b.counts, Bytes: w.bytes(b)}
	if len(b.Records) > 0 || w.options.Checkpoint != nil && !b.DryRun {
		w.mu.Lock()
		b.ExpectNew = w.expectNew
		w.mu.Unlock()
		wants, err := w.wantsChanges(ctx, b)
		if err != nil {
			return w.batchError(ctx, b, err)
		}
		b.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error { return w.inTransaction(ctx, b, result) }
		if wants {
			// The store calls it last, since events are numbered: from then on other batches may wait for this one.
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				return w.options.Notifier.NotifyBatch(ctx, Changes{Batch: b.Number, Created: created, Updated: updated})
			}
		}
		result, err := w.store.WriteBatch(ctx, &b.Batch)
		if err != nil {
			return w.batchError(ctx, b, err)
		}
		if done.Counts, err = b.total(result); err != nil {
			return err
		}
		w.refuse(b, result)
	}
	w.account(ctx, b, done, false)
	return nil
}

// wantsChanges tells whether somebody wants to know what the batch changes.
func (w *writing) wantsChanges(ctx context.Context, b *batch) (bool, error) {
	if w.options.Notifier == nil || b.DryRun {
		return false, nil
	}
	if l, ok := w.options.Notifier.(WebhookListener); ok {
		return l.Wants(ctx)
	}
	return true, nil
}

// batchError says where in the file the batch is that failed, unless it failed because everything ends.
func (w *writing) batchError(ctx context.Context, b *batch, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, products.ErrCommitUnknown) {
		return cause
	}
	if len(b.Records) == 0 {
		return fmt.Errorf("importer: batch %d: %w", b.Number, err)
	}
	return fmt.Errorf("importer: batch %d, lines %d to %d: %w", b.Number, b.Records[0].Line, b.Records[len(b.Records)-1].Line, err)
}

// inTransaction writes what is to be committed with the batch.
func (w *writing) inTransaction(ctx context.Context, b *batch, result *products.BatchResult) error {
	if w.options.Checkpoint != nil {
		counts, err := b.total(result)
		if err != nil {
			return err
		}
		return w.options.Checkpoint(ctx, Commit{Batch: b.Number, Counts: counts, Bytes: w.bytes(b)})
	}
	return nil
}

// refuse notes the records that the store refused, for tellRefused: so they are at most those of the batches in hand.
func (w *writing) refuse(b *batch, result *products.BatchResult) {
	if w.options.OnReject == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, o := range result.Outcomes {
		if o != products.Refused {
			continue
		}
		r := &b.Records[i]
		w.refused = append(w.refused, Reject{Line: r.Line, LastLine: r.Line, Offset: -1, Code: CodeTooLarge, Fields: w.parser.fieldsOf(r),
			Reason: fmt.Sprintf("with this record the product %q would be larger than %d bytes, or have more than %d attributes: it is left as it is stored",
				products.Shorten(r.SKU), products.MaxBytes, products.MaxAttributes)})
	}
}

// tellRefused tells of the records that the store refused since the last time.
func (w *writing) tellRefused() error {
	w.mu.Lock()
	refused := w.refused
	w.refused = nil
	w.mu.Unlock()
	for i := range refused {
		if err := w.options.OnReject(refused[i]); err != nil {
			return err
		}
	}
	return nil
}

// total adds what became of the batch's records to what is known of the others in its stretch of the file.
func (b *batch) total(result *products.BatchResult) (progress.Counts, error) {
	counts := b.counts
	if len(result.Outcomes) != len(b.Records) {
		return counts, errors.New("importer: the store gave no outcome for some records")
	}
	counts.Read += int64(len(b.Records))
	for _, o := range result.Outcomes {
		switch o {
		case products.Created:
			counts.Created++
		case products.Updated:
			counts.Updated++
		case products.Unchanged:
			counts.Unchanged++
		case products.Skipped:
			counts.Skipped++
		case products.Superseded:
			counts.Superseded++
		case products.Refused:
			counts.Rejected++
		default:
			return counts, fmt.Errorf("importer: the store gave an unknown outcome: %v", o)
		}
	}
	return counts, nil
}

// account adds a committed batch to the result and reports it. One that an earlier Run committed may be counted already.
func (w *writing) account(ctx context.Context, b *batch, done Commit, resumed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expectNew = done.Counts.Created == int64(len(b.Records))
	w.result.Batches++
	if refused := done.Counts.Rejected - b.counts.Rejected; refused > 0 {
		w.result.Rejects[CodeTooLarge] += refused
	}
	if resumed {
		w.resumed.Counts.Add(done.Counts)
		w.resumed.Bytes += done.Bytes
	}
	if !resumed || w.options.Resumed == nil {
		w.result.Add(done.Counts)
		w.result.Bytes += done.Bytes
	}
	w.report(ctx, progress.Importing, 0, w.result.Bytes)
}
