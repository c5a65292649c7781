package decompress

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/products-importer/products-importer/importer/internal/refuse"
)

// gzipReader reads the members of a gzip file, and zeros behind them, with which tapes and copies by blocks fill it up.
// So gzip itself takes it. Other bytes behind them are an ErrInput: nobody knows what they were meant to be.
type gzipReader struct {
	in *bufio.Reader
	z  *gzip.Reader // takes no byte behind the member from in
}

func newGzipReader(in *bufio.Reader) (*gzipReader, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{in: in, z: z}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if errors.Is(err, io.EOF) {
			err = g.next()
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// next goes on to the next member; io.EOF if there is none.
func (g *gzipReader) next() error {
	for {
		start, err := g.in.Peek(1)
		if err != nil {
			return err
		}
		if start[0] != 0 {
			break
		}
		if _, err := g.in.Discard(1); err != nil {
			return err
		}
	}
	start, err := g.in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.HasPrefix([]byte(gzipMagic), start) {
		return strayBytes(Gzip)
	}
	if err := g.z.Reset(g.in); err != nil {
		return err
	}
	g.z.Multistream(false)
	return nil
}

// strayBytes is the error of a file behind whose compressed form there is something else.
func strayBytes(format Format) error {
	return refuse.Errorf("other bytes stand behind its %s compression; decompress it first, and look at its end", format)
}
