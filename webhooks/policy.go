package webhooks

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/products-importer/products-importer/webhooks/receive"
)

// Policy says which endpoints are allowed. The zero value is the strictest policy: https alone, to public addresses, on
// the ports 443, 80 and 8443.
type Policy struct {
	// AllowHTTP allows http beside https.
	AllowHTTP bool
	// AllowAddresses are ranges of addresses that are allowed beside the public ones.
	AllowAddresses []netip.Prefix
	// AllowPorts are allowed beside 443, 80 and 8443. AllowAnyPort allows all ports.
	AllowPorts   []uint16
	AllowAnyPort bool
	// Proxy, if not nil, makes all connections, and decides which addresses it connects to. Proxies that the
	// environment names are never used.
	Proxy *url.URL
}

// AllAddresses returns the ranges of all addresses. As Policy.AllowAddresses it is for trying webhooks on one's own
// machine.
func AllAddresses() []netip.Prefix { return prefixes("0.0.0.0/0", "::/0") }

// Bounds of an endpoint's settings, beside [MaxTimeout]. Lengths are in bytes where nothing else is said.
const (
	maxURL           = 2_048
	maxClientName    = 255 // characters
	maxSubscriptions = 50
	maxToken         = 1_000
	maxHeaders       = 20
	maxHeaderValue   = 1_000
	maxConcurrency   = 64
	maxRateLimit     = 10_000
	minTimeout       = time.Second
)

// MaxTimeout is the longest Endpoint.Timeout: no attempt takes longer.
const MaxTimeout = 30 * time.Second

// Check returns nil for an endpoint that is valid and allowed, and otherwise a [*ValidationError] with all that is
// wrong. Host names are not resolved: their addresses are checked when a connection is made.
func (p *Policy) Check(e *Endpoint) error {
	var wrong fieldErrors
	p.checkURL(&wrong, e.URL)
	if n := utf8.RuneCountInString(e.ClientName); n > maxClientName {
		wrong.add("client_name", CodeTooLong, "must not be longer than %d characters, but has %d", maxClientName, n)
	}
	if !storable(e.ClientName) {
		wrong.add("client_name", CodeInvalid, "must be valid UTF-8 without the character NUL")
	}
	checkEvents(&wrong, e.Events)
	for _, n := range []struct {
		field              string
		value, least, most int
	}{{"concurrency", e.Concurrency, 1, maxConcurrency}, {"rate_limit", e.RateLimit, 0, maxRateLimit}} {
		if n.value < n.least || n.value > n.most {
			wrong.add(n.field, CodeInvalid, "must be between %d and %d, not %d", n.least, n.most, n.value)
		}
	}
	if e.Timeout < minTimeout || e.Timeout > MaxTimeout {
		wrong.add("timeout", CodeInvalid, "must be between %v and %v, not %v", minTimeout, MaxTimeout, e.Timeout)
	}
	if len(e.Secrets) == 0 || e.Secrets[0].Secret == (receive.Secret{}) {
		wrong.add("secret", CodeEmpty, "must not be empty")
	}
	checkToken(&wrong, string(e.Token))
	checkHeaders(&wrong, e.Headers, e.Token != "")
	return wrong.err()
}

// storable reports whether every store can keep the text.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func checkEvents(wrong *fieldErrors, subscriptions []string) {
	switch {
	case len(subscriptions) == 0:
		wrong.add("events", CodeEmpty, "must not be empty: %q is for all", "*")
	case len(subscriptions) > maxSubscriptions:
		wrong.add("events", CodeTooMany, "must not have more than %d entries, but has %d", maxSubscriptions,
			len(subscriptions))
	}
	for _, s := range subscriptions {
		if !IsSubscription(s) {
			wrong.add("events", CodeUnknown, "has an entry that is no type of events: %q", shorten(s))
			return
		}
	}
}

func (p *Policy) checkURL(wrong *fieldErrors, text string) {
	const field = "callback_url"
	if text == "" {
		wrong.add(field, CodeEmpty, "must not be empty")
		return
	}
	if len(text) > maxURL {
		wrong.add(field, CodeTooLong, "must not be longer than %d bytes, but has %d", maxURL, len(text))
		return
	}
	u, err := url.Parse(text)
	if err != nil || !storable(text) || u.Opaque != "" || u.Hostname() == "" ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		wrong.add(field, CodeInvalid, "must be a URL such as https://example.com/hook") // the text may have a password
		return
	}
	switch {
	case u.Scheme == "http" && !p.AllowHTTP:
		wrong.add(field, CodeForbidden, "must begin with https://: http is not allowed")
	case u.Scheme != "https" && u.Scheme != "http":
		wrong.add(field, CodeForbidden, "must begin with https://, not %s://", shorten(u.Scheme))
	}
	if u.User != nil {
		wrong.add(field, CodeForbidden, "must not have a user or password: use the token")
	}
	if u.Fragment != "" || strings.Contains(text, "#") {
		wrong.add(field, CodeInvalid, "must not have a fragment: it would never be sent")
	}
	if text := u.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 || !p.allowsPort(uint16(port)) {
			wrong.add(field, CodeForbidden, "must not have the port %s", shorten(text))
		}
	}
	p.checkHost(wrong, field, strings.ToLower(u.Hostname()))
}

// checkHost checks a host without resolving its name.
func (p *Policy) checkHost(wrong *fieldErrors, field, host string) {
	name := strings.TrimSuffix(host, ".")
	address, err := netip.ParseAddr(name)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		address, err = netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case err == nil:
		if refused := p.allows(netip.AddrPortFrom(address, 443)); refused != nil {
			wrong.add(field, CodeForbidden, "must not lead to %s: it is not a public address", shorten(host))
		}
	case last == "" || last[0] >= '0' && last[0] <= '9':
		// 127.1, 0x7f000001, 0177.0.0.1 and the like, which some resolvers read as addresses. No top-level domain
		// begins with a digit.
		wrong.add(field, CodeInvalid, "must have a host that is a name or an address, not %q", shorten(host))
	}
}

// shorten returns the beginning of a value, for a message.
func shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > 40 {
			return s[:i] + "..."
		}
	}
	return s
}
