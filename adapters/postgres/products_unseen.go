package postgres

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/products-importer/products-importer/products"
)

// updateUnseen updates the products of records of these ranks, which the probe has not compared with them, where they
// differ: one statement for what would else be two. Most of them are expected to; of the others it finds out whether
// they are as their records want them. It returns false, and the round begins again with a whole probe, where one of
// them is new, since new ones are inserted before others are locked, or could become too large.
func (w *batchWriter) updateUnseen(ctx context.Context, t *transaction, unseen []int32) (bool, error) {
	rest := batchWriter{db: w.db, layout: w.layout, batch: w.batch, columns: w.columns, into: w.into,
		scratch: w.scratch}
	for len(unseen) > 0 {
		n, places, err := w.updateDifferent(ctx, t, unseen)
		if err != nil {
			return false, err
		}
		updated := make([]bool, n)
		for _, place := range places {
			i := place&(1<<placeBits-1) - 1
			updated[i] = true
			w.result.Outcomes[w.sorted[unseen[i]]] = products.Updated
			w.noteUpdated(match{rank: unseen[i], size: sizeOf(place)})
		}
		for i, rank := range unseen[:n] {
			if !updated[i] {
				rest.sorted = append(rest.sorted, w.sorted[rank])
			}
		}
		unseen = unseen[n:]
	}
	if len(rest.sorted) == 0 {
		return true, nil
	}
	p, err := rest.probe(ctx, t, false)
	if err != nil {
		return false, err
	}
	w.setOutcomes(p.same, products.Unchanged)
	if len(p.different) == 0 && (len(p.fresh) == 0 || w.batch.Mode == products.Existing) {
		w.setOutcomes(p.fresh, w.freshOutcome())
		return true, nil
	}
	w.db.products.leaving.missed()
	return false, nil
}

// updateDifferent updates the first of these records' products where they differ and can't become too large. It returns
// for how many it did, and the places from 1, of those that it changed, as a probe returns them.
func (w *batchWriter) updateDifferent(ctx context.Context, t *transaction, ranks []int32) (n int, places []int64,
	err error) {
	s := w.scratch
	w.reset()
	w.bySKU = true
	bytes, most := 0, 0
	for ; n < len(ranks) && n < chunkRecords && bytes < chunkBytes; n++ {
		r := &w.batch.Records[w.sorted[ranks[n]]]
		if err := w.addContent(r); err != nil {
			return 0, nil, err
		}
		s.sku.add(r.SKU)
		size := w.columns.Bytes(r)
		bytes, most = bytes+size, max(most, size)
	}
	u := unnested{args: append(s.args[:0], w.now, w.largest(most))}
	u.add(&s.key, "key", "text")
	same, set := w.compared(&u)
	u.list.WriteString(", generate_series(1, " + strconv.Itoa(n) + "::bigint) AS i")
	s.args = u.args
	var found string
	err = t.QueryRowContext(ctx, `WITH done AS (UPDATE `+w.layout.table.String()+` AS p SET version = p.version + 1,
			updated_at = $1::timestamptz, `+set+` FROM `+u.table()+` WHERE p.`+w.layout.key+` = x.key
			AND (`+same+`) IS NOT TRUE AND `+w.layout.size+` <= $2::bigint RETURNING `+w.layout.sizedPlace()+` AS place)
		SELECT coalesce(array_agg(place)::text, '{}') FROM done`, u.args...).Scan(&found)
	if err != nil {
		return 0, nil, err
	}
	s.ints, err = parseInts(s.ints[:0], found)
	return n, s.ints, err
}

// largest is the size of a stored product that can't outgrow its bounds by a record of so many bytes: see mayOutgrow.
func (w *batchWriter) largest(bytes int) int {
	largest := products.MaxBytes - bytes
	if n := len(w.columns.Attributes); n > 0 {
		largest = min(largest, 6*(products.MaxAttributes-n))
	}
	return largest
}

// leaving says whether a probe may leave records to updateUnseen.
type leaving struct{ not atomic.Int32 }

// pauseLeaving is for how many batches none is left after a record turned out to be new: what had been written until
// then is thrown away.
const pauseLeaving = 16

func (l *leaving) may() bool {
	return l.not.Load() <= 0 || l.not.Add(-1) < 0
}

func (l *leaving) missed() { l.not.Store(pauseLeaving) }
