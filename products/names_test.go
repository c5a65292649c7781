package products_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// TestNamesOfStandardFieldsAreOfOneField: a column is never known as two of them, and no weak name is a strong one.
func TestNamesOfStandardFieldsAreOfOneField(t *testing.T) {
	schema := products.Standard()
	owner := map[string]string{}
	note := func(field *products.Field) {
		for _, name := range field.ColumnNames() {
			require.NotEmpty(t, name)
			require.Empty(t, owner[name], "%s of %s", name, field.Name)
			owner[name] = field.Name
		}
	}
	note(schema.Key())
	for i := range schema.Len() {
		note(schema.At(i))
	}
	for name, want := range map[string]string{
		"ugs": "sku", "handlersku": "sku", "haendlersku": "sku", "händlersku": "sku", "bezeichnung": "name",
		"tytul": "name", "descricao": "description", "descrição": "description", "geloescht": "",
		"veroeffentlicht": "status", "veroffentlicht": "status",
	} {
		require.Equal(t, want, owner[name], name)
	}
	shop, err := products.NewSchema(products.ShopFields()...)
	require.NoError(t, err)
	for _, field := range shop.Own() {
		for _, name := range field.ColumnNames() {
			require.Empty(t, owner[name], "%s of %s", name, field.Name)
		}
	}
}

func TestWeakNames(t *testing.T) {
	key := products.Standard().Key()
	names, weak := key.ColumnNames(), key.WeakNames()
	require.Equal(t, weak, names[len(names)-len(weak):])
	require.Contains(t, weak, "itemnumber")
	require.NotContains(t, weak, "customlabel")
	require.NotContains(t, weak, "sku")
	require.Empty(t, products.Standard().Find("description").WeakNames())
	require.Empty(t, (&products.Field{Name: "price", Aliases: []string{"cost"}}).WeakNames())
}

// TestOwnAliasesAreTakenFromStandardFields, weak and strong ones, and from what the columns are looked for by.
func TestOwnAliasesAreTakenFromStandardFields(t *testing.T) {
	schema, err := products.NewSchema(
		products.Field{Name: "code", Type: products.Text, Aliases: []string{"Part number", "SKU code"}},
		products.Field{Name: "headline", Type: products.Text, Aliases: []string{"Title"}},
		products.Field{Name: "visible", Type: products.Boolean})
	require.NoError(t, err)
	for field, gone := range map[*products.Field][]string{
		schema.Key():          {"partnumber", "skucode"},
		schema.Find("name"):   {"title"},
		schema.Find("status"): {"visible"},
	} {
		for _, name := range gone {
			require.NotContains(t, field.ColumnNames(), name)
		}
		require.True(t, slices.Contains(field.ColumnNames(), products.FoldName(field.Name)))
	}
	require.Contains(t, schema.Key().WeakNames(), "itemnumber")
	require.Contains(t, products.Standard().Key().ColumnNames(), "partnumber")
}
