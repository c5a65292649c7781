package postgres

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

var _ products.Reverter = (*Products)(nil)

// RevertBatch takes changes back, in a transaction of its own.
//
// It locks as a batchWriter does, so that they never deadlock: first it inserts what is brought back, in its order,
// and then it locks what exists, ascending by key. What all is to be deleted, or all is to be updated, is written as it
// is locked, where it has the versions that are asked for: see revertUnlocked.
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
	shards *shards
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

// sized is a product that is there, by its place in the order, with about its bytes.
type sized struct{ rank, size int32 }

func (w *reverter) at(rank int32) *products.Revert { return &w.batch.Reverts[w.order[rank]] }

// run is the transaction.
func (w *reverter) run(ctx context.Context, t *transaction) error {
	var err error
	if w.now, w.shards, err = t.readNow(ctx, w.layout); err != nil {
		return err
	}
	settings := w.products.db.limitingIdle(ctx)
	if w.shards != nil {
		settings += `; ` + oneToEachNode
	}
	if _, err := t.ExecContext(ctx, settings); err != nil {
		return err
	}
	if err := t.joinByIndex(ctx, w.products.layout.table); err != nil {
		return err
	}
	done, err := w.runUnlocked(ctx, t)
	if err == nil && !done {
		done, err = w.round(ctx, t, true)
	}
	switch {
	case err != nil || w.batch.DryRun:
		return err
	case !done:
		return errContended
	}
	if w.batch.BeforeCommit != nil {
		if err := w.batch.BeforeCommit(ctx, w.result); err != nil {
			return callbackError{err}
		}
	}
	return w.notify(ctx, t)
}

// runUnlocked does a round that locks nothing before it is written, if that can be, and takes it back where it doesn't
// succeed. Not over several shards: Citus takes no condition on the size of what is to be deleted.
func (w *reverter) runUnlocked(ctx context.Context, t *transaction) (bool, error) {
	if w.batch.DryRun || w.shards != nil || !w.alike() {
		return false, nil
	}
	if _, err := t.ExecContext(ctx, `SAVEPOINT reverts`); err != nil {
		return false, err
	}
	done, err := w.round(ctx, t, false)
	if err != nil || done {
		return done, err
	}
	_, err = t.ExecContext(ctx, `ROLLBACK TO SAVEPOINT reverts`)
	return false, err
}

// alike reports whether everything that must be there is to be deleted, or everything to be updated. Else two
// statements write it, and would not lock it in the order of the keys.
func (w *reverter) alike() bool {
	deletes, updates := false, false
	for i := range w.batch.Reverts {
		r := &w.batch.Reverts[i]
		deletes = deletes || r.Version != 0 && r.Patch == nil
		updates = updates || r.Version != 0 && r.Patch != nil
	}
	return !deletes || !updates
}

// round takes everything back. It reports whether it did; if not, another round has to begin from the top.
func (w *reverter) round(ctx context.Context, t *transaction, lock bool) (bool, error) {
	n := len(w.batch.Reverts)
	w.result = &products.BatchResult{Outcomes: make([]products.Outcome, n)}
	w.parts, w.told, w.next = products.NewDifferenceParts(w.batch.Differences), make([]products.Difference, n), 0
	w.restored = make([]products.Restored, n)
	w.done, w.kept = nil, 0
	var gone, there []int32
	for rank := range int32(n) {
		if w.at(rank).Version == 0 {
			gone = append(gone, rank)
		} else {
			there = append(there, rank)
		}
	}
	if err := w.bringBack(ctx, t, gone); err != nil {
		return false, err
	}
	revert, most := w.revertUnlocked, unlockedRecords
	if lock {
		revert, most = w.revert, chunkRecords
	}
	for chunk := range slices.Chunk(there, most) {
		if done, err := revert(ctx, t, chunk); err != nil || !done {
			return false, err
		}
	}
	if err := w.tell(ctx, n); err != nil {
		return false, err
	}
	if err := w.parts.Flush(ctx); err != nil {
		return false, callbackError{err}
	}
	return true, nil
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

// keyOf is the key of the revert of a rank.
func (w *reverter) keyOf(rank int32) string { return w.at(rank).Key }

// heads returns those of the products that are there, and locks them.
func (w *reverter) heads(ctx context.Context, t *transaction, ranks []int32, lock bool) (map[string]head, error) {
	found := make(map[string]head, len(ranks))
	err := eachShard(w.shards, ranks, w.keyOf, func(some []int32) error {
		return w.readHeads(ctx, t, some, lock, found)
	})
	return found, err
}

// readHeads notes those of products on one shard.
func (w *reverter) readHeads(ctx context.Context, t *transaction, ranks []int32, lock bool,
	found map[string]head) error {
	statement := `SELECT sku_key, sku, id, version, least(` + w.layout.size + `, 2147483647)::integer,
		coalesce(restored_versions, '')` + w.layout.ofKeys(w.shards) + inOrder
	if lock {
		statement += ` FOR UPDATE OF p`
	}
	rows, err := t.QueryxContext(ctx, statement, w.keys(ranks))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var h head
		var key string
		if err := rows.Scan(&key, &h.product.SKU, &h.product.ID, &h.product.Version, &h.size,
			&h.restored); err != nil {
			return err
		}
		found[key] = h
	}
	return rows.Err()
}

