package webhooks_test

import (
	"encoding/base64"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestCursor(t *testing.T) {
	for _, c := range []webhooks.Cursor{{}, {Feed: 1}, {Feed: 7, Place: 300}, {Feed: math.MaxInt64, Place: math.MaxInt64}} {
		got, err := webhooks.ParseCursor(c.String())
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	good := webhooks.Cursor{Feed: 7, Place: 300}.String()
	for i := range good { // whatever was changed in it
		for _, b := range []byte("A_z") {
			if bad := []byte(good); bad[i] != b {
				bad[i] = b
				_, err := webhooks.ParseCursor(string(bad))
				require.ErrorIs(t, err, webhooks.ErrCursor, "%s", bad)
			}
		}
	}
	for _, bad := range []string{"now", "0", good[1:], good + "A", good + "\n", "=" + good,
		base64.RawURLEncoding.EncodeToString(make([]byte, 20)), webhooks.Cursor{Place: 3}.String(),
		webhooks.Cursor{Feed: -1}.String(), webhooks.Cursor{Feed: 1, Place: -1}.String()} {
		_, err := webhooks.ParseCursor(bad)
		require.ErrorIs(t, err, webhooks.ErrCursor, "%q", bad)
	}
}
