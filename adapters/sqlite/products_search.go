package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// addSearch adds a condition on what the search looks into. The index, where there is one that knows all of that, finds
// those that may match; which of them do is decided as without it.
func (p *Products) addSearch(ctx context.Context, s *selection, text string) error {
	columns := searched(p.layout.schema)
	spellings := products.Spellings(text)
	if match := trigramsOfAny(spellings); match != "" {
		indexed, err := p.hasSearchIndex(ctx)
		if err != nil {
			return err
		}
		if indexed {
			s.add("id IN (SELECT rowid FROM products_search WHERE products_search MATCH ?)", match)
		}
	}
	var within []string
	var args []any
	for _, spelling := range spellings {
		pattern := searchPattern(spelling)
		for _, column := range columns {
			within, args = append(within, column+" GLOB ?"), append(args, pattern)
		}
	}
	s.add("("+strings.Join(within, " OR ")+")", args...)
	return nil
}

// searched are the columns that a search looks into.
func searched(schema *products.Schema) []string {
	columns := []string{"sku", "name"}
	for _, f := range schema.All() {
		if f.Search && !f.Builtin() {
			columns = append(columns, columnOf(f))
		}
	}
	return columns
}

// searchPattern returns a pattern for GLOB that matches text with s in it, ignoring case just as strings.ToLower does.
// LIKE would ignore the case of ASCII alone.
func searchPattern(s string) string {
	var b strings.Builder
	b.WriteByte('*')
	for _, r := range strings.ToLower(s) {
		same := products.LowerTo(r)
		if len(same) == 1 && !strings.ContainsRune("*?[", r) {
			b.WriteRune(r)
			continue
		}
		b.WriteByte('[')
		for _, v := range same {
			b.WriteRune(v)
		}
		b.WriteByte(']')
	}
	b.WriteByte('*')
	return b.String()
}

// mostTrigrams is how many of a long search are looked for in the index.
const mostTrigrams = 16

// foldsAlike reports whether Go and SQLite's tokenizer are known to take the same letters for r: those without cases,
// and the scripts that matter. Of others the tokenizer doesn't know the newest ones.
func foldsAlike(r rune) bool {
	return r < 0x250 || 0x370 <= r && r < 0x3E0 || 0x400 <= r && r < 0x500 || len(products.LowerTo(r)) == 1
}

// trigramsOfAny returns what the index is asked for to find one of the spellings, empty where it is of no use for one.
func trigramsOfAny(spellings []string) string {
	matches := make([]string, len(spellings))
	for i, spelling := range spellings {
		match := trigrams(spelling)
		if match == "" {
			return ""
		}
		matches[i] = "(" + match + ")"
	}
	return strings.Join(matches, " OR ")
}

// trigrams returns what the index is asked for: every three characters that stand side by side in the text. It is
// empty where the index is of no use: for short texts, and where the tokenizer may not know what is the lower case of
// a letter.
func trigrams(text string) string {
	runes := []rune(strings.ToLower(text))
	var all []string
	for i := 0; i+3 <= len(runes) && len(all) < mostTrigrams; i++ {
		three := runes[i : i+3]
		quoted := `"` + strings.ReplaceAll(string(three), `"`, `""`) + `"`
		if foldsAlike(three[0]) && foldsAlike(three[1]) && foldsAlike(three[2]) &&
			!slices.Contains(all, quoted) {
			all = append(all, quoted)
		}
	}
	return strings.Join(all, " AND ")
}

// hasSearchIndex reports whether there is an index of all that a search looks into.
func (p *Products) hasSearchIndex(ctx context.Context) (has bool, err error) {
	err = p.db.read(ctx, func(ctx context.Context, q querier) (err error) {
		has, err = searchIndexHas(ctx, q, searched(p.layout.schema))
		return err
	})
	return has, err
}

// searchIndexHas reports whether the index knows all of the columns.
func searchIndexHas(ctx context.Context, q querier, columns []string) (bool, error) {
	var indexed []string
	err := sqlx.SelectContext(ctx, q, &indexed, `SELECT name FROM pragma_table_info('products_search')`)
	if err != nil {
		return false, err
	}
	for _, column := range columns {
		if !slices.Contains(indexed, indexedAs(column)) {
			return false, nil
		}
	}
	return true, nil
}
