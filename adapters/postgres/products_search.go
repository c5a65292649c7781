package postgres

import (
	"strconv"
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

// searchWalk is how many products are looked at in the order of a page before the index for searches is asked, for each
// that the page has, and searchWalkMost how many at most.
const (
	searchWalk     = 50
	searchWalkMost = 50_000
)

// walk returns what pageReader.walked is to be, where the products are distributed so: more than 0 for a search that
// has an index, in an order that has one too.
func (r *pageReader) walk(is Distribution) int {
	own := r.order.Own()
	ordered := r.byID != "" && !is.byKeys() || own != nil && own.Index
	if !r.s.indexed || !ordered || is == Citus() || r.query.SKU != "" {
		return 0
	}
	return min(searchWalk*(r.query.Offset+r.query.Limit+1), searchWalkMost)
}

// fromSearch selects a page of a search. What is in many products fills it among the first of the order. Else all that
// match are found by the index for searches and sorted: they are few, or far behind. The server can't choose by itself,
// since it doesn't know how many match, or where: it would go on in the order, and look at every product for what is in
// none.
//
// Behind OFFSET 0 it doesn't see that they are wanted in an order, and from a position on.
func (r *pageReader) fromSearch(by string) string {
	ahead := *r
	ahead.walked, ahead.s, ahead.limit = 0, &selection{}, ` LIMIT `+strconv.Itoa(r.walked)
	behind := ""
	switch {
	case len(r.parts) > 0:
		behind = ` WHERE (` + strings.Join(r.parts, `) OR (`) + `)`
	case r.position != "":
		behind = ` WHERE (id, sku_key)` + r.position
	}
	columns := `SELECT ` + r.layout.selected
	return ` FROM (WITH near AS MATERIALIZED (` + columns + ` FROM (` + columns + ahead.source(by) + `) AS ahead` +
		r.s.where() + ` ORDER BY ` + by + ` LIMIT ` + r.upTo + `)
		` + columns + ` FROM (` + columns + ` FROM near WHERE (SELECT count(*) FROM near) = ` + r.upTo + `
			UNION ALL ` + columns + ` FROM (` + columns + ` FROM products` + r.s.where() + `
				AND (SELECT count(*) FROM near) < ` + r.upTo + ` OFFSET 0) AS matching` + behind + `
		) AS found ORDER BY ` + by + r.limit + `) AS page ORDER BY ` + by
}
