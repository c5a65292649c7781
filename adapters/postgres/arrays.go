package postgres

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// array builds a parameter for an array type in PostgreSQL's binary format: a header, and each element with its length
// before it. Unlike the text format it needs no quoting, on neither side.
type array struct {
	buf   []byte
	n     uint32
	nulls uint32
	oid   uint32 // of the element type; 0 is text
}

const (
	arrayHeader = 20
	oidBool     = 16
	oidBytea    = 17
	oidInt8     = 20
	oidText     = 25
	oidDate     = 1082
	oidTime     = 1184 // with time zone
	oidNumeric  = 1700
	oidUUID     = 2950
	null        = 1<<32 - 1
)

func (a *array) reset() {
	if a.buf == nil {
		a.buf = make([]byte, arrayHeader, 4<<10)
	}
	a.buf, a.n, a.nulls = a.buf[:arrayHeader], 0, 0
}

func (a *array) add(s string) {
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(len(s)))
	a.buf = append(a.buf, s...)
	a.n++
}

func (a *array) addNull() {
	a.buf = binary.BigEndian.AppendUint32(a.buf, null)
	a.n++
	a.nulls = 1
}

func (a *array) addBool(v bool) {
	a.buf = append(a.buf, 0, 0, 0, 1, 0)
	if v {
		a.buf[len(a.buf)-1] = 1
	}
	a.n++
}

func (a *array) addInt(v int64) {
	a.buf = binary.BigEndian.AppendUint64(append(a.buf, 0, 0, 0, 8), uint64(v))
	a.n++
}

// addDays adds a date, as the days since PostgreSQL's epoch.
func (a *array) addDays(v int32) {
	a.buf = binary.BigEndian.AppendUint32(append(a.buf, 0, 0, 0, 4), uint32(v))
	a.n++
}

// epoch is where PostgreSQL's times begin, in microseconds.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// addTime adds null for the zero time.
func (a *array) addTime(t time.Time) {
	if t.IsZero() {
		a.addNull()
		return
	}
	a.addInt(t.UnixMicro() - epoch)
}

func (a *array) addUUID(id uuid) {
	a.buf = append(append(a.buf, 0, 0, 0, 16), id[:]...)
	a.n++
}

// open begins an element whose value is appended to buf, and close ends it.
func (a *array) open() (start int) {
	a.buf = append(a.buf, 0, 0, 0, 0)
	a.n++
	return len(a.buf)
}

func (a *array) close(start int) {
	binary.BigEndian.PutUint32(a.buf[start-4:], uint32(len(a.buf)-start))
}

// bytes returns the parameter, valid until the next reset.
func (a *array) bytes() arrayValue {
	oid := a.oid
	if oid == 0 {
		oid = oidText
	}
	for i, v := range []uint32{1, a.nulls, oid, a.n, 1} { // dimensions, any nulls, type, length, first index
		binary.BigEndian.PutUint32(a.buf[4*i:], v)
	}
	return a.buf
}

// arrays are the parameters of a statement that unnests them.
type arrays []array

// newArrays returns empty arrays of these types.
func newArrays(oids ...uint32) arrays {
	as := make(arrays, len(oids))
	for i, oid := range oids {
		as[i] = array{oid: oid, buf: make([]byte, arrayHeader, 64)} // most have a few elements
	}
	return as
}

func (as arrays) reset() {
	for i := range as {
		as[i].reset()
	}
}

// args returns the parameters, valid until the next reset.
func (as arrays) args() []any {
	args := make([]any, len(as))
	for i := range as {
		args[i] = as[i].bytes()
	}
	return args
}

// uuidArray is an array of these.
func uuidArray(ids []uuid) arrayValue {
	a := array{oid: oidUUID, buf: make([]byte, arrayHeader, arrayHeader+20*len(ids))}
	for _, id := range ids {
		a.addUUID(id)
	}
	return a.bytes()
}

// intArray is an array of bigint.
func intArray(vs []int64) arrayValue {
	a := array{oid: oidInt8, buf: make([]byte, arrayHeader, arrayHeader+12*len(vs))}
	for _, v := range vs {
		a.addInt(v)
	}
	return a.bytes()
}

// parseInts appends the numbers of an array as PostgreSQL prints it: {1,2,3}.
func parseInts(to []int64, array string) ([]int64, error) {
	array = strings.Trim(array, "{}")
	for len(array) > 0 {
		var item string
		item, array, _ = strings.Cut(array, ",")
		n, err := strconv.ParseInt(item, 10, 64)
		if err != nil {
			return nil, err
		}
		to = append(to, n)
	}
	return to, nil
}

// formatInts is the inverse of parseInts.
func formatInts(vs []int64) string {
	to := []byte{'{'}
	for i, v := range vs {
		if i > 0 {
			to = append(to, ',')
		}
		to = strconv.AppendInt(to, v, 10)
	}
	return string(append(to, '}'))
}
