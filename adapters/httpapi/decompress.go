package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// plainReader gives the file of a body as it is without compression: first by the Content-Encoding, then by the bytes it
// begins with. So what is damaged, or no CSV file, is refused at once, and what is stored is read without more work. What
// is compressed once more is refused: nothing that is stored grows when it is imported.
type plainReader struct {
	layers []*importer.Decompressed // the body's first; the last one is not compressed
	given  int64
	limit  int64
	err    error
}

// newPlainReader reads at most limit bytes of the file, and fails with a problem beyond them.
func newPlainReader(body io.Reader, contentEncoding string, limit int64) (*plainReader, error) {
	p := &plainReader{limit: limit}
	encoding := strings.ToLower(strings.TrimSpace(contentEncoding))
	switch encoding {
	case "x-gzip":
		encoding = "gzip"
	case "identity":
		encoding = ""
	case "", "gzip", "zstd":
	default:
		problem := newProblem(http.StatusUnsupportedMediaType, "content_encoding", fmt.Sprintf("the Content-Encoding must be gzip or zstd, not %q", products.Shorten(contentEncoding)))
		problem.header = http.Header{"Accept-Encoding": {"gzip, zstd, identity"}}
		return nil, problem
	}
	most := 1
	if encoding != "" {
		most = 2
	}
	for in := body; ; {
		layer, err := importer.Decompress(in, limit)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.layers, in = append(p.layers, layer), layer
		switch n := len(p.layers); {
		case n == 1 && encoding != "" && layer.Compression() != encoding:
			p.Close()
			return nil, newProblem(http.StatusUnprocessableEntity, "content_encoding", "the body is not compressed with "+encoding+", which is its Content-Encoding")
		case layer.Compression() == "":
			return p, nil
		case n > most:
			p.Close()
			return nil, fmt.Errorf("the file %w: it is compressed more than once; decompress it first", importer.ErrInput)
		}
	}
}

// Read gives the file's bytes. Once it has failed it fails the same way again.
func (p *plainReader) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.layers[len(p.layers)-1].Read(b)
	if p.given += int64(n); p.given > p.limit && (err == nil || errors.Is(err, io.EOF)) {
		n, err = 0, newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the file is longer than the limit of %d bytes", p.limit))
	}
	p.err = err
	return n, err
}

// received is how many bytes of the body were read.
func (p *plainReader) received() int64 { return p.layers[0].Received() }

// Close frees what decompression holds. It doesn't close the body.
func (p *plainReader) Close() {
	for _, layer := range p.layers {
		layer.Close()
	}
}
