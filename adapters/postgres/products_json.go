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
