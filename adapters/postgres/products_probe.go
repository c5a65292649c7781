package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// A probe sends at most so many records, and about so many bytes of text, in one statement. This bounds memory on both
// sides.
const (
	chunkRecords = 5_000
	chunkBytes   = 1 << 20
)

// match is a record, sorted[rank], whose product exists.
type match struct {
	rank    int32
	size    int32 // an upper bound of the product's bytes but for its SKU
	version int64 // the product's when it was found, 0 where that isn't known
}

// placeBits is how many bits of a place that a probe returns are the place. Those above it are the size, in KiB.
const placeBits = 20

// sizeOf is the size in a place that a probe returns.
func sizeOf(place int64) int32 { return int32(min((place>>placeBits+1)<<10, math.MaxInt32)) }

// sizedPlace is a place x.i with the size of the product p.
func (l *layout) sizedPlace() string {
	return "x.i + ((" + l.size + " / 1024)::bigint << " + strconv.Itoa(placeBits) + ")"
}

// probeResult is what a probe found, everything ascending by key.
type probeResult struct {
	fresh     []int32 // places of the records that are new
	different []match
	same      []int32 // places; in mode Ignore all that exist
	// unseen are ranks, behind those that differ, of records that nobody has compared with their products: see
	// updateUnseen.
	unseen []int32
}

// probe finds out which records exist and, but for mode Ignore, which of those differ. It locks nothing. Where
// mayLeave, it leaves comparing to updateUnseen once most of the products that exist have turned out to differ, and as
// long as none is new, looking for them as well.
func (w *batchWriter) probe(ctx context.Context, t *transaction, mayLeave bool) (*probeResult, error) {
	if err := t.joinByIndex(ctx, w.layout.table); err != nil {
		return nil, err
	}
	result := &probeResult{}
	w.byKey = w.batch.Mode == products.Ignore
	all := w.scratch.ranks[:0]
	for rank := range w.sorted {
		all = append(all, int32(rank))
	}
	w.scratch.ranks = all
	for from := 0; from < len(w.sorted); {
		if mayLeave && len(result.different) > 3*len(result.same) {
			if len(result.fresh) == 0 {
				for ; from < len(w.sorted); from++ {
					result.unseen = append(result.unseen, int32(from))
				}
				break
			}
			w.byKey = true
		}
		ranks := all[from:]
		if w.shards == nil {
			ranks = w.probeable(ranks)
		}
		// Of the records that aren't as they want them: how they were found, by their places behind from.
		unlike := slices.Grow(w.scratch.unlike[:0], len(ranks))[:len(ranks)]
		clear(unlike)
		w.scratch.unlike = unlike
		err := eachPiece(w.shards, ranks, w.keyOf, w.probeable, func(some []int32) error {
			return w.probeSome(ctx, t, some, unlike, from)
		})
		if err != nil {
			return nil, err
		}
		w.sortOut(result, from, unlike)
		from += len(ranks)
	}
	return result, nil
}

// keyOf is the key of the record of a rank.
func (w *batchWriter) keyOf(rank int32) string { return w.batch.Records[w.sorted[rank]].Key }

// probeable returns the first of the ranks, as many as may be probed at once.
func (w *batchWriter) probeable(ranks []int32) []int32 {
	n, bytes := 0, 0
	for ; n < len(ranks) && n < chunkRecords && bytes < chunkBytes; n++ {
		bytes += w.columns.Bytes(&w.batch.Records[w.sorted[ranks[n]]])
	}
	return ranks[:n]
}

// found is what a probe found for a record whose product isn't as the record wants it: place is negative where there is
// no product; else it has the product's size, see sizeOf.
type found struct{ place, version int64 }

// probeSome probes the records of some ranks, and puts what it finds at their places behind from. The places that it
// gets count from 1.
func (w *batchWriter) probeSome(ctx context.Context, t *transaction, ranks []int32, unlike []found, from int) error {
	if err := w.fillContent(ranks); err != nil {
		return err
	}
	var places, versions string
	statement := w.probeStatement()
	err := w.asIs(t).QueryRowContext(ctx, statement, w.scratch.args...).Scan(&places, &versions)
	if err != nil {
		return err
	}
	if w.scratch.ints, err = parseInts(w.scratch.ints[:0], places); err != nil {
		return err
	}
	n := len(w.scratch.ints)
	if w.scratch.ints, err = parseInts(w.scratch.ints, versions); err != nil {
		return err
	}
	for i, place := range w.scratch.ints[:n] {
		at := -place
		if place > 0 {
			at = place & (1<<placeBits - 1)
		}
		unlike[int(ranks[at-1])-from] = found{place, w.scratch.ints[n+i]}
	}
	return nil
}

