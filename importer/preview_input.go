package importer

import (
	"context"
	"errors"
	"io"
)

// A preview reads a file's beginning as an import would read the whole: through the same decompression, decoding,
// scanning, planning and parsing. Where the beginning ends, reading ends with errBeyond, which is no end of the file:
// nothing is decided there as if the file were over, and a record that is cut in two there is none yet.

// errBeyond ends the reading of a file's beginning.
var errBeyond = errors.New("importer: what is behind the file's beginning is not looked at")

const (
	// previewBytes is how much of a file's content a preview reads.
	previewBytes = 1 << 20
	// previewRaw is how much of the file as it came it reads for that: in an archive the table may stand behind others.
	previewRaw = 8 << 20
)

// window is the beginning of a file's content.
type window struct {
	size  int64
	read  int64 // by the reader that came furthest
	whole bool  // one came to the content's end
}

// reader returns the content's beginning.
func (w *window) reader(content io.Reader) io.Reader { return &windowReader{w: w, r: content} }

type windowReader struct {
	w    *window
	r    io.Reader
	read int64
}

func (r *windowReader) Read(p []byte) (int, error) {
	left := r.w.size - r.read
	if left == 0 {
		// Perhaps the content ends here.
		n, err := r.r.Read(p[:min(len(p), 1)])
		if n > 0 {
			return 0, errBeyond
		}
		r.w.whole = r.w.whole || errors.Is(err, io.EOF)
		return 0, err
	}
	n, err := r.r.Read(p[:min(int64(len(p)), left)])
	r.read += int64(n)
	r.w.read = max(r.w.read, r.read)
	r.w.whole = r.w.whole || errors.Is(err, io.EOF)
	return n, err
}

// beginning is a Source of what a reader gives first, which is read once and kept. Its readers are not used side by
// side.
type beginning struct {
	r    io.Reader
	kept []byte
	most int
	err  error // of r
}

// Open returns the file from its first byte. Behind the beginning it ends with errBeyond.
func (b *beginning) Open(context.Context) (io.ReadCloser, error) { return &beginningReader{b: b}, nil }

// Size isn't known.
func (b *beginning) Size() int64 { return -1 }

type beginningReader struct {
	b  *beginning
	at int
}

func (r *beginningReader) Read(p []byte) (n int, err error) {
	b := r.b
	if len(p) > 0 && r.at == len(b.kept) {
		switch {
		case b.err != nil:
			return 0, b.err
		case r.at == b.most:
			return 0, errBeyond
		}
		n, b.err = b.r.Read(p[:min(len(p), b.most-r.at)])
		b.kept = append(b.kept, p[:n]...)
		r.at += n
		if n > 0 {
			return n, nil // an error comes the next time
		}
		return 0, b.err
	}
	n = copy(p, b.kept[r.at:])
	r.at += n
	return n, nil
}

func (r *beginningReader) Close() error { return nil }
