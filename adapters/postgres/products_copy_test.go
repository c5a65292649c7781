package postgres

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// decodeCopy reads COPY's text format as PostgreSQL does: lines of fields with TAB between them, in which \ begins an
// escape, and \N alone is null. It is written after the manual, and takes all escapes of single characters.
func decodeCopy(t testing.TB, text string) (rows [][]string) {
	t.Helper()
	require.NotContains(t, text, "\r", "a carriage return would be a line end")
	for row := range strings.SplitSeq(text, "\n") {
		require.NotEqual(t, `\.`, row, "that is the end of data")
		var fields []string
		for field := range strings.SplitSeq(row, "\t") {
			require.NotEqual(t, `\N`, field, "that is null")
			var b strings.Builder
			for i := 0; i < len(field); i++ {
				if field[i] != '\\' {
					b.WriteByte(field[i])
					continue
				}
				i++
				require.Less(t, i, len(field), "a backslash at the end of a field")
				at := strings.IndexByte(`bfnrtv`, field[i])
				switch {
				case at >= 0:
					b.WriteByte("\b\f\n\r\t\v"[at])
				case strings.IndexByte("01234567x", field[i]) >= 0:
					require.Fail(t, "an escape by number")
				default:
					b.WriteByte(field[i])
				}
			}
			fields = append(fields, b.String())
		}
		rows = append(rows, fields)
	}
	return rows
}

func TestAppendCopy(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"empty", "", ""},
		{"plain", "a b,c\"d'", "a b,c\"d'"},
		{"line feed", "a\nb", `a\nb`},
		{"carriage return", "\r\n", `\r\n`},
		{"TAB", "\t", `\t`},
		{"backslash", `\`, `\\`},
		{"what would be null", `\N`, `\\N`},
		{"what would be the end", `\.`, `\\.`},
		{"an escape in the value", `a\nb`, `a\\nb`},
		{"other control characters stay", "\b\f\v\x01\x7f", "\b\f\v\x01\x7f"},
		{"not ASCII", "ä\u2028\U0001F600", "ä\u2028\U0001F600"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, string(appendCopy(nil, c.value)))
			require.Equal(t, "x"+c.want, string(appendCopy([]byte("x"), c.value)), "it appends")
			require.Equal(t, [][]string{{c.value}}, decodeCopy(t, c.want))
		})
	}
}

func FuzzAppendCopy(f *testing.F) {
	f.Add("", "a", "b\n")
	f.Add(`\N`, `\.`, "\\\r\n\t\\")
	f.Add("\\", "n", "\x00\xff")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		text := appendCopy(nil, a)
		text = append(text, '\t')
		text = appendCopy(text, b)
		text = append(text, '\n')
		text = appendCopy(text, c)
		require.Equal(t, [][]string{{a, b}, {c}}, decodeCopy(t, string(text)))
	})
}

func FuzzAppendJSON(f *testing.F) {
	f.Add("color", "red", "size", "")
	f.Add("\"\\\b\f\n\r\t\x01\x1f\x7f", "</script>&", "\u2028", "\U0001F600")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		for _, s := range []string{name1, value1, name2, value2} {
			if !utf8.ValidString(s) {
				t.Skip("attributes are valid UTF-8")
			}
		}
		want := map[string]string{name1: value1, name2: value2}
		text := appendJSON([]byte("x"), want)[1:]
		var got map[string]string
		require.NoError(t, json.Unmarshal(text, &got))
		require.Equal(t, want, got)
	})
}

func TestAppendAttributes(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []string
		values  []string
		want    string
	}{
		{"none", nil, nil, `{}`},
		{"no values", []string{"a", "b"}, []string{"", ""}, `{}`},
		{"empty values are none", []string{"a", "b", "c"}, []string{"", "1", ""}, `{"b":"1"}`},
		{"in the order of the columns", []string{"b", "a"}, []string{"1", "2"}, `{"b":"1","a":"2"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &batchWriter{columns: &products.Columns{Attributes: c.columns}}
			require.Equal(t, c.want, string(w.appendAttributes(nil, &products.Record{Values: c.values})))
		})
	}
}
