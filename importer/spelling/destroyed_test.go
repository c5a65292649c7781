package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
)

func TestDestroyed(t *testing.T) {
	for cells, want := range map[string]string{
		"4.00638E+12|4,00638E+12|1E+12|-1.5e-10|4.006381333931E12":                                       "a long number",
		"#N/A|#n/a|#REF!|#VALUE!|#NAME?|#DIV/0!|#NUM!|#NULL!|#BEZUG!|#ÜBERLAUF!| #NV |#¿NOMBRE?|Err:502": "a formula that failed",
		"########|###": "too narrow",
		"|#|##|#1|#12345|#hash|# N/A|1E5|12E34|1.5E10|E12|1.2345E|1.234E5678|Err:x02|Err:5021|X#N/A|1.2E+1|1,234|2026|#" +
			strings.Repeat("n", 100): "",
	} {
		for cell := range strings.SplitSeq(cells, "|") {
			got := spelling.Destroyed(cell)
			require.Equal(t, want == "", got == "", cell)
			require.Contains(t, got, want, cell)
		}
	}
	for _, s := range []string{"1E5", "12e34", "4E12", "123E001"} {
		require.True(t, spelling.IsExponent(s), s)
	}
	for _, s := range []string{"", "E5", "1E", "1EA", "1E5X", "12", "1E12345", "1.5E5", "1E+5"} {
		require.False(t, spelling.IsExponent(s), s)
	}
	require.Zero(t, testing.AllocsPerRun(10, func() { spelling.Destroyed("#BEZUG!"); spelling.Destroyed("4.00638E+12") }))
}