// revert takes back changes of products that must be there. Unless it is a dry run it locks them first.
func (w *reverter) revert(ctx context.Context, t *transaction, ranks []int32) (bool, error) {
	var good []sized
	err := w.judge(ctx, t, ranks, !w.batch.DryRun, func(rank int32, h *head) bool {
		w.restored[rank] = h.restored
		good = append(good, sized{rank, h.size})
		return true
	})
	for err == nil && len(good) > 0 {
		some := ranksOf(readable(good))
		good = good[len(some):]
		var done bool
		if done, err = w.change(ctx, t, some); err == nil && !done {
			return false, nil
		}
	}
	return true, err
}

// judge notes what is to be kept, and calls f with the others that are there, until it returns false.
func (w *reverter) judge(ctx context.Context, t *transaction, ranks []int32, lock bool,
	f func(rank int32, h *head) bool) error {
	if len(ranks) == 0 {
		return nil
	}
	found, err := w.heads(ctx, t, ranks, lock)
	if err != nil {
		return err
	}
	for _, rank := range ranks {
		h, there := found[w.at(rank).Key]
		var product *products.Product
		if there {
			product = &h.product
		}
		outcome, _, _, kept := w.at(rank).Outcome(product, h.restored)
		switch {
		case outcome == products.Kept:
			w.decide(rank, outcome, product, product, kept)
		case !f(rank, &h):
			return nil
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

func ranksOf(all []sized) []int32 {
	ranks := make([]int32, len(all))
	for i := range all {
		ranks[i] = all[i].rank
	}
	return ranks
}

// read reads products whole, by their keys.
func (w *reverter) read(ctx context.Context, t *transaction, ranks []int32) (map[string]*products.Product, error) {
	found := make(map[string]*products.Product, len(ranks))
	err := eachShard(w.shards, ranks, w.keyOf, func(some []int32) error {
		rows, err := w.layout.readByKeys(ctx, t, w.shards, w.keys(some), len(some))
		for i := range rows {
			found[rows[i].Key] = &rows[i].Product
		}
		return err
	})
	return found, err
}

// change takes back changes of products that are locked, and as they must be, or in a dry run finds out what becomes of
// them.
func (w *reverter) change(ctx context.Context, t *transaction, ranks []int32) (bool, error) {
	if w.batch.DryRun {
		found, err := w.read(ctx, t, ranks)
		if err != nil {
			return false, err
		}
		return w.apply(ctx, t, ranks, found)
	}
	var deleted, updated []int32
	for _, rank := range ranks {
		if w.at(rank).Patch == nil {
			deleted = append(deleted, rank)
		} else {
			updated = append(updated, rank)
		}
	}
	found := make(map[string]*products.Product, len(ranks))
	if len(deleted) > 0 {
		err := eachShard(w.shards, deleted, w.keyOf, func(some []int32) error {
			u := unnested{joinsTexts: w.shards != nil}
			w.keys(some)
			u.add(&w.scratch.key, "key", "text")
			return w.remove(ctx, t, &u, "", func(key string, p *products.Product, _ products.Restored) {
				found[key] = p
			})
		})
		if err != nil {
			return false, err
		}
	}
	if len(updated) > 0 {
		are, err := w.read(ctx, t, updated)
		if err != nil {
			return false, err
		}
		maps.Copy(found, are)
	}
	return w.apply(ctx, t, ranks, found)
}

// remove deletes the products of the keys in the table x, its first parameter, that are as a condition says, in the
// order of that table, and calls f with each as it was. The keys are on one shard.
func (w *reverter) remove(ctx context.Context, t *transaction, u *unnested, condition string,
	f func(key string, p *products.Product, restored products.Restored)) error {
	l := w.layout
	return w.each(ctx, t, `DELETE FROM `+l.table.String()+` AS p USING `+u.table()+` WHERE `+
		l.hasKey(w.shards, "x.key", u.key)+condition+
		` RETURNING `+l.list(l.columns, func(c *column) string { return "p." + c.name }, true)+
		`, coalesce(p.restored_versions, '')`, u.args, f)
}

// each calls f with each product that a statement returns, with what is kept beside it.
func (w *reverter) each(ctx context.Context, t *transaction, statement string, args []any,
	f func(key string, p *products.Product, restored products.Restored)) error {
	rows, err := t.QueryxContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	restored := ""
	reader := newRowReader(w.layout.columns, true, &restored)
	for rows.Next() {
		one, err := reader.read(rows)
		if err != nil {
			return err
		}
		f(one.Key, &one.Product, products.Restored(restored))
	}
	return rows.Err()
}

// apply decides what becomes of products, which are found as they are, updates those that are to be updated, and tells
// of all up to the last of them. What is to be deleted was deleted. It reports whether all were still as they were
// found.
func (w *reverter) apply(ctx context.Context, t *transaction, ranks []int32,
	found map[string]*products.Product) (bool, error) {
	var updated []int32
	for _, rank := range ranks {
		before := found[w.at(rank).Key]
		outcome, after, restored, kept := w.at(rank).Outcome(before, w.restored[rank])
		if kept != "" { // in a dry run somebody may have changed it in between
			after = before
		}
		w.decide(rank, outcome, before, after, kept)
		if outcome == products.Deleted {
			w.told[rank].Restored = w.restored[rank]
		}
		w.restored[rank] = restored
		did := reverted{outcome: outcome, sized: sized{rank: rank}}
		switch outcome {
		case products.Deleted:
			did.product = before
		case products.Updated:
			after.UpdatedAt = w.now
			updated = append(updated, rank)
			did.size = int32(after.Bytes())
			if w.kept += after.Bytes(); w.kept < keepBytes {
				did.product = after
			}
		default:
			continue
		}
		if w.batch.Changed != nil && !w.batch.DryRun {
			w.done = append(w.done, did)
		}
	}
	if len(updated) > 0 && !w.batch.DryRun {
		if done, err := w.update(ctx, t, updated); err != nil || !done {
			return false, err
		}
	}
	return true, w.tell(ctx, int(ranks[len(ranks)-1])+1)
}

// update updates products that are still as they were found, in the order of their keys. It reports whether all are.
func (w *reverter) update(ctx context.Context, t *transaction, updated []int32) (bool, error) {
	n := 0
	err := eachShard(w.shards, updated, w.keyOf, func(some []int32) error {
		written, err := w.updateSome(ctx, t, some)
		n += written
		return err
	})
	return n == len(updated), err
}

// updateSome updates those of one shard, and returns how many still were as they were found.
func (w *reverter) updateSome(ctx context.Context, t *transaction, updated []int32) (n int, err error) {
	s, l := w.scratch, w.layout
	s.reset(l.columns)
	as := newArrays(oidInt8)
	for _, rank := range updated {
		if err := w.addProduct(rank); err != nil {
			return 0, err
		}
		before := w.told[rank].Before
		as[0].addInt(before.ID)
		s.versions.addInt(before.Version)
	}
	u := unnested{args: append(s.args[:0], w.now), joinsTexts: w.shards != nil}
	u.add(&s.key, "key", "text")
	u.add(&as[0], "id", "bigint")
	u.add(&s.versions, "version", "bigint")
	u.add(&s.sku, "sku", "text")
	u.add(&s.attributes, "attributes", "text")
	u.add(&s.names, "restored", "text")
	set := "sku = x.sku, attributes = x.attributes::jsonb, restored_versions = x.restored"
	for i := range l.columns {
		set += ", " + l.columns[i].set(u.addField(&s.fields[i], &l.columns[i]))
	}
	s.args = u.args
	done, err := t.ExecContext(ctx, `UPDATE `+l.table.String()+` AS p SET version = p.version + 1,
		updated_at = $1::timestamptz, `+set+` FROM `+u.table()+` WHERE `+l.hasKey(w.shards, "x.key", u.key)+` AND
		p.id - x.id = 0 AND p.version = x.version`, u.args...)
	if err != nil {
		return 0, err
	}
	affected, err := done.RowsAffected()
	return int(affected), err
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
