package decompress

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/products-importer/products-importer/importer/internal/refuse"
)

const (
	// maxRatio is how much longer than its compressed form a file may be, once it is long. Catalogues compress to a
	// tenth, very dull ones to a fiftieth.
	maxRatio = 250
	// ratioFrom is the length from which maxRatio counts.
	ratioFrom = 16 << 20
	// zstdWindow is the most memory that a zstd file may ask for, as of zstd -19 without --long.
	zstdWindow = 8 << 20
)

// bufferBytes is how much of the compressed file is read at a time, at least.
const bufferBytes = 4 << 10

var (
	// ErrInput: the file is damaged, cut off, or an archive without a CSV file or with several; the error says which.
	ErrInput = refuse.ErrInput
	// ErrTooLarge: the file is longer without its compression than it may be. It is an ErrInput.
	ErrTooLarge = errors.New("decompress: too large")
)

// Reader gives a file without its compression, as a stream. It is not safe for concurrent use.
type Reader struct {
	format   Format
	received *countingReader
	origin   *countingReader // of the outermost layer: what the ratio is measured by
	r        io.Reader
	close    func()
	given    int64
	limit    int64
	err      error
}

// NewReader returns the file that r gives without its compression, which is known by the first bytes: gzip, zstd, or a
// zip archive with one CSV file in it, or one text file and no CSV file. A file that is not compressed comes as it is,
// and the limit is none for it. The caller closes the result; r is left open.
//
// Errors, of NewReader or of Read: [ErrInput] where the file is damaged, ends too early, or is an archive without a CSV
// file or with several; [ErrTooLarge] where it is longer than limit bytes without its compression, more than 250 times
// as long as its compressed form (beyond 16 MiB), or needs more than 8 MiB of memory to be decompressed; and the errors
// of r as they are. The memory that it holds is bounded whatever the file.
//
// Where r is a *Reader itself, as with a compressed file that was compressed once more on its way, the compressed form
// is that of the outermost: the ratios of layers don't multiply.
func NewReader(r io.Reader, limit int64) (*Reader, error) {
	d := &Reader{received: &countingReader{r: r}, limit: limit, close: func() {}}
	d.origin = d.received
	if outer, nested := r.(*Reader); nested {
		d.origin = outer.origin
	}
	in := bufio.NewReaderSize(d.received, bufferBytes)
	start, err := in.Peek(magicBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch d.format = formatOf(start); d.format {
	case Gzip:
		z, err := newGzipReader(in)
		if err != nil {
			return nil, d.explain(err)
		}
		d.r = z
	case Zstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(uint64(max(limit, zstdWindow))),
			zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, d.explain(err)
		}
		d.r, d.close = z, z.Close
	case Zip:
		d.r = newZipReader(in, d.received, d.origin, limit)
	default:
		d.r = in
	}
	return d, nil
}

// Format returns how the file is compressed.
func (d *Reader) Format() Format { return d.format }

// Received returns how many bytes were read of the file as it came.
func (d *Reader) Received() int64 { return d.received.n }

// Read reads the file's bytes. Once it has failed it fails the same way again.
func (d *Reader) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.r.Read(p)
	if d.format == None {
		return n, err
	}
	d.given += int64(n)
	if large := checkSize(d.given, d.origin.n, d.limit); large != nil {
		n, err = 0, large
	} else if err != nil && !errors.Is(err, io.EOF) {
		err = d.explain(err)
	}
	d.err = err
	return n, err
}

// Close frees what decompression holds.
func (d *Reader) Close() { d.close() }

// sizeError is an ErrTooLarge.
type sizeError struct{ text string }

func (e *sizeError) Error() string   { return refuse.Errorf("%s", e.text).Error() }
func (e *sizeError) Unwrap() []error { return []error{ErrInput, ErrTooLarge} }

// checkSize returns an ErrTooLarge for what is longer than it may be.
func checkSize(given, received, limit int64) error {
	switch {
	case given > limit:
		return longerThan(limit)
	case given > ratioFrom && given/maxRatio > received:
		return &sizeError{fmt.Sprintf("it is more than %d times as long as its compressed form", maxRatio)}
	}
	return nil
}

func longerThan(limit int64) error {
	return &sizeError{fmt.Sprintf("without its compression it is longer than the limit of %d bytes", limit)}
}

// explain returns what an error of a decoder means: trouble with reading, or what is wrong with the compressed bytes.
func (d *Reader) explain(err error) error {
	switch {
	case d.received.err != nil && !errors.Is(d.received.err, io.EOF):
		return d.received.err
	case errors.Is(err, ErrInput):
		return err
	case errors.Is(err, zstd.ErrMagicMismatch): // the first frame has it: by that the format was known
		return strayBytes(d.format)
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return longerThan(d.limit)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &sizeError{"it needs more than 8 MiB of memory to be decompressed; compress it without --ultra " +
			"and --long"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse.Errorf("its %s compression ends too early: the file is cut off", d.format)
	}
	return refuse.Errorf("it can't be decompressed: its %s compression is damaged (%v)", d.format, err)
}

// countingReader counts what was read, and keeps the error that ended it.
type countingReader struct {
	r   io.Reader
	n   int64
	err error
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}
