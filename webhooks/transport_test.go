package webhooks_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

// raw is a server that answers a request with the bytes that say writes.
func raw(t *testing.T, say func(conn net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			say(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "http://" + listener.Addr().String()
}

// TestHostileReceivers shows what becomes of answers that no receiver should give.
func TestHostileReceivers(t *testing.T) {
	forever := func(conn net.Conn, bytes string, pause time.Duration) {
		for {
			if _, err := io.WriteString(conn, bytes); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
	bomb := strings.Repeat("\x1f\x8b\x08", 20_000)
	for _, test := range []struct {
		name   string
		say    func(conn net.Conn)
		kind   webhooks.FailureKind
		status int
		kept   int // bytes of the answer
	}{
		{"drips its body", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			forever(c, "x", 20*time.Millisecond)
		}, "", 200, -1},
		{"drips the body of a failure", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n")
			forever(c, "x", 20*time.Millisecond)
		}, webhooks.FailureTimeout, 500, -1},
		{"drips its header", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			forever(c, "X: y\r\n", 20*time.Millisecond)
		}, webhooks.FailureTimeout, 0, 0},
		{"never answers", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, webhooks.FailureTimeout, 0, 0},
		{"never ends", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			forever(c, strings.Repeat("x", 10_000), 0)
		}, "", 200, maxResponse},
		{"sends a gzip bomb", func(c net.Conn) {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s",
				len(bomb), bomb)
		}, "", 200, maxResponse},
		{"sends 1 MB of headers", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := range 10_000 {
				if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 100)); err != nil {
					return
				}
			}
			_, _ = io.WriteString(c, "\r\n")
		}, webhooks.FailureHeader, 0, 0},
		{"sends garbage", func(c net.Conn) { _, _ = io.WriteString(c, "\x00\xff garbage\r\n\r\n") },
			webhooks.FailureProtocol, 0, 0},
		{"hangs up", func(net.Conn) {}, webhooks.FailureConnection, 0, 0},
		{"resets", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }, webhooks.FailureConnection, 0, 0},
		{"breaks off its body", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
		}, "", 200, 5},
		{"takes it and is slow with its body", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nslow")
			_, _ = io.Copy(io.Discard, c)
		}, "", 200, 4},
		{"breaks off the body of a failure", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nshort")
		}, webhooks.FailureStatus, 500, 5},
		{"says no more than a number", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 99999 Yes\r\n\r\n") },
			webhooks.FailureProtocol, 0, 0},
		{"redirects to the metadata", func(c net.Conn) {
			_, _ = io.WriteString(c,
				"HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
		}, webhooks.FailureRedirect, 307, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := endpoint(raw(t, test.say))
			e.Timeout = 20 * time.Second
			if test.kind == webhooks.FailureTimeout || strings.Contains(test.name, "slow") ||
				strings.Contains(test.name, "drips") {
				e.Timeout = time.Second
			}
			began := time.Now()
			answer, err := sender(t, webhooks.SenderOptions{Policy: local}).Send(t.Context(), &e, event(`{}`), 1)
			require.NoError(t, err)
			require.Less(t, time.Since(began), 15*time.Second)
			require.Equal(t, test.kind, answer.Failure, answer.Error)
			require.Equal(t, test.status, answer.Status)
			require.Equal(t, test.kind == "", answer.Error == "")
			if test.kept >= 0 {
				require.Len(t, answer.Response, test.kept)
			}
			require.LessOrEqual(t, len(answer.Response), maxResponse)
		})
	}
}

func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	e := endpoint("http://" + listener.Addr().String())
	answer, err := sender(t, webhooks.SenderOptions{Policy: local}).Send(t.Context(), &e, event(`{}`), 1)
	require.NoError(t, err)
	require.Equal(t, webhooks.FailureRefused, answer.Failure, answer.Error)
}

// certificate makes one for 127.0.0.1 that ends then, signed by itself.
func certificate(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour),
		NotAfter:    until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestTLS(t *testing.T) {
	good, expired := certificate(t, time.Now().Add(time.Hour)), certificate(t, time.Now().Add(-time.Hour))
	for _, test := range []struct {
		name        string
		certificate tls.Certificate
		version     uint16 // the newest that the server knows
		trusted     bool
		http        bool // without TLS
		kind        webhooks.FailureKind
	}{
		{"good", good, tls.VersionTLS13, true, false, ""},
		{"good, and old", good, tls.VersionTLS12, true, false, ""},
		{"expired", expired, tls.VersionTLS13, true, false, webhooks.FailureTLS},
		{"by nobody known", good, tls.VersionTLS13, false, false, webhooks.FailureTLS},
		{"a version too old", good, tls.VersionTLS11, true, false, webhooks.FailureTLS},
		{"no TLS at all", good, tls.VersionTLS13, true, true, webhooks.FailureTLS},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			s.Config.ErrorLog = quiet
			s.TLS = &tls.Config{Certificates: []tls.Certificate{test.certificate}, MinVersion: tls.VersionTLS10,
				MaxVersion: test.version}
			if test.http {
				s.Start()
			} else {
				s.StartTLS()
			}
			defer s.Close()
			transport := webhooks.NewTransport(local, nil)
			defer transport.CloseIdleConnections()
			if test.trusted {
				transport.TLSClientConfig.RootCAs = x509.NewCertPool()
				transport.TLSClientConfig.RootCAs.AddCert(test.certificate.Leaf)
			}
			e := endpoint("https://" + s.Listener.Addr().String())
			answer, err := sender(t, webhooks.SenderOptions{Transport: transport}).Send(t.Context(), &e, event(`{}`), 1)
			require.NoError(t, err)
			require.Equal(t, test.kind, answer.Failure, answer.Error)
		})
	}
}

