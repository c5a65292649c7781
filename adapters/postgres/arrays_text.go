package postgres

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// arrayValue is an array as a parameter, as array makes it. A connection that sends parameters as text, as one may of a
// pool that exists, gets it as PostgreSQL prints arrays.
type arrayValue []byte

// BinaryValue is what the driver sends to a server that is told of binary parameters.
func (v arrayValue) BinaryValue() ([]byte, error) { return v, nil }

// Value is what the driver sends as text.
func (v arrayValue) Value() (driver.Value, error) {
	oid := binary.BigEndian.Uint32(v[8:12])
	to := append(make([]byte, 0, 2*len(v)), '{')
	for rest := v[arrayHeader:]; len(rest) > 0; {
		if len(to) > 1 {
			to = append(to, ',')
		}
		size := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		if size == null {
			to = append(to, "NULL"...)
			continue
		}
		text, err := elementText(oid, rest[:size])
		if err != nil {
			return nil, err
		}
		to = appendElement(to, text)
		rest = rest[size:]
	}
	return string(append(to, '}')), nil
}

// appendElement appends an element of an array.
func appendElement(to []byte, text string) []byte {
	to = append(to, '"')
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			to = append(to, '\\')
		}
		to = append(to, text[i])
	}
	return append(to, '"')
}

// elementText is an element as PostgreSQL reads it.
func elementText(oid uint32, b []byte) (string, error) {
	switch oid {
	case oidText:
		return string(b), nil
	case oidBool:
		return strconv.FormatBool(b[0] != 0), nil
	case oidInt8:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(b)), 10), nil
	case oidBytea:
		return `\x` + hex.EncodeToString(b), nil
	case oidUUID:
		return hex.EncodeToString(b), nil
	case oidDate:
		return time.UnixMicro(epoch).UTC().AddDate(0, 0, int(int32(binary.BigEndian.Uint32(b)))).
			Format(time.DateOnly), nil
	case oidTime:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + epoch).UTC().Format(time.RFC3339Nano), nil
	case oidNumeric:
		return numericText(b), nil
	}
	return "", fmt.Errorf("postgres: elements of the type %d can't be sent as text", oid)
}

// numericText reads what addDecimal writes: the number of groups of four digits, the weight of the first, the sign, how
// many decimals there are, and the groups.
func numericText(b []byte) string {
	const group = 4
	n, weight := int(binary.BigEndian.Uint16(b)), int(int16(binary.BigEndian.Uint16(b[2:])))
	decimals := int(binary.BigEndian.Uint16(b[6:]))
	digit := func(i int) string { // of the group whose weight is i
		at := weight - i
		if at < 0 || at >= n {
			return strings.Repeat("0", group)
		}
		return fmt.Sprintf("%04d", binary.BigEndian.Uint16(b[8+2*at:]))
	}
	var text strings.Builder
	if binary.BigEndian.Uint16(b[4:]) != 0 {
		text.WriteByte('-')
	}
	for i := max(weight, 0); i >= 0; i-- {
		text.WriteString(digit(i))
	}
	if decimals == 0 {
		return text.String()
	}
	var fraction strings.Builder
	for i := -1; fraction.Len() < decimals; i-- {
		fraction.WriteString(digit(i))
	}
	return text.String() + "." + fraction.String()[:decimals]
}
