package decompress

import (
	"bytes"
	"encoding/binary"

	"github.com/products-importer/products-importer/importer/internal/refuse"
)

// Format is how a file is compressed.
type Format string

// The formats that are read.
const (
	None Format = ""
	Gzip Format = "gzip"
	Zstd Format = "zstd"
	Zip  Format = "zip"
)

// gzipMagic is what a member of a gzip file begins with.
const gzipMagic = "\x1f\x8b"

// magicBytes is how many bytes show how a file is compressed.
const magicBytes = 4

// Detect returns how a file is compressed that begins with the given bytes, four of them or more. The error is an
// [ErrInput] for a document that is an archive only inside, as spreadsheets are; it takes some 60 bytes to see that.
func Detect(start []byte) (Format, error) {
	format := formatOf(start)
	if format == Zip && len(start) >= zipLocalLength {
		name := start[zipLocalLength:]
		name = name[:min(len(name), int(binary.LittleEndian.Uint16(start[26:])))]
		if what := officeFile(string(name)); what != "" {
			return format, refuse.Errorf("%s", what)
		}
	}
	return format, nil
}

func formatOf(start []byte) Format {
	switch {
	case bytes.HasPrefix(start, []byte(gzipMagic)):
		return Gzip
	case bytes.HasPrefix(start, []byte("\x28\xb5\x2f\xfd")):
		return Zstd
	case len(start) >= magicBytes && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:magicBytes], []byte("\x2a\x4d\x18")):
		return Zstd // a frame to be skipped, as pzstd begins with
	case bytes.HasPrefix(start, []byte(zipLocal)), bytes.HasPrefix(start, []byte(zipEnd)):
		return Zip
	}
	return None
}
