package postgres

import (
	"regexp"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// Of CHECKs about one column the package reads comparisons with numbers, the lengths of texts, and lists of words, as
// the server prints them; these become rules, which reject a record before the table is asked. Others are left to the
// table.
var (
	comparison = regexp.MustCompile(`^(?:(char_length|length)\()?\(?(?:"[^"]+"|\w+)\)?(?:::[a-z ]+)?\)? (>=|<=|>|<) ` +
		`\(?'?(-?\d+(?:\.\d+)?)'?\)?(?:::[a-z ]+(?:\([\d,]+\))?)?$`)
	oneOfWords = regexp.MustCompile(`^\(?(?:"[^"]+"|\w+)\)?(?:::[a-z ]+)? = ANY \(\(?ARRAY\[(.*)\]\)?(?:::[a-z ]+\[\])?\)$`)
	word       = regexp.MustCompile(`^\(?'([^']*)'::[a-z ]+\)?(?:::[a-z ]+)?$`)
)

// tagOf are the rules for comparisons.
var tagOf = map[string]string{">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}

// rulesOf returns rules that say what a CHECK of the field's column alone does, and reports whether there are some that
// say just that.
func rulesOf(expression string, f *products.Field) (rules string, ok bool) {
	var all []string
	for _, part := range conjuncts(expression) {
		rule := ruleOf(part, f)
		if rule == "" {
			return "", false
		}
		all = append(all, rule)
	}
	return strings.Join(all, ","), len(all) > 0
}

func ruleOf(part string, f *products.Field) string {
	numbers := f.Type == products.Integer || f.Type == products.Decimal
	if m := comparison.FindStringSubmatch(part); m != nil {
		if m[1] == "" && numbers || m[1] != "" && f.Type == products.Text {
			return tagOf[m[2]] + "=" + m[3]
		}
		return ""
	}
	if m := oneOfWords.FindStringSubmatch(part); m != nil && f.Type == products.Text {
		var words []string
		for item := range strings.SplitSeq(m[1], ", ") {
			w := word.FindStringSubmatch(item)
			if w == nil {
				return ""
			}
			words = append(words, w[1])
		}
		if rule, ok := oneOf(words); ok {
			return rule
		}
	}
	return ""
}

// conjuncts returns what a condition joins by AND, without parentheses around it.
func conjuncts(expression string) (parts []string) {
	expression = unwrapped(expression)
	const and = " AND "
	depth, from := 0, 0
	quoted := false
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(expression[i:], and):
			parts = append(parts, expression[from:i])
			from = i + len(and)
		}
	}
	if parts = append(parts, expression[from:]); len(parts) == 1 {
		return parts
	}
	var all []string
	for _, part := range parts {
		all = append(all, conjuncts(part)...)
	}
	return all
}

// unwrapped cuts off parentheses around the whole.
func unwrapped(expression string) string {
	for len(expression) > 1 && expression[0] == '(' {
		depth := 0
		for i := range len(expression) {
			switch expression[i] {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 && i < len(expression)-1 {
				return expression // the first one is closed before
			}
		}
		if depth != 0 {
			return expression
		}
		expression = expression[1 : len(expression)-1]
	}
	return expression
}
