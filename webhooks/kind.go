package webhooks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// failureOf says what kind of failure a transport's error is, and tells of it in words that whoever may see the endpoint
// may read. The error itself may not be shown: it knows the name servers here, the addresses that a name leads to, the
// proxy, and the names in a certificate. It goes to the log.
func failureOf(err error) (Kind, string) {
	var (
		refused *addressError
		dns     *net.DNSError
		dialing *net.OpError
		timeout interface{ Timeout() bool }
	)
	text := err.Error()
	if errors.As(err, &dialing) && dialing.Op == "proxyconnect" {
		kind, _ := failureOf(dialing.Err)
		return kind, "there is no connection through the proxy"
	}
	switch {
	case errors.As(err, &refused):
		return KindSSRF, refused.public()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return KindTimeout, textTimeout
	case errors.As(err, &dns):
		return KindDNS, "the host's name doesn't resolve"
	case errors.As(err, &timeout) && timeout.Timeout():
		if dialing != nil && dialing.Op == "dial" {
			return KindTimeout, "there was no connection in time"
		}
		return KindTimeout, textTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused, "the connection was refused"
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "header list"): // errors of net/http without a type
		return KindHeader, "the answer's header is too long"
	}
	if text := tlsFailure(err); text != "" {
		return KindTLS, text
	}
	switch {
	case strings.Contains(text, "malformed"), strings.Contains(text, "http2: "), strings.Contains(text, "unsupported transfer encoding"):
		return KindProtocol, "the answer is no HTTP"
	}
	return KindConnection, connectionFailure(err)
}

// textTimeout is what is said of an attempt that took too long.
const textTimeout = "there was no complete answer in time"

// tlsFailure tells of an error of TLS; it is empty for another one.
func tlsFailure(err error) string {
	var (
		certificate *tls.CertificateVerificationError
		hostname    x509.HostnameError
		authority   x509.UnknownAuthorityError
		invalid     x509.CertificateInvalidError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch text := err.Error(); {
	case errors.As(err, &hostname):
		return "the certificate is another host's"
	case errors.As(err, &authority):
		return "the certificate is by nobody known"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired, or isn't valid yet"
	case errors.As(err, &certificate), errors.As(err, &invalid):
		return "the certificate isn't valid"
	case errors.As(err, &record), strings.Contains(text, "HTTP response to HTTPS"):
		return "the answer is no TLS"
	case errors.As(err, &alert):
		return "the TLS handshake failed: " + alert.Error()
	case strings.Contains(text, "tls: "):
		return "the TLS handshake failed"
	}
	return ""
}

// connectionFailure tells of a connection that broke, or was never made.
func connectionFailure(err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return "the connection failed: " + errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before there was an answer"
	}
	return "the connection failed"
}
