package postgres

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// beforeBytes bounds what an UPDATE of rows that nobody has looked at returns of them as they were.
const beforeBytes = 8 << 20

// befores are rows as they were before an UPDATE, as far as it changed them: what a differ is told of. Nothing is read
// before the UPDATE, and what stays as it is comes from the record.
type befores struct {
	places        []int64 // of the rows' records in the statement from 1, as an UPDATE returns them
	ids, versions []int64
	// texts are the SKU of each row, the fields of Columns.Fields and the attributes, as the server prints them, and
	// leftAlone for what wasn't changed.
	texts []string
	width int // texts of a row
	// at has where the row of a record is, counted from 1, by its place in the statement.
	at []int32
}

// leftAlone is no text of the server's, which never has a zero byte.
const leftAlone = "\x00"

// withBefores makes a statement of an UPDATE, without a WHERE, that returns places, of rows p for records x. It changes
// the rows for which the conditions hold, and that are as they were when the statement began, and returns what befores
// read. Rows are joined with themselves, since PostgreSQL returns what a row was from version 18 on alone. The planner
// would expect a row in each partition for each key: LIMIT says that there is one.
func (w *batchWriter) withBefores(update, conditions, place string) string {
	returned := []string{place, `o.id`, `o.version`, `CASE WHEN p.sku <> o.sku THEN o.sku END`}
	changed := func(column string) {
		returned = append(returned, `CASE WHEN p.`+column+` IS DISTINCT FROM o.`+column+` THEN coalesce(o.`+column+
			`::text, '') END`)
	}
	for i := range w.into {
		changed(w.into[i].name)
	}
	if len(w.columns.Attributes) > 0 {
		changed("attributes")
	}
	names := make([]string, len(returned))
	sent := make([]string, len(returned))
	for i := range returned {
		names[i] = "b" + strconv.Itoa(i)
		sent[i] = `array_send(array_agg(` + names[i] + `))`
	}
	return `WITH done (` + strings.Join(names, ", ") + `) AS (` + update + ` CROSS JOIN LATERAL (SELECT * FROM ` +
		w.layout.table.String() + ` AS o WHERE o.` + w.layout.key + ` = x.key LIMIT 1) AS o WHERE ` + conditions +
		` AND o.version = p.version RETURNING ` +
		strings.Join(returned, ", ") + `) SELECT ` + strings.Join(sent, ", ") + ` FROM done`
}

// writeTelling is write, of rows that aren't on shards, and tells the differ of them.
func (w *batchWriter) writeTelling(ctx context.Context, t *transaction, rows []match) (bool, error) {
	u, set, err := w.guardedRows(rows)
	if err != nil {
		return false, err
	}
	u.addPlaces(len(rows))
	b, err := w.readBefores(ctx, t, w.withBefores(w.updating(u, set), w.isGuarded(u), "x.i"), len(rows), u.args)
	if err != nil {
		return false, err
	}
	defer b.forget()
	if len(b.places) != len(rows) {
		return false, nil
	}
	for i, f := range rows {
		if err := w.differ.written(ctx, f.rank, b, int(b.at[i]-1)); err != nil {
			return false, err
		}
	}
	w.haveWritten(rows)
	return true, nil
}

// readBefores runs a statement of withBefores for n records.
func (w *batchWriter) readBefores(ctx context.Context, t *transaction, statement string, n int,
	args []any) (*befores, error) {
	if !t.byIndex { // somebody else's statements came in between
		if err := t.joinByIndex(ctx, w.layout.table); err != nil {
			return nil, err
		}
	}
	b := &w.scratch.befores
	arrays := make([][]byte, 4+len(w.into), 5+len(w.into))
	if len(w.columns.Attributes) > 0 {
		arrays = arrays[:5+len(w.into)]
	}
	into := make([]any, len(arrays))
	for i := range arrays {
		into[i] = &arrays[i]
	}
	err := t.inBinary(ctx, statement, func(rows *sql.Rows) error { return rows.Scan(into...) }, args...)
	if err != nil {
		return nil, err
	}
	b.places = appendInts(b.places[:0], arrays[0])
	b.ids = appendInts(b.ids[:0], arrays[1])
	b.versions = appendInts(b.versions[:0], arrays[2])
	b.width = len(arrays) - 3
	b.texts = append(b.texts[:0], make([]string, len(b.places)*b.width)...)
	for column, array := range arrays[3:] {
		e := elements{string(array)}
		e.begin()
		for i := range b.places {
			b.texts[i*b.width+column] = e.next()
		}
	}
	b.at = append(b.at[:0], make([]int32, n)...)
	for i, place := range b.places {
		b.at[place&(1<<placeBits-1)-1] = int32(i + 1)
	}
	return b, nil
}

// forget lets go of the texts.
func (b *befores) forget() { clear(b.texts) }

// elements reads the elements of an array in the binary format.
type elements struct{ rest string }

// begin passes over the header. An array without elements has a shorter one, and there may be none.
func (e *elements) begin() { e.rest = e.rest[min(arrayHeader, len(e.rest)):] }

// next returns the next element, leftAlone for null.
func (e *elements) next() string {
	size := binary.BigEndian.Uint32([]byte(e.rest[:4]))
	e.rest = e.rest[4:]
	if size == null {
		return leftAlone
	}
	element := e.rest[:size]
	e.rest = e.rest[size:]
	return element
}

// appendInts appends the elements of an array of bigint in the binary format.
func appendInts(to []int64, array []byte) []int64 {
	const size = 4 + 8
	for rest := array[min(arrayHeader, len(array)):]; len(rest) > 0; rest = rest[size:] {
		to = append(to, int64(binary.BigEndian.Uint64(rest[4:size])))
	}
	return to
}

// written tells of the row of a record that was updated, the one with this index in b, and of what was created before.
func (d *differ) written(ctx context.Context, rank int32, b *befores, row int) error {
	if err := d.createdBefore(ctx, int(rank)); err != nil {
		return err
	}
	r := &d.w.batch.Records[d.w.sorted[rank]]
	d.after = d.w.columns.Create(r)
	d.after.ID, d.after.Version = b.ids[row], b.versions[row]+1
	d.before = d.after
	d.before.Version--
	d.after.UpdatedAt = d.w.now
	if err := d.setBefore(r, b.texts[row*b.width:(row+1)*b.width]); err != nil {
		return err
	}
	if err := d.parts.Add(ctx, products.Difference{Key: r.Key, Before: &d.before, After: &d.after}); err != nil {
		return callbackError{err}
	}
	return nil
}

// setBefore makes the product before of one that has what the record sets, by what it was.
func (d *differ) setBefore(r *products.Record, texts []string) (err error) {
	if texts[0] != leftAlone {
		d.before.SKU = texts[0]
	}
	shared := true // the map of fields
	for i := range d.w.into {
		c, text := &d.w.into[i], texts[i+1]
		if text == leftAlone {
			continue
		}
		if c.printed != nil {
			if text, err = c.printed(text); err != nil {
				return err
			}
		}
		if shared && !c.field.Builtin() {
			d.before.Fields, shared = maps.Clone(d.after.Fields), false
		}
		d.before.Set(c.field, text)
	}
	if n := len(d.w.into) + 1; n < len(texts) && texts[n] != leftAlone {
		d.before.Attributes = nil
		if err := json.Unmarshal([]byte(texts[n]), &d.before.Attributes); err != nil {
			return err
		}
		d.after.Attributes = d.w.columns.Apply(r, d.before).Attributes
	}
	return nil
}
