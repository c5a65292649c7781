package postgres

import (
	"strings"

	"github.com/products-importer/products-importer/webhooks"
)

// clean replaces what PostgreSQL can't keep in text.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cleanAll cleans each of the texts; it is never nil.
func cleanAll[S ~string](all []S) []string {
	cleaned := make([]string, len(all))
	for i, s := range all {
		cleaned[i] = clean(string(s))
	}
	return cleaned
}

// appendJSONString appends the text as a JSON string.
func appendJSONString(to []byte, s string) []byte { return webhooks.AppendJSONString(to, s) }
