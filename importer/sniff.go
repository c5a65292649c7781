package importer

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/decompress"
	"github.com/products-importer/products-importer/importer/internal/refuse"
)

// SniffBytes is how many bytes of a file Sniff should see.
const SniffBytes = 4 << 10

// signatures are the first bytes of files that people take for CSV files.
var signatures = []struct{ magic, what string }{
	{"\xd0\xcf\x11\xe0", "it is an old spreadsheet or another office document (xls, doc); save the sheet as CSV first"},
	{"%PDF-", "it is a PDF document, not a CSV file"},
	{"\x89PNG", "it is a picture, not a CSV file"},
	{"\xff\xd8\xff", "it is a picture, not a CSV file"},
	{"GIF87a", "it is a picture, not a CSV file"},
	{"GIF89a", "it is a picture, not a CSV file"},
	{"II*\x00", "it is a picture, not a CSV file"},
	{"MM\x00*", "it is a picture, not a CSV file"},
	{"8BPS\x00", "it is a picture, not a CSV file"},
	{"\x00\x01\x00\x00Standard ", "it is a database, not a CSV file; export the table as CSV first"},
	{"PAR1\x15", "it is in Parquet; save it as CSV first"},
	{"ARROW1\x00", "it is in Arrow's format; save it as CSV first"},
	{"BZh91AY&SY", "it is compressed with bzip2; decompress it first, or use gzip, zstd or zip"},
	{"\xfd7zXZ\x00", "it is compressed with xz; decompress it first, or use gzip, zstd or zip"},
	{"7z\xbc\xaf\x27\x1c", "it is compressed with 7-Zip; decompress it first, or use gzip, zstd or zip"},
	{"Rar!\x1a", "it is compressed with RAR; decompress it first, or use gzip, zstd or zip"},
	{"{\\rtf", "it is a text document (RTF), not a CSV file"},
	{"SQLite format 3\x00", "it is a database, not a CSV file; export the table as CSV first"},
	{"\xff\xfe\x00\x00", "it is in UTF-32; save it as UTF-8 first"},
	{"\x00\x00\xfe\xff", "it is in UTF-32; save it as UTF-8 first"},
}

// Sniff looks at the first bytes of a file and returns an ErrInput when it is empty, no text, or compressed in a way
// that isn't read: the sentence says what it is and what to do. It is what Run begins with; whether the text is a
// usable CSV file, and what a compressed one holds, only Run can tell.
func Sniff(start []byte) error {
	format, err := decompress.Detect(start)
	if err != nil || format != decompress.None {
		return err
	}
	return sniffText(start)
}

// sniffText is Sniff for what is not compressed any more.
func sniffText(start []byte) error {
	marked, mark := charset.ByteOrderMark(start)
	text := start[mark:]
	if len(start) < SniffBytes && len(bytes.Trim(text, "\r\n")) == 0 {
		return refuse.Errorf("it is empty")
	}
	if format, _ := decompress.Detect(start); format != decompress.None {
		return refuse.Errorf("it is compressed twice; decompress it first")
	}
	for _, s := range signatures {
		if strings.HasPrefix(string(start), s.magic) {
			return refuse.Errorf("%s", s.what)
		}
	}
	if len(start) > 12 && string(start[:4]) == "RIFF" && string(start[8:12]) == "WEBP" {
		return refuse.Errorf("it is a picture, not a CSV file")
	}
	if len(start) > 262 && string(start[257:262]) == "ustar" {
		return refuse.Errorf("it is a tar archive; take the CSV file out of it first")
	}
	if isUTF16(marked) || bytes.IndexByte(text, 0) >= 0 && isUTF16(charset.Detect(text, false).Encoding) {
		text = bytes.ReplaceAll(text, []byte{0}, nil) // enough to know markup by
	} else if isBinary(start) {
		return refuse.Errorf("it is binary, not text")
	}
	if what := otherText(string(text)); what != "" {
		return refuse.Errorf("%s", what)
	}
	return nil
}

// isBinary reports whether bytes are no text. A stray NUL or another control character costs its record at most; a file
// full of them, or of many different ones, is none.
func isBinary(start []byte) bool {
	var counts [' ']int
	for _, c := range start {
		if c < ' ' && !strings.ContainsRune("\t\n\v\f\r", rune(c)) {
			counts[c]++
		}
	}
	kinds, all := 0, 0
	for _, n := range counts {
		all += n
		kinds += min(n, 1)
	}
	return counts[0] > len(start)/100 || kinds > 4 && all > len(start)/50
}

// isNoise reports whether bytes are no text in any encoding, though they have no control characters: much is no UTF-8,
// nothing else makes sense, and there are more kinds of bytes than a language has in one encoding.
func isNoise(start []byte) bool {
	const kindsOfText = 160
	if utf8.Valid(start) {
		return false
	}
	var seen [256]bool
	kinds, invalid := 0, 0
	for _, c := range start {
		if !seen[c] {
			seen[c] = true
			kinds++
		}
	}
	for rest := start; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			invalid++
		}
		rest = rest[size:]
	}
	return kinds > kindsOfText && 5*invalid > len(start) && charset.Detect(start, len(start) < SniffBytes).Unknown
}

// otherText says what a text is that is no CSV file by its beginning; nothing for one that may be.
func otherText(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	line, _, _ := strings.Cut(text, "\n")
	switch {
	case jsonStart.MatchString(text):
		return "it is JSON, not a CSV file; export the products as CSV, or turn it into CSV first"
	case !strings.HasPrefix(text, "<"):
		return ""
	case strings.HasPrefix(text, "<?") && strings.Contains(text, "Excel.Sheet"):
		return "it is a spreadsheet (XML); open it in a spreadsheet program and save the sheet as CSV"
	case strings.HasPrefix(text, "<?"):
		return "it is an XML document, not a CSV file; export the products as CSV"
	case htmlStart.MatchString(text) && strings.Contains(text, "urn:schemas-microsoft-com:office"):
		return "it is a table as a web page, which some programs call xls; open it in a spreadsheet program and save " +
			"the sheet as CSV"
	case htmlStart.MatchString(text):
		return "it is a web page, not a CSV file; perhaps a log-in was asked for where it was to be downloaded"
	case tagThenDelimiter.MatchString(line) || !tagStart.MatchString(text):
		return ""
	case htmlTag.MatchString(text):
		return "it is HTML, not a CSV file; export the products as CSV"
	}
	return "it is an XML document, not a CSV file; export the products as CSV"
}

var (
	jsonStart = regexp.MustCompile(`^(?:[\[{]\s*)*(?:\{\s*"(?:[^"\\]|\\.)*"\s*:|\[\s*(?:"(?:[^"\\]|\\.)*"\s*[,\]]|\{\s*"|\[\s*["\[{]))`)
	htmlStart = regexp.MustCompile(`(?i)^<(?:!doctype\s+html|html|head|body)\b`)
	tagStart  = regexp.MustCompile(`^<(?:!--|!DOCTYPE\s|[A-Za-z_][\w:.-]*(?:\s[^<>]*)?/?>)`)
	htmlTag   = regexp.MustCompile(`(?i)^<(?:a|b|br|center|div|em|font|form|h[1-6]|hr|i|img|li|link|meta|ol|p|pre|script|` +
		`span|strong|style|table|tbody|td|th|title|tr|ul)\b`)
	// tagThenDelimiter is in the first line of a CSV file whose columns are called like tags, or whose fields are HTML.
	tagThenDelimiter = regexp.MustCompile(`>\s*[,;\t|]`)
)

func isUTF16(e charset.Encoding) bool { return e == charset.UTF16LE || e == charset.UTF16BE }
