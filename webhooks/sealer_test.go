package webhooks_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestSealer(t *testing.T) {
	key := func(k byte) []byte { return bytes.Repeat([]byte{k}, 32) }
	one, err := webhooks.NewSealer(key(1))
	require.NoError(t, err)
	two, err := webhooks.NewSealer(key(2), key(1))
	require.NoError(t, err)
	sealed := one.Seal([]byte("text"), "ep_1")
	require.NotContains(t, string(sealed), "text")
	require.NotEqual(t, sealed, one.Seal([]byte("text"), "ep_1"), "the same is never sealed the same way")
	for _, s := range []*webhooks.Sealer{one, two} {
		plain, err := s.Open(sealed, "ep_1")
		require.NoError(t, err)
		require.Equal(t, "text", string(plain))
	}
	_, err = one.Open(sealed, "ep_2")
	require.Error(t, err, "another context")
	_, err = one.Open(two.Seal([]byte("text"), "ep_1"), "ep_1")
	require.Error(t, err, "the first key seals")
	_, err = one.Open(sealed[:10], "ep_1")
	require.Error(t, err, "cut off")

	_, err = webhooks.NewSealer(make([]byte, 31))
	require.ErrorContains(t, err, "32 bytes")
	_, err = webhooks.NewSealer(make([]byte, 32), nil)
	require.ErrorContains(t, err, "32 bytes")
}

func TestParseSealer(t *testing.T) {
	text := func(k byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{k}, 32)) }
	sealer := func(k byte) *webhooks.Sealer {
		s, err := webhooks.NewSealer(bytes.Repeat([]byte{k}, 32))
		require.NoError(t, err)
		return s
	}
	for _, test := range []struct {
		keys  string
		seals *webhooks.Sealer
	}{
		{text(1), sealer(1)}, {text(2) + ", " + text(1) + "\n", sealer(2)}, {text(2) + "," + text(1), sealer(2)},
	} {
		parsed, err := webhooks.ParseSealer(test.keys)
		require.NoError(t, err)
		_, err = parsed.Open(sealer(1).Seal([]byte("text"), "ep_1"), "ep_1")
		require.NoError(t, err, "earlier keys open")
		_, err = test.seals.Open(parsed.Seal([]byte("text"), "ep_1"), "ep_1")
		require.NoError(t, err, "the first key seals")
	}
	for keys, says := range map[string]string{
		"": "32 bytes, not 0", "c2hvcnQ=": "32 bytes, not 5", "hunter2!": "key 1 of 1", text(1) +
			",hunter2!": "key 2 of 2", text(1) + ",": "32 bytes, not 0",
	} {
		_, err := webhooks.ParseSealer(keys)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
