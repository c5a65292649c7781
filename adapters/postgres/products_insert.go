package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// insertNew inserts the records that are new, in the order of p.fresh, except those whose key others have inserted
// since the probe. It is slower than COPY, but it succeeds whatever others do. The exceptions lose the outcome Created,
// and are returned together with the products that differ, ascending by key.
func (w *batchWriter) insertNew(ctx context.Context, t *transaction, p *probeResult, ids []int64) ([]match, error) {
	created := make(map[string]bool, len(p.fresh))
	for from := 0; from < len(p.fresh); {
		to, err := w.fillRows(p.fresh, from, ids)
		if err != nil {
			return nil, err
		}
		if err := w.insertRows(ctx, t, created); err != nil {
			return nil, err
		}
		from = to
	}
	if len(created) == len(p.fresh) {
		return p.different, nil
	}
	different := p.different
	for rank, at := range w.sorted {
		if w.result.Outcomes[at] != products.Created || created[w.batch.Records[at].Key] {
			continue
		}
		w.result.Outcomes[at] = w.sameOutcome()
		if w.batch.Mode != products.Ignore {
			different = append(different, match{rank: int32(rank), size: products.MaxBytes})
		}
	}
	slices.SortFunc(different, func(a, b match) int { return cmp.Compare(a.rank, b.rank) })
	return different, nil
}

// insertRows inserts the rows that are in the scratch arrays, and notes the keys of those that are new.
func (w *batchWriter) insertRows(ctx context.Context, t *transaction, created map[string]bool) error {
	s := w.scratch
	u := unnested{args: s.args[:0]}
	u.add(&s.names, "id", "text")
	u.add(&s.key, "key", "text")
	u.add(&s.sku, "sku", "text")
	u.add(&s.attributes, "attributes", "text")
	key := w.layout.key
	into, values := "id, "+key+", sku, attributes", "x.id::bigint, x.key, x.sku, x.attributes::jsonb"
	for i := range w.into {
		into += ", " + w.into[i].name
		values += ", " + w.into[i].value(u.addField(&s.fields[i], &w.into[i]))
	}
	s.args = u.args
	return t.noteKeys(ctx, created, `INSERT INTO `+w.layout.table.String()+` (`+into+`) SELECT `+values+
		` FROM `+u.table()+` ON CONFLICT (`+key+`) DO NOTHING RETURNING `+key, u.args...)
}

// noteKeys runs a statement that returns keys, and notes them.
func (t *transaction) noteKeys(ctx context.Context, noted map[string]bool, statement string, args ...any) error {
	rows, err := t.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return err
		}
		noted[key] = true
	}
	return rows.Err()
}

// fillRows makes the parameters of an INSERT out of the records at places[from] and behind, and returns where they end.
func (w *batchWriter) fillRows(places []int32, from int, ids []int64) (to int, err error) {
	s := w.scratch
	w.reset()
	bytes := 0
	for to = from; to < len(places) && to-from < chunkRecords && bytes < chunkBytes; to++ {
		at := places[to]
		r := &w.batch.Records[at]
		start := s.names.open()
		s.names.buf = strconv.AppendInt(s.names.buf, ids[at], 10)
		s.names.close(start)
		s.key.add(r.Key)
		s.sku.add(r.SKU)
		for i := range w.into {
			if err := s.addField(i, &w.into[i], w.fresh(r, i)); err != nil {
				return 0, err
			}
		}
		start = s.attributes.open()
		s.attributes.buf = w.appendAttributes(s.attributes.buf, r)
		s.attributes.close(start)
		bytes += w.columns.Bytes(r)
	}
	return to, nil
}
