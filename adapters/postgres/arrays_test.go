package postgres

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

// connect opens an empty database as Open does.
func connect(t *testing.T) *sqlx.DB {
	t.Helper()
	db, err := Open(t.Context(), pgtest.URL(t), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db.sql
}

// readBack returns what PostgreSQL finds in an array of the type, null as nil.
func readBack[V any](t *testing.T, db *sqlx.DB, sqlType string, parameter []byte) (elements []*V) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT v FROM unnest($1::`+sqlType+
		`[]) WITH ORDINALITY AS x(v, i) ORDER BY i`, parameter)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var v *V
		require.NoError(t, rows.Scan(&v))
		elements = append(elements, v)
	}
	require.NoError(t, rows.Err())
	return elements
}

// checkArray fills an array, twice, and compares what PostgreSQL finds in it. A nil is a null.
func checkArray[V any](db *sqlx.DB, oid uint32, sqlType string, add func(a *array, v V),
	values ...*V) func(t *testing.T) {
	return func(t *testing.T) {
		a := &newArrays(oid)[0]
		for range 2 { // the second time over what the first has left
			a.reset()
			for _, v := range values {
				if v == nil {
					a.addNull()
				} else {
					add(a, *v)
				}
			}
			got := readBack[V](t, db, sqlType, a.bytes())
			require.Len(t, got, len(values))
			for i, want := range values {
				require.Equal(t, want, got[i], i)
			}
			a.addNull()
		}
	}
}

func TestArray(t *testing.T) {
	t.Parallel()
	db := connect(t)
	add := (*array).add
	addBytes := func(a *array, v []byte) { a.add(string(v)) }
	inPieces := func(a *array, v string) {
		start := a.open()
		for _, r := range v {
			a.buf = append(a.buf, string(r)...)
		}
		a.close(start)
	}
	at := func(v string) *time.Time {
		parsed, err := time.Parse(time.RFC3339Nano, v)
		require.NoError(t, err)
		return &parsed
	}
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	large := bytes.Repeat(allBytes, 32<<10)
	many := make([]*int64, 10_000)
	for i := range many {
		many[i] = new(int64(i))
	}
	id := uuid{0, 1, 0xab, 15: 0xff}

	t.Run("no elements", checkArray(db, oidText, "text", add))
	t.Run("text", checkArray(db, oidText, "text", add, new(""), new("NULL"), new(`{"ä",}\`), new(" '"),
		new(strings.Repeat("x", 1<<20))))
	t.Run("text with nulls", checkArray(db, oidText, "text", add, nil, new("a"), nil))
	t.Run("only null", checkArray(db, oidText, "text", add, nil))
	t.Run("many", checkArray(db, oidInt8, "bigint", (*array).addInt, many...))
	t.Run("text in pieces", checkArray(db, oidText, "text", inPieces, new("abc"), new(""), new("d")))
	t.Run("bytes", checkArray(db, oidBytea, "bytea", addBytes, new([]byte{}), new([]byte{0}), &allBytes, nil, &large))
	t.Run("booleans", checkArray(db, oidBool, "boolean", (*array).addBool, new(true), nil, new(false)))
	t.Run("integers", checkArray(db, oidInt8, "bigint", (*array).addInt, new(int64(0)), new(int64(-1)),
		new(int64(math.MinInt64)), nil, new(int64(math.MaxInt64))))
	decimal := func(a *array, v string) { require.NoError(t, addDecimal(a, v)) }
	t.Run("decimals", checkArray(db, oidNumeric, "numeric", decimal, new("0"), new("0.00"), new("-0.01"), nil, new("7"),
		new("12.50"), new("-1234.5"), new("12345.678"), new("10000"), new("100000000.00001"), new("0.000000000000000001"),
		new("-0.000100020000"), new("9999.9999"), new(strings.Repeat("9", 38)), new("-"+strings.Repeat("9", 20)+"."+
			strings.Repeat("9", 18)), new("1"+strings.Repeat("0", 37))))
	t.Run("UUIDs", checkArray(db, oidUUID, "uuid", (*array).addUUID, &id, new(uuid{}), nil))
	t.Run("times", func(t *testing.T) {
		a := newArrays(oidTime)
		values := []*time.Time{at("2000-01-01T00:00:00Z"), at("2026-03-01T12:34:56.789012+05:30"),
			at("1970-01-01T00:00:00Z"),
			at("1999-12-31T23:59:59.999999Z"), nil, at("0001-01-01T00:00:00.000001Z"),
			at("9999-12-31T23:59:59.999999Z")}
		for _, v := range values {
			if v == nil {
				v = new(time.Time) // the zero time is null
			}
			a[0].addTime(*v)
		}
		got := readBack[time.Time](t, db, "timestamptz", a[0].bytes())
		require.Len(t, got, len(values))
		for i, want := range values {
			if want == nil {
				require.Nil(t, got[i], i)
				continue
			}
			require.True(t, want.Equal(*got[i]), "%v is read as %v", want, got[i])
		}
	})
}

func TestNoDecimal(t *testing.T) {
	for _, text := range []string{"NaN", "1e3", "+1", "1.2.3", " 1", "--1", "1,5"} {
		a := &newArrays(oidNumeric)[0]
		a.reset()
		require.Error(t, addDecimal(a, text), text)
	}
}

// TestArrays gives a statement several arrays of different types, again after a reset, and lists of IDs.
func TestArrays(t *testing.T) {
	t.Parallel()
	db := connect(t)
	rows := newArrays(oidInt8, oidText)
	for round := range 3 {
		rows.reset()
		for i := range round {
			rows[0].addInt(int64(i))
			rows[1].add(strings.Repeat("x", i))
		}
		var n, length int
		require.NoError(t,
			db.QueryRowContext(t.Context(),
				`SELECT count(*), coalesce(sum(length(b)), 0) FROM unnest($1::bigint[], $2::text[]) AS x(a, b)
			WHERE length(b) = a`, rows.args()...).Scan(&n, &length))
		require.Equal(t, round, n)
		require.Equal(t, max(0, round-1), length)
	}
	require.Empty(t, readBack[int64](t, db, "bigint", intArray(nil)))
	require.Equal(t, []*int64{new(int64(7)), new(int64(-7))},
		readBack[int64](t, db, "bigint", intArray([]int64{7, -7})))
	require.Empty(t, readBack[uuid](t, db, "uuid", uuidArray(nil)))
	require.Equal(t, []*uuid{{1}, {2}}, readBack[uuid](t, db, "uuid", uuidArray([]uuid{{1}, {2}})))
}
