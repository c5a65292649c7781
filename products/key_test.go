package products_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/products-importer/products-importer/products"
)

var rules = []products.KeyRule{products.ExactKeys, products.FoldedKeys}

func TestKey(t *testing.T) {
	for _, test := range []struct{ name, sku, exact, fold string }{
		{"plain", "abc-1", "abc-1", "abc-1"},
		{"upper case", "ABC-1", "ABC-1", "abc-1"},
		{"white space around", " \t\u00a0a b\u2003\r\n", "a b", "a b"},
		{"empty", "  ", "", ""},
		{"decomposed", "Cafe\u0301", "Caf\u00e9", "caf\u00e9"},
		{"composed", "Caf\u00e9", "Caf\u00e9", "caf\u00e9"},
		{"full folding", "Straße", "Straße", "strasse"},
		{"folding decomposes", "\u0390", "\u0390", "\u0390"},
		{"no letter of ASCII", "\u212a", "K", "k"},
		{"Greek final sigma", "ΟΔΟΣ", "ΟΔΟΣ", "οδοσ"},
		{"Cherokee folds to upper case", "\u13a0\uab70\u13f8", "\u13a0\uab70\u13f8", "\u13a0\u13a0\u13f0"},
		{"compatibility forms stay", "\uff11\u00b2", "\uff11\u00b2", "\uff11\u00b2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.exact, products.ExactKeys.Key(test.sku))
			require.Equal(t, test.fold, products.FoldedKeys.Key(test.sku))
		})
	}
}

func TestKeyAllocatesOnlyWhereItDiffers(t *testing.T) {
	for _, rule := range rules {
		for _, sku := range []string{"abc-1", " abc-1 ", "caf\u00e9"} {
			if rule == products.FoldedKeys && sku[0] == 'c' {
				continue // folding goes through a buffer
			}
			require.Zero(t, testing.AllocsPerRun(10, func() { rule.Key(sku) }), "%v %q", rule, sku)
		}
	}
}

func TestKeyOfEveryCharacter(t *testing.T) {
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		for _, rule := range rules {
			if key := rule.Key("x" + string(r)); key != rule.Key(key) {
				t.Errorf("%v: the key of x%U is %+q, and of that %+q", rule, r, key, rule.Key(key))
			}
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"a", " A ", "e\u0301", "\u1fb3\u0316", "\u0345\u0301", "ß", "İ", "\u1e9e", "\U0001d160",
		"\xff", "\u00a0x", "\u13d8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sku string) {
		for _, rule := range rules {
			key := rule.Key(sku)
			require.Equal(t, key, rule.Key(key), "the key of a key is itself: %v %+q", rule, sku)
			require.Equal(t, key, rule.Key("\t"+sku+" "), "white space around a SKU doesn't count: %v %+q", rule, sku)
			if utf8.ValidString(sku) {
				require.Equal(t, key, rule.Key(norm.NFD.String(sku)),
					"how characters are written doesn't count: %v %+q", rule, sku)
				require.True(t, utf8.ValidString(key), "the key of text is text: %v %+q", rule, sku)
			}
		}
	})
}

func TestKeyRuleText(t *testing.T) {
	for _, rule := range rules {
		text, err := rule.MarshalText()
		require.NoError(t, err)
		require.Equal(t, rule.String(), string(text))
		got := products.KeyRule(9)
		require.NoError(t, got.UnmarshalText(text))
		require.Equal(t, rule, got)
	}
	require.ErrorContains(t, new(products.KeyRule).UnmarshalText([]byte("Exact")), `"Exact"`)
	require.Equal(t, "KeyRule(9)", products.KeyRule(9).String())
	_, err := products.KeyRule(9).MarshalText()
	require.ErrorContains(t, err, "9")
}
