package charset

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is how a file's bytes stand for characters.
type Encoding uint8

// The encodings that are read.
const (
	// Auto leaves the encoding to be detected. UTF-16 is known by its byte order mark or its NUL bytes, UTF-8 by the
	// first bytes beyond ASCII, wherever in the file they are. Windows-1252 is taken where no other encoding is likely,
	// or would give another text. What else is likely is asked: see [QuestionError]. A file that makes no sense in any
	// encoding counts as UTF-8: what isn't valid stays so.
	Auto Encoding = iota
	// UTF8 may begin with a byte order mark, as may the two of UTF-16.
	UTF8
	UTF16LE
	UTF16BE
	// Windows1252 is that of Western Europe and America. The bytes 81, 8D, 8F, 90 and 9D are invalid.
	Windows1252
	// ISO8859_1 is Latin-1, in which every byte is valid. It is never detected: what calls itself so is Windows1252.
	ISO8859_1

	// The others are never detected: they have to be given.
	Windows874  // Thai
	Windows1250 // Central European
	Windows1251 // Cyrillic
	Windows1253 // Greek
	Windows1254 // Turkish
	Windows1255 // Hebrew
	Windows1256 // Arabic
	Windows1257 // Baltic
	Windows1258 // Vietnamese
	ISO8859_2
	ISO8859_3
	ISO8859_4
	ISO8859_5
	ISO8859_6
	ISO8859_7
	ISO8859_8
	ISO8859_9
	ISO8859_10
	ISO8859_13
	ISO8859_14
	ISO8859_15
	ISO8859_16
	KOI8R
	KOI8U
	Macintosh
	MacCyrillic
	IBM437
	IBM850
	IBM852
	IBM855
	IBM858
	IBM860
	IBM862
	IBM863
	IBM865
	IBM866
	IBM037 // EBCDIC, as IBM1047 and IBM1140
	IBM1047
	IBM1140
	ShiftJIS
	EUCJP
	ISO2022JP
	GBK
	GB18030
	HZGB2312
	Big5
	EUCKR

	encodings
)

// knowledge is what there is to know of an encoding.
type knowledge struct {
	name    string            // as it is shown: that of the Encoding Standard, or of IANA
	text    encoding.Encoding // nil for Auto
	aliases string            // names that x/text's indexes don't have, as sameName makes them
}

