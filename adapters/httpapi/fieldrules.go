package httpapi

import (
	"regexp"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// fieldRule is one of the rules of a field, such as gte=0.
type fieldRule struct{ tag, param string }

// fieldRules returns the field's rules, and those for each text of a list.
func fieldRules(f *products.Field) (rules, entries []fieldRule) {
	to := &rules
	for _, text := range strings.Split(f.Rules, ",") {
		tag, param, _ := strings.Cut(text, "=")
		switch {
		case tag == "":
		case tag == "dive":
			to = &entries
		default:
			*to = append(*to, fieldRule{tag, param})
		}
	}
	return rules, entries
}

// oneOfWord is a word of the rule oneof: one with spaces stands in quotes.
var oneOfWord = regexp.MustCompile(`'[^']*'|\S+`)

// oneOf returns the words of the rule oneof.
func oneOf(param string) []string {
	words := oneOfWord.FindAllString(param, -1)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "'", "")
	}
	return words
}
