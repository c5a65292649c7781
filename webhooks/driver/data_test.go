package driver

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestPacked(t *testing.T) {
	noise := make([]byte, 64<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	plain := func(n int) []byte { return bytes.Repeat([]byte("\x00ab"), n/3+1)[:n] }
	for _, c := range []struct {
		name   string
		data   []byte
		packed bool
	}{
		{"empty", nil, false},
		{"short", plain(packFrom - 1), false},
		{"long enough", plain(packFrom), true},
		{"as large as can be", plain(webhooks.MaxData), true},
		{"not to be packed", noise, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			stored, packed := AppendPacked([]byte("before"), c.data)
			stored, found := bytes.CutPrefix(stored, []byte("before"))
			require.True(t, found, "what stands before stays")
			require.Equal(t, c.packed, packed)
			require.LessOrEqual(t, len(stored), len(c.data))
			got, err := Unpack(stored, packed)
			require.NoError(t, err)
			require.True(t, bytes.Equal(c.data, got))
		})
	}
	for _, damaged := range [][]byte{nil, []byte("\xff"), s2.Encode(nil, plain(packFrom))[:20]} {
		_, err := Unpack(damaged, true)
		require.Error(t, err, "%q", damaged)
	}
	_, err := Unpack(s2.Encode(nil, make([]byte, webhooks.MaxData+1)), true)
	require.ErrorIs(t, err, webhooks.ErrTooLarge, "it is refused before it is unpacked")
}
