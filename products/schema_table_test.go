package products_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestTableSchema(t *testing.T) {
	s, err := products.TableSchema(false, products.Field{Name: "code", Type: products.Integer, Rules: "gte=1"},
		products.Field{Name: "name", Type: products.Text}, products.Field{Name: "status", Type: products.Text},
		products.Field{Name: "id", Type: products.Integer}, products.Field{Name: "title", Type: products.Text},
		products.Field{Name: "made", Type: products.Date, Empty: products.EmptyKeeps})
	require.NoError(t, err)
	require.True(t, s.IsTable())
	require.False(t, s.KeepsAttributes())
	require.Equal(t, "required,gte=1", s.Key().Rules)
	require.True(t, s.Key().Required())
	require.Contains(t, s.Key().ColumnNames(), "sku", "files call the key's column as they call the SKU's")
	name := s.Find("name")
	require.True(t, name.Builtin())
	require.Contains(t, name.ColumnNames(), "productname", "files call the name's column as they do elsewhere")
	require.NotContains(t, name.ColumnNames(), "title", "another field has the name")
	require.False(t, s.Find("status").Builtin(), "a text is no status of a product's")
	require.Len(t, s.Own(), 5)
	require.Nil(t, s.Find("description"))

	text, err := s.MarshalJSON()
	require.NoError(t, err)
	again, err := products.ParseSchema(text)
	require.NoError(t, err)
	require.True(t, s.Equal(again), string(text))
	require.False(t, products.Standard().Equal(s))
	require.False(t, products.Standard().IsTable())
	require.True(t, products.Standard().KeepsAttributes())
}

func TestTableSchemaErrors(t *testing.T) {
	key := products.Field{Name: "code", Type: products.Text}
	for _, c := range []struct {
		key    products.Field
		fields []products.Field
		says   string
	}{
		{products.Field{Name: "Code", Type: products.Text}, nil, `the key "Code": its name must be a letter`},
		{products.Field{Name: "code", Type: products.Boolean}, nil, "a key can't be of the type boolean"},
		{products.Field{Name: "code", Type: products.Text, Rules: "nosuch"}, nil, `the key "code": the rule "nosuch"`},
		{key, []products.Field{{Name: "code", Type: products.Text}}, `field 1, "code": its name is one of the field "code"`},
		{key, []products.Field{{Name: "a", Type: products.Text}, {Name: "a", Type: products.Text}}, "another field has this name"},
		{key, []products.Field{{Name: "price"}}, `field 1, "price": it has no type`},
	} {
		_, err := products.TableSchema(true, c.key, c.fields...)
		require.ErrorContains(t, err, c.says)
	}
	_, err := products.ParseSchema([]byte(`{"attributes": true, "fields": []}`))
	require.ErrorContains(t, err, `"attributes" is for a table`)
	_, err = products.ParseSchema([]byte(`{"fields": [{"name": "a", "type": "text", "empty": "keeps"}]}`))
	require.ErrorContains(t, err, "an empty cell must clear it")
}

func TestTableSchemaOf(t *testing.T) {
	type item struct {
		Code  int    `import:"key"`
		Name  string `validate:"required"`
		Price string `import:"scale=2"`
	}
	s, err := products.TableSchemaOf[*item]()
	require.NoError(t, err)
	require.Equal(t, "code", s.Key().Name)
	require.Equal(t, products.Integer, s.Key().Type)
	require.Equal(t, 2, s.Len())
	_, err = products.TableSchemaOf[struct{ Name string }]()
	require.ErrorContains(t, err, `has no key: give one of its fields the tag import:"key"`)
}

func TestPlainKeys(t *testing.T) {
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	require.Equal(t, decomposed, products.PlainKeys.Key(" "+decomposed+"\t"))
	require.NotEqual(t, products.PlainKeys.Key(composed), products.PlainKeys.Key(decomposed))
	require.Equal(t, "straße", products.LowerKeys.Key("STRAßE"))
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys, products.PlainKeys, products.LowerKeys} {
		text, err := rule.MarshalText()
		require.NoError(t, err)
		var again products.KeyRule
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, rule, again)
		require.True(t, rule.Valid())
	}
	require.False(t, products.KeyRule(4).Valid())
}
