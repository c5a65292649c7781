package webhooks

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// ownHeaders are set by the Sender or by the transport: an endpoint's Headers can't have them.
var ownHeaders = []string{
	"Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host",
	"Idempotency-Key", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "X-Idempotency-Key",
}

// forbiddenHeader reports whether an endpoint's Headers must not have the header with the canonical name.
func forbiddenHeader(name string) bool {
	return slices.Contains(ownHeaders, name) || strings.HasPrefix(name, "Webhook-") || strings.HasPrefix(name, "Proxy-")
}

// maxHeaderName is the length of the longest name of a header.
const maxHeaderName = 100

func checkHeaders(wrong *fieldErrors, headers Headers, hasToken bool) {
	if len(headers) > maxHeaders {
		wrong.add("headers", CodeTooMany, "must not have more than %d entries, but has %d", maxHeaders, len(headers))
		return
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := headers[name]
		field := "headers[" + shorten(name) + "]"
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !isToken(name) || len(name) > maxHeaderName:
			wrong.add(field, CodeInvalid, "must be the name of a header, with at most %d characters", maxHeaderName)
		case canonical != name:
			wrong.add(field, CodeInvalid, "must be written as %s", canonical)
		case forbiddenHeader(name):
			wrong.add(field, CodeForbidden, "must not be set")
		case name == "Authorization" && hasToken:
			wrong.add(field, CodeForbidden, "must not be set beside the token")
		case len(value) > maxHeaderValue:
			wrong.add(field, CodeTooLong, "must not be longer than %d bytes, but has %d", maxHeaderValue, len(value))
		case strings.ContainsFunc(value, func(r rune) bool { return r != '\t' && r < ' ' || r >= 0x7f }) ||
			strings.TrimSpace(value) != value:
			wrong.add(field, CodeInvalid, "must have a value of printable ASCII characters, without spaces around it")
		}
	}
}

// isToken reports whether the text is a token as HTTP defines it.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') &&
			!strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func checkToken(wrong *fieldErrors, token string) {
	if len(token) > maxToken {
		wrong.add("token", CodeTooLong, "must not be longer than %d bytes, but has %d", maxToken, len(token))
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		wrong.add("token", CodeInvalid, "must have printable ASCII characters, and no spaces")
	}
}

// canonicalHeaders returns the headers under their canonical names, as Policy.Check requires.
func canonicalHeaders(headers map[string]string) Headers {
	if len(headers) == 0 {
		return nil
	}
	canonical := make(Headers, len(headers))
	for name, value := range headers {
		canonical[http.CanonicalHeaderKey(name)] = value
	}
	return canonical
}
