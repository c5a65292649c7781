package dialect

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// usual is the dialect of RFC 4180.
var usual = Dialect{Delimiter: ',', Quote: '"'}

// damageNames are those of the tests below.
var damageNames = map[Damage]string{BadQuote: "bad_quote", TooLong: "record_too_long", TooManyFields: "field_count"}

// scanAll returns the records of the text, "damage NAME lines A-B" for damage, and checks that the spans follow on one
// another.
func scanAll(t testing.TB, r io.Reader, d Dialect, maxRecord, width, limit int) (records []string) {
	s := newScanner(r, 0, maxRecord)
	s.use(d)
	s.widths[0] = width
	var b Block
	var at int64
	for {
		err := s.next(&b, limit)
		if errors.Is(err, io.EOF) {
			return records
		}
		require.NoError(t, err)
		text := b.Text()
		for i, sp := range b.spans {
			require.GreaterOrEqual(t, b.offset+int64(sp.Start), at, "spans don't overlap")
			require.Less(t, sp.Start, sp.End, "spans are not empty")
			require.LessOrEqual(t, sp.Line, sp.LastLine)
			at = b.offset + int64(sp.End)
			if sp.Damage != Intact {
				records = append(records, fmt.Sprintf("damage %s lines %d-%d", damageNames[sp.Damage], sp.Line,
					sp.LastLine))
				continue
			}
			var fields []string
			for _, f := range b.Fields(i) {
				fields = append(fields, f.Of(text))
			}
			records = append(records, fmt.Sprintf("%d:%q", sp.Line, fields))
		}
	}
}

func TestScanner(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, c := range []struct {
		name, text string
		max, width int
		want       []string
	}{
		{"plain", "a,b\nc,d", 99, 2, []string{`1:["a" "b"]`, `2:["c" "d"]`}},
		{"CRLF and empty lines", "a,b\r\n\r\n\nc,d\r\n", 99, 2, []string{`1:["a" "b"]`, `4:["c" "d"]`}},
		{"empty fields", ",\n\"\",\n", 99, 2, []string{`1:["" ""]`, `2:["" ""]`}},
		{"quoted", "\"a\"\"b\",\"c\r\nd\"\r\ne,f\n", 99, 2, []string{`1:["a\"b" "c\r\nd"]`, `3:["e" "f"]`}},
		{"an unclosed quote", "a,\"b\nc,d\n", 99, 2, []string{"damage bad_quote lines 1-1", `2:["c" "d"]`}},
		{"a quote inside a field", "a\"x,b\nc,d\n", 99, 2, []string{"damage bad_quote lines 1-1", `2:["c" "d"]`}},
		{"text behind a quoted field", "\"a\"x,b\nc,d\n", 99, 2, []string{"damage bad_quote lines 1-1", `2:["c" "d"]`}},
		{"damage ends where a record of the right width begins", "\"a\"x,\"b\n1,2,3\n4\nc,d\n", 99, 2,
			[]string{"damage bad_quote lines 1-3", `4:["c" "d"]`}},
		{"damage ends with a line whose quotes are all closed", "\"a\"x,b\n1,2,3\n4\nc,d\n", 99, 2,
			[]string{"damage bad_quote lines 1-1", `2:["1" "2" "3"]`, `3:["4"]`, `4:["c" "d"]`}},
		{"damage at the end", "c,d\n\"a\nb", 99, 2, []string{`1:["c" "d"]`, "damage bad_quote lines 2-3"}},
		{"a long line", "a,b\n" + long + "\nc,d\n", 50, 2, []string{`1:["a" "b"]`, "damage record_too_long lines 2-2",
			`3:["c" "d"]`}},
		{"a long quoted record", "\"" + long + "\n\",b\nc,d\n", 50, 2, []string{"damage record_too_long lines 1-2",
			`3:["c" "d"]`}},
		{"a long quote that is never closed", "\"" + strings.Repeat("y\n", 100) + "c,d\n", 50, 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := scanAll(t, strings.NewReader(c.text), usual, c.max, c.width, math.MaxInt)
			if c.want != nil {
				require.Equal(t, c.want, got)
			} else {
				require.Equal(t, `101:["c" "d"]`, got[len(got)-1], "the last record is found")
			}
			for limit := range 4 {
				require.Equal(t, got, scanAll(t, iotest.OneByteReader(strings.NewReader(c.text)), usual, c.max, c.width,
					limit+1), "whatever the reads")
			}
		})
	}
}

