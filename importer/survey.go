package importer

import (
	"encoding/binary"
	"errors"

	"github.com/products-importer/products-importer/importer/internal/spill"
	"github.com/products-importer/products-importer/products"
)

// survey finds which record of each SKU counts in one pass over the records, in memory that hardly grows with them: a
// filter of the keys seen, which mistakes some new keys for seen ones, and an exact map of the keys that the filter had
// already.
//
// A key that comes once is only in the filter, or also in the map with a line of its own: it counts either way. Of a
// key that comes again the map does not know the first record, so which one counts is known only when the records come
// a second time: see admit.
//
// A file with more such keys than the map may hold, because many SKUs repeat or the filter is full, is decided by its
// log: the keys and lines of all valid records, sorted out part by part behind the pass. What comes of it are the lines
// of the records that don't count.
type survey struct {
	mode     products.Mode
	most     int // entries of a map
	filter   []uint64
	repeated map[digest]int64 // line of the record that counts; 0 while the first one is yet to come
	log      *spill.Store     // nil for a file that hardly needs it, see errLog
	lost     error            // why the log is of no use
	line     int64            // the last one that was noted

	// byLog: the log decides, and there are neither map nor filter any more.
	byLog bool
	// kept: superseded has all that there is to know.
	kept bool
	// superseded are the lines of the records that don't count. winners are those of the ones that count instead, if
	// they were asked for. Both are known once the log was sorted out.
	superseded lineSet
	winners    *winners
}

// surveyBounds say how much memory a survey takes beside its map.
type surveyBounds struct {
	filter int // bits, a power of two
	log    int // bytes
}

var usualBounds = surveyBounds{filter: 1 << 26, log: 2 << 20}

// mostBesideLog is how many entries a map has at most where there is a log, which takes over at a lower price than the
// memory of more.
const mostBesideLog = 1 << 17

// errLog ends a pass over a file that needs a survey with a log, and was surveyed without.
var errLog = errors.New("importer: the file has to be surveyed anew, with a log")

// newSurvey returns a survey for a file of that size, -1 where it isn't known, or it needs a log anyway. With records
// of usual length a file of fewer than 512 bytes for each entry of the map doesn't, and is spared its price.
func newSurvey(mode products.Mode, size int64, most int, bounds surveyBounds) *survey {
	// Some 30 bits a record of usual length make mistakes rare; at least it is 8 KiB.
	bits := 1 << 16
	for bits < bounds.filter && (size < 0 || int64(bits) < size/4) {
		bits *= 2
	}
	s := &survey{mode: mode, most: most, filter: make([]uint64, bits/64), repeated: map[digest]int64{}}
	if size < 0 || size/512 >= int64(most) {
		s.log, s.most = spill.New(bounds.log), min(most, mostBesideLog)
	}
	return s
}

// note takes a valid record of the first pass, unless it was taken before. An error says that the file can't be
// surveyed; errLog, that it can in another way.
func (s *survey) note(d digest, line int64) error {
	if line <= s.line {
		return nil
	}
	s.line = line
	if s.log != nil && s.lost == nil {
		var value [binary.MaxVarintLen64]byte
		s.lost = s.log.Add(spill.Digest(d), value[:binary.PutUvarint(value[:], uint64(line))])
	}
	if !s.byLog {
		s.filterOut(d, line)
	}
	switch {
	case s.byLog && s.log == nil:
		return errLog
	case s.byLog:
		return s.lost
	}
	return nil
}

// filterOut takes a record into the filter, or the map.
func (s *survey) filterOut(d digest, line int64) {
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
	if len(s.repeated) > s.most {
		s.byLog, s.filter, s.repeated = true, nil, nil
	}
}

// end ends the first pass: where the log has to decide, it is sorted out. told says that the winners are wanted, keep
// that the outcome is to be kept, if that is possible. between is called now and then; its error ends it.
func (s *survey) end(told, keep bool, between func() error) (err error) {
	switch {
	case s.byLog:
		err = s.sortOut(told, between)
	case keep && !told && s.log != nil && s.lost == nil:
		err = s.lookUp(between)
	}
	if s.log != nil {
		// A temporary file that couldn't be removed is no reason to import nothing.
		_ = s.log.Close()
		s.log = nil
	}
	return err
}

