package memory

import (
	"context"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// WriteBatch writes a batch.
func (p *Products) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	w := &batchWriter{products: p, batch: batch, result: &products.BatchResult{Outcomes: batch.Winners()}}
	w.hashes = make([]uint64, len(batch.Records))
	for i := range batch.Records {
		w.hashes[i] = hashKey(batch.Records[i].Key)
	}
	err := p.db.do(ctx, func(ctx context.Context, t *tx) error {
		w.decide()
		if batch.DryRun {
			return w.tellDifferences(ctx, nil)
		}
		was := w.write(t)
		if err := w.tellDifferences(ctx, was); err != nil {
			return err
		}
		if batch.BeforeCommit != nil {
			if err := batch.BeforeCommit(ctx, w.result); err != nil {
				return err
			}
		}
		return w.notify(ctx)
	})
	if err != nil {
		return nil, err
	}
	return w.result, nil
}

// batchWriter writes one batch.
type batchWriter struct {
	products *Products
	batch    *products.Batch
	result   *products.BatchResult
	hashes   []uint64 // of the records' keys
	// exists are the rows of the records to be updated, in the records' order.
	exists  []*row
	created int
	fresh   []row // what was created
}

// decide finds the outcomes. It changes nothing in the store.
func (w *batchWriter) decide() {
	records, outcomes := w.batch.Records, w.result.Outcomes
	for i := range records {
		if outcomes[i] == products.Superseded {
			continue
		}
		r := w.products.byKey.get(w.hashes[i], records[i].Key)
		switch {
		case r == nil && w.batch.Mode == products.Existing:
			outcomes[i] = products.Skipped
		case r == nil:
			outcomes[i] = products.Created
			w.created++
		case w.batch.Mode == products.Ignore:
			outcomes[i] = products.Skipped
		case !w.changes(r, &records[i]):
			outcomes[i] = products.Unchanged
		case w.outgrows(r, &records[i]):
			outcomes[i] = products.Refused
		default:
			outcomes[i] = products.Updated
			w.exists = append(w.exists, r)
		}
	}
}

// changes reports whether the record changes the product: whether Columns.Apply makes another product of it.
func (w *batchWriter) changes(r *row, record *products.Record) bool {
	c := &w.batch.Columns
	if r.SKU != record.SKU {
		return true
	}
	for i, f := range c.Fields {
		if c.Sets(record, i) && r.Text(f) != record.Values[i] {
			return true
		}
	}
	for i, name := range c.Attributes {
		value, has := r.Attributes[name]
		if want := c.Attribute(record, i); value != want || has != (want != "") {
			return true
		}
	}
	return false
}

// outgrows reports whether the record would make the product too large.
func (w *batchWriter) outgrows(r *row, record *products.Record) bool {
	c := &w.batch.Columns
	if !c.MayOutgrow(record, len(r.Attributes), r.Bytes()) {
		return false
	}
	after := c.Apply(record, r.Product)
	return after.Outgrows(&r.Product)
}

// write does what decide has decided. It returns what the products were that it updated, in the records' order.
func (w *batchWriter) write(t *tx) []products.Product {
	records := w.batch.Records
	clone := 2*(w.created+len(w.exists)) < len(records)
	fresh := make([]row, 0, w.created)
	was := make([]products.Product, 0, len(w.exists))
	at := now()
	for i := range records {
		switch w.result.Outcomes[i] {
		case products.Created:
			fresh = append(fresh, w.newRow(&records[i], clone))
			fresh[len(fresh)-1].hash = w.hashes[i]
		case products.Updated:
			r := w.exists[len(was)]
			was = append(was, r.Product)
			w.update(r, &records[i], clone)
			r.Version++
			r.UpdatedAt = at
		}
	}
	if len(was) > 0 {
		t.onRollback(func() {
			for i := range was {
				w.exists[i].Product = was[i]
			}
		})
	}
	if len(fresh) > 0 {
		w.products.insert(t, fresh)
	}
	w.fresh = fresh
	return was
}

// notify calls Batch.Changed with what was written.
func (w *batchWriter) notify(ctx context.Context) error {
	if w.batch.Changed == nil {
		return nil
	}
	parts := products.Parts{Changed: w.batch.Changed}
	for i := range w.fresh {
		if err := parts.Created(ctx, w.fresh[i].copy()); err != nil {
			return err
		}
	}
	for _, r := range w.exists {
		if err := parts.Updated(ctx, r.copy()); err != nil {
			return err
		}
	}
	return parts.Flush(ctx)
}

// newRow makes a row of a record. With clone it holds on to none of the record's text.
func (w *batchWriter) newRow(record *products.Record, clone bool) (r row) {
	c := &w.batch.Columns
	r.key, r.SKU = record.Key, record.SKU
	for i, f := range c.Fields {
		if c.Sets(record, i) {
			r.Set(f, cloned(record.Values[i], clone))
		}
	}
	for i, name := range c.Attributes {
		value := c.Attribute(record, i)
		if value == "" {
			continue
		}
		if r.Attributes == nil {
			r.Attributes = make(map[string]string)
		}
		r.Attributes[name] = cloned(value, clone)
	}
	if clone {
		r.cloneKey()
	}
	return r
}

// cloned returns the text, or a copy of it.
func cloned(text string, clone bool) string {
	if clone {
		return strings.Clone(text)
	}
	return text
}

// update makes the row what the record wants it to be.
func (w *batchWriter) update(r *row, record *products.Record, clone bool) {
	own := *record
	if clone {
		own.Values = make([]string, len(record.Values))
		for i, value := range record.Values {
			own.Values[i] = strings.Clone(value)
		}
	}
	r.Product = w.batch.Columns.Apply(&own, r.Product)
	r.key = record.Key // equal, but part of the new text
	r.dropEmpty()
	if clone {
		r.cloneKey()
	}
}

// cloneKey copies the key and the SKU.
func (r *row) cloneKey() {
	if r.key == r.SKU {
		r.key = strings.Clone(r.key)
		r.SKU = r.key
	} else {
		r.key, r.SKU = strings.Clone(r.key), strings.Clone(r.SKU)
	}
}
