package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

// The signatures of a zip archive's parts.
const (
	zipLocal      = "PK\x03\x04" // a file's header, before its data
	zipDescriptor = "PK\x07\x08" // behind a file's data
	zipCentral    = "PK\x01\x02" // an entry of the directory
	zipEnd        = "PK\x05\x06" // the directory's end
	zip64End      = "PK\x06\x06"
	zip64Locator  = "PK\x06\x07"
)

// The lengths of the parts without their names, comments and extra fields, signatures included.
const (
	zipLocalLength   = 30
	zipCentralLength = 46
	zipEndLength     = 22
	zip64EndLength   = 12 // up to where its own length is known
	zip64LocatorSize = 20
)

// zipFile is what a file's header says. Where sized is false its length is known only behind its data.
type zipFile struct {
	name         string
	method       uint16
	crc          uint32
	packed, size uint64
	sized        bool
}

// zipReader gives the one CSV in a zip archive. It reads the archive from its beginning to its end, as it comes: the
// directory at the end only confirms what was found. So an archive needs no seeking, no room and no second reading; the
// price is that what is stored without compression and without its length in front of it can't be read.
type zipReader struct {
	in       *bufio.Reader
	received *countingReader
	origin   *countingReader // see Decompressed
	limit    int64

	csv      *zipFile // found already
	others   []string // the names of some files beside it
	current  zipFile
	data     io.Reader // of the current file; nil between files
	inflater io.ReadCloser
	from     int64 // offset of the current file's data
	sum      uint32
	given    int64 // of the current file
	skipped  int64 // of the others, for the limit
}

func newZipReader(in *bufio.Reader, received, origin *countingReader, limit int64) *zipReader {
	return &zipReader{in: in, received: received, origin: origin, limit: limit}
}

// Read gives the CSV's bytes, and io.EOF once the whole archive was looked at.
func (z *zipReader) Read(p []byte) (int, error) {
	for z.data == nil {
		if err := z.next(); err != nil {
			return 0, err
		}
	}
	n, err := z.read(p)
	if errors.Is(err, io.EOF) {
		z.data, err = nil, nil
		if n == 0 {
			return z.Read(p)
		}
	}
	return n, err
}

// read reads from the current file, and compares its end with what the archive says about it.
func (z *zipReader) read(p []byte) (int, error) {
	n, err := z.data.Read(p)
	z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
	z.given += int64(n)
	if errors.Is(err, io.EOF) {
		if end := z.endFile(); end != nil {
			return n, end
		}
	}
	return n, err
}

// next goes on to the CSV, or to the archive's end.
func (z *zipReader) next() error {
	signature, err := z.in.Peek(magicBytes)
	if err != nil {
		return cutOff(err)
	}
	switch string(signature) {
	case zipLocal:
	case zipCentral, zipEnd, zip64End:
		return z.end()
	default:
		return errors.New("no file where one should begin")
	}
	if err := z.header(); err != nil {
		return err
	}
	f := &z.current
	if what := officeFile(f.name); what != "" {
		return inputError("%s", what)
	}
	if !isTable(f.name) {
		return z.skip()
	}
	if z.csv != nil {
		return inputError("it is a zip archive with several CSV files: %s; take one at a time", quoteList([]string{z.csv.name, f.name}))
	}
	z.csv = new(zipFile)
	*z.csv = *f
	return z.begin()
}

// header reads a file's header.
func (z *zipReader) header() error {
	h, err := z.take(zipLocalLength)
	if err != nil {
		return err
	}
	flags := binary.LittleEndian.Uint16(h[6:])
	f := zipFile{method: binary.LittleEndian.Uint16(h[8:]), crc: binary.LittleEndian.Uint32(h[14:]),
		packed: uint64(binary.LittleEndian.Uint32(h[18:])), size: uint64(binary.LittleEndian.Uint32(h[22:])), sized: flags&8 == 0}
	nameLength, extraLength := int(binary.LittleEndian.Uint16(h[26:])), int(binary.LittleEndian.Uint16(h[28:]))
	name, err := z.take(nameLength)
	if err != nil {
		return err
	}
	f.name = string(name)
	extra, err := z.take(extraLength)
	if err != nil {
		return err
	}
	f.large(extra)
	z.current = f
	switch {
	case flags&(1|1<<6|1<<13) != 0:
		return inputError("it is a zip archive with a password; store it without one")
	case f.method == 0 && !f.sized && !strings.HasSuffix(f.name, "/"):
		return inputError("it is a zip archive of a kind that can't be read as a stream; decompress it first, or make it with another program")
	case f.method != 0 && f.method != 8 && isTable(f.name):
		return inputError("it is a zip archive with an unusual compression (method %d); decompress it first, or make it with another program", f.method)
	case f.method != 0 && f.method != 8 && !f.sized:
		return inputError("it is a zip archive with an unusual compression (method %d); decompress it first", f.method)
	}
	return nil
}

// large takes lengths of four GiB and more from the header's extra field.
func (f *zipFile) large(extra []byte) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 1 {
			continue
		}
		for _, length := range []*uint64{&f.size, &f.packed} {
			if *length == 1<<32-1 && len(field) >= 8 {
				*length = binary.LittleEndian.Uint64(field)
				field = field[8:]
			}
		}
	}
}

// begin begins to read the current file's data.
func (z *zipReader) begin() error {
	z.sum, z.given, z.from = 0, 0, z.offset()
	if z.current.method == 0 {
		z.data = io.LimitReader(z.in, int64(min(z.current.size, 1<<62)))
		return nil
	}
	// The data tells its own end, and of a reader of bytes nothing behind it is taken.
	if z.inflater == nil {
		z.inflater = flate.NewReader(z.in)
	} else if err := z.inflater.(flate.Resetter).Reset(z.in, nil); err != nil {
		return err
	}
	z.data = z.inflater
	return nil
}

