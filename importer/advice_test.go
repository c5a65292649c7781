package importer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestNothingChangedSaysWhatToDo: an import that succeeds without a change has one hint, unless all is as it should be.
func TestNothingChangedSaysWhatToDo(t *testing.T) {
	const lamp = "sku,name\nA-1,Lamp\n"
	dry, update := importer.Options{DryRun: true}, importer.Options{Mode: products.Update}
	for _, c := range []struct {
		name, before, text string
		options            importer.Options
		want               string
	}{
		{"created", "", lamp, importer.Options{}, ""},
		{"updated", lamp, "sku,name\nA-1,Desk\n", update, ""},
		{"unchanged", lamp, lamp, update, ""},
		{"unchanged and superseded", lamp, lamp + "A-1,Lamp\n", update, ""},
		{"dry run", "", lamp, dry, ""},
		{"dry run of only a header", "", "sku,name\n", dry,
			"the file has no record below its header; see whether the export was empty, or filtered"},
		{"only a header", "", "sku,name\n", importer.Options{},
			"the file has no record below its header; see whether the export was empty, or filtered"},
		{"passed over", "", "sku,name\n,\n,\nsku,name\n", importer.Options{}, "no record of a product was found: all 3 " +
			"rows were passed over (2 empty, 1 header); see whether the right table was exported"},
		{"rejected", "", "sku,name\nA-1,\nA-2,\n#N/A,Lamp\n", importer.Options{}, "nothing was imported, as every record " +
			"was rejected (2 empty, 1 destroyed); mend what the reasons name, or the mapping of the columns, and import " +
			"it again"},
		{"skipped", lamp, lamp, importer.Options{},
			"nothing was changed (products that exist: 1); the mode update overwrites products that exist"},
		{"skipped and rejected", lamp, lamp + "A-2,\n", importer.Options{}, "nothing was changed (products that exist: 1, " +
			"rejected records: 1); the mode update overwrites products that exist"},
		{"none exists", "", lamp, importer.Options{Mode: products.Existing}, "nothing was changed (SKUs that don't exist: " +
			"1); see whether the SKUs come from the right column; the mode update creates products that don't exist"},
		{"unchanged and rejected", lamp, lamp + "A-2,\n", update, "nothing was changed (products as the file has them: 1, " +
			"rejected records: 1); mend what was rejected, and import it again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			if c.before != "" {
				_, _, err := doImport(t, store, c.before, importer.Options{})
				require.NoError(t, err)
			}
			_, result, err := doImport(t, store, c.text, c.options)
			require.NoError(t, err)
			var want []importer.Hint
			if c.want != "" {
				want = []importer.Hint{{Text: c.want}}
			}
			require.Equal(t, want, result.Dialect.Hints)
		})
	}
	limit := importer.Options{MaxRejects: &importer.RejectLimit{}}
	_, result, err := doImport(t, memory.New(memory.Options{}).Products(), "sku,name\nA-1,\n", limit)
	require.ErrorIs(t, err, importer.ErrTooManyRejects)
	require.Empty(t, result.Dialect.Hints, "an error says enough")

	_, result, err = doImport(t, memory.New(memory.Options{}).Products(), "Product SKU,Variant SKU,Name\np,v,\n",
		importer.Options{})
	require.NoError(t, err)
	hints := result.Dialect.Hints
	require.Len(t, hints, 2)
	require.Equal(t, "sku", hints[0].Field)
	require.Contains(t, hints[1].Text, "every record was rejected (1 empty)", "a choice of the SKU's column is no help")
}