// TestScannerDialects scans with CR as a line break, with apostrophes and with backslashes, and what is damaged there.
func TestScannerDialects(t *testing.T) {
	long := strings.Repeat("x", 60)
	cr, apostrophes := Dialect{',', '"', false, true, false}, Dialect{';', '\'', false, false, false}
	backslashes := Dialect{',', '"', true, false, false}
	for _, c := range []struct {
		name, text string
		dialect    Dialect
		want       []string
	}{
		{"CR", "a,b\rc,d", cr, []string{`1:["a" "b"]`, `2:["c" "d"]`}},
		{"CR, LF and CRLF", "a,b\rc,d\ne,f\r\n\r\r\n\n\"g\",h\r\"i\",\"j\"\rk,l\r", cr,
			[]string{`1:["a" "b"]`, `2:["c" "d"]`, `3:["e" "f"]`, `7:["g" "h"]`, `8:["i" "j"]`, `9:["k" "l"]`}},
		{"CR in quotes stays", "a,\"b\rc\r\nd\ne\"\rf,g\r", cr, []string{`1:["a" "b\rc\r\nd\ne"]`, `5:["f" "g"]`}},
		{"CR and control characters", "a\t\t\t\t\t\t\t\t\tb\x08,c\x0e\x0f\v\f\rd\t,e\r", cr,
			[]string{`1:["a\t\t\t\t\t\t\t\t\tb\b" "c\x0e\x0f\v\f"]`, `2:["d\t" "e"]`}},
		{"CR behind damage", "a\"x,b\rc,d\r\"e\"x,\"f\r1,2,3\rg,h\r", cr, []string{"damage bad_quote lines 1-1",
			`2:["c" "d"]`, "damage bad_quote lines 3-4", `5:["g" "h"]`}},
		{"CR behind an unclosed quote", "a,\"b\rc,d\r", cr, []string{"damage bad_quote lines 1-1", `2:["c" "d"]`}},
		{"CR behind a long line", "a,b\r" + long + "\rc,d\r" + long + "\r\ne,f\r", cr,
			[]string{`1:["a" "b"]`, "damage record_too_long lines 2-2", `3:["c" "d"]`,
				"damage record_too_long lines 4-4", `5:["e" "f"]`}},
		{"CR that ends nothing", "a\rb,c\r\nd,e\r\r\n", usual, []string{`1:["a\rb" "c"]`, `2:["d" "e\r"]`}},
		{"CR behind a quoted field that ends nothing", "\"a\"\rb,c\nd,e\n", usual,
			[]string{"damage bad_quote lines 1-1", `2:["d" "e"]`}},
		{"apostrophes", "'a;''b''';\"c\"\n'd';e\"f\n", apostrophes, []string{`1:["a;'b'" "\"c\""]`, `2:["d" "e\"f"]`}},
		{"an apostrophe out of place", "a;it's\nc;d\n", apostrophes, []string{"damage bad_quote lines 1-1",
			`2:["c" "d"]`}},
		{"backslashes", `"a\"b","c\\","d""e\"","\n\x\\\""` + "\nf\\,\"g\\\n\\\"\"\n", backslashes,
			[]string{`1:["a\"b" "c\\" "d\"e\"" "\\n\\x\\\""]`, `2:["f\\" "g\\\n\""]`}},
		{"a backslash before the last quote", `"a\",b` + "\nc,d\n", backslashes, []string{"damage bad_quote lines 1-1",
			`2:["c" "d"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := scanAll(t, strings.NewReader(c.text), c.dialect, 50, 2, math.MaxInt)
			require.Equal(t, c.want, got)
			for limit := range 4 {
				require.Equal(t, got, scanAll(t, iotest.OneByteReader(strings.NewReader(c.text)), c.dialect, 50, 2,
					limit+1), "whatever the reads")
			}
		})
	}
}

// Where most records have another width than the header, both show where damage ends.
// TestNoQuote: without a quote every delimiter and every line end counts, and quotes are characters.
func TestNoQuote(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		text := "\"a\"\t\"b\nc\"d\t\n\n\t\"\"\n\"" + strings.Repeat("x", 100) + "\t\"\n\t\n"
		want := [][]string{{`"a"`, `"b`}, {`c"d`, ""}, {"", `""`}, {`"` + strings.Repeat("x", 100), `"`}, {"", ""}}
		records, seen := readAll(t, strings.NewReader(strings.ReplaceAll(text, "\n", end)), Options{Quote: NoQuote})
		require.Equal(t, want, records)
		for _, record := range seen {
			require.NoError(t, record.Err)
		}
	}
	wide := strings.Repeat(",", MaxFields) + "\n"
	records, seen := readAll(t, strings.NewReader("a,b\n"+wide+"\"c,d\n"), Options{Quote: NoQuote, Delimiter: ','})
	require.Equal(t, [][]string{{"a", "b"}, {}, {`"c`, "d"}}, records)
	require.Equal(t, TooManyFields, seen[1].Err)
}

func TestScannerWidths(t *testing.T) {
	s := newScanner(strings.NewReader("\"a\"x\"\n1\n1,2,3\n\"a\"x\"\n1\n1,2\n"), 0, 100)
	s.use(usual)
	s.widths = [2]int{2, 3}
	var b Block
	require.NoError(t, s.next(&b, math.MaxInt))
	require.Len(t, b.spans, 4)
	require.EqualValues(t, 2, b.spans[0].LastLine)
	require.EqualValues(t, 5, b.spans[2].LastLine)
}

func TestScannerHandsReadErrorsOn(t *testing.T) {
	s := newScanner(iotest.ErrReader(io.ErrNoProgress), 0, 100)
	s.use(usual)
	require.ErrorIs(t, s.next(&Block{}, 1), io.ErrNoProgress)
}

// TestScannerMemory reads 4 MiB behind a quote that is never closed.
func TestScannerMemory(t *testing.T) {
	const size = 4 << 20
	cr, backslashes := Dialect{',', '"', false, true, false}, Dialect{',', '"', true, false, false}
	for _, c := range []struct {
		filler  string
		dialect Dialect
		spans   int // at most
	}{
		{"x", usual, 1},
		{"x", cr, 1},
		{"\\\"", backslashes, 1},
		{"x,y\n", usual, size / 4},
		{"x,y\r", cr, size / 4},
		{"\"\"", usual, 1},
		{"\"\n", usual, size / 2},
		{",\"", usual, 1},
	} {
		s := newScanner(io.MultiReader(strings.NewReader("\"a,b"), io.LimitReader(&endless{text: c.filler}, size)), 0,
			64<<10)
		s.use(c.dialect)
		s.widths[0] = 2
		var b Block
		spans := 0
		for {
			err := s.next(&b, math.MaxInt)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			spans += len(b.spans)
			require.LessOrEqual(t, cap(b.buf), 1<<20, "a record over the limit is not held in memory")
		}
		require.Positive(t, spans)
		require.LessOrEqual(t, spans, c.spans, "%q", c.filler)
		require.EqualValues(t, size+4, s.offset, "%q", c.filler)
	}
}

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.text[e.at:])
		n += k
		e.at = (e.at + k) % len(e.text)
	}
	return n, nil
}

