package httpapi_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// template returns the records of the template for a schema, after an import took all of them.
func template(t *testing.T, own ...products.Field) [][]string {
	t.Helper()
	schema, err := products.NewSchema(own...)
	require.NoError(t, err)
	store := memory.New(memory.Options{Fields: schema}).Products()
	w := newFixtureOver(t, store, httpapi.Options{}).call("GET", "/template.csv", "")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	require.Contains(t, w.Header().Get("Content-Disposition"), "template.csv")
	records, err := csv.NewReader(strings.NewReader(w.Body.String())).ReadAll()
	require.NoError(t, err)
	if len(records) > 1 {
		result, err := importer.Run(t.Context(), importer.Bytes(w.Body.Bytes()), store,
			importer.Options{Mode: products.Update})
		require.NoError(t, err, w.Body.String())
		require.EqualValues(t, len(records)-1, result.Created, "%s: %+v", w.Body, result.Counts)
		result, err = importer.Run(t.Context(), importer.Bytes(w.Body.Bytes()), store,
			importer.Options{Mode: products.Update})
		require.NoError(t, err)
		require.EqualValues(t, len(records)-1, result.Unchanged)
	}
	return records
}

func TestTemplate(t *testing.T) {
	require.Equal(t, [][]string{
		{"name", "sku", "description", "status"},
		{"Desk lamp", "EXAMPLE-1", "It shines, and folds.", "true"},
		{"Torch", "EXAMPLE-2", "For the cellar.", "false"},
		{"Candle", "EXAMPLE-3", "", "true"},
	}, template(t))
	records := template(t, fieldSchema(t).Own()...)
	require.Equal(t, append([]string{"name", "sku", "description", "status"}, "price", "weight", "stock", "brand",
		"currency", "tags", "available_from", "seen_at", "fragile"), records[0])
	require.Len(t, records, 4)
	for _, record := range records[1:] {
		require.NotContains(t, record[4:], "", "every field has an example")
	}
	for rules, want := range map[string]string{ // of a required text
		"oneof=red 'dark blue'": "red", "email": "name@example.com", "url": "https://example.com/1", "len=13,numeric": "",
		"uuid": "", "min=40": "", "max=1": "", "startswith=AB": "", "len=7": "", "iso4217": "EUR", "gt=3,lt=5": "",
		"eq=x y": "x y", "ne=Example": "Another example", "hexcolor": "#336699", "alpha": "",
	} {
		records := template(t, products.Field{Name: "a", Type: products.Text, Rules: "required," + rules})
		require.Greater(t, len(records), 1, rules)
		if want != "" {
			require.Equal(t, want, records[1][4], rules)
		}
	}
	for _, f := range []products.Field{
		{Type: products.Integer, Rules: "gte=1000000,lt=1000003"}, {Type: products.Integer, Rules: "oneof=7 11"},
		{Type: products.Integer, Rules: "lt=-50"}, {Type: products.Decimal, Rules: "gt=1000.5", Scale: 1},
		{Type: products.Decimal, Rules: "gt=0,lt=1", Scale: 3}, {Type: products.Decimal, Scale: 18},
		{Type: products.Date, Rules: "gte=2030-01-01"}, {Type: products.Date, Rules: "lt=1999-01-01"},
		{Type: products.Date, Layout: "02.01.2006"}, {Type: products.Timestamp, Rules: "gt=2030-01-01T00:00:00Z"},
		{Type: products.List, Rules: "min=5"}, {Type: products.List, Rules: "len=2,dive,oneof=a b c"},
		{Type: products.List, Rules: "dive,len=9", Separator: ";"}, {Type: products.List, Rules: "unique,dive,email"},
		{Type: products.Boolean, Rules: "eq=false"}, {Type: products.Decimal, Unit: "g", Scale: 3},
	} {
		f.Name = "a"
		f.Rules = strings.TrimSuffix("required,"+f.Rules, ",")
		records := template(t, f)
		require.Greater(t, len(records), 1, "%v", f)
		require.NotEmpty(t, records[1][4], "%v", f)
	}
	for rules, want := range map[string]string{ // what a table's columns allow says nothing of what is in them
		"gte=-2147483648,lte=2147483647": "5", "max=20": "Example", "gte=-99999999.99,lte=99999999.99": "19.90"} {
		f := products.Field{Name: "a", Type: products.Integer, Rules: rules}
		switch want {
		case "Example":
			f.Type = products.Text
		case "19.90":
			f.Type, f.Scale = products.Decimal, 2
		}
		require.Equal(t, want, template(t, f)[1][4], rules)
	}
	require.Len(t, template(t, products.Field{Name: "a", Type: products.Text, Rules: "required,isbn13,len=3"}), 1,
		"without an example there is the header")
	f := newFixture(t, httpapi.Options{})
	problem(t, f.call("GET", "/template.csv?x=1", ""), 400)
	problem(t, f.call("POST", "/template.csv", ""), 405)
}
