package webhooks_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

// fields are the names and codes of what is wrong.
func fields(err error) (all []string) {
	var invalid *webhooks.ValidationError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			all = append(all, f.Field+" "+f.Code)
		}
	}
	return all
}

func TestPolicyURLs(t *testing.T) {
	strict := webhooks.Policy{}
	loose := webhooks.Policy{AllowHTTP: true, AllowAddresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("fd00::/8")},
		AllowPorts: []uint16{9000}}
	for _, test := range []struct {
		url           string
		strict, loose string
	}{
		{"https://example.com", "", ""},
		{"https://example.com:443/hook?a=b&c=%20", "", ""},
		{"https://example.com:8443", "", ""},
		{"https://example.com:80", "", ""},
		{"https://EXAMPLE.com./", "", ""},
		{"https://93.184.216.34/", "", ""},
		{"https://[2606:2800:220:1::1]/", "", ""},
		{"HTTPS://example.com", "", ""},
		{"http://example.com", "forbidden", ""},
		{"https://example.com:9000", "forbidden", ""},
		{"https://example.com:22", "forbidden", "forbidden"},
		{"https://example.com:0", "forbidden", "forbidden"},
		{"https://example.com:99999", "forbidden", "forbidden"},
		{"https://127.0.0.1", "forbidden", ""},
		{"https://localhost/", "forbidden", ""},
		{"https://LOCALHOST./", "forbidden", ""},
		{"https://a.localhost/", "forbidden", ""},
		{"https://[::ffff:127.0.0.1]/", "forbidden", ""},
		{"https://[fd12::1]/", "forbidden", ""},
		{"https://[::1]/", "forbidden", "forbidden"},
		{"https://10.1.2.3", "forbidden", "forbidden"},
		{"https://169.254.169.254/latest/meta-data", "forbidden", "forbidden"},
		{"https://[fe80::1%25eth0]/", "forbidden", "forbidden"},
		{"https://user@example.com", "forbidden", "forbidden"},
		{"https://:password@example.com", "forbidden", "forbidden"},
		{"https://127.1/", "invalid", "invalid"},
		{"https://2130706433/", "invalid", "invalid"},
		{"https://0x7f000001/", "invalid", "invalid"},
		{"https://0177.0.0.1/", "invalid", "invalid"},
		{"https://example.com#part", "invalid", "invalid"},
		{"https://example.com/#", "invalid", "invalid"},
		{"https://exa mple.com", "invalid", "invalid"},
		{"https://example.com/\r\nX: y", "invalid", "invalid"},
		{"https:///path", "invalid", "invalid"},
		{"https:example.com", "invalid", "invalid"},
		{"https://.", "invalid", "invalid"},
		{"example.com", "invalid", "invalid"},
		{"/path", "invalid", "invalid"},
		{"https://example.com/\xff", "invalid", "invalid"},
		{"ftp://example.com", "forbidden", "forbidden"},
		{"javascript:alert(1)", "invalid", "invalid"},
		{"", "empty", "empty"},
		{"https://example.com/" + strings.Repeat("x", 2_048), "too_long", "too_long"},
	} {
		for policy, want := range map[*webhooks.Policy]string{&strict: test.strict, &loose: test.loose} {
			e := endpoint(test.url)
			if err := policy.Check(&e); want == "" {
				require.NoError(t, err, test.url)
			} else {
				require.ErrorIs(t, err, webhooks.ErrInvalid)
				require.Equal(t, []string{"callback_url " + want}, fields(err), test.url)
				require.NotContains(t, err.Error(), "password@", "a password is not shown")
			}
		}
	}
	everywhere := webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}
	for _, url := range []string{"http://127.0.0.1:9999/", "http://localhost:1", "http://[::1]:81"} {
		e := endpoint(url)
		require.NoError(t, everywhere.Check(&e))
	}
}

