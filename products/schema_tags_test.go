package products_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

type money string

type base struct {
	Weight uint16 `import:"unit=g"`
	hidden int    //nolint:unused // it is to be passed over
}

type item struct {
	base
	*extra
	unused `csv:"-"`
	Seen
	ID          int64  `csv:"-"`
	Code        string `csv:"code" import:"key"`
	Name        string `validate:"max=3"`
	Description *string
	Price       money      `csv:"price,omitempty" validate:"gte=0" import:"scale=2,index,aliases=regular price|vk"`
	Stock       *int       `db:"on_hand" validate:"omitempty,gte=0"`
	BrandName   string     `csv:"Brand Name" validate:"max=100" import:"search,inherit"`
	EANCode     string     `csv:"Barcode!" db:"ean"`
	Tags        []string   `import:"sep=|"`
	From        time.Time  `csv:"available_from" import:"date,layout=02.01.2006"`
	SeenAt      *time.Time `validate:"-"`
	Fragile     bool
	Secret      string `db:"-"`
	internal    func()
}

type extra struct {
	Color string
	Skip  chan int `csv:"-"`
}

type unused struct{ Unused string }

// Seen is embedded, and a field.
type Seen = time.Time

func TestSchemaOf(t *testing.T) {
	_ = item{internal: nil}
	want, err := products.NewSchema(
		products.Field{Name: "weight", Type: products.Integer, Rules: "gte=0", Unit: "g"},
		products.Field{Name: "color", Type: products.Text},
		products.Field{Name: "seen", Type: products.Timestamp},
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0", Index: true, Aliases: []string{"regular price", "vk"}},
		products.Field{Name: "on_hand", Type: products.Integer, Rules: "omitempty,gte=0"},
		products.Field{Name: "brand_name", Type: products.Text, Rules: "max=100", Search: true, Inherit: true},
		products.Field{Name: "ean", Type: products.Text, Aliases: []string{"Barcode!"}},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "available_from", Type: products.Date, Layout: "02.01.2006"},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "fragile", Type: products.Boolean})
	require.NoError(t, err)
	for _, of := range []func() (*products.Schema, error){products.SchemaOf[item], products.SchemaOf[*item]} {
		got, err := of()
		require.NoError(t, err)
		require.JSONEq(t, mustJSON(t, want), mustJSON(t, got))
		require.True(t, want.Equal(got))
		require.Equal(t, "required,max=500", got.Find("name").Rules)
	}
}

func TestSchemaOfNames(t *testing.T) {
	s, err := products.SchemaOf[struct {
		EANCode, HTTPServer, A1b, RegularPriceEUR string
	}]()
	require.NoError(t, err)
	var names []string
	for _, f := range s.Own() {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{"ean_code", "http_server", "a1b", "regular_price_eur"}, names)
}

func TestSchemaOfRefuses(t *testing.T) {
	refused := func(_ *products.Schema, err error) string {
		require.Error(t, err)
		return err.Error()
	}
	require.Contains(t, refused(products.SchemaOf[int]()), "int is no struct")
	require.Contains(t, refused(products.SchemaOf[struct{ Price float64 }]()), `field Price: float64 is not exact: take a string with import:"scale=2"`)
	require.Contains(t, refused(products.SchemaOf[struct{ Parts map[string]int }]()), `field Parts: a field can't be map[string]int`)
	require.Contains(t, refused(products.SchemaOf[struct{ Parts []int }]()), `field Parts: a field can't be []int`)
	require.Contains(t, refused(products.SchemaOf[struct{ Parts struct{ A string } }]()), `field Parts: a field can't be struct`)
	require.Contains(t, refused(products.SchemaOf[struct{ Status string }]()), `field Status: status is a field that all products have, of the type boolean`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A string `import:"key"`
		B string `csv:"sku"`
	}]()), `field B: A is the key already`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A int `import:"key"`
	}]()), `field A: the key must be a string, not int`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A string `import:"primary"`
	}]()), `field A: import: unknown option "primary"`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A string `import:"color=red"`
	}]()), `field A: import: unknown option "color=red"`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A string `import:"scale=two"`
	}]()), `field A: import: scale must be a whole number, not "two"`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A int `import:"scale=2"`
	}]()), `field A: import: scale makes a string a decimal, not int`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A string `import:"date"`
	}]()), `field A: import: date is for a time.Time, not for string`)
	require.Contains(t, refused(products.SchemaOf[struct {
		A string `validate:"eqfield=B"`
		B string
	}]()), `field 1, "a": the rule "eqfield=B": it compares with other fields`)
	require.Contains(t, refused(products.SchemaOf[struct{ ID int }]()), `"id": the name is taken`)
}
