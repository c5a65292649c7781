package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Encoding is how a file's bytes stand for characters.
type Encoding uint8

const (
	// EncodingAuto: UTF-16 is told by its byte order mark or its NUL bytes, and UTF-8 from Windows-1252 by the first
	// bytes beyond ASCII, wherever in the file they are. A file that is neither counts as UTF-8, and the records that
	// aren't are rejected.
	EncodingAuto Encoding = iota
	// UTF8 may begin with a byte order mark, as may the two of UTF-16.
	UTF8
	UTF16LE
	UTF16BE
	// Windows1252 is that of Western Europe and America. The bytes 81, 8D, 8F, 90 and 9D are invalid.
	Windows1252
	// ISO8859_1 is Latin-1, in which every byte is valid. It is never detected: what calls itself so is Windows1252.
	ISO8859_1
)

// encodingNames has the names of the encodings, the one that is shown first.
var encodingNames = [...][]string{
	EncodingAuto: {"auto"},
	UTF8:         {"utf-8", "utf8"},
	UTF16LE:      {"utf-16le", "utf16le"},
	UTF16BE:      {"utf-16be", "utf16be"},
	Windows1252:  {"windows-1252", "windows1252", "cp1252", "ansi"},
	ISO8859_1:    {"iso-8859-1", "iso8859-1", "latin1", "latin-1"},
}

// ParseEncoding is the inverse of String, and takes some other names of the encodings too, in any case.
func ParseEncoding(s string) (Encoding, error) {
	for e, names := range encodingNames {
		if slices.Contains(names, strings.ToLower(s)) {
			return Encoding(e), nil
		}
	}
	var known []string
	for _, names := range encodingNames {
		known = append(known, names[0])
	}
	return 0, fmt.Errorf("unknown encoding %q: want %s", s, strings.Join(known, ", "))
}

func (e Encoding) String() string { return encodingNames[e][0] }

// marks are the byte order marks.
var marks = []struct {
	mark     string
	encoding Encoding
}{{"\xef\xbb\xbf", UTF8}, {"\xff\xfe", UTF16LE}, {"\xfe\xff", UTF16BE}}

// markOf returns the encoding that the byte order mark at the file's beginning names, and its length; EncodingAuto
// and 0 without one.
func markOf(start []byte) (Encoding, int) {
	for _, m := range marks {
		if bytes.HasPrefix(start, []byte(m.mark)) {
			return m.encoding, len(m.mark)
		}
	}
	return EncodingAuto, 0
}

// utf16Of tells UTF-16 without a byte order mark by its NUL bytes: in most languages' text, and in every CSV file's
// delimiters and line ends, one byte of two is one, always the same one.
func utf16Of(start []byte) Encoding {
	var nuls [2]int
	for i, c := range start {
		if c == 0 {
			nuls[i%2]++
		}
	}
	pairs := len(start) / 2
	switch {
	case nuls[0]+nuls[1] < 2: // a stray one
	case nuls[1] > pairs/5 && nuls[0] <= nuls[1]/10:
		return UTF16LE
	case nuls[0] > pairs/5 && nuls[1] <= nuls[0]/10:
		return UTF16BE
	}
	return EncodingAuto
}

// windows1252 has the characters of the bytes 80 to 9F, 0 for those that have none. The others are those of Unicode.
var windows1252 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// characterOf returns the character of a byte of Windows-1252, 0 for none.
func characterOf(c byte) rune {
	if c >= 0x80 && c < 0xa0 {
		return windows1252[c-0x80]
	}
	return rune(c)
}