func TestPolicyFields(t *testing.T) {
	for _, test := range []struct {
		spoil func(e *webhooks.Endpoint)
		want  []string
	}{
		{func(*webhooks.Endpoint) {}, nil},
		{func(e *webhooks.Endpoint) {
			e.Events = []string{"product.*", "import.completed", "*", "endpoint.disabled"}
		}, nil},
		{func(e *webhooks.Endpoint) { e.Events = nil }, []string{"events empty"}},
		{func(e *webhooks.Endpoint) { e.Events = []string{"product.created", "product.vanished"} },
			[]string{"events unknown"}},
		{func(e *webhooks.Endpoint) { e.Events = []string{"prod*"} }, []string{"events unknown"}},
		{func(e *webhooks.Endpoint) { e.Events = []string{webhooks.WebhookTest} }, []string{"events unknown"}},
		{func(e *webhooks.Endpoint) { e.Events = []string{""} }, []string{"events unknown"}},
		{func(e *webhooks.Endpoint) { e.Events = slices.Repeat([]string{"*"}, 51) }, []string{"events too_many"}},
		{func(e *webhooks.Endpoint) { e.Secrets = nil }, []string{"secret empty"}},
		{func(e *webhooks.Endpoint) { e.Secrets = []webhooks.LiveSecret{{}} }, []string{"secret empty"}},
		{func(e *webhooks.Endpoint) { e.ClientName = strings.Repeat("é", 255) }, nil},
		{func(e *webhooks.Endpoint) { e.ClientName = strings.Repeat("é", 256) }, []string{"client_name too_long"}},
		{func(e *webhooks.Endpoint) { e.ClientName = "\x00" }, []string{"client_name invalid"}},
		{func(e *webhooks.Endpoint) { e.Concurrency = 0 }, []string{"concurrency invalid"}},
		{func(e *webhooks.Endpoint) { e.Concurrency = 65 }, []string{"concurrency invalid"}},
		{func(e *webhooks.Endpoint) { e.RateLimit = -1 }, []string{"rate_limit invalid"}},
		{func(e *webhooks.Endpoint) { e.RateLimit = 10_001 }, []string{"rate_limit invalid"}},
		{func(e *webhooks.Endpoint) { e.Timeout = 999 * time.Millisecond }, []string{"timeout invalid"}},
		{func(e *webhooks.Endpoint) { e.Timeout = 31 * time.Second }, []string{"timeout invalid"}},
		{func(e *webhooks.Endpoint) { e.Token = "a~!" }, nil},
		{func(e *webhooks.Endpoint) { e.Token = "a b" }, []string{"token invalid"}},
		{func(e *webhooks.Endpoint) { e.Token = "a\r\nX: y" }, []string{"token invalid"}},
		{func(e *webhooks.Endpoint) { e.Token = webhooks.Token(strings.Repeat("x", 1_001)) },
			[]string{"token too_long"}},
		{func(e *webhooks.Endpoint) {
			e.Headers = webhooks.Headers{"X-Api-Key": "v", "Authorization": "Basic abc"}
		}, nil},
		{func(e *webhooks.Endpoint) { e.Headers, e.Token = webhooks.Headers{"Authorization": "Basic abc"}, "t" },
			[]string{"headers[Authorization] forbidden"}},
		{func(e *webhooks.Endpoint) { e.Headers = webhooks.Headers{"x-key": "v"} }, []string{"headers[x-key] invalid"}},
		{func(e *webhooks.Endpoint) {
			e.Headers = webhooks.Headers{"Host": "v", "Content-Length": "1", "Webhook-Id": "1",
				"Proxy-Authorization": "v", "Transfer-Encoding": "chunked", "A B": "x"}
		}, []string{"headers[A B] invalid", "headers[Content-Length] forbidden", "headers[Host] forbidden",
			"headers[Proxy-Authorization] forbidden", "headers[Transfer-Encoding] forbidden",
			"headers[Webhook-Id] forbidden"}},
		{func(e *webhooks.Endpoint) {
			e.Headers = webhooks.Headers{"X-A": "v\r\nHost: x", "X-B": " v", "X-C": "é"}
		},
			[]string{"headers[X-A] invalid", "headers[X-B] invalid", "headers[X-C] invalid"}},
		{func(e *webhooks.Endpoint) { e.Headers = webhooks.Headers{"X-A": strings.Repeat("v", 1_001)} },
			[]string{"headers[X-A] too_long"}},
		{func(e *webhooks.Endpoint) {
			e.Headers = webhooks.Headers{}
			for i := range 21 {
				e.Headers["X-"+strings.Repeat("A", i+1)] = "v"
			}
		}, []string{"headers too_many"}},
		{func(e *webhooks.Endpoint) { e.URL, e.Events, e.Concurrency = "http://u@10.0.0.1:22", nil, -1 },
			[]string{"callback_url forbidden", "callback_url forbidden", "callback_url forbidden",
				"callback_url forbidden", "events empty", "concurrency invalid"}},
	} {
		e := endpoint("https://example.com")
		test.spoil(&e)
		err := (&webhooks.Policy{}).Check(&e)
		require.Equal(t, test.want, fields(err))
		var invalid *webhooks.ValidationError
		if errors.As(err, &invalid) {
			for _, f := range invalid.Fields {
				require.True(t, strings.HasPrefix(f.Message, f.Field), "the message names the field: %s", f.Message)
				require.Equal(t, f.Message, f.Error())
			}
		}
	}
}
