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
	// writeTimeout is how long an HTTP/2 connection may take no byte, and quietTimeout how long it may have none for us
	// before it is asked whether it lives, which it has pingTimeout to answer. No request's context ends these.
	writeTimeout = 5 * time.Second
	quietTimeout = 15 * time.Second
	pingTimeout  = 5 * time.Second
	// maxResponseHeader is the length of the longest header of an answer.
	maxResponseHeader = 64 << 10
	// maxRead is how much is read of an answer's body.
	maxRead = 64 << 10
	// maxIdle is how many connections are kept open for the next delivery, in all and to one host.
	maxIdle, maxIdleHost = 256, 16
)

// NewTransport returns a transport that connects to nothing that the policy forbids. What counts is the address that a
// name resolves to, when the connection is made: so it doesn't help to change the name's address in between. It doesn't
// decompress, and it asks no proxy but the policy's. The resolver looks names up; nil for the system's.
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
		HTTP2:                  &http.HTTP2Config{WriteByteTimeout: writeTimeout, SendPingTimeout: quietTimeout, PingTimeout: pingTimeout},
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
