package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// errLeftOut: the table took fewer rows than it was given, without an error.
var errLeftOut = errors.New("postgres: the table left rows out")

// errAgain: others have written some of the rows meanwhile, so the round begins again.
var errAgain = errors.New("postgres: others have written the same rows")

// ownRound is round for a table of somebody else's. Once the table has refused something, the batch is written with
// care: what can be found out before is left out, and the rest is written in parts that can be rolled back.
//
// There are no versions: a row is written where it still differs from its record. That is as if the batch that changed
// it since had been committed before this one began.
func (w *batchWriter) ownRound(ctx context.Context, t *transaction, round int) (bool, error) {
	own := w.layout.own
	if round == 0 {
		w.careful = w.careful || own.refused.Load()
		if _, err := t.raw.ExecContext(ctx, `SET CONSTRAINTS ALL IMMEDIATE`); err != nil {
			return false, err
		}
	}
	p, err := w.beginRound(ctx, t, round)
	if err != nil {
		return false, err
	}
	if err = w.writeFresh(ctx, t, p.fresh); err == nil {
		err = w.writeDifferent(ctx, t, p.different)
	}
	switch {
	case err == nil:
		own.refused.Store(len(w.result.Reasons) > 0)
		return true, w.differ.flush(ctx)
	case errors.Is(err, errAgain):
		// What never becomes right is not the work of others.
		w.careful = w.careful || round >= strictRounds
		return false, nil
	case !w.careful && (refusable(err) || errors.Is(err, errLeftOut)):
		w.careful = true
		return false, nil
	}
	return false, err
}

// writeFresh inserts the records that are new.
func (w *batchWriter) writeFresh(ctx context.Context, t *transaction, fresh []int32) error {
	if len(fresh) == 0 || w.batch.Mode == products.Existing {
		return nil
	}
	if !w.careful {
		return w.insertOwn(ctx, t, fresh)
	}
	fresh, err := w.leaveBroken(ctx, t, fresh, true)
	if err != nil {
		return err
	}
	return w.inParts(ctx, t, len(fresh), func(from, to int) error { return w.insertOwn(ctx, t, fresh[from:to]) },
		func(i int, err error) error { return w.refuse(ctx, t, fresh[i], err) })
}

