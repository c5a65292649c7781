package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

var _ products.Reverter = (*Products)(nil)

// RevertBatch takes changes back, in a transaction of its own.
//
// It locks as a batchWriter does, so that they never deadlock: first it inserts what is brought back, ascending by key,
// and then it locks what exists, ascending by key.
func (p *Products) RevertBatch(ctx context.Context, batch *products.RevertBatch) (*products.BatchResult, error) {
	w := &reverter{products: p, layout: p.layout, batch: batch}
	w.scratch = scratches.Get().(*scratch)
	defer scratches.Put(w.scratch)
	w.order = batch.Order()
	if err := p.db.transactFor(ctx, forBulk, w.run); err != nil {
		return nil, fail(ctx, err, products.ErrNotFound)
	}
	return w.result, nil
}

// A batch keeps about keepBytes of the products that it updated for RevertBatch.Changed, and reads the others again.
const keepBytes = 2 * products.PartBytes

// reverter takes back one batch.
type reverter struct {
	products *Products
	layout   *layout
	batch    *products.RevertBatch
	scratch  *scratch
	order    []int // the places of the reverts, ascending by key

	// Of the current attempt.
	result *products.BatchResult
	now    time.Time
	parts  *products.DifferenceParts
	// told has what is to be told of the reverts, by their places in order, from the place next on.
	told []products.Difference
	next int
	// restored has what is kept beside products: before, and once it is decided after.
	restored []products.Restored
	done     []reverted
	kept     int // bytes of the updated products in done
}

// reverted is what was written. Of what was updated there is no product where those before it are large.
type reverted struct {
	outcome products.Outcome
	product *products.Product
	sized
}

// sized is a product that is there, by its place in the order, with an upper bound of its bytes.
type sized struct{ rank, size int32 }

func (w *reverter) at(rank int32) *products.Revert { return &w.batch.Reverts[w.order[rank]] }

// run is the transaction.
func (w *reverter) run(ctx context.Context, t *transaction) error {
	n := len(w.batch.Reverts)
	w.result = &products.BatchResult{Outcomes: make([]products.Outcome, n)}
	w.parts, w.told, w.next = products.NewDifferenceParts(w.batch.Differences), make([]products.Difference, n), 0
	w.restored = make([]products.Restored, n)
	w.done, w.kept = nil, 0
	if err := t.GetContext(ctx, &w.now, `SELECT now()`); err != nil {
		return err
	}
	w.now = w.now.UTC()
	if err := w.products.db.limitIdle(ctx, t); err != nil {
		return err
	}
	if err := t.joinByIndex(ctx); err != nil {
		return err
	}
	var gone, there []int32
	for rank := range int32(n) {
		if w.at(rank).Version == 0 {
			gone = append(gone, rank)
		} else {
			there = append(there, rank)
		}
	}
	if err := w.bringBack(ctx, t, gone); err != nil {
		return err
	}
	for chunk := range slices.Chunk(there, chunkRecords) {
		if err := w.revert(ctx, t, chunk); err != nil {
			return err
		}
	}
	if err := w.tell(ctx, n); err != nil {
		return err
	}
	if err := w.parts.Flush(ctx); err != nil {
		return callbackError{err}
	}
	if w.batch.DryRun {
		return nil
	}
	if w.batch.BeforeCommit != nil {
		if err := w.batch.BeforeCommit(ctx, w.result); err != nil {
			return callbackError{err}
		}
	}
	return w.notify(ctx, t)
}

// decide notes an outcome, and what is to be told of it.
func (w *reverter) decide(rank int32, outcome products.Outcome, before, after *products.Product, kept string) {
	w.result.Outcomes[w.order[rank]] = outcome
	w.told[rank] = products.Difference{Key: w.at(rank).Key, Before: before, After: after, Kept: kept}
}

// tell tells of the reverts up to a place in the order.
func (w *reverter) tell(ctx context.Context, to int) error {
	for ; w.next < to; w.next++ {
		d := w.told[w.next]
		w.told[w.next] = products.Difference{}
		if w.result.Outcomes[w.order[w.next]] == products.Unchanged {
			continue
		}
		if err := w.parts.Add(ctx, d); err != nil {
			return callbackError{err}
		}
	}
	return nil
}

// keys makes the parameter for the keys of reverts.
func (w *reverter) keys(ranks []int32) arrayValue {
	keys := &w.scratch.key
	keys.reset()
	for _, rank := range ranks {
		keys.add(w.at(rank).Key)
	}
	return keys.bytes()
}

// head is what is read of each product before it is decided what becomes of it.
type head struct {
	product  products.Product
	size     int32
	restored products.Restored
}

// heads returns those of the products that are there, and locks them.
func (w *reverter) heads(ctx context.Context, t *transaction, ranks []int32, lock bool) (map[string]head, error) {
	statement := `SELECT sku_key, sku, id, version, least(` + w.layout.size + `, 2147483647)::integer,
		coalesce(restored_versions, '') FROM ` + w.layout.table.String() + ` p WHERE ` + w.layout.key + ` = ANY ($1::text[]) ORDER BY ` + w.layout.key
	if lock {
		statement += ` FOR UPDATE`
	}
	rows, err := t.QueryxContext(ctx, statement, w.keys(ranks))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]head, len(ranks))
	for rows.Next() {
		var h head
		var key string
		if err := rows.Scan(&key, &h.product.SKU, &h.product.ID, &h.product.Version, &h.size,
			&h.restored); err != nil {
			return nil, err
		}
		found[key] = h
	}
	return found, rows.Err()
}

