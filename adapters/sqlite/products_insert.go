package sqlite

import (
	"context"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// inserter inserts records that are new.
type inserter struct {
	w        *batchWriter
	t        *transaction
	prepared *prepared
	args     []any
	waiting  []int32 // until they are enough for a statement
	last     int64   // an ID below which all are that were given before, -1 where it isn't known yet
	done     []inserted
}

// inserted is a record that was inserted.
type inserted struct {
	at int32
	id int64
}

func newInserter(w *batchWriter, t *transaction) *inserter {
	i := &inserter{w: w, t: t, last: -1}
	i.prepared = newPrepared(t, i.statement)
	return i
}

// statement inserts n records, except for those whose keys are there. The first parameter is the time.
func (i *inserter) statement(n int) string {
	c := i.w.columns
	columns, row := "created_at, updated_at, sku_key, sku", "(?1, ?1, ?, ?"
	if len(c.Attributes) > 0 {
		columns += ", attributes"
		row += ", ?"
	}
	for _, f := range c.Fields {
		columns += ", " + columnOf(f)
		row += ", ?"
	}
	return `INSERT INTO products (` + columns + `) VALUES ` + strings.TrimSuffix(strings.Repeat(row+"), ", n), ", ") +
		` ON CONFLICT (sku_key) DO NOTHING`
}

// exec runs the statement for some places, and returns how many of them were inserted.
func (i *inserter) exec(ctx context.Context, places []int32) (int, error) {
	c := i.w.columns
	i.args = append(i.args[:0], i.w.now.UnixMicro())
	for _, at := range places {
		r := i.w.record(at)
		i.args = append(i.args, r.Key, r.SKU)
		if len(c.Attributes) > 0 {
			attributes, err := attributesText(i.w.attributes(r))
			if err != nil {
				return 0, err
			}
			i.args = append(i.args, attributes)
		}
		for j, f := range c.Fields {
			value, err := stored(f, r.Values[j])
			if err != nil {
				return 0, err
			}
			i.args = append(i.args, value)
		}
	}
	statement, err := i.prepared.of(ctx, len(places)) //nolint:sqlclosecheck // it ends with its transaction
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(context.WithoutCancel(ctx), i.args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil || n < int64(len(places)) {
		return int(n), err
	}
	// All IDs of one statement follow each other.
	if i.last, err = result.LastInsertId(); err != nil {
		return 0, err
	}
	for k, at := range places {
		i.note(at, i.last-int64(len(places)-1-k))
	}
	return len(places), nil
}

// note notes what was inserted.
func (i *inserter) note(at int32, id int64) {
	i.w.result.Outcomes[at] = products.Created
	i.w.differ.inserted(at, id)
	if i.w.batch.Changed != nil {
		i.done = append(i.done, inserted{at, id})
	}
}

// tryAll inserts records that are probably new, and returns those that aren't.
func (i *inserter) tryAll(ctx context.Context, chunk []int32) (exist []int32, err error) {
	if i.last < 0 {
		if err := i.t.GetContext(ctx, &i.last, `SELECT coalesce(max(id), 0) FROM products`); err != nil {
			return nil, err
		}
	}
	n, err := i.exec(ctx, chunk)
	if err != nil || n == len(chunk) {
		return nil, err
	}
	rows, err := i.t.QueryxContext(ctx, `SELECT id, sku_key FROM products WHERE id > `+strconv.FormatInt(i.last, 10))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := make(map[string]int64, n)
	for rows.Next() {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return nil, err
		}
		ids[key] = id
		i.last = max(i.last, id)
	}
	for _, at := range chunk {
		if id, is := ids[i.w.record(at).Key]; is {
			i.note(at, id)
		} else {
			exist = append(exist, at)
		}
	}
	return exist, rows.Err()
}

// add inserts a record that is known to be new, sooner or later.
func (i *inserter) add(ctx context.Context, at int32) error {
	i.waiting = append(i.waiting, at)
	if len(i.waiting) < chunkRecords {
		return nil
	}
	return i.flush(ctx)
}

// flush inserts those that wait.
func (i *inserter) flush(ctx context.Context) error {
	for len(i.waiting) > 0 {
		chunk := i.w.chunk(i.waiting)
		if _, err := i.exec(ctx, chunk); err != nil {
			return err
		}
		i.waiting = i.waiting[len(chunk):]
	}
	return nil
}

// product returns what was made of a record.
func (i *inserter) product(one inserted) products.Product {
	p := i.w.columns.Apply(i.w.record(one.at), products.Product{})
	p.ID, p.Version, p.CreatedAt, p.UpdatedAt = one.id, 1, i.w.now, i.w.now
	return p
}
