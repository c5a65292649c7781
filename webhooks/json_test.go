package webhooks_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

// TestAppendJSONString makes strings of what is treated differently, in every order, and reads them again.
func TestAppendJSONString(t *testing.T) {
	parts := []string{"a", "plain text", "12345678", `"`, `\`, "\n", "\t", "\x00", "\x1f", "\x7f", "é", "日本", "\U0001f600",
		"\xff", "\xe9\x80", "\xed\xa0\x80"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var b strings.Builder
		for range rng.IntN(6) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		text := b.String()
		encoded := webhooks.AppendJSONString([]byte("x"), text)
		require.Equal(t, byte('x'), encoded[0], "%q", text)
		var decoded string
		require.NoError(t, json.Unmarshal(encoded[1:], &decoded), "%q", text)
		require.Equal(t, string([]rune(text)), decoded, "%q", text)
	}
	require.Equal(t, `"a\"b\\c\nd\u0009"`, string(webhooks.AppendJSONString(nil, "a\"b\\c\nd\t")))
}
