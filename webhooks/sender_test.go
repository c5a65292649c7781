package webhooks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// local is the policy of tests that connect to this machine.
var local = webhooks.Policy{AllowHTTP: true, AllowAnyPort: true,
	AllowAddresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// receiver is a server on this machine.
func receiver(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// sender is one with a transport of its own. The official verifier must take whatever it sends.
func sender(t *testing.T, options webhooks.SenderOptions) *webhooks.Sender {
	t.Helper()
	if options.Transport == nil {
		transport := webhooks.NewTransport(options.Policy, nil)
		t.Cleanup(transport.CloseIdleConnections)
		options.Transport = transport
	}
	next := options.Transport
	options.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		body, err := r.GetBody()
		require.NoError(t, err)
		sent, err := io.ReadAll(body)
		require.NoError(t, err)
		requireSigned(t, known, r.Header, sent)
		return next.RoundTrip(r)
	})
	s, err := webhooks.NewSender(options)
	require.NoError(t, err)
	return s
}

func TestSend(t *testing.T) {
	e := endpoint("")
	e.Token = "the-token"
	e.Headers = webhooks.Headers{"X-Shop": "one"}
	second := receive.NewSecret()
	require.NoError(t, e.Rotate(time.Now(), second, time.Hour))
	sent := event(`{"products":[{"id":1}]}`)
	sent.ImportID, sent.Number = "i-1", 3
	var header http.Header
	var body []byte
	s := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "thanks")
	})
	e.URL = s.URL + "/hook?a=b"
	answer, err := sender(t, webhooks.SenderOptions{Policy: local}).Send(t.Context(), &e, sent, 4)
	require.NoError(t, err)
	require.Equal(t, 202, answer.Status)
	require.Empty(t, answer.Failure)
	require.Empty(t, answer.Error)
	require.Equal(t, "thanks", string(answer.Response))
	require.Equal(t, 4, answer.Number)
	require.Positive(t, answer.Duration)
	require.WithinDuration(t, time.Now(), answer.At, time.Minute)
	require.Equal(t, 7*time.Second, answer.RetryAfter)

	require.Equal(t, string(sent.AppendBody(nil)), string(body))
	requireSigned(t, e.Secrets[0].Secret, header, body)
	requireSigned(t, e.Secrets[1].Secret, header, body)
	require.NotEqual(t, e.Secrets[0], e.Secrets[1])
	require.Len(t, strings.Fields(header.Get("webhook-signature")), 2)
	for name, want := range map[string]string{
		"webhook-id": sent.ID, "webhook-attempt": "4", "webhook-event": "product.created",
		"Authorization": "Bearer the-token",
		"Content-Type":  "application/json", "User-Agent": "products-importer-webhooks/1", "X-Shop": "one",
		"Accept-Encoding": "",
	} {
		require.Equal(t, want, header.Get(name), name)
	}
	require.NotContains(t, header, "Idempotency-Key")

	e.Token, e.Headers = "", webhooks.Headers{"Authorization": "Basic abc"}
	_, err = sender(t, webhooks.SenderOptions{Policy: local, UserAgent: "shop/2"}).Send(t.Context(), &e, sent, 1)
	require.NoError(t, err)
	require.Equal(t, "Basic abc", header.Get("Authorization"))
	require.Equal(t, "shop/2", header.Get("User-Agent"))
	_, err = webhooks.NewSender(webhooks.SenderOptions{UserAgent: "a\nb"})
	require.ErrorContains(t, err, "UserAgent")
}

func TestSendWithoutAWay(t *testing.T) {
	s := sender(t, webhooks.SenderOptions{})
	e := endpoint("https://example.com")
	e.Secrets = []webhooks.LiveSecret{{Secret: receive.NewSecret(), Until: time.Now().Add(-time.Second)}}
	answer, err := s.Send(t.Context(), &e, event(`{}`), 1)
	require.NoError(t, err)
	require.Equal(t, webhooks.FailureRequest, answer.Failure)
	require.Contains(t, answer.Error, "secret")

	e = endpoint("://")
	answer, err = s.Send(t.Context(), &e, event(`{}`), 1)
	require.NoError(t, err)
	require.Equal(t, webhooks.FailureRequest, answer.Failure)
}

