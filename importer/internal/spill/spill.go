// Package spill keeps more than fits into memory for as long as one process works on it: entries, each with a digest,
// that are found again part by part.
package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
)

// Parts is how many parts the entries of a [Store] are in.
const Parts = 256

// Digest stands for what an entry is about. Its bits must be as good as random, so that the parts have about the same
// number of digests.
type Digest [2]uint64

// Part is the part that the entries with the digest are in, in every Store: 0 to Parts-1. So two Stores are joined part
// by part, and memory is needed for one part at a time. Of the digest it takes the highest bits of the second half.
func (d Digest) Part() int { return int(d[1] >> 56) }

// MaxValue is how long a value may be, in bytes.
const MaxValue = 64 << 10

// Store keeps entries: in memory up to a bound, and in a file beyond it, which nobody else sees and which ends with the
// process. It isn't safe for concurrent use.
type Store struct {
	most    int
	entries []byte        // in the order in which they came; nil once the Store is sealed
	sizes   [Parts]uint32 // of the parts' entries among them
	runs    []run
	sorted  []byte // the last run, once the Store is sealed; room for the next one until then
	segment []byte // room for reading
	file    *os.File
	named   bool // the file has a name still
	size    int64
	sealed  bool
	failure error
}

// run is a stretch of the file, or the last one in memory, with the entries of one part behind those of the other.
type run struct {
	at   int64         // in the file; below 0 for the one in memory
	ends [Parts]uint32 // where the entries of the parts end
}

// New returns an empty Store that holds about the given number of bytes in memory, at least 64 KiB and at most 1 GiB,
// and twice as many while it writes to its file. An entry takes 16 bytes, those of its value, and one or two more.
func New(bytes int) *Store { return &Store{most: min(max(bytes, 64<<10), 1<<30)} }

// Add keeps an entry. It copies the value, of at most MaxValue bytes. An error is that of the file, it stays, and the
// Store then has nothing more to say: see [Store.Each]. Nothing is added after the first Each.
func (s *Store) Add(d Digest, value []byte) error {
	switch {
	case s.failure != nil:
		return s.failure
	case s.sealed:
		return errors.New("spill: Add after Each")
	case len(value) > MaxValue:
		return fmt.Errorf("spill: a value of %d bytes", len(value))
	}
	if len(s.entries)+maxHeader+len(value) > s.most && len(s.entries) > 0 {
		if s.failure = s.spill(); s.failure != nil {
			s.drop()
			return s.failure
		}
	}
	before, part := len(s.entries), d.Part()
	s.entries = slices.Grow(s.entries, maxHeader+len(value))[:before+16]
	binary.LittleEndian.PutUint64(s.entries[before:], d[0])
	binary.LittleEndian.PutUint64(s.entries[before+8:], d[1])
	s.entries = append(binary.AppendUvarint(s.entries, uint64(len(value))), value...)
	s.sizes[part] += uint32(len(s.entries) - before)
	return nil
}

// maxHeader is how long an entry is at most, without its value.
const maxHeader = 16 + 3

// Each calls do for each entry of a part, in the order in which they were added, and as often as it is asked for. The
// value is do's only while that runs. An error from do ends it; else the error is that of the file.
func (s *Store) Each(part int, do func(d Digest, value []byte) error) error {
	if s.failure != nil {
		return s.failure
	}
	s.seal()
	for i := range s.runs {
		entries, err := s.read(&s.runs[i], part)
		if err != nil {
			return err
		}
		for len(entries) > 0 {
			var d Digest
			var value []byte
			d, value, entries = next(entries)
			if err := do(d, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// Spilled returns how many bytes the file has.
func (s *Store) Spilled() int64 { return s.size }

// Close lets go of memory and file. Closing again does nothing.
func (s *Store) Close() error {
	s.drop()
	s.failure = errors.New("spill: closed")
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	s.file = nil
	return err
}

// drop lets go of the memory.
func (s *Store) drop() { s.entries, s.sorted, s.segment, s.runs = nil, nil, nil, nil }

// next takes the first entry off.
func next(entries []byte) (d Digest, value, rest []byte) {
	d = Digest{binary.LittleEndian.Uint64(entries), binary.LittleEndian.Uint64(entries[8:])}
	length, n := binary.Uvarint(entries[16:])
	begin := 16 + n
	end := begin + int(length)
	return d, entries[begin:end:end], entries[end:]
}

// sort makes a run of the entries, in s.sorted.
func (s *Store) sort(at int64) {
	r := run{at: at}
	var end uint32
	for part, size := range s.sizes {
		r.ends[part] = end // where it begins, until its entries are there
		end += size
	}
	if cap(s.sorted) < len(s.entries) {
		s.sorted = make([]byte, 0, max(len(s.entries), cap(s.entries)))
	}
	s.sorted = s.sorted[:len(s.entries)]
	for entries := s.entries; len(entries) > 0; {
		d, _, rest := next(entries)
		part := d.Part()
		r.ends[part] += uint32(copy(s.sorted[r.ends[part]:], entries[:len(entries)-len(rest)]))
		entries = rest
	}
	s.runs, s.entries, s.sizes = append(s.runs, r), s.entries[:0], [Parts]uint32{}
}

// spill writes the entries in memory to the file.
func (s *Store) spill() error {
	if s.file == nil {
		if err := s.create(); err != nil {
			return fileError(err)
		}
	}
	s.sort(s.size)
	n, err := s.file.WriteAt(s.sorted, s.size)
	s.size += int64(n)
	if err != nil {
		return fileError(err)
	}
	return nil
}

// create makes the file, and takes its name away where the system lets it: then it ends with the process, whatever
// becomes of that. Windows doesn't; there Close removes it.
func (s *Store) create() (err error) {
	if s.file, err = os.CreateTemp("", "products-import-*.tmp"); err != nil {
		return err
	}
	s.named = os.Remove(s.file.Name()) != nil
	return nil
}

// seal makes a run of what is in memory.
func (s *Store) seal() {
	if !s.sealed {
		s.sealed = true
		s.sort(-1)
		s.entries = nil
	}
}

// read returns the entries of the part in a run, until it is called again.
func (s *Store) read(r *run, part int) ([]byte, error) {
	begin, end := uint32(0), r.ends[part]
	if part > 0 {
		begin = r.ends[part-1]
	}
	if r.at < 0 {
		return s.sorted[begin:end], nil
	}
	n := int(end - begin)
	if cap(s.segment) < n {
		s.segment = make([]byte, n)
	}
	s.segment = s.segment[:n]
	if _, err := s.file.ReadAt(s.segment, r.at+int64(begin)); err != nil {
		return nil, fileError(err)
	}
	return s.segment, nil
}

// Error is trouble with the temporary file. Its text says in which folder it is, and what names another one.
type Error struct{ Err error }

func (e *Error) Error() string {
	variable := "TMPDIR"
	if runtime.GOOS == "windows" {
		variable = "TMP"
	}
	return fmt.Sprintf("what doesn't fit into memory is kept in a temporary file in the folder %s, which failed "+
		"(the environment variable %s names another folder): %v", os.TempDir(), variable, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// fileError is an Error without the name of a file that nobody finds.
func fileError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &Error{err}
}