// revert takes back changes of products that must be there.
func (w *reverter) revert(ctx context.Context, t *transaction, ranks []int32) error {
	found, err := w.heads(ctx, t, ranks, !w.batch.DryRun)
	if err != nil {
		return err
	}
	var good []sized
	for _, rank := range ranks {
		r := w.at(rank)
		h, there := found[r.Key]
		var product *products.Product
		if there {
			product = &h.product
		}
		if outcome, _, _, kept := r.Outcome(product, h.restored); outcome == products.Kept {
			w.decide(rank, outcome, product, product, kept)
			continue
		}
		w.restored[rank] = h.restored
		good = append(good, sized{rank, h.size})
	}
	for len(good) > 0 {
		some := readable(good)
		good = good[len(some):]
		if err := w.change(ctx, t, some); err != nil {
			return err
		}
	}
	return nil
}

// readable returns the first of the products, as many as may be read at once.
func readable(all []sized) []sized {
	n, bytes := 0, int32(0)
	for n < len(all) && bytes < readBytes {
		bytes += min(all[n].size, readBytes)
		n++
	}
	return all[:n]
}

// read reads products whole, by their keys.
func (w *reverter) read(ctx context.Context, t *transaction, all []sized) (map[string]*products.Product, error) {
	ranks := make([]int32, len(all))
	for i := range all {
		ranks[i] = all[i].rank
	}
	rows, err := w.layout.readByKeys(ctx, t, w.keys(ranks), len(all))
	if err != nil {
		return nil, err
	}
	found := make(map[string]*products.Product, len(rows))
	for i := range rows {
		found[rows[i].Key] = &rows[i].Product
	}
	return found, nil
}

// change deletes and updates products that are as they must be.
func (w *reverter) change(ctx context.Context, t *transaction, all []sized) error {
	found, err := w.read(ctx, t, all)
	if err != nil {
		return err
	}
	var deleted, updated []int32
	for _, one := range all {
		r := w.at(one.rank)
		before := found[r.Key]
		outcome, after, restored, kept := r.Outcome(before, w.restored[one.rank])
		if kept != "" { // in a dry run somebody may have changed it in between
			after = before
		}
		w.decide(one.rank, outcome, before, after, kept)
		if outcome == products.Deleted {
			w.told[one.rank].Restored = w.restored[one.rank]
		}
		w.restored[one.rank] = restored
		did := reverted{outcome: outcome, sized: one}
		switch outcome {
		case products.Deleted:
			deleted = append(deleted, one.rank)
			did.product = before
		case products.Updated:
			after.UpdatedAt = w.now
			updated = append(updated, one.rank)
			if w.kept += after.Bytes(); w.kept < keepBytes {
				did.product = after
			}
			did.size += int32(after.Bytes())
		default:
			continue
		}
		if w.batch.Changed != nil && !w.batch.DryRun {
			w.done = append(w.done, did)
		}
	}
	if !w.batch.DryRun {
		if err := w.write(ctx, t, deleted, updated); err != nil {
			return err
		}
	}
	return w.tell(ctx, int(all[len(all)-1].rank)+1)
}

// write deletes and updates products, which are locked.
func (w *reverter) write(ctx context.Context, t *transaction, deleted, updated []int32) error {
	l := w.layout
	if len(deleted) > 0 {
		_, err := t.ExecContext(ctx, `DELETE FROM `+l.table.String()+` WHERE `+l.key+` = ANY ($1::text[])`,
			w.keys(deleted))
		if err != nil {
			return err
		}
	}
	if len(updated) == 0 {
		return nil
	}
	s := w.scratch
	s.reset(l.columns)
	for _, rank := range updated {
		if err := w.addProduct(rank); err != nil {
			return err
		}
	}
	u := unnested{args: append(s.args[:0], w.now)}
	u.add(&s.key, "key", "text")
	u.add(&s.sku, "sku", "text")
	u.add(&s.attributes, "attributes", "text")
	u.add(&s.names, "restored", "text")
	set := "sku = x.sku, attributes = x.attributes::jsonb, restored_versions = x.restored"
	for i := range l.columns {
		set += ", " + l.columns[i].set(u.addField(&s.fields[i], &l.columns[i]))
	}
	s.args = u.args
	_, err := t.ExecContext(ctx, `UPDATE `+l.table.String()+` AS p SET version = p.version + 1,
		updated_at = $1::timestamptz, `+set+` FROM `+u.table()+` WHERE p.`+l.key+` = x.key`, u.args...)
	return err
}

// addProduct adds the parameters of the product that there is afterwards.
func (w *reverter) addProduct(rank int32) error {
	s, p := w.scratch, w.told[rank].After
	s.key.add(w.at(rank).Key)
	s.sku.add(p.SKU)
	s.names.add(string(w.restored[rank]))
	start := s.attributes.open()
	s.attributes.buf = appendJSON(s.attributes.buf, p.Attributes)
	s.attributes.close(start)
	for i := range w.layout.columns {
		c := &w.layout.columns[i]
		if err := s.addField(i, c, p.Text(c.field)); err != nil {
			return err
		}
	}
	return nil
}