// writeDifferent changes the rows that differ.
func (w *batchWriter) writeDifferent(ctx context.Context, t *transaction, different []match) error {
	for len(different) > 0 {
		chunk := w.chunk(different)
		different = different[len(chunk):]
		before, err := w.readBefore(ctx, t, chunk)
		if err != nil {
			return err
		}
		if w.careful {
			err = w.updateWithCare(ctx, t, chunk)
		} else {
			err = w.updateOwn(ctx, t, chunk)
		}
		if err == nil {
			err = w.differ.updated(ctx, w.ownChanges(chunk, before))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// updateWithCare changes rows, and leaves out what the table refuses.
func (w *batchWriter) updateWithCare(ctx context.Context, t *transaction, chunk []match) error {
	places, err := w.leaveBroken(ctx, t, w.placesOf(chunk), false)
	if err != nil {
		return err
	}
	if len(places) < len(chunk) {
		chunk = w.without(chunk)
	}
	kept := len(w.reread)
	err = w.inParts(ctx, t, len(chunk), func(from, to int) error {
		w.reread = w.reread[:kept]
		err := w.updateOwn(ctx, t, chunk[from:to])
		if err == nil {
			kept = len(w.reread)
		}
		return err
	}, func(i int, err error) error { return w.refuse(ctx, t, w.sorted[chunk[i].rank], err) })
	w.reread = w.reread[:kept]
	return err
}

func (w *batchWriter) placesOf(chunk []match) []int32 {
	places := make([]int32, len(chunk))
	for i, f := range chunk {
		places[i] = w.sorted[f.rank]
	}
	return places
}

// without returns the matches whose records aren't refused.
func (w *batchWriter) without(chunk []match) (rest []match) {
	for _, f := range chunk {
		if _, refused := w.result.Reasons[int(w.sorted[f.rank])]; !refused {
			rest = append(rest, f)
		}
	}
	return rest
}

// insertOwn inserts records by COPY. Rows that get the defaults of other columns than those before go by another COPY,
// since that takes a column for all of its rows or for none.
func (w *batchWriter) insertOwn(ctx context.Context, t *transaction, places []int32) error {
	if !slices.ContainsFunc(w.into, func(c column) bool { return c.defaults }) {
		return w.copyOwn(ctx, t, places, w.setIn(-1))
	}
	var order []string
	groups := map[string][]int32{}
	for _, at := range places {
		var unset []byte
		for i := range w.into {
			if w.into[i].defaults && !w.columns.Sets(&w.batch.Records[at], i) {
				unset = strconv.AppendInt(append(unset, ','), int64(i), 10)
			}
		}
		if groups[string(unset)] == nil {
			order = append(order, string(unset))
		}
		groups[string(unset)] = append(groups[string(unset)], at)
	}
	for _, unset := range order {
		if err := w.copyOwn(ctx, t, groups[unset], w.setIn(groups[unset][0])); err != nil {
			return err
		}
	}
	return nil
}

// setIn returns the indexes in w.into of the columns that the new row of a record doesn't leave to their defaults, or
// of all for none.
func (w *batchWriter) setIn(at int32) (set []int) {
	for i := range w.into {
		if at < 0 || !w.into[i].defaults || w.columns.Sets(&w.batch.Records[at], i) {
			set = append(set, i)
		}
	}
	return set
}

// copyOwn inserts records by a COPY that has the columns at these indexes in w.into.
func (w *batchWriter) copyOwn(ctx context.Context, t *transaction, places []int32, set []int) error {
	own := w.layout.own
	into := []string{own.key.raw}
	for _, i := range set {
		into = append(into, w.into[i].raw)
	}
	for i := range own.constants {
		into = append(into, own.constants[i].raw)
	}
	for _, c := range w.blanks() {
		into = append(into, c.raw)
	}
	for i := range own.touch {
		into = append(into, own.touch[i].raw)
	}
	var taken int64
	var failure error
	err := t.conn.Raw(func(raw any) error {
		taken, failure = w.copyRows(ctx, raw, w.layout.table.copyIn(into...), len(places), w.ownRows(places, set))
		return nil // see copyNew
	})
	switch {
	case err != nil:
		return err
	case w.isKeyConflict(failure):
		return errAgain
	case failure != nil:
		return failure
	case taken != int64(len(places)):
		return errLeftOut
	}
	return nil
}

// blanks returns the columns that a new row must have, and gets as empty texts.
func (w *batchWriter) blanks() (blanks []column) {
	for _, c := range w.layout.columns {
		if c.blank && !slices.ContainsFunc(w.into, func(set column) bool { return set.raw == c.raw }) {
			blanks = append(blanks, c)
		}
	}
	return blanks
}

// isKeyConflict reports whether a row has the key of a record that was to be new.
func (w *batchWriter) isKeyConflict(err error) bool {
	e := pq.As(err, uniqueViolation)
	return e != nil && w.layout.own.keyIndexes[e.Constraint]
}

// ownRows returns what appends the nth row in COPY's text format.
func (w *batchWriter) ownRows(places []int32, set []int) func(buf []byte, n int) []byte {
	own := w.layout.own
	var ending []byte // the same for all rows
	for i := range own.constants {
		c := &own.constants[i]
		ending = w.appendCopyField(append(ending, '\t'), &c.column, c.text)
	}
	for range w.blanks() {
		ending = append(ending, '\t')
	}
	for range own.touch {
		ending = append(append(ending, '\t'), w.now.Format("2006-01-02T15:04:05.999999Z")...)
	}
	return func(buf []byte, n int) []byte {
		r := &w.batch.Records[places[n]]
		buf = w.appendCopyField(buf, &own.key, r.SKU)
		for _, i := range set {
			buf = w.appendCopyField(append(buf, '\t'), &w.into[i], w.fresh(r, i))
		}
		return append(buf, ending...)
	}
}

// updateOwn changes rows that differ from their records.
func (w *batchWriter) updateOwn(ctx context.Context, t *transaction, chunk []match) error {
	if w.anyMayOutgrow(chunk) {
		var err error
		if chunk, err = w.withoutGiants(ctx, t, chunk); err != nil {
			return err
		}
	}
	if len(chunk) == 0 {
		return nil
	}
	s, own := w.scratch, w.layout.own
	var first []any
	if len(own.touch) > 0 {
		first = append(first, w.now)
	}
	u := w.unnested(first)
	if err := w.addAll(chunk); err != nil {
		return err
	}
	set, same := w.ownSame(&u)
	for _, c := range own.touch {
		set = append(set, c.name+" = $1::timestamptz")
	}
	s.args = u.args
	done, err := t.raw.ExecContext(ctx, `UPDATE `+w.layout.table.String()+` AS p SET `+strings.Join(set, ", ")+` FROM `+
		u.table()+` WHERE `+w.matches()+` AND (`+same+`) IS NOT TRUE`, u.args...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	switch {
	case err != nil:
		return err
	case n != int64(len(chunk)) && w.careful:
		return errLeftOut
	case n != int64(len(chunk)):
		return errAgain
	}
	for _, f := range chunk {
		w.result.Outcomes[w.sorted[f.rank]] = products.Updated
		if w.batch.Changed != nil {
			f.size += int32(w.columns.Bytes(w.record(f)))
			w.reread = append(w.reread, f)
		}
	}
	return nil
}

// addAll makes the parameters for records whose rows exist.
func (w *batchWriter) addAll(chunk []match) error {
	w.reset()
	for _, f := range chunk {
		if err := w.addContent(w.record(f)); err != nil {
			return err
		}
	}
	return nil
}

// ownSame adds the parameters, and returns what an UPDATE sets and the condition that there is nothing to change.
func (w *batchWriter) ownSame(u *unnested) (set []string, same string) {
	s, own := w.scratch, w.layout.own
	u.add(&s.key, "key", own.key.element)
	same = "true"
	if own.respell {
		set = append(set, own.key.set("x.key"))
		same = own.key.same("x.key")
	}
	for i := range w.into {
		c := &w.into[i]
		if element := u.addField(&s.fields[i], c); !c.fixed {
			set = append(set, c.set(element))
			same += " AND " + c.same(element)
		}
	}
	return set, same
}

// ownProbe returns the statement of a probe: see probeStatement.
func (w *batchWriter) ownProbe() string {
	u := w.unnested(nil)
	s, key := w.scratch, "p."+w.layout.own.key.name
	place, unlike := "-x.i", key+" IS NULL"
	if w.batch.Mode == products.Ignore {
		u.add(&s.key, "key", w.layout.own.key.element)
	} else {
		_, same := w.ownSame(&u)
		place = "CASE WHEN " + unlike + " THEN -x.i ELSE x.i + ((" + w.layout.size + " / 1024)::bigint << " +
			strconv.Itoa(placeBits) + ") END"
		unlike += " OR (" + same + ") IS NOT TRUE"
	}
	u.addPlaces(int(s.key.n))
	s.args = u.args
	return `SELECT coalesce(array_agg(` + place + `)::text, '{}'), coalesce(array_agg(0)::text, '{}') FROM ` + u.table() +
		` LEFT JOIN ` + w.layout.table.String() + ` p ON ` + w.matches() + ` WHERE ` + unlike
}

// unnested returns the parameters of a statement for the table, with these before them.
func (w *batchWriter) unnested(first []any) unnested {
	return unnested{args: append(w.scratch.args[:0], first...), joins: w.db.foreign && !w.db.binary}
}

// matches is the condition that a row p is that of a record x.
func (w *batchWriter) matches() string {
	own := w.layout.own
	return lookedUp("p."+own.key.name, own.key.value("x.key")) + own.where
}

// asIs runs statements in the transaction: those for a table of somebody else's as they are, since what looks like a
// name of ours there is none.
func (w *batchWriter) asIs(t *transaction) rawStatements {
	if w.layout.own != nil {
		return t.raw
	}
	return t.statements
}
