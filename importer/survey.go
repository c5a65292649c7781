package importer

import "github.com/products-importer/products-importer/products"

// survey finds which record of each SKU counts, in memory that doesn't grow with the number of records: a filter of the
// keys seen, which mistakes some new keys for seen ones, and an exact map of the keys that the filter had already.
//
// A key that comes once is only in the filter, or also in the map with a line of its own: it counts either way. Of a
// key that comes again the map does not know the first record, so which one counts is known only when the records come
// a second time: see admit.
//
// A file that repeats more keys than the map may hold is surveyed in parts: each part takes the keys of one residue
// class of the digest, in two passes over the file (note, then mark), and leaves one bit a record that says whether it
// counts.
type survey struct {
	mode       products.Mode
	most       int // entries of the map
	filter     []uint64
	repeated   map[digest]int64 // line of the record that counts; 0 while the first one is yet to come
	part, of   uint64
	superseded []uint64 // a bit a valid record, by its index; nil while there is but one part
}

// newSurvey returns a survey for a file of that size, -1 where it isn't known.
func newSurvey(mode products.Mode, size int64, most int) *survey {
	// Some 30 bits a record of usual length make mistakes rare; the bounds are 8 KiB and 8 MiB.
	bits := uint64(1 << 16)
	for bits < 1<<26 && (size < 0 || bits < uint64(size)/4) {
		bits *= 2
	}
	return &survey{mode: mode, most: most, filter: make([]uint64, bits/64), repeated: map[digest]int64{}, of: 1}
}

// mine reports whether the key belongs to the part that is being surveyed.
func (s *survey) mine(d digest) bool { return s.of == 1 || d[1]%s.of == s.part }

// note takes a valid record of the first pass.
func (s *survey) note(d digest, line int64) {
	if !s.mine(d) {
		return
	}
	mask := uint64(len(s.filter)*64 - 1)
	a, b := d[0]&mask, (d[0]>>32)&mask
	bitA, bitB := uint64(1)<<(a%64), uint64(1)<<(b%64)
	wordA, wordB := &s.filter[a/64], &s.filter[b/64]
	if *wordA&bitA == 0 || *wordB&bitB == 0 {
		*wordA |= bitA
		*wordB |= bitB
		return
	}
	if s.mode.FirstCounts() {
		line = 0
	}
	s.repeated[d] = line
	for len(s.repeated) > s.most && s.of < 1<<32 {
		s.of *= 2
		for d := range s.repeated {
			if !s.mine(d) {
				delete(s.repeated, d)
			}
		}
	}
}

// admit takes a valid record of a later pass, in the file's order, and returns the line of the record that counts for
// its SKU: its own, or another's. Only the keys of the part that was noted can be asked for.
func (s *survey) admit(d digest, line int64) (winner int64) {
	winner, repeated := s.repeated[d]
	switch {
	case !repeated:
		return line
	case winner == 0:
		s.repeated[d] = line
		return line
	}
	return winner
}

// next goes on to the next part, and reports whether there is one.
func (s *survey) next() bool {
	s.part++
	clear(s.filter)
	clear(s.repeated)
	return s.part < s.of
}

// mark notes that the valid record with that index, from 0, doesn't count.
func (s *survey) mark(index int64) {
	for int64(len(s.superseded))*64 <= index {
		s.superseded = append(s.superseded, 0)
	}
	s.superseded[index/64] |= 1 << (index % 64)
}

// marked reports whether mark was called for the record.
func (s *survey) marked(index int64) bool {
	return index/64 < int64(len(s.superseded)) && s.superseded[index/64]>>(index%64)&1 != 0
}
