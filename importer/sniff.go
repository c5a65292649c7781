package importer

import "bytes"

// SniffBytes is how many bytes of a file Sniff should see.
const SniffBytes = 4 << 10

// signatures are the first bytes of files that people take for CSV files.
var signatures = []struct{ magic, what string }{
	{"\x1f\x8b", "it is compressed with gzip; decompress it first"},
	{"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it first"},
	{"PK\x03\x04", "it is a zip archive or a spreadsheet (xlsx, ods); save the sheet as CSV first"},
	{"\xd0\xcf\x11\xe0", "it is an old spreadsheet (xls); save the sheet as CSV first"},
	{"%PDF-", "it is a PDF document, not a CSV file"},
	{"\x89PNG", "it is a picture, not a CSV file"},
	{"\xff\xd8\xff", "it is a picture, not a CSV file"},
	{"\xff\xfe", "it is in UTF-16; save it as UTF-8 first"},
	{"\xfe\xff", "it is in UTF-16; save it as UTF-8 first"},
}

var utf8BOM = []byte("\xef\xbb\xbf")

// Sniff looks at the first bytes of a file and returns an ErrInput when it is empty or no text: the sentence says what it
// is and what to do. It is what Run begins with; whether the text is a usable CSV file only Run can tell.
func Sniff(start []byte) error {
	_, err := sniff(start)
	return err
}

// sniff is Sniff, and says how many bytes are before the text.
func sniff(start []byte) (skip int, err error) {
	if text := bytes.TrimPrefix(start, utf8BOM); len(start) < SniffBytes && len(bytes.Trim(text, "\r\n")) == 0 {
		return 0, inputError("it is empty")
	}
	for _, s := range signatures {
		if bytes.HasPrefix(start, []byte(s.magic)) {
			return 0, inputError("%s", s.what)
		}
	}
	// A stray NUL costs its record; a file full of them is none.
	if nuls := bytes.Count(start, []byte{0}); nuls > 0 && nuls > len(start)/100 {
		return 0, inputError("it is binary, not text")
	}
	if bytes.HasPrefix(start, utf8BOM) {
		return len(utf8BOM), nil
	}
	return 0, nil
}
