package receive_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks/receive"
)

// signed makes the headers of a message.
func signed(id string, at time.Time, body string, secrets ...receive.Secret) http.Header {
	h := http.Header{receive.HeaderID: {id}, receive.HeaderTimestamp: {strconv.FormatInt(at.Unix(), 10)}}
	for _, s := range secrets {
		h.Set(receive.HeaderSignature, strings.TrimSpace(h.Get(receive.HeaderSignature)+" "+
			s.Sign(id, at, []byte(body))))
	}
	return h
}

func TestVerify(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	mine, other := receive.NewSecret(), receive.NewSecret()
	v, err := receive.NewVerifier(receive.VerifierOptions{Tolerance: time.Minute,
		Now: func() time.Time { return now }}, receive.NewSecret(), mine)
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
		{"of a version to come too", with(good, receive.HeaderSignature, "v2,abc "+good.Get(receive.HeaderSignature)),
			"{}", nil},
		{"too old", signed("evt_1", now.Add(-61*time.Second), "{}", mine), "{}", receive.ErrTimestamp},
		{"too new", signed("evt_1", now.Add(61*time.Second), "{}", mine), "{}", receive.ErrTimestamp},
		{"by another", signed("evt_1", now, "{}", other), "{}", receive.ErrSignature},
		{"another body", good, "{ }", receive.ErrSignature},
		{"another ID", with(good, receive.HeaderID, "evt_2"), "{}", receive.ErrSignature},
		{"another time", with(good, receive.HeaderTimestamp, strconv.FormatInt(now.Unix()+1, 10)), "{}",
			receive.ErrSignature},
		{"no time", with(good, receive.HeaderTimestamp, "now"), "{}", receive.ErrSignature},
		{"a time beyond all", with(good, receive.HeaderTimestamp, "99999999999999999999"), "{}",
			receive.ErrSignature},
		{"no ID", with(good, receive.HeaderID, ""), "{}", receive.ErrSignature},
		{"no signature", with(good, receive.HeaderSignature, ""), "{}", receive.ErrSignature},
		{"no version", with(good, receive.HeaderSignature, strings.TrimPrefix(good.Get(receive.HeaderSignature),
			"v1,")), "{}", receive.ErrSignature},
		{"half a signature", with(good, receive.HeaderSignature, good.Get(receive.HeaderSignature)[:20]), "{}",
			receive.ErrSignature},
		{"nothing", http.Header{}, "", receive.ErrSignature},
	} {
		t.Run(test.name, func(t *testing.T) { require.ErrorIs(t, v.Verify(test.header, []byte(test.body)), test.want) })
	}
	_, err = receive.NewVerifier(receive.VerifierOptions{})
	require.ErrorContains(t, err, "secret")
	_, err = receive.NewVerifier(receive.VerifierOptions{}, receive.Secret{})
	require.ErrorIs(t, err, receive.ErrSecret)
	_, err = receive.NewVerifier(receive.VerifierOptions{Tolerance: time.Millisecond}, mine)
	require.ErrorContains(t, err, "Tolerance")
}

func TestRead(t *testing.T) {
	s := receive.NewSecret()
	v, err := receive.NewVerifier(receive.VerifierOptions{}, s)
	require.NoError(t, err)
	read := func(id, body string) (*receive.Message, error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header = signed(id, time.Now(), body, s)
		return v.Read(r)
	}
	const body = `{"id":"evt_2","type":"product.created","timestamp":"2026-05-04T03:02:01.123456Z","data":{"products":[]}}`
	m, err := read("evt_2", body)
	require.NoError(t, err)
	require.Equal(t, &receive.Message{ID: "evt_2", Type: receive.ProductCreated,
		Timestamp: time.Date(2026, 5, 4, 3, 2, 1, 123_456_000, time.UTC), Data: []byte(`{"products":[]}`)}, m)

	_, err = read("evt_1", body)
	require.ErrorIs(t, err, receive.ErrMessage, "another ID in the header")
	_, err = read("evt_1", "no JSON")
	require.ErrorIs(t, err, receive.ErrMessage)
	_, err = read("evt_1", strings.Repeat(" ", receive.MaxBody+1))
	require.ErrorIs(t, err, receive.ErrMessage)
	require.ErrorContains(t, err, "longer")
}

func FuzzVerify(f *testing.F) {
	s, err := receive.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)))
	require.NoError(f, err)
	now := time.Unix(1_700_000_000, 0)
	f.Add("evt_1", "1700000000", s.Sign("evt_1", now, []byte("{}")), []byte("{}"))
	f.Add("evt_1", "17e8", "v1,x v1, ,", []byte(""))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		v, err := receive.NewVerifier(receive.VerifierOptions{Now: func() time.Time { return now }}, s)
		require.NoError(t, err)
		h := http.Header{receive.HeaderID: {id}, receive.HeaderTimestamp: {timestamp},
			receive.HeaderSignature: {signature}}
		if v.Verify(h, body) == nil {
			seconds, err := strconv.ParseInt(timestamp, 10, 64)
			require.NoError(t, err)
			if strconv.FormatInt(seconds, 10) == timestamp {
				require.Contains(t, signature, s.Sign(id, time.Unix(seconds, 0), body), "what is taken was signed")
			}
		}
	})
}
