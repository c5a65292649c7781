package webhooks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// kindOf says what kind of failure a transport's error is.
func kindOf(err error) Kind {
	var (
		refused     *addressError
		dns         *net.DNSError
		timeout     interface{ Timeout() bool }
		certificate *tls.CertificateVerificationError
		hostname    x509.HostnameError
		authority   x509.UnknownAuthorityError
		invalid     x509.CertificateInvalidError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	text := err.Error()
	switch {
	case errors.As(err, &refused):
		return KindSSRF
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return KindTimeout
	case errors.As(err, &dns):
		return KindDNS
	case errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused
	case errors.As(err, &certificate), errors.As(err, &hostname), errors.As(err, &authority), errors.As(err, &invalid),
		errors.As(err, &record), errors.As(err, &alert), strings.Contains(text, "tls: "), strings.Contains(text, "HTTP response to HTTPS"):
		return KindTLS
	// Errors of net/http without a type.
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "header list"):
		return KindHeader
	case strings.Contains(text, "malformed"), strings.Contains(text, "http2: "), strings.Contains(text, "unsupported transfer encoding"):
		return KindProtocol
	}
	return KindConnection
}