// TestForbiddenAddresses resolves names to addresses that must not be asked, when the connection is made.
func TestForbiddenAddresses(t *testing.T) {
	for _, address := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
		"127.255.255.254",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1",
		"198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
		"2001::1",
		"2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "4000::1",
		"5f00::1",
		"fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		a := netip.MustParseAddr(address)
		e := endpoint("https://" + hostOf(a) + "/")
		answer, err := sender(t, webhooks.SenderOptions{}).Send(t.Context(), &e, event(`{}`), 1)
		require.NoError(t, err)
		require.Equal(t, webhooks.FailureSSRF, answer.Failure, "%s: %s", address, answer.Error)
		require.Equal(t, "the address is not allowed", answer.Error, address)
		require.ErrorContains(t, answer.Cause, "not a public one", "%s: the log knows more", address)
		require.Contains(t, fields((&webhooks.Policy{}).Check(&e)), "callback_url forbidden",
			"%s as a literal is refused before", address)
	}
	for _, address := range []string{"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"128.0.0.1", "169.253.1.1",
		"172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.1.1", "198.17.1.1", "198.20.0.0", "223.255.255.255",
		"2000::1",
		"2001:200::1", "2003::1", "2606:4700::1111", "3ffe::1"} {
		e := endpoint("https://" + hostOf(netip.MustParseAddr(address)) + "/")
		require.NoError(t, (&webhooks.Policy{}).Check(&e), address)
	}
}

func hostOf(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	return "[" + strings.ReplaceAll(a.String(), "%", "%25") + "]"
}

// TestRebinding changes where a name leads to.
func TestRebinding(t *testing.T) {
	hits := 0
	s := receiver(t, func(http.ResponseWriter, *http.Request) { hits++ })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	known := names{"rebinds.example": {"127.0.0.1"}, "metadata.example": {"169.254.169.254"},
		"allowed.example": {"127.0.0.1"}}
	policy := webhooks.Policy{AllowHTTP: true, AllowAnyPort: true}
	transport := webhooks.NewTransport(policy, known.resolver(t))
	defer transport.CloseIdleConnections()
	from := sender(t, webhooks.SenderOptions{Transport: transport})
	for host, kind := range map[string]webhooks.FailureKind{"rebinds.example": webhooks.FailureSSRF,
		"metadata.example": webhooks.FailureSSRF,
		"localhost":        webhooks.FailureSSRF, "unknown.example": webhooks.FailureDNS} {
		e := endpoint("http://" + host + ":" + port)
		if host != "localhost" {
			require.NoError(t, policy.Check(&e), "%s: a name isn't looked up before", host)
		}
		answer, err := from.Send(t.Context(), &e, event(`{}`), 1)
		require.NoError(t, err)
		require.Equal(t, kind, answer.Failure, "%s: %s", host, answer.Error)
		require.Equal(t, map[webhooks.FailureKind]string{webhooks.FailureSSRF: "the address is not allowed",
			webhooks.FailureDNS: "the host's name doesn't resolve"}[kind], answer.Error,
			"it isn't said who was asked, and what the answer was")
		require.Contains(t, answer.Cause.Error(), map[webhooks.FailureKind]string{webhooks.FailureSSRF: known.first(host),
			webhooks.FailureDNS: "lookup unknown.example on "}[kind])
	}
	require.Zero(t, hits, "nothing gets through")

	transport = webhooks.NewTransport(local, names{"rebinds.example": {"127.0.0.1", "10.0.0.1"}}.resolver(t))
	from = sender(t, webhooks.SenderOptions{Transport: transport})
	e := endpoint("http://rebinds.example:" + port)
	answer, err := from.Send(t.Context(), &e, event(`{}`), 1)
	require.NoError(t, err)
	require.Empty(t, answer.Failure, answer.Error)
	require.Equal(t, 1, hits)
	transport.CloseIdleConnections()
	answer, err = from.Send(t.Context(), &e, event(`{}`), 1)
	require.NoError(t, err)
	require.Equal(t, webhooks.FailureSSRF, answer.Failure,
		"the name leads to another address when the next connection is made")
}

