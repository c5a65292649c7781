package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// Fingerprint stands for the columns of a header: two headers have the same one if and only if their columns have the
// same names in the same order, where case, spaces and punctuation don't count, nor do empty columns at the end. It is
// a text of 32 characters, stable over versions; "" where no column has a name, as in a file without a header.
func Fingerprint(names []string) string {
	folded := make([]string, len(names))
	n := 0
	for i, name := range names {
		if folded[i] = products.FoldName(trimmedName(cellValue(name))); folded[i] != "" {
			n = i + 1
		}
	}
	if n == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(folded[:n], "\x00")))
	return hex.EncodeToString(sum[:16])
}
