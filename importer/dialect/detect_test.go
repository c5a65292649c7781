package dialect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// header knows the names of a shop, in one of the first 20 records.
func header(_ int, fields []string) (known int, certain bool) {
	for _, field := range fields {
		if slices.Contains([]string{"sku", "name", "description", "status"}, field) {
			known++
		}
	}
	return known, false
}

// first knows the names of a shop in the first record alone.
func first(record int, fields []string) (known int, certain bool) {
	if record > 0 {
		return 0, false
	}
	return header(record, fields)
}

// none knows no names.
func none(int, []string) (known int, certain bool) { return 0, false }

// own knows what a program wrote.
func own(record int, fields []string) (known int, certain bool) {
	if record == 0 && slices.Equal(fields, []string{"id", "_reason"}) {
		return 2, true
	}
	return header(record, fields)
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
		want       Dialect
		width      int
		lines      int64
		lineEnds   string
		evidence   string // of the delimiter
	}{
		{"comma", "sku,name\na,b\n", Options{}, Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", "2 of 2 records"},
		{"semicolon", "sku;name\r\na;b\r\n", Options{}, Dialect{Delimiter: ';', Quote: '"'}, 2, 0, "crlf", ""},
		{"tab", "sku\tname\na\tb\n", Options{}, Dialect{Delimiter: '\t', Quote: '"'}, 2, 0, "lf", ""},
		{"bar", "sku|name\na|b\n", Options{}, Dialect{Delimiter: '|', Quote: '"'}, 2, 0, "lf", ""},
		{"only a header", "sku;name,long;description", Options{}, Dialect{Delimiter: ';', Quote: '"'}, 3, 0, "",
			"header with known names"},
		{"one record without a header", "a;b,c;d\n", Options{Header: none}, Dialect{Delimiter: ';', Quote: '"'}, 3, 0,
			"lf", ""},
		{"one column", "sku\na\nb, c\n", Options{}, Dialect{Delimiter: ',', Quote: '"'}, 1, 0, "lf", "a single field"},
		{"nothing but an empty line", "\n", Options{}, Dialect{Delimiter: ',', Quote: '"'}, 0, 0, "", ""},
		{"more commas than semicolons", "sku;name\n1;a, b, c\n2;d\n3;e, f\n", Options{}, Dialect{Delimiter: ';', Quote: '"'},
			2, 0, "lf", ""},
		{"commas in every record", "sku;name;price;weight\n" + records(9, "#;n;1,50;2,5\n"), Options{},
			Dialect{Delimiter: ';', Quote: '"'}, 4, 0, "lf", ""},
		{"commas in every record, no header", records(9, "#;n;1,50;2,5\n"), Options{Header: none},
			Dialect{Delimiter: ';', Quote: '"'}, 4, 0, "lf", ""},
		{"other delimiters in quotes", "sku,name,description\n" + records(9, "#,\"a;b;c\",\"d;e|f\tg;h\"\n"), Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 3, 0, "lf", ""},
		{"line breaks in quotes", "sku;name\n" + records(9, "#;\"a,b\nc,d\n\ne\"\n"), Options{},
			Dialect{Delimiter: ';', Quote: '"'}, 2, 0, "lf", ""},
		{"ragged, with a delimiter that agrees better", ragged, Options{}, Dialect{Delimiter: ';', Quote: '"'}, 4, 0, "lf",
			"3 of 5 records"},
		{"a field more than the header in all records", "sku;name\r\n" + records(5, "#;n;\r\n"), Options{},
			Dialect{Delimiter: ';', Quote: '"'}, 3, 0, "crlf", "5 of 6 "},
		{"the delimiter given", "sku;name\na;b\n", Options{Delimiter: ','}, Dialect{Delimiter: ',', Quote: '"'}, 1, 0, "lf",
			"given; "},
		{"an unusual delimiter given", "sku~name\na~b\n", Options{Delimiter: '~'}, Dialect{Delimiter: '~', Quote: '"'}, 2, 0,
			"lf", "given; 2 of 2 "},
		{"Excel's line", "sep=;\r\nsku;name\r\na;b, c\r\n", Options{}, Dialect{Delimiter: ';', Quote: '"'}, 2, 1, "crlf",
			"the first line is sep=;"},
		{"Excel's line in quotes, an unusual delimiter", "\"SEP=^\"\nsku^name\na^b\n", Options{},
			Dialect{Delimiter: '^', Quote: '"'}, 2, 1, "lf", "sep=^"},
		{"Excel's line, the delimiter given", "sep=;\nsku,name\na,b\n", Options{Delimiter: ','},
			Dialect{Delimiter: ',', Quote: '"'}, 2, 1, "lf", "given"},
		{"nothing but Excel's line", "sep=;\n", Options{}, Dialect{Delimiter: ';', Quote: '"'}, 0, 1, "", ""},
		{"a header that looks like Excel's line", "sep=a,name\n", Options{}, Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf",
			""},
		{"lines before the header", "Products of 2024\n\n\"as of; 1 May\"\nsku;name;price\n" + records(5, "#;n;1,50\n"),
			Options{}, Dialect{Delimiter: ';', Quote: '"'}, 3, 3, "lf", "6 of 6 "},
		{"Excel's line, and others before the header", "sep=;\nExport\nsku;name\na;b\n", Options{},
			Dialect{Delimiter: ';', Quote: '"'}, 2, 2, "lf", ""},
		{"a broken line before the header", "The \"best\" products\nsku;name\na;b\n", Options{},
			Dialect{Delimiter: ';', Quote: '"'}, 2, 1, "lf", ""},
		{"what comes first is the header if it is said so", "Export\nsku;name\na;b\n", Options{Header: first},
			Dialect{Delimiter: ';', Quote: '"'}, 2, 0, "lf", ""},
		{"a header beyond doubt", "\"id\",\"_reason\"\n'a','b'\n'c','d'\n", Options{Header: own},
			Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", "known names"},
		{"no header beyond doubt", "\"id\",\"other\"\n'a','b, c'\n'c','d'\n'e','f'\n", Options{Header: own},
			Dialect{Delimiter: ',', Quote: '\''}, 2, 0, "lf", ""},
		{"apostrophes around fields", "'sku','name'\n'a','b, c'\n'd','it''s'\n", Options{},
			Dialect{Delimiter: ',', Quote: '\''}, 2, 0, "lf", "3 of 3 "},
		{"apostrophes around few fields", "sku,name\n" + records(9, "#,n\n") + "a,'b, c'\nd,'e, f'\n", Options{},
			Dialect{Delimiter: ',', Quote: '\''}, 2, 0, "lf", ""},
		{"apostrophes that are text", "sku,name\n" + records(9, "#,'n'\n") + "1,\"x, y\"\n", Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", ""},
		{"some apostrophes that are text", "sku,name\n" + records(9, "#,n\n") + "1,'s Gravenhage\n2,'x'\n", Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", ""},
		{"apostrophes that are text in a record and a column", "sku,name,'x'\n1,n,'y'\n", Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 3, 0, "lf", ""},
		{"a name with delimiters and known names", "sku,name,description,status,a;sku;name;b;c;d;e;f\n", Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 5, 0, "lf", ""},
		{"apostrophes that are text, where every record agrees", "name,sku,description,status,'\n''+,',,false,0\n",
			Options{}, Dialect{Delimiter: ',', Quote: '"'}, 5, 0, "lf", ""},
		{"apostrophes before formulas", "sku,name\n" + records(9, "#,'=1+1\n"), Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", ""},
		{"damage in quotes is no reason for apostrophes", "\"sku\",\"name\"\n" + records(9, "\"#\",\"n\"\n") +
			"\"1\",\"5\" pipe\"\n", Options{}, Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", "damaged lines: 1"},
		{"backslashes before quotes", "sku,name\n" + records(5, "#,\"5\\\" pipe, \\\\ black\"\n"), Options{},
			Dialect{Delimiter: ',', Quote: '"', Backslash: true}, 2, 0, "lf", "6 of 6 "},
		{"backslashes before apostrophes", "'sku','name'\n'1','it\\'s'\n'2','x, y'\n", Options{},
			Dialect{Delimiter: ',', Quote: '\'', Backslash: true}, 2, 0, "lf", ""},
		{"backslashes that are text", "sku,name\n" + records(5, "#,\"C:\\dir\\\"\n") + "x,5\" pipe\n", Options{},
			Dialect{Delimiter: ',', Quote: '"'}, 2, 0, "lf", ""},
		{"escape given", "sku,name\na,\"b\\\\c\"\n", Options{Escape: '\\'},
			Dialect{Delimiter: ',', Quote: '"', Backslash: true}, 2, 0, "lf", ""},
		{"escape given as none", "sku,name\na,\"b\\\"c\"\nd,e\n", Options{Escape: '"'}, Dialect{Delimiter: ',', Quote: '"'},
			2, 0, "lf", ""},
		{"quote given", "sku,name\na,'b'\n", Options{Quote: '\''}, Dialect{Delimiter: ',', Quote: '\''}, 2, 0, "lf", ""},
		{"CR", "sku;name\ra;b\rc;\"d\re\"\r", Options{}, Dialect{Delimiter: ';', Quote: '"', BareCR: true}, 2, 0, "cr",
			"3 of 3 "},
		{"mixed line ends", "sku,name\na,b\r\nc,d\re,f\n", Options{}, Dialect{Delimiter: ',', Quote: '"', BareCR: true}, 2, 0,
			"mixed", "4 of 4 "},
		{"CR CR LF", "sku,name\r\r\na,b\r\r\n", Options{}, Dialect{Delimiter: ',', Quote: '"', BareCR: true}, 2, 0, "cr", ""},
		{"CR inside fields", "sku,name,d\n" + records(9, "#,a\rb,c\n"), Options{}, Dialect{Delimiter: ',', Quote: '"'}, 3, 0,
			"lf", "10 of 10 "},
		{"CR in quotes", "sku,name\n1,\"a\rb\"\n", Options{}, Dialect{Delimiter: ',', Quote: '"', BareCR: true}, 2, 0, "lf", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.options.Header == nil {
				c.options.Header = header
			}
			got, err := Detect([]byte(c.text), true, c.options)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Dialect)
			require.Equal(t, c.width, got.Width)
			require.Equal(t, c.lines, got.SkippedLines)
			require.Equal(t, c.lineEnds, got.LineEnds)
			require.Contains(t, got.Evidence.Delimiter, c.evidence)
		})
	}
}

// The end of a sample is no evidence: a record is cut off there.
func TestDetectPartOfAFile(t *testing.T) {
	detect := func(text string, complete bool) Detected {
		got, err := Detect([]byte(text), complete, Options{Header: header})
		require.NoError(t, err)
		return got
	}
	got := detect("sku;name;text\n1;\"a, b\";\"c\n", false)
	require.Equal(t, byte(';'), got.Dialect.Delimiter)
	require.Contains(t, got.Evidence.Delimiter, "the only record looked at has ")
	require.Equal(t, 3, got.Width)
	require.False(t, detect("a,b\nc,d\r", false).Dialect.BareCR, "a LF may follow")
	require.True(t, detect("a,b\nc,d\r", true).Dialect.BareCR)
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"Options.MaxRecordBytes": {MaxRecordBytes: 1023},
		"64":                     {MaxRecordBytes: 64<<20 + 1},
		"Options.Delimiter":      {Delimiter: '"'},
		"Options.Quote":          {Quote: 'x'},
		"Options.Escape":         {Escape: 'x'},
		"the quote":              {Escape: '\'', Quote: '"'},
		"no quote":               {Escape: '"', Quote: NoQuote},
		"Options.Offset":         {Offset: -1},
	} {
		_, err := Detect(nil, true, o)
		require.ErrorContains(t, err, want)
		_, err = NewReader(nil, o)
		require.ErrorContains(t, err, want)
	}
}

// FuzzDetect: whatever the text, detection ends with a dialect that can be used, and doesn't change the text.
func FuzzDetect(f *testing.F) {
	for _, seed := range []string{"sep=;\nsku;name\n", "Export\nsku,name\na,b\r", "'sku','na\\'me'\n'a','b'\n",
		"sku|name\n\"a|b\n", "\r\n\r", "a\tb\n\"\"\"\t'"} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, complete bool) {
		o := Options{MaxRecordBytes: 1 << 10, Header: header}
		before := string(data)
		got, err := Detect(data, complete, o)
		require.NoError(t, err)
		require.Equal(t, before, string(data))
		require.True(t, IsDelimiter(got.Dialect.Delimiter))
		require.Contains(t, []byte{'"', '\'', NoQuote}, got.Dialect.Quote)
		require.LessOrEqual(t, got.SkippedBytes, len(data))
		again, err := Detect(data, complete, o)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
