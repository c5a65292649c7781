package postgres

import (
	"maps"
	"slices"
)

// appendJSON appends the attributes as a JSON object, with its names in order.
func appendJSON(to []byte, attributes map[string]string) []byte {
	if len(attributes) == 0 {
		return append(to, '{', '}')
	}
	to = append(to, '{')
	for i, name := range slices.Sorted(maps.Keys(attributes)) {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendJSONMember(to, name, attributes[name])
	}
	return append(to, '}')
}

func appendJSONMember(to []byte, name, value string) []byte {
	to = appendJSONString(to, name)
	to = append(to, ':')
	return appendJSONString(to, value)
}

// appendJSONString appends valid UTF-8 text as a JSON string.
func appendJSONString(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[start:i]...)
		if start = i + 1; c < ' ' {
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			to = append(to, '\\', c)
		}
	}
	to = append(to, s[start:]...)
	return append(to, '"')
}
