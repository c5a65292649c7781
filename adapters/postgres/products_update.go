package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/products-importer/products-importer/products"
)

// A batch reads about readBytes of stored products at a time.
const readBytes = 2 << 20

// rowChange is a row that a record changes, as it was found, with the product that it becomes. before has only what was
// read.
type rowChange struct {
	match           match
	before, product products.Product
}

// update changes the products that differ, in the order of their keys. It returns false, and the round begins again,
// when one of them has gone or, unless takeAsIs, has been changed since the probe: the same transaction may have
// changed others of the batch, too, which the probe found unchanged.
//
// Where none can become too large, what the probe saw is enough, and no row is locked before it is written, since that
// would write to it once more: where somebody asks what they were, the UPDATE returns it, and for Batch.Changed they
// are read when all is written. On shards they are read before it. Else rows are locked, read and looked at again.
func (w *batchWriter) update(ctx context.Context, t *transaction, different []match, takeAsIs bool) (bool, error) {
	for len(different) > 0 {
		chunk := w.sendable(different)
		if w.shards != nil && w.differ == nil && w.guarded(different) {
			chunk = different // each shard gets a part of it
		}
		guarded := !takeAsIs && w.guarded(chunk)
		if !guarded || w.differ != nil {
			chunk = readableOf(chunk)
		}
		different = different[len(chunk):]
		var ok bool
		var err error
		switch {
		case !guarded:
			ok, err = w.updateRead(ctx, t, chunk, readOptions{whole: w.anyMayOutgrow(chunk), lock: true,
				takeAsIs: takeAsIs})
		case w.differ != nil && w.shards != nil:
			ok, err = w.updateRead(ctx, t, chunk, readOptions{})
		case w.differ != nil:
			ok, err = w.writeTelling(ctx, t, chunk)
		default:
			ok, err = w.write(ctx, t, chunk)
		}
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// guarded reports whether the versions of all matches are known, and none of their products can become too large.
func (w *batchWriter) guarded(chunk []match) bool {
	return !slices.ContainsFunc(chunk, func(f match) bool { return f.version == 0 || w.mayOutgrow(f) })
}

// updateRead reads rows, and writes those that are to be changed.
func (w *batchWriter) updateRead(ctx context.Context, t *transaction, chunk []match, how readOptions) (bool, error) {
	changes, ok, err := w.read(ctx, t, chunk, how)
	if err != nil || !ok {
		return false, err
	}
	rows := make([]match, len(changes))
	for i := range changes {
		rows[i] = changes[i].match
	}
	if ok, err := w.write(ctx, t, rows); err != nil || !ok {
		return false, err
	}
	return true, w.differ.updated(ctx, changes)
}

// write writes rows that still have the versions with which they were found, so that the records differ from them as
// they did then. It reports whether all had. The planner looks the keys up one after the other (joinByIndex), so rows
// are locked in their order.
func (w *batchWriter) write(ctx context.Context, t *transaction, rows []match) (all bool, err error) {
	if len(rows) == 0 {
		return true, nil
	}
	written := 0
	err = eachPiece(w.shards, rows, w.keyOfMatch, w.sendable, func(some []match) error {
		n, err := w.writeSome(ctx, t, some)
		written += n
		return err
	})
	if err != nil || written != len(rows) {
		return false, err
	}
	w.haveWritten(rows)
	return true, nil
}

// haveWritten notes that rows are written.
func (w *batchWriter) haveWritten(rows []match) {
	for _, f := range rows {
		w.result.Outcomes[w.sorted[f.rank]] = products.Updated
		w.noteUpdated(f)
	}
}

func (w *batchWriter) keyOfMatch(f match) string { return w.record(f).Key }

// writeSome writes some of them, and returns how many had the versions.
func (w *batchWriter) writeSome(ctx context.Context, t *transaction, rows []match) (n int, err error) {
	u, set, err := w.guardedRows(rows)
	if err != nil {
		return 0, err
	}
	done, err := t.ExecContext(ctx, w.updating(u, set)+` WHERE `+w.isGuarded(u), u.args...)
	if err != nil {
		return 0, err
	}
	affected, err := done.RowsAffected()
	return int(affected), err
}

// guardedRows makes the parameters of an UPDATE of these rows that looks at their versions, and returns what it sets.
func (w *batchWriter) guardedRows(rows []match) (u *unnested, set string, err error) {
	s := w.scratch
	w.reset()
	w.bySKU = true
	for _, f := range rows {
		r := w.record(f)
		if err := w.addContent(r); err != nil {
			return nil, "", err
		}
		s.sku.add(r.SKU)
		s.versions.addInt(f.version)
	}
	u = &unnested{args: append(s.args[:0], w.now), joinsTexts: w.shards != nil}
	u.add(&s.key, "key", "text")
	u.add(&s.versions, "version", "bigint")
	_, set = w.compared(u)
	s.args = u.args
	return u, set, nil
}

// isGuarded is the condition that a row p is that of a record x, and has the version with which it was found.
func (w *batchWriter) isGuarded(u *unnested) string {
	return w.layout.hasKey(w.shards, "x.key", u.key) + ` AND p.version = x.version`
}

// updating is an UPDATE of rows p by the parameters, of which the first is the time, but for its conditions.
func (w *batchWriter) updating(u *unnested, set string) string {
	return `UPDATE ` + w.layout.table.String() + ` AS p SET version = p.version + 1, updated_at = $1::timestamptz, ` +
		set + ` FROM ` + u.table()
}

// sendable returns the first of the matches, as many as may be written at once.
func (w *batchWriter) sendable(all []match) []match {
	n, bytes := 0, 0
	for ; n < len(all) && n < chunkRecords && bytes < chunkBytes; n++ {
		bytes += w.columns.Bytes(w.record(all[n]))
	}
	return all[:n]
}

// chunk returns the first of the matches, as many as may be both sent and read at once.
func (w *batchWriter) chunk(all []match) []match {
	return readableOf(w.sendable(all))
}

// readableOf returns the first of the matches, as many as may be read at once.
func readableOf(all []match) []match {
	n, stored := 0, 0
	for ; n < len(all) && stored < readBytes; n++ {
		stored += int(all[n].size)
	}
	return all[:n]
}

func (w *batchWriter) record(f match) *products.Record { return &w.batch.Records[w.sorted[f.rank]] }

// mayOutgrow reports whether the record could make the product too large. Whether it does, only the whole product
// shows.
func (w *batchWriter) mayOutgrow(f match) bool {
	// An attribute takes nine bytes at least in jsonb, and six in JSON.
	return w.columns.MayOutgrow(w.record(f), int(f.size)/6, int(f.size))
}

func (w *batchWriter) anyMayOutgrow(chunk []match) bool {
	return slices.ContainsFunc(chunk, w.mayOutgrow)
}

// readOptions says how rows are read.
type readOptions struct {
	whole    bool // with what no record changes too
	lock     bool
	takeAsIs bool // whatever their version
	// mayBeGone: rows that are not there are passed over.
	mayBeGone bool
}

// read reads a chunk of rows and finds the outcomes of their records. It returns those that are to be changed, and
// false when one has gone, or was changed since the probe.
func (w *batchWriter) read(ctx context.Context, t *transaction, chunk []match,
	how readOptions) (changes []rowChange, ok bool, err error) {
	ok = true
	err = eachShard(w.shards, chunk, w.keyOfMatch, func(some []match) error {
		if !ok {
			return nil
		}
		var more []rowChange
		more, ok, err = w.readSome(ctx, t, some, how)
		changes = append(changes, more...)
		return err
	})
	if w.shards != nil {
		slices.SortFunc(changes, func(a, b rowChange) int { return cmp.Compare(a.match.rank, b.match.rank) })
	}
	return changes, ok, err
}

// readSome is read for rows of one shard.
func (w *batchWriter) readSome(ctx context.Context, t *transaction, chunk []match,
	how readOptions) ([]rowChange, bool, error) {
	columns, withAttributes := w.into, how.whole || len(w.columns.Attributes) > 0
	if how.whole {
		columns = w.layout.columns
	}
	statement := `SELECT ` + w.layout.list(columns, nil, withAttributes) + w.layout.ofKeys(w.shards) + inOrder
	if how.lock {
		statement += ` FOR UPDATE OF p`
	}
	rows, err := t.QueryxContext(ctx, statement, w.keysOf(chunk))
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	reader := newRowReader(columns, withAttributes)
	var changes []rowChange
	n := 0
	for ; rows.Next(); n++ {
		r, err := reader.read(rows)
		if err != nil {
			return nil, false, err
		}
		for how.mayBeGone && n < len(chunk) && w.record(chunk[n]).Key < r.Key {
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

// compare finds the outcome of a record beside the row. It returns what becomes of a row that is to be changed, else
// nil.
func (w *batchWriter) compare(f match, r *row, whole bool) *rowChange {
	outcome := &w.result.Outcomes[w.sorted[f.rank]]
	before := &r.Product
	after := w.columns.Apply(w.record(f), *before)
	switch {
	case f.version != before.Version && products.SameContent(*before, after): // else it differs, as the probe saw
		*outcome = products.Unchanged
		return nil
	case whole && after.Outgrows(before):
		*outcome = products.Refused
		return nil
	}
	*outcome = products.Updated
	after.Version++
	after.UpdatedAt = w.now
	f.version = before.Version
	return &rowChange{f, *before, after}
}
