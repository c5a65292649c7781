package spelling

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// list reads a cell with the texts of a list.
func (f *Format) list(dst []byte, cell string) (text string, out []byte, fault *Fault) {
	s := trim(cell)
	text, out, fault = f.texts(dst, s)
	if size := len(text) + len(out) - len(dst); size > products.MaxDescription &&
		utf8.RuneCountInString(text)+utf8.RuneCount(out[len(dst):]) > products.MaxDescription {
		return "", dst, f.fault(products.CodeTooLong, "must not be longer than %d characters: %s", products.MaxDescription,
			quote(s))
	}
	return text, out, fault
}

// texts reads the texts of a list, however many there are.
func (f *Format) texts(dst []byte, s string) (text string, out []byte, fault *Fault) {
	if !utf8.ValidString(s) {
		return "", dst, f.bad("must be valid UTF-8: %s", quote(s))
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "", dst, f.nul(s)
	}
	start := len(dst)
	if s[0] == '[' && s[len(s)-1] == ']' {
		if canonicalList(s) {
			return s, dst, nil
		}
		var items []string
		if json.Unmarshal([]byte(s), &items) == nil {
			for _, item := range items {
				if strings.IndexByte(item, 0) >= 0 {
					return "", dst[:start], f.nul(s)
				}
				dst = appendItem(dst, start, item)
			}
			return "", closeList(dst, start), nil
		}
	}
	for more := true; more; {
		var item string
		item, s, more = strings.Cut(s, f.separator)
		dst = appendItem(dst, start, trim(item))
	}
	return "", closeList(dst, start), nil
}

func (f *Format) nul(s string) *Fault {
	return f.fault(products.CodeBadCharacter, "must not contain the character NUL: %s", quote(s))
}

// appendItem appends an item to a list that began at start, unless it is blank.
func appendItem(dst []byte, start int, item string) []byte {
	if products.Blank(item) {
		return dst
	}
	if len(dst) == start {
		dst = append(dst, '[')
	} else {
		dst = append(dst, ',')
	}
	return appendJSON(dst, item)
}

// closeList ends a list that began at start. Without items it is null.
func closeList(dst []byte, start int) []byte {
	if len(dst) > start {
		dst = append(dst, ']')
	}
	return dst
}

// canonicalList tells whether the text surely is the canonical text of a list.
func canonicalList(s string) bool {
	if strings.Contains(s, `\`) {
		return false
	}
	for i := 1; ; {
		if s[i] != '"' {
			return false
		}
		n := strings.IndexByte(s[i+1:], '"')
		if n < 0 {
			return false
		}
		item := s[i+1 : i+1+n]
		if products.Blank(item) {
			return false
		}
		for j := range len(item) {
			if item[j] < ' ' {
				return false
			}
		}
		if i += n + 2; i >= len(s)-1 {
			return i == len(s)-1
		}
		if s[i] != ',' {
			return false
		}
		i++
	}
}

// appendJSON appends a JSON string as RFC 8785 writes it.
func appendJSON(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\b':
			dst = append(dst, `\b`...)
		case c == '\f':
			dst = append(dst, `\f`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&15])
		}
	}
	return append(dst, '"')
}
