package importer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// preview previews the text, and checks what holds for every preview.
func preview(t testing.TB, text string, o importer.PreviewOptions) *importer.Previewed {
	t.Helper()
	got, err := importer.Preview(t.Context(), strings.NewReader(text), o)
	require.NoError(t, err)
	body, err := json.Marshal(got)
	require.NoError(t, err)
	require.Less(t, len(body), 4<<20)
	require.LessOrEqual(t, got.BytesRead, int64(1<<20))
	if got.Problem != nil {
		require.NotEmpty(t, got.Problem.Code)
		require.LessOrEqual(t, len(got.Problem.Detail), 8_003)
	}
	for _, r := range got.Records {
		require.NotEqual(t, r.Product == nil, r.Reject == nil)
	}
	return got
}

// column returns the column of that name.
func column(t testing.TB, p *importer.Previewed, name string) importer.ColumnPreview {
	t.Helper()
	i := slices.IndexFunc(p.Columns, func(c importer.ColumnPreview) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return p.Columns[i]
}

// asImported checks that an import does what the preview says. Both see the whole file.
func asImported(t testing.TB, text string, o importer.Options, schema *products.Schema) {
	t.Helper()
	got := preview(t, text, importer.PreviewOptions{Options: o, Schema: schema, Records: 1_000})
	require.True(t, got.Whole || got.Problem != nil)
	store := memory.New(memory.Options{Fields: schema}).Products()
	var rejects []importer.Reject
	o.OnReject = func(r importer.Reject) error {
		rejects = append(rejects, r)
		return nil
	}
	o.Mode = max(o.Mode, products.Update)
	result, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	if err != nil {
		require.ErrorIs(t, err, importer.ErrInput)
		require.NotNil(t, got.Problem)
		require.Equal(t, err.Error(), got.Problem.Detail)
		return
	}
	require.Nil(t, got.Problem)
	require.Empty(t, got.Questions)
	require.Empty(t, got.Missing)
	var shown []importer.PreviewReject
	products := map[string]*importer.PreviewProduct{}
	for _, r := range got.Records {
		if r.Reject != nil {
			shown = append(shown, *r.Reject)
			continue
		}
		products[r.Product.SKU] = r.Product // the last one counts in mode update
	}
	require.Equal(t, result.Read, int64(len(got.Records)))
	require.Len(t, shown, len(rejects))
	for i, r := range rejects {
		require.Equal(t, []string{r.Column, string(r.Code), r.Reason}, []string{shown[i].Column, string(shown[i].Code), shown[i].Reason})
	}
	for _, line := range catalogue(t, store) {
		sku, _, _ := strings.Cut(line, "|")
		p := products[sku]
		require.NotNil(t, p, sku)
		values := map[string]string{}
		for _, v := range p.Values {
			values[v.Field] = v.Value.Text()
		}
		// A status of "" keeps what there is, which is false of a new product.
		if values["status"] == "" {
			values["status"] = "false"
		}
		require.Equal(t, line, fmt.Sprintf("%s|%s|%s|%s", sku, values["name"], values["description"], values["status"]))
	}
	own := fieldsOf(t, store)
	for sku, p := range products {
		var fields []string
		for _, v := range p.Values {
			if f := store.Schema().Find(v.Field); !f.Builtin() && !v.Value.IsNull() {
				fields = append(fields, v.Field+"="+v.Value.Text())
			}
		}
		require.Equal(t, own[sku], strings.Join(fields, " "))
	}
	want := result.Dialect
	require.Equal(t, want.Evidence, got.Dialect.Evidence)
	require.Equal(t, want.Columns, got.Dialect.Columns)
	for i, hint := range want.Hints {
		if i < len(got.Hints) {
			require.Equal(t, hint.Text, got.Hints[i])
		} else {
			require.Contains(t, hint.Text, "nothing was") // which only an import knows
		}
	}
	want.Hints, got.Dialect.Hints, want.Columns, got.Dialect.Columns = nil, nil, nil, nil
	require.Equal(t, want, *got.Dialect)
}

// TestPreviewIsWhatAnImportDoes compares previews with imports of the same files.
func TestPreviewIsWhatAnImportDoes(t *testing.T) {
	for _, c := range realFiles(t) {
		t.Run(c.name, func(t *testing.T) { asImported(t, c.text, c.options, products.Standard()) })
	}
	for name, text := range map[string]string{
		"a spreadsheet": "SKU;Name;Preis;Bestand;Verf\xfcgbar ab;tags;fragile\n" +
			"A;St\xfchle;1.234,50 \x80;12;28.11.2026;b|a;ja\nB;Tisch;2,5 \x80;;01.12.2026;;nein\n" +
			"C;Lampe;-3,00 \x80;1;29.11.2026;;\nD;Regal;1,005;1;29.11.2026;;\nE;Bett;abc;1;30.02.2026;;\n",
		"a question about numbers": "sku,name,price\nA,x,\"1,234\"\nB,y,5\n",
		"a question about dates":   "sku,name,available_from\nA,x,01/02/2026\nB,y,03/04/2026\n",
		"two currencies":           "sku,name,price\nA,x,1.50 EUR\nB,y,5 USD\n",
		"only a header":            "sku,name,price\n",
		"nothing":                  "",
		"line breaks":              "\r\n\n",
		"a damaged header":         "sku,na\"me\nA,x\n",
		"cut off":                  gzipped(t, "sku,name\nA,x\nB,y\n")[:30],
		"a zip of two":             zipped(t, "sku,name\nA,x\n", "a.csv", "b.csv"),
		"no header":                "1,2\n",
		"UTF-16":                   "\xff\xfes\x00k\x00u\x00,\x00n\x00a\x00m\x00e\x00\n\x00A\x00,\x00x\x00\n\x00",
		"wider records":            "sku,name\nA,x,1,2\nB,y,3,4\n",
	} {
		t.Run(name, func(t *testing.T) {
			asImported(t, text, importer.Options{}, priced(t))
		})
	}
	for _, o := range []importer.Options{{Extra: importer.ExtraReject}, {Extra: importer.ExtraKeep}, {Header: importer.HeaderNo},
		{Header: importer.HeaderSkip}, {Mode: products.Existing}, {Map: mapTo("name", "nothing")},
		{Map: mapTo("sku", "2", "name", "2")}, {Set: map[string]string{"status": "true"}, Map: mapTo("status", "none")}} {
		asImported(t, "sku,name,colour\nA,x,red\nB,,blue\n", o, priced(t))
		asImported(t, "name,sku,colour\nA,x,red\nB,,blue\n", o, priced(t))
	}
}

// TestPreviewOfALongFile: what the beginning shows is what an import of the whole does with it, however it is packed.
func TestPreviewOfALongFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("sku;name;Preis;Bestand;Verf\u00fcgbar ab;slug\n")
	for i := range 30_000 {
		name := fmt.Sprintf("St\u00fchle %d", i)
		if i%7 == 3 {
			name = "" // inherited, or else rejected
		}
		fmt.Fprintf(&b, "K-%d;%s;1.%03d,50;%d;%02d.12.2026;g-%d\n", i, name, i%1000, i%50-1, i%28+1, i/5)
	}
	text := b.String()
	western := strings.ReplaceAll(text, "\u00fc", "\xfc")
	wide := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	for name, file := range map[string]string{"plain": text, "gzip": gzipped(t, text), "zstd": zstandard(t, text),
		"zip": zipped(t, text, "a.csv"), "windows-1252": western, "UTF-16": string(wide)} {
		t.Run(name, func(t *testing.T) {
			o := importer.Options{Mode: products.Update}
			got := preview(t, file, importer.PreviewOptions{Options: o, Schema: priced(t), Records: 1_000})
			require.False(t, got.Whole)
			require.Nil(t, got.Problem)
			var rejects []importer.Reject
			o.OnReject = func(r importer.Reject) error {
				rejects = append(rejects, r)
				return nil
			}
			store := memory.New(memory.Options{Fields: priced(t)}).Products()
			result, err := importer.Run(t.Context(), importer.Bytes(file), store, o)
			require.NoError(t, err)
			require.Equal(t, result.Dialect.Evidence.Delimiter, got.Dialect.Evidence.Delimiter)
			require.Equal(t, result.Dialect.Encoding, got.Dialect.Encoding)
			require.Equal(t, result.Dialect.Compression, got.Dialect.Compression)
			require.Equal(t, result.Dialect.Columns, got.Dialect.Columns)
			require.Len(t, got.Records, 1_000)
			rejected := 0
			for _, r := range got.Records {
				if r.Reject != nil {
					want := rejects[rejected]
					rejected++
					require.Equal(t, []any{want.Line, want.Column, want.Code, want.Reason},
						[]any{r.Line, r.Reject.Column, r.Reject.Code, r.Reject.Reason})
					continue
				}
				page, err := store.List(t.Context(), products.Query{SKU: r.Product.SKU, Limit: 1})
				require.NoError(t, err)
				p := page.Products[0]
				for _, v := range r.Product.Values {
					require.Equal(t, p.Text(store.Schema().Find(v.Field)), v.Value.Text())
				}
			}
			require.NotZero(t, rejected)
		})
	}
}

