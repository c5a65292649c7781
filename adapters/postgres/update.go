package postgres

import (
	"context"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// A batch reads about so many bytes of stored products at a time, and keeps about so many of those that it updated for
// Batch.Changed; beyond that they are read again.
const (
	readBytes = 2 << 20
	keepBytes = 2 * products.PartBytes
)

// changed is a row that a record changes, and what becomes of it.
type changed struct {
	found
	key     string
	product products.Product
}

// update changes the products that differ: it locks them in the order of their keys, looks again, and writes. It tells
// false, and the round begins again, when one of them has gone or, unless told to take it as it is, has been changed
// since the probe: whoever did that may have changed others of the batch too, that the probe took for unchanged.
func (w *batchWrite) update(ctx context.Context, t *transaction, different []found, takeAsIs bool) (bool, error) {
	for len(different) > 0 {
		chunk := w.chunk(different)
		keeps := w.batch.Changed != nil && w.updatedBytes < keepBytes
		changes, ok, err := w.read(ctx, t, chunk, reading{whole: keeps || w.anyMayOutgrow(chunk), lock: true, takeAsIs: takeAsIs})
		if err != nil || !ok {
			return false, err
		}
		if err := w.writeChanges(ctx, t, changes); err != nil {
			return false, err
		}
		if w.batch.Changed != nil {
			w.noteUpdated(changes, keeps)
		}
		different = different[len(chunk):]
	}
	return true, nil
}

// chunk returns the beginning of what is to be read at once: so much is bounded on both sides, by what the records have and
// by what is stored.
func (w *batchWrite) chunk(all []found) []found {
	n, bytes, stored := 0, 0, 0
	for n < len(all) && n < chunkRecords && bytes < chunkBytes && stored < readBytes {
		bytes += w.columns.Bytes(w.record(all[n]))
		stored += int(all[n].size)
		n++
	}
	return all[:n]
}

func (w *batchWrite) record(f found) *products.Record { return &w.batch.Records[w.sorted[f.rank]] }

// mayOutgrow tells whether the record could make the product too large, which only a look at all of it tells.
func (w *batchWrite) mayOutgrow(f found) bool {
	// An attribute takes nine bytes at least in jsonb, and six in JSON.
	return w.columns.MayOutgrow(w.record(f), int(f.size)/6, int(f.size))
}

func (w *batchWrite) anyMayOutgrow(chunk []found) bool {
	for _, f := range chunk {
		if w.mayOutgrow(f) {
			return true
		}
	}
	return false
}

// reading says how rows are read.
type reading struct {
	whole    bool // with what no record changes too
	lock     bool
	takeAsIs bool // whatever their version
}

// read reads a chunk of rows and finds the outcomes of their records. It returns those that are to be changed, and false
// when one has gone, or was changed since the probe.
func (w *batchWrite) read(ctx context.Context, t *transaction, chunk []found, how reading) ([]changed, bool, error) {
	statement := `SELECT id, version, created_at, updated_at, status, sku_key, sku, name, ` + w.text(how.whole) +
		` FROM products WHERE sku_key = ANY ($1::text[]) ORDER BY sku_key`
	if how.lock {
		statement += ` FOR UPDATE`
	}
	keys := w.scratch.key()
	keys.reset()
	for _, f := range chunk {
		keys.add(w.record(f).Key)
	}
	rows, err := t.QueryContext(ctx, statement, keys.bytes())
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
		for !how.lock && n < len(chunk) && w.record(chunk[n]).Key < r.Key {
			n++ // it has gone
		}
		if n == len(chunk) || w.record(chunk[n]).Key != r.Key || !how.takeAsIs && chunk[n].version != r.Version {
			return nil, false, nil
		}
		if c := w.compare(chunk[n], &r, how.whole); c != nil {
			changes = append(changes, *c)
		}
	}
	return changes, n == len(chunk), rows.Err()
}

// text lists the columns of a product's text: those that no record changes are empty unless they are wanted.
func (w *batchWrite) text(whole bool) string {
	description, attributes := `''`, `'{}'::jsonb`
	if whole || w.columns.Description {
		description = `description`
	}
	if whole || len(w.columns.Attributes) > 0 {
		attributes = `attributes`
	}
	return description + `, ` + attributes
}

// compare finds the outcome of a record beside the row. It returns what becomes of a row that is to be changed, else nil.
func (w *batchWrite) compare(f found, r *row, whole bool) *changed {
	outcome := &w.result.Outcomes[w.sorted[f.rank]]
	before := r.product()
	after := w.columns.Apply(w.record(f), before)
	switch {
	case products.SameContent(before, after):
		*outcome = products.Unchanged
		return nil
	case whole && after.Outgrows(&before):
		*outcome = products.Refused
		return nil
	}
	*outcome = products.Updated
	after.Version++
	after.UpdatedAt = w.now
	return &changed{f, r.Key, after}
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
		if w.columns.Description {
			s.description().add(p.Description)
		}
		s.status.addBool(p.Status)
		if len(w.columns.Attributes) > 0 {
			a := s.attributes()
			start := a.open()
			a.buf = appendJSON(a.buf, p.Attributes)
			a.close(start)
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
	return err
}
