package dialect

import (
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestUnusualQuotes: files that never quote, that have spaces beside their quotes, that are aligned, that quote with
// apostrophes beside which there are others; and files that look nearly like them.
func TestUnusualQuotes(t *testing.T) {
	many := strings.Repeat("A\tLamp\tplain\n", 30)
	for name, c := range map[string]struct {
		text    string
		options Options
		quote   byte
		spaces  bool
		want    [][]string // the first records
		damaged int
		bare    int
	}{
		"never quotes": {text: "sku\tname\tdescription\nA-1\t\"Best\" lamp\tsaid \"hi\" loudly\nA-2\tDesk 24\"\tbrown\n" +
			"A-3\tVase\tplain\n", quote: NoQuote, want: [][]string{{"sku", "name", "description"},
			{"A-1", "\"Best\" lamp", "said \"hi\" loudly"}, {"A-2", "Desk 24\"", "brown"}}},
		"never quotes, commas, without known names": {text: "a,b\n1,5\" pipe\n2,\"so called\" pipe\n3,x\n", quote: NoQuote,
			options: Options{Header: none}, want: [][]string{{"a", "b"}, {"1", `5" pipe`}, {"2", `"so called" pipe`}}},
		"never quotes, a quote is opened and closed elsewhere": {text: "sku\tname\nA-1\t\"Tall lamp\nA-2\tDesk 24\"\n" +
			"A-3\t5\" pipe\n", quote: NoQuote, want: [][]string{{"sku", "name"}, {"A-1", "\"Tall lamp"}}},
		"never quotes, told by few records": {text: many + "A\t7\" lamp\tx\nB\tx\t9\"\n" + many, quote: NoQuote},
		"one quote in the middle":           {text: many + "A\t7\" lamp\tx\n" + many, quote: '"', damaged: 1, bare: 1},
		"quotes around a field with a delimiter": {text: "sku,name\n1,5\" pipe\n2,6\" pipe\n3,\"a, b\"\n", quote: '"',
			damaged: 2},
		"quotes around a field with a line end": {text: "sku,name,x\n1,5\" pipe,y\n2,6\" pipe,y\n3,\"a\nb\",y\n", quote: '"',
			damaged: 2},
		"doubled quotes":              {text: "sku,name\n1,5\" pipe\n2,6\" pipe\n3,\"7\"\" pipe\"\n", quote: '"', damaged: 2},
		"quotes around a plain field": {text: "sku,name\n1,5\" pipe\n2,6\" pipe\n3,\"pipe\"\n", quote: '"', damaged: 2, bare: 2},
		"quotes are given":            {text: "sku,name\n1,5\" pipe\n2,6\" pipe\n", options: Options{Quote: '"'}, quote: '"', damaged: 2},

		"spaces beside quotes": {text: "\"SKU\", \"Name\", \"x\"\n\"A-1\" , \"Lamp, red\" ,\" warm \"\n\"A-2\", \"Desk\" , 5 \n",
			quote: '"', spaces: true, want: [][]string{{"SKU", "Name", "x"}, {"A-1", "Lamp, red", " warm "},
				{"A-2", "Desk", "5"}}},
		"spaces beside quotes, semicolons": {text: "\"SKU\" ; \"Name\" \r\n\"A,1\" ;\t\"Lamp; \"\"red\"\"\" \r\n \"\" ; \r\n",
			quote: '"', spaces: true, want: [][]string{{"SKU", "Name"}, {"A,1", `Lamp; "red"`}, {"", ""}}},
		"spaces beside quotes, tabs": {text: "\"SKU\"\t \"Name\"\n\"A\" \t\"\"\n", quote: '"', spaces: true,
			want: [][]string{{"SKU", "Name"}, {"A", ""}}},
		"aligned with quotes": {text: "\"SKU\" ,\"Name\"  ,Price\n\"A-1\" ,\"Lamp\"  ,9\n\"A-22\",\"Desk, b\",10\n", quote: '"',
			spaces: true, want: [][]string{{"SKU", "Name", "Price"}, {"A-1", "Lamp", "9"}, {"A-22", "Desk, b", "10"}}},
		"aligned": {text: "SKU ;Name   ;Price\nA-1 ;Lämp   ;9\nA-22;Desk bb;10\n", quote: '"', spaces: true,
			want: [][]string{{"SKU", "Name", "Price"}, {"A-1", "Lämp", "9"}, {"A-22", "Desk bb", "10"}}},
		"aligned on the left": {text: "SKU,  Price\r\nA-1,      9\r\nA-2,     10\r\n", quote: '"', spaces: true,
			want: [][]string{{"SKU", "Price"}, {"A-1", "9"}, {"A-2", "10"}}},
		"aligned on the right": {text: " SKU, Price\r\nA-10,     9\r\n A-2,    10\r\n", quote: '"', spaces: true,
			want: [][]string{{"SKU", "Price"}, {"A-10", "9"}, {"A-2", "10"}}},
		"not aligned":         {text: "SKU, Name\nA-1 , Lamp\nA-200, Desk \n", quote: '"', want: [][]string{{"SKU", " Name"}, {"A-1 ", " Lamp"}}},
		"one space by chance": {text: "SKU,Name\nA-1,Lamp\nA-2,\"Desk\" \nA-3,\"x\"\n", quote: '"', spaces: true},

		"apostrophes beside a quote": {text: "'SKU','Name'\n'A-1','Joe's lamp'\n'A-2','Lamp, red'\n'A-3','x'\n'A-4','y'\n",
			quote: '\'', damaged: 1, want: [][]string{{"SKU", "Name"}}},
		"apostrophes around the records only": {text: "SKU,Name\n'A-1','Lamp'\n'A-2','Desk'\n", quote: '\'',
			want: [][]string{{"SKU", "Name"}, {"A-1", "Lamp"}, {"A-2", "Desk"}}},
		"apostrophes around few fields": {text: "SKU,Name\nA-1,'Lamp'\nA-2,Desk\nA-3,Desk\n", quote: '"',
			want: [][]string{{"SKU", "Name"}, {"A-1", "'Lamp'"}}},
		"apostrophes before fields": {text: "SKU,Name\n'001,Lamp\n'002,Desk\n", quote: '"',
			want: [][]string{{"SKU", "Name"}, {"'001", "Lamp"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.options.Header == nil {
				c.options.Header = header
			}
			found, err := Detect([]byte(c.text), true, c.options)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("%q", c.quote), fmt.Sprintf("%q", found.Dialect.Quote), found.Evidence)
			require.Equal(t, c.spaces, found.Dialect.Spaces, found.Evidence)
			require.Equal(t, c.quote == NoQuote, found.NeverQuotes)
			require.Equal(t, c.bare, found.BareQuotes)
			records, seen := readAll(t, strings.NewReader(c.text), c.options)
			require.Equal(t, c.want, append([][]string(nil), records[:len(c.want)]...))
			damaged := 0
			for _, r := range seen {
				if r.Err != nil {
					damaged++
				}
			}
			require.Equal(t, c.damaged, damaged)
		})
	}
}

// TestSpacesAcrossReads: a record is the same wherever reading was interrupted.
func TestSpacesAcrossReads(t *testing.T) {
	text := "\"SKU\" , \"Name\"  \r\n a b  , c \r\n\"x\"\"y\" \t, \"\" \r\n  \r\n \"z\"  ,  "
	want := []string{`1:["SKU" "Name"]`, `2:["a b" "c"]`, `3:["x\"y" ""]`, `4:[""]`, `5:["z" ""]`}
	d := Dialect{Delimiter: ',', Quote: '"', Spaces: true}
	for n := range len(text) {
		in := io.MultiReader(strings.NewReader(text[:n]), strings.NewReader(text[n:]))
		require.Equal(t, want, scanAll(t, iotest.OneByteReader(in), d, 1<<10, 2, math.MaxInt))
	}
}

// TestDetectTakesNoTime: no sample takes much longer, however it is damaged, than one that is whole does on the same
// machine.
func TestDetectTakesNoTime(t *testing.T) {
	var whole time.Duration
	for _, line := range []string{"a,b\n", "\"", "\"\n", "a,\"b\n", "\"\"\n", "\"a\" , \"b\n", "'a','b's'\n", "a,\"b\" ,c\\\"\n", "\r", "a\r,\"\r\n",
		"a;\"\"b,'\n", ",,,,", "\"\"\"\n", "'\"'\"\n", "a ,b ,c\n", "\"a\\\n", "x,\"\"\"\n\"\"\n", " \"", "\" ", "5\" a\tb\n"} {
		text := []byte(strings.Repeat(line, sampleBytes/len(line)))
		started := time.Now()
		_, err := Detect(text, false, Options{})
		require.NoError(t, err)
		took := time.Since(started)
		if whole == 0 {
			whole = took
		}
		t.Logf("%12v %q", took, line)
		require.Less(t, took, 100*whole, "%q", line)
	}
}

// TestTextFormulas: a formula that is nothing but a text is a field, though no quotes stand around it. What only looks
// like one is damage.
func TestTextFormulas(t *testing.T) {
	for text, want := range map[string][]string{
		"a,b\n=\"00123\",Lamp\n":                {`="00123"`, "Lamp"},
		"a,b\r\nLamp,=\"00123\"\r\n":            {"Lamp", `="00123"`},
		"a,b\nLamp,=\"00123\"":                  {"Lamp", `="00123"`},
		"a,b\nLamp,=\"00123\"\r":                {"Lamp", `="00123"`},
		"a,b\r1,\"2\"\rLamp,=\"00123\"\r":       {"1", "2"},
		"a,b\n=\"5\"\" x\",=\"\"\n":             {`="5"" x"`, `=""`},
		"\"a\", \"b\"\n =\"1\" , \"x, y\"\n":    {`="1"`, "x, y"},
		"\ufeff\"a\",b\n\ufeff\"A,2\",=\"1\"\n": {"A,2", `="1"`},
		"a,b\n\ufeff\"A\n2\",Desk\n":            {"A\n2", "Desk"},
		"a,b\n\ufeffA,Desk\n":                   {"\ufeffA", "Desk"},
		"a,b\nDesk,\ufeff\"A\"\n":               nil,
		"a,b\n=\"00,123\",Lamp\n":               nil,
		"a,b\n=\"00\n123\",Lamp\n":              nil,
		"a,b\n=\"00123\"&\"4\",Lamp\n":          nil,
		"a,b\n=\"00123,Lamp\n":                  nil,
	} {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			o := Options{}
			if want == nil {
				o.Quote = '"'
			}
			records, seen := readAll(t, in, o)
			if want == nil {
				require.ErrorIs(t, seen[1].Err, BadQuote, text)
				continue
			}
			require.NoError(t, seen[1].Err, text)
			require.Equal(t, want, records[1], text)
			if strings.Count(text, "\r") == 3 {
				require.Equal(t, []string{"Lamp", `="00123"`}, records[2])
			}
		}
	}
	// However the text is cut into pieces.
	text := "a,b\n" + strings.Repeat("=\"00123\",\"x\"\r\n\ufeff\"y\",=\"1\"\r\n", 20_000)
	records, seen := readAll(t, strings.NewReader(text), Options{})
	require.Len(t, records, 40_001)
	for i := range seen {
		require.NoError(t, seen[i].Err)
	}
}
