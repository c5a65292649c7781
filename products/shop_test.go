package products_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func shopSchema(t *testing.T) *products.Schema {
	t.Helper()
	schema, err := products.NewSchema(products.ShopFields()...)
	require.NoError(t, err)
	return schema
}

func ExampleShopFields() {
	fields := append(products.ShopFields(), products.Field{Name: "season", Type: products.Text})
	schema, err := products.NewSchema(fields...)
	if err != nil {
		fmt.Println(err)
		return
	}
	price, tags := schema.Find("price"), schema.Find("tags")
	fmt.Println(price.Type, price.Aliases[0])
	fmt.Println(tags.Type, tags.Aliases[0])
	// Output:
	// decimal variant price
	// list tag
}

func TestShopFields(t *testing.T) {
	schema := shopSchema(t)
	got, err := products.ParseSchema([]byte(`{"like": "shop"}`))
	require.NoError(t, err)
	require.True(t, schema.Equal(got))

	got, err = products.ParseSchema([]byte(mustJSON(t, schema)))
	require.NoError(t, err)
	require.True(t, schema.Equal(got), "what is written is read back")

	// Names are taken once: also beside those of the standard fields.
	names := map[string]string{}
	for _, f := range append([]products.Field{*schema.Key()}, fieldsOf(schema)...) {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			folded := products.FoldName(name)
			require.Empty(t, names[folded], "%s of %s", name, f.Name)
			names[folded] = f.Name
		}
	}

	// Two callers share nothing.
	products.ShopFields()[0].Aliases[0] = "changed"
	require.NotEqual(t, "changed", products.ShopFields()[0].Aliases[0])
}

func fieldsOf(schema *products.Schema) []products.Field {
	var fields []products.Field
	for i := range schema.Len() {
		fields = append(fields, *schema.At(i))
	}
	return fields
}

// Amounts of shops fit as they are exported, to the last digit.
func TestShopAmounts(t *testing.T) {
	price := shopSchema(t).Find("price")
	for text, want := range map[string]string{"29": "29.000000", "34.0000": "34.000000", "28.739496": "28.739496",
		".5": "0.500000"} {
		got, fault := price.Parse(text)
		require.Nil(t, fault)
		require.Equal(t, want, got)
		require.Nil(t, price.Check(got))
	}
	got, fault := price.Parse("-1")
	require.Nil(t, fault)
	require.NotNil(t, price.Check(got))
}

func TestParseSchemaLikeShop(t *testing.T) {
	schema, err := products.ParseSchema([]byte(`{"fields": [
		{"name": "season", "type": "text"},
		{"name": "vendor", "type": "text", "aliases": ["Hersteller"]},
		{"name": "price", "scale": 2, "index": true},
		{"name": "cost", "rules": ""},
		{"name": "category", "type": "list"},
		{"name": "weight", "type": "text"},
		{"name": "barcode", "aliases": ["code"]}
	], "without": ["image", "images"], "like": "shop"}`))
	require.NoError(t, err)
	set := shopSchema(t)

	var names []string
	for _, f := range schema.Own() {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{"price", "sale_price", "compare_at_price", "cost", "currency", "stock", "barcode", "brand",
		"category", "tags", "weight", "weight_g", "weight_lb", "weight_oz", "weight_unit", "season", "vendor"}, names)

	// What is not said stays.
	price := schema.Find("price")
	require.Equal(t, 2, price.Scale)
	require.True(t, price.Index)
	require.Equal(t, "gte=0", price.Rules)
	require.Equal(t, set.Find("price").Aliases, price.Aliases)
	require.Empty(t, schema.Find("cost").Rules)
	require.Equal(t, 6, schema.Find("cost").Scale)

	// With another type only the aliases and inherit do.
	category := schema.Find("category")
	require.Equal(t, products.List, category.Type)
	require.True(t, category.Inherit)
	require.Equal(t, set.Find("category").Aliases, category.Aliases)
	weight := schema.Find("weight")
	require.Equal(t, products.Field{Name: "weight", Type: products.Text, Aliases: set.Find("weight").Aliases},
		products.Field{Name: weight.Name, Type: weight.Type, Scale: weight.Scale, Rules: weight.Rules, Unit: weight.Unit,
			Aliases: weight.Aliases})

	// The names that the file gives are its own.
	require.Equal(t, []string{"code"}, schema.Find("barcode").Aliases)
	require.Contains(t, set.Find("brand").Aliases, "vendor")
	require.Contains(t, set.Find("brand").Aliases, "Hersteller")
	require.NotContains(t, schema.Find("brand").Aliases, "vendor")
	require.NotContains(t, schema.Find("brand").Aliases, "Hersteller")

	again, err := products.ParseSchema([]byte(mustJSON(t, schema)))
	require.NoError(t, err)
	require.True(t, schema.Equal(again))
}

func TestParseSchemaLikeShopRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"like": "shops"}`:                                                                   `there is no set of fields "shops" to be like: want "shop"`,
		`{"like": 1}`:                                                                         `"like" must be a text, not 1`,
		`{"fields": [], "without": ["image"]}`:                                                `"without" is for the fields of a set`,
		`{"like": "shop", "without": ["picture"]}`:                                            `has no field "picture"`,
		`{"like": "shop", "without": "image"}`:                                                `"without" must be an array of texts`,
		`{"like": "shop", "fields": [{"name": "season"}]}`:                                    `"season": it has no type`,
		`{"like": "shop", "fields": [{"name": "stock", "type": "decimal"}]}`:                  `a decimal needs its "scale"`,
		`{"like": "shop", "fields": [{"name": "stock", "scale": 2}]}`:                         `only a decimal has a scale`,
		`{"like": "shop", "fields": [{"name": "cost"}, {"name": "cost"}]}`:                    `another field has this name`,
		`{"like": "shop", "fields": [{"name": "net", "type": "text", "aliases": ["Price"]}]}`: `the alias "Price" is one of the field "price"`,
	} {
		_, err := products.ParseSchema([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
	// What is left out may be declared anew.
	schema, err := products.ParseSchema([]byte(
		`{"like": "shop", "without": ["image"], "fields": [{"name": "image", "type": "list"}]}`))
	require.NoError(t, err)
	require.Empty(t, schema.Find("image").Aliases)
	require.True(t, slices.ContainsFunc(schema.Own(), func(f products.Field) bool { return f.Name == "images" }))
}
