package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestArrayJoined: elements are joined where they come apart as they were.
func TestArrayJoined(t *testing.T) {
	for _, c := range []struct {
		elements []string
		want     string // "" where they can't be joined
	}{
		{[]string{"a", "", `"\{,}`, "é"}, "a\x1f\x1f\"\\{,}\x1fé\x1f\x1e"},
		{[]string{""}, "\x1f\x1e"},
		{[]string{"a\x1fb"}, ""},
		{[]string{"\x1e"}, ""},
	} {
		a := &array{}
		a.reset()
		for _, element := range c.elements {
			a.add(element)
		}
		a.addNull()
		text, ok := a.bytes().joined()
		require.Equal(t, c.want != "", ok, c.elements)
		if ok {
			require.Equal(t, c.want, text)
		}
	}
	a := &array{}
	a.reset()
	a.add("")
	_, ok := a.bytes().joined()
	require.False(t, ok, "the server would find no element")
}

// TestArrayText: an array is the same as text. The suites over a pool that exists hold this against the server.
func TestArrayText(t *testing.T) {
	for want, fill := range map[string]func(a *array){
		`{}`: func(*array) {},
		`{"","a","NULL",NULL,"{,}","\"\\"," "}`: func(a *array) {
			for _, s := range []string{"", "a", "NULL"} {
				a.add(s)
			}
			a.addNull()
			for _, s := range []string{"{,}", `"\`, " "} {
				a.add(s)
			}
		},
		`{"true","false",NULL}`: func(a *array) { a.oid = oidBool; a.addBool(true); a.addBool(false); a.addNull() },
		`{"-9223372036854775808","7"}`: func(a *array) {
			a.oid = oidInt8
			a.addInt(-1 << 63)
			a.addInt(7)
		},
		`{"\\x00ff"}`: func(a *array) { a.oid = oidBytea; a.add("\x00\xff") },
		`{"000102030405060708090a0b0c0d0e0f"}`: func(a *array) {
			a.oid = oidUUID
			a.addUUID(uuid{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
		},
		`{"0001-01-01","1999-12-31","9999-12-31"}`: func(a *array) {
			a.oid = oidDate
			for _, day := range []string{"0001-01-01", "1999-12-31", "9999-12-31"} {
				require.NoError(t, addDate(a, day))
			}
		},
		`{"1999-12-31T23:59:59.999999Z",NULL}`: func(a *array) {
			a.oid = oidTime
			a.addTime(time.Date(1999, 12, 31, 23, 59, 59, 999999000, time.UTC))
			a.addTime(time.Time{})
		},
		`{"0000","-0012.50","00010000.0001","000123456789.00012","0000.05","-0000.123456"}`: func(a *array) {
			a.oid = oidNumeric
			for _, n := range []string{"0", "-12.50", "10000.0001", "123456789.00012", "0.05", "-0.123456"} {
				require.NoError(t, addDecimal(a, n))
			}
		},
	} {
		a := &array{}
		a.reset()
		fill(a)
		got, err := a.bytes().Value()
		require.NoError(t, err)
		require.Equal(t, want, got)
		sent, err := a.bytes().BinaryValue()
		require.NoError(t, err)
		require.Equal(t, []byte(a.bytes()), sent)
	}
	a := &array{oid: 1}
	a.reset()
	a.addBool(true)
	_, err := a.bytes().Value()
	require.ErrorContains(t, err, "elements of the type 1 can't be sent as text")
}
