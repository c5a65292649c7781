package dialect

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// TestTornRecords: lines that an unquoted line break tore apart are one damage, with the fields that they are meant to be
// where that is known.
func TestTornRecords(t *testing.T) {
	many := strings.Repeat("a,b,c,d,e\n", 20)
	texts := strings.Repeat("a,b,c,a text\n", 20)
	firsts := strings.Repeat("a text,b,c,d\n", 20)
	for name, c := range map[string]struct {
		text string
		want []string // what isn't one of the many
	}{
		"two lines":               {many + "1,2\n3,4,5,6\n" + many, []string{`21-22 line break ["1" "2\n3" "4" "5" "6"]`}},
		"three lines":             {many + "1,2\n3,4\n5,6,7\n" + many, []string{`21-23 line break ["1" "2\n3" "4\n5" "6" "7"]`}},
		"empty lines":             {many + "1,2\n\n\n3,4,5,6\n" + many, []string{`21-24 line break ["1" "2\n\n\n3" "4" "5" "6"]`}},
		"CRLF":                    {many + "1,2\r\n3,4,5,6\r\n" + many, []string{`21-22 line break ["1" "2\r\n3" "4" "5" "6"]`}},
		"a line too many":         {many + "1,2\n3,4,5\n" + many, []string{`21-21 ["1" "2"]`, `22-22 ["3" "4" "5"]`}},
		"a full line behind":      {many + "1,2,3\n" + many, []string{`21-21 ["1" "2" "3"]`}},
		"nothing behind":          {many + "1,2,3\n", []string{`21-21 ["1" "2" "3"]`}},
		"quotes at the break":     {many + "1,\"2\"\n3,4,5,6\n" + many, []string{`21-21 ["1" "2"]`, `22-22 ["3" "4" "5" "6"]`}},
		"quotes elsewhere":        {many + "\"1\"\"\",2\n3,4,5,\"6\"\n" + many, []string{`21-22 line break ["1\"" "2\n3" "4" "5" "6"]`}},
		"before the first column": {many + "1\n2,3,4,5,6\n" + many, []string{`21-21 ["1"]`, `22-22 ["2" "3" "4" "5" "6"]`}},
		"records with nothing in them": {many + ",,\n,,\n" + many, []string{`21-21 ["" "" ""]`,
			`22-22 ["" "" ""]`}},
		"texts in the last column": {texts + "1,2,3,4\n5\n\n6\n" + texts + "1,2,3,7\n8\n",
			[]string{`21-24 line break ["1" "2" "3" "4\n5\n\n6"]`, `45-45 ["1" "2" "3" "7"]`, `46-46 ["8"]`}},
		"texts in the last column, a comment": {texts + "1,2,3,4\n# 5\n" + texts, []string{`21-21 ["1" "2" "3" "4"]`,
			`22-22 ["# 5"]`}},
		"texts in the last column, in quotes": {texts + "1,2,3,\"4\"\n5\n" + texts, []string{`21-21 ["1" "2" "3" "4"]`,
			`22-22 ["5"]`}},
		"texts in the last column, a lost quote": {texts + "1,2,3,4\n5\"\n" + texts, []string{"21-22 quote []"}},
		"texts in the first column":              {firsts + "1\n2\n3,4,5,6\n" + firsts, []string{`21-23 line break ["1\n2\n3" "4" "5" "6"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range listed(t, strings.NewReader(c.text), Options{Header: none}) {
				if !strings.Contains(r, `"a" "b" "c"`) && !strings.Contains(r, `["a text" "b"`) {
					got = append(got, r)
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

// listed returns the records that Read gives, "first-last line, damage, fields".
func listed(t *testing.T, in io.Reader, o Options) (records []string) {
	r, err := NewReader(in, o)
	require.NoError(t, err)
	for record, err := range r.All() {
		require.NoError(t, err)
		records = append(records, line(record.Line, record.LastLine, record.Err, record.Strings()))
	}
	return records
}

func line(first, last int64, damage error, fields []string) string {
	what := map[error]string{BadBreak: "line break ", BadQuote: "quote ", TooLong: "too long ", nil: ""}[damage]
	return fmt.Sprintf("%d-%d %s%q", first, last, what, fields)
}

// TestTornRecordsAcrossReads: what is read one by one is what blocks have, wherever reading was interrupted.
func TestTornRecordsAcrossReads(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 40 {
		var text strings.Builder
		for i := range 2_000 + rng.IntN(10_000) {
			fmt.Fprintf(&text, "%d,name,%s of oak\n", i, strings.Repeat("text ", rng.IntN(20)))
			switch rng.IntN(60) {
			case 0:
				text.WriteString("more\n")
			case 1:
				text.WriteString("\nmore\n\nand \"more\"\n")
			case 2:
				text.WriteString("x,na\nme,y\n")
			case 3:
				text.WriteString(strings.Repeat("x", rng.IntN(3000)) + "\n")
			}
		}
		var in io.Reader = strings.NewReader(text.String())
		if n%2 == 0 {
			in = iotest.HalfReader(in)
		}
		o := Options{MaxRecordBytes: 1 << 10}
		want := listed(t, in, o)
		r, err := NewReader(strings.NewReader(text.String()), o)
		require.NoError(t, err)
		var got []string
		var b Block
		for {
			if err = r.ReadBlock(&b); errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			b.Text()
			for i := range b.Len() {
				s := b.Span(i)
				var damage error
				if s.Damage != Intact {
					damage = s.Damage
				}
				got = append(got, line(s.Line, s.LastLine, damage, b.Strings(i)))
			}
		}
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
	}
}
