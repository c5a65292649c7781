package products_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestNewSchemaRefuses(t *testing.T) {
	text := func(name string) products.Field { return products.Field{Name: name, Type: products.Text} }
	typed := func(typ products.Type, change func(f *products.Field)) []products.Field {
		f := products.Field{Name: "field", Type: typ}
		change(&f)
		return []products.Field{f}
	}
	indexed := make([]products.Field, products.MaxIndexes+2)
	many := make([]products.Field, products.MaxFields+1)
	for i := range many {
		many[i] = text(fmt.Sprint("f", i))
	}
	for i := range indexed {
		indexed[i] = products.Field{Name: fmt.Sprint("f", i), Type: products.Integer, Index: true}
	}
	for _, test := range []struct {
		name   string
		fields []products.Field
		want   string
	}{
		{"no name", []products.Field{text("")}, "field 1: it has no name"},
		{"no type", []products.Field{text("a"), {Name: "price"}}, `field 2, "price": it has no type`},
		{"unknown type", []products.Field{{Name: "price", Type: 99}}, `field 1, "price": it has no type`},
		{"taken", []products.Field{text("sku_key")}, `field 1, "sku_key": the name is taken`},
		{"built in", []products.Field{text("status")}, `field 1, "status": the name is taken`},
		{"of the API", []products.Field{text("ordering")}, `the name is taken`},
		{"of PostgreSQL", []products.Field{text("ctid")}, `the name is taken`},
		{"upper case", []products.Field{text("Price")}, `its name must be a letter from a to z`},
		{"digit first", []products.Field{text("1price")}, `its name must be a letter from a to z`},
		{"underscore first", []products.Field{text("_line")}, `its name must be a letter from a to z`},
		{"space", []products.Field{text("a price")}, `its name must be a letter from a to z`},
		{"not ASCII", []products.Field{text("größe")}, `its name must be a letter from a to z`},
		{"two underscores", []products.Field{text("price__gte")}, `two underscores`},
		{"underscore last", []products.Field{text("price_")}, `two underscores`},
		{"long", []products.Field{text(strings.Repeat("a", 64))}, `longer than 63 characters`},
		{"twice", []products.Field{text("a"), text("b"), text("a")}, `field 3, "a": another field has this name`},
		{"same in files", []products.Field{text("in_stock"), text("instock")}, `field 2, "instock": its name is one of the field "in_stock"`},
		{"same as a standard field", []products.Field{text("s_ku")}, `its name is one of the field "sku"`},
		{"alias of another field", []products.Field{{Name: "a", Type: products.Text, Aliases: []string{"The Price"}},
			{Name: "b", Type: products.Text, Aliases: []string{"the-price"}}}, `field 2, "b": the alias "the-price" is one of the field "a"`},
		{"alias is a name", []products.Field{text("price"), {Name: "b", Type: products.Text, Aliases: []string{"Price"}}}, `the alias "Price" is one of the field "price"`},
		{"name is an alias", []products.Field{{Name: "b", Type: products.Text, Aliases: []string{"Price"}}, text("price")}, `field 2, "price": its name is one of the field "b"`},
		{"alias of a standard field", typed(products.Text, func(f *products.Field) { f.Aliases = []string{"Name"} }), `the alias "Name" is one of the field "name"`},
		{"alias twice", typed(products.Text, func(f *products.Field) { f.Aliases = []string{"a b", "A-B"} }), `the alias "A-B" is given twice`},
		{"alias of nothing", typed(products.Text, func(f *products.Field) { f.Aliases = []string{"€"} }), `the alias "€" has no letter`},
		{"scale of a text", typed(products.Text, func(f *products.Field) { f.Scale = 2 }), `only a decimal has a scale, not text`},
		{"scale too large", typed(products.Decimal, func(f *products.Field) { f.Scale = 19 }), `its scale must be one of 0 to 18, not 19`},
		{"scale negative", typed(products.Decimal, func(f *products.Field) { f.Scale = -1 }), `its scale must be one of 0 to 18`},
		{"separator of a text", typed(products.Text, func(f *products.Field) { f.Separator = "," }), `only a list has a separator`},
		{"separator too long", typed(products.List, func(f *products.Field) { f.Separator = ", " }), `its separator must be one character`},
		{"separator NUL", typed(products.List, func(f *products.Field) { f.Separator = "\x00" }), `its separator must be one character`},
		{"layout of a text", typed(products.Text, func(f *products.Field) { f.Layout = "02.01.2006" }), `only a date and a timestamp have a layout`},
		{"layout in other terms", typed(products.Date, func(f *products.Field) { f.Layout = "DD.MM.YYYY" }), `its layout "DD.MM.YYYY" must write`},
		{"layout without a year", typed(products.Timestamp, func(f *products.Field) { f.Layout = "02.01. 15:04" }), `its layout`},
		{"unit of a text", typed(products.Text, func(f *products.Field) { f.Unit = "g" }), `only an integer and a decimal have a unit`},
		{"unit with digits", typed(products.Integer, func(f *products.Field) { f.Unit = "m2" }), `its unit must be`},
		{"separator letter", typed(products.List, func(f *products.Field) { f.Separator = "a" }), `no letter, digit, quote or line break`},
		{"separator quote", typed(products.List, func(f *products.Field) { f.Separator = `"` }), `no letter, digit, quote or line break`},
		{"separator line break", typed(products.List, func(f *products.Field) { f.Separator = "\n" }), `no letter, digit, quote or line break`},
		{"unit like a sign", typed(products.Integer, func(f *products.Field) { f.Unit = "-" }), `what numbers themselves are written with`},
		{"unit with spaces", typed(products.Integer, func(f *products.Field) { f.Unit = " g" }), `its unit must be`},
		{"words of a text", typed(products.Text, func(f *products.Field) { f.Words = map[string]bool{"si": true} }), `only a boolean has words`},
		{"words in upper case", typed(products.Boolean, func(f *products.Field) { f.Words = map[string]bool{"Si": true} }), `its words must be in lower case`},
		{"words of nothing", typed(products.Boolean, func(f *products.Field) { f.Words = map[string]bool{"": true} }), `its words must be`},
		{"search in numbers", typed(products.Integer, func(f *products.Field) { f.Search = true }), `search looks into texts alone, not into integer`},
		{"empty", typed(products.Text, func(f *products.Field) { f.Empty = products.EmptyIsText }), `an empty cell must clear it`},
		{"index of long texts", typed(products.Text, func(f *products.Field) { f.Index = true }), `give it a rule such as "max=500"`},
		{"index of long entries", typed(products.List, func(f *products.Field) { f.Index, f.Rules = true, "max=5" }), `give it a rule such as "dive,max=500"`},
		{"indexes", indexed, `field 9, "f8": one index too many: at most 8 fields`},
		{"fields", many, `a schema has at most 200 fields, but this one has 201`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := products.NewSchema(test.fields...)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, s)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestNewSchema(t *testing.T) {
	aliases := []string{"variant price", "Price"}
	s, err := products.NewSchema(
		products.Field{Name: "cost", Type: products.Decimal, Scale: 2, Aliases: aliases, Index: true},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Index: true, Search: true},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD", Index: true},
		products.Field{Name: "tags", Type: products.List, Separator: "|", Rules: "dive,max=50", Index: true},
		products.Field{Name: "made", Type: products.Date, Layout: "02.01.06"},
		products.Field{Name: "weight", Type: products.Integer, Unit: "g"},
		products.Field{Name: "fragile", Type: products.Boolean, Words: map[string]bool{"zerbrechlich": true}})
	require.NoError(t, err)
	require.Equal(t, 10, s.Len())
	require.Len(t, s.Own(), 7)
	require.Equal(t, "sku", s.Key().Name)
	for i, f := range s.All() {
		require.Same(t, s.At(i), f)
		require.Same(t, f, s.Find(f.Name))
		require.Equal(t, i, s.Index(f.Name))
		require.Equal(t, i < 3, f.Builtin())
	}
	require.Nil(t, s.Find("sku"))
	require.Equal(t, -1, s.Index("none"))
	require.Equal(t, []int{100, 3, 50}, []int{s.Find("brand").MaxLength(), s.Find("currency").MaxLength(), s.Find("tags").MaxLength()})
	require.True(t, s.Find("name").Required())
	require.False(t, s.Find("cost").Required())
	require.True(t, s.Find("cost").SameStorage(&products.Field{Type: products.Decimal, Scale: 2}))
	require.False(t, s.Find("cost").SameStorage(&products.Field{Type: products.Decimal}))
	require.False(t, s.Find("brand").SameStorage(s.Find("tags")))

	aliases[0] = "changed"
	require.Equal(t, "variant price", s.Find("cost").Aliases[0])
	require.Equal(t, 3, products.Standard().Len())
	require.Equal(t, -1, products.Standard().Index("cost"))
	again, err := products.NewSchema(s.Own()...)
	require.NoError(t, err)
	require.True(t, s.Equal(again))
	require.False(t, s.Equal(products.Standard()))
	none, err := products.NewSchema()
	require.NoError(t, err)
	require.True(t, none.Equal(products.Standard()))
}
