package importer_test

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

func TestRejectsAsCSV(t *testing.T) {
	text := "sku,name,description,note\n,\"a, \"\"b\"\"\",\"one\ntwo\",x\nok,fine,,\ns2\ns3,n,d,x,surplus\n"
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	store := memory.New(memory.Options{}).Products()
	_, err := importer.Run(t.Context(), importer.Bytes(text), store, importer.Options{OnHeader: w.Header,
		OnReject: w.Write})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.Equal(t, "\ufeff"+`sku,name,description,note,_line,_column,_code,_reason
,"a, ""b""","one
two",x,2,sku,empty,sku must not be empty
s2,,,,5,name,missing_column,the record has 1 of 4 fields and ends before the column name (name)
s3,n,d,x,6,,field_count,"the record has 5 fields, but there are 4 columns; a field with the delimiter in it must stand in quotes",surplus
`, rejects.String())

	mended := strings.NewReplacer("\n,\"a", "\ns1,\"a", "s2,,", "s2,mended,", ",surplus", "").Replace(rejects.String())
	result, err := importer.Run(t.Context(), importer.Bytes(mended), store,
		importer.Options{Extra: importer.ExtraReject, Map: map[string]string{"status": "note"}})
	require.NoError(t, err, "the columns of the rejects are no extra columns")
	require.Equal(t, progress.Counts{Read: 3, Created: 1, Rejected: 2}, result.Counts, "x is no status")

	result, err = importer.Run(t.Context(), importer.Bytes(mended), store, importer.Options{Mode: products.Update})
	require.NoError(t, err)
	require.Equal(t, progress.Counts{Read: 3, Created: 2, Unchanged: 1}, result.Counts)
}

func TestNoRejectsLeaveAnEmptyFile(t *testing.T) {
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	_, err := importer.Check(t.Context(), importer.Bytes("sku,name\na,b\n"),
		importer.CheckOptions{Options: importer.Options{OnHeader: w.Header, OnReject: w.Write}})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.Empty(t, rejects.String())
}

// rejectsOf checks the text and returns the file of its rejects, and their fields.
func rejectsOf(t testing.TB, text string, o importer.Options) (file string, fields [][]string) {
	t.Helper()
	file, fields, err := tryRejects(t, text, o)
	require.NoError(t, err)
	return file, fields
}

// tryRejects is rejectsOf for files that may be refused.
func tryRejects(t testing.TB, text string, o importer.Options) (file string, fields [][]string, err error) {
	t.Helper()
	var b bytes.Buffer
	w := importer.NewRejectWriter(&b)
	o.OnHeader = w.Header
	o.OnReject = func(r importer.Reject) error {
		fields = append(fields, r.Fields)
		return w.Write(r)
	}
	_, err = importer.Check(t.Context(), importer.Bytes(text), importer.CheckOptions{Options: o})
	require.NoError(t, w.Flush())
	return b.String(), fields, err
}

