package postgres

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// bringBack inserts products that are gone, but for those whose SKU or ID another one has.
func (w *reverter) bringBack(ctx context.Context, t *transaction, ranks []int32) error {
	if len(ranks) == 0 {
		return nil
	}
	distribution, err := w.products.db.readDistribution(ctx, t)
	if err != nil {
		return err
	}
	ranks = inPartitions(distribution, ranks, w.keyOf)
	for len(ranks) > 0 {
		n, bytes := 0, 0
		for n < len(ranks) && n < chunkRecords && bytes < chunkBytes {
			bytes += w.at(ranks[n]).Product.Bytes()
			n++
		}
		if err := w.bringSomeBack(ctx, t, distribution, ranks[:n]); err != nil {
			return err
		}
		ranks = ranks[n:]
	}
	return nil
}

// bringSomeBack brings some back.
func (w *reverter) bringSomeBack(ctx context.Context, t *transaction, distribution Distribution,
	ranks []int32) error {
	taken, err := w.takenIDs(ctx, t, distribution, ranks)
	if err != nil {
		return err
	}
	var free []int32
	for _, rank := range ranks {
		r := w.at(rank)
		_, after, restored, _ := r.Outcome(nil, "")
		w.restored[rank] = restored
		after.UpdatedAt = w.now
		w.decide(rank, products.Created, nil, after, "")
		if !taken[after.ID] {
			free = append(free, rank)
		}
	}
	back := make(map[string]bool, len(free))
	if w.batch.DryRun {
		there, err := w.heads(ctx, t, free, false)
		if err != nil {
			return err
		}
		for _, rank := range free {
			_, exists := there[w.at(rank).Key]
			back[w.at(rank).Key] = !exists
		}
	} else if err := w.insert(ctx, t, free, back); err != nil {
		return err
	}
	var others []int32
	for _, rank := range ranks {
		if !back[w.at(rank).Key] {
			others = append(others, rank)
		} else if w.batch.Changed != nil && !w.batch.DryRun {
			w.done = append(w.done, reverted{outcome: products.Created, product: w.told[rank].After})
		}
	}
	return w.keepOthers(ctx, t, others)
}

// takenIDs returns which of the products' IDs others have.
func (w *reverter) takenIDs(ctx context.Context, t *transaction, distribution Distribution,
	ranks []int32) (map[int64]bool, error) {
	ids := make([]int64, len(ranks))
	for i, rank := range ranks {
		ids[i] = w.at(rank).Product.ID
	}
	var found string
	err := t.QueryRowContext(ctx, `SELECT coalesce(array_agg(id)::text, '{}') FROM `+distribution.withID()+
		` WHERE id = ANY ($1::bigint[])`, intArray(ids)).Scan(&found)
	if err != nil {
		return nil, err
	}
	if ids, err = parseInts(ids[:0], found); err != nil {
		return nil, err
	}
	taken := make(map[int64]bool, len(ids))
	for _, id := range ids {
		taken[id] = true
	}
	return taken, nil
}

// insert inserts products, but for those whose SKU another one has, and notes the keys of those that it did.
func (w *reverter) insert(ctx context.Context, t *transaction, ranks []int32, back map[string]bool) error {
	if len(ranks) == 0 {
		return nil
	}
	s, l := w.scratch, w.layout
	s.reset(l.columns)
	as := newArrays(oidInt8, oidTime) // IDs and times; the versions have an array
	for _, rank := range ranks {
		if err := w.addProduct(rank); err != nil {
			return err
		}
		after := w.told[rank].After
		s.versions.addInt(after.Version)
		as[0].addInt(after.ID)
		as[1].addTime(after.CreatedAt)
	}
	u := unnested{args: s.args[:0]}
	u.add(&s.key, "key", "text")
	u.add(&s.sku, "sku", "text")
	u.add(&s.attributes, "attributes", "text")
	u.add(&s.versions, "version", "bigint")
	u.add(&as[0], "id", "bigint")
	u.add(&as[1], "created_at", "timestamptz")
	u.add(&s.names, "restored", "text")
	into, values := "id, version, created_at, sku_key, sku, attributes, restored_versions",
		"x.id, x.version, x.created_at, x.key, x.sku, x.attributes::jsonb, x.restored"
	for i := range l.columns {
		into += ", " + l.columns[i].name
		values += ", " + l.columns[i].value(u.addField(&s.fields[i], &l.columns[i]))
	}
	s.args = u.args
	return t.noteKeys(ctx, back, `INSERT INTO `+l.table.String()+` (`+into+`) SELECT `+values+` FROM `+u.table()+
		` ON CONFLICT (sku_key) DO NOTHING RETURNING sku_key`, u.args...)
}

// keepOthers notes what can't be brought back, since something else is there.
func (w *reverter) keepOthers(ctx context.Context, t *transaction, ranks []int32) error {
	if len(ranks) == 0 {
		return nil
	}
	found, err := w.heads(ctx, t, ranks, false)
	if err != nil {
		return err
	}
	for _, rank := range ranks {
		var product *products.Product
		if h, there := found[w.at(rank).Key]; there {
			product = &h.product
		}
		w.decide(rank, products.Kept, product, product, products.KeptExists)
	}
	return nil
}

// notify calls RevertBatch.Changed with what was written.
func (w *reverter) notify(ctx context.Context, t *transaction) error {
	if w.batch.Changed == nil {
		return nil
	}
	parts := products.RevertParts{Changed: func(ctx context.Context, created, updated,
		deleted []products.Product) error {
		if err := w.batch.Changed(ctx, created, updated, deleted); err != nil {
			return callbackError{err}
		}
		return nil
	}}
	var rest []sized
	for _, one := range w.done {
		if one.product == nil {
			rest = append(rest, one.sized)
			continue
		}
		if err := parts.Add(ctx, one.outcome, one.product.Owned()); err != nil {
			return err
		}
	}
	for len(rest) > 0 {
		some := readable(rest)
		rest = rest[len(some):]
		found, err := w.read(ctx, t, ranksOf(some))
		if err != nil {
			return err
		}
		for _, product := range found {
			if err := parts.Add(ctx, products.Updated, *product); err != nil {
				return err
			}
		}
	}
	return parts.Flush(ctx)
}
