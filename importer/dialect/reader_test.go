package dialect

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// readAll reads the text, and takes the strings of each record at once, in the end, or by its bytes.
func readAll(t testing.TB, in io.Reader, o Options) (records [][]string, seen []Record) {
	r, err := NewReader(in, o)
	require.NoError(t, err)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return records, seen
		}
		require.NoError(t, err)
		fields := record.Strings()
		require.Len(t, fields, record.Len())
		for i, field := range fields {
			require.Equal(t, field, string(record.Field(i)))
		}
		records = append(records, fields)
		seen = append(seen, Record{Line: record.Line, LastLine: record.LastLine, Offset: record.Offset, Err: record.Err})
	}
}

func TestReader(t *testing.T) {
	const text = "Export\nsku;name\n1;\"a\nb\"\n2;5\" pipe\n\n3;\"x;y\n4;z\"\"\n5;\"\"\"\"\n"
	r, err := NewReader(iotest.OneByteReader(strings.NewReader(text)), Options{Header: header, Offset: 100})
	require.NoError(t, err)
	var raw []string
	for record, err := range r.All() {
		require.NoError(t, err)
		raw = append(raw, record.Raw())
		require.GreaterOrEqual(t, r.InputOffset(), record.Offset+1)
	}
	require.Equal(t, []string{"", "", "", "3;\"x;y", "", ""}, raw)
	require.EqualValues(t, 100+len(text), r.InputOffset())

	records, seen := readAll(t, strings.NewReader(text), Options{Header: header, Offset: 100})
	require.Equal(t, [][]string{{"sku", "name"}, {"1", "a\nb"}, {"2", `5" pipe`}, {}, {"4", `z""`}, {"5", `"`}}, records)
	require.Equal(t, []Record{
		{Line: 2, LastLine: 2, Offset: 107}, {Line: 3, LastLine: 4, Offset: 116},
		{Line: 5, LastLine: 5, Offset: 124, Err: BadQuote}, {Line: 7, LastLine: 7, Offset: 135, Err: BadQuote},
		{Line: 8, LastLine: 8, Offset: 142, Err: BadQuote}, {Line: 9, LastLine: 9, Offset: 148},
	}, seen)
	require.ErrorIs(t, seen[2].Err, BadQuote)
}

// The strings of a record stay as they are while others are read.
func TestStringsStayValid(t *testing.T) {
	line := strings.Repeat("x", 1000) + ",\"y\"\"\"\n"
	records, _ := readAll(t, strings.NewReader(strings.Repeat(line, 2000)), Options{})
	require.Len(t, records, 2000)
	for _, record := range records {
		require.Equal(t, []string{line[:1000], `y"`}, record)
	}
}

func TestEmptyText(t *testing.T) {
	for _, text := range []string{"", "\n\r\n"} {
		records, _ := readAll(t, strings.NewReader(text), Options{})
		require.Empty(t, records)
	}
}

// emptyReader gives nothing, for ever.
type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

func TestReaderHandsErrorsOn(t *testing.T) {
	for _, before := range []string{"", "a,b\nc,d\n", strings.Repeat("a,b\n", blockSize)} {
		r, err := NewReader(io.MultiReader(strings.NewReader(before), iotest.ErrReader(io.ErrNoProgress)), Options{})
		require.NoError(t, err)
		for _, err = range r.All() {
			if err != nil {
				break
			}
		}
		require.ErrorIs(t, err, io.ErrNoProgress)
		_, err = r.Read()
		require.ErrorIs(t, err, io.ErrNoProgress)
	}
	r, err := NewReader(emptyReader{}, Options{})
	require.NoError(t, err)
	_, err = r.Read()
	require.ErrorIs(t, err, io.ErrNoProgress)
	r, err = NewReader(iotest.ErrReader(io.ErrNoProgress), Options{})
	require.NoError(t, err)
	_, err = r.Detected()
	require.ErrorIs(t, err, io.ErrNoProgress)
	require.ErrorIs(t, r.Use(Detected{}), io.ErrNoProgress)
}