// TestRejectsComeBack imports the rejects of a file, some unmended and some mended, with the options of the first
// import.
func TestRejectsComeBack(t *testing.T) {
	for _, c := range []struct {
		name, text string
		options    importer.Options
		rejects    string // without the reasons
		mend       []string
		want       []string
	}{
		{
			name:    "no header: they have one, which is known again",
			text:    "n,s,d,x\n,s2,d2,y\n",
			options: importer.Options{Header: importer.HeaderNo},
			rejects: "name,sku,description,column 4,_line,_column,_code,_reason\n,s2,d2,y,2,1,empty,\n",
			mend:    []string{"\n,s2", "\nmended,s2"},
			want:    []string{"s2|mended|d2|false"},
		},
		{
			name:    "no header, and fewer columns than there are positions: those of the rejects are none of them",
			text:    "n,s\n,s2\n",
			options: importer.Options{Header: importer.HeaderNo},
			rejects: "name,sku,_line,_column,_code,_reason\n,s2,2,1,empty,\n",
			mend:    []string{"\n,s2", "\nmended,s2"},
			want:    []string{"s2|mended||false"},
		},
		{
			name:    "no header, columns by number",
			text:    "x,n,s\ny,,s2\n",
			options: importer.Options{Header: importer.HeaderNo, Map: map[string]string{"name": "2", "sku": "3"}},
			rejects: "column 1,name,sku,_line,_column,_code,_reason\ny,,s2,2,2,empty,\n",
			mend:    []string{"y,,", "y,mended,"},
			want:    []string{"s2|mended||false"},
		},
		{
			name:    "a header that is passed over comes back, and is passed over again",
			text:    "what,which\nn,s\n,s2\n",
			options: importer.Options{Header: importer.HeaderSkip},
			rejects: "what,which,_line,_column,_code,_reason\n,s2,3,1,empty,\n",
			mend:    []string{"\n,s2", "\nmended,s2"},
			want:    []string{"s2|mended||false"},
		},
		{
			name:    "a mapping by name",
			text:    "Réf.,Nom\ns1,n\ns2,\n",
			options: importer.Options{Map: map[string]string{"name": "Nom", "sku": "Réf."}},
			rejects: "Réf.,Nom,_line,_column,_code,_reason\ns2,,3,Nom,empty,\n",
			mend:    []string{"s2,,", "s2,mended,"},
			want:    []string{"s2|mended||false"},
		},
		{
			name:    "always with commas",
			text:    "sku;name\ns1;\"a;b\"\ns2;\"x,y;z\"\n;\"x,y;z\"\n",
			options: importer.Options{Delimiter: ';'},
			rejects: "sku,name,_line,_column,_code,_reason\n,\"x,y;z\",4,sku,empty,\n",
			mend:    []string{"\n,", "\ns3,"},
			want:    []string{"s3|x,y;z||false"},
		},
		{
			name:    "the bytes of quoted line breaks, and of what a spreadsheet would run",
			text:    "sku,name,description,=x\r\n,\"a\r\nb\nc\rd\",=1+1,-5\r\n,'=x,\t1,\"\ry\"\r\n",
			rejects: "sku,name,description,'=x,_line,_column,_code,_reason\n,\"a\r\nb\nc\rd\",'=1+1,-5,2,sku,empty,\n,'=x,'\t1,\"'\ry\",6,sku,empty,\n",
			options: importer.Options{Extra: importer.ExtraKeep},
			mend:    []string{"\n,\"a", "\ns1,\"a", "\n,'=x", "\ns2,'=x"},
			want:    []string{"s1|a\r\nb\nc\rd|=1+1|false", "s2|=x|\t1|false"},
		},
		{
			name:    "damage stands in the first column as it is",
			text:    "name,sku,description\nn1,s1,d\n=n2,\"s2,d\nn3,s3,d\n",
			rejects: "name,sku,description,_line,_column,_code,_reason\n\"'=n2,\"\"s2,d\",,,3,,bad_quote,\n",
			mend:    []string{`"'=n2,""s2,d",,`, `'=n2,s2,d`},
			want:    []string{"s2|=n2|d|false"},
		},
		{
			name:    "fields without a column stand behind everything else",
			text:    "sku,name,a,b\ns1,one, two,1,2\ns2,x,1,2,,\n",
			rejects: "sku,name,a,b,_line,_column,_code,_reason\ns1,one,\" two\",1,2,,field_count,,2\n",
			mend:    []string{`one," two",1,2,,`, `"one, two",1,2,2,,`, ",2\n", "\n"},
			want:    []string{"s1|one, two||false"},
		},
		{
			name: "a variant is mended without the record that it inherits from",
			text: "slug,sku,name,description,status\nlamp,l1,=Lamp,Bright,yes\nlamp," + strings.Repeat("x", 300) +
				",,,\nlamp,l3,,,maybe\n",
			rejects: "slug,sku,name,description,status,_line,_column,_code,_reason\nlamp," + strings.Repeat("x", 300) +
				",'=Lamp,Bright,yes,3,sku,too_long,\nlamp,l3,,,maybe,4,status,bad_boolean,\n",
			mend: []string{strings.Repeat("x", 300), "l2", "lamp,l3,,,maybe", "lamp,l3,,,no"},
			want: []string{"l2|=Lamp|Bright|true", "l3|=Lamp|Bright|false"},
		},
		{
			name:    "a variant whose parent is mended too stays as it is",
			text:    "slug,sku,name,description,status\nlamp,,Lamp,Bright,yes\nlamp,l2,,,maybe\n",
			rejects: "slug,sku,name,description,status,_line,_column,_code,_reason\nlamp,,Lamp,Bright,yes,2,sku,empty,\nlamp,l2,,,maybe,3,status,bad_boolean,\n",
			mend:    []string{"lamp,,L", "lamp,l1,L", "maybe", ""},
			want:    []string{"l1|Lamp|Bright|true", "l2|Lamp|Bright|true"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rejects, fields := rejectsOf(t, c.text, c.options)
			require.Equal(t, "\ufeff"+c.rejects, blankColumns(t, rejects, "_reason"))

			c.options.Delimiter = 0
			again, fieldsAgain := rejectsOf(t, rejects, c.options)
			require.Len(t, fieldsAgain, len(fields), "unmended, they are rejected again")
			require.Equal(t, blankColumns(t, rejects, importer.RejectColumns()...),
				blankColumns(t, again, importer.RejectColumns()...), "as they were")

			store := memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, strings.NewReplacer(c.mend...).Replace(again), c.options)
			require.NoError(t, err)
			require.Zero(t, result.Rejected)
			require.Equal(t, c.want, catalogue(t, store))
			if c.options.Extra == importer.ExtraKeep {
				page, err := store.List(t.Context(), products.Query{})
				require.NoError(t, err)
				require.Equal(t, map[string]string{"=x": "-5"}, page.Products[0].Attributes,
					"the columns of rejects are no attributes")
			}
		})
	}
}

