package importer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// writer is the last phase of an import: records that count go into batches, and batches to the store.
type writer struct {
	run     *run
	checked *checked
	store   Store
	columns products.Columns
	ready   chan *batch // for the goroutines that commit
	free    chan *batch
	current *batch // nil between two batches
	number  int64
	at      int64 // offset in the text where the next batch begins
	in      *input
	memory  *memory
	// from is the offset in the text behind the batches before the place at which this run began; moment is where the
	// next place can be told, and told the offset of the last one, in a file that needs a memory.
	from, told int64
	moment     *moment
	// read counts the records of the batches that were sent, rejected those of them that the check rejected.
	read, rejected int64
	// originals: somebody wants to know of the records that the store refuses.
	originals bool

	mu        sync.Mutex // guards what follows, and run.result
	expectNew bool
	resumed   Commit    // what earlier Runs committed of what has come by
	failure   error     // the first, which made the others
	refused   []Reject  // by the store, not reported yet
	skipped   []Skipped // likewise
}

// write reads the file again and writes the records that count; then it does what is to be done with what is missing.
func (r *run) write(ctx context.Context, c *checked, store Store, step stepStore, missing *MissingPlan) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.meter = progress.Meter{} // rates are those of the phase
	r.report(ctx, progress.Importing, 0, r.result.Bytes)

	// One batch is filled while the others are written.
	w := &writer{run: r, checked: c, store: store, columns: c.plan.parser.columns,
		ready: make(chan *batch), free: make(chan *batch, r.options.Writers+1),
		originals: r.options.OnReject != nil || r.options.Checkpoints.Save != nil}
	for range cap(w.free) {
		w.free <- &batch{}
	}
	var committing sync.WaitGroup
	for range r.options.Writers {
		committing.Go(func() {
			for b := range w.ready {
				if err := w.commit(ctx, b); err != nil {
					w.fail(err, cancel)
				}
				w.free <- b
			}
		})
	}
	err := w.readFile(ctx)
	if err == nil && w.current != nil {
		err = w.send(ctx)
	}
	// What is in hand when the import is stopped gets committed.
	stopped := errors.Is(err, ErrStopped)
	if err != nil && !stopped {
		w.fail(err, cancel)
	}
	close(w.ready)
	committing.Wait()
	if err := w.reportNoted(); err != nil {
		w.fail(err, cancel)
	}
	if w.failure == nil && !stopped {
		err := w.removeMissing(ctx, step, missing)
		if stopped = errors.Is(err, ErrStopped); err != nil && !stopped {
			w.fail(err, cancel)
		}
	}
	switch {
	case w.failure != nil:
		return w.failure
	case stopped:
		return ErrStopped
	}
	if done := r.options.Checkpoints.sum(); done.Counts != w.resumed.Counts || done.Bytes != w.resumed.Bytes {
		return fmt.Errorf("importer: other batches were committed than this file has: %w", ErrSourceChanged)
	}
	r.result.Bytes = c.end.source
	return nil
}

// readFile puts the file's records into batches, from Options.Place on where that can be.
func (w *writer) readFile(ctx context.Context) (err error) {
	r, c := w.run, w.checked
	if w.in, err = r.reopen(ctx, c.plan); err != nil {
		return err
	}
	w.memory = newMemory(c.inherits)
	if at, before := w.startPlace(); at != nil {
		if err := w.in.goOn(r, at); err != nil {
			w.in.close()
			return err
		}
		w.begin(at, before)
	}
	w.noteMoments()
	return r.readOn(w.in, c, w.memory, true, func(p *parsed) error { return w.add(ctx, p) })
}

// fail notes the error, if it is the first, and stops everybody.
func (w *writer) fail(err error, cancel context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		w.failure = err
		cancel(err)
	}
}

