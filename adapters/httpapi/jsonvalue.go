package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"

	"github.com/products-importer/products-importer/products"
)

// checkValue refuses what encoding/json would change in silence, anywhere in a valid value: of a name that comes twice
// in an object it would take the last value, and half of a surrogate pair would become U+FFFD.
func checkValue(raw json.RawMessage) error {
	if half := halfPair(raw); half != "" {
		return &innerError{code: products.CodeBadCharacter, message: "has " + half +
			", half of a surrogate pair, which is no character"}
	}
	if name, twice := nameTwice(raw); twice {
		return &innerError{name, codeTwice, "is given twice"}
	}
	return nil
}

// halfPair returns the first escape that is half of a surrogate pair without the other half, empty for none.
func halfPair(raw []byte) string {
	for i := bytes.IndexByte(raw, '\\'); i >= 0 && i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		unit := escaped(raw[i:])
		if !utf16.IsSurrogate(unit) {
			i++ // over what is escaped, which may be a backslash
			continue
		}
		const length = len(`\u0000`)
		if utf16.DecodeRune(unit, escaped(raw[i+length:])) == '\uFFFD' {
			return string(raw[i : i+length])
		}
		i += 2*length - 1
	}
	return ""
}

// escaped returns the code unit that the text begins with as \uXXXX, 0 if it doesn't.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(unit)
}

// nameTwice returns the first name that comes twice in an object within the valid value.
func nameTwice(raw json.RawMessage) (name string, twice bool) {
	if raw[0] != '{' && raw[0] != '[' {
		return "", false
	}
	type level struct {
		names map[string]bool // nil for a list
		value bool            // comes next, and not a name
	}
	var levels []level
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // one may be too large for a float64
	for {
		token, err := d.Token()
		if err != nil {
			return "", false // the end
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			levels = levels[:len(levels)-1]
			continue
		}
		if n := len(levels); n > 0 && levels[n-1].names != nil {
			at := &levels[n-1]
			if text, _ := token.(string); !at.value {
				if at.names[text] {
					return text, true
				}
				at.names[text] = true
			}
			at.value = !at.value
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}
