package postgres

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// decodeArray reads an array in PostgreSQL's binary format; null elements are nil.
func decodeArray(t *testing.T, b []byte) (oid uint32, elements []*string) {
	t.Helper()
	next := func() uint32 {
		v := binary.BigEndian.Uint32(b)
		b = b[4:]
		return v
	}
	require.EqualValues(t, 1, next(), "dimensions")
	nulls := next()
	oid = next()
	n := next()
	require.EqualValues(t, 1, next(), "the first index")
	for range n {
		length := next()
		if length == 1<<32-1 {
			require.EqualValues(t, 1, nulls, "the header tells of nulls")
			elements = append(elements, nil)
			continue
		}
		s := string(b[:length])
		b = b[length:]
		elements = append(elements, &s)
	}
	require.Empty(t, b)
	return oid, elements
}

func TestArray(t *testing.T) {
	text := func(s string) *string { return &s }
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		name string
		oid  uint32
		fill func(a *array)
		want []*string
	}{
		{"no text", 25, func(*array) {}, nil},
		{"text", 25, func(a *array) { a.add(""); a.add("NULL"); a.add(`{"ä",}`); a.add(long) }, []*string{text(""), text("NULL"), text(`{"ä",}`), &long}},
		{"text with nulls", 25, func(a *array) { a.addNull(); a.add("a"); a.addNull() }, []*string{nil, text("a"), nil}},
		{"text in pieces", 25, func(a *array) {
			start := a.open()
			a.buf = append(a.buf, "abc"...)
			a.close(start)
			a.close(a.open())
			a.add("d")
		}, []*string{text("abc"), text(""), text("d")}},
		{"booleans", 16, func(a *array) { a.addBool(true); a.addNull(); a.addBool(false) }, []*string{text("\x01"), nil, text("\x00")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &array{}
			if c.oid != 25 {
				a.oid = c.oid
			}
			for range 2 { // the second time over what the first has left
				a.reset()
				c.fill(a)
				oid, got := decodeArray(t, a.bytes())
				require.Equal(t, c.oid, oid)
				require.Equal(t, c.want, got)
				a.addNull()
			}
		})
	}
}