// offset is the place in the archive up to which it was used.
func (z *zipReader) offset() int64 { return z.received.n - int64(z.in.Buffered()) }

// endFile checks the length and the checksum of the file that was read.
func (z *zipReader) endFile() error {
	f, packed, size := &z.current, uint64(z.offset()-z.from), uint64(z.given)
	if !f.sized {
		return z.descriptor(packed, size)
	}
	switch {
	case f.size > size:
		return io.ErrUnexpectedEOF
	case f.packed != packed || f.size != size:
		return errors.New("a file has not the length that is given for it")
	case f.crc != z.sum:
		return errors.New("a file has another checksum than is given for it")
	}
	return nil
}

// descriptor reads what stands behind a file's data where its header doesn't say it: the checksum and the lengths, in
// four or eight bytes each, with or without a signature.
func (z *zipReader) descriptor(packed, size uint64) error {
	b, err := z.in.Peek(24)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	n := 0
	if bytes.HasPrefix(b, []byte(zipDescriptor)) {
		n = 4
	}
	le := binary.LittleEndian
	switch rest := b[n:]; {
	case len(rest) < 12:
		return io.ErrUnexpectedEOF
	case le.Uint32(rest) != z.sum:
		return errors.New("a file has another checksum than is given for it")
	case len(rest) >= 20 && le.Uint64(rest[4:]) == packed && le.Uint64(rest[12:]) == size:
		n += 20
	case le.Uint32(rest[4:]) == uint32(packed) && le.Uint32(rest[8:]) == uint32(size):
		n += 12
	default:
		return errors.New("a file has not the length that is given for it")
	}
	z.current.crc = z.sum
	if z.csv != nil && z.csv.name == z.current.name {
		z.csv.crc = z.sum
	}
	_, err = z.in.Discard(n)
	return err
}

// skip passes over the current file.
func (z *zipReader) skip() error {
	f := &z.current
	const most = 20
	if name := path.Base(f.name); len(z.others) < most && !strings.HasSuffix(f.name, "/") && !strings.HasPrefix(f.name, "__MACOSX/") && name[0] != '.' {
		z.others = append(z.others, f.name)
	}
	switch {
	case f.sized:
		return z.discard(f.packed)
	case f.method == 0: // a folder
		if b, _ := z.in.Peek(magicBytes); !bytes.Equal(b, []byte(zipDescriptor)) {
			return nil
		}
		z.sum = 0
		return z.descriptor(0, 0)
	}
	if err := z.begin(); err != nil {
		return err
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := z.read(buf)
		z.skipped += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			z.data = nil
			return nil
		case err != nil:
			return err
		}
		if err := tooLarge(z.skipped, z.origin.n, z.limit); err != nil {
			return err
		}
	}
}

// end reads the directory, which must have the CSV, up to the end of the archive, and returns io.EOF.
func (z *zipReader) end() error {
	listed := false
	for {
		signature, err := z.in.Peek(magicBytes)
		if err != nil {
			return cutOff(err)
		}
		switch string(signature) {
		case zipCentral:
			h, err := z.take(zipCentralLength)
			if err != nil {
				return err
			}
			le := binary.LittleEndian
			crc, rest := le.Uint32(h[16:]), uint64(le.Uint16(h[30:]))+uint64(le.Uint16(h[32:]))
			name, err := z.take(int(le.Uint16(h[28:])))
			if err != nil {
				return err
			}
			listed = listed || z.csv != nil && string(name) == z.csv.name && crc == z.csv.crc
			if err := z.discard(rest); err != nil {
				return err
			}
		case zip64End:
			h, err := z.take(zip64EndLength)
			if err != nil {
				return err
			}
			if err := z.discard(binary.LittleEndian.Uint64(h[4:])); err != nil {
				return err
			}
		case zip64Locator:
			if err := z.discard(zip64LocatorSize); err != nil {
				return err
			}
		case zipEnd:
			if err := z.discard(zipEndLength); err != nil {
				return err
			}
			return z.conclude(listed)
		default:
			return errors.New("no directory where one should be")
		}
	}
}

// conclude returns io.EOF if the archive had what it should have. A comment may be behind the directory.
func (z *zipReader) conclude(listed bool) error {
	if _, err := io.Copy(io.Discard, z.in); err != nil {
		return err
	}
	switch {
	case z.csv == nil && len(z.others) == 0:
		return inputError("it is an empty zip archive")
	case z.csv == nil:
		return inputError("it is a zip archive without a CSV file (.csv, .tsv or .tab); it has %s", quoteList(z.others))
	case !listed:
		return errors.New("its directory doesn't have the file")
	}
	return io.EOF
}

// take returns the next n bytes.
func (z *zipReader) take(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(z.in, b); err != nil {
		return nil, cutOff(err)
	}
	return b, nil
}

func (z *zipReader) discard(n uint64) error {
	if _, err := io.CopyN(io.Discard, z.in, int64(min(n, 1<<62))); err != nil {
		return cutOff(err)
	}
	return nil
}

// cutOff is the error of an end where there must not be one.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// isTable tells whether the file in an archive may be a CSV file. What systems put beside people's files is none.
func isTable(name string) bool {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, ".") {
		return false
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".csv", ".tsv", ".tab":
		return true
	}
	return name == "-" // what zip calls what was piped into it
}

// officeFile says what an archive is that has a file of the name, if that is a document and no mere archive.
func officeFile(name string) string {
	switch {
	case strings.HasPrefix(name, "xl/"), name == "[Content_Types].xml", name == "mimetype":
		return "it is a spreadsheet or another office document (xlsx, ods); save the sheet as CSV first"
	}
	return ""
}
