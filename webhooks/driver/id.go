package driver

import (
	"time"

	"github.com/products-importer/products-importer/webhooks/internal/uuid"
)

// NewID returns the prefix and a new UUID, version 7, in 32 lower-case digits: IDs of later milliseconds are greater.
// Stores make the IDs of claims with it.
func NewID(prefix string, now time.Time) string { return uuid.New(prefix, now) }

// ParseID returns the UUID of an ID, and reports whether it is one that [NewID] could have made with the prefix. It is
// for stores that keep IDs in 16 bytes.
func ParseID(prefix, id string) (uuid16 [16]byte, ok bool) { return uuid.Parse(prefix, id) }

// FormatID is the inverse of [ParseID].
func FormatID(prefix string, uuid16 [16]byte) string { return uuid.Format(prefix, uuid16) }
