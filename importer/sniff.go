package importer

import (
	"bytes"
	"encoding/binary"
)

// SniffBytes is how many bytes of a file Sniff should see.
const SniffBytes = 4 << 10

// signatures are the first bytes of files that people take for CSV files. Markup is matched in any case, and behind white space.
var signatures = []struct{ magic, what string }{
	{"\xd0\xcf\x11\xe0", "it is an old spreadsheet (xls); save the sheet as CSV first"},
	{"%PDF-", "it is a PDF document, not a CSV file"},
	{"\x89PNG", "it is a picture, not a CSV file"},
	{"\xff\xd8\xff", "it is a picture, not a CSV file"},
	{"GIF89a", "it is a picture, not a CSV file"},
	{"BZh91AY&SY", "it is compressed with bzip2; decompress it first, or use gzip, zstd or zip"},
	{"\xfd7zXZ\x00", "it is compressed with xz; decompress it first, or use gzip, zstd or zip"},
	{"7z\xbc\xaf\x27\x1c", "it is compressed with 7-Zip; decompress it first, or use gzip, zstd or zip"},
	{"Rar!\x1a", "it is compressed with RAR; decompress it first, or use gzip, zstd or zip"},
	{"{\\rtf", "it is a text document (RTF), not a CSV file"},
	{"SQLite format 3\x00", "it is a database, not a CSV file"},
	{"\xff\xfe\x00\x00", "it is in UTF-32; save it as UTF-8 first"},
	{"\x00\x00\xfe\xff", "it is in UTF-32; save it as UTF-8 first"},
	{"<!DOCTYPE HTML", "it is a web page, not a CSV file; perhaps a log-in was asked for where it was to be downloaded"},
	{"<HTML", "it is a web page, not a CSV file; perhaps a log-in was asked for where it was to be downloaded"},
	{"<?XML", "it is an XML document, not a CSV file"},
}

// Sniff looks at the first bytes of a file and returns an ErrInput when it is empty, no text, or compressed in a way that
// isn't read: the sentence says what it is and what to do. It is what Run begins with; whether the text is a usable CSV
// file, and what a compressed one holds, only Run can tell.
func Sniff(start []byte) error {
	switch compressionOf(start) {
	case "":
		return sniffText(start)
	case compressionZip:
		if len(start) >= zipLocalLength {
			name := start[zipLocalLength:]
			name = name[:min(len(name), int(binary.LittleEndian.Uint16(start[26:])))]
			if what := officeFile(string(name)); what != "" {
				return inputError("%s", what)
			}
		}
	}
	return nil
}

// sniffText is Sniff for what is not compressed any more.
func sniffText(start []byte) error {
	encoding, mark := markOf(start)
	text := start[mark:]
	if len(start) < SniffBytes && len(bytes.Trim(text, "\r\n")) == 0 {
		return inputError("it is empty")
	}
	if compressionOf(start) != "" {
		return inputError("it is compressed twice; decompress it first")
	}
	for _, s := range signatures {
		magic, begin := []byte(s.magic), start
		if magic[0] == '<' {
			begin = bytes.TrimLeft(text, " \t\r\n")
			begin = bytes.ToUpper(begin[:min(len(begin), len(magic))])
		}
		if bytes.HasPrefix(begin, magic) {
			return inputError("%s", s.what)
		}
	}
	if len(start) > 262 && string(start[257:262]) == "ustar" {
		return inputError("it is a tar archive; take the CSV file out of it first")
	}
	if encoding == UTF16LE || encoding == UTF16BE || utf16Of(start) != EncodingAuto {
		return nil
	}
	// A stray NUL costs its record; a file full of them is none.
	if nuls := bytes.Count(start, []byte{0}); nuls > 0 && nuls > len(start)/100 {
		return inputError("it is binary, not text")
	}
	return nil
}
