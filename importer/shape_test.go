package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

// TestShape: a record with fewer fields than nearly all others has is not taken, though it has those that are mapped.
func TestShape(t *testing.T) {
	full := func(n int) (text string) {
		for i := range n {
			text += fmt.Sprintf("F-%02d,Lamp,It shines.,9.99,3\n", i)
		}
		return text
	}
	const header = "SKU,Name,Description,Price,Stock\n"
	for name, c := range map[string]struct {
		text    string
		created int64
		rejects []string // their lines, code and column
		hint    string
	}{
		"one of two": {header + "L-1,Lamp,warm,9.99,3\nD-1,Desk,19.99,4\n", 1, []string{"3-3 missing_column Stock"}, ""},
		"few of many": {header + full(30) + "D-1,Desk,19.99,4\n" + full(10) + "D-2,Desk,brown\n", 30,
			[]string{"32-32 missing_column Stock", "43-43 missing_column Price"}, ""},
		"far behind the beginning": {header + strings.Repeat(full(1), 12_000) + "D-1,Desk,19.99,4\n", 1,
			[]string{"12002-12002 missing_column Stock"}, ""},
		"a habit": {header + full(5) + "D-1,Desk,x\nD-2,Desk,x\nD-3,Desk,x,5\n" + full(5), 8, nil,
			"3 of 13 records looked at have fewer fields than the header"},
		"all of them":                    {header + "D-1,Desk,x\nD-2,Desk,x\n", 2, nil, "every record has 3 fields"},
		"all of them, and differently":   {header + "D-1,Desk,x\nD-2,Desk,x,7\n", 2, nil, "every record has 3 to 4 fields"},
		"before a column that is needed": {header + full(9) + "D-1\n", 9, []string{"11-11 missing_column Name"}, ""},
		"empty fields behind the last": {header + full(9) + "D-1,Desk,x,1,2,,\n", 9,
			[]string{"11-11 field_count Stock"}, ""},
		"empty fields behind the last of many": {header + strings.Repeat("D-1,Desk,x,1,2,,\n"+full(3), 3), 4, nil, ""},
		"records with nothing in them":         {header + full(9) + ",,\n,,\n,,\n,,\n", 9, nil, ""},

		"a line break": {header + full(9) + "D-1,De\nsk,brown,5,6\n" + full(1), 9, []string{"11-12 bad_quote "}, ""},
		"line breaks":  {header + full(9) + "D-1,De\n\ns\r\nk,brown,5\n,6\n" + full(1), 9, []string{"11-15 bad_quote "}, ""},
		"a line break in every tenth record": {header + strings.Repeat(full(9)+"D-1,Desk,bro\nwn,5,6\n", 3), 9,
			[]string{"11-12 bad_quote ", "22-23 bad_quote ", "33-34 bad_quote "}, ""},
		"a line break at a record's beginning": {header + full(9) + "D-\n1,Desk,brown,5,6\n" + full(1), 10,
			[]string{"11-11 missing_column Name"}, ""},
		"a line break in the last field, a text": {"SKU,Name,Description\nA-1,Lamp,warm\nA-2,Desk,It is\n\nbrown or\nA-3,Vase,of glass\n",
			2, []string{"3-5 bad_quote "}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var rejects []string
			o := importer.Options{OnReject: func(r importer.Reject) error {
				rejects = append(rejects, fmt.Sprintf("%d-%d %s %s", r.Line, r.LastLine, r.Code, r.Column))
				return nil
			}}
			result, err := importer.Run(t.Context(), importer.Bytes(c.text), memory.New(memory.Options{}).Products(), o)
			require.NoError(t, err)
			require.Equal(t, c.rejects, rejects)
			require.Equal(t, c.created, result.Created)
			if c.hint == "" {
				require.Empty(t, result.Dialect.Hints)
				return
			}
			require.Len(t, result.Dialect.Hints, 1)
			require.Contains(t, result.Dialect.Hints[0].Text, c.hint)
		})
	}
}