// sortOut finds the records that don't count by the log.
func (s *survey) sortOut(told bool, between func() error) error {
	if s.lost != nil {
		return s.lost
	}
	s.superseded = lineSet{}
	if told {
		s.winners = newWinners(s.line)
	}
	s.kept = !told
	last := make(map[digest]int64, min(s.most, 1<<16))
	for part := range spill.Parts {
		// A part with more keys than may be kept in mind is read several times, for one residue after the other.
		for residue, of := uint64(0), uint64(1); residue < of; residue++ {
			clear(last)
			if err := between(); err != nil {
				return err
			}
			err := s.each(part, func(d digest, line int64) error {
				if d[0]%of != residue {
					return nil
				}
				if _, seen := last[d]; !seen || !s.mode.FirstCounts() {
					last[d] = line
				}
				for len(last) > s.most {
					of *= 2
					for d := range last {
						if d[0]%of != residue {
							delete(last, d)
						}
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			err = s.each(part, func(d digest, line int64) error {
				winner := last[d]
				if d[0]%of != residue || winner == line || s.superseded.has(line) {
					return nil
				}
				s.superseded.add(line)
				return s.winners.add(line, winner)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// lookUp finds the records that don't count by the map, for all records of the log.
func (s *survey) lookUp(between func() error) error {
	lines := lineSet{}
	for part := range spill.Parts {
		if len(s.repeated) == 0 {
			break
		}
		if err := between(); err != nil {
			return err
		}
		err := s.each(part, func(d digest, line int64) error {
			if winner, err := s.admit(d, line); err != nil || winner == line {
				return err
			}
			lines.add(line)
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.byLog, s.kept, s.superseded, s.filter, s.repeated = true, true, lines, nil, nil
	return nil
}

// each calls do for the records of a part of the log, in the file's order.
func (s *survey) each(part int, do func(d digest, line int64) error) error {
	return s.log.Each(part, func(d spill.Digest, value []byte) error {
		line, _ := binary.Uvarint(value)
		return do(digest(d), int64(line))
	})
}

// admit takes a valid record of the second pass, in the file's order, and returns the line of the record that counts
// for its SKU: its own, or another's, which is 0 where end wasn't told to find it.
func (s *survey) admit(d digest, line int64) (winner int64, err error) {
	if s.byLog {
		if !s.superseded.has(line) {
			return line, nil
		}
		return s.winners.of(line)
	}
	winner, repeated := s.repeated[d]
	switch {
	case !repeated:
		return line, nil
	case winner == 0:
		s.repeated[d] = line
		return line, nil
	}
	return winner, nil
}

// close lets go of the temporary files.
func (s *survey) close() {
	if s == nil {
		return
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	s.winners.close()
}

// lineSet is a set of lines: bits, in pages of which only those are there that have any.
type lineSet map[int64]*[512]uint64

const linesOfPage = 512 * 64

func (s lineSet) add(line int64) {
	page := s[line/linesOfPage]
	if page == nil {
		page = new([512]uint64)
		s[line/linesOfPage] = page
	}
	page[line%linesOfPage/64] |= 1 << (line % 64)
}

func (s lineSet) has(line int64) bool {
	page := s[line/linesOfPage]
	return page != nil && page[line%linesOfPage/64]>>(line%64)&1 != 0
}

// winners are found by ascending lines of records that don't count. They are in the parts of a log by these lines: the
// first part has the first ones, so that one part at a time is needed.
type winners struct {
	log  *spill.Store
	wide int64 // lines of a part
	part int   // that is in mind; below 0 for none
	mind map[int64]int64
}

// newWinners returns winners for lines up to the last one.
func newWinners(last int64) *winners {
	return &winners{log: spill.New(usualBounds.log), wide: last/spill.Parts + 1, part: -1, mind: map[int64]int64{}}
}

func (w *winners) add(line, winner int64) error {
	if w == nil {
		return nil
	}
	part := uint64(line / w.wide)
	return w.log.Add(spill.Digest{uint64(line), part << 56}, binary.AppendUvarint(nil, uint64(winner)))
}

// of returns the winner, 0 where nobody asked for it.
func (w *winners) of(line int64) (int64, error) {
	if w == nil {
		return 0, nil
	}
	if part := int(line / w.wide); part != w.part {
		clear(w.mind)
		w.part = part
		err := w.log.Each(part, func(d spill.Digest, value []byte) error {
			winner, _ := binary.Uvarint(value)
			w.mind[int64(d[0])] = int64(winner)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	winner, known := w.mind[line]
	if !known {
		return 0, errors.New("importer: a record that doesn't count has no winner")
	}
	return winner, nil
}

func (w *winners) close() {
	if w != nil {
		_ = w.log.Close()
	}
}
