package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/decompress"
	"github.com/products-importer/products-importer/products"
)

// uploadReader reads the file in a body without its compressions: the Content-Encoding, and the one that its first
// bytes show. So a file that is damaged, or no CSV file, is refused at once, and what is stored is read without more
// work. A file that is compressed once more is refused: nothing that is stored grows when it is imported.
type uploadReader struct {
	layers []*decompress.Reader // the body's first; the last one is not compressed
	given  int64
	limit  int64
	err    error
}

// newUploadReader returns a reader that fails with a problem beyond limit bytes of the file.
func newUploadReader(body io.Reader, contentEncoding string, limit int64) (*uploadReader, error) {
	p := &uploadReader{limit: limit}
	encoding := strings.ToLower(strings.TrimSpace(contentEncoding))
	switch encoding {
	case "x-gzip":
		encoding = "gzip"
	case "identity":
		encoding = ""
	case "", "gzip", "zstd":
	default:
		problem := newProblem(http.StatusUnsupportedMediaType, "content_encoding",
			fmt.Sprintf("the Content-Encoding must be gzip or zstd, not %q", products.Shorten(contentEncoding)))
		problem.Header = http.Header{"Accept-Encoding": {"gzip, zstd, identity"}}
		return nil, problem
	}
	most := 1
	if encoding != "" {
		most = 2
	}
	for in := body; ; {
		layer, err := decompress.NewReader(in, limit)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.layers, in = append(p.layers, layer), layer
		switch n := len(p.layers); {
		case n == 1 && encoding != "" && string(layer.Format()) != encoding:
			p.Close()
			return nil, newProblem(http.StatusUnprocessableEntity, "content_encoding",
				"the body is not compressed with "+encoding+", which is its Content-Encoding")
		case layer.Format() == decompress.None:
			return p, nil
		case n > most:
			p.Close()
			return nil, fmt.Errorf("the file %w: it is compressed more than once; decompress it first",
				importer.ErrInput)
		}
	}
}

// Read reads the file. Once it has failed it returns the same error again.
func (p *uploadReader) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.layers[len(p.layers)-1].Read(b)
	if p.given += int64(n); p.given > p.limit && (err == nil || errors.Is(err, io.EOF)) {
		n, err = 0, newProblem(http.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf("the file is longer than the limit of %d bytes", p.limit))
	}
	p.err = err
	return n, err
}

// received returns how many bytes of the body were read.
func (p *uploadReader) received() int64 { return p.layers[0].Received() }

// Close releases what decompression holds. It doesn't close the body.
func (p *uploadReader) Close() {
	for _, layer := range p.layers {
		layer.Close()
	}
}
