package webhooks_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// TestSecretsDoNotShow prints an endpoint in every way.
func TestSecretsDoNotShow(t *testing.T) {
	e := endpoint("https://example.com")
	e.Token, e.Headers = "the-bearer-token", webhooks.Headers{"X-Key": "header-value"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "e", e, "s", e.Secrets[0], "secret", e.Secrets[0].Secret, "t",
		e.Token, "h", e.Headers)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "e", e, "s", e.Secrets[0], "secret", e.Secrets[0].Secret, "t",
		e.Token, "h", e.Headers)
	for _, v := range []any{e, &e, e.Credentials, e.Secrets, e.Secrets[0], e.Secrets[0].Secret, e.Token, e.Headers} {
		asJSON, err := json.Marshal(v)
		require.NoError(t, err)
		log.Write(asJSON)
		fmt.Fprintf(&log, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
	}
	fmt.Fprint(&log, e.Secrets[0].String(), e.Token.String(), e.Headers.String())
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(e.Secrets[0].Reveal(), "whsec_"))
	for _, secret := range []string{e.Secrets[0].Reveal()[6:], string(key), fmt.Sprintf("%x", key),
		fmt.Sprint(key)[1:20],
		"the-bearer-token", fmt.Sprintf("%x", "the-bearer-token"), "header-value", fmt.Sprintf("%x", "header-value")} {
		require.NotContains(t, log.String(), secret)
	}
	require.Contains(t, log.String(), "[redacted]")
	require.Contains(t, log.String(), "X-Key", "the names of headers are no secret")
	require.Equal(t, "the-bearer-token", string(e.Token), "whoever needs it has it")
}

func TestRotate(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b, c, d := receive.NewSecret(), receive.NewSecret(), receive.NewSecret(), receive.NewSecret()
	p := webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: a}}}
	require.NoError(t, p.Rotate(now, b, 24*time.Hour))
	require.Equal(t, []receive.Secret{b, a}, p.Live(now.Add(24*time.Hour-1)), "the newest first")
	require.Equal(t, []receive.Secret{b}, p.Live(now.Add(24*time.Hour)), "the grace is over")

	require.NoError(t, p.Rotate(now.Add(time.Hour), c, 7*24*time.Hour))
	require.Equal(t, []receive.Secret{c, b, a}, p.Live(now.Add(time.Hour)))
	require.Equal(t, []receive.Secret{c, b}, p.Live(now.Add(25*time.Hour)), "an earlier grace ends as it was to end")
	require.NoError(t, p.Rotate(now.Add(2*time.Hour), d, time.Hour))
	require.Equal(t, []receive.Secret{d, c, b}, p.Live(now.Add(2*time.Hour)), "at most three")

	require.NoError(t, p.Rotate(now.Add(2*time.Hour), a, 0))
	require.Equal(t, []receive.Secret{a, c, b}, p.Live(now.Add(2*time.Hour)), "no grace: it ends at once")
	require.NoError(t, p.Rotate(now.Add(2*time.Hour), a, time.Hour))
	require.Equal(t, []receive.Secret{a, c, b}, p.Live(now.Add(2*time.Hour)), "no secret is there twice")
	require.Error(t, p.Rotate(now, b, -1))
	require.Error(t, p.Rotate(now, b, 7*24*time.Hour+1))
}