// TestSpecials looks for every byte at every place of a chunk, beside bytes that are nearly the same and in texts that
// are shorter.
func TestSpecials(t *testing.T) {
	for _, d := range []Dialect{usual, {Delimiter: '\t', Quote: '\''}, {Delimiter: '|', Quote: '"'}, {Delimiter: 1, Quote: '\''}} {
		s := newScanner(nil, 0, 100)
		s.use(d)
		for _, filler := range []byte{'x', d.Delimiter ^ 1, d.Delimiter | 0x80, d.Quote ^ 1, '\n' ^ 1, 0, 0xff, d.Delimiter} {
			var want uint64
			if filler == d.Delimiter {
				want = math.MaxUint64
			}
			for c := range 256 {
				for at := range chunkSize {
					text := bytes.Repeat([]byte{filler}, chunkSize+1)
					text[at] = byte(c)
					want := want &^ (1 << at)
					if s.ends(byte(c)) {
						want |= 1 << at
					}
					require.Equal(t, want, s.specials(text), "%q at %d", c, at)
					require.Equal(t, want&(1<<(at+1)-1), s.specials(text[:at+1]), "%q at the end, %d", c, at)
				}
			}
		}
	}
}

// TestWholeRecords scans records wherever their bytes are in a chunk, and compares with what record finds: it alone
// scans where CR ends records, which makes no difference here.
func TestWholeRecords(t *testing.T) {
	long := strings.Repeat("long ", 30)
	for _, text := range []string{
		"a,b\nc,d\r\n,\r\n\n\"e\",\"\"\n\"\",f\r\n\"g\"\r\n\n\"h,\n\ni\"\"\n\",\"\"\"\"\"\"\r\n\"\n\"\nj",
		"\"" + long + "\n\"\"\"," + long + "\n" + long + ",\"" + long + "\"\n\"" + long + ",\"\"\r\n" + long + "\"\nk,l",
		"a\"b,c\nd,e\n\"f\"g,h\ni,j\n" + long + "\",k\nl,m\n\"n\"\"\no,\"p\nq,r\n",
		"a,\"b\"\"\nc,\"\"\",d\r\ne,\"f\"\r",
		strings.Repeat(",", 200) + "\na,b\n" + strings.Repeat("\"a\",", 50) + "\n" + strings.Repeat("\"\"\",", 50) + "\"\n",
	} {
		for n := range 2 * chunkSize {
			padded := strings.Repeat("x", n) + text
			want := scanAll(t, strings.NewReader(padded), Dialect{',', '"', false, true, false}, 1<<10, 2, math.MaxInt)
			require.Equal(t, want, scanAll(t, strings.NewReader(padded), usual, 1<<10, 2, math.MaxInt))
		}
	}
}

