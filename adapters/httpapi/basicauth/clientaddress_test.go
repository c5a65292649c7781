package basicauth

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":         "fe80::/64", "pipe": "pipe", "": "",
	} {
		require.Equal(t, want, ClientAddress(&http.Request{RemoteAddr: remote}))
		require.Equal(t, want,
			TrustedProxies()(&http.Request{RemoteAddr: remote,
				Header: http.Header{"X-Forwarded-For": {"203.0.113.1"}}}))
	}
}

func TestTrustedProxies(t *testing.T) {
	client := TrustedProxies(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ff::/48"),
		netip.MustParsePrefix("192.0.2.7/32"))
	for _, test := range []struct {
		remote               string
		forwardedFor, header []string
		want                 string
	}{
		{"10.1.1.1:80", nil, nil, "10.1.1.1"},
		{"10.1.1.1:80", []string{"203.0.113.1"}, nil, "203.0.113.1"},
		{"[::ffff:10.1.1.1]:80", []string{"203.0.113.1"}, nil, "203.0.113.1"},
		{"[2001:db8:ff::1%eth0]:80", []string{"203.0.113.1"}, nil, "203.0.113.1"},
		{"203.0.113.9:80", []string{"203.0.113.1"}, []string{"for=203.0.113.1"}, "203.0.113.9"}, // no proxy
		// the client wrote the first
		{"10.1.1.1:80", []string{"203.0.113.66, 203.0.113.1"}, nil, "203.0.113.1"},
		{"10.1.1.1:80", []string{"203.0.113.66", "203.0.113.1"}, nil, "203.0.113.1"},
		// three proxies
		{"10.1.1.1:80", []string{"203.0.113.66, 203.0.113.1, 10.2.2.2 ,192.0.2.7"}, nil, "203.0.113.1"},
		{"10.1.1.1:80", []string{"10.3.3.3, 10.2.2.2"}, nil, "10.3.3.3"}, // from within
		{"10.1.1.1:80", []string{"203.0.113.1:4711"}, nil, "203.0.113.1"},
		{"10.1.1.1:80", []string{"[2001:db8:1:2:3:4:5:6]:4711"}, nil, "2001:db8:1:2::/64"},
		{"10.1.1.1:80", []string{"2001:db8:1:2:3:4:5:6"}, nil, "2001:db8:1:2::/64"},
		{"10.1.1.1:80", []string{"::ffff:203.0.113.1"}, nil, "203.0.113.1"},
		{"10.1.1.1:80", []string{"203.0.113.1, unknown"}, nil, "10.1.1.1"},
		{"10.1.1.1:80", []string{"203.0.113.1, "}, nil, "10.1.1.1"},
		{"10.1.1.1:80", []string{"unknown, 10.2.2.2"}, nil, "10.2.2.2"},
		{"10.1.1.1:80", nil, []string{"for=203.0.113.66, For=203.0.113.1;proto=https;by=10.1.1.1"}, "203.0.113.1"},
		{"10.1.1.1:80", nil, []string{`proto=https; for="[2001:db8:1:2::1]:4711"`}, "2001:db8:1:2::/64"},
		{"10.1.1.1:80", nil, []string{"for=203.0.113.66", "for=203.0.113.1, for=10.2.2.2"}, "203.0.113.1"},
		{"10.1.1.1:80", nil, []string{"for=_hidden"}, "10.1.1.1"},
		{"10.1.1.1:80", nil, []string{"proto=https"}, "10.1.1.1"},
		{"10.1.1.1:80", []string{"203.0.113.1"}, []string{"for=203.0.113.1"}, "203.0.113.1"},
		// one of them is the client's own
		{"10.1.1.1:80", []string{"203.0.113.1"}, []string{"for=203.0.113.66"}, "10.1.1.1"},
		{"10.1.1.1:80", []string{"203.0.113.1"}, []string{"for=unknown"}, "10.1.1.1"},
		{"pipe", []string{"203.0.113.1"}, nil, "pipe"},
	} {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{}}
		if test.forwardedFor != nil {
			r.Header["X-Forwarded-For"] = test.forwardedFor
		}
		if test.header != nil {
			r.Header["Forwarded"] = test.header
		}
		require.Equal(t, test.want, client(r), fmt.Sprint(test))
	}
}

func TestForwarded(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, test := range []struct {
		remote       string
		header       http.Header
		scheme, host string
	}{
		{"10.1.1.1:80", http.Header{}, "", ""},
		{"10.1.1.1:80", http.Header{"X-Forwarded-Proto": {"HTTPS"}, "X-Forwarded-Host": {"shop.example:8443"}}, "https",
			"shop.example:8443"},
		{"[::ffff:10.1.1.1]:80", http.Header{"X-Forwarded-Proto": {"https"}}, "https", ""},
		{"192.0.2.1:80", http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"shop.example"}}, "", ""},
		{"pipe", http.Header{"X-Forwarded-Proto": {"https"}}, "", ""},
		// the client wrote the first
		{"10.1.1.1:80", http.Header{"X-Forwarded-Host": {"evil.example, shop.example"}}, "", "shop.example"},
		{"10.1.1.1:80", http.Header{"X-Forwarded-Host": {"evil.example", "shop.example"}}, "", "shop.example"},
		{"10.1.1.1:80", http.Header{"Forwarded": {`for=x;host=evil.example, for=y; Proto=https;host="shop.example:1"`}},
			"https", "shop.example:1"},
		{"10.1.1.1:80", http.Header{"Forwarded": {"host=other.example"}, "X-Forwarded-Host": {"shop.example"}}, "",
			"shop.example"},
	} {
		scheme, host := Forwarded(&http.Request{RemoteAddr: test.remote, Header: test.header}, networks...)
		require.Equal(t, test.scheme, scheme, test)
		require.Equal(t, test.host, host, test)
	}
}
