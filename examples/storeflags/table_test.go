package storeflags_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/storeflags"
)

// TestTableNames: columns are named as the table has them, or with quotes as SQL has them, like the table.
func TestTableNames(t *testing.T) {
	parse := func(args ...string) (table storeflags.Table, err error) {
		flags := envflags.New("test", "")
		table.Add(flags)
		_, err = flags.Parse(args, func(string) string { return "" })
		return table, err
	}
	table, err := parse("-key", `"Tenant" ,code`, "-leave", `"Name","a,b", c d,"say ""x"""`, "-touch", `At,"Made"`,
		"-rename", `"Item, No"=number, "a=b"=c,Größe=size`, "-rename", `D=d`)
	require.NoError(t, err)
	require.Equal(t, []string{"Tenant", "code"}, table.Key)
	require.Equal(t, []string{"Name", "a,b", "c d", `say "x"`}, table.Leave)
	require.Equal(t, []string{"At", "Made"}, table.Touch)
	require.Equal(t, map[string]string{"Item, No": "number", "a=b": "c", "Größe": "size", "D": "d"}, table.Rename)
	for _, wrong := range []string{`"a`, `"a"b`, `"a",`, `,a`, `""`, `"a",a`, `a"b,,`, `"a" "b"`} {
		_, err := parse("-leave", wrong)
		require.ErrorContains(t, err, "want one column, or several different ones", wrong)
	}
	for _, wrong := range []string{`"a`, `"a"b=c`, `a`, `a,b=c`, `"a",b=c`, `=c`, `""=c`, `a=b,`} {
		_, err := parse("-rename", wrong)
		require.ErrorContains(t, err, "want COLUMN=FIELD", wrong)
	}
	_, err = parse("-rename", `a=b,"a"=c`)
	require.ErrorContains(t, err, "gives a two values")
}
