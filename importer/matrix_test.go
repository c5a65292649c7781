package importer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/progress"
)

// shop are the records of a shop's file, with what makes one hard to read.
var shop = [][]string{
	{"name", "sku", "description", "status", "price"},
	{"Kaffeemühle „Größe M“", "m-1", "mahlt fein; leise, schön\nund günstig", "yes", "49,90"},
	{"Théière", "t-1", "say \"thé\" | tea", "no", "19.50"},
	{"Cup, 5\" wide", "c-1", "a\tb", "1", ""},
	{"Piñata", "p-1", "", "0", "1,5"},
	{"Ærø – “table”", "a;b|c", "costs 10 € or 1½", "", "10"},
	{"Plain", "x-1", "no more than this", "active", "1,00"},
}

// asCSV writes the records.
func asCSV(records [][]string, comma, lineBreak string) string {
	var b strings.Builder
	for _, record := range records {
		for i, field := range record {
			if i > 0 {
				b.WriteString(comma)
			}
			if strings.ContainsAny(field, comma+"\"\r\n") {
				field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
			}
			b.WriteString(field)
		}
		b.WriteString(lineBreak)
	}
	return b.String()
}

// TestTheSameFileInManyForms imports one catalogue in every combination of encoding, delimiter, line break and
// compression.
func TestTheSameFileInManyForms(t *testing.T) {
	want := memory.New(memory.Options{}).Products()
	_, _, err := doImport(t, want, asCSV(shop, ",", "\n"), importer.Options{})
	require.NoError(t, err)
	require.Len(t, catalogue(t, want), len(shop)-1)

	same := func(text string) string { return text }
	utf16 := func(order unicode.Endianness, mark unicode.BOMPolicy) func(string) string {
		return func(text string) string {
			encoded, err := unicode.UTF16(order, mark).NewEncoder().String(text)
			require.NoError(t, err)
			return encoded
		}
	}
	for _, encoding := range []struct {
		name   string
		encode func(text string) string
	}{
		{"utf-8", same},
		{"utf-8", func(text string) string { return "\ufeff" + text }},
		{"utf-16le", utf16(unicode.LittleEndian, unicode.UseBOM)},
		{"utf-16be", utf16(unicode.BigEndian, unicode.UseBOM)},
		{"utf-16le", utf16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"windows-1252", func(text string) string {
			encoded, err := charmap.Windows1252.NewEncoder().String(text)
			require.NoError(t, err)
			return encoded
		}},
	} {
		for _, comma := range []string{",", ";", "\t", "|"} {
			for _, line := range []struct{ name, lineBreak string }{{"lf", "\n"}, {"crlf", "\r\n"}, {"cr", "\r"}} {
				for _, compression := range []struct {
					name     string
					compress func(text string) string
				}{
					{"", same},
					{"gzip", func(text string) string { return gzipped(t, text) }},
					{"zstd", func(text string) string { return zstandard(t, text) }},
					{"zip", func(text string) string {
						return zipped(t, text, "products.csv")
					}},
				} {
					form := fmt.Sprintf("%s %q %s %s", encoding.name, comma, line.name, compression.name)
					file := compression.compress(encoding.encode(asCSV(shop, comma, line.lineBreak)))
					got := memory.New(memory.Options{}).Products()
					_, result, err := doImport(t, got, file, importer.Options{})
					require.NoError(t, err, form)
					require.Equal(t, catalogue(t, want), catalogue(t, got), form)
					d := result.Dialect
					require.Equal(t, []string{encoding.name, comma, line.name, compression.name},
						[]string{d.Encoding, d.Delimiter, d.LineEnds, d.Compression}, form)
					require.EqualValues(t, len(file), result.Bytes, form)
				}
			}
		}
	}
}