func TestPreview(t *testing.T) {
	got := preview(t, "SKU;Name;Preis;Farbe;Weight\nA;Stuhl;1.234,50;rot;5\nB;;2,5;blau;5\nC;Bank;;rot;5\n",
		importer.PreviewOptions{Schema: priced(t), Options: importer.Options{Extra: importer.ExtraKeep}})
	require.True(t, got.Whole)
	require.EqualValues(t, 79, got.BytesRead)
	require.Equal(t, ";", got.Dialect.Delimiter)
	price := column(t, got, "Preis")
	field, alias := "price", importer.FoundAlias
	require.Equal(t, importer.ColumnPreview{Number: 3, Name: "Preis", Samples: []string{"1.234,50", "2,5"}, Filled: 0.6667, Unique: 1,
		Use: importer.UseField, Field: &field, Found: &alias}, price)
	colour := column(t, got, "Farbe")
	require.Equal(t, importer.UseAttribute, colour.Use)
	require.Nil(t, colour.Field)
	require.Nil(t, colour.Found)
	require.InEpsilon(t, 0.6667, colour.Unique, 1e-9)
	require.Equal(t, []string{"5"}, column(t, got, "Weight").Samples)
	body, err := json.Marshal(got.Records)
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"line":2,"reject":null,"product":{"sku":"A","name":"Stuhl","price":"1234.50","attributes":{"Farbe":"rot","Weight":"5"}}},
		{"line":3,"product":null,"reject":{"column":"Name","code":"empty","reason":"name must not be empty","value":""}},
		{"line":4,"reject":null,"product":{"sku":"C","name":"Bank","price":null,"attributes":{"Farbe":"rot","Weight":"5"}}}]`,
		string(body))
	body, err = json.Marshal(got.Fields[:4])
	require.NoError(t, err)
	require.JSONEq(t, `[{"name":"sku","type":"text","required":true,"column":1,"constant":null},
		{"name":"name","type":"text","required":true,"column":2,"constant":null},
		{"name":"description","type":"text","required":false,"column":null,"constant":null},
		{"name":"status","type":"boolean","required":false,"column":null,"constant":null}]`, string(body))
}

func TestPreviewOfAFileWithoutSKU(t *testing.T) {
	var b strings.Builder
	b.WriteString("Handle,Headline,Vendor,Model code,Body (HTML)\n")
	for i := range 2_000 {
		fmt.Fprintf(&b, "thing-%d,Thing %d,Acme,M-%d,<p>x</p>\n", i, i, i)
	}
	got := preview(t, b.String(), importer.PreviewOptions{})
	require.Equal(t, importer.ProblemHeader, got.Problem.Code)
	require.Equal(t, []string{"sku", "name"}, []string{got.Missing[0].Field, got.Missing[1].Field})
	require.Equal(t, "the header has no column for sku", got.Missing[0].Detail)
	require.Equal(t, importer.Suggestion{Column: "Handle", Detail: "2,000 values, all different"}, got.Missing[0].Suggestions[0])
	require.Contains(t, got.Missing[0].Suggestions, importer.Suggestion{Column: "Model code", Detail: "2,000 values, all different"})
	require.Equal(t, "Headline", got.Missing[1].Suggestions[0].Column)
	require.Equal(t, []string{"thing-0", "thing-1", "thing-2"}, column(t, got, "Handle").Samples)
	require.Equal(t, importer.UseField, column(t, got, "Body (HTML)").Use)
	require.InEpsilon(t, 0.0005, column(t, got, "Vendor").Unique, 1e-9)
	require.Empty(t, got.Records)
	require.NotEmpty(t, got.Fingerprint)

	// What is suggested is an answer.
	got = preview(t, b.String(), importer.PreviewOptions{Options: importer.Options{Map: mapTo("sku", "Handle", "name", "Headline")}})
	require.Nil(t, got.Problem)
	require.Empty(t, got.Missing)
	require.Len(t, got.Records, 20)
	require.Equal(t, importer.FoundGiven, *column(t, got, "Handle").Found)

	// Several columns that may be it.
	got = preview(t, "Artikelnummer,EAN,Name\nA-1,4006381333931,Kettle\nA-2,4006381333948,Pot\n", importer.PreviewOptions{})
	if got.Problem != nil {
		require.Equal(t, "sku", got.Missing[0].Field)
		require.Len(t, got.Missing[0].Suggestions, 2)
		require.Equal(t, "name", *column(t, got, "Name").Field)
	}
}

// TestPreviewLeadsOn: who takes the first suggestion for each field that is missing, and the first reading of each
// question, comes to an import.
func TestPreviewLeadsOn(t *testing.T) {
	for name, text := range map[string]string{
		"no identifier":    "NOME;PRECO\nChaleira;20\nPanela;10\n",
		"a shop":           "Handle,Headline,Preis\na,Apple,\"1,200\"\nb,Pear,5\n",
		"names of its own": "Art. id;Text of item;Net\nK-7;Kettle;20,50\nP-8;Pot;10,25\n",
		"two candidates":   "EAN,Article number,Title\n4006381333931,A-1,Kettle\n4006381333948,A-2,Pot\n",
		"an encoding":      "Nr;Bezeichnung\n7;V\xedzforral\xf3\n8;F\xf5z\xf5ed\xe9ny, \xfbr\xe1llom\xe1s\n9;T\xfbzhely\n",
		"no header":        "7,Kettle\n8,Pot\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := importer.PreviewOptions{Schema: priced(t), Options: importer.Options{Map: mapTo(), Numbers: spelling.Signs{}}}
			if name == "no header" {
				o.Options.Header = importer.HeaderNo
			}
			for step := 0; ; step++ {
				got := preview(t, text, o)
				if got.Problem == nil {
					require.NotNil(t, got.Records[0].Product)
					break
				}
				require.Less(t, step, 6, got.Problem.Detail)
				for _, m := range got.Missing {
					if len(m.Suggestions) > 0 {
						o.Options.Map[m.Field] = m.Suggestions[0].Column
					}
				}
				for _, q := range got.Questions {
					answer := []byte(q.Readings[0].Answer)
					if q.Parameter == "encoding" {
						require.NoError(t, o.Options.Encoding.UnmarshalText(answer))
						continue
					}
					sign := o.Options.Numbers[*q.Field]
					require.NoError(t, sign.UnmarshalText(answer))
					o.Options.Numbers[*q.Field] = sign
				}
			}
			_, result, err := doImport(t, memory.New(memory.Options{Fields: priced(t)}).Products(), text, o.Options)
			require.NoError(t, err)
			require.NotZero(t, result.Created)
		})
	}
}

func TestPreviewQuestions(t *testing.T) {
	ask := func(text string) *importer.Previewed {
		return preview(t, text, importer.PreviewOptions{Schema: priced(t)})
	}
	got := ask("sku,name,price\nA,x,\"1,234\"\nB,y,5\n")
	require.Equal(t, importer.ProblemQuestion, got.Problem.Code)
	q := got.Questions[0]
	require.Equal(t, []string{"number", "price", "price", "1,234"}, []string{q.Parameter, *q.Field, *q.Column, q.Value})
	require.Equal(t, []importer.PreviewReading{{Answer: ",", Reads: "1.234"}, {Answer: ".", Reads: "1234"}}, q.Readings)
	require.False(t, q.Open)
	require.Contains(t, got.Records[0].Reject.Reason, "it isn't known whether")
	require.Equal(t, "B", got.Records[1].Product.SKU)

	got = ask("sku,name,available_from\nA,x,01/02/2026\nB,y,2026-02-03\n")
	q = got.Questions[0]
	require.Equal(t, "date", q.Parameter)
	require.Equal(t, []importer.PreviewReading{{Answer: "dmy", Reads: "2026-02-01"}, {Answer: "mdy", Reads: "2026-01-02"}}, q.Readings)

	got = ask("sku,name,price\nA,x,1.50 EUR\nB,y,5.00 USD\n")
	require.Equal(t, "currency", got.Questions[0].Parameter)
	require.Empty(t, got.Questions[0].Readings)

	got = ask("SKU;name\n7;V\xedzforral\xf3\n8;F\xf5z\xf5ed\xe9ny, \xfbr\xe1llom\xe1s\n9;T\xfbzhely\n")
	require.Equal(t, importer.ProblemQuestion, got.Problem.Code)
	require.Equal(t, "encoding", got.Questions[0].Parameter)
	require.Equal(t, importer.PreviewReading{Answer: "windows-1250", Reads: "Vízforraló"}, got.Questions[0].Readings[0])
	require.Len(t, got.Records, 3, "it is shown in the likeliest encoding")
	require.Contains(t, got.Dialect.Evidence.Encoding, "several encodings")

	// A value behind the first block decides.
	got = ask("sku,name,price\n" + strings.Repeat("A,x,\"1,200\"\n", 30_000) + "B,y,\"1,5\"\n")
	require.True(t, got.Whole)
	require.Empty(t, got.Questions)
	require.Equal(t, spelling.Sign(','), format(t, *got.Dialect, "price").DecimalSign)
	require.Equal(t, "1.20", got.Records[0].Product.Values[1].Value.Text())

	// What follows behind the beginning may decide.
	long := "sku,name,price\n" + strings.Repeat("A,x,\"1,234\"\n", 120_000)
	got = ask(long)
	require.False(t, got.Whole)
	require.EqualValues(t, 1<<20, got.BytesRead)
	require.Nil(t, got.Problem)
	require.True(t, got.Questions[0].Open)
	require.Contains(t, got.Questions[0].Detail, "seen so far")
	require.Len(t, got.Records, 20)
}

func TestPreviewOfWhatIsNoCatalogue(t *testing.T) {
	for text, detail := range map[string]string{
		"%PDF-1.4 ...": "it is a PDF document", "": "it is empty", "{\"a\": 1}": "it is JSON",
		strings.Repeat("\x00\x01\x02\x03\x04\x05\x06", 1000): "it is binary",
		"\x1f\x8b\x08 nonsense that is no gzip file":         "compression",
	} {
		got := preview(t, text, importer.PreviewOptions{})
		require.Equal(t, importer.ProblemFile, got.Problem.Code)
		require.Contains(t, got.Problem.Detail, detail)
		require.Nil(t, got.Dialect)
		require.Empty(t, got.Columns)
		require.Len(t, got.Fields, 4)
	}
	got := preview(t, "sku,na\"me\nA,x\n", importer.PreviewOptions{})
	require.NotNil(t, got.Dialect)
	require.Contains(t, got.Problem.Detail, "a quote in line 1")

	got = preview(t, "sku,name\n"+strings.Repeat(",x\n", 5), importer.PreviewOptions{Options: importer.Options{
		MaxRejects: &importer.RejectLimit{Count: 2}}})
	require.Equal(t, importer.ProblemRejects, got.Problem.Code)
}

// TestPreviewIsBounded: wide files with long cells, and files that never end a record.
func TestPreviewIsBounded(t *testing.T) {
	var wide strings.Builder
	wide.WriteString("sku,name")
	for i := range 300 {
		fmt.Fprintf(&wide, ",Column %d with a name that goes on %s", i, strings.Repeat("and on ", 200))
	}
	for i := range 30 {
		fmt.Fprintf(&wide, "\nK-%d,Kettle%s", i, strings.Repeat(","+strings.Repeat("ü", 300)+"\x01", 300))
	}
	o := importer.PreviewOptions{Options: importer.Options{Extra: importer.ExtraIgnore}}
	got := preview(t, wide.String(), o)
	require.Len(t, got.Columns, 302)
	require.Equal(t, strings.Repeat("ü", 200)+"...", got.Columns[5].Samples[0])
	require.LessOrEqual(t, len(got.Columns[5].Name), 210)

	got = preview(t, "sku,name"+strings.Repeat(",x", 10_000)+"\n"+strings.Repeat("1,a\n", 250_000), o)
	require.Len(t, got.Columns, 1_000)
	require.Equal(t, 9_002, got.MoreColumns)

	got = preview(t, "handle,title"+strings.Repeat(",handle", 2_000)+"\n"+strings.Repeat("1\n", 250_000), o)
	require.Equal(t, importer.ProblemHeader, got.Problem.Code)

	got = preview(t, strings.Repeat("x", 3<<20), o)
	require.Nil(t, got.Dialect)
	require.Empty(t, got.Columns)

	got = preview(t, "sku,name\n1,\""+strings.Repeat("x", 3<<20), o)
	require.Len(t, got.Columns, 2)
	require.Empty(t, got.Records)
}

func TestPreviewReadsTheBeginningOnce(t *testing.T) {
	n := 0
	line := "K-1,Kettle\n"
	endless := readerFunc(func(p []byte) (int, error) {
		for i := range p {
			p[i] = ("sku,name\n" + line)[min(n, 9+n%len(line))%(9+len(line))]
			n++
		}
		return len(p), nil
	})
	got, err := importer.Preview(t.Context(), endless, importer.PreviewOptions{})
	require.NoError(t, err)
	require.False(t, got.Whole)
	require.Less(t, n, 2<<20)

	_, err = importer.Preview(t.Context(), io.MultiReader(strings.NewReader("sku,name\nA,x\n"), iotest.ErrReader(errors.New("gone"))),
		importer.PreviewOptions{})
	require.ErrorContains(t, err, "gone")
	var bad *importer.OptionError
	_, err = importer.Preview(t.Context(), strings.NewReader(""), importer.PreviewOptions{Options: importer.Options{Mode: 9}})
	require.ErrorAs(t, err, &bad)
	_, err = importer.Preview(t.Context(), strings.NewReader(""), importer.PreviewOptions{Records: -1})
	require.Error(t, err)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestFingerprint(t *testing.T) {
	a := importer.Fingerprint([]string{"SKU", "Product name", "Price"})
	require.Len(t, a, 32)
	require.Equal(t, a, importer.Fingerprint([]string{"sku", " product_NAME", "price", "", " "}))
	require.NotEqual(t, a, importer.Fingerprint([]string{"Product name", "SKU", "Price"}))
	require.NotEqual(t, a, importer.Fingerprint([]string{"SKU", "Product name"}))
	require.NotEqual(t, importer.Fingerprint([]string{"ab", "c"}), importer.Fingerprint([]string{"a", "bc"}))
	require.Empty(t, importer.Fingerprint([]string{"", " "}))
	require.Equal(t, "2869ea03", a[:8], "it is kept with profiles, so it never changes")
}

// FuzzPreview: whatever the bytes, a preview ends without an error, and has what its contract says.
func FuzzPreview(f *testing.F) {
	for _, seed := range []string{"sku,name\na,b\n", "sku;price\n1;\"1,5\"\n", "name,handle\nA,b\n,b\n", "\xff\xfes\x00", "sku,name\n1,caf\xe9\n2,\x81",
		"sku,name,price\nA,x,\"1,234\"\n", "a\n\"", "sku,status\n1,perhaps\n", gzipped(f, "sku,name\na,b\n"), "sku,name,from\n1,a,1/2/2026\n"} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		o := importer.PreviewOptions{Schema: priced(t), Options: importer.Options{MaxRecordBytes: 1 << 10,
			Header: importer.HeaderMode(how % 4), Extra: importer.ExtraMode(how / 4 % 2)}}
		got := preview(t, string(data), o)
		o.Options.OnReject = nil
		_, err := importer.Check(t.Context(), importer.Bytes(data), importer.CheckOptions{Options: o.Options, Schema: o.Schema})
		if got.Problem == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, importer.ErrInput)
		}
	})
}
