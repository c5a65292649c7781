package postgres

import (
	"context"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// readOwn reads the rows of records, as products, in the records' order. It locks them if it is told so. Rows that have
// gone are left out.
func (w *batchWriter) readOwn(ctx context.Context, t *transaction, chunk []match,
	lock bool) ([]products.Product, error) {
	all := make([]products.Product, 0, len(chunk))
	err := w.eachOwn(ctx, t, chunk, lock, func(_ int, p products.Product) { all = append(all, p) })
	return all, err
}

// eachOwn calls do with each row and the index of its match.
func (w *batchWriter) eachOwn(ctx context.Context, t *transaction, chunk []match, lock bool,
	do func(i int, p products.Product)) error {
	s, own, l := w.scratch, w.layout.own, w.layout
	w.reset()
	for _, f := range chunk {
		if err := w.addKey(w.record(f)); err != nil {
			return err
		}
	}
	u := w.unnested(nil)
	u.add(&s.key, "key", own.key.element)
	u.list.WriteString(", generate_series(1, " + strconv.Itoa(len(chunk)) + "::bigint) AS i")
	s.args = u.args
	list := "x.i, p." + own.key.name
	for i := range l.columns {
		list += ", p." + l.columns[i].name
	}
	statement := `SELECT ` + list + ` FROM ` + u.table() + ` JOIN ` + l.table.String() + ` p ON ` + w.matches() +
		` ORDER BY x.i`
	if lock {
		statement += ` FOR UPDATE OF p`
	}
	rows, err := t.raw.QueryContext(ctx, statement, u.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var place int
	values := make([]fieldValue, 1+len(l.columns))
	into := []any{&place, &values[0]}
	values[0].of = own.key.fieldType
	for i := range l.columns {
		values[i+1].of = l.columns[i].fieldType
		into = append(into, &values[i+1])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		p := products.Product{SKU: values[0].text, Fields: map[string]products.Value{}, Attributes: map[string]string{}}
		for i := range l.columns {
			p.Set(l.columns[i].field, values[i+1].text)
		}
		do(place-1, p)
	}
	return rows.Err()
}

// applied is what a record makes of a row.
func (w *batchWriter) applied(f match, before products.Product) products.Product {
	after := w.columns.Apply(w.record(f), before)
	for i := range w.into {
		if c := &w.into[i]; c.fixed {
			after.Set(c.field, before.Text(c.field))
		}
	}
	return after
}

// withoutGiants locks the rows and returns those that don't become too large; the records of the others are refused.
func (w *batchWriter) withoutGiants(ctx context.Context, t *transaction, chunk []match) (rest []match, err error) {
	err = w.eachOwn(ctx, t, chunk, !w.batch.DryRun, func(i int, before products.Product) {
		if after := w.applied(chunk[i], before); after.Outgrows(&before) {
			w.result.Outcomes[w.sorted[chunk[i].rank]] = products.Refused
		} else {
			rest = append(rest, chunk[i])
		}
	})
	return rest, err
}

// readBefore reads rows as they are before they are changed, by the ranks of their records, if somebody asks for them.
func (w *batchWriter) readBefore(ctx context.Context, t *transaction,
	chunk []match) (before map[int32]products.Product, err error) {
	if w.differ == nil {
		return nil, nil
	}
	before = make(map[int32]products.Product, len(chunk))
	err = w.eachOwn(ctx, t, chunk, !w.batch.DryRun, func(i int, p products.Product) { before[chunk[i].rank] = p })
	return before, err
}

// ownChanges returns what became of the rows of which it is known what they were.
func (w *batchWriter) ownChanges(chunk []match, before map[int32]products.Product) (changes []rowChange) {
	for _, f := range chunk {
		if was, known := before[f.rank]; known && w.result.Outcomes[w.sorted[f.rank]] == products.Updated {
			changes = append(changes, rowChange{f, was, w.applied(f, was)})
		}
	}
	return changes
}

// notifyCreated tells of the rows that were created, as they are now: with what the table filled in.
func (w *batchWriter) notifyCreated(ctx context.Context, t *transaction, parts *products.Parts) error {
	var created []match
	for rank, at := range w.sorted {
		if w.result.Outcomes[at] == products.Created {
			created = append(created, match{rank: int32(rank), size: int32(w.columns.Bytes(&w.batch.Records[at]))})
		}
	}
	for len(created) > 0 {
		chunk := w.chunk(created)
		created = created[len(chunk):]
		all, err := w.readOwn(ctx, t, chunk, false)
		if err != nil {
			return err
		}
		for i := range all {
			if err := parts.Created(ctx, all[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// dryRunOwn finds what the table refuses of what a probe found, as far as SELECTs show it.
func (w *batchWriter) dryRunOwn(ctx context.Context, t *transaction, p *probeResult) error {
	if w.batch.Mode != products.Existing {
		if _, err := w.leaveBroken(ctx, t, p.fresh, true); err != nil {
			return err
		}
	}
	for different := p.different; len(different) > 0; {
		chunk := w.chunk(different)
		different = different[len(chunk):]
		before, err := w.readBefore(ctx, t, chunk)
		if err != nil {
			return err
		}
		for _, f := range chunk {
			w.result.Outcomes[w.sorted[f.rank]] = products.Updated
		}
		rest := chunk
		if w.anyMayOutgrow(chunk) {
			if rest, err = w.withoutGiants(ctx, t, chunk); err != nil {
				return err
			}
		}
		if _, err := w.leaveBroken(ctx, t, w.placesOf(rest), false); err != nil {
			return err
		}
		if err := w.differ.updated(ctx, w.ownChanges(chunk, before)); err != nil {
			return err
		}
	}
	return w.differ.flush(ctx)
}
