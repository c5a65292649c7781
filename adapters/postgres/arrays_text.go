package postgres

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// arrayValue is an array as a parameter, as array makes it. A connection that sends parameters as text, as one may of a
// pool that exists, gets it as PostgreSQL prints arrays.
type arrayValue []byte

// BinaryValue is what the driver sends to a server that is told of binary parameters.
func (v arrayValue) BinaryValue() ([]byte, error) { return v, nil }

// Value is what the driver sends as text.
func (v arrayValue) Value() (driver.Value, error) {
	to := append(make([]byte, 0, 2*len(v)), '{')
	err := v.each(func(oid uint32, element []byte) (err error) {
		if len(to) > 1 {
			to = append(to, ',')
		}
		if element == nil {
			to = append(to, "NULL"...)
			return nil
		}
		start := len(to) + 1
		if to, err = appendElement(append(to, '"'), oid, element); err == nil {
			to = append(escaped(to, start), '"')
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return string(append(to, '}')), nil
}

// What stands between elements that are joined, and for null.
const (
	joinedBy   = '\x1f'
	joinedNull = '\x1e'
)

// joined returns the elements as string_to_array takes them apart, which is quicker for the server than to read an
// array. ok is false where it would give others.
func (v arrayValue) joined() (text string, ok bool) {
	to := make([]byte, 0, len(v))
	first := true
	err := v.each(func(oid uint32, element []byte) (err error) {
		if !first {
			to = append(to, joinedBy)
		}
		first = false
		switch {
		case element == nil:
			to = append(to, joinedNull)
		case oid == oidText && (bytes.IndexByte(element, joinedBy) >= 0 || bytes.IndexByte(element, joinedNull) >= 0):
			return errNotJoined
		default:
			to, err = appendElement(to, oid, element)
		}
		return err
	})
	return textIn(to), err == nil && len(to) > 0 // of an empty text it would make no element
}

var errNotJoined = errors.New("postgres: an element has what stands between elements")

// each calls do with each element in the binary format, nil for null, until it returns an error.
func (v arrayValue) each(do func(oid uint32, element []byte) error) error {
	oid := binary.BigEndian.Uint32(v[8:12])
	for rest := v[arrayHeader:]; len(rest) > 0; {
		size := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		if size == null {
			if err := do(oid, nil); err != nil {
				return err
			}
			continue
		}
		if err := do(oid, rest[:size:size]); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

// escaped has a backslash before what needs one behind the start.
func escaped(to []byte, start int) []byte {
	if bytes.IndexByte(to[start:], '"') < 0 && bytes.IndexByte(to[start:], '\\') < 0 {
		return to
	}
	text := bytes.Clone(to[start:])
	to = to[:start]
	for _, c := range text {
		if c == '"' || c == '\\' {
			to = append(to, '\\')
		}
		to = append(to, c)
	}
	return to
}

// appendElement appends an element as PostgreSQL reads it.
func appendElement(to []byte, oid uint32, b []byte) ([]byte, error) {
	switch oid {
	case oidText:
		return append(to, b...), nil
	case oidBool:
		return strconv.AppendBool(to, b[0] != 0), nil
	case oidInt8:
		return strconv.AppendInt(to, int64(binary.BigEndian.Uint64(b)), 10), nil
	case oidBytea:
		return hex.AppendEncode(append(to, `\x`...), b), nil
	case oidUUID:
		return hex.AppendEncode(to, b), nil
	case oidDate:
		return time.UnixMicro(epoch).UTC().AddDate(0, 0, int(int32(binary.BigEndian.Uint32(b)))).
			AppendFormat(to, time.DateOnly), nil
	case oidTime:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(b))+epoch).UTC().AppendFormat(to, time.RFC3339Nano), nil
	case oidNumeric:
		return appendNumeric(to, b), nil
	}
	return nil, fmt.Errorf("postgres: elements of the type %d can't be sent as text", oid)
}

// appendNumeric reads what addDecimal writes: the number of groups of four digits, the weight of the first, the sign,
// how many decimals there are, and the groups.
func appendNumeric(to, b []byte) []byte {
	n, weight := int(binary.BigEndian.Uint16(b)), int(int16(binary.BigEndian.Uint16(b[2:])))
	decimals := int(binary.BigEndian.Uint16(b[6:]))
	digits := func(to []byte, i int) []byte { // of the group whose weight is i
		v := uint16(0)
		if at := weight - i; at >= 0 && at < n {
			v = binary.BigEndian.Uint16(b[8+2*at:])
		}
		return append(to, byte('0'+v/1000), byte('0'+v/100%10), byte('0'+v/10%10), byte('0'+v%10))
	}
	if binary.BigEndian.Uint16(b[4:]) != 0 {
		to = append(to, '-')
	}
	for i := max(weight, 0); i >= 0; i-- {
		to = digits(to, i)
	}
	if decimals == 0 {
		return to
	}
	to = append(to, '.')
	end := len(to) + decimals
	for i := -1; len(to) < end; i-- {
		to = digits(to, i)
	}
	return to[:end]
}