// TestSendBrokenOff makes sure that the end of the worker is no failure of the endpoint.
func TestSendBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is seen
		cancel()
		<-r.Context().Done()
	})
	e := endpoint(s.URL)
	_, err := sender(t, webhooks.SenderOptions{Policy: local}).Send(ctx, &e, event(`{}`), 1)
	require.ErrorIs(t, err, context.Canceled)
}

func TestStatus(t *testing.T) {
	status := 0
	s := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://169.254.169.254/latest/meta-data")
		w.WriteHeader(status)
		if status != http.StatusNoContent && status != http.StatusNotModified {
			_, _ = io.WriteString(w, "an answer")
		}
	})
	e := endpoint(s.URL)
	from := sender(t, webhooks.SenderOptions{Policy: local})
	for code, kind := range map[int]webhooks.FailureKind{
		200: "", 201: "", 204: "", 299: "", 300: webhooks.FailureRedirect, 301: webhooks.FailureRedirect,
		302: webhooks.FailureRedirect,
		304: webhooks.FailureRedirect, 307: webhooks.FailureRedirect, 308: webhooks.FailureRedirect, 400: webhooks.FailureStatus,
		404: webhooks.FailureStatus, 410: webhooks.FailureStatus, 429: webhooks.FailureStatus, 500: webhooks.FailureStatus,
		503: webhooks.FailureStatus,
	} {
		status = code
		answer, err := from.Send(t.Context(), &e, event(`{}`), 1)
		require.NoError(t, err)
		require.Equal(t, code, answer.Status)
		require.Equal(t, kind, answer.Failure, "%d", code)
		if kind != "" {
			require.Contains(t, answer.Error, fmt.Sprint(code))
		}
		if code != 204 && code != 304 {
			require.Equal(t, "an answer", string(answer.Response), "the answer to a failure is kept too")
		}
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		value := ""
		from := sender(t, webhooks.SenderOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			h := http.Header{}
			h.Set("Retry-After", value)
			return &http.Response{StatusCode: 503, Header: h, Body: http.NoBody}, nil
		})})
		e := endpoint("https://example.com")
		date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for _, test := range []struct {
			value string
			want  time.Duration
		}{
			{"", 0},
			{"0", 0},
			{"120", 2 * time.Minute},
			{" 5 ", 5 * time.Second},
			{"86400", 24 * time.Hour},
			{"86401", 24 * time.Hour},
			{"99999999999999999999999", 24 * time.Hour},
			{"-5", 0},
			{"1.5", 0},
			{"5 seconds", 0},
			{"soon", 0},
			{"\x00\xff", 0},
			{strings.Repeat("9", 10_000), 24 * time.Hour},
			{date(time.Hour), time.Hour},
			{date(-time.Hour), 0},
			{date(1_000 * time.Hour), 24 * time.Hour},
			{"Mon, 99 Foo 2026 00:00:00 GMT", 0},
		} {
			value = test.value
			answer, err := from.Send(t.Context(), &e, event(`{}`), 1)
			require.NoError(t, err)
			require.Equal(t, test.want, answer.RetryAfter, "%.40q", test.value)
		}
	})
}

// roundTrip is a function that is a transport.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzRetryAfter gives what no receiver should.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "-1", "Mon, 02 Jan 2006 15:04:05 GMT", "1e9", "9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := sender(t, webhooks.SenderOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {value}}, Body: http.NoBody}, nil
		})})
		e := endpoint("https://example.com")
		answer, err := s.Send(t.Context(), &e, event(`{}`), 1)
		require.NoError(t, err)
		require.GreaterOrEqual(t, answer.RetryAfter, time.Duration(0))
		require.LessOrEqual(t, answer.RetryAfter, 24*time.Hour)
	})
}
