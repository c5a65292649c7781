// Package uuid makes and reads the IDs of webhooks: a prefix and a UUID, version 7, in 32 lower-case digits.
package uuid

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// New returns a new ID. IDs of later milliseconds are greater.
func New(prefix string, now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return Format(prefix, b)
}

// Parse returns the UUID of an ID, and reports whether it is an ID with the prefix. The version isn't looked at.
func Parse(prefix, id string) (uuid [16]byte, ok bool) {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || len(digits) != 2*len(uuid) || strings.ToLower(digits) != digits {
		return [16]byte{}, false
	}
	if _, err := hex.Decode(uuid[:], []byte(digits)); err != nil {
		return [16]byte{}, false
	}
	return uuid, true
}

// Format is the inverse of [Parse].
func Format(prefix string, uuid [16]byte) string { return prefix + hex.EncodeToString(uuid[:]) }
