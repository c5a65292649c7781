package decompress

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

	"github.com/products-importer/products-importer/importer/internal/refuse"
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
	origin   *countingReader // see Reader
	limit    int64

	csv      *zipFile // found already; or the text file that is taken for it
	texts    int      // text files that came while there was no CSV
	held     zipFile  // the first of them
	heldText []byte
	rest     []byte   // to be given before data
	ended    bool     // the whole archive was looked at
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

// Read reads the CSV file's bytes, and io.EOF once the whole archive was looked at.
func (z *zipReader) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		switch {
		case len(z.rest) > 0:
			n = copy(p, z.rest)
			z.rest = z.rest[n:]
		case z.data != nil:
			if n, err = z.read(p); errors.Is(err, io.EOF) {
				z.data, err = nil, nil
			}
		case z.ended:
			err = io.EOF
		default:
			err = z.next()
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
		return refuse.Errorf("%s", what)
	}
	table := isTable(f.name)
	switch {
	case isText(f.name) && z.csv == nil:
		return z.hold()
	case !table && (z.csv == nil || isTable(z.csv.name) || !isText(f.name)):
		return z.skip()
	case z.csv != nil:
		return refuse.Errorf("it is a zip archive with several CSV files: %s; take one at a time",
			refuse.Names([]string{z.csv.name, f.name}))
	}
	z.csv = new(zipFile)
	*z.csv = *f
	return z.begin()
}

// maxHeld is how much is kept of a text file until it is known whether there is a CSV file. A longer one is taken for
// the CSV file at once: what people put beside one is short.
const maxHeld = 256 << 10

// hold reads a text file, which is the CSV if there is no other file that may be.
func (z *zipReader) hold() error {
	if z.texts++; z.texts > 1 || z.current.method != 0 && z.current.method != 8 {
		return z.skip()
	}
	if err := z.begin(); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(readerFunc(z.read), maxHeld+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxHeld:
		z.csv, z.rest = new(zipFile), text
		*z.csv = z.current
		return nil
	}
	z.data, z.held, z.heldText = nil, z.current, text
	z.others = append(z.others, z.current.name)
	return nil
}

// readerFunc is a function that reads.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// header reads a file's header.
func (z *zipReader) header() error {
	h, err := z.take(zipLocalLength)
	if err != nil {
		return err
	}
	flags := binary.LittleEndian.Uint16(h[6:])
	f := zipFile{method: binary.LittleEndian.Uint16(h[8:]), crc: binary.LittleEndian.Uint32(h[14:]),
		packed: uint64(binary.LittleEndian.Uint32(h[18:])), size: uint64(binary.LittleEndian.Uint32(h[22:])),
		sized: flags&8 == 0}
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
		return refuse.Errorf("it is a zip archive with a password; store it without one")
	case f.method == 0 && !f.sized && !strings.HasSuffix(f.name, "/"):
		return refuse.Errorf(
			"it is a zip archive of a kind that can't be read as a stream; decompress it first, or make it with " +
				"another program")
	case f.method != 0 && f.method != 8 && isTable(f.name):
		return refuse.Errorf(
			"it is a zip archive with an unusual compression (method %d); decompress it first, or make it with "+
				"another program", f.method)
	case f.method != 0 && f.method != 8 && !f.sized:
		return refuse.Errorf("it is a zip archive with an unusual compression (method %d); decompress it first",
			f.method)
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
	// The data ends by itself, and nothing behind it is taken from an io.ByteReader.
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
	if name := path.Base(f.name); len(z.others) < most && !strings.HasSuffix(f.name, "/") &&
		!strings.HasPrefix(f.name, "__MACOSX/") && name[0] != '.' {
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
		if err := checkSize(z.skipped, z.origin.n, z.limit); err != nil {
			return err
		}
	}
}

// end reads the directory, which must have the CSV, up to the end of the archive.
func (z *zipReader) end() error {
	if z.csv == nil && z.texts == 1 && z.held.name != "" {
		z.csv, z.rest, z.heldText = &z.held, z.heldText, nil
	}
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

// conclude returns nil if the archive had what it should have. A comment may be behind the directory.
func (z *zipReader) conclude(listed bool) error {
	if _, err := io.Copy(io.Discard, z.in); err != nil {
		return err
	}
	switch {
	case z.csv == nil && len(z.others) == 0:
		return refuse.Errorf("it is an empty zip archive")
	case z.csv == nil && z.texts > 1:
		return refuse.Errorf("it is a zip archive with several text files and no CSV file: %s; take one at a time",
			refuse.Names(z.others))
	case z.csv == nil:
		return refuse.Errorf("it is a zip archive without a CSV file (.csv, .tsv, .tab or .txt); it has %s",
			refuse.Names(z.others))
	case !listed:
		return errors.New("its directory doesn't have the file")
	}
	z.ended = true
	return nil
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

// isTable reports whether the file in an archive is a CSV file by its name.
func isTable(name string) bool {
	switch extension(name) {
	case ".csv", ".tsv", ".tab":
		return true
	}
	return name == "-" // what zip calls what was piped into it
}

// isText reports whether it may be one.
func isText(name string) bool { return extension(name) == ".txt" }

// extension returns the end of a file's name in lower case; nothing of what systems put beside people's files.
func extension(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, ".") {
		return ""
	}
	return strings.ToLower(path.Ext(base))
}

// officeFile returns what an archive is that has a file of the name, if that is a document and no mere archive.
func officeFile(name string) string {
	switch {
	case strings.HasPrefix(name, "xl/"), name == "[Content_Types].xml", name == "mimetype",
		strings.HasPrefix(name, "Index/") && strings.HasSuffix(name, ".iwa"):
		return "it is a spreadsheet or another office document (xlsx, ods, numbers); save the sheet as CSV first"
	}
	return ""
}
