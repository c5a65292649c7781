package products_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestValidate(t *testing.T) {
	long := strings.Repeat("é", 300_000)
	characters := func(n int) string { return long[:2*n] }
	attribute := func(name, value string) map[string]string { return map[string]string{name: value} }
	many := map[string]string{}
	for i := range products.MaxAttributes + 1 {
		many[fmt.Sprint("attribute ", i)] = ""
	}
	for _, test := range []struct {
		name    string
		change  func(p *products.Product)
		field   string // of the one error; none if empty
		code    string
		message []string // parts of it, beside the field
	}{
		{"valid", func(*products.Product) {}, "", "", nil},
		{"longest", func(p *products.Product) {
			p.Name, p.SKU, p.Description = characters(products.MaxName), characters(products.MaxSKU),
				characters(products.MaxDescription)
			p.Attributes = attribute(characters(products.MaxAttributeName), characters(products.MaxAttributeValue))
		}, "", "", nil},
		{"white space first", func(p *products.Product) { p.Name, p.SKU = " a", "\x1ca" }, "", "", nil},
		{"empty attribute", func(p *products.Product) { p.Attributes = attribute("a", "") }, "", "", nil},
		{"no name", func(p *products.Product) { p.Name = "" }, "name", products.CodeEmpty, []string{"empty"}},
		{"blank name", func(p *products.Product) { p.Name = " \u00a0\t" }, "name", products.CodeEmpty,
			[]string{"empty"}},
		{"separators for a name", func(p *products.Product) { p.Name = "\x1c\x1d" }, "name", products.CodeEmpty,
			[]string{"empty"}},
		{"a name that nobody sees", func(p *products.Product) { p.Name = "\u200b \u00ad" }, "name", products.CodeEmpty,
			[]string{"empty", "nobody sees", `"\u200b \u00ad"`}},
		{"a name with characters that nobody sees", func(p *products.Product) {
			p.Name, p.SKU = "\u200bLa\u00admp",
				"\ufeffL\u200b-1"
		}, "", "", nil},
		{"long name", func(p *products.Product) { p.Name = characters(501) }, "name", products.CodeTooLong,
			[]string{"500", "501", `"éé`, `..."`}},
		{"NUL in the name", func(p *products.Product) { p.Name = "a\x00b" }, "name", products.CodeBadCharacter,
			[]string{"NUL", `"a\x00b"`}},
		{"bytes in the name", func(p *products.Product) { p.Name = "a\xffb" }, "name", products.CodeInvalidUTF8,
			[]string{"UTF-8", `"a\xffb"`}},
		{"no SKU", func(p *products.Product) { p.SKU = "" }, "sku", products.CodeEmpty, []string{"empty"}},
		{"a SKU that nobody sees", func(p *products.Product) { p.SKU = "\u200b" }, "sku", products.CodeEmpty,
			[]string{"empty", "nobody sees", `"\u200b"`}},
		{"a control character for a SKU", func(p *products.Product) { p.SKU = "\x01" }, "sku", products.CodeEmpty,
			[]string{`"\x01"`}},
		{"long SKU", func(p *products.Product) { p.SKU = characters(256) }, "sku", products.CodeTooLong,
			[]string{"255", "256", `"éé`}},
		{"NUL in the SKU", func(p *products.Product) { p.SKU = "\x00" }, "sku", products.CodeBadCharacter,
			[]string{"NUL"}},
		{"long description", func(p *products.Product) { p.Description = characters(65_536) }, "description",
			products.CodeTooLong, []string{"65535", "65536", `"éé`}},
		{"bytes in the description", func(p *products.Product) { p.Description = "\xc3" }, "description",
			products.CodeInvalidUTF8, []string{"UTF-8"}},
		{"too many attributes", func(p *products.Product) { p.Attributes = many }, "attributes", products.CodeTooMany,
			[]string{"2000", "2001"}},
		{"nameless attribute", func(p *products.Product) { p.Attributes = attribute(" ", "x") }, "attributes[ ]",
			products.CodeEmpty, []string{"empty"}},
		{"an attribute whose name nobody sees", func(p *products.Product) { p.Attributes = attribute("\ufeff", "x") },
			"attributes[\ufeff]", products.CodeEmpty, []string{"empty"}},
		{"long value", func(p *products.Product) { p.Attributes = attribute("a", characters(65_536)) }, "attributes[a]",
			products.CodeTooLong, []string{"65535", "65536", `"éé`}},
		{"NUL in a value", func(p *products.Product) { p.Attributes = attribute("a", "\x00") }, "attributes[a]",
			products.CodeBadCharacter, []string{"NUL"}},
		{"bytes in a value", func(p *products.Product) { p.Attributes = attribute("a", "\xff") }, "attributes[a]",
			products.CodeInvalidUTF8, []string{"UTF-8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := products.Product{Name: "Lamp", SKU: "L-1", Description: "It shines."}
			test.change(&p)
			err := products.Standard().Validate(&p)
			if test.field == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, products.ErrInvalid)
			var invalid *products.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Fields, 1)
			require.Equal(t, test.field, invalid.Fields[0].Field)
			require.Equal(t, test.code, invalid.Fields[0].Code)
			for _, part := range append(test.message, test.field) {
				require.Contains(t, invalid.Fields[0].Message, part)
			}
			require.Less(t, len(err.Error()), 300, "a message is short, however long the value")
		})
	}
}

func TestValidateLongAttributeName(t *testing.T) {
	p := products.Product{Name: "Lamp", SKU: "L-1", Attributes: map[string]string{strings.Repeat("n", 100_000): "\x00"}}
	err := products.Standard().Validate(&p)
	var invalid *products.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 2, "the name is too long, and the value has a NUL")
	for _, f := range invalid.Fields {
		require.Less(t, len(f.Message), 300, "a message is short, however long the name of the attribute")
		require.Contains(t, f.Message, "attributes[nnn")
	}
}

func TestValidateListsEverything(t *testing.T) {
	p := products.Product{SKU: "\x00", Attributes: map[string]string{"b": "\x00", "a": "\x00", "c": "\xff"}}
	for range 10 {
		var invalid *products.ValidationError
		require.ErrorAs(t, products.Standard().Validate(&p), &invalid)
		var fields []string
		for _, f := range invalid.Fields {
			fields = append(fields, f.Field)
		}
		require.Equal(t, []string{"sku", "name", "attributes[a]", "attributes[b]", "attributes[c]"}, fields,
			"the order is the same every time")
	}
	err := products.Standard().Validate(&p)
	require.EqualError(t, err, "products: invalid product: sku must not contain the character NUL: \"\\x00\" (and 4 more)")
}

// FuzzValidate: what a file brings is judged as what a client sends.
func FuzzValidate(f *testing.F) {
	for _, s := range []string{"a", "", " ", "\x1c", "\x1f", "\u0085", "\u00a0", "\u2028", "a\x00", "\xff", "\u200b",
		"\u200bx", "\u00ad", "\x7f", strings.Repeat("x", 256), strings.Repeat("é", 255)} {
		f.Add(s, s, s)
		f.Add("sku", s, "")
	}
	c := columns("name", "description")
	f.Fuzz(func(t *testing.T, sku, name, description string) {
		p := products.Product{SKU: sku, Name: name, Description: description}
		record := products.Record{SKU: sku, Values: []string{name, description}}
		var invalid *products.ValidationError
		if err := products.Standard().Validate(&p); err != nil {
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, invalid.Fields, c.Check(products.Standard().Key(), &record))
		} else {
			require.Empty(t, c.Check(products.Standard().Key(), &record))
		}
	})
}