// FuzzScanner: the scanner never panics in any dialect, always ends, and gives encoding/csv's records of what that
// reads without an error. It leaves CRLF inside quotes as it is, which encoding/csv turns into LF.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{"a,b\n", "\"a\"\"\",b\r\n", "\"a\nb\",c\n\n", "a\"b\n", "\"\"\"", "\r\n\r", ",,\n",
		"a\r\rb\n", "a,\"" + strings.Repeat("long ", 20) + "\"\"\",\"b\nc\"\nd," + strings.Repeat("long ", 20) + "\r\n"} {
		f.Add([]byte(seed), 2)
	}
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		got := scanAll(t, bytes.NewReader(data), usual, 1<<10, width%8, math.MaxInt)
		require.Equal(t, got, scanAll(t, iotest.HalfReader(bytes.NewReader(data)), usual, 1<<10, width%8, 2))
		for _, d := range []Dialect{{';', '\'', false, true, false}, {'\t', '"', true, true, false}, {'|', '\'', true, false, false}} {
			got := scanAll(t, bytes.NewReader(data), d, 1<<10, width%8, math.MaxInt)
			require.Equal(t, got, scanAll(t, iotest.HalfReader(bytes.NewReader(data)), d, 1<<10, width%8, 2))
		}
		// Where every CR is that of a CRLF, it makes no difference whether others would end records.
		if bytes.Count(data, []byte("\r")) == bytes.Count(data, []byte("\r\n")) {
			require.Equal(t, got, scanAll(t, bytes.NewReader(data), Dialect{',', '"', false, true, false}, 1<<10, width%8,
				math.MaxInt))
		}
		if len(data) > 1<<10 {
			return // a record may be over the limit
		}
		reader := csv.NewReader(bytes.NewReader(data))
		reader.FieldsPerRecord = -1
		var want []string
		for {
			record, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return
			}
			line, _ := reader.FieldPos(0)
			want = append(want, fmt.Sprintf("%d:%q", line, record))
		}
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], `\r\n`, `\n`)
		}
		require.Equal(t, want, got)
	})
}
