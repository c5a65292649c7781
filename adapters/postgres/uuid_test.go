package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks/driver"
)

func TestUUID(t *testing.T) {
	db := connect(t)
	for _, id := range []string{driver.NewID("evt_", time.Now()), "evt_" + strings.Repeat("0", 32),
		"evt_00112233445566778899aabbccddeeff",
		"evt_" + strings.Repeat("f", 32)} {
		u, ok := parseUUID("evt_", id)
		require.True(t, ok, id)
		require.Equal(t, u, mustUUID("evt_", id))
		require.Equal(t, id, u.id("evt_"))
		var got uuid
		var text string
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT $1::uuid, replace($1::uuid::text, '-', '')`,
			u).Scan(&got, &text))
		require.Equal(t, u, got)
		require.Equal(t, id, "evt_"+text)
	}
	digits := strings.Repeat("a", 32)
	for _, id := range []string{"", "evt_", digits, "ep_" + digits, "evt_" + digits[1:], "evt_" + digits + "a", "evt_" +
		digits[1:] + "A",
		"evt_" + digits[1:] + "g", "evt_" + digits[1:] + "\x00", "evt_aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", " evt_" +
			digits} {
		_, ok := parseUUID("evt_", id)
		require.False(t, ok, "%q", id)
		require.Panics(t, func() { mustUUID("evt_", id) }, "%q", id)
	}
	for _, value := range []any{nil, "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", []byte("aaaaaaaa"),
		[]byte("gggggggg-aaaa-aaaa-aaaa-aaaaaaaaaaaa")} {
		require.Error(t, new(uuid).Scan(value), "%q", value)
	}
}