// blankColumns empties columns of a file of rejects. It keeps line breaks as they are, as encoding/csv doesn't.
func blankColumns(t *testing.T, file string, names ...string) string {
	const cr = "<CR>"
	reader := csv.NewReader(strings.NewReader(strings.ReplaceAll(file, "\r", cr)))
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	require.NoError(t, err)
	for i, name := range records[0] {
		if slices.Contains(names, name) {
			for _, record := range records[1:] {
				record[i] = ""
			}
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, record := range records {
		for i := range record {
			record[i] = strings.ReplaceAll(record[i], cr, "\r")
		}
		require.NoError(t, w.Write(record))
	}
	w.Flush()
	return b.String()
}

// TestRejectsKeepEveryByte: whatever the fields of a rejected record, they come back from the file of rejects, but for
// the apostrophe that keeps a spreadsheet from running them.
func TestRejectsKeepEveryByte(t *testing.T) {
	alphabet := []string{"a", "\"", ",", "\r", "\n", "\r\n", " ", "'", "=", "-", "\t", "é", "＝", "\xff", ";", "\\",
		"0123456789"}
	rng := rand.New(rand.NewPCG(11, 12))
	for range 200 {
		var text strings.Builder
		w := csv.NewWriter(&text)
		require.NoError(t, w.Write([]string{"sku", "name", "b", "c"}))
		var want [][]string
		for range 1 + rng.IntN(20) {
			record := []string{"", "", "", ""}
			for i := 1; i < len(record); i++ {
				for range rng.IntN(5) {
					record[i] += alphabet[rng.IntN(len(alphabet))]
				}
			}
			require.NoError(t, w.Write(record))
			if !products.Blank(strings.Join(record, "")) { // else it is passed over
				want = append(want, record)
			}
		}
		w.Flush()
		file, fields := rejectsOf(t, text.String(), importer.Options{})
		require.Equal(t, want, fields)
		_, fields = rejectsOf(t, file, importer.Options{})
		require.Len(t, fields, len(want))
		for i, record := range want {
			for j, value := range record {
				if importer.EscapeFormula(value) != value && !strings.HasPrefix(value, "'") {
					value = "'" + value
				}
				require.Equal(t, value, fields[i][j])
			}
		}
	}
}
