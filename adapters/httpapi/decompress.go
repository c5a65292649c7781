package httpapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/products-importer/products-importer/products"
)

const (
	// maxRatio is how much larger than its compressed form a file may be, once it is large. Catalogues compress to a tenth,
	// very dull ones to a fiftieth.
	maxRatio = 250
	// ratioFrom is the size from which maxRatio counts.
	ratioFrom = 16 << 20
	// zstdWindow is the most memory that a zstd file may ask for, as of zstd -19 without --long.
	zstdWindow = 8 << 20
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// plainReader gives a file as it is without compression: first by its Content-Encoding, then by the bytes it begins with.
type plainReader struct {
	r        io.Reader
	received *countingReader
	given    int64
	limit    int64
	close    []func()
	err      error
}

// newPlainReader reads at most limit bytes of the file, and fails with a problem beyond them.
func newPlainReader(body io.Reader, contentEncoding string, limit int64) (*plainReader, error) {
	p := &plainReader{received: &countingReader{r: body}, limit: limit}
	p.r = p.received
	switch strings.ToLower(strings.TrimSpace(contentEncoding)) {
	case "", "identity":
	case "gzip", "x-gzip":
		if err := p.gunzip(); err != nil {
			return nil, err
		}
	case "zstd":
		if err := p.unzstd(); err != nil {
			return nil, err
		}
	default:
		problem := newProblem(http.StatusUnsupportedMediaType, "content_encoding", fmt.Sprintf("the Content-Encoding must be gzip or zstd, not %q", products.Shorten(contentEncoding)))
		problem.header = http.Header{"Accept-Encoding": {"gzip, zstd, identity"}}
		return nil, problem
	}
	if err := p.sniff(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// sniff looks for a compressed file by its first bytes.
func (p *plainReader) sniff() error {
	buffered := bufio.NewReaderSize(p.r, 64<<10)
	p.r = buffered
	magic, err := buffered.Peek(len(zstdMagic))
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		return p.gunzip()
	case bytes.Equal(magic, zstdMagic):
		return p.unzstd()
	case err == nil, errors.Is(err, io.EOF):
		return nil
	}
	return p.explain(err)
}

func (p *plainReader) gunzip() error {
	z, err := gzip.NewReader(p.r)
	if err != nil {
		return p.explain(err)
	}
	p.r = z
	return nil
}

func (p *plainReader) unzstd() error {
	z, err := zstd.NewReader(p.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(p.limit)), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		return p.explain(err)
	}
	p.close = append(p.close, z.Close)
	p.r = z
	return nil
}

// Read gives the file's bytes. Once it has failed it fails the same way again.
func (p *plainReader) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.r.Read(b)
	p.given += int64(n)
	switch {
	case p.given > p.limit:
		p.err = newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the file is longer than the limit of %d bytes without its compression", p.limit))
	case p.given > ratioFrom && p.given > maxRatio*p.received.n:
		p.err = newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the file is more than %d times as long as its compressed form", maxRatio))
	case err != nil && !errors.Is(err, io.EOF):
		p.err = p.explain(err)
	default:
		p.err = err
	}
	if p.err != nil && !errors.Is(p.err, io.EOF) {
		return 0, p.err
	}
	return n, p.err
}

// explain tells a body that ended or failed from one that is badly compressed.
func (p *plainReader) explain(err error) error {
	if p.received.err != nil && !errors.Is(p.received.err, io.EOF) {
		return p.received.err
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", "the file needs too much memory to be decompressed")
	}
	problem := newProblem(http.StatusUnprocessableEntity, "bad_compression", "the file can't be decompressed: it is damaged or ends too early")
	problem.cause = err
	return problem
}

// Close frees what decompression holds. It doesn't close the body.
func (p *plainReader) Close() {
	for _, f := range p.close {
		f()
	}
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
