package postgres

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strings"
)

// uuid is an ID of package webhooks without its prefix.
type uuid [16]byte

// parseUUID reads the prefix and 32 hexadecimal digits, in lower case.
func parseUUID(prefix, id string) (u uuid, ok bool) {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || len(digits) != 2*len(u) || strings.ToLower(digits) != digits {
		return uuid{}, false
	}
	_, err := hex.Decode(u[:], []byte(digits))
	return u, err == nil
}

// mustUUID is parseUUID of an ID that this package has made.
func mustUUID(prefix, id string) uuid {
	u, ok := parseUUID(prefix, id)
	if !ok {
		panic("postgres: not an ID: " + id)
	}
	return u
}

// id is the inverse of parseUUID.
func (u uuid) id(prefix string) string { return prefix + hex.EncodeToString(u[:]) }

// Scan reads what PostgreSQL prints.
func (u *uuid) Scan(value any) error {
	text, ok := value.([]byte)
	if !ok || len(text) != 36 {
		return fmt.Errorf("postgres: %v is not a UUID", value)
	}
	digits := append(make([]byte, 0, 2*len(u)), text[:8]...)
	for _, group := range [][2]int{{9, 13}, {14, 18}, {19, 23}, {24, 36}} {
		digits = append(digits, text[group[0]:group[1]]...)
	}
	_, err := hex.Decode(u[:], digits)
	return err
}

// Value gives what PostgreSQL reads.
func (u uuid) Value() (driver.Value, error) { return hex.EncodeToString(u[:]), nil }
