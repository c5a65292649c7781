package importer

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// judged is what was found out about bytes beyond ASCII.
type judged struct {
	encoding Encoding
	evidence string
}

// judge tells UTF-8 from Windows-1252 by a stretch of the file that begins with its first byte beyond ASCII, and the few
// bytes before that. Where the stretch isn't the file's end, a character may be cut off at its end.
//
// Text of Windows-1252 is hardly ever UTF-8 by chance, and damaged UTF-8 has more characters that are whole. What is
// neither is left to be rejected, record by record, rather than imported as characters that nobody wrote.
func judge(before, text []byte, end bool) judged {
	whole, broken := 0, 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			whole++
		case !end && !utf8.FullRune(text[i:]):
			return verdict(before, text, whole, broken)
		default:
			broken++
		}
		i += n
	}
	return verdict(before, text, whole, broken)
}

func verdict(before, text []byte, whole, broken int) judged {
	switch {
	case broken == 0:
		return judged{UTF8, "its first characters beyond ASCII are valid UTF-8"}
	case whole >= broken:
		return judged{UTF8, fmt.Sprintf("most of its first characters beyond ASCII are valid UTF-8 (%d of %d)", whole, whole+broken)}
	case western(before, text):
		return judged{Windows1252, fmt.Sprintf("not UTF-8, and makes sense as windows-1252, for example %q", example(before, text))}
	}
	return judged{UTF8, "neither valid UTF-8 nor likely windows-1252, so records beyond ASCII are rejected; give the encoding if it is known"}
}

// western tells whether bytes make sense as Windows-1252: few are undefined or in places where no language of Western
// Europe has them, as they would be in text of another encoding, and few stand in the long rows that other alphabets make.
func western(before, text []byte) bool {
	const longRow = 4
	good, bad, inRows, row := 0, 0, 0, 0
	for i, c := range text {
		if c < utf8.RuneSelf {
			row = 0
			continue
		}
		if row++; row == longRow {
			inRows += longRow
		} else if row > longRow {
			inRows++
		}
		var last, behind byte
		switch {
		case i > 0:
			last = text[i-1]
		case len(before) > 0:
			last = before[len(before)-1]
		}
		if i+1 < len(text) {
			behind = text[i+1]
		}
		if likely(last, c, behind) {
			good++
		} else {
			bad++
		}
	}
	return good >= 2*bad && bad <= 1+good/10 && inRows*5 <= good
}

// likely tells whether the byte c of Windows-1252 is likely between two others.
func likely(before, c, behind byte) bool {
	r := characterOf(c)
	switch {
	case r == 0, r == 'ÿ':
		return false
	case unicode.IsUpper(r): // inside a word in lower case
		return before < 'a' || before > 'z'
	case unicode.IsLetter(r):
		return true
	}
	switch r { // apostrophes, dashes and points may stand inside a word
	case '’', '‘', '–', '—', '·', '\u00ad', '®', '™', '\u00a0', '…', '•':
		return true
	}
	return !unicode.IsLetter(characterOf(before)) || !unicode.IsLetter(characterOf(behind))
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// example returns the first word beyond ASCII, read as Windows-1252.
func example(before, text []byte) string {
	const most = 20
	begin, end := len(before), 0
	for begin > 0 && isLetter(before[begin-1]) {
		begin--
	}
	for end < len(text) && end < most && (text[end] >= utf8.RuneSelf || isLetter(text[end])) {
		end++
	}
	return string(before[begin:]) + string(fromWestern(nil, text[:end], &windows1252))
}
