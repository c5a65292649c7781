package webhooks_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestSecrets(t *testing.T) {
	s := webhooks.NewSecret()
	require.True(t, strings.HasPrefix(s.Reveal(), "whsec_"))
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	require.NoError(t, err)
	require.Len(t, key, 32)
	require.NotEqual(t, s, webhooks.NewSecret())
	again, err := webhooks.ParseSecret(s.Reveal())
	require.NoError(t, err)
	require.Equal(t, s, again)

	for length, ok := range map[int]bool{0: false, 23: false, 24: true, 64: true, 65: false} {
		text := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, length))
		_, err := webhooks.ParseSecret(text)
		require.Equal(t, ok, err == nil, "%d bytes", length)
	}
	for _, bad := range []string{"", "whsec_", strings.TrimPrefix(s.Reveal(), "whsec_"), s.Reveal() + "\n", s.Reveal()[:30] + "\r\n" + s.Reveal()[30:], "whsec_%%%"} {
		_, err := webhooks.ParseSecret(bad)
		require.ErrorIs(t, err, webhooks.ErrSecret, "%q", bad)
	}
}

// TestSecretsDoNotShow prints an endpoint in every way.
func TestSecretsDoNotShow(t *testing.T) {
	e := endpoint("https://example.com")
	e.Token, e.Headers = "the-bearer-token", webhooks.Headers{"X-Key": "header-value"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "e", e, "s", e.Secrets[0], "secret", e.Secrets[0].Secret, "t", e.Token, "h", e.Headers)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "e", e, "s", e.Secrets[0], "secret", e.Secrets[0].Secret, "t", e.Token, "h", e.Headers)
	for _, v := range []any{e, &e, e.Private, e.Secrets, e.Secrets[0], e.Secrets[0].Secret, e.Token, e.Headers} {
		asJSON, err := json.Marshal(v)
		require.NoError(t, err)
		log.Write(asJSON)
		fmt.Fprintf(&log, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
	}
	fmt.Fprint(&log, e.Secrets[0].String(), e.Token.String(), e.Headers.String())
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(e.Secrets[0].Reveal(), "whsec_"))
	for _, secret := range []string{e.Secrets[0].Reveal()[6:], string(key), fmt.Sprintf("%x", key), fmt.Sprint(key)[1:20],
		"the-bearer-token", fmt.Sprintf("%x", "the-bearer-token"), "header-value", fmt.Sprintf("%x", "header-value")} {
		require.NotContains(t, log.String(), secret)
	}
	require.Contains(t, log.String(), "[redacted]")
	require.Contains(t, log.String(), "X-Key", "the names of headers are no secret")
	require.Equal(t, "the-bearer-token", string(e.Token), "whoever needs it has it")
}

func TestRotate(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b, c, d := webhooks.NewSecret(), webhooks.NewSecret(), webhooks.NewSecret(), webhooks.NewSecret()
	p := webhooks.Private{Secrets: []webhooks.LiveSecret{{Secret: a}}}
	require.NoError(t, p.Rotate(now, b, 24*time.Hour))
	require.Equal(t, []webhooks.Secret{b, a}, p.Live(now.Add(24*time.Hour-1)), "the newest first")
	require.Equal(t, []webhooks.Secret{b}, p.Live(now.Add(24*time.Hour)), "the grace is over")

	require.NoError(t, p.Rotate(now.Add(time.Hour), c, webhooks.MaxGrace))
	require.Equal(t, []webhooks.Secret{c, b, a}, p.Live(now.Add(time.Hour)))
	require.Equal(t, []webhooks.Secret{c, b}, p.Live(now.Add(25*time.Hour)), "an earlier grace ends as it was to end")
	require.NoError(t, p.Rotate(now.Add(2*time.Hour), d, time.Hour))
	require.Equal(t, []webhooks.Secret{d, c, b}, p.Live(now.Add(2*time.Hour)), "at most three")

	require.NoError(t, p.Rotate(now.Add(2*time.Hour), a, 0))
	require.Equal(t, []webhooks.Secret{a, c, b}, p.Live(now.Add(2*time.Hour)), "no grace: it ends at once")
	require.NoError(t, p.Rotate(now.Add(2*time.Hour), a, time.Hour))
	require.Equal(t, []webhooks.Secret{a, c, b}, p.Live(now.Add(2*time.Hour)), "no secret is there twice")
	require.Error(t, p.Rotate(now, b, -1))
	require.Error(t, p.Rotate(now, b, webhooks.MaxGrace+1))
}

// signed makes the headers of a message.
func signed(id string, at time.Time, body string, secrets ...webhooks.Secret) http.Header {
	h := http.Header{webhooks.HeaderID: {id}, webhooks.HeaderTimestamp: {strconv.FormatInt(at.Unix(), 10)}}
	for _, s := range secrets {
		h.Set(webhooks.HeaderSignature, strings.TrimSpace(h.Get(webhooks.HeaderSignature)+" "+s.Sign(id, at, []byte(body))))
	}
	return h
}

func TestSignAsTheStandardDoes(t *testing.T) {
	s := webhooks.NewSecret()
	now := time.Now()
	official, err := standardwebhooks.NewWebhook(s.Reveal())
	require.NoError(t, err)
	for _, body := range []string{"", "{}", strings.Repeat("x", 100_000)} {
		theirs, err := official.Sign("evt_1", now, []byte(body))
		require.NoError(t, err)
		require.Equal(t, theirs, s.Sign("evt_1", now, []byte(body)))
		requireSigned(t, s, signed("evt_1", now, body, webhooks.NewSecret(), s), []byte(body))
	}
}

