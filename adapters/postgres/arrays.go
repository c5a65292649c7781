package postgres

import "encoding/binary"

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
	oidText     = 25
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

// open begins an element whose text is appended to buf, and close ends it.
func (a *array) open() (start int) {
	a.buf = append(a.buf, 0, 0, 0, 0)
	a.n++
	return len(a.buf)
}

func (a *array) close(start int) {
	binary.BigEndian.PutUint32(a.buf[start-4:], uint32(len(a.buf)-start))
}

// bytes returns the parameter, valid until the next reset.
func (a *array) bytes() []byte {
	oid := a.oid
	if oid == 0 {
		oid = oidText
	}
	for i, v := range []uint32{1, a.nulls, oid, a.n, 1} { // dimensions, any nulls, type, length, first index
		binary.BigEndian.PutUint32(a.buf[4*i:], v)
	}
	return a.buf
}
