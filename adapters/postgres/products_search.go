package postgres

import (
	"strings"

	"github.com/products-importer/products-importer/products"
)

// searchPattern returns a regular expression that matches text with s in it, ignoring case just as strings.ToLower
// does, in any of its spellings. ILIKE would ignore case as the database's locale has it, which for C is ASCII only.
func searchPattern(s string) string {
	var patterns []string
	for _, spelling := range products.Spellings(s) {
		patterns = append(patterns, spellingPattern(spelling))
	}
	return strings.Join(patterns, "|")
}

// spellingPattern is searchPattern of one spelling.
func spellingPattern(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		same := products.LowerTo(r)
		switch {
		case len(same) > 1:
			b.WriteByte('[')
			for _, v := range same {
				b.WriteRune(v)
			}
			b.WriteByte(']')
		case r < 0x80 && !('a' <= r && r <= 'z') && !('0' <= r && r <= '9'):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// searched returns the fields of one's own that a search looks into.
func searched(schema *products.Schema) (fields []*products.Field) {
	for i := range schema.Len() {
		if f := schema.At(i); f.Search && !f.Builtin() {
			fields = append(fields, f)
		}
	}
	return fields
}
