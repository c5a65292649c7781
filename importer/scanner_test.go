package importer

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

// scanAll returns the records of the text, "damage CODE lines A-B" for damage, and checks that the spans follow on one
// another.
func scanAll(t testing.TB, r io.Reader, maxRecord, width, limit int) (records []string) {
	s := newScanner(r, ',', maxRecord)
	s.width = width
	var b block
	var at int64
	for {
		err := s.next(&b, limit)
		if errors.Is(err, io.EOF) {
			return records
		}
		require.NoError(t, err)
		for _, sp := range b.spans {
			require.GreaterOrEqual(t, b.offset+int64(sp.start), at, "spans don't overlap")
			require.Less(t, sp.start, sp.end, "spans are not empty")
			require.LessOrEqual(t, sp.line, sp.lastLine)
			at = b.offset + int64(sp.end)
			if sp.damage != "" {
				records = append(records, fmt.Sprintf("damage %s lines %d-%d", sp.damage, sp.line, sp.lastLine))
				continue
			}
			var fields []string
			for i := range b.fields[sp.first : sp.first+sp.width] {
				f := &b.fields[int(sp.first)+i]
				b.unescape(f)
				fields = append(fields, string(b.buf[f.start:f.end]))
			}
			records = append(records, fmt.Sprintf("%d:%q", sp.line, fields))
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
		{"damage ends where a record of the right width begins", "\"a\"x,b\n1,2,3\n4\nc,d\n", 99, 2, []string{"damage bad_quote lines 1-3", `4:["c" "d"]`}},
		{"damage at the end", "c,d\n\"a\nb", 99, 2, []string{`1:["c" "d"]`, "damage bad_quote lines 2-3"}},
		{"a long line", "a,b\n" + long + "\nc,d\n", 50, 2, []string{`1:["a" "b"]`, "damage record_too_long lines 2-2", `3:["c" "d"]`}},
		{"a long quoted record", "\"" + long + "\n\",b\nc,d\n", 50, 2, []string{"damage record_too_long lines 1-2", `3:["c" "d"]`}},
		{"a long quote that is never closed", "\"" + strings.Repeat("y\n", 100) + "c,d\n", 50, 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := scanAll(t, strings.NewReader(c.text), c.max, c.width, math.MaxInt)
			if c.want != nil {
				require.Equal(t, c.want, got)
			} else {
				require.Equal(t, `101:["c" "d"]`, got[len(got)-1], "the last record is found")
			}
			for limit := range 4 {
				require.Equal(t, got, scanAll(t, iotest.OneByteReader(strings.NewReader(c.text)), c.max, c.width, limit+1), "whatever the reads")
			}
		})
	}
}

func TestScannerHandsReadErrorsOn(t *testing.T) {
	s := newScanner(iotest.ErrReader(io.ErrNoProgress), ',', 100)
	require.ErrorIs(t, s.next(&block{}, 1), io.ErrNoProgress)
}

// TestScannerMemory reads 64 MiB behind a quote that is never closed.
func TestScannerMemory(t *testing.T) {
	const size = 64 << 20
	s := newScanner(io.MultiReader(strings.NewReader("\"a,b"), io.LimitReader(endless{}, size)), ',', 1<<20)
	s.width = 2
	var b block
	damaged := 0
	for {
		err := s.next(&b, math.MaxInt)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		damaged += len(b.spans)
		require.Less(t, cap(b.buf), 8<<20, "a record over the limit is not held in memory")
	}
	require.Equal(t, 1, damaged)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// FuzzScanner: the scanner never panics, always ends, and gives encoding/csv's records of what that reads without an
// error. It leaves CRLF inside quotes as it is, which encoding/csv turns into LF.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{"a,b\n", "\"a\"\"\",b\r\n", "\"a\nb\",c\n\n", "a\"b\n", "\"\"\"", "\r\n\r", ",,\n", "a\r\rb\n"} {
		f.Add([]byte(seed), 2)
	}
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		got := scanAll(t, bytes.NewReader(data), 1<<10, width%8, math.MaxInt)
		require.Equal(t, got, scanAll(t, iotest.HalfReader(bytes.NewReader(data)), 1<<10, width%8, 2))
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
