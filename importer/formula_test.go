package importer_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
)

func TestFormula(t *testing.T) {
	for _, test := range []struct{ plain, escaped string }{
		{"", ""}, {"Lamp", "Lamp"}, {"a=b", "a=b"}, {" =1", " =1"}, {"é", "é"},
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-x", "'-x"}, {"@SUM(A1)", "'@SUM(A1)"}, {"\t=1", "'\t=1"},
		{"\r=1", "'\r=1"}, {"\n=1", "'\n=1"},
		{"＝1", "'＝1"}, {"＋", "'＋"}, {"－1", "'－1"}, {"＠x", "'＠x"},
		{"'", "'"}, {"'n Sync", "'n Sync"}, {"''", "''"}, {"'a'=1", "'a'=1"},
		{"'=1", "''=1"}, {"''-5", "'''-5"},
		{"-5", "-5"}, {"-1.50", "-1.50"}, {"-1.234,50", "-1.234,50"}, {"-0071", "-0071"}, {"'-5", "''-5"},
		{"-", "'-"}, {"--5", "'--5"}, {"-5.", "'-5."}, {"-.5", "'-.5"}, {"-5-3", "'-5-3"}, {"-5 ", "'-5 "},
		{"-1..2", "'-1..2"}, {"-1e5", "'-1e5"}, {"-2+cmd|' /C calc'!A0", "'-2+cmd|' /C calc'!A0"}, {"-5%", "'-5%"},
		{"-5\n=1", "'-5\n=1"}, {"-٣", "'-٣"}, {"+49", "'+49"},
	} {
		require.Equal(t, test.escaped, importer.EscapeFormula(test.plain))
		require.Equal(t, test.plain, importer.UnescapeFormula(test.escaped), "the way back")
	}
	require.Equal(t, "=1", importer.UnescapeFormula("=1"), "what was never escaped stays")
	require.Equal(t, "-5", importer.UnescapeFormula("'-5"), "as numbers were escaped once")
}

// number is a number that isn't escaped.
var number = regexp.MustCompile(`^-[0-9]+([.,][0-9]+)*$`)

func FuzzFormula(f *testing.F) {
	for _, s := range []string{"", "-1", "'-1", "-1.5", "=", "'=", "''=", "'", "a", "＝", "'＝", "\xff", "'\xef\xbc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := importer.EscapeFormula(s)
		require.Equal(t, s, importer.UnescapeFormula(escaped))
		require.False(t, strings.HasPrefix(escaped, "=") || strings.HasPrefix(escaped, "+") ||
			strings.HasPrefix(escaped, "-") && !number.MatchString(escaped) || strings.HasPrefix(escaped, "@"))
		require.LessOrEqual(t, len(escaped), len(s)+1)
	})
}
