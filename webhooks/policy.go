package webhooks

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Policy says which endpoints there may be. The zero value is the strict one.
type Policy struct {
	// AllowHTTP allows http beside https.
	AllowHTTP bool
	// AllowAddresses are ranges of private addresses that may be asked beside public ones.
	AllowAddresses []netip.Prefix
	// AllowPorts may be asked beside 443, 80 and 8443; AllowAnyPort allows all.
	AllowPorts   []uint16
	AllowAnyPort bool
	// Proxy, if not nil, is asked for every delivery, and it is then up to the proxy which addresses it connects to. Proxies
	// that the environment names are never asked.
	Proxy *url.URL
}

// Everywhere are all addresses, for Policy.AllowAddresses of those who try webhooks on their own machine.
func Everywhere() []netip.Prefix { return prefixes("0.0.0.0/0", "::/0") }

// Bounds of an endpoint's settings.
const (
	MaxURL           = 2_048
	MaxClientName    = 255 // characters
	MaxSubscriptions = 50
	MaxToken         = 1_000
	MaxHeaders       = 20
	MaxHeaderValue   = 1_000
	MaxConcurrency   = 64
	MaxRateLimit     = 10_000
	MinTimeout       = time.Second
	MaxTimeout       = 30 * time.Second
)

// The codes of FieldError.
const (
	CodeEmpty     = "empty"
	CodeTooLong   = "too_long"
	CodeTooMany   = "too_many"
	CodeInvalid   = "invalid"
	CodeForbidden = "forbidden"
	CodeUnknown   = "unknown"
)

// ErrInvalid: a setting breaks a rule; errors.As finds the *ValidationError with the fields.
var ErrInvalid = errors.New("webhooks: invalid settings")

// FieldError says which rule a field's value breaks.
type FieldError struct {
	// Field is the name that clients know: callback_url, client_name, events, concurrency, rate_limit, timeout, secret,
	// token, headers[NAME] or grace.
	Field string `json:"field"`
	// Code is stable.
	Code string `json:"code"`
	// Message is a sentence for people that names the field. It shows nothing secret.
	Message string `json:"message"`
}

func (e FieldError) Error() string { return e.Message }

// ValidationError lists every rule that the settings break. It is an ErrInvalid.
type ValidationError struct {
	Fields []FieldError
}

func (e *ValidationError) Error() string {
	messages := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		messages[i] = f.Message
	}
	return ErrInvalid.Error() + ": " + strings.Join(messages, "; ")
}

func (e *ValidationError) Unwrap() error { return ErrInvalid }

// fieldErrors collects what is wrong.
type fieldErrors []FieldError

func (f *fieldErrors) add(field, code, format string, args ...any) {
	*f = append(*f, FieldError{field, code, field + " " + fmt.Sprintf(format, args...)})
}

func (f fieldErrors) err() error {
	if len(f) == 0 {
		return nil
	}
	return &ValidationError{f}
}

// Check returns nil for an endpoint that there may be, and else a *ValidationError with all that is wrong. Names are not
// looked up: where they lead to is checked when a delivery is made.
func (p *Policy) Check(e *Endpoint) error {
	var wrong fieldErrors
	p.checkURL(&wrong, e.URL)
	if n := utf8.RuneCountInString(e.ClientName); n > MaxClientName {
		wrong.add("client_name", CodeTooLong, "must not be longer than %d characters, but has %d", MaxClientName, n)
	}
	if !storable(e.ClientName) {
		wrong.add("client_name", CodeInvalid, "must be valid UTF-8 without the character NUL")
	}
	checkEvents(&wrong, e.Events)
	for _, n := range []struct {
		field              string
		value, least, most int
	}{{"concurrency", e.Concurrency, 1, MaxConcurrency}, {"rate_limit", e.RateLimit, 0, MaxRateLimit}} {
		if n.value < n.least || n.value > n.most {
			wrong.add(n.field, CodeInvalid, "must be between %d and %d, not %d", n.least, n.most, n.value)
		}
	}
	if e.Timeout < MinTimeout || e.Timeout > MaxTimeout {
		wrong.add("timeout", CodeInvalid, "must be between %v and %v, not %v", MinTimeout, MaxTimeout, e.Timeout)
	}
	if len(e.Secrets) == 0 || e.Secrets[0].Secret == (Secret{}) {
		wrong.add("secret", CodeEmpty, "must not be empty")
	}
	checkToken(&wrong, string(e.Token))
	checkHeaders(&wrong, e.Headers, e.Token != "")
	return wrong.err()
}

func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func checkEvents(wrong *fieldErrors, subscriptions []string) {
	switch {
	case len(subscriptions) == 0:
		wrong.add("events", CodeEmpty, "must not be empty: %q is for all", "*")
	case len(subscriptions) > MaxSubscriptions:
		wrong.add("events", CodeTooMany, "must not have more than %d entries, but has %d", MaxSubscriptions, len(subscriptions))
	}
	for _, s := range subscriptions {
		if !slices.ContainsFunc(Types(), func(t string) bool { return Matches(s, t) }) {
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
	if len(text) > MaxURL {
		wrong.add(field, CodeTooLong, "must not be longer than %d bytes, but has %d", MaxURL, len(text))
		return
	}
	u, err := url.Parse(text)
	if err != nil || !storable(text) || u.Opaque != "" || u.Hostname() == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
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

// checkHost refuses what is not public at first sight.
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
		// 127.1, 0x7f000001, 0177.0.0.1 and the like, which some resolvers take for addresses. No top-level domain begins
		// with a digit.
		wrong.add(field, CodeInvalid, "must have a host that is a name or an address, not %q", shorten(host))
	}
}

// shorten cuts a value that goes into a message.
func shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > 40 {
			return s[:i] + "..."
		}
	}
	return s
}
