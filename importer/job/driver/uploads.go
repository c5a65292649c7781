package driver

import (
	"errors"
	"io"
)

// ReadChunk reads from an upload's reader until the buffer is full, or the reader's end, which last reports: then n may
// be 0. Every other error of the reader is returned, io.ErrUnexpectedEOF too, with which a client breaks off.
func ReadChunk(r io.Reader, buffer []byte) (n int, last bool, err error) {
	for n < len(buffer) {
		have, err := r.Read(buffer[n:])
		n += have
		if errors.Is(err, io.EOF) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}
