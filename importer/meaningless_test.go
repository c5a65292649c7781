package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// many returns so many records that they make several blocks, with an empty status.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "m-%d,Lamp %d %s,\n", i, i, strings.Repeat("x", 100))
	}
	return b.String()
}

// TestStatusWithoutKnownWords: a column that has no yes or no in any record is left out, with one hint.
func TestStatusWithoutKnownWords(t *testing.T) {
	const header = "SKU,Name,Status\n"
	left := func(what, line, first string) string {
		return fmt.Sprintf(`%s of the column "Status" is a yes or a no (line %s: %q), so nothing is taken from it and `+
			"status is not set; map status to the column that has it, or to none", what, line, first)
	}
	for _, c := range []struct {
		name, text string
		options    importer.Options
		rejected   int
		hint       string
	}{
		{"all", header + "A-1,Lamp,In stock\nA-2,Desk,Out of stock\n", importer.Options{}, 0, left("none of the 2 values", "2", "In stock")},
		{"all but those that are empty", header + "A-1,Lamp,\nA-2,Desk,new\n", importer.Options{}, 0, left("the only value", "3", "new")},
		{"all, behind blocks of empty ones", header + many(9_000) + strings.Repeat("z,Lamp,In stock\n", 9_000), importer.Options{}, 0,
			left("none of the 9000 values", "9002", "In stock")},
		{"hardly any has one", header + many(9) + "z,Lamp,x\n", importer.Options{}, 1, ""},
		{"some", header + "A-1,Lamp,In stock\nA-2,Desk,active\n", importer.Options{}, 1, ""},
		{"one is known, far behind", header + strings.Repeat("z,Lamp,In stock\n", 20_000) + "y,Desk,active\n", importer.Options{}, 20_000, ""},
		{"one is known, far before", header + "y,Desk,active\n" + many(9_000) + "z,Lamp,In stock\n", importer.Options{}, 1, ""},
		{"the column was given", header + "A-1,Lamp,In stock\n", importer.Options{Map: map[string]string{"status": "Status"}}, 1, ""},
		{"the column was left out", header + "A-1,Lamp,In stock\n", importer.Options{Map: map[string]string{"status": importer.MapNone}}, 0, ""},
		{"another column may be it", "SKU,Name,Status,Visible\nA-1,Lamp,In stock,yes\n", importer.Options{}, 0,
			left("the only value", "2", "In stock") + `; "Visible" may be it`},
		{"variants that leave it to their product", "slug,SKU,Name,Status\na,A-1,Lamp,new\na,A-2,,\na,A-3,,\na,A-4,,\n",
			importer.Options{}, 0, left("the only value", "2", "new")},
		{"rejects of a file that was read so", "SKU,Name,Status,_line,_column,_code,_reason\nA-1,Lamp,new,2,Name,empty,\n",
			importer.Options{}, 0, left("the only value", "2", "new")},
		{"rejects that were rejected for it", "SKU,Name,Status,_line,_column,_code,_reason\nA-1,Lamp,new,2,Status,bad_boolean,\n",
			importer.Options{}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.options
			o.Mode = products.Update
			dry := o
			dry.DryRun = true
			store := memory.New(memory.Options{}).Products()
			for _, p := range []products.Product{{SKU: "A-1", Name: "Old", Status: true}, {SKU: "z", Name: "Old", Status: true}} {
				_, err := store.Create(t.Context(), p)
				require.NoError(t, err)
			}
			tried, _, err := doImport(t, store, c.text, dry)
			require.NoError(t, err)
			kept := &checkpoints{done: map[int64]importer.Commit{}}
			o.BatchRecords, o.Writers = 500, 1
			var dialects []importer.Dialect
			o.OnDialect = func(d importer.Dialect) error { dialects = append(dialects, d); return nil }
			got, result, err := doImport(t, store, c.text, kept.set(o))
			require.NoError(t, err)
			require.Len(t, got.rejects, c.rejected)
			require.Equal(t, tried.counts, got.counts, "a dry run decides alike")
			var hints []string
			for _, h := range result.Dialect.Hints {
				if strings.Contains(h.Text, "yes or a no") {
					hints = append(hints, h.Text)
					require.Equal(t, "status", h.Field)
				}
			}
			if c.hint == "" {
				require.Empty(t, hints)
			} else {
				require.Equal(t, []string{c.hint}, hints)
				require.NotContains(t, mapped(result.Dialect.Columns), "status Status")
				for _, line := range catalogue(t, store)[:2] {
					require.Contains(t, line, "|true", "what exists keeps its status")
				}
			}
			require.Equal(t, mapped(result.Dialect.Columns), mapped(dialects[len(dialects)-1].Columns))

			delete(kept.done, 1)
			_, again, err := doImport(t, store, c.text, kept.set(o))
			require.NoError(t, err, "a resumed import decides alike")
			require.Equal(t, mapped(result.Dialect.Columns), mapped(again.Dialect.Columns))
			require.Equal(t, result.Batches-1, again.Resumed)
		})
	}
}

func TestLeftOutColumns(t *testing.T) {
	const text = "sku,name,fragile,price\nA-1,Lamp,dunno,1.5\n"
	own := schema(t, products.Field{Name: "fragile", Type: products.Boolean},
		products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	store := openOwn(own)
	_, result, err := doImport(t, store, text, importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"A-1|Lamp|price=1.50"}, contents(t, store))
	require.Equal(t, "fragile", result.Dialect.Hints[0].Field)
	require.Contains(t, result.Dialect.Hints[0].Text, "or declare the words of the field")

	required := openOwn(schema(t, products.Field{Name: "fragile", Type: products.Boolean, Rules: "required"}))
	got, _, err := doImport(t, required, text, importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"2/2+23 fragile bad_boolean"}, got.rejects)

	store = openOwn(own)
	_, _, err = doImport(t, store, text, importer.Options{Extra: importer.ExtraKeep})
	require.NoError(t, err)
	page, err := store.List(t.Context(), products.Query{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"fragile": "dunno"}, page.Products[0].Attributes)

	_, _, err = doImport(t, openOwn(own), text, importer.Options{Extra: importer.ExtraReject})
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorContains(t, err, `columns that no field claims: "fragile"`)
	_, _, err = doImport(t, openOwn(own), "sku,fragile\nA-1,dunno\n", importer.Options{Mode: products.Existing})
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorContains(t, err, `there is nothing to change: the only value of the column "fragile"`)
}

// TestLettersAreHinted: S and N may be yes and no.
func TestLettersAreHinted(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	_, result, err := doImport(t, store, "sku,name,Active\nA-1,Lamp,S\nA-2,Desk,N\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"A-1|Lamp||true", "A-2|Desk||false"}, catalogue(t, store))
	require.Equal(t, []importer.Hint{{Field: "status", Column: "none", Text: `the column "Active" has "S" and "N", which ` +
		"were taken for yes and no; if they are something else, map status to none"}}, result.Dialect.Hints)

	got, result, err := doImport(t, memory.New(memory.Options{}).Products(),
		"sku,name,Active\nA-1,Lamp,S\nA-2,Desk,N\n"+many(9_000)+"A-3,Bed,true\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"2/2+16 Active bad_boolean"}, got.rejects)
	require.Empty(t, result.Dialect.Hints)
}
