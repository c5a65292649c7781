package sqlite

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

const (
	// chunkRecords is how many records one statement has, and chunkBytes about how much text at most. More of either
	// makes an import no faster.
	chunkRecords = 50
	chunkBytes   = 256 << 10
)

// BatchSize says which batches suit the file: one at a time, and larger ones than usual. Each goes over the whole
// index of keys, so that an import in batches of 20,000 takes some two thirds longer; in larger ones it hardly gets
// faster, and others wait for longer.
func (p *Products) BatchSize() importer.BatchSize {
	return importer.BatchSize{Writers: 1, BatchRecords: 50_000, BatchBytes: 8 << 20}
}

// batchWriter writes one batch. Nobody else writes meanwhile: so what a probe finds stays true.
type batchWriter struct {
	products *Products
	batch    *products.Batch
	columns  *products.Columns
	result   *products.BatchResult
	// sorted are the places of the records that count, ascending by key: so neighbours are on one page of the index.
	sorted []int32
	now    time.Time

	probe  *probe
	insert *inserter
	update *updater
	differ *differ
}

// WriteBatch writes a batch.
func (p *Products) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	w := &batchWriter{products: p, batch: batch, columns: &batch.Columns,
		result: &products.BatchResult{Outcomes: batch.Winners()}}
	w.sort()
	run := func(ctx context.Context, q querier) error {
		w.probe, w.differ = newProbe(w, q), newDiffer(w)
		if err := w.run(ctx); err != nil {
			return err
		}
		return w.differ.flush(ctx)
	}
	var err error
	switch {
	case batch.DryRun && batch.Differences != nil: // which are written
		err = p.db.inTx(ctx, func(ctx context.Context, t *transaction) error { return run(ctx, t) })
	case batch.DryRun:
		err = p.db.snapshot(ctx, run)
	default:
		err = p.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
			w.insert, w.update, w.now = newInserter(w, t), newUpdater(w, t), stamp()
			if err := run(ctx, t); err != nil {
				return err
			}
			return w.finish(ctx)
		})
	}
	if err != nil {
		return nil, err
	}
	return w.result, nil
}

// sort finds the order of the records that count.
func (w *batchWriter) sort() {
	records := w.batch.Records
	w.sorted = make([]int32, 0, len(records))
	for i := range records {
		if w.result.Outcomes[i] != products.Superseded {
			w.sorted = append(w.sorted, int32(i))
		}
	}
	slices.SortFunc(w.sorted, func(a, b int32) int {
		return cmp.Or(strings.Compare(records[a].Key, records[b].Key), int(a-b))
	})
}

// record returns the record at a place.
func (w *batchWriter) record(at int32) *products.Record { return &w.batch.Records[at] }

// chunk returns the first places that go into one statement.
func (w *batchWriter) chunk(places []int32) []int32 {
	bytes := 0
	for n, at := range places {
		bytes += w.columns.Bytes(w.record(at))
		if n == chunkRecords || n > 0 && bytes > chunkBytes {
			return places[:n]
		}
	}
	return places
}

// run finds every outcome and, unless it is a dry run, writes.
func (w *batchWriter) run(ctx context.Context) error {
	for rest := w.sorted; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		chunk := w.chunk(rest)
		rest = rest[len(chunk):]
		if w.batch.ExpectNew && !w.batch.DryRun && w.batch.Mode != products.Existing {
			exist, err := w.insert.tryAll(ctx, chunk)
			if err != nil {
				return err
			}
			chunk = exist
		}
		if len(chunk) > 0 {
			if err := w.probe.run(ctx, chunk); err != nil {
				return err
			}
			if err := w.decide(ctx, chunk); err != nil {
				return err
			}
		}
		if err := w.differ.tell(ctx); err != nil {
			return err
		}
	}
	if w.batch.DryRun {
		return nil
	}
	return w.insert.flush(ctx)
}

// decide does what the probe of a chunk has shown.
func (w *batchWriter) decide(ctx context.Context, chunk []int32) error {
	outcomes := w.result.Outcomes
	for i, at := range chunk {
		found := &w.probe.found[i]
		switch {
		case found.missing && w.batch.Mode == products.Existing:
			outcomes[at] = products.Skipped
		case found.missing:
			outcomes[at] = products.Created
			if !w.batch.DryRun {
				if err := w.insert.add(ctx, at); err != nil {
					return err
				}
			}
		case w.batch.Mode == products.Ignore:
			outcomes[at] = products.Skipped
		case !found.different:
			outcomes[at] = products.Unchanged
		default:
			if err := w.change(ctx, at, found.product); err != nil {
				return err
			}
		}
	}
	return nil
}

// change updates a product with a record that the probe found to differ from it.
func (w *batchWriter) change(ctx context.Context, at int32, before products.Product) error {
	r := w.record(at)
	after := w.columns.Apply(r, before)
	switch {
	case products.SameContent(before, after): // attributes, whose other ones the record doesn't have
		w.result.Outcomes[at] = products.Unchanged
		return nil
	case w.columns.MayOutgrow(r, len(before.Attributes), before.Bytes()) && after.Outgrows(&before):
		w.result.Outcomes[at] = products.Refused
		return nil
	}
	w.result.Outcomes[at] = products.Updated
	after.Version++
	if w.batch.DryRun {
		w.differ.updated(at, &before, &after)
		return nil
	}
	after.UpdatedAt = w.now
	if err := w.update.run(ctx, &after); err != nil {
		return err
	}
	w.update.note(after)
	w.differ.updated(at, &before, &after)
	return nil
}

// attributes returns those that a record has.
func (w *batchWriter) attributes(r *products.Record) map[string]string {
	attributes := make(map[string]string, len(w.columns.Attributes))
	for i, name := range w.columns.Attributes {
		if value := w.columns.Attribute(r, i); value != "" {
			attributes[name] = value
		}
	}
	return attributes
}

// finish calls the batch's functions.
func (w *batchWriter) finish(ctx context.Context) error {
	if w.batch.BeforeCommit != nil {
		if err := w.batch.BeforeCommit(ctx, w.result); err != nil {
			return callbackError{err}
		}
	}
	if w.batch.Changed == nil {
		return nil
	}
	parts := products.Parts{Changed: func(ctx context.Context, created, updated []products.Product) error {
		if err := w.batch.Changed(ctx, created, updated); err != nil {
			return callbackError{err}
		}
		return nil
	}}
	for _, one := range w.insert.done {
		if err := parts.Created(ctx, w.insert.product(one)); err != nil {
			return err
		}
	}
	for _, product := range w.update.done {
		if err := parts.Updated(ctx, product); err != nil {
			return err
		}
	}
	w.update.done = nil
	for _, id := range w.update.more {
		product, err := w.products.get(ctx, w.update.t, id)
		if err != nil {
			return err
		}
		if err := parts.Updated(ctx, product); err != nil {
			return err
		}
	}
	return parts.Flush(ctx)
}
