package products_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestBlank(t *testing.T) {
	for _, test := range []struct {
		name, text string
		blank      bool
	}{
		{"nothing", "", true},
		{"white space", " \t\r\n\u00a0\u2003\u3000\u2028", true},
		{"control characters", "\x00\x01\x1c\x1f\x7f\u0085\u009f", true},
		{"zero width space", "\u200b", true},
		{"joiners", "\u200c\u200d\u2060", true},
		{"byte order mark", "\ufeff", true},
		{"soft hyphen", "\u00ad", true},
		{"Mongolian vowel separator", "\u180e", true},
		{"selectors of forms", "\ufe00\ufe0f\U000e0100\U000e01ef\u180b", true},
		{"marks of direction", "\u200e\u200f\u061c\u202a\u202e\u2066\u2069", true},
		{"tags", "\U000e0001\U000e0041\U000e007f", true},
		{"fillers", "\u115f\u1160\u3164\uffa0\u2800\u034f", true},
		{"many of them", strings.Repeat("\u200b \u00ad", 100), true},
		{"a letter among them", "\u200b\u00ada\u200b", false},
		{"ASCII", "a", false},
		{"punctuation", "-", false},
		{"Latin-1", "é", false},
		{"Chinese", "灯", false},
		{"an emoji", "\U0001f4a1\ufe0f", false},
		{"an accent alone", "\u0301", false},
		{"Arabic sign of a number", "\u0600", false},
		{"a character for private use", "\ue000", false},
		{"what replaces others", "\ufffd", false},
		{"bytes that are no text", "\xff", false},
	} {
		require.Equal(t, test.blank, products.Blank(test.text), test.name)
	}
}

// TestBlankCharacters holds the table against those of Unicode that this version of Go knows.
func TestBlankCharacters(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := r == '\u2800' || unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Cf,
			unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
			!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
		if !unicode.In(r, unicode.Cs) && products.Blank(string(r)) != want {
			t.Errorf("Blank of %U is %t", r, !want)
		}
	}
}

func TestBlankCostsNothing(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(10, func() { products.Blank("\u200b\u00adx") }))
}

// TestBlankTextIsNull: a text that nobody sees is no value, whether it comes in a file or through the API. So what one
// of them has stored, the other takes for the same.
func TestBlankTextIsNull(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "brand", Type: products.Text},
		products.Field{Name: "code", Type: products.Text, Rules: "required"})
	require.NoError(t, err)
	for _, text := range []string{" ", "\u00a0", "\r\n", "\u200b"} {
		raw, err := json.Marshal(text)
		require.NoError(t, err)
		for name, want := range map[string]string{"brand": "", "code": text, "description": text, "name": text} {
			f := schema.Find(name)
			got, wrong := f.Parse(text)
			require.Nil(t, wrong)
			require.Equal(t, want, got, "%s %q", name, text)
			got, wrong = f.ParseJSON(raw)
			require.Nil(t, wrong)
			require.Equal(t, want, got, "%s %q", name, text)
		}
		require.NotNil(t, schema.Find("code").Check(text), "a required text must have something to see")
	}
	got, wrong := schema.Find("brand").Parse(" x ")
	require.Nil(t, wrong)
	require.Equal(t, " x ", got)
}
