package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// insertNew inserts the records that are new, passing over those whose key has come to exist since the probe: slower
// than COPY, but it gets on whatever others do. What it passed over has no longer the outcome Created; it is returned
// together with the products that differ, ascending by key.
func (w *batchWrite) insertNew(ctx context.Context, t *transaction, p *probed, ids []int64) ([]found, error) {
	created := make(map[string]bool, len(p.fresh))
	for from := 0; from < len(p.fresh); {
		to := w.fillRows(p.fresh, from, ids)
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
		if w.batch.Mode == products.Update {
			different = append(different, found{rank: int32(rank), size: products.MaxBytes})
		}
	}
	slices.SortFunc(different, func(a, b found) int { return cmp.Compare(a.rank, b.rank) })
	return different, nil
}

// insertRows inserts the rows that are in the scratch arrays, and notes the keys of those that are new.
func (w *batchWrite) insertRows(ctx context.Context, t *transaction, created map[string]bool) error {
	s := w.scratch
	rows, err := t.QueryContext(ctx, `INSERT INTO products (id, sku_key, sku, name, description, status, attributes)
		SELECT x.id::bigint, x.key, x.sku, x.name, x.description, x.status, x.attributes::jsonb
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[])
			AS x(id, key, sku, name, description, status, attributes)
		ON CONFLICT (sku_key) DO NOTHING RETURNING sku_key`,
		s.names.bytes(), s.key().bytes(), s.sku().bytes(), s.name().bytes(), s.description().bytes(), s.status.bytes(), s.attributes().bytes())
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return err
		}
		created[key] = true
	}
	return rows.Err()
}

// fillRows makes the parameters of an INSERT out of the records at places[from] and behind, and returns where they end.
func (w *batchWrite) fillRows(places []int32, from int, ids []int64) (to int) {
	s := w.scratch
	s.reset()
	bytes := 0
	for to = from; to < len(places) && to-from < chunkRecords && bytes < chunkBytes; to++ {
		at := places[to]
		r := &w.batch.Records[at]
		start := s.names.open()
		s.names.buf = strconv.AppendInt(s.names.buf, ids[at], 10)
		s.names.close(start)
		s.key().add(r.Key)
		s.sku().add(r.SKU)
		s.name().add(r.Name)
		description := r.Description
		if !w.columns.Description {
			description = ""
		}
		s.description().add(description)
		s.status.addBool(w.columns.Status && r.HasStatus && r.Status)
		a := s.attributes()
		start = a.open()
		a.buf = w.appendAttributes(a.buf, r)
		a.close(start)
		bytes += len(r.Name) + len(r.Description) + len(a.buf) - start
	}
	return to
}