var known = [encodings]knowledge{
	Auto:        {"auto", nil, ""},
	UTF8:        {"utf-8", unicode.UTF8, ""},
	UTF16LE:     {"utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), ""},
	UTF16BE:     {"utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), ""},
	Windows1252: {"windows-1252", charmap.Windows1252, "ansi"},
	ISO8859_1:   {"iso-8859-1", charmap.ISO8859_1, "latin1"},
	Windows874:  {"windows-874", charmap.Windows874, ""},
	Windows1250: {"windows-1250", charmap.Windows1250, ""},
	Windows1251: {"windows-1251", charmap.Windows1251, ""},
	Windows1253: {"windows-1253", charmap.Windows1253, ""},
	Windows1254: {"windows-1254", charmap.Windows1254, ""},
	Windows1255: {"windows-1255", charmap.Windows1255, ""},
	Windows1256: {"windows-1256", charmap.Windows1256, ""},
	Windows1257: {"windows-1257", charmap.Windows1257, ""},
	Windows1258: {"windows-1258", charmap.Windows1258, ""},
	ISO8859_2:   {"iso-8859-2", charmap.ISO8859_2, "latin2"},
	ISO8859_3:   {"iso-8859-3", charmap.ISO8859_3, "latin3"},
	ISO8859_4:   {"iso-8859-4", charmap.ISO8859_4, "latin4"},
	ISO8859_5:   {"iso-8859-5", charmap.ISO8859_5, ""},
	ISO8859_6:   {"iso-8859-6", charmap.ISO8859_6, ""},
	ISO8859_7:   {"iso-8859-7", charmap.ISO8859_7, ""},
	ISO8859_8:   {"iso-8859-8", charmap.ISO8859_8, "iso88598i"},
	ISO8859_9:   {"iso-8859-9", charmap.ISO8859_9, "latin5"},
	ISO8859_10:  {"iso-8859-10", charmap.ISO8859_10, "latin6"},
	ISO8859_13:  {"iso-8859-13", charmap.ISO8859_13, "latin7"},
	ISO8859_14:  {"iso-8859-14", charmap.ISO8859_14, "latin8"},
	ISO8859_15:  {"iso-8859-15", charmap.ISO8859_15, "latin9 latin0"},
	ISO8859_16:  {"iso-8859-16", charmap.ISO8859_16, "latin10"},
	KOI8R:       {"koi8-r", charmap.KOI8R, ""},
	KOI8U:       {"koi8-u", charmap.KOI8U, ""},
	Macintosh:   {"macintosh", charmap.Macintosh, "macroman mac"},
	MacCyrillic: {"x-mac-cyrillic", charmap.MacintoshCyrillic, "maccyrillic"},
	IBM437:      {"ibm437", charmap.CodePage437, ""},
	IBM850:      {"ibm850", charmap.CodePage850, ""},
	IBM852:      {"ibm852", charmap.CodePage852, ""},
	IBM855:      {"ibm855", charmap.CodePage855, ""},
	IBM858:      {"ibm858", charmap.CodePage858, "ibm00858"},
	IBM860:      {"ibm860", charmap.CodePage860, ""},
	IBM862:      {"ibm862", charmap.CodePage862, ""},
	IBM863:      {"ibm863", charmap.CodePage863, ""},
	IBM865:      {"ibm865", charmap.CodePage865, ""},
	IBM866:      {"ibm866", charmap.CodePage866, ""},
	IBM037:      {"ibm037", charmap.CodePage037, "ibm37"},
	IBM1047:     {"ibm1047", charmap.CodePage1047, ""},
	IBM1140:     {"ibm01140", charmap.CodePage1140, "ibm1140"},
	ShiftJIS:    {"shift_jis", japanese.ShiftJIS, "ibm932 ms932 windows932 ibm943"},
	EUCJP:       {"euc-jp", japanese.EUCJP, ""},
	ISO2022JP:   {"iso-2022-jp", japanese.ISO2022JP, "jis"},
	GBK:         {"gbk", simplifiedchinese.GBK, "ibm936 ms936 windows936"},
	GB18030:     {"gb18030", simplifiedchinese.GB18030, ""},
	HZGB2312:    {"hz-gb-2312", simplifiedchinese.HZGB2312, ""},
	Big5:        {"big5", traditionalchinese.Big5, "ibm950 ms950 windows950"},
	EUCKR:       {"euc-kr", korean.EUCKR, "ibm949 ms949 uhc"},
}

// Names returns the names of all encodings, Auto first, as String gives them.
func Names() []string {
	names := make([]string, encodings)
	for e := range encodings {
		names[e] = known[e].name
	}
	return names
}

// Parse is the inverse of String, and takes other names too, in any case: those that the Encoding Standard and IANA
// know, and usual ones such as cp1250, latin2 or macroman.
func Parse(s string) (Encoding, error) {
	name := sameName(s)
	for e := range encodings {
		if name == sameName(known[e].name) || name != "" && slices.Contains(strings.Fields(known[e].aliases), name) {
			return e, nil
		}
	}
	for _, index := range []func(string) (encoding.Encoding, error){ianaindex.IANA.Encoding, htmlindex.Get} {
		if text, err := index(s); err == nil && text != nil {
			if e := slices.IndexFunc(known[:], func(k knowledge) bool { return k.text == text }); e > 0 {
				return Encoding(e), nil
			}
		}
	}
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	return 0, fmt.Errorf("unknown encoding %q: want auto, utf-8, windows-1252, windows-1250, shift_jis or another name of "+
		"the Encoding Standard or IANA", s)
}

// sameName makes the ways to write a name the same: letters and digits only, in lower case, with ibm for cp and windows
// for win and cp125.
func sameName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case strings.ContainsRune(" -_.:", r):
			return -1
		}
		return '?'
	}, s)
	for _, short := range [...][2]string{{"cp125", "windows125"}, {"ms125", "windows125"}, {"win1", "windows1"},
		{"cp874", "windows874"}, {"cp", "ibm"}, {"dos", "ibm"}, {"x", ""}} {
		if rest, is := strings.CutPrefix(s, short[0]); is {
			return short[1] + rest
		}
	}
	return s
}

// String returns the name of the encoding, as utf-8, or Encoding(N) for a value that is none.
func (e Encoding) String() string {
	if !e.Valid() {
		return fmt.Sprintf("Encoding(%d)", uint8(e))
	}
	return known[e].name
}

// Valid reports whether the value is one of the constants.
func (e Encoding) Valid() bool { return e < encodings }

// MarshalText returns the name of the encoding, and an error for a value that is none.
func (e Encoding) MarshalText() ([]byte, error) {
	if !e.Valid() {
		return nil, fmt.Errorf("unknown encoding: %d", uint8(e))
	}
	return []byte(e.String()), nil
}

// UnmarshalText sets the encoding as Parse reads it; the empty text is Auto.
func (e *Encoding) UnmarshalText(text []byte) (err error) {
	*e = Auto
	if len(text) > 0 {
		*e, err = Parse(string(text))
	}
	return err
}
