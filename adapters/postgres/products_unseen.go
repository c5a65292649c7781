package postgres

import (
	"context"
	"sync/atomic"

	"github.com/products-importer/products-importer/products"
)

// updateUnseen updates the products of records that the probe has not compared with them, where they differ: one
// statement for what would else be two. Most of them are expected to; of the others it finds out whether they are as
// their records want them. It returns false, and the round begins again with a whole probe, where one of them is new,
// since new ones are inserted before others are locked, or could become too large, or is far larger than those that the
// probe has seen while somebody asks what they were.
func (w *batchWriter) updateUnseen(ctx context.Context, t *transaction, p *probeResult) (bool, error) {
	rest := batchWriter{db: w.db, layout: w.layout, batch: w.batch, columns: w.columns, into: w.into,
		scratch: w.scratch}
	seen := int32(0)
	for _, f := range p.different {
		seen = max(seen, f.size)
	}
	for unseen := p.unseen; len(unseen) > 0; {
		n, places, err := w.updateDifferent(ctx, t, unseen, int(seen))
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
	found, err := rest.probe(ctx, t, false)
	if err != nil {
		return false, err
	}
	w.setOutcomes(found.same, products.Unchanged)
	if len(found.different) == 0 && (len(found.fresh) == 0 || w.batch.Mode == products.Existing) {
		w.setOutcomes(found.fresh, w.freshOutcome())
		return true, nil
	}
	w.db.products.leaving.missed()
	return false, nil
}

// updateDifferent updates the first of these records' products where they differ and can't become too large. It returns
// for how many it did, and the places from 1, of those that it changed, as a probe returns them. Seen is the size of
// the largest product that the probe has seen.
func (w *batchWriter) updateDifferent(ctx context.Context, t *transaction, ranks []int32, seen int) (n int,
	places []int64, err error) {
	s := w.scratch
	w.reset()
	w.bySKU = true
	atOnce := chunkRecords
	if w.differ != nil {
		atOnce = max(1, min(atOnce, beforeBytes/(2*seen)))
	}
	bytes, most := 0, 0
	for ; n < len(ranks) && n < atOnce && bytes < chunkBytes; n++ {
		r := &w.batch.Records[w.sorted[ranks[n]]]
		if err := w.addContent(r); err != nil {
			return 0, nil, err
		}
		s.sku.add(r.SKU)
		size := w.columns.Bytes(r)
		bytes, most = bytes+size, max(most, size)
	}
	largest := w.largest(most)
	if w.differ != nil {
		largest = min(largest, beforeBytes/n)
	}
	u := unnested{args: append(s.args[:0], w.now, largest)}
	u.add(&s.key, "key", "text")
	same, set := w.compared(&u)
	u.addPlaces(n)
	s.args = u.args
	update, conditions := w.updating(&u, set), w.layout.hasKey(w.shards, "x.key", u.key)+` AND (`+same+`) IS NOT TRUE
		AND `+w.layout.size+` <= $2::bigint`
	if w.differ != nil {
		b, err := w.readBefores(ctx, t, w.withBefores(update, conditions, w.layout.sizedPlace()), n, u.args)
		if err != nil {
			return 0, nil, err
		}
		defer b.forget()
		for i, rank := range ranks[:n] {
			if at := b.at[i]; at > 0 {
				if err := w.differ.written(ctx, rank, b, int(at-1)); err != nil {
					return 0, nil, err
				}
			}
		}
		return n, b.places, nil
	}
	var found string
	err = t.QueryRowContext(ctx, `WITH done AS (`+update+` WHERE `+conditions+` RETURNING `+w.layout.sizedPlace()+`
		AS place) SELECT coalesce(array_agg(place)::text, '{}') FROM done`, u.args...).Scan(&found)
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