func TestDialect(t *testing.T) {
	file := "Export of 1 May\r\n'sku';'name';'description'\r\n'a';'b; c';'d\\'e'\r\nf;g;h\r\n"
	_, result, err := doImport(t, memory.New(memory.Options{}).Products(), "\ufeff"+file, importer.Options{})
	require.NoError(t, err)
	require.EqualValues(t, 2, result.Created)
	result.Dialect.Columns = nil
	text, err := json.Marshal(result.Dialect)
	require.NoError(t, err)
	require.JSONEq(t,
		`{"encoding": "utf-8", "delimiter": ";", "quote": "'", "escape": "\\", "line_ends": "crlf", "skipped_lines": 1,
		"header": true, "columns": null, "evidence": {
			"encoding": "it begins with a byte order mark",
			"delimiter": "3 of 3 records looked at have 3 fields, and there is a header with known names",
			"quote": "it stands around 6 of the fields looked at; with quotes behind backslashes fewer lines are damaged",
			"line_ends": "3 CRLF behind the records looked at"}}`, string(text))
}

// Offsets and lines count what stands before the header, and a byte order mark.
func TestWhereRejectsAre(t *testing.T) {
	for _, c := range []struct{ name, file, rejects string }{
		{"as it is", "sku,name\na,\n", "2/2+9 name empty"},
		{"a mark", "\ufeffsku,name\na,\n", "2/2+12 name empty"},
		{"lines before", "sep=,\nExport\n\nsku,name\na,\n", "5/5+23 name empty"},
		{"compressed", gzipped(t, "sku,name\na,\n"), "2/2+9 name empty"},
		{"decoded", "sku,name\n\xe4\xf6,x\na,\n", "3/3+16 name empty"},
		{"decoded behind a mark", "\xff\xfes\x00k\x00u\x00,\x00n\x00a\x00m\x00e\x00\n\x00a\x00,\x00\n\x00",
			"2/2+9 name empty"},
		{"CR", "sku,name\r\ra,\rb,c\r", "3/3+10 name empty"},
	} {
		out, _, err := doImport(t, memory.New(memory.Options{}).Products(), c.file, importer.Options{})
		require.NoError(t, err, c.name)
		require.Equal(t, []string{c.rejects}, out.rejects, c.name)
	}
}

// What stands for no character costs its record.
func TestInvalidCharacters(t *testing.T) {
	utf16 := func(text string) string {
		encoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
		require.NoError(t, err)
		return encoded
	}
	for _, c := range []struct{ name, file, reject, reason string }{
		{"UTF-8", "sku,name\n1,é\n2,\xe9\n3,x\n", "3/3+14 name invalid_utf8", "must be valid UTF-8"},
		{"Windows-1252", "sku,name\n1,caf\xe9\n2,\x81\n3,\xc4pfel\n4,\xe9t\xe9\n", "3/3+17 name invalid_encoding",
			"no characters in windows-1252"},
		{"UTF-16", utf16("sku,name\n1,é\n2,") + "\x3d\xd8" + utf16("\n3,x\n")[2:], "3/3+14 name invalid_encoding",
			"no characters in utf-16le"},
		{"UTF-16, an odd byte", utf16("sku,name\n1,é\n3,x\n2,x") + "y", "4/4+18 name invalid_encoding",
			"no characters in utf-16le"},
	} {
		store := memory.New(memory.Options{}).Products()
		out, result, err := doImport(t, store, c.file, importer.Options{})
		require.NoError(t, err, c.name)
		require.Equal(t, []string{c.reject}, out.rejects, c.name)
		require.Contains(t, out.reasons[0], c.reason, c.name)
		require.Equal(t, result.Read-1, result.Created, c.name)
	}
}

