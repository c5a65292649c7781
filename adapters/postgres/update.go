package postgres

import (
	"context"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// changed is a row that a record changes, and what becomes of it.
type changed struct {
	key     string
	product products.Product
}

// update changes the products that differ: it locks them in the order of their keys, looks again, and writes. It tells
// false, and the round begins again, when one of them has gone or, unless told to take it as it is, has been changed
// since the probe: whoever did that may have changed others of the batch too, that the probe took for unchanged.
func (w *batchWrite) update(ctx context.Context, t *transaction, different []found, takeAsIs bool) (bool, error) {
	for len(different) > 0 {
		n, bytes := 0, 0
		keys := w.scratch.key()
		keys.reset()
		for n < len(different) && n < chunkRecords && bytes < chunkBytes {
			r := &w.batch.Records[w.sorted[different[n].rank]]
			keys.add(r.Key)
			bytes += len(r.Name) + len(r.Description)
			for _, value := range r.Extra {
				bytes += len(value)
			}
			n++
		}
		changes, ok, err := w.lock(ctx, t, different[:n], takeAsIs)
		if err != nil || !ok {
			return false, err
		}
		if err := w.writeChanges(ctx, t, changes); err != nil {
			return false, err
		}
		different = different[n:]
	}
	return true, nil
}

// lock locks a chunk of rows, whose keys are in the scratch array, and returns those that are to be changed.
func (w *batchWrite) lock(ctx context.Context, t *transaction, chunk []found, takeAsIs bool) ([]changed, bool, error) {
	rows, err := t.QueryContext(ctx, `SELECT `+columns+` FROM products WHERE sku_key = ANY ($1::text[]) ORDER BY sku_key FOR UPDATE`, w.scratch.key().bytes())
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	var changes []changed
	n := 0
	for ; rows.Next(); n++ {
		var r row
		err := rows.Scan(&r.ID, &r.Version, &r.CreatedAt, &r.UpdatedAt, &r.Status, &r.Key, &r.SKU, &r.Name, &r.Description, &r.Attributes)
		if err != nil {
			return nil, false, err
		}
		at := w.sorted[chunk[n].rank]
		record := &w.batch.Records[at]
		if record.Key != r.Key || !takeAsIs && chunk[n].version != r.Version {
			return nil, false, nil
		}
		before := r.product()
		after := w.columns.Apply(record, before)
		if products.SameContent(before, after) {
			w.result.Outcomes[at] = products.Unchanged
			continue
		}
		w.result.Outcomes[at] = products.Updated
		after.Version++
		after.UpdatedAt = w.now
		changes = append(changes, changed{r.Key, after})
	}
	return changes, n == len(chunk), rows.Err()
}

// writeChanges writes rows that are locked. What it sets was computed here: the statement calls no function.
func (w *batchWrite) writeChanges(ctx context.Context, t *transaction, changes []changed) error {
	if len(changes) == 0 {
		return nil
	}
	s := w.scratch
	s.reset()
	for i := range changes {
		p := &changes[i].product
		s.key().add(changes[i].key)
		s.sku().add(p.SKU)
		s.name().add(p.Name)
		s.description().add(p.Description)
		s.status.addBool(p.Status)
		a := s.attributes()
		start := a.open()
		a.buf = appendJSON(a.buf, p.Attributes)
		a.close(start)
		if w.batch.WantChanges {
			w.result.Updated = append(w.result.Updated, *p)
		}
	}
	args := []any{w.now, s.key().bytes(), s.sku().bytes(), s.name().bytes()}
	unnest, names, set := "$2::text[], $3::text[], $4::text[]", "key, sku, name", "sku = x.sku, name = x.name"
	add := func(a *array, name, sqlType, cast string) {
		args = append(args, a.bytes())
		unnest += ", $" + strconv.Itoa(len(args)) + "::" + sqlType
		names += ", " + name
		set += ", " + name + " = x." + name + cast
	}
	if w.columns.Description {
		add(s.description(), "description", "text[]", "")
	}
	if w.columns.Status {
		add(&s.status, "status", "boolean[]", "")
	}
	if len(w.columns.Attributes) > 0 {
		add(s.attributes(), "attributes", "text[]", "::jsonb")
	}
	_, err := t.ExecContext(ctx, `UPDATE products AS p SET version = p.version + 1, updated_at = $1::timestamptz, `+set+
		` FROM unnest(`+unnest+`) AS x(`+names+`) WHERE p.sku_key = x.key`, args...)
	if w.witness == nil && err == nil {
		w.witness = &changes[0].product
	}
	return err
}
