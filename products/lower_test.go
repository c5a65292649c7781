package products_test

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// TestLowerTo compares with the lower case of all runes.
func TestLowerTo(t *testing.T) {
	want := map[rune][]rune{}
	for r := range unicode.MaxRune + 1 {
		want[unicode.ToLower(r)] = append(want[unicode.ToLower(r)], r)
	}
	for r, all := range want {
		require.ElementsMatch(t, all, products.LowerTo(r), "%c", r)
		require.Equal(t, r, products.LowerTo(r)[0])
	}
}