// A text that is read again by what was found out the first time has the same records; one that is shorter than what
// was before its header is noticed.
func TestUse(t *testing.T) {
	const text = "Export\nsku;name\n1;a\n"
	first, err := NewReader(strings.NewReader(text), Options{Header: header})
	require.NoError(t, err)
	found, err := first.Detected()
	require.NoError(t, err)
	require.EqualValues(t, 1, found.SkippedLines)

	again, err := NewReader(strings.NewReader(text), Options{})
	require.NoError(t, err)
	require.NoError(t, again.Use(found))
	for {
		want, err := first.Read()
		got, errAgain := again.Read()
		require.Equal(t, err, errAgain)
		if err != nil {
			break
		}
		require.Equal(t, want.Strings(), got.Strings())
		require.Equal(t, want.Line, got.Line)
	}
	short, err := NewReader(strings.NewReader(text[:5]), Options{})
	require.NoError(t, err)
	require.ErrorIs(t, short.Use(found), io.ErrUnexpectedEOF)
}

// Blocks hold what Read returns.
func TestReadBlock(t *testing.T) {
	text := strings.Repeat("a;\"b\"\"\nc\"\n\"x\"y;z\n\n", 20_000)
	want, seen := readAll(t, strings.NewReader(text), Options{})
	r, err := NewReader(strings.NewReader(text), Options{})
	require.NoError(t, err)
	n := 0
	for blocks := 0; ; blocks++ {
		var b Block
		err := r.ReadBlock(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if blocks == 0 {
			require.Equal(t, 1, b.Len())
		}
		strs := b.Strings(0)
		text := b.Text()
		for i := range b.Len() {
			span := b.Span(i)
			var fields []string
			for _, f := range b.Fields(i) {
				fields = append(fields, f.Of(text))
			}
			require.True(t, slices.Equal(want[n], fields))
			require.Len(t, fields, span.Width())
			require.Equal(t, seen[n].Line, span.Line)
			require.Equal(t, seen[n].Offset, b.Offset()+int64(span.Start))
			n++
		}
		require.True(t, slices.Equal(want[n-b.Len()], strs))
		require.GreaterOrEqual(t, b.End(), b.Offset()+int64(b.Span(b.Len()-1).End))
	}
	require.Equal(t, len(want), n)
}

func TestDamage(t *testing.T) {
	require.EqualError(t, BadQuote, "a quote is out of place or never closed")
	require.EqualError(t, TooLong, "the record is too long")
	require.EqualError(t, TooManyFields, "the record has more than 16384 fields")
	require.EqualError(t, Damage(9), "unknown damage 9")
	_, seen := readAll(t, strings.NewReader("a,b\n"+strings.Repeat("x", 1<<11)+"\n"+strings.Repeat(",", MaxFields)+"\nc,d\n"),
		Options{MaxRecordBytes: 1 << 10})
	require.Equal(t, []error{nil, TooLong, TooManyFields, nil}, []error{seen[0].Err, seen[1].Err, seen[2].Err, seen[3].Err})
	_, seen = readAll(t, strings.NewReader("a,b\n"+strings.Repeat(",", MaxFields)+"\n"+strings.Repeat(",", MaxFields-1)+"\n"), Options{})
	require.Equal(t, []error{nil, TooManyFields, nil}, []error{seen[0].Err, seen[1].Err, seen[2].Err})
}

// FuzzReader: whatever the text, and however it comes, Read returns the records that blocks have.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;\"b\"\"\nc\"\r\nx\"y;z\n\n", "sep=|\na|'b'\n", "a\rb\r", "\"",
		strings.Repeat("a,b\n", 3*fewRecords)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{MaxRecordBytes: 1 << 10, Header: header}
		blocks, err := NewReader(strings.NewReader(string(data)), o)
		require.NoError(t, err)
		var b Block
		next := 0
		for _, in := range []io.Reader{strings.NewReader(string(data)), iotest.HalfReader(strings.NewReader(string(data)))} {
			records, seen := readAll(t, in, o)
			if next > 0 {
				require.Len(t, records, next)
				break
			}
			for {
				if err := blocks.ReadBlock(&b); errors.Is(err, io.EOF) {
					break
				}
				for i := range b.Len() {
					require.Equal(t, b.Strings(i), records[next])
					require.Equal(t, b.Span(i).Line, seen[next].Line)
					require.Equal(t, b.Span(i).LastLine, seen[next].LastLine)
					require.Equal(t, b.Offset()+int64(b.Span(i).Start), seen[next].Offset)
					require.Equal(t, b.Span(i).Damage != Intact, seen[next].Err != nil)
					next++
				}
			}
			require.Len(t, records, next)
		}
	})
}
