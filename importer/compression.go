package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxRatio is how much longer than its compressed form a file may be, once it is long. Catalogues compress to a tenth,
	// very dull ones to a fiftieth.
	maxRatio = 250
	// ratioFrom is the length from which maxRatio counts.
	ratioFrom = 16 << 20
	// zstdWindow is the most memory that a zstd file may ask for, as of zstd -19 without --long.
	zstdWindow = 8 << 20
)

// The compressions, as Dialect and Decompressed name them.
const (
	compressionGzip = "gzip"
	compressionZstd = "zstd"
	compressionZip  = "zip"
)

// magicBytes is how many bytes tell how a file is compressed.
const magicBytes = 4

// compressionOf tells by a file's first bytes how it is compressed, empty for a file that isn't.
func compressionOf(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		return compressionGzip
	case bytes.HasPrefix(start, []byte("\x28\xb5\x2f\xfd")):
		return compressionZstd
	case len(start) >= magicBytes && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:magicBytes], []byte("\x2a\x4d\x18")):
		return compressionZstd // a frame to be skipped, as pzstd begins with
	case bytes.HasPrefix(start, []byte(zipLocal)), bytes.HasPrefix(start, []byte(zipEnd)):
		return compressionZip
	}
	return ""
}

// Decompressed is a file without its compression, as a stream. It is not safe for concurrent use.
type Decompressed struct {
	compression string
	received    *countingReader
	origin      *countingReader // of the outermost layer: what the ratio is measured by
	r           io.Reader
	close       func()
	given       int64
	limit       int64
	err         error
}

// Decompress returns the file that r gives without its compression, which is told by the first bytes: gzip, zstd, or a
// zip archive with one CSV in it. A file that is not compressed comes as it is. The caller closes the result; r is left
// open.
//
// Errors, of Decompress or of Read: ErrInput where the file is damaged, ends too early, or is an archive without a CSV
// or with several; ErrTooLarge where it is longer than limit bytes without its compression, more than 250 times as long
// as its compressed form (beyond 16 MiB), or needs more than 8 MiB of memory to be decompressed; and the errors of r as
// they are. The memory that it holds is bounded whatever the file.
//
// Where r is a *Decompressed itself, as with a compressed file that was compressed once more on its way, the compressed
// form is that of the outermost: the ratios of layers don't multiply.
func Decompress(r io.Reader, limit int64) (*Decompressed, error) {
	d := &Decompressed{received: &countingReader{r: r}, limit: limit, close: func() {}}
	d.origin = d.received
	if outer, nested := r.(*Decompressed); nested {
		d.origin = outer.origin
	}
	in := bufio.NewReaderSize(d.received, SniffBytes)
	start, err := in.Peek(magicBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch d.compression = compressionOf(start); d.compression {
	case compressionGzip:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, d.explain(err)
		}
		d.r = z
	case compressionZstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(limit, zstdWindow))),
			zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, d.explain(err)
		}
		d.r, d.close = z, z.Close
	case compressionZip:
		d.r = newZipReader(in, d.received, d.origin, limit)
	default:
		d.r = in
	}
	return d, nil
}

// Compression names how the file is compressed: gzip, zstd or zip, empty for a file that isn't.
func (d *Decompressed) Compression() string { return d.compression }

// Received is how many bytes were read of the file as it came.
func (d *Decompressed) Received() int64 { return d.received.n }

// Read gives the file's bytes. Once it has failed it fails the same way again.
func (d *Decompressed) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.r.Read(p)
	if d.compression == "" {
		return n, err
	}
	d.given += int64(n)
	if large := tooLarge(d.given, d.origin.n, d.limit); large != nil {
		n, err = 0, large
	} else if err != nil && !errors.Is(err, io.EOF) {
		err = d.explain(err)
	}
	d.err = err
	return n, err
}

// Close frees what decompression holds.
func (d *Decompressed) Close() { d.close() }

// tooLarge returns an ErrTooLarge for what is longer than it may be.
func tooLarge(given, received, limit int64) error {
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

// explain tells what is wrong with the compressed bytes from trouble with reading them.
func (d *Decompressed) explain(err error) error {
	switch {
	case d.received.err != nil && !errors.Is(d.received.err, io.EOF):
		return d.received.err
	case errors.Is(err, ErrInput):
		return err
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return longerThan(d.limit)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &sizeError{"it needs more than 8 MiB of memory to be decompressed; compress it without --ultra and --long"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return inputError("its %s compression ends too early: the file is cut off", d.compression)
	}
	return inputError("it can't be decompressed: its %s compression is damaged (%v)", d.compression, err)
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
