package importer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
)

func TestFormula(t *testing.T) {
	for _, test := range []struct{ plain, escaped string }{
		{"", ""}, {"Lamp", "Lamp"}, {"a=b", "a=b"}, {" =1", " =1"}, {"é", "é"},
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-5", "'-5"}, {"@SUM(A1)", "'@SUM(A1)"}, {"\t=1", "'\t=1"},
		{"\r=1", "'\r=1"}, {"\n=1", "'\n=1"},
		{"＝1", "'＝1"}, {"＋", "'＋"}, {"－1", "'－1"}, {"＠x", "'＠x"},
		{"'", "'"}, {"'n Sync", "'n Sync"}, {"''", "''"}, {"'a'=1", "'a'=1"},
		{"'=1", "''=1"}, {"''-5", "'''-5"},
	} {
		require.Equal(t, test.escaped, importer.EscapeFormula(test.plain))
		require.Equal(t, test.plain, importer.UnescapeFormula(test.escaped), "the way back")
	}
	require.Equal(t, "=1", importer.UnescapeFormula("=1"), "what was never escaped stays")
}

func FuzzFormula(f *testing.F) {
	for _, s := range []string{"", "=", "'=", "''=", "'", "a", "＝", "'＝", "\xff", "'\xef\xbc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := importer.EscapeFormula(s)
		require.Equal(t, s, importer.UnescapeFormula(escaped))
		require.False(t, strings.HasPrefix(escaped, "=") || strings.HasPrefix(escaped, "+") ||
			strings.HasPrefix(escaped, "-") || strings.HasPrefix(escaped, "@"))
		require.LessOrEqual(t, len(escaped), len(s)+1)
	})
}
