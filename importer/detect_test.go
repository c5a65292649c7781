package importer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// detectAll detects the format of a whole text.
func detectAll(t testing.TB, text string, o Options) detected {
	o, err := o.withDefaults()
	require.NoError(t, err)
	return detect([]byte(text), true, &o)
}

func TestDetect(t *testing.T) {
	records := func(n int, format string) (text string) {
		for i := range n {
			text += strings.ReplaceAll(format, "#", fmt.Sprint(i))
		}
		return text
	}
	ragged := "sku;name;price;unit\n1;Lamp;1,50;EUR\n2;Table\n3;Chair;3,50;EUR;x;y\n4;Sofa;4,00;EUR\n"
	for _, c := range []struct {
		name, text string
		options    Options
		want       format
		width      int
		lines      int64
		lineEnds   string
		evidence   string // of the delimiter
	}{
		{"comma", "sku,name\na,b\n", Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", "2 of 2 records"},
		{"semicolon", "sku;name\r\na;b\r\n", Options{}, format{comma: ';', quote: '"'}, 2, 0, "crlf", ""},
		{"tab", "sku\tname\na\tb\n", Options{}, format{comma: '\t', quote: '"'}, 2, 0, "lf", ""},
		{"bar", "sku|name\na|b\n", Options{}, format{comma: '|', quote: '"'}, 2, 0, "lf", ""},
		{"only a header", "sku;name,long;description", Options{}, format{comma: ';', quote: '"'}, 3, 0, "", "header with known names"},
		{"one record without a header", "a;b,c;d\n", Options{Header: HeaderNo}, format{comma: ';', quote: '"'}, 3, 0, "lf", ""},
		{"one column", "sku\na\nb, c\n", Options{}, format{comma: ',', quote: '"'}, 1, 0, "lf", "a single field"},
		{"nothing but an empty line", "\n", Options{}, format{comma: ',', quote: '"'}, 0, 0, "", ""},
		{"more commas than semicolons", "sku;name\n1;a, b, c\n2;d\n3;e, f\n", Options{}, format{comma: ';', quote: '"'}, 2, 0, "lf", ""},
		{"commas in every record", "sku;name;price;weight\n" + records(9, "#;n;1,50;2,5\n"), Options{}, format{comma: ';', quote: '"'}, 4, 0, "lf", ""},
		{"commas in every record, no header", records(9, "#;n;1,50;2,5\n"), Options{Header: HeaderNo}, format{comma: ';', quote: '"'}, 4, 0, "lf", ""},
		{"other delimiters in quotes", "sku,name,description\n" + records(9, "#,\"a;b;c\",\"d;e|f\tg;h\"\n"), Options{}, format{comma: ',', quote: '"'}, 3, 0, "lf", ""},
		{"line breaks in quotes", "sku;name\n" + records(9, "#;\"a,b\nc,d\n\ne\"\n"), Options{}, format{comma: ';', quote: '"'}, 2, 0, "lf", ""},
		{"ragged, with a delimiter that agrees better", ragged, Options{}, format{comma: ';', quote: '"'}, 4, 0, "lf", "3 of 5 records"},
		{"a field more than the header in all records", "sku;name\r\n" + records(5, "#;n;\r\n"), Options{}, format{comma: ';', quote: '"'}, 3, 0, "crlf", "5 of 6 "},
		{"the delimiter given", "sku;name\na;b\n", Options{Delimiter: ','}, format{comma: ',', quote: '"'}, 1, 0, "lf", "given; "},
		{"an unusual delimiter given", "sku~name\na~b\n", Options{Delimiter: '~'}, format{comma: '~', quote: '"'}, 2, 0, "lf", "given; 2 of 2 "},
		{"Excel's line", "sep=;\r\nsku;name\r\na;b, c\r\n", Options{}, format{comma: ';', quote: '"'}, 2, 1, "crlf", "the first line is sep=;"},
		{"Excel's line in quotes, an unusual delimiter", "\"SEP=^\"\nsku^name\na^b\n", Options{}, format{comma: '^', quote: '"'}, 2, 1, "lf", "sep=^"},
		{"Excel's line, the delimiter given", "sep=;\nsku,name\na,b\n", Options{Delimiter: ','}, format{comma: ',', quote: '"'}, 2, 1, "lf", "given"},
		{"nothing but Excel's line", "sep=;\n", Options{}, format{comma: ';', quote: '"'}, 0, 1, "", ""},
		{"a header that looks like Excel's line", "sep=a,name\n", Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", ""},
		{"lines before the header", "Products of 2024\n\n\"as of; 1 May\"\nsku;name;price\n" + records(5, "#;n;1,50\n"), Options{}, format{comma: ';', quote: '"'}, 3, 3, "lf", "6 of 6 "},
		{"Excel's line, and others before the header", "sep=;\nExport\nsku;name\na;b\n", Options{}, format{comma: ';', quote: '"'}, 2, 2, "lf", ""},
		{"a broken line before the header", "The \"best\" products\nsku;name\na;b\n", Options{}, format{comma: ';', quote: '"'}, 2, 1, "lf", ""},
		{"what comes first is the header if it is said so", "Export\nsku;name\na;b\n", Options{Header: HeaderYes}, format{comma: ';', quote: '"'}, 2, 0, "lf", ""},
		{"mapped names", "Export\nArtikel;Bezeichnung\na;b\n", Options{Map: map[string]string{"sku": "artikel", "name": "Bezeichnung"}}, format{comma: ';', quote: '"'}, 2, 1, "lf", ""},
		{"apostrophes around fields", "'sku','name'\n'a','b, c'\n'd','it''s'\n", Options{}, format{comma: ',', quote: '\''}, 2, 0, "lf", "3 of 3 "},
		{"apostrophes around few fields", "sku,name\n" + records(9, "#,n\n") + "a,'b, c'\nd,'e, f'\n", Options{}, format{comma: ',', quote: '\''}, 2, 0, "lf", ""},
		{"apostrophes that are text", "sku,name\n" + records(9, "#,'n'\n") + "1,\"x, y\"\n", Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", ""},
		{"some apostrophes that are text", "sku,name\n" + records(9, "#,n\n") + "1,'s Gravenhage\n2,'x'\n", Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", ""},
		{"apostrophes that are text in a record and a column", "sku,name,'x'\n1,n,'y'\n", Options{}, format{comma: ',', quote: '"'}, 3, 0, "lf", ""},
		{"a name with delimiters and known names", "sku,name,description,status,a;sku;name;b;c;d;e;f\n", Options{}, format{comma: ',', quote: '"'}, 5, 0, "lf", ""},
		{"apostrophes that are text, where every record agrees", "name,sku,description,status,'\n''+,',,false,0\n", Options{}, format{comma: ',', quote: '"'}, 5, 0, "lf", ""},
		{"apostrophes before formulas", "sku,name\n" + records(9, "#,'=1+1\n"), Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", ""},
		{"damage in quotes is no reason for apostrophes", "\"sku\",\"name\"\n" + records(9, "\"#\",\"n\"\n") + "\"1\",\"5\" pipe\"\n", Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", "damaged lines: 1"},
		{"backslashes before quotes", "sku,name\n" + records(5, "#,\"5\\\" pipe, \\\\ black\"\n"), Options{}, format{comma: ',', quote: '"', backslash: true}, 2, 0, "lf", "6 of 6 "},
		{"backslashes before apostrophes", "'sku','name'\n'1','it\\'s'\n'2','x, y'\n", Options{}, format{comma: ',', quote: '\'', backslash: true}, 2, 0, "lf", ""},
		{"backslashes that are text", "sku,name\n" + records(5, "#,\"C:\\dir\\\"\n") + "x,5\" pipe\n", Options{}, format{comma: ',', quote: '"'}, 2, 0, "lf", ""},
		{"escape given", "sku,name\na,\"b\\\\c\"\n", Options{Escape: '\\'}, format{comma: ',', quote: '"', backslash: true}, 2, 0, "lf", ""},
		{"escape given as none", "sku,name\na,\"b\\\"c\"\nd,e\n", Options{Escape: '"'}, format{comma: ',', quote: '"'}, 2, 0, "lf", ""},
		{"quote given", "sku,name\na,'b'\n", Options{Quote: '\''}, format{comma: ',', quote: '\''}, 2, 0, "lf", ""},
		{"CR", "sku;name\ra;b\rc;\"d\re\"\r", Options{}, format{comma: ';', quote: '"', cr: true}, 2, 0, "cr", "3 of 3 "},
		{"mixed line ends", "sku,name\na,b\r\nc,d\re,f\n", Options{}, format{comma: ',', quote: '"', cr: true}, 2, 0, "mixed", "4 of 4 "},
		{"CR CR LF", "sku,name\r\r\na,b\r\r\n", Options{}, format{comma: ',', quote: '"', cr: true}, 2, 0, "cr", ""},
		{"CR inside fields", "sku,name,d\n" + records(9, "#,a\rb,c\n"), Options{}, format{comma: ',', quote: '"'}, 3, 0, "lf", "10 of 10 "},
		{"CR in quotes", "sku,name\n1,\"a\rb\"\n", Options{}, format{comma: ',', quote: '"', cr: true}, 2, 0, "lf", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := detectAll(t, c.text, c.options)
			require.Equal(t, c.want, got.format)
			require.Equal(t, c.width, got.width)
			require.Equal(t, c.lines, got.lines)
			require.Equal(t, c.lineEnds, got.lineEnds)
			require.Contains(t, got.evidence.Delimiter, c.evidence)
		})
	}
}

// The end of a sample is no evidence: a record is cut off there.
func TestDetectPartOfAFile(t *testing.T) {
	o, err := Options{}.withDefaults()
	require.NoError(t, err)
	text := "sku;name;text\n1;\"a, b\";\"c\n"
	got := detect([]byte(text), false, &o)
	require.Equal(t, byte(';'), got.comma)
	require.Contains(t, got.evidence.Delimiter, "1 of 1 records")
	require.Equal(t, 3, got.width)
	require.False(t, detect([]byte("a,b\nc,d\r"), false, &o).cr, "a LF may follow")
	require.True(t, detect([]byte("a,b\nc,d\r"), true, &o).cr)
}

// FuzzDetect: whatever the text, detection ends with a format that can be used, and doesn't change the text.
func FuzzDetect(f *testing.F) {
	for _, seed := range []string{"sep=;\nsku;name\n", "Export\nsku,name\na,b\r", "'sku','na\\'me'\n'a','b'\n", "sku|name\n\"a|b\n", "\r\n\r", "a\tb\n\"\"\"\t'"} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, complete bool) {
		o, err := Options{MaxRecordBytes: 1 << 10}.withDefaults()
		require.NoError(t, err)
		before := string(data)
		got := detect(data, complete, &o)
		require.Equal(t, before, string(data))
		require.True(t, isDelimiter(got.comma))
		require.Contains(t, `"'`, string(got.quote))
		require.LessOrEqual(t, got.skip, len(data))
		require.Equal(t, got, detect(data, complete, &o))
	})
}
