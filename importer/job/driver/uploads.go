package driver

import (
	"io"

	"github.com/products-importer/products-importer/importer/job/internal/rule"
)

// ReadChunk reads from an upload's reader until the buffer is full, or the reader's end, which last reports: then n may
// be 0. Every other error of the reader is returned, io.ErrUnexpectedEOF too, with which a client breaks off.
func ReadChunk(r io.Reader, buffer []byte) (n int, last bool, err error) {
	return rule.ReadChunk(r, buffer)
}

// OwnFile returns what a store keeps of the File of a job or an upload: nothing where it is the upload itself, as with
// those of earlier versions.
func OwnFile(file, upload string) string {
	if file == upload {
		return ""
	}
	return file
}
