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

// FailureKind says why an attempt failed. It is empty for a successful one.
type FailureKind string

const (
	// FailureDNS says that the host's name doesn't resolve.
	FailureDNS FailureKind = "dns"
	// FailureRefused says that the connection was refused: nothing listens there.
	FailureRefused FailureKind = "refused"
	// FailureConnection says that the connection couldn't be made, or broke before the answer was there.
	FailureConnection FailureKind = "connection"
	// FailureTLS is about certificates, versions and handshakes.
	FailureTLS FailureKind = "tls"
	// FailureTimeout says that it took too long, the body of an answer other than 2xx included.
	FailureTimeout FailureKind = "timeout"
	// FailureSSRF says that the [Policy] forbids the address.
	FailureSSRF FailureKind = "ssrf"
	// FailureStatus says that the answer's status is not 2xx.
	FailureStatus FailureKind = "status"
	// FailureRedirect says that the answer is a redirect. Redirects are never followed.
	FailureRedirect FailureKind = "redirect"
	// FailureHeader says that the answer's header is too long.
	FailureHeader FailureKind = "header"
	// FailureProtocol says that the answer isn't HTTP, or switches to another protocol.
	FailureProtocol FailureKind = "protocol"
	// FailureRequest says that no request can be made from the endpoint's settings.
	FailureRequest FailureKind = "request"
)

// failureOf returns the kind of a transport's error, and describes it in words that whoever may see the endpoint may
// read. The error itself is for the log alone: it has the name servers that were asked, the addresses that a name leads
// to, the proxy, and the names in a certificate.
func failureOf(err error) (FailureKind, string) {
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
		return FailureSSRF, refused.public()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return FailureTimeout, timeoutText
	case errors.As(err, &dns):
		return FailureDNS, "the host's name doesn't resolve"
	case errors.As(err, &timeout) && timeout.Timeout():
		if dialing != nil && dialing.Op == "dial" {
			return FailureTimeout, "there was no connection in time"
		}
		return FailureTimeout, timeoutText
	case errors.Is(err, syscall.ECONNREFUSED):
		return FailureRefused, "the connection was refused"
	// Errors of net/http that have no type.
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "header list"):
		return FailureHeader, "the answer's header is too long"
	}
	if text := tlsFailure(err); text != "" {
		return FailureTLS, text
	}
	switch {
	case strings.Contains(text, "malformed"), strings.Contains(text, "http2: "),
		strings.Contains(text, "unsupported transfer encoding"):
		return FailureProtocol, "the answer is no HTTP"
	}
	return FailureConnection, connectionFailure(err)
}

// timeoutText describes an attempt that took too long.
const timeoutText = "there was no complete answer in time"

// tlsFailure describes an error of TLS. It returns "" for another error.
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

// connectionFailure describes the error of a connection that broke, or couldn't be made.
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
