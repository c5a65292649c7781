package webhooks_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestParseSealer(t *testing.T) {
	text := func(k byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{k}, 32)) }
	private := webhooks.Private{Token: "t"}
	for _, test := range []struct {
		keys   string
		sealed *webhooks.Sealer
	}{
		{text(1), sealer(t, 1)}, {text(2) + ", " + text(1) + "\n", sealer(t, 1)}, {text(2) + "," + text(1), sealer(t, 2)},
	} {
		stored, err := private.Pack(test.sealed, "ep_1")
		require.NoError(t, err)
		parsed, err := webhooks.ParseSealer(test.keys)
		require.NoError(t, err)
		got, err := webhooks.UnpackPrivate(parsed, "ep_1", stored)
		require.NoError(t, err)
		require.Equal(t, private, got)
		stored, err = private.Pack(parsed, "ep_1")
		require.NoError(t, err)
		first, err := webhooks.ParseSealer(test.keys[:len(text(1))])
		require.NoError(t, err)
		_, err = webhooks.UnpackPrivate(first, "ep_1", stored)
		require.NoError(t, err, "the first key seals")
	}
	for keys, says := range map[string]string{
		"": "32 bytes, not 0", "c2hvcnQ=": "32 bytes, not 5", "hunter2!": "key 1 of 1", text(1) + ",hunter2!": "key 2 of 2", text(1) + ",": "32 bytes, not 0",
	} {
		_, err := webhooks.ParseSealer(keys)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
