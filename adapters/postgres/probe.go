package postgres

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// A probe sends so many records, or about so many bytes of text, in one statement: it bounds memory on both sides.
const (
	chunkRecords = 5_000
	chunkBytes   = 1 << 20
)

// indexJoins makes the planner look keys up in the index, one after the other. It knows nothing about the arrays but
// their length, and would read the whole table for a hash join. Keys come in order, so neighbours share pages. What there is
// no index for seems very expensive then, also to statements behind the probe: nothing is to be compiled for that.
const indexJoins = `SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off`

// found is a product that exists, and its version then; 0 where that isn't known. The record is sorted[rank].
type found struct {
	rank    int32
	size    int32 // at most so many bytes are its description and attributes
	version int64
}

// storedSize is at least the size of a product's description and attributes, found out without reading them where that can
// be. JSON that is compressed has to be unpacked: only that of products which are going to be read anyway is.
const storedSize = `(octet_length(p.description) + CASE WHEN pg_column_compression(p.attributes) IS NULL
	THEN pg_column_size(p.attributes) ELSE octet_length(p.attributes::text) END)`

// In a place that a probe returns the size stands above the lower placeBits, in units of 1 KiB.
const placeBits = 20

// probed is what a probe found, everything ascending by key.
type probed struct {
	fresh     []int32 // places of the records that are new
	different []found
	same      []int32 // places; in mode Ignore all that exist
}

// probe finds out which records exist and, in mode Update, which of those differ. It locks nothing.
func (w *batchWrite) probe(ctx context.Context, t *transaction) (*probed, error) {
	if _, err := t.ExecContext(ctx, indexJoins); err != nil {
		return nil, err
	}
	result := &probed{}
	for from := 0; from < len(w.sorted); {
		to := w.fillContent(from)
		var places, versions string
		err := t.QueryRowContext(ctx, w.probeStatement(), w.scratch.args...).Scan(&places, &versions)
		if err != nil {
			return nil, err
		}
		if w.scratch.ints, err = parseInts(w.scratch.ints[:0], places); err != nil {
			return nil, err
		}
		n := len(w.scratch.ints)
		if w.scratch.ints, err = parseInts(w.scratch.ints, versions); err != nil {
			return nil, err
		}
		w.sortOut(result, from, to, w.scratch.ints[:n], w.scratch.ints[n:])
		from = to
	}
	return result, nil
}

// sortOut adds a chunk's part to the result. The places count from 1 in the chunk, and are negative for what is as the
// record wants it; those of the others have the size above placeBits.
func (w *batchWrite) sortOut(result *probed, from, to int, places, versions []int64) {
	exists := w.scratch.exists[:0]
	for range to - from {
		exists = append(exists, 0)
	}
	w.scratch.exists = exists
	for i, place := range places {
		if place < 0 {
			exists[-place-1] = -1
		} else {
			exists[place&(1<<placeBits-1)-1] = int64(i + 1)
		}
	}
	for i, one := range exists {
		switch at := w.sorted[from+i]; {
		case one == 0:
			result.fresh = append(result.fresh, at)
		case one < 0:
			result.same = append(result.same, at)
		default:
			size := min((places[one-1]>>placeBits+1)<<10, math.MaxInt32)
			result.different = append(result.different, found{int32(from + i), int32(size), versions[one-1]})
		}
	}
}

// fillContent makes the parameters of a probe out of the records from sorted[from] on, and returns where they end.
func (w *batchWrite) fillContent(from int) (to int) {
	s := w.scratch
	s.reset()
	w.bySKU = false
	bytes := 0
	for to = from; to < len(w.sorted) && to-from < chunkRecords && bytes < chunkBytes; to++ {
		r := &w.batch.Records[w.sorted[to]]
		s.key().add(r.Key)
		bytes += len(r.Key)
		if w.batch.Mode == products.Ignore {
			continue
		}
		w.bySKU = w.bySKU || r.SKU != r.Key
		s.name().add(r.Name)
		bytes += len(r.Name)
		if w.columns.Description {
			s.description().add(r.Description)
			bytes += len(r.Description)
		}
		if w.columns.Status {
			if r.HasStatus {
				s.status.addBool(r.Status)
			} else {
				s.status.addNull()
			}
		}
		if len(w.columns.Attributes) > 0 {
			a := s.attributes()
			start := a.open()
			a.buf = w.appendAttributes(a.buf, r)
			a.close(start)
			bytes += len(a.buf) - start
		}
	}
	if w.bySKU { // else the key, which is sent anyway, is the SKU
		for i := from; i < to; i++ {
			s.sku().add(w.batch.Records[w.sorted[i]].SKU)
		}
	}
	s.args = append(s.args[:0], s.key().bytes())
	return to
}

// probeStatement returns the statement for the parameters that fillContent has made, and completes them.
func (w *batchWrite) probeStatement() string {
	s := w.scratch
	unnest, names := "$1::text[]", "key"
	same := []string{}
	add := func(a *array, name, sqlType, condition string) {
		s.args = append(s.args, a.bytes())
		unnest += ", $" + strconv.Itoa(len(s.args)) + "::" + sqlType
		names += ", " + name
		same = append(same, condition)
	}
	if w.batch.Mode == products.Update {
		if w.bySKU {
			add(s.sku(), "sku", "text[]", "p.sku = x.sku")
		} else {
			same = append(same, "p.sku = x.key")
		}
		add(s.name(), "name", "text[]", "p.name = x.name")
		if w.columns.Description {
			add(s.description(), "description", "text[]", "p.description = x.description")
		}
		if w.columns.Status {
			add(&s.status, "status", "boolean[]", "(x.status IS NULL OR p.status = x.status)")
		}
		if len(w.columns.Attributes) > 0 {
			// The product as Columns.Apply would make it: without the columns' attributes, then with those that have a value.
			for _, name := range w.columns.Attributes {
				s.names.add(name)
			}
			add(s.attributes(), "attributes", "text[]", "")
			s.args = append(s.args, s.names.bytes())
			same[len(same)-1] = "p.attributes = (p.attributes - $" + strconv.Itoa(len(s.args)) + "::text[]) || x.attributes::jsonb"
		}
	}
	place := "-i"
	if len(same) > 0 {
		place = "CASE WHEN " + strings.Join(same, " AND ") + " THEN -i ELSE i + ((" + storedSize + " / 1024)::bigint << " + strconv.Itoa(placeBits) + ") END"
	}
	return `SELECT coalesce(array_agg(` + place + `)::text, '{}'), coalesce(array_agg(p.version)::text, '{}')
		FROM unnest(` + unnest + `) WITH ORDINALITY AS x(` + names + `, i) JOIN products p ON p.sku_key = x.key`
}
