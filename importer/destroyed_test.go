package importer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

// TestDestroyedBySpreadsheets: such a SKU or name is a reject that says what to do.
func TestDestroyedBySpreadsheets(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	got, result, err := doImport(t, store, "SKU;Name;Description\n4,00638E+12;Lamp;\n#N/A;Desk;\n########;Bed;\nA-1;#REF!;\n"+
		"A-2; #N/A ;\n=\"4.00638E+12\";Meant so;\n#12;No. 12;#1\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"4.00638E+12|Meant so||false", "#12|No. 12|#1|false"}, catalogue(t, store))
	require.Equal(t, map[importer.Code]int64{importer.CodeDestroyed: 5}, result.Rejects)
	require.Equal(t, `SKU is "4,00638E+12", which is how a spreadsheet shows a long number: its last digits are lost; `+
		`give the column the format text there and export it again; if it is meant to be so, write ="4,00638E+12"`, got.reasons[0])
	require.Contains(t, got.reasons[1], "a formula that failed")
	require.Contains(t, got.reasons[2], "too narrow")
	require.Equal(t, "5/5+64 Name destroyed", got.rejects[3])
	require.Contains(t, got.reasons[4], `Name is "#N/A", which`)
	require.Empty(t, result.Dialect.Hints)
}

// TestOddValuesAreHinted once for each column, with their count.
func TestOddValuesAreHinted(t *testing.T) {
	text := "sku,name,description,brand,price,ean\nA-1,Lamp,#REF!,#N/A,,4.00638E+12\n1E5,Desk,,Acme,,4006381333931\n" +
		"2e14,Bed,,#N/A,,4.00639E+12\nA-4,Sofa,,,1.5,\n" + strings.Repeat("x,Sofa,"+strings.Repeat("y", 1000)+",,,\n", 500) +
		"y,Sofa,,,\"1.234,5\",\n"
	store := shopStore(t)
	_, result, err := doImport(t, store, strings.Replace(text, "price", "zzz", 1), importer.Options{})
	require.NoError(t, err)
	var hints []string
	for _, h := range result.Dialect.Hints {
		require.Empty(t, h.Field)
		hints = append(hints, h.Text)
	}
	require.Equal(t, []string{
		`there is 1 value of the column "description" such as "#REF!" in line 2, which is what a spreadsheet shows for a ` +
			"formula that failed; mend it there and export it again; they are taken as they stand",
		`there are 2 values of the column "ean" such as "4.00638E+12" in line 2, which is how a spreadsheet shows a long ` +
			"number: its last digits are lost; give the column the format text there and export it again; they are taken as they stand",
		`there are 2 values of the column "brand" such as "#N/A" in line 2, which is what a spreadsheet shows for a formula ` +
			"that failed; mend it there and export it again; they are taken as they stand",
		`there are 2 values of the column "sku" such as "1E5" in line 3: a spreadsheet takes that for a number, so see ` +
			"whether all of them are as they were, and give the column the format text there",
	}, hints)
	require.Contains(t, typed(t, store)[0], "brand=#N/A")

	_, again, err := doImport(t, shopStore(t), strings.Replace(text, "1.5", "1,5", 1), importer.Options{})
	require.NoError(t, err)
	require.Len(t, again.Dialect.Hints, 4, "a check that begins again counts again")
	require.Contains(t, again.Dialect.Hints[1].Text, "there are 2 values")
}

// TestDestroyedSKUsOfExports: what is stored so is exported so that it comes back.
func TestDestroyedSKUsOfExports(t *testing.T) {
	for _, sku := range []string{"4.00638E+12", "#N/A", "###", "1E5"} {
		store := memory.New(memory.Options{}).Products()
		got, _, err := doImport(t, store, "sku,name\n"+importer.EscapeTrimmed(sku)+","+importer.EscapeTrimmed("#REF!")+"\n", importer.Options{})
		require.NoError(t, err)
		require.Empty(t, got.rejects)
		require.Equal(t, []string{sku + "|#REF!||false"}, catalogue(t, store))
	}
}

// TestInvisibleEnds of SKUs and names are cut off, also those that give text a direction.
func TestInvisibleEnds(t *testing.T) {
	for _, c := range []string{"\u200b", "\ufeff", "\u00ad", "\u2060", "\u200e", "\u200f", "\u202a", "\u202c", "\u2066", "\u2069", "\u061c", "\u00a0"} {
		store := memory.New(memory.Options{}).Products()
		got, _, err := doImport(t, store, "SKU,Name\nA-1"+c+",Lamp\n"+c+"A-1,"+c+"Desk "+c+"\n", importer.Options{})
		require.NoError(t, err)
		require.EqualValues(t, 1, got.counts.Created, "%q", c)
		require.Equal(t, []string{"3->2"}, got.lost)
		_, _, err = doImport(t, store, "SKU,Name\nB"+c+","+c+"Desk"+c+"\n", importer.Options{})
		require.NoError(t, err)
		require.Equal(t, "B|Desk||false", catalogue(t, store)[1])
	}
}