// TestForbiddenPort reaches the dialer with a port that Check would have refused.
func TestForbiddenPort(t *testing.T) {
	e := endpoint("http://127.0.0.1:25")
	answer, err := sender(t,
		webhooks.SenderOptions{Policy: webhooks.Policy{AllowAddresses: webhooks.AllAddresses()}}).Send(t.Context(), &e,
		event(`{}`), 1)
	require.NoError(t, err)
	require.Equal(t, webhooks.FailureSSRF, answer.Failure)
	require.Contains(t, answer.Error, "port 25")
}

// TestErrorsTellNothing makes sure that what is said of a failure names nothing of the network here: whoever may see an
// endpoint may read it.
func TestErrorsTellNothing(t *testing.T) {
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 80}, Err: err}
	}
	lookup := &net.DNSError{Err: "no such host", Name: "db.internal", Server: "10.0.0.2:53", IsNotFound: true}
	certificate := &x509.Certificate{DNSNames: []string{"a.internal", "b.internal"}}
	for _, test := range []struct {
		err  error
		kind webhooks.FailureKind
		text string
	}{
		{dial(lookup), webhooks.FailureDNS, "the host's name doesn't resolve"},
		{&net.DNSError{Err: "i/o timeout", Name: "db.internal", Server: "10.0.0.2:53", IsTimeout: true},
			webhooks.FailureDNS, "the host's name doesn't resolve"},
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), webhooks.FailureRefused, "the connection was refused"},
		{dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), webhooks.FailureConnection,
			"the connection failed: no route to host"},
		{dial(os.ErrDeadlineExceeded), webhooks.FailureTimeout, "there was no complete answer in time"},
		{dial(os.NewSyscallError("connect", syscall.ETIMEDOUT)), webhooks.FailureTimeout,
			"there was no connection in time"},
		{dial(errors.New("10.1.2.3 is odd")), webhooks.FailureConnection, "the connection failed"},
		{&net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7)},
			Err: os.NewSyscallError("read", syscall.ECONNRESET)},
			webhooks.FailureConnection, "the connection failed: connection reset by peer"},
		{fmt.Errorf("10.0.0.7: %w", io.EOF), webhooks.FailureConnection,
			"the connection was closed before there was an answer"},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(os.NewSyscallError("connect", syscall.ECONNREFUSED))},
			webhooks.FailureRefused,
			"there is no connection through the proxy"},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: lookup}, webhooks.FailureDNS,
			"there is no connection through the proxy"},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: certificate, Host: "shop.example"}},
			webhooks.FailureTLS, "the certificate is another host's"},
		{x509.UnknownAuthorityError{Cert: certificate}, webhooks.FailureTLS, "the certificate is by nobody known"},
		{x509.CertificateInvalidError{Cert: certificate, Reason: x509.Expired, Detail: "b.internal"}, webhooks.FailureTLS,
			"the certificate has expired, or isn't valid yet"},
		{x509.CertificateInvalidError{Cert: certificate, Reason: x509.CANotAuthorizedForThisName, Detail: "b.internal"},
			webhooks.FailureTLS, "the certificate isn't valid"},
		{&net.OpError{Op: "remote error", Addr: &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3)}, Err: tls.AlertError(70)},
			webhooks.FailureTLS,
			"the TLS handshake failed: tls: protocol version not supported"},
		{errors.New("tls: 10.1.2.3 is odd"), webhooks.FailureTLS, "the TLS handshake failed"},
		{errors.New("malformed HTTP response \"SSH-2.0-internal\""), webhooks.FailureProtocol, "the answer is no HTTP"},
		{errors.New("net/http: server response headers exceeded 10 bytes"), webhooks.FailureHeader,
			"the answer's header is too long"},
	} {
		for _, err := range []error{test.err, fmt.Errorf("wrapped: %w", test.err)} {
			from := sender(t,
				webhooks.SenderOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					return nil,
						err
				})})
			e := endpoint("https://shop.example")
			answer, failure := from.Send(t.Context(), &e, event(`{}`), 1)
			require.NoError(t, failure)
			require.Equal(t, test.kind, answer.Failure, "%v", err)
			require.Equal(t, test.text, answer.Error, "%v", err)
			require.Equal(t, err, answer.Cause)
		}
	}
}

func TestProxies(t *testing.T) {
	asked := ""
	proxy := receiver(t, func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.String() })
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	e := endpoint("http://192.168.0.1/hook")
	answer, err := sender(t, webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true}}).Send(t.Context(), &e,
		event(`{}`), 1)
	require.NoError(t, err)
	require.Equal(t, webhooks.FailureSSRF, answer.Failure)
	require.Empty(t, asked, "the environment's proxy isn't asked")

	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	e.URL = "http://shop.example/hook"
	answer, err = sender(t,
		webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true, Proxy: u}}).Send(t.Context(), &e, event(`{}`),
		1)
	require.NoError(t, err)
	require.Empty(t, answer.Failure, answer.Error)
	require.Equal(t, "http://shop.example/hook", asked, "the policy's proxy is")
}
