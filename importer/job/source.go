package job

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/products-importer/products-importer/importer"
)

// errDamaged: an upload has other bytes than were put.
var errDamaged = errors.New("job: the stored file is damaged")

// uploadError is trouble with the place for uploads, which may pass.
type uploadError struct{ err error }

func (e *uploadError) Error() string { return "the stored file can't be read: " + e.err.Error() }
func (e *uploadError) Unwrap() error { return e.err }

// NewSource returns the upload with the key, which has so many bytes, as a file to be imported. It may be kept
// compressed, see [Compressed], or as it was put.
func NewSource(uploads Uploads, key string, size int64) importer.Source {
	return newSource(uploads, key, size)
}

func newSource(uploads Uploads, key string, size int64) *source {
	return &source{uploads: Compressed(uploads), key: key, size: size}
}

// keptBytes is how long a file is at most that is kept in memory once it was read: an import reads it twice.
const keptBytes = 1 << 20

type source struct {
	uploads Uploads
	key     string
	size    int64
	kept    atomic.Pointer[[]byte] // all of a small file; nil for none

	mu     sync.Mutex // guards pieces
	pieces []pieceAt  // that are known, ascending, of an upload that is kept compressed
}

// know adds a piece, which is behind those that are known, or one of them.
func (s *source) know(at pieceAt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.pieces); n == 0 || s.pieces[n-1].Offset < at.Offset {
		s.pieces = append(s.pieces, at)
	}
}

// noting has the pieces known that are read of an upload.
func (s *source) noting(in io.ReadCloser) io.ReadCloser {
	if packed, is := in.(*unpacker); is {
		packed.tell = s.know
	}
	return in
}

// pieceOf returns the last piece that is known to begin at the offset or before it, the zero value for none.
func (s *source) pieceOf(offset int64) (at pieceAt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearchFunc(s.pieces, offset+1, func(p pieceAt, before int64) int {
		return cmp.Compare(p.Offset, before)
	})
	if i > 0 {
		at = s.pieces[i-1]
	}
	return at
}

// Open returns the upload from its first byte. Without a key, as jobs have it whose file was deleted, there is none.
func (s *source) Open(ctx context.Context) (io.ReadCloser, error) {
	if s.key == "" {
		return nil, fmt.Errorf("%w: the file was deleted", ErrNotFound)
	}
	if kept := s.kept.Load(); kept != nil {
		return io.NopCloser(bytes.NewReader(*kept)), nil
	}
	in, err := s.uploads.Open(ctx, s.key, 0, -1)
	if err != nil {
		return nil, &uploadError{err}
	}
	r := &sourceReader{in: s.noting(in), left: s.size, turn: make(chan struct{}, 1)}
	if s.size <= keptBytes {
		r.copied, r.keep = make([]byte, 0, s.size), func(all []byte) { s.kept.Store(&all) }
	}
	return r, nil
}

// OpenAt returns the upload from the offset on. Of one that is kept compressed no more is read before that than what is
// behind the last piece that is known.
func (s *source) OpenAt(ctx context.Context, offset int64) (in io.ReadCloser, err error) {
	pieces, packed := s.uploads.(interface {
		openPiece(ctx context.Context, key string, at pieceAt, offset int64) (io.ReadCloser, error)
	})
	if at := s.pieceOf(offset); packed && at.Packed > 0 {
		in, err = pieces.openPiece(ctx, s.key, at, offset)
	} else {
		in, err = s.uploads.Open(ctx, s.key, offset, -1)
	}
	if err != nil {
		return nil, &uploadError{err}
	}
	return &sourceReader{in: s.noting(in), left: s.size - offset, turn: make(chan struct{}, 1)}, nil
}

// Size is the number of bytes that were put.
func (s *source) Size() int64 { return s.size }

// sourceReader notices an upload that is too short or too long. An import that ends closes it while a Read is under
// way, which is more than what Uploads have to bear: the end of the context ends the Read, and Close waits for that.
type sourceReader struct {
	in   io.ReadCloser
	left int64
	turn chan struct{} // holds a value while one of the two is under way
	// keep, unless nil, is given all that was read once it is known to be whole.
	keep   func(all []byte)
	copied []byte
}

func (r *sourceReader) Read(p []byte) (int, error) {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	n, err := r.in.Read(p)
	if r.left -= int64(n); r.keep != nil && r.left >= 0 {
		r.copied = append(r.copied, p[:n]...)
		if r.left == 0 && errors.Is(err, io.EOF) {
			r.keep(r.copied)
			r.keep = nil
		}
	}
	switch {
	case r.left < 0 || errors.Is(err, io.EOF) && r.left > 0:
		return n, fmt.Errorf("%w: it has not the length that was stored", errDamaged)
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, errDamaged):
		return n, err
	}
	return n, &uploadError{err}
}

func (r *sourceReader) Close() error {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	return r.in.Close()
}