func TestVerify(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	mine, other := webhooks.NewSecret(), webhooks.NewSecret()
	v, err := webhooks.NewVerifier(webhooks.VerifierOptions{Tolerance: time.Minute, Now: func() time.Time { return now }}, webhooks.NewSecret(), mine)
	require.NoError(t, err)
	with := func(h http.Header, name, value string) http.Header {
		h = h.Clone()
		h.Set(name, value)
		return h
	}
	good := signed("evt_1", now, "{}", mine)
	for _, test := range []struct {
		name   string
		header http.Header
		body   string
		want   error
	}{
		{"signed", good, "{}", nil},
		{"by one of several", signed("evt_1", now, "{}", other, mine), "{}", nil},
		{"at the edge of the past", signed("evt_1", now.Add(-time.Minute), "{}", mine), "{}", nil},
		{"at the edge of the future", signed("evt_1", now.Add(time.Minute), "{}", mine), "{}", nil},
		{"of a version to come too", with(good, webhooks.HeaderSignature, "v2,abc "+good.Get(webhooks.HeaderSignature)), "{}", nil},
		{"too old", signed("evt_1", now.Add(-61*time.Second), "{}", mine), "{}", webhooks.ErrTimestamp},
		{"too new", signed("evt_1", now.Add(61*time.Second), "{}", mine), "{}", webhooks.ErrTimestamp},
		{"by another", signed("evt_1", now, "{}", other), "{}", webhooks.ErrSignature},
		{"another body", good, "{ }", webhooks.ErrSignature},
		{"another ID", with(good, webhooks.HeaderID, "evt_2"), "{}", webhooks.ErrSignature},
		{"another time", with(good, webhooks.HeaderTimestamp, strconv.FormatInt(now.Unix()+1, 10)), "{}", webhooks.ErrSignature},
		{"no time", with(good, webhooks.HeaderTimestamp, "now"), "{}", webhooks.ErrSignature},
		{"a time beyond all", with(good, webhooks.HeaderTimestamp, "99999999999999999999"), "{}", webhooks.ErrSignature},
		{"no ID", with(good, webhooks.HeaderID, ""), "{}", webhooks.ErrSignature},
		{"no signature", with(good, webhooks.HeaderSignature, ""), "{}", webhooks.ErrSignature},
		{"no version", with(good, webhooks.HeaderSignature, strings.TrimPrefix(good.Get(webhooks.HeaderSignature), "v1,")), "{}", webhooks.ErrSignature},
		{"half a signature", with(good, webhooks.HeaderSignature, good.Get(webhooks.HeaderSignature)[:20]), "{}", webhooks.ErrSignature},
		{"nothing", http.Header{}, "", webhooks.ErrSignature},
	} {
		t.Run(test.name, func(t *testing.T) { require.ErrorIs(t, v.Verify(test.header, []byte(test.body)), test.want) })
	}
	_, err = webhooks.NewVerifier(webhooks.VerifierOptions{})
	require.ErrorContains(t, err, "secret")
	_, err = webhooks.NewVerifier(webhooks.VerifierOptions{}, webhooks.Secret{})
	require.ErrorIs(t, err, webhooks.ErrSecret)
	_, err = webhooks.NewVerifier(webhooks.VerifierOptions{Tolerance: time.Millisecond}, mine)
	require.ErrorContains(t, err, "Tolerance")
}

func TestRead(t *testing.T) {
	s := webhooks.NewSecret()
	v, err := webhooks.NewVerifier(webhooks.VerifierOptions{}, s)
	require.NoError(t, err)
	read := func(id, body string) (*webhooks.Message, error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header = signed(id, time.Now(), body, s)
		return v.Read(r)
	}
	e := event(`{"products":[{"id":1}]}`)
	m, err := read(e.ID, string(e.AppendBody(nil)))
	require.NoError(t, err)
	require.Equal(t, e.ID, m.ID)
	require.Equal(t, webhooks.ProductCreated, m.Type)
	require.True(t, e.Time.Equal(m.Timestamp))
	require.JSONEq(t, `{"products":[{"id":1}]}`, string(m.Data))

	_, err = read("evt_1", string(e.AppendBody(nil)))
	require.ErrorIs(t, err, webhooks.ErrMessage, "another ID in the header")
	_, err = read("evt_1", "no JSON")
	require.ErrorIs(t, err, webhooks.ErrMessage)
	_, err = read("evt_1", strings.Repeat(" ", webhooks.MaxBody+1))
	require.ErrorIs(t, err, webhooks.ErrMessage)
	require.ErrorContains(t, err, "longer")
}

func FuzzVerify(f *testing.F) {
	s, err := webhooks.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)))
	require.NoError(f, err)
	now := time.Unix(1_700_000_000, 0)
	f.Add("evt_1", "1700000000", s.Sign("evt_1", now, []byte("{}")), []byte("{}"))
	f.Add("evt_1", "17e8", "v1,x v1, ,", []byte(""))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		v, err := webhooks.NewVerifier(webhooks.VerifierOptions{Now: func() time.Time { return now }}, s)
		require.NoError(t, err)
		h := http.Header{webhooks.HeaderID: {id}, webhooks.HeaderTimestamp: {timestamp}, webhooks.HeaderSignature: {signature}}
		if v.Verify(h, body) == nil {
			seconds, err := strconv.ParseInt(timestamp, 10, 64)
			require.NoError(t, err)
			if strconv.FormatInt(seconds, 10) == timestamp {
				require.Contains(t, signature, s.Sign(id, time.Unix(seconds, 0), body), "what is taken was signed")
			}
		}
	})
}
