package webhooks

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	// writeTimeout is how long writing to an HTTP/2 connection may make no progress. A connection from which nothing
	// came for quietTimeout gets a ping, and is closed when there is no answer within pingTimeout. The contexts of
	// requests don't bound these.
	writeTimeout = 5 * time.Second
	quietTimeout = 15 * time.Second
	pingTimeout  = 5 * time.Second
	// maxResponseHeader is the length of the longest header of an answer.
	maxResponseHeader = 64 << 10
	// maxRead is how much of an answer's body is read.
	maxRead = 64 << 10
	// maxIdle is how many connections are kept open for the next delivery, maxIdleHost how many of them to one host.
	maxIdle, maxIdleHost = 256, 16
)

// NewTransport returns a transport that connects to no address that the policy forbids. It checks the address that a
// name resolves to when the connection is made, so changing the name's address after a check doesn't help an attacker.
// It doesn't decompress, and uses no proxy but the policy's. The resolver resolves names; nil for the system's.
func NewTransport(policy Policy, resolver *net.Resolver) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: resolver}
	t := &http.Transport{
		TLSHandshakeTimeout:    tlsTimeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxResponseHeader,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdleHost,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2: &http.HTTP2Config{WriteByteTimeout: writeTimeout, SendPingTimeout: quietTimeout,
			PingTimeout: pingTimeout},
	}
	if policy.Proxy != nil {
		t.Proxy = http.ProxyURL(policy.Proxy)
	} else {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("webhooks: no address to connect to: %w", err)
			}
			return policy.allows(to)
		}
	}
	t.DialContext = dialer.DialContext
	return t
}
