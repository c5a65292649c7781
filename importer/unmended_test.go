package importer_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
)

// TestUnmendedRejects: what nobody mended is rejected again for what it was rejected for, since something that the rest
// of its file told is told by the rejects too.
func TestUnmendedRejects(t *testing.T) {
	for _, c := range []struct {
		name, text string
		options    importer.Options
		codes      []importer.Code
	}{
		{"a record that lacks a column which may be empty", "name,sku,status,description\nLamp,1,yes\nTorch,2\nBulb\n",
			importer.Options{},
			[]importer.Code{importer.CodeMissingColumn, importer.CodeMissingColumn, importer.CodeMissingColumn}},
		{"the same without a header", "Lamp,1,It shines.\nTorch,2\n", importer.Options{Header: importer.HeaderNo},
			[]importer.Code{importer.CodeMissingColumn}},
		{"a column whose name is escaped", "name,sku,=x\nLamp,1\n",
			importer.Options{Map: map[string]string{"description": "=x"}}, []importer.Code{importer.CodeMissingColumn}},
		{"a record that lacks columns is no parent there either", "slug,name,sku,description\na,Lamp,1\na,,2,x\n",
			importer.Options{},
			[]importer.Code{importer.CodeMissingColumn, importer.CodeNoParent}},
		{"a record that is shorter than nearly all others", "name,sku,x,y\n" + strings.Repeat("Lamp,1,x,y\n", 20) + "Lamp,2,x\n",
			importer.Options{}, []importer.Code{importer.CodeMissingColumn}},
		{"a record with empty fields too many", "name,sku,x,y\n" + strings.Repeat("Lamp,1,x,y\n", 20) + "Lamp,,2,x,\n",
			importer.Options{}, []importer.Code{importer.CodeFieldCount}},
		{"bytes that are no UTF-8, and in a file of their own would be windows-1252",
			"name,sku\nTür,1\nTor für alle,2\nCaf\xe9,3\n", importer.Options{},
			[]importer.Code{importer.CodeInvalidUTF8}},
		{"two byte order marks", "\ufeff\ufeffname,sku,x\nLamp,,1\n", importer.Options{Extra: importer.ExtraKeep,
			Map: map[string]string{"name": "1"}},
			[]importer.Code{importer.CodeEmpty}},
		{"a record that looks like a header, far behind it", "a,b,c\n" + strings.Repeat("Lamp,1,x\n", 30) +
			"name,sku,description,x\n",
			importer.Options{Map: map[string]string{"name": "1", "sku": "2"}},
			[]importer.Code{importer.CodeFieldCount}},
		{"apostrophes before fields, between which the rejects alone would agree",
			"a,b,c\nLamp,1,x\nLamp,2,x\nLamp,3,x\nLamp,4,x\nLamp,5,x\n" +
				"=a,6,1,2',=q'\n=a,7,1,2,3',=q'\n=a,8,1,2,3,4',=q'\n=a,9,1,2,3,4,5',=q'\n",
			importer.Options{Header: importer.HeaderNo},
			slices.Repeat([]importer.Code{importer.CodeFieldCount}, 4)},
	} {
		t.Run(c.name, func(t *testing.T) {
			rejects, codes, err := rejectCodes(t, c.text, c.options)
			require.NoError(t, err)
			require.Equal(t, c.codes, codes)
			again, codes, err := rejectCodes(t, rejects, c.options)
			require.NoError(t, err)
			require.Equal(t, c.codes, codes)
			require.Equal(t, blankColumns(t, rejects, importer.RejectColumns()...),
				blankColumns(t, again, importer.RejectColumns()...), "and comes back as it was")
		})
	}
}

// TestRejectsThatLackedAColumn: the column that a record lacked may be filled in, or be empty if that is said.
func TestRejectsThatLackedAColumn(t *testing.T) {
	rejects, _, err := rejectCodes(t, "name,sku,description\nLamp,1\n", importer.Options{})
	require.NoError(t, err)
	for _, mended := range []string{
		strings.Replace(rejects, "Lamp,1,,", "Lamp,1,It shines.,", 1),
		strings.Replace(rejects, "missing_column", "", 1),
	} {
		require.NotEqual(t, rejects, mended)
		_, codes, err := rejectCodes(t, mended, importer.Options{})
		require.NoError(t, err)
		require.Empty(t, codes)
	}
	_, fields := rejectsOf(t, "name,sku,_code\nLamp,1,missing_column\n", importer.Options{})
	require.Empty(t, fields, "a column of another file that is called so means nothing")
}

// TestUnmendedRejectsOfAnything does with files at random what TestUnmendedRejects does with those that were trouble.
func TestUnmendedRejectsOfAnything(t *testing.T) {
	headers := []string{"name,sku", "name,sku,description,status", "slug,name,sku,description,status",
		"sku;name;description", "a\tb\tc",
		"\ufeff\ufeffname,sku", "'=a,'\tsku,\"\tname\"", "parent,sku,name,id", "\"=a\",sku,name"}
	alphabet := []string{"a", "\"", ",", "\r", "\n", "\r\n", " ", "'", "=", "-", "\t", "é", "＝", "\xff", "\xe9", ";",
		"\\", "\x00", "\u200b", "yes", "sku", "|", "\ufeff"}
	rng := rand.New(rand.NewPCG(19, 20))
	compared := 0
	for range 2_500 {
		var text strings.Builder
		text.WriteString(headers[rng.IntN(len(headers))] + "\n")
		for range 1 + rng.IntN(6) {
			for i := range 1 + rng.IntN(6) {
				quote := []string{"", "", "", `"`}[rng.IntN(4)]
				if i > 0 {
					text.WriteString([]string{",", ",", ",", ";", "\t"}[rng.IntN(5)])
				}
				text.WriteString(quote)
				for range rng.IntN(4) {
					text.WriteString(alphabet[rng.IntN(len(alphabet))])
				}
				text.WriteString(quote)
			}
			text.WriteString("\n")
		}
		o := importer.Options{Header: importer.HeaderMode(rng.IntN(4)), Extra: importer.ExtraMode(rng.IntN(2))}
		if rng.IntN(3) == 0 {
			o.Map = map[string]string{"name": "2", "sku": "1"}
		}
		rejects, codes, err := rejectCodes(t, text.String(), o)
		if err != nil || count(codes, importer.CodeBadQuote) > 0 {
			continue // quotes that are out of place are in order among the rejects
		}
		_, again, err := rejectCodes(t, rejects, o)
		require.True(t, len(codes) == 0 || err == nil, "%q: %v", rejects, err)
		require.Equal(t, codes, again, "%q\n%q", text.String(), rejects)
		compared += len(codes)
	}
	require.Greater(t, compared, 300)
}