// add puts what counts into batches. Where a batch ends depends on the file and the options alone.
func (w *writer) add(ctx context.Context, p *parsed) error {
	for i := range p.items {
		it := &p.items[i]
		if it.end <= w.from {
			continue // it is read for what others need of it
		}
		if w.current == nil {
			if err := w.tellPlace(p, i); err != nil {
				return err
			}
		}
		b, err := w.batch(ctx)
		if err != nil {
			return err
		}
		b.to = it.end
		switch counts, err := w.counts(it); {
		case err != nil:
			return err
		case it.passed != passNone:
		case it.reject:
			b.counts.Read++
			b.counts.Rejected++
		case !counts:
			b.counts.Read++
			b.counts.Superseded++
		default:
			b.given.Records = append(b.given.Records, it.record)
			if w.originals {
				r := p.raw(i)
				b.originals.add(&r, it.parent)
			}
			b.bytes += int64(it.bytes)
		}
		full := len(b.given.Records) >= w.run.options.BatchRecords || b.bytes >= int64(w.run.options.BatchBytes)
		// A stretch without records that count is sent now and then, or the import would seem to stand.
		if full || b.to-b.from >= 16*int64(w.run.options.BatchBytes) {
			if err := w.send(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// counts reports whether the record counts for its SKU.
func (w *writer) counts(it *item) (bool, error) {
	if !it.valid() {
		return false, nil
	}
	return w.checked.wins(it, w.run.options.OnSuperseded)
}

// batch returns the batch that is being filled.
func (w *writer) batch(ctx context.Context) (*batch, error) {
	if w.current != nil {
		return w.current, nil
	}
	var b *batch
	select {
	case b = <-w.free:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := w.reportNoted(); err != nil {
		return nil, err
	}
	if w.run.stopped() {
		w.free <- b
		return nil, ErrStopped
	}
	clear(b.given.Records)
	w.number++
	*b = batch{from: w.at, originals: b.originals.emptied(), given: products.Batch{Number: w.number,
		Mode: w.run.options.Mode, Columns: w.columns, Records: b.given.Records[:0], DryRun: w.run.options.DryRun}}
	w.current = b
	return b, nil
}

// send gives the current batch to the goroutines that commit.
func (w *writer) send(ctx context.Context) error {
	b := w.current
	w.current, w.at = nil, b.to
	w.read += b.counts.Read + int64(len(b.given.Records))
	w.rejected += b.counts.Rejected
	select {
	case w.ready <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// bytes is how much of the file the batch accounts for.
func (w *writer) bytes(b *batch) int64 {
	return w.checked.end.share(b.to) - w.checked.end.share(b.from)
}

// commit writes a batch and counts what became of it.
func (w *writer) commit(ctx context.Context, b *batch) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if done, committed := w.run.options.Checkpoints.Committed[b.given.Number]; committed {
		if done.Bytes != w.bytes(b) || done.Counts.Read != b.counts.Read+int64(len(b.given.Records)) {
			return fmt.Errorf("importer: batch %d was committed with other records: %w", b.given.Number,
				ErrSourceChanged)
		}
		w.account(ctx, b, done, nil, true)
		return nil
	}
	done := Commit{Batch: b.given.Number, Counts: b.counts, Bytes: w.bytes(b)}
	var broken error
	var result *products.BatchResult
	if len(b.given.Records) > 0 || w.run.options.Checkpoints.Save != nil && !b.given.DryRun {
		w.mu.Lock()
		b.given.ExpectNew = w.expectNew
		w.mu.Unlock()
		notifier, err := w.notifier(ctx, b)
		if err != nil {
			return w.batchError(ctx, b, err)
		}
		w.hook(b, notifier)
		if result, err = w.store.WriteBatch(ctx, &b.given); err != nil {
			return w.batchError(ctx, b, err)
		}
		if done.Counts, err = b.total(result); err != nil {
			return b.fail(err)
		}
		w.note(b, result)
		broken = w.checkContract(b, done.Counts)
	}
	w.account(ctx, b, done, result, false) // it is committed, whatever is wrong with it
	return broken
}

// notifier returns the notifier that wants to know what the batch changes, or nil.
func (w *writer) notifier(ctx context.Context, b *batch) (WebhookNotifier, error) {
	if b.given.DryRun {
		return nil, nil
	}
	return Listening(ctx, w.run.options.Notifier)
}

// batchError says where in the file the batch is that failed, unless it failed because everything ends.
func (w *writer) batchError(ctx context.Context, b *batch, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, products.ErrCommitUnknown) {
		return cause
	}
	return b.fail(err)
}

// note notes the records that the store refused or skipped, for reportNoted: so they are at most those of the batches
// in hand.
func (w *writer) note(b *batch, result *products.BatchResult) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.run.options.OnReject != nil {
		w.refused = append(w.refused, w.refusedBy(b, result)...)
	}
	if w.run.options.OnSkipped != nil {
		w.skipped = append(w.skipped, w.skippedBy(b, result, b.given.Mode)...)
	}
}

// skippedBy returns the records of the batch that its mode, if it is this one, left alone, in the batch's order.
func (w *writer) skippedBy(b *batch, result *products.BatchResult, mode products.Mode) (skipped []Skipped) {
	if b.given.Mode != mode {
		return nil
	}
	for i, o := range result.Outcomes {
		if o == products.Skipped {
			r := &b.given.Records[i]
			skipped = append(skipped, Skipped{SKU: strings.Clone(r.SKU), Line: r.Line})
		}
	}
	return skipped
}

// refusedBy returns the records of the batch that the store refused, in the batch's order.
func (w *writer) refusedBy(b *batch, result *products.BatchResult) (refused []Reject) {
	for i, o := range result.Outcomes {
		if o != products.Refused {
			continue
		}
		r := &b.given.Records[i]
		reject := Reject{Line: r.Line, LastLine: r.Line, Offset: -1,
			Fields: w.checked.plan.parser.originalOf(&b.originals, i)}
		if fault, known := result.Reasons[i]; known {
			reject.Code, reject.Reason = Code(fault.Code), fault.Message
			reject.Column = w.checked.plan.mapping.columnOf(fault.Field)
		} else {
			reject.Code, reject.Reason = CodeTooLarge, fmt.Sprintf(
				"with this record the product %q would be larger than %d bytes, or have more than %d attributes: it "+
					"is left as it is stored",
				products.Shorten(r.SKU), products.MaxBytes, products.MaxAttributes)
		}
		refused = append(refused, reject)
	}
	return refused
}

// addRefused counts the records of a committed batch that the store refused, by their codes. Where an earlier Run
// committed it, those that its Commit doesn't say are taken for CodeTooLarge.
func (w *writer) addRefused(b *batch, done Commit, result *products.BatchResult) {
	rejects, rest := w.run.result.Rejects, done.Counts.Rejected-b.counts.Rejected
	if result == nil {
		addRefusedEarlier(rejects, done.Refused, rest)
		return
	}
	for _, fault := range result.Reasons {
		rejects[Code(fault.Code)]++
		rest--
	}
	if rest > 0 {
		rejects[CodeTooLarge] += rest
	}
}

// addRefusedEarlier counts so many records of batches that an earlier Run committed, as far as it is known by their
// codes.
func addRefusedEarlier(rejects map[Code]int64, refused []Reject, count int64) {
	for i := range refused {
		rejects[refused[i].Code]++
		count--
	}
	if count > 0 {
		rejects[CodeTooLarge] += count
	}
}

// reportNoted gives OnReject and OnSkipped the records that were noted since the last time.
func (w *writer) reportNoted() error {
	w.mu.Lock()
	refused, skipped := w.refused, w.skipped
	w.refused, w.skipped = nil, nil
	w.mu.Unlock()
	for i := range skipped {
		if err := w.run.options.OnSkipped(skipped[i]); err != nil {
			return err
		}
	}
	for i := range refused {
		if err := w.run.options.OnReject(refused[i]); err != nil {
			return err
		}
	}
	return nil
}

// account adds a committed batch to the result and reports it. resumed says that an earlier Run committed it.
func (w *writer) account(ctx context.Context, b *batch, done Commit, result *products.BatchResult, resumed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expectNew = done.Counts.Created == int64(len(b.given.Records))
	w.run.result.Batches++
	w.addRefused(b, done, result)
	if resumed { // and counted from the beginning
		w.run.result.Resumed++
		w.resumed.Counts.Add(done.Counts)
		w.resumed.Bytes += done.Bytes
	} else {
		w.run.result.Add(done.Counts)
		w.run.result.Bytes += done.Bytes
	}
	w.run.report(ctx, progress.Importing, 0, w.run.result.Bytes)
}