// sortOut adds to the result what was found for the records of the ranks from one on.
func (w *batchWriter) sortOut(result *probeResult, from int, unlike []found) {
	for i, one := range unlike {
		switch at := w.sorted[from+i]; {
		case one.place == 0 && w.byKey && w.batch.Mode != products.Ignore:
			result.unseen = append(result.unseen, int32(from+i))
		case one.place == 0:
			result.same = append(result.same, at)
		case one.place < 0:
			result.fresh = append(result.fresh, at)
		default:
			result.different = append(result.different, match{int32(from + i), sizeOf(one.place), one.version})
		}
	}
}

// fillContent makes the parameters of a probe out of the records of these ranks.
func (w *batchWriter) fillContent(ranks []int32) error {
	s := w.scratch
	w.reset()
	w.bySKU = false
	for _, rank := range ranks {
		r := &w.batch.Records[w.sorted[rank]]
		if w.byKey {
			if err := w.addKey(r); err != nil {
				return err
			}
			continue
		}
		w.bySKU = w.bySKU || r.SKU != r.Key && w.layout.own == nil
		if err := w.addContent(r); err != nil {
			return err
		}
	}
	if w.bySKU { // else the key, which is sent anyway, is the SKU
		for _, rank := range ranks {
			s.sku.add(w.batch.Records[w.sorted[rank]].SKU)
		}
	}
	return nil
}

// reset empties the arrays of the parameters.
func (w *batchWriter) reset() {
	w.scratch.reset(w.into)
	if own := w.layout.own; own != nil {
		w.scratch.key.oid = own.key.oid
	}
}

// addKey adds what the record's row is found by.
func (w *batchWriter) addKey(r *products.Record) error {
	own := w.layout.own
	if own == nil {
		w.scratch.key.add(r.Key)
		return nil
	}
	if err := own.key.add(&w.scratch.key, r.SKU); err != nil {
		return fmt.Errorf("postgres: the key can't have the value %q: %w", products.Shorten(r.SKU), err)
	}
	return nil
}

// addContent adds a record's key, and its values as products that exist get them: null where it leaves one as it is.
func (w *batchWriter) addContent(r *products.Record) error {
	s := w.scratch
	if err := w.addKey(r); err != nil {
		return err
	}
	for i := range w.into {
		if !w.columns.Sets(r, i) {
			s.fields[i].addNull()
		} else if err := s.addField(i, &w.into[i], r.Values[i]); err != nil {
			return err
		}
	}
	if len(w.columns.Attributes) > 0 {
		start := s.attributes.open()
		s.attributes.buf = w.appendAttributes(s.attributes.buf, r)
		s.attributes.close(start)
	}
	return nil
}

// addAttributes adds the parameters of the attributes, and returns those that a product gets by its record, as
// Columns.Apply would make them: without the columns' attributes, then with those that have a value.
func (w *batchWriter) addAttributes(u *unnested) string {
	s := w.scratch
	for _, name := range w.columns.Attributes {
		s.names.add(name)
	}
	u.add(&s.attributes, "attributes", "text")
	u.args = append(u.args, s.names.bytes())
	return "(p.attributes - $" + strconv.Itoa(len(u.args)) + "::text[]) || x.attributes::jsonb"
}

// probeStatement returns the statement for the parameters that fillContent has made, and completes them.
func (w *batchWriter) probeStatement() string {
	s := w.scratch
	if w.layout.own != nil {
		return w.ownProbe()
	}
	u := unnested{args: s.args[:0], joinsTexts: w.shards != nil}
	u.add(&s.key, "key", "text")
	// By key alone the index answers: the rows aren't read where they are visible to all.
	place, version, unlike := "-x.i", "0", "p."+w.layout.key+" IS NULL"
	if !w.byKey {
		place = "CASE WHEN p.version IS NULL THEN -x.i ELSE " + w.layout.sizedPlace() + " END"
		version = "coalesce(p.version, 0)"
		same, _ := w.compared(&u)
		unlike = "(" + same + ") IS NOT TRUE"
	}
	u.addPlaces(int(s.key.n))
	s.args = u.args
	return `SELECT coalesce(array_agg(` + place + `)::text, '{}'), coalesce(array_agg(` + version + `)::text, '{}')
		FROM ` + u.table() + ` LEFT JOIN ` + w.layout.table.String() + ` p ON ` +
		w.layout.hasKey(w.shards, "x.key", u.key) + ` WHERE ` + unlike
}

// compared adds the parameters to compare a product with a record. The condition same holds where it is as the record
// wants it; set makes it so.
func (w *batchWriter) compared(u *unnested) (same, set string) {
	s := w.scratch
	sku := "x.key"
	if w.bySKU {
		u.add(&s.sku, "sku", "text")
		sku = "x.sku"
	}
	same, set = "p.sku = "+sku, "sku = "+sku
	for i := range w.into {
		element := u.addField(&s.fields[i], &w.into[i])
		same += " AND " + w.into[i].same(element)
		set += ", " + w.into[i].set(element)
	}
	if len(w.columns.Attributes) > 0 {
		attributes := w.addAttributes(u)
		same += " AND p.attributes = " + attributes
		set += ", attributes = " + attributes
	}
	return same, set
}
