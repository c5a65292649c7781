package postgres

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"

	hooks "github.com/products-importer/products-importer/webhooks/driver"
)

// uuid is an ID of package webhooks without its prefix.
type uuid [16]byte

// parseUUID returns the ID without its prefix, and reports whether it is an ID of webhooks.
func parseUUID(prefix, id string) (u uuid, ok bool) { return hooks.ParseID(prefix, id) }

// mustUUID is parseUUID of an ID that this package has made.
func mustUUID(prefix, id string) uuid {
	u, ok := parseUUID(prefix, id)
	if !ok {
		panic("postgres: not an ID: " + id)
	}
	return u
}

// id is the inverse of parseUUID.
func (u uuid) id(prefix string) string { return hooks.FormatID(prefix, u) }

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