// Of what is damaged, exactly the damaged lines are lost.
func TestDamage(t *testing.T) {
	good := func(n int) string { return fmt.Sprintf("%d,\"Lamp, \"\"no %d\"\"\",\"warm\nlight\"\n", n, n) }
	for _, c := range []struct{ name, damage, reject string }{
		{"a bare quote", "b,5\" pipe,x\n", "4/4+53  bad_quote"},
		{"two bare quotes", "b,the \"best\" pipe,x\n", "4/4+53  bad_quote"},
		{"text behind a quoted field", "b,\"5\" pipe\",x\n", "4/4+53  bad_quote"},
		{"a quote that is never closed", "b,\"pipe,x\n", "4/4+53  bad_quote"},
		{"a quote that is opened in the last field", "b,pipe,\"x\n", "4/4+53  bad_quote"},
		{"NUL", "b,pi\x00pe,x\n", "4/4+53 name bad_character"},
		{"too few fields", "b\n", "4/4+53 name missing_column"},
		{"too many fields", "b,pipe,x,y\n", "4/4+53  field_count"},
		{"too long", "b,pipe," + strings.Repeat("x", 2_000) + "\n", "4/4+53  record_too_long"},
		{"too long, over several lines", "b,pipe,\"" + strings.Repeat("some words\n", 200) + "\"\n",
			"4/204+53  record_too_long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := "sku,name,description\n" + good(1) + c.damage + good(2) + good(3)
			store := memory.New(memory.Options{}).Products()
			out, result, err := doImport(t, store, file, importer.Options{MaxRecordBytes: 1 << 10})
			require.NoError(t, err)
			require.Equal(t, []string{c.reject}, out.rejects)
			require.EqualValues(t, 3, result.Created)
			require.Equal(t, []string{"1|Lamp, \"no 1\"|warm\nlight|false", "2|Lamp, \"no 2\"|warm\nlight|false",
				"3|Lamp, \"no 3\"|warm\nlight|false"}, catalogue(t, store))
		})
	}
}

// TestBytesOfAFileInAnotherForm: whatever the file's text is as long as, bytes are those of the file: they never go
// back, are never more than there are, and come to all of them. So do those that batches commit.
func TestBytesOfAFileInAnotherForm(t *testing.T) {
	text := lines(5_000)
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	require.NoError(t, err)
	for name, file := range map[string]string{
		"plain": text, "marked": "\ufeff" + text, "UTF-16": utf16, "gzip": gzipped(t, text),
		"gzip of UTF-16": gzipped(t, utf16), "zstd": zstandard(t, text),
		"zip": zipped(t, text, "a.csv", "more"),
	} {
		for _, size := range []int64{int64(len(file)), -1} {
			kept := &checkpoints{done: map[int64]importer.Commit{}}
			var last progress.Event
			o := kept.set(importer.Options{BatchRecords: 175, Writers: 1})
			o.Progress = progress.Func(func(_ context.Context, e progress.Event) {
				if e.Phase == last.Phase {
					require.GreaterOrEqual(t, e.Bytes, last.Bytes)
				}
				require.LessOrEqual(t, e.Bytes, int64(len(file)))
				require.LessOrEqual(t, e.Percent(), 100.0)
				last = e
			})
			result, err := importer.Run(t.Context(), sized{importer.Bytes(file), size},
				memory.New(memory.Options{}).Products(), o)
			require.NoError(t, err, name)
			require.EqualValues(t, 5_000, result.Created, name)
			require.EqualValues(t, len(file), result.Bytes, name)
			require.EqualValues(t, len(file), last.Bytes, name)
			require.InDelta(t, 100, last.Percent(), 0)
			var sum int64
			for _, done := range kept.done {
				require.Positive(t, done.Bytes, name)
				sum += done.Bytes
			}
			require.EqualValues(t, len(file), sum, name)
		}
	}
}

// sized is a source that says another size.
type sized struct {
	importer.Source
	size int64
}

func (s sized) Size() int64 { return s.size }

// A quote out of place costs its record, but the record comes back in its columns: it can be imported as it is.
func TestBareQuotesComeBackMended(t *testing.T) {
	file := "sku;name;description\n1;5\" pipe;\"a; b\"\n2;the \"best\" pipe;\"c\"\n3;\"5\" " +
		"pipe\";d\n4;pipe;\"e\n5;pi\"pe;f;g;h\n6;pipe;\n"
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	store := memory.New(memory.Options{}).Products()
	result, err := importer.Run(t.Context(), importer.Bytes(file), store, importer.Options{OnHeader: w.Header,
		OnReject: w.Write})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.EqualValues(t, 1, result.Created)
	require.Equal(t, map[importer.Code]int64{importer.CodeBadQuote: 3}, result.Rejects,
		"lines 4 to 6 can't be told apart")

	out, _, err := doImport(t, store, rejects.String(), importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"6|pipe||false", "1|5\" pipe|a; b|false", "2|the \"best\" pipe|c|false"},
		catalogue(t, store))
	require.Len(t, out.rejects, 1)
}
