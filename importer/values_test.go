package importer_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestValues: what programs and people put around a value is no part of it.
func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // the catalogue
	}{
		"a formula that is a text": {"SKU,Name,Description,Active\n\"=\"\"00123\"\"\",\"=\"\"a \"\"\"\"b\"\"\"\"\"\"\",\"=\"\" x\"\"\",\"=\"\"yes\"\"\"\n",
			[]string{`00123|a "b"| x|true`}},
		"and its name of a column": {"\"=\"\"SKU\"\"\",Name\n1,Lamp\n", []string{"1|Lamp||false"}},
		"a formula that is none, and one that is escaped": {"SKU,Name\n\"=\"\"1\"\"&\"\"2\"\"\",a\n\"'=\"\"1\"\"\",b\n",
			[]string{`="1"&"2"|a||false`, `="1"|b||false`}},
		"what nobody sees around a SKU": {"SKU,Name\n\u200bA-1\u00ad,a\n\u00a0A-1\ufeff ,b\nA-\u200b1,c\n",
			[]string{"A-1|a||false", "A-\u200b1|c||false"}},
		"around a name, but not around a description": {"SKU,Name,Description\n1, Lamp\u200b\u00a0, warm \n",
			[]string{"1|Lamp| warm |false"}},
		"but for what is guarded": {"SKU,Name\n\u2060\u200b1\u2060,\u2060 Lamp \u2060\n", []string{"\u200b1| Lamp ||false"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, _, err := doImport(t, store, c.text, importer.Options{Writers: 1})
			require.NoError(t, err)
			require.Equal(t, c.want, catalogue(t, store))
		})
	}
}

// Rejects of formulas that are a text come back as the text, and not as a formula that was meant to be one.
func TestRejectedTextFormula(t *testing.T) {
	file, _ := rejectsOf(t, "SKU,Name,Active\n\"=\"\"00123\"\"\",Lamp,perhaps\n1,Desk,yes\n", importer.Options{})
	require.Contains(t, file, "\n00123,Lamp,perhaps,2,")
}

// TestEscapeTrimmed: whatever a SKU or a name is, it comes back from a file that has it escaped.
func TestEscapeTrimmed(t *testing.T) {
	pieces := []string{"a", " ", "\u200b", "\u2060", "'", "=", `"`, "\ufeff", "\t"}
	require.NoError(t, quick.Check(func(picks []uint8) bool {
		name := ""
		for _, i := range picks[:min(len(picks), 6)] {
			name += pieces[int(i)%len(pieces)]
		}
		if products.Blank(name) {
			return true // it is no name
		}
		var text strings.Builder
		w := csv.NewWriter(&text)
		require.NoError(t, w.WriteAll([][]string{{"sku", "name"}, {"1", importer.EscapeTrimmed(name)}}))
		store := memory.New(memory.Options{}).Products()
		_, _, err := doImport(t, store, text.String(), importer.Options{})
		require.NoError(t, err)
		require.Equal(t, []string{"1|" + name + "||false"}, catalogue(t, store))
		return true
	}, nil))
}
