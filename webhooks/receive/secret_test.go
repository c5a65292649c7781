package receive_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks/receive"
)

func TestSecrets(t *testing.T) {
	s := receive.NewSecret()
	require.True(t, strings.HasPrefix(s.Reveal(), "whsec_"))
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	require.NoError(t, err)
	require.Len(t, key, 32)
	require.NotEqual(t, s, receive.NewSecret())
	again, err := receive.ParseSecret(s.Reveal())
	require.NoError(t, err)
	require.Equal(t, s, again)

	for length, ok := range map[int]bool{0: false, 23: false, 24: true, 64: true, 65: false} {
		text := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, length))
		_, err := receive.ParseSecret(text)
		require.Equal(t, ok, err == nil, "%d bytes", length)
	}
	for _, bad := range []string{"", "whsec_", strings.TrimPrefix(s.Reveal(), "whsec_"), s.Reveal() + "\n",
		s.Reveal()[:30] + "\r\n" + s.Reveal()[30:], "whsec_%%%"} {
		_, err := receive.ParseSecret(bad)
		require.ErrorIs(t, err, receive.ErrSecret, "%q", bad)
	}
}

// TestSecretsDoNotShow prints a secret in every way.
func TestSecretsDoNotShow(t *testing.T) {
	s := receive.NewSecret()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s)
	for _, v := range []any{s, &s, []receive.Secret{s}, struct{ S receive.Secret }{s}} {
		asJSON, err := json.Marshal(v)
		require.NoError(t, err)
		log.Write(asJSON)
		fmt.Fprintf(&log, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
	}
	fmt.Fprint(&log, s.String())
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	require.NoError(t, err)
	for _, secret := range []string{s.Reveal()[6:], string(key), fmt.Sprintf("%x", key), fmt.Sprint(key)[1:20]} {
		require.NotContains(t, log.String(), secret)
	}
	require.Contains(t, log.String(), "[redacted]")
}

func TestSignAsTheStandardDoes(t *testing.T) {
	s := receive.NewSecret()
	now := time.Now()
	official, err := standardwebhooks.NewWebhook(s.Reveal())
	require.NoError(t, err)
	for _, body := range []string{"", "{}", strings.Repeat("x", 100_000)} {
		theirs, err := official.Sign("evt_1", now, []byte(body))
		require.NoError(t, err)
		require.Equal(t, theirs, s.Sign("evt_1", now, []byte(body)))
		header := signed("evt_1", now, body, receive.NewSecret(), s)
		require.NoError(t, official.Verify([]byte(body), header), "the official verifier takes it")
	}
}
