package importer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// productsOf returns the products that an import of the text makes, as "sku|name|description".
func productsOf(t *testing.T, text string, o importer.Options) ([]string, *importer.Result) {
	t.Helper()
	store := memory.New(memory.Options{}).Products()
	_, result, err := doImport(t, store, text, o)
	require.NoError(t, err)
	page, err := store.List(t.Context(), products.Query{Limit: 1000})
	require.NoError(t, err)
	all := []string{}
	for _, p := range page.Products {
		all = append(all, p.SKU+"|"+p.Name+"|"+p.Description)
	}
	slices.Sort(all)
	return all, result
}

func TestQuotes(t *testing.T) {
	feed := "sku\tname\tdescription\nA-1\t\"Best\" lamp\tsaid \"hi\" loudly\nA-2\tDesk 24\"\tbrown\nA-3\tVase\tplain\n"
	for name, c := range map[string]struct {
		text    string
		options importer.Options
		want    []string
		rejects map[importer.Code]int64
		quote   string
		hint    string
	}{
		"never": {feed, importer.Options{}, []string{`A-1|"Best" lamp|said "hi" loudly`, `A-2|Desk 24"|brown`,
			"A-3|Vase|plain"}, nil, "none", ""},
		"never, but later": {feed + strings.Repeat("A-4\tx\ty\n", 40_000) + "B-1\t\"Lamp\"\tx\nB-2\t\"Lamp\tx\n", importer.Options{},
			[]string{`A-1|"Best" lamp|said "hi" loudly`, `A-2|Desk 24"|brown`, "A-3|Vase|plain", "A-4|x|y", `B-2|"Lamp|x`},
			map[importer.Code]int64{importer.CodeBadQuote: 1}, "none", ""},
		"never, as is given": {feed + "B-1\t\"Lamp\"\tx\n", importer.Options{Quote: importer.NoQuote},
			[]string{`A-1|"Best" lamp|said "hi" loudly`, `A-2|Desk 24"|brown`, "A-3|Vase|plain", `B-1|"Lamp"|x`}, nil, "none", ""},
		"perhaps": {feed + "B-1\t\"Lamp\"\tx\n", importer.Options{}, []string{"A-3|Vase|plain", "B-1|Lamp|x"},
			map[importer.Code]int64{importer.CodeBadQuote: 2}, `"`, "if its fields never stand in quotes"},
		"spaces beside them": {"\"SKU\", \"Name\", \"Description\"\n\"A-1\" , \"Lamp, red\" , \" warm\"\n", importer.Options{},
			[]string{"A-1|Lamp, red| warm"}, nil, `"`, ""},
		"apostrophes, and others": {"SKU,Name,Description\n'A-1','Lamp','Joe''s'\n'A-2','Joe's',''\n'A-3','Desk, red','x'\n" +
			"'A-4','Desk','x'\n", importer.Options{}, []string{"A-1|Lamp|Joe's", "A-3|Desk, red|x", "A-4|Desk|x"},
			map[importer.Code]int64{importer.CodeBadQuote: 1}, "'", ""},
		"aligned columns": {"SKU  ,Name     ,Description\nA-1  ,Lamp     ,warm\nA-2  ,Desk, oak,brown\nA-300,Desk, red,x\n",
			importer.Options{Delimiter: ','}, []string{"A-1|Lamp|warm"},
			map[importer.Code]int64{importer.CodeFieldCount: 2}, `"`, ""},
		"aligned columns in order": {"SKU  ,Name    ,Description\nA-1  ,Lamp    ,warm\nA-2  ,Desk oak,brown\nA-300,Desk    ,\n",
			importer.Options{}, []string{"A-1|Lamp|warm", "A-2|Desk oak|brown", "A-300|Desk|"}, nil, `"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, result := productsOf(t, c.text, c.options)
			require.Equal(t, c.want, got)
			if c.rejects == nil {
				c.rejects = map[importer.Code]int64{}
			}
			require.Equal(t, c.rejects, result.Rejects)
			require.Equal(t, c.quote, result.Dialect.Quote)
			require.Equal(t, c.quote, result.Dialect.Escape)
			if c.hint == "" {
				require.Empty(t, result.Dialect.Hints)
				return
			}
			require.Len(t, result.Dialect.Hints, 1)
			require.Contains(t, result.Dialect.Hints[0].Text, c.hint)
		})
	}
}
