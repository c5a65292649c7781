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

// How many products are looked at in the order of a page before the index for searches is asked: at first searchGlance
// for each that the page has, and at least leastGlance. Where these have enough that match, searchWalk for each, and at
// least leastWalk; together at most mostWalked, or, where each is looked up by its key, mostLookedUp.
const (
	searchGlance, leastGlance = 10, 1_000
	searchWalk, leastWalk     = 200, 20_000
	mostWalked, mostLookedUp  = 200_000, 10_000
)

// ahead is how a page of a search looks at the first products of its order; see fromSearch.
type ahead struct {
	glance, walk int // so many products at first, and then
	hopeful      int // how many of the first match where the others are looked at too
}

// lookAhead returns how a page is searched for where the products are distributed so, nil for one that is found without
// that: the search needs an index, and an order that has one too.
func (r *pageReader) lookAhead(is Distribution) *ahead {
	own := r.order.Own()
	ordered := r.byID != "" || own != nil && own.Index && !is.byKeys()
	if !r.s.indexed || !ordered || is == Citus() || r.query.SKU != "" {
		return nil
	}
	rows, least, most := r.query.Offset+r.query.Limit+1, leastWalk, mostWalked
	if is.byKeys() {
		least, most = leastGlance, mostLookedUp
	}
	a := &ahead{glance: min(max(searchGlance*rows, leastGlance), most*searchGlance/searchWalk),
		walk: min(max(searchWalk*rows, least), most)}
	// Half of what is needed, since they don't come evenly, but more than may be among the first by chance.
	a.hopeful = max(rows*a.glance/a.walk/2, 3)
	return a
}

// fromSearch selects a page of a search. What is in many products fills it among the first of the order. Else all that
// match are found by the index for searches and sorted: they are few, or far behind. The server can't choose by itself,
// since it doesn't know how many match, or where: it would go on in the order, and look at every product for what is in
// none.
//
// Behind OFFSET 0 it doesn't see that they are wanted in an order, and from a position on.
func (r *pageReader) fromSearch(by string) string {
	columns := `SELECT ` + r.layout.selected
	first := *r
	first.ahead, first.s = nil, &selection{}
	among := func(rows int) string {
		first.limit = ` LIMIT ` + strconv.Itoa(rows)
		return columns + ` FROM (` + columns + first.source(by) + `) AS first` + r.s.where()
	}
	behind := ""
	switch {
	case len(r.parts) > 0:
		behind = ` WHERE (` + strings.Join(r.parts, `) OR (`) + `)`
	case r.position != "":
		behind = ` WHERE (id, sku_key)` + r.position
	}
	return ` FROM (WITH glanced AS MATERIALIZED (` + among(r.ahead.glance) + ` ORDER BY ` + by + ` LIMIT ` + r.upTo + `),
		walked AS MATERIALIZED (
			` + columns + ` FROM glanced WHERE (SELECT count(*) FROM glanced) = ` + r.upTo + `
			UNION ALL (` + among(r.ahead.walk) + ` AND (SELECT count(*) FROM glanced) BETWEEN ` +
		strconv.Itoa(r.ahead.hopeful) + ` AND ` + r.upTo + ` - 1
				ORDER BY ` + by + ` LIMIT ` + r.upTo + `))
		` + columns + ` FROM (` + columns + ` FROM walked WHERE (SELECT count(*) FROM walked) = ` + r.upTo + `
			UNION ALL ` + columns + ` FROM (` + columns + ` FROM products` + r.s.where() + `
				AND (SELECT count(*) FROM walked) < ` + r.upTo + ` OFFSET 0) AS matching` + behind + `
		) AS found ORDER BY ` + by + r.limit + `) AS page ORDER BY ` + by
}
